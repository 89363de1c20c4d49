use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::brier::{indicator, scores};
use super::probability_bins::probabilities_and_outcomes;
use crate::inference::{BartlettLags, long_run_mean};
use crate::sum::mean;
use crate::{Confidence, Error, Interval, Result};

/// How much better probabilities are than a base rate: [`brier_skill`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BrierSkill {
    /// `1 − score/reference score`: 1 for certainty that comes true, 0 for no better than the base rate.
    pub skill: f64,
    /// Standard error of the skill; `None` when the sample shows no variation to measure it by, as when every
    /// forecast is the base rate or every one is certain and right.
    pub standard_error: Option<f64>,
    /// Mean Brier score of the forecasts.
    pub score: f64,
    /// That of the base rate.
    pub reference_score: f64,
    /// The probability that the reference always says.
    pub base_rate: f64,
    /// Share of events.
    pub event_rate: f64,
    /// Autocovariances used in the standard error.
    pub lags: usize,
    /// Number of forecasts.
    pub observations: usize,
}

impl BrierSkill {
    /// The skill ± normal quantile × standard error; `None` without a standard error.
    #[must_use]
    pub fn interval(&self, level: Confidence) -> Option<Interval> {
        self.standard_error.map(|error| Interval::asymptotic(self.skill, error, level))
    }
}

/// The Brier skill of forecast probabilities against a base rate that was known beforehand.
///
/// ```text
/// skill = 1 − B̄/R̄      Bₜ = (pₜ − oₜ)²      Rₜ = (b − oₜ)²      se² = V/n
/// ```
///
/// V is the long-run variance of `(Bₜ − (B̄/R̄) Rₜ)/R̄`, the influence of one outcome on the ratio, with Bartlett
/// weights: forecasts that overlap for h periods call for at least h − 1 lags. `base_rate` b is the probability
/// that a forecaster without skill would have said from the data *before* the sample. The share of events in the
/// sample itself is known in hindsight only and makes an honest forecaster look unskilled.
///
/// The other arguments are those of [`brier_score`](super::brier_score).
///
/// # Errors
/// - Those of [`brier_score`](super::brier_score); [`Error::OutOfDomain`] for a base rate outside [0, 1].
/// - [`Error::InsufficientData`] unless there are 2 forecasts and more of them than lags.
/// - [`Error::Undefined`] when the base rate is 0 or 1 and right every time.
///
/// # Source
/// Murphy (1973); Bradley, Schwartz and Hashino (2008), "Sampling uncertainty and confidence intervals for the Brier
/// score and Brier skill score", for the delta method.
///
/// # Examples
/// ```
/// use alluse_risk_core::{inference::BartlettLags, scores::brier_skill};
/// use ndarray::array;
///
/// let skill = brier_skill(array![0.75, 0.25, 0.5].view(), &[true, false, true], 0.5, BartlettLags::Fixed(0))?;
/// assert!((skill.skill - 0.5).abs() < 1e-15); // 1 − (3/8)/(3/4)
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn brier_skill(
    probabilities: ArrayView1<'_, f64>,
    outcomes: &[bool],
    base_rate: f64,
    lags: BartlettLags,
) -> Result<BrierSkill> {
    probabilities_and_outcomes(probabilities, outcomes)?;
    if !(0.0..=1.0).contains(&base_rate) {
        return Err(Error::OutOfDomain { name: "base rate", expected: "in [0, 1]", value: base_rate });
    }
    let scores = scores(probabilities, outcomes);
    let reference: Array1<f64> =
        outcomes.iter().map(|o| (base_rate - indicator(*o)) * (base_rate - indicator(*o))).collect();
    let (score, reference_score) = (mean(scores.iter()), mean(reference.iter()));
    if reference_score == 0.0 {
        return Err(Error::Undefined { name: "Brier skill", reason: "the base rate is right every time" });
    }
    let ratio = score / reference_score;
    let influences = (&scores - &(&reference * ratio)) / reference_score;
    let spread = long_run_mean(influences.view(), lags)?;
    // Influences are of the size of the larger of one and the ratio; below this they are rounding of it.
    let largest = influences.iter().fold(0.0_f64, |largest, v| largest.max(v.abs()));
    let rounding = 16.0 * f64::EPSILON * (1.0 + ratio) / reference_score;
    let varies = largest > rounding && spread.standard_error > rounding;
    Ok(BrierSkill {
        skill: 1.0 - ratio,
        standard_error: varies.then_some(spread.standard_error),
        score,
        reference_score,
        base_rate,
        event_rate: outcomes.iter().filter(|o| **o).count() as f64 / outcomes.len() as f64,
        lags: spread.lags,
        observations: outcomes.len(),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand::RngExt;

    use super::*;
    use crate::streams::Streams;

    fn skill(p: &Array1<f64>, o: &[bool], base: f64) -> Result<BrierSkill> {
        brier_skill(p.view(), o, base, BartlettLags::Fixed(0))
    }

    #[test]
    fn no_variation_means_no_standard_error() {
        let o = [true, false, true, true];
        let certain = skill(&array![1.0, 0.0, 1.0, 1.0], &o, 0.5).unwrap();
        assert_eq!((certain.skill, certain.standard_error, certain.interval(Confidence::P95)), (1.0, None, None));
        let same = skill(&array![0.6, 0.6, 0.6, 0.6], &o, 0.6).unwrap();
        assert_eq!((same.skill, same.standard_error), (0.0, None));
    }

    #[test]
    fn hostile_inputs_are_named() {
        let p = array![0.5, 0.5];
        for base in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(skill(&p, &[true, false], base), Err(Error::OutOfDomain { name: "base rate", .. })));
        }
        assert!(matches!(skill(&p, &[true, true], 1.0), Err(Error::Undefined { name: "Brier skill", .. })));
        assert!(matches!(skill(&array![0.5], &[true], 0.5), Err(Error::InsufficientData { .. })));
        let many = brier_skill(p.view(), &[true, false], 0.5, BartlettLags::Fixed(2));
        assert!(matches!(many, Err(Error::InsufficientData { required: 3, available: 2, .. })));
        assert!(matches!(skill(&p, &[true], 0.5), Err(Error::LengthMismatch { name: "outcomes", .. })));
    }

    #[test]
    fn intervals_hold_the_true_skill() {
        // Events with probability u uniform, told by the forecast: E B = E u(1 − u) = 1/6 against 1/4, skill 1/3.
        let mut stream = Streams::new(23).block(0);
        let mut inside = 0;
        for _ in 0..1_000 {
            let p: Array1<f64> = (0..250).map(|_| stream.random::<f64>()).collect();
            let o: Vec<bool> = p.iter().map(|p| stream.random::<f64>() < *p).collect();
            let interval = skill(&p, &o, 0.5).unwrap().interval(Confidence::P95).unwrap();
            inside += u32::from((interval.lower..=interval.upper).contains(&(1.0 / 3.0)));
        }
        // Binomial(1,000, 0.95): four standard errors are 0.0276.
        assert!((922..=978).contains(&inside), "{inside}");
    }
}
