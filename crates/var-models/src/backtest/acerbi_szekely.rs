//! The three tests of expected shortfall of Acerbi and Szekely.

use alluse_risk_core::{Confidence, Error as CoreError};
use rand::Rng;
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::check::{at_least, probability, undefined};
use super::law::StandardLaw;
use super::outcome::{TestName, TestOutcome};
use super::simulate::uniform;
use super::{LevelRecord, MonteCarlo, PredictiveLaw};
use crate::Result;

/// Which of the three statistics.
///
/// ```text
/// Z₁ = mean over breaches of Xₜ/ESₜ + 1                       are the losses beyond VaR as large as forecast?
/// Z₂ = Σₜ Xₜ Iₜ/(n p ESₜ) + 1                                 and are they as many?
/// Z₃ = 1 − mean over t of ÊS(Fₜ⁻¹(U))/E[ÊS(Fₜ⁻¹(V))]          the tail of the ranks, seen through the forecasts
/// ```
/// `X` is the P&L, `p = 1 − confidence`, `ÊS` the mean of the `⌊n p⌋` worst, `U` the transforms of what came and `V`
/// independent uniforms. All have mean zero for a right model (Z₁ given a breach); negative is risk understated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcerbiSzekely {
    /// Conditional on breaches.
    Z1,
    /// Unconditional.
    Z2,
    /// By ranks.
    Z3,
}

impl AcerbiSzekely {
    fn name(self) -> TestName {
        match self {
            Self::Z1 => TestName::AcerbiSzekelyZ1,
            Self::Z2 => TestName::AcerbiSzekelyZ2,
            Self::Z3 => TestName::AcerbiSzekelyZ3,
        }
    }

    /// The statistic of a record; `law` matters for Z₃ only.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without forecasts of expected shortfall (Z₁, Z₂) or transforms (Z₃, inside
    /// `(0, 1)`), for Z₁ without a breach, and for Z₃ with less than one observation in the tail.
    pub fn statistic(self, record: &LevelRecord, law: PredictiveLaw) -> Result<f64> {
        let tail = record.confidence().tail();
        match self {
            Self::Z1 | Self::Z2 => {
                let shortfall = record.expected_shortfall()?;
                let sum: f64 = record.breaches().indices().iter().map(|t| record.returns()[*t] / shortfall[*t]).sum();
                let (n, hits) = (record.observations() as f64, record.breaches().count() as f64);
                match self {
                    Self::Z1 if hits == 0.0 => Err(undefined("Z1", "nothing was breached")),
                    Self::Z1 => Ok(sum / hits + 1.0),
                    _ => Ok(sum / (n * tail) + 1.0),
                }
            }
            Self::Z3 => {
                let pit = record.pit()?;
                let worst = tail_size(record.observations(), record.confidence())?;
                let law = law.at(record.confidence())?;
                let mut sorted = pit.to_vec();
                sorted.sort_by(f64::total_cmp);
                let expected = expected_tail_sum(&law, record.observations(), worst)?;
                let seen = sorted[..worst].iter().map(|u| law.quantile(*u)).sum::<Result<f64>>()?;
                Ok(1.0 - seen / expected)
            }
        }
    }

    /// The test, by simulation of independent returns from the predictive law.
    ///
    /// The p-value is the share of simulated statistics at or below the one seen, `(1 + #)/(1 + replicates)`; for Z₁
    /// among the samples with a breach.
    ///
    /// # Errors
    /// As [`statistic`](Self::statistic) and [`critical`](Self::critical).
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::Confidence;
    /// use alluse_var_models::backtest::{AcerbiSzekely, LevelRecord, MonteCarlo, PredictiveLaw};
    /// use ndarray::Array1;
    ///
    /// // Standard normal forecasts; eight losses of 3 in 200 days.
    /// let returns = Array1::from_shape_fn(200, |t| if t % 25 == 0 { -3.0 } else { 0.1 });
    /// let record = LevelRecord::new(returns.view(), Array1::from_elem(200, 1.96).view(), Confidence::P975)?
    ///     .with_expected_shortfall(Array1::from_elem(200, 2.338).view())?;
    /// let outcome = AcerbiSzekely::Z2.test(&record, PredictiveLaw::Normal, MonteCarlo::new(7))?;
    /// assert!((outcome.statistic + 1.053).abs() < 0.001); // 1 − 8·3/(200·0.025·2.338)
    /// assert!(outcome.p_value < 0.05);
    /// # Ok::<(), alluse_var_models::Error>(())
    /// ```
    pub fn test(self, record: &LevelRecord, law: PredictiveLaw, monte_carlo: MonteCarlo) -> Result<TestOutcome> {
        let statistic = self.statistic(record, law)?;
        let simulated = self.simulated(record.observations(), record.confidence(), law, monte_carlo)?;
        self.outcome(statistic, &simulated, record.observations())
    }

    /// The test of Z₁ or Z₂ when the forecasts are no family: `quantile(t, u)` is the return of day `t` with forecast
    /// probability `u` at or below it.
    ///
    /// # Errors
    /// As [`test`](Self::test); [`Unsupported`](alluse_risk_core::ErrorKind::Unsupported) for Z₃, and
    /// [`Error::Input`](crate::Error::Input) when a quantile is not finite.
    pub fn test_with_quantiles(
        self,
        record: &LevelRecord,
        quantile: &(dyn Fn(usize, f64) -> f64 + Sync),
        monte_carlo: MonteCarlo,
    ) -> Result<TestOutcome> {
        if self == Self::Z3 {
            return Err(CoreError::Unsupported { what: "Z3 with supplied quantiles; name a predictive law" }.into());
        }
        monte_carlo.check()?;
        let statistic = self.statistic(record, PredictiveLaw::Normal)?;
        let (var, shortfall) = (record.value_at_risk(), record.expected_shortfall()?);
        let (n, tail) = (record.observations(), record.confidence().tail());
        let simulated = monte_carlo.draw(|stream| {
            let (mut sum, mut hits) = (0.0, 0.0);
            for t in 0..n {
                let x = quantile(t, uniform(stream));
                if !x.is_finite() {
                    return f64::INFINITY;
                }
                if -x > var[t] {
                    sum += x / shortfall[t];
                    hits += 1.0;
                }
            }
            self.of_sums(sum, hits, n as f64 * tail)
        });
        if simulated.contains(&f64::INFINITY) {
            return Err(undefined("simulated return", "a predictive quantile is not finite"));
        }
        self.outcome(statistic, &simulated, n)
    }

    /// NaN where Z₁ has no value.
    fn of_sums(self, sum: f64, hits: f64, expected: f64) -> f64 {
        if self == Self::Z1 { sum / hits + 1.0 } else { sum / expected + 1.0 }
    }

    fn outcome(self, statistic: f64, simulated: &[f64], observations: usize) -> Result<TestOutcome> {
        let defined = simulated.iter().filter(|z| !z.is_nan()).count();
        if defined == 0 {
            return Err(undefined("simulated statistic", "no simulated sample has a breach"));
        }
        // A tie within rounding is at least as extreme.
        let slack = 1e-12 * statistic.abs().max(1.0);
        let below = simulated.iter().filter(|z| **z <= statistic + slack).count();
        let p = (below + 1) as f64 / (defined + 1) as f64;
        Ok(TestOutcome::new(self.name(), statistic, p, observations)
            .with_exact(p)
            .with_note(format!("p-value from {defined} samples of the predictive law")))
    }

    /// The value below which the statistic falls with probability `significance` when returns follow the law.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without observations, for a significance outside `(0, 1)`, fewer than 19
    /// replicates, a law without a mean, and for Z₃ with less than one observation in the tail.
    ///
    /// ```
    /// use alluse_risk_core::Confidence;
    /// use alluse_var_models::backtest::{AcerbiSzekely, MonteCarlo, PredictiveLaw};
    ///
    /// let draws = MonteCarlo::new(1).with_replicates(20_000);
    /// let critical = AcerbiSzekely::Z2.critical(250, Confidence::P975, 0.05, PredictiveLaw::Normal, draws)?;
    /// assert!((critical + 0.70).abs() < 0.03); // the −0.70 of Acerbi and Szekely (2014)
    /// # Ok::<(), alluse_var_models::Error>(())
    /// ```
    pub fn critical(
        self,
        observations: usize,
        confidence: Confidence,
        significance: f64,
        law: PredictiveLaw,
        monte_carlo: MonteCarlo,
    ) -> Result<f64> {
        probability("significance", significance)?;
        let mut simulated = self.simulated(observations, confidence, law, monte_carlo)?;
        simulated.retain(|z| !z.is_nan());
        lower_quantile(simulated, significance)
    }

    pub(super) fn simulated(
        self,
        observations: usize,
        confidence: Confidence,
        law: PredictiveLaw,
        monte_carlo: MonteCarlo,
    ) -> Result<Vec<f64>> {
        monte_carlo.check()?;
        let sampler = self.sampler(observations, law.at(confidence)?, confidence)?;
        Ok(monte_carlo.draw(|stream| sampler(stream, 1.0, None)))
    }

    /// One simulated statistic: returns are `ratio` times draws of `truth` (the model's own law when `None`).
    pub(super) fn sampler<R: Rng>(
        self,
        observations: usize,
        model: StandardLaw,
        confidence: Confidence,
    ) -> Result<impl Fn(&mut R, f64, Option<StandardLaw>) -> f64 + Send + Sync> {
        at_least("observations", "at least 1", 1, observations)?;
        let (worst, expected) = match self {
            Self::Z3 => {
                let worst = tail_size(observations, confidence)?;
                (worst, expected_tail_sum(&model, observations, worst)?)
            }
            Self::Z1 | Self::Z2 => (0, observations as f64 * model.tail),
        };
        Ok(move |stream: &mut R, ratio: f64, truth: Option<StandardLaw>| {
            let law = truth.unwrap_or(model);
            if self == Self::Z3 {
                let mut draws: Vec<f64> = (0..observations).map(|_| ratio * law.draw(stream)).collect();
                let (below, last, _) = draws.select_nth_unstable_by(worst - 1, f64::total_cmp);
                return 1.0 - (below.iter().sum::<f64>() + *last) / expected;
            }
            let (mut sum, mut hits) = (0.0, 0.0);
            for _ in 0..observations {
                let x = ratio * law.draw(stream);
                if -x > model.value_at_risk {
                    sum += x / model.expected_shortfall;
                    hits += 1.0;
                }
            }
            self.of_sums(sum, hits, expected)
        })
    }
}

/// The order statistic below which `significance` of the simulated values lie.
pub(super) fn lower_quantile(mut simulated: Vec<f64>, significance: f64) -> Result<f64> {
    let count = simulated.len();
    if count == 0 {
        return Err(undefined("critical value", "no simulated sample has the statistic"));
    }
    // The k-th smallest of n leaves k/(n + 1) below it on average.
    let rank = (significance * (count + 1) as f64).round().clamp(1.0, count as f64) as usize;
    let (_, value, _) = simulated.select_nth_unstable_by(rank - 1, f64::total_cmp);
    Ok(*value)
}

fn tail_size(observations: usize, confidence: Confidence) -> Result<usize> {
    let size = confidence.tail_count(observations).floor() as usize;
    if size > 0 {
        return Ok(size);
    }
    let required = (1.0 / confidence.tail() - 1e-9).ceil() as usize;
    Err(CoreError::InsufficientData { name: "Z3", required, available: observations }.into())
}

/// Mean of the sum of the `worst` lowest of `n` draws.
///
/// ```text
/// n ∫₀¹ F⁻¹(p) I_{1−p}(n − k, k) dp      I: regularised incomplete beta
/// ```
/// The substitution `p = y⁸` flattens the singularity of `F⁻¹` at zero; Simpson's rule does the rest.
fn expected_tail_sum(law: &StandardLaw, n: usize, worst: usize) -> Result<f64> {
    const PANELS: usize = 4_000;
    if worst >= n {
        // The whole sample, whose mean is the law's: zero.
        return Err(undefined("Z3", "the tail holds the whole sample"));
    }
    let weight = |p: f64| 1.0 - beta_reg(worst as f64, (n - worst) as f64, p);
    let mut sum = 0.0;
    for i in 1..PANELS {
        let y = i as f64 / PANELS as f64;
        let p = y.powi(8);
        if p <= 0.0 || p >= 1.0 {
            continue;
        }
        let value = law.quantile(p)? * weight(p) * 8.0 * y.powi(7);
        sum += if i % 2 == 1 { 4.0 * value } else { 2.0 * value };
    }
    Ok(n as f64 * sum / (3.0 * PANELS as f64))
}

#[cfg(test)]
mod tests;
