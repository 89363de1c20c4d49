//! A smoothed historical distribution.

use alluse_risk_core::measures::{LossSample, QuantileRule, Spectrum};
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, History, Horizon, LossDistribution, Measure, Result as CoreResult,
    VarModel, moments, normal,
};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::horizon::one_day;
use crate::normal::asymptotic_interval;
use crate::spectral::spectral_of;
use crate::{Error, Result};

/// How wide the kernel is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bandwidth {
    /// Silverman's `0.9 min(sd, IQR/1.34) n^(−1/5)`.
    #[default]
    Silverman,
    /// A width in the unit of the losses.
    Given(f64),
}

/// Losses smoothed by a Gaussian kernel.
///
/// ```text
/// F(x) = n⁻¹ Σ Φ((x − Lᵢ)/h)
/// ES = (n(1−c))⁻¹ Σ [Lᵢ Φ((Lᵢ − v)/h) + h φ((Lᵢ − v)/h)]        v = VaR, the root of F(v) = c
/// ```
///
/// # Errors
/// Its answers fail only beyond the range of numbers.
///
/// # Source
/// Silverman (1986), *Density Estimation*, §3.4; Scaillet (2004) for the tail mean.
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, Horizon, LossDistribution};
/// use alluse_var_models::{Bandwidth, KernelLoss};
///
/// // One loss of 2 smoothed by a unit kernel is the normal law with mean 2.
/// let loss = KernelLoss::new(vec![2.0], Bandwidth::Given(1.0), Horizon::DAY)?;
/// assert!((loss.value_at_risk(Confidence::P99)?.value - 4.326_347_874_040_841).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct KernelLoss {
    /// Ascending, so that terms far from the tail are skipped.
    losses: Vec<f64>,
    bandwidth: f64,
    horizon: Horizon,
}

/// Kernel widths beyond which a normal tail is zero in floating point.
const REACH: f64 = 38.0;

impl KernelLoss {
    /// From losses over the horizon.
    ///
    /// # Errors
    /// [`Error::Input`] for no losses, for one that is not finite, a bandwidth that is not positive, and a
    /// constant sample under Silverman's rule.
    pub fn new(losses: impl Into<Array1<f64>>, bandwidth: Bandwidth, horizon: Horizon) -> Result<Self> {
        let sample = LossSample::new(losses)?;
        let mut losses = sample.losses().to_vec();
        losses.sort_unstable_by(f64::total_cmp);
        let bandwidth = match bandwidth {
            Bandwidth::Silverman => silverman(&losses)?,
            Bandwidth::Given(width) if width > 0.0 && width.is_finite() => width,
            Bandwidth::Given(width) => return Err(Error::out_of_domain("bandwidth", "positive and finite", width)),
        };
        Ok(Self { losses, bandwidth, horizon })
    }

    /// The width of the kernel, in the unit of the losses.
    #[must_use]
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// Losses whose kernel reaches beyond `x`: those left out add less than `1e-17` of the mass `tail`.
    fn reaching(&self, x: f64, tail: f64) -> &[f64] {
        let reach = normal::quantile(1e-17 * tail).map_or(REACH, |z| REACH.min(-z));
        let from = self.losses.partition_point(|loss| *loss < x - reach * self.bandwidth);
        &self.losses[from..]
    }

    /// Mass beyond `x` and the density there, both about `tail` large.
    fn survival(&self, x: f64, tail: f64) -> (f64, f64) {
        let (mut beyond, mut density) = (0.0, 0.0);
        for loss in self.reaching(x, tail) {
            let a = (loss - x) / self.bandwidth;
            if a > 9.0 {
                // The whole kernel lies beyond, to rounding.
                beyond += 1.0;
                continue;
            }
            beyond += normal::cdf(a);
            density += normal::density(a);
        }
        let n = self.losses.len() as f64;
        (beyond / n, density / (n * self.bandwidth))
    }

    /// The loss with `tail` of the mass beyond it: Newton kept inside a bracket.
    fn quantile_beyond(&self, tail: f64) -> f64 {
        let n = self.losses.len();
        let z = -normal::quantile(tail.min(0.5)).unwrap_or(-REACH);
        let rank = ((1.0 - tail) * n as f64) as usize;
        let mut x = self.losses[rank.min(n - 1)];
        let mut low = self.losses[0] - (REACH.min(z + 40.0)) * self.bandwidth;
        let mut high = self.losses[n - 1] + (z.max(0.0) + 1.0) * self.bandwidth;
        for _ in 0..200 {
            let (beyond, density) = self.survival(x, tail);
            if beyond > tail {
                low = x
            } else {
                high = x
            }
            // On the logarithm the tail of a normal kernel is nearly a parabola: Newton does not overshoot far.
            let newton = x + (beyond / tail).ln() * beyond / density;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - x).abs() <= 1e-14 * (next.abs() + self.bandwidth) {
                return next;
            }
            x = next;
        }
        x
    }

    /// `E[L; L > v]` and `E[L²; L > v]`.
    fn tail_moments(&self, v: f64, tail: f64) -> (f64, f64) {
        let h = self.bandwidth;
        let (mut first, mut second) = (0.0, 0.0);
        for loss in self.reaching(v, tail) {
            let a = (loss - v) / h;
            let (mass, density) = (normal::cdf(a), normal::density(a));
            first += loss * mass + h * density;
            second += (loss * loss + h * h) * mass + h * (loss + v) * density;
        }
        let n = self.losses.len() as f64;
        (first / n, second / n)
    }

    fn estimate(&self, value: f64, measure: Measure, tail: Option<f64>, error: f64) -> Estimate {
        let n = self.losses.len();
        let estimate = Estimate::new(value, measure, self.horizon, n);
        let estimate = match tail {
            Some(tail) => estimate.with_tail_observations(tail * n as f64),
            None => estimate,
        };
        if n < 2 || !error.is_finite() {
            return estimate;
        }
        estimate.with_standard_error(error).with_interval(asymptotic_interval(value, error))
    }
}

/// Silverman's width for ascending values.
fn silverman(sorted: &[f64]) -> Result<f64> {
    let view = ArrayView1::from(sorted);
    if sorted.len() < 2 {
        let (name, required, available) = ("Silverman's bandwidth", 2, sorted.len());
        return Err(CoreError::InsufficientData { name, required, available }.into());
    }
    let deviation = moments::variance(view, 1)?.sqrt();
    let quartile = |p| alluse_risk_core::measures::quantile(view, p, QuantileRule::Linear);
    let range = (quartile(0.75)? - quartile(0.25)?) / 1.34;
    // More than half of equal values would make the range, and with it the width, zero.
    let spread = if range > 0.0 { deviation.min(range) } else { deviation };
    if !(spread > 0.0) {
        return Err(CoreError::Undefined { name: "Silverman's bandwidth", reason: "the sample is constant" }.into());
    }
    Ok(0.9 * spread * (sorted.len() as f64).powf(-0.2))
}

impl LossDistribution for KernelLoss {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let (c, tail) = (confidence.level(), confidence.tail());
        let value = self.quantile_beyond(tail);
        let density = self.survival(value, tail).1;
        let error = (c * tail / self.losses.len() as f64).sqrt() / density;
        Ok(self.estimate(value, Measure::ValueAtRisk { confidence, rule: None }, Some(tail), error))
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let tail = confidence.tail();
        let var = self.quantile_beyond(tail);
        let (first, second) = self.tail_moments(var, tail);
        let value = first / tail;
        let spread = (second / tail - value * value).max(0.0) + confidence.level() * (value - var).powi(2);
        let error = (spread / (self.losses.len() as f64 * tail)).sqrt();
        Ok(self.estimate(value, Measure::ExpectedShortfall { confidence }, Some(tail), error))
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        let value = spectral_of(spectrum, |p| Ok(self.quantile_beyond(1.0 - p)), |u| Ok(self.quantile_beyond(u)))?;
        Ok(Estimate::new(value, Measure::Spectral { spectrum: spectrum.name() }, self.horizon, self.losses.len()))
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss.is_nan() {
            return Err(CoreError::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        let n = self.losses.len() as f64;
        Ok((self.losses.iter().map(|l| normal::cdf((loss - l) / self.bandwidth)).sum::<f64>() / n).min(1.0))
    }
}

/// Historical simulation smoothed by a Gaussian kernel.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `bandwidth` | `Silverman` | width of the kernel |
/// | `min_observations` | 100 | fewest observations accepted |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelHistorical {
    bandwidth: Bandwidth,
    min_observations: usize,
}

impl Default for KernelHistorical {
    fn default() -> Self {
        Self { bandwidth: Bandwidth::default(), min_observations: 100 }
    }
}

impl KernelHistorical {
    /// With another bandwidth.
    #[must_use]
    pub fn with_bandwidth(mut self, bandwidth: Bandwidth) -> Self {
        self.bandwidth = bandwidth;
        self
    }

    /// With another least number of observations.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.min_observations = min_observations.max(1);
        self
    }
}

impl VarModel for KernelHistorical {
    fn name(&self) -> &str {
        "kernel"
    }

    fn min_observations(&self) -> usize {
        self.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("kernel", horizon)?;
        let (available, required) = (history.dates().len(), self.min_observations);
        if available < required {
            return Err(CoreError::InsufficientData { name: "kernel", required, available });
        }
        let losses = history.pnl().mapv_into(|gain| 0.0 - gain);
        Ok(Box::new(KernelLoss::new(losses, self.bandwidth, horizon)?))
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use proptest::prelude::*;

    use super::*;

    const LOSSES: [f64; 8] = [-0.021, 0.004, 0.013, -0.007, 0.031, 0.002, -0.012, 0.019];

    fn loss(bandwidth: Bandwidth) -> KernelLoss {
        KernelLoss::new(LOSSES.to_vec(), bandwidth, Horizon::DAY).unwrap()
    }

    #[test]
    fn golden_tails() {
        // Roots and tail integrals of the kernel density with mpmath at 25 digits; Silverman's width with NumPy.
        let loss = loss(Bandwidth::Silverman);
        assert!((loss.bandwidth() - 0.010080941967565302).abs() < 1e-17);
        for (c, var, es, var_error, es_error) in [
            (0.9, 0.029_077_183_185_318_83, 0.036_785_183_886_112_07, 0.0110328323498, 0.0106901675316),
            (0.99, 0.045_507_155_895_343_53, 0.049_934_297_252_041_58, 0.0181222637856, 0.0208522606074),
        ] {
            let c = Confidence::new(c).unwrap();
            let (got, shortfall) = (loss.value_at_risk(c).unwrap(), loss.expected_shortfall(c).unwrap());
            // The root is found to 1e-14 of itself and the width; the tail mean moves three times as far.
            assert!((got.value - var).abs() < 1e-15, "{}", got.value);
            assert!((shortfall.value - es).abs() < 3e-15, "{}", shortfall.value);
            assert!((got.standard_error.unwrap() - var_error).abs() < 1e-12);
            assert!((shortfall.standard_error.unwrap() - es_error).abs() < 1e-12);
            assert_eq!(got.observations, 8);
            assert!((got.tail_observations.unwrap() - 8.0 * c.tail()).abs() < 1e-12);
            assert!((loss.cdf(var).unwrap() - c.level()).abs() < 1e-13);
        }
        let spectral = loss.spectral(&Spectrum::exponential(5.0).unwrap()).unwrap().value;
        assert!((spectral - 0.0243466923388284).abs() < 1e-10, "{spectral}");
        assert!(loss.cdf(f64::NAN).is_err());
        assert_eq!(loss.cdf(f64::INFINITY).unwrap(), 1.0);
    }

    #[test]
    fn far_tails_are_found() {
        // Beyond the largest loss only its kernel counts: mass n·tail of a normal around it.
        let loss = loss(Bandwidth::Given(1e-4));
        let far = loss.value_at_risk(Confidence::new(1.0 - 1e-9).unwrap()).unwrap().value;
        let z = -normal::quantile(8.0 * Confidence::new(1.0 - 1e-9).unwrap().tail()).unwrap();
        assert!((far - (0.031 + 1e-4 * z)).abs() < 1e-12, "{far}");
        // Between two losses far apart the density is zero in floating point; the search goes on.
        let gap = KernelLoss::new(vec![0.0, 1.0], Bandwidth::Given(1e-3), Horizon::DAY).unwrap();
        let median = gap.value_at_risk(Confidence::new(0.75).unwrap()).unwrap().value;
        assert!((median - 1.0).abs() < 1e-12);
        let low = gap.value_at_risk(Confidence::new(0.001).unwrap()).unwrap().value;
        assert!((low - 1e-3 * normal::quantile(0.002).unwrap()).abs() < 1e-12, "{low}");
    }

    #[test]
    fn hostile_input() {
        let kind = |losses: Vec<f64>, width| KernelLoss::new(losses, width, Horizon::DAY).unwrap_err().kind();
        assert_eq!(kind(vec![], Bandwidth::Silverman), ErrorKind::InvalidInput);
        assert_eq!(kind(vec![1.0], Bandwidth::Silverman), ErrorKind::InsufficientData);
        assert_eq!(kind(vec![1.0; 5], Bandwidth::Silverman), ErrorKind::Undefined);
        assert_eq!(kind(vec![1.0, f64::NAN], Bandwidth::Silverman), ErrorKind::InvalidInput);
        for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(kind(vec![1.0, 2.0], Bandwidth::Given(width)), ErrorKind::InvalidInput);
        }
        // Most values equal: the quartiles coincide, the deviation stands in.
        assert!(KernelLoss::new(vec![1.0, 1.0, 1.0, 1.0, 9.0], Bandwidth::Silverman, Horizon::DAY).is_ok());
    }

    proptest! {
        #[test]
        fn laws(losses in proptest::collection::vec(-1.0_f64..1.0, 2..40), c in 0.01_f64..0.999, factor in 0.1_f64..10.0, cash in -2.0_f64..2.0) {
            let c = Confidence::new(c).unwrap();
            let of = |map: &dyn Fn(f64) -> f64| {
                let mapped: Vec<f64> = losses.iter().map(|l| map(*l)).collect();
                let loss = KernelLoss::new(mapped, Bandwidth::Silverman, Horizon::DAY).unwrap();
                let (var, es) = (loss.value_at_risk(c).unwrap().value, loss.expected_shortfall(c).unwrap().value);
                (var, es, loss.cdf(var).unwrap())
            };
            let (var, es, at) = of(&|l| l);
            let room = 1e-9 * (1.0 + var.abs() + es.abs());
            prop_assert!(var <= es + room && (at - c.level()).abs() < 1e-9);
            let scaled = of(&|l| factor * l);
            prop_assert!((scaled.0 - factor * var).abs() <= room * factor.max(1.0));
            prop_assert!((scaled.1 - factor * es).abs() <= room * factor.max(1.0));
            let moved = of(&|l| l + cash);
            prop_assert!((moved.0 - var - cash).abs() <= room && (moved.1 - es - cash).abs() <= room);
        }
    }
}
