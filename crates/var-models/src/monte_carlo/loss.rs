//! The distribution of simulated losses, with errors that know how the paths were drawn.

use alluse_risk_core::measures::{LossSample, Spectrum};
use alluse_risk_core::{
    Confidence, Estimate, Horizon, Interval, IntervalMethod, LossDistribution, Measure, Result as CoreResult,
};
use ndarray::{Array1, ArrayView1};

use crate::student_t_law::StandardT;

/// How simulated losses depend on each other, and what they weigh.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Design {
    Independent,
    /// Neighbours 2k and 2k + 1.
    Pairs,
    /// Equal, independent, consecutive parts.
    Replicates(usize),
    /// The stratum of each loss and the exact mass of each stratum.
    Strata {
        stratum: Vec<usize>,
        mass: Vec<f64>,
    },
    /// Likelihood ratios.
    Ratios(Vec<f64>),
}

/// Simulated losses as a predictive distribution.
///
/// | sampling | standard error of VaR and ES |
/// |---|---|
/// | independent | that of the [`LossSample`] |
/// | antithetic | from pair averages; VaR by the width of the quantile's own interval |
/// | moment-matched, Sobol | spread of the replicates, with Student t intervals |
/// | control, importance sampling | variance within strata, or of the weighted tail; VaR as above |
///
/// Spectral measures of the last and of pairs take their error from 16 batches of paths.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedLoss {
    sample: LossSample,
    design: Design,
}

/// Batches behind the errors of measures without an influence function here.
const BATCHES: usize = 16;

impl SimulatedLoss {
    pub(super) fn new(sample: LossSample, design: Design) -> Self {
        Self { sample, design }
    }

    /// The losses, path by path, with their probabilities where they are not equally likely. Its own standard errors
    /// take the paths as independent; those of this distribution do not.
    #[must_use]
    pub fn sample(&self) -> &LossSample {
        &self.sample
    }

    pub(super) fn with_horizon(mut self, horizon: Horizon) -> Self {
        self.sample = self.sample.with_horizon(horizon);
        self
    }

    /// Mean loss.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn mean(&self) -> CoreResult<Estimate> {
        let estimate = self.sample.mean()?;
        match self.design {
            Design::Independent => Ok(estimate),
            Design::Replicates(count) => self.by_spread(estimate, count, |part| Ok(part.mean()?.value)),
            _ => {
                let centre = estimate.value;
                let deviations: Vec<f64> = self.sample.losses().iter().map(|loss| loss - centre).collect();
                Ok(with_error(estimate, self.variance_of_mean(&deviations).sqrt()))
            }
        }
    }

    /// The estimate with the error that replicates of it show.
    fn by_spread(
        &self,
        estimate: Estimate,
        count: usize,
        measure: impl Fn(&LossSample) -> CoreResult<f64>,
    ) -> CoreResult<Estimate> {
        let size = self.sample.len() / count;
        let values: Vec<f64> = (0..count).map(|k| measure(&self.part(k * size, size)?)).collect::<CoreResult<_>>()?;
        let n = count as f64;
        let centre = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - centre) * (v - centre)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        let reach = error * StandardT::new(n - 1.0).quantile(0.975)?;
        let (lower, upper) = (estimate.value - reach, estimate.value + reach);
        let interval = Interval { lower, upper, level: Confidence::P95, method: IntervalMethod::Replicates };
        Ok(estimate.with_standard_error(error).with_interval(interval))
    }

    /// Consecutive losses as a sample of their own.
    fn part(&self, first: usize, size: usize) -> CoreResult<LossSample> {
        let cut = |values: ArrayView1<'_, f64>| values.iter().skip(first).take(size).copied().collect::<Array1<f64>>();
        let part = LossSample::new(cut(self.sample.losses()))?
            .with_horizon(self.sample.horizon())
            .with_quantile_rule(self.sample.quantile_rule());
        match self.sample.probabilities() {
            None => Ok(part),
            Some(probabilities) => {
                let probabilities = cut(probabilities);
                let total = probabilities.sum();
                part.with_probabilities(probabilities / total)
            }
        }
    }

    /// Variance of the estimate of `E g` that the design makes from `g` of each path.
    fn variance_of_mean(&self, values: &[f64]) -> f64 {
        let n = values.len() as f64;
        match &self.design {
            Design::Pairs => {
                let pairs: Vec<f64> = values.chunks_exact(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
                variance(&pairs) / pairs.len() as f64
            }
            Design::Strata { stratum, mass } => {
                let mut members = vec![Vec::new(); mass.len()];
                stratum.iter().zip(values).for_each(|(k, value)| members[*k].push(*value));
                let part = |(mass, values): (&f64, &Vec<f64>)| mass * mass * variance(values) / values.len() as f64;
                mass.iter().zip(&members).map(part).sum()
            }
            Design::Ratios(ratios) => {
                let weighted: Vec<f64> = values.iter().zip(ratios).map(|(value, ratio)| value * ratio).collect();
                variance(&weighted) / n
            }
            Design::Independent | Design::Replicates(_) => variance(values) / n,
        }
    }

    /// The error of a quantile: that of the probability beyond it, read through the quantile function itself.
    fn with_quantile_error(&self, estimate: Estimate, confidence: Confidence) -> CoreResult<Estimate> {
        let beyond: Vec<f64> =
            self.sample.losses().iter().map(|loss| f64::from(u8::from(*loss > estimate.value))).collect();
        let error = self.variance_of_mean(&beyond).sqrt();
        let at = |deviations: f64| -> CoreResult<Option<f64>> {
            match Confidence::new(confidence.level() + deviations * error) {
                Ok(level) => Ok(Some(self.sample.value_at_risk(level)?.value)),
                Err(_) => Ok(None),
            }
        };
        let bare = without_error(estimate);
        let (Some(low), Some(high)) = (at(-1.0)?, at(1.0)?) else { return Ok(bare) };
        let bare = bare.with_standard_error(0.5 * (high - low));
        let (Some(lower), Some(upper)) = (at(-TWO_SIDED)?, at(TWO_SIDED)?) else { return Ok(bare) };
        Ok(bare.with_interval(Interval { lower, upper, level: Confidence::P95, method: IntervalMethod::Asymptotic }))
    }
}

/// Φ⁻¹(0.975).
const TWO_SIDED: f64 = 1.959_963_984_540_054;

fn without_error(mut estimate: Estimate) -> Estimate {
    estimate.standard_error = None;
    estimate.interval = None;
    estimate
}

fn with_error(estimate: Estimate, error: f64) -> Estimate {
    let interval = crate::normal::asymptotic_interval(estimate.value, error);
    estimate.with_standard_error(error).with_interval(interval)
}

/// Sample variance; zero for a single value.
fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)
}

impl LossDistribution for SimulatedLoss {
    fn horizon(&self) -> Horizon {
        self.sample.horizon()
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let estimate = self.sample.value_at_risk(confidence)?;
        match self.design {
            Design::Independent => Ok(estimate),
            Design::Replicates(count) => {
                self.by_spread(estimate, count, |part| Ok(part.value_at_risk(confidence)?.value))
            }
            _ => self.with_quantile_error(estimate, confidence),
        }
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let estimate = self.sample.expected_shortfall(confidence)?;
        match self.design {
            Design::Independent => Ok(estimate),
            Design::Replicates(count) => {
                self.by_spread(estimate, count, |part| Ok(part.expected_shortfall(confidence)?.value))
            }
            _ => {
                // ES = v + E (L − v)⁺/(1 − c), and its derivative with respect to v is zero.
                let quantile = self.sample.value_at_risk(confidence)?.value;
                let excess: Vec<f64> = self.sample.losses().iter().map(|loss| (loss - quantile).max(0.0)).collect();
                Ok(with_error(estimate, self.variance_of_mean(&excess).sqrt() / confidence.tail()))
            }
        }
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        let estimate = self.sample.spectral(spectrum)?;
        debug_assert_eq!(estimate.measure, Measure::Spectral { spectrum: spectrum.name() });
        let count = match self.design {
            Design::Independent => return Ok(estimate),
            Design::Replicates(count) => count,
            _ if self.sample.len() < 4 * BATCHES => {
                return Ok(without_error(estimate));
            }
            _ => BATCHES,
        };
        self.by_spread(estimate, count, |part| Ok(part.spectral(spectrum)?.value))
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        self.sample.cdf(loss)
    }
}
