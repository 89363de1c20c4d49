use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::trials::expected_maximum_sharpe;
use crate::moments::{self, MomentEstimator};
use crate::{Confidence, Error, Interval, Result, check, normal};

const NAME: &str = "Sharpe ratio";

/// A Sharpe ratio per period with what its sampling error depends on.
///
/// ```text
/// se = √(V/(n − 1))      V = 1 − S·SR + (K − 1)/4 · SR²
/// ```
///
/// S is the skewness and K the raw kurtosis (3 for a normal) of the returns, SR is per period: nothing is
/// annualised. The error holds for returns that are independent of each other; with dependence use
/// [`DifferenceTest`](super::DifferenceTest) or a block bootstrap.
///
/// # Source
/// Mertens (2002); Bailey and López de Prado (2012), "The Sharpe ratio efficient frontier".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::SharpeRatio;
///
/// // The hedge fund of Bailey and López de Prado (2012): 24 months.
/// let fund = SharpeRatio::from_moments(0.458, 24, -2.448, 10.164)?;
/// assert!((fund.probability_above(0.0)? - 0.913).abs() < 1e-3);
/// let normal = SharpeRatio::from_moments(0.458, 24, 0.0, 3.0)?;
/// assert!((normal.probability_above(0.0)? - 0.982).abs() < 1e-3);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct SharpeRatio {
    ratio: f64,
    observations: usize,
    skewness: f64,
    kurtosis: f64,
    /// V, positive.
    variance: f64,
}

/// A Sharpe ratio judged against the best of many trials without skill: [`SharpeRatio::deflated`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeflatedSharpe {
    /// Probability that the true ratio is above what the best of the trials reaches by luck.
    pub probability: f64,
    /// That reference, per period.
    pub expected_maximum: f64,
    /// Number of independent trials.
    pub trials: f64,
}

impl SharpeRatio {
    /// From its moments: a ratio per period, the number of returns, their skewness and raw kurtosis.
    ///
    /// # Errors
    /// - [`Error::InsufficientData`] for fewer than 2 observations.
    /// - [`Error::OutOfDomain`] for a number that is not finite and a kurtosis below 1.
    /// - [`Error::Undefined`] when V is not positive, which moments of a sample cannot cause unless it has two values.
    pub fn from_moments(ratio: f64, observations: usize, skewness: f64, kurtosis: f64) -> Result<Self> {
        check::enough(NAME, 2, observations)?;
        check::finite_number("Sharpe ratio", ratio)?;
        check::finite_number("skewness", skewness)?;
        if !(kurtosis >= 1.0 && kurtosis.is_finite()) {
            return Err(Error::OutOfDomain { name: "kurtosis", expected: "at least 1 and finite", value: kurtosis });
        }
        let variance = 1.0 - skewness * ratio + 0.25 * (kurtosis - 1.0) * ratio * ratio;
        if !(variance > 0.0 && variance.is_finite()) {
            let reason = "skewness and kurtosis leave no positive variance of the ratio";
            return Err(Error::Undefined { name: "error of a Sharpe ratio", reason });
        }
        Ok(Self { ratio, observations, skewness, kurtosis, variance })
    }

    /// Of returns in excess of cash, with the standard deviation of divisor `n − 1` and an estimator of skewness and
    /// kurtosis.
    ///
    /// # Errors
    /// - [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] for fewer returns than the estimator needs.
    /// - [`Error::Undefined`] for constant returns, and as in [`from_moments`](Self::from_moments).
    pub fn of(excess_returns: ArrayView1<'_, f64>, estimator: MomentEstimator) -> Result<Self> {
        check::finite("excess returns", excess_returns)?;
        check::enough(NAME, 2, excess_returns.len())?;
        let deviation = moments::standard_deviation(excess_returns, 1)?;
        if deviation == 0.0 {
            return Err(Error::Undefined { name: NAME, reason: "the returns are constant" });
        }
        let ratio = moments::mean(excess_returns)? / deviation;
        let skewness = moments::skewness(excess_returns, estimator)?;
        let kurtosis = moments::kurtosis(excess_returns, estimator)?;
        Self::from_moments(ratio, excess_returns.len(), skewness, kurtosis)
    }

    /// The ratio per period.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    /// Number of returns behind it.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// Skewness of the returns.
    #[must_use]
    pub fn skewness(&self) -> f64 {
        self.skewness
    }

    /// Raw kurtosis of the returns.
    #[must_use]
    pub fn kurtosis(&self) -> f64 {
        self.kurtosis
    }

    /// `√(V/(n − 1))`.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        (self.variance / (self.observations - 1) as f64).sqrt()
    }

    /// The ratio plus and minus its standard error times a normal quantile.
    #[must_use]
    pub fn interval(&self, level: Confidence) -> Interval {
        Interval::asymptotic(self.ratio, self.standard_error(), level)
    }

    /// The probabilistic Sharpe ratio `Φ((SR − reference)/se)`: how likely the true ratio per period is above a
    /// reference.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a reference that is not finite.
    pub fn probability_above(&self, reference: f64) -> Result<f64> {
        check::finite_number("reference", reference)?;
        Ok(normal::cdf((self.ratio - reference) / self.standard_error()))
    }

    /// The minimum track record length: observations at which `probability_above(reference)` would reach the
    /// confidence, were the moments those seen. Not rounded.
    ///
    /// ```text
    /// 1 + V (Φ⁻¹(confidence)/(SR − reference))²
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a reference that is not finite, [`Error::Undefined`] unless the ratio is above it
    /// and the confidence above one half: no record is long enough for the first, every one for the second.
    pub fn minimum_track_record(&self, reference: f64, confidence: Confidence) -> Result<f64> {
        const NAME: &str = "minimum track record";
        check::finite_number("reference", reference)?;
        if self.ratio <= reference {
            return Err(Error::Undefined { name: NAME, reason: "the ratio is not above the reference" });
        }
        if confidence.level() <= 0.5 {
            return Err(Error::Undefined { name: NAME, reason: "the confidence is not above one half" });
        }
        let distance = normal::quantile_inside(confidence.level()) / (self.ratio - reference);
        let length = 1.0 + self.variance * distance * distance;
        if length.is_finite() { Ok(length) } else { Err(Error::Overflow { name: NAME }) }
    }

    /// The deflated Sharpe ratio: [`probability_above`](Self::probability_above) what the best of so many independent
    /// trials without skill is expected to reach, given the variance of their ratios per period.
    ///
    /// # Errors
    /// Those of [`expected_maximum_sharpe`].
    ///
    /// # Source
    /// Bailey and López de Prado (2014), "The deflated Sharpe ratio".
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::inference::SharpeRatio;
    ///
    /// // Their example: an annual ratio of 2.5 over five years of 250 days, the best of 100 trials.
    /// let best = SharpeRatio::from_moments(2.5 / 250.0_f64.sqrt(), 1250, -3.0, 10.0)?;
    /// let deflated = best.deflated(100.0, 0.5 / 250.0)?;
    /// assert!((deflated.expected_maximum - 0.1132).abs() < 5.1e-5);
    /// assert!((deflated.probability - 0.9004).abs() < 5.1e-5);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn deflated(&self, trials: f64, trial_variance: f64) -> Result<DeflatedSharpe> {
        let expected_maximum = expected_maximum_sharpe(trials, trial_variance)?;
        Ok(DeflatedSharpe { probability: self.probability_above(expected_maximum)?, expected_maximum, trials })
    }

    /// The same, against the trials whose ratios per period are given, taken as independent of each other; their
    /// variance has divisor `N − 1`.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::ElementOutOfDomain`] for a ratio that is not finite, [`Error::InsufficientData`]
    /// for fewer than 2 trials.
    pub fn deflated_by(&self, trial_ratios: ArrayView1<'_, f64>) -> Result<DeflatedSharpe> {
        check::finite("trial ratios", trial_ratios)?;
        self.deflated(trial_ratios.len() as f64, moments::variance(trial_ratios, 1)?)
    }
}

/// The stored form, so that a stored ratio is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    ratio: f64,
    observations: usize,
    skewness: f64,
    kurtosis: f64,
}

impl TryFrom<Raw> for SharpeRatio {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::from_moments(raw.ratio, raw.observations, raw.skewness, raw.kurtosis)
    }
}

impl From<SharpeRatio> for Raw {
    fn from(sharpe: SharpeRatio) -> Self {
        let SharpeRatio { ratio, observations, skewness, kurtosis, .. } = sharpe;
        Self { ratio, observations, skewness, kurtosis }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    fn annual(ratio: f64, periods: f64, skewness: f64, kurtosis: f64) -> SharpeRatio {
        SharpeRatio::from_moments(ratio / periods.sqrt(), 100, skewness, kurtosis).unwrap()
    }

    /// Bailey and López de Prado (2012): years to tell an annual ratio of 2 from 1 at 95 %, printed to 0.01 year.
    #[test]
    fn track_records_of_the_paper() {
        for (periods, skewness, kurtosis, years) in
            [(252.0, 0.0, 3.0, 2.73), (52.0, 0.0, 3.0, 2.83), (12.0, 0.0, 3.0, 3.24), (12.0, -0.72, 5.78, 4.99)]
        {
            let sharpe = annual(2.0, periods, skewness, kurtosis);
            let got = sharpe.minimum_track_record(1.0 / f64::sqrt(periods), Confidence::P95).unwrap() / periods;
            assert!((got - years).abs() < 0.0051, "{periods}: {got} against {years}");
        }
    }

    /// Bailey and López de Prado (2014): with 46 trials the same record passes at 95 %.
    #[test]
    fn deflation_of_the_paper() {
        let best = annual(2.5, 250.0, -3.0, 10.0);
        let best = SharpeRatio::from_moments(best.ratio(), 1_250, -3.0, 10.0).unwrap();
        assert!((best.deflated(46.0, 0.002).unwrap().probability - 0.9505).abs() < 5.1e-5);
        assert!((best.deflated(100.0, 0.002).unwrap().probability - 0.9004).abs() < 5.1e-5);
    }

    /// Recomputed in full precision with scipy 1.17 from the moments of the 2012 paper.
    #[test]
    fn probabilities_in_full_precision() {
        for (skewness, kurtosis, want) in [(0.0, 3.0, 0.981_674_919_091_077), (-2.448, 10.164, 0.913_361_083_860_933)] {
            let got = SharpeRatio::from_moments(0.458, 24, skewness, kurtosis).unwrap().probability_above(0.0).unwrap();
            assert!((got - want).abs() < 1e-13, "{got}");
        }
    }

    #[test]
    fn a_sample_by_hand() {
        // Mean 1, deviations ±2 with divisor n: skewness 0, kurtosis 1, standard deviation √(16/3).
        let returns = array![3.0, -1.0, 3.0, -1.0];
        let sharpe = SharpeRatio::of(returns.view(), MomentEstimator::Population).unwrap();
        assert!((sharpe.ratio() - (3.0_f64 / 16.0).sqrt()).abs() < 1e-15);
        assert!((sharpe.kurtosis() - 1.0).abs() < 1e-15 && sharpe.skewness().abs() < 1e-15);
        assert!((sharpe.standard_error() - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn hostile_input() {
        assert!(matches!(SharpeRatio::from_moments(0.1, 1, 0.0, 3.0), Err(Error::InsufficientData { .. })));
        for (ratio, skewness, kurtosis) in [(f64::NAN, 0.0, 3.0), (0.1, f64::INFINITY, 3.0), (0.1, 0.0, 0.9)] {
            assert!(matches!(SharpeRatio::from_moments(ratio, 9, skewness, kurtosis), Err(Error::OutOfDomain { .. })));
        }
        assert!(matches!(SharpeRatio::from_moments(1.0, 9, 2.0, 2.0), Err(Error::Undefined { .. })));
        let constant = Array1::from_elem(5, 0.1);
        assert!(matches!(
            SharpeRatio::of(constant.view(), MomentEstimator::Population),
            Err(Error::Undefined { reason: "the returns are constant", .. })
        ));
        let sharpe = SharpeRatio::from_moments(0.1, 9, 0.0, 3.0).unwrap();
        assert!(matches!(sharpe.minimum_track_record(0.1, Confidence::P95), Err(Error::Undefined { .. })));
        assert!(matches!(
            sharpe.minimum_track_record(0.0, Confidence::new(0.5).unwrap()),
            Err(Error::Undefined { .. })
        ));
        assert!(sharpe.probability_above(f64::NAN).is_err());
        assert!(sharpe.deflated_by(array![0.1].view()).is_err());
        let text = serde_json::to_string(&sharpe).unwrap();
        assert_eq!(serde_json::from_str::<SharpeRatio>(&text).unwrap(), sharpe);
        assert!(
            serde_json::from_str::<SharpeRatio>(&text.replace("\"observations\":9", "\"observations\":1")).is_err()
        );
    }

    proptest! {
        /// At the minimum length the probability is the confidence: the two are inverse to each other.
        #[test]
        fn the_track_record_meets_its_confidence(ratio in 0.05_f64..0.5, gap in 0.01_f64..0.04, skewness in -1.0_f64..1.0) {
            let (kurtosis, reference) = (4.0, ratio - gap);
            let any = SharpeRatio::from_moments(ratio, 10, skewness, kurtosis).unwrap();
            let length = any.minimum_track_record(reference, Confidence::P95).unwrap();
            let (below, above) = (length.floor() as usize, length.ceil() as usize + 1);
            let at = |n| SharpeRatio::from_moments(ratio, n, skewness, kurtosis).unwrap().probability_above(reference).unwrap();
            prop_assert!(at(below) <= 0.95 + 1e-12 && at(above) >= 0.95 - 1e-12);
        }

        #[test]
        fn more_trials_deflate_more(trials in 2.0_f64..1e4, more in 1.01_f64..10.0) {
            let sharpe = SharpeRatio::from_moments(0.1, 500, -0.5, 5.0).unwrap();
            let (few, many) = (sharpe.deflated(trials, 0.001).unwrap(), sharpe.deflated(trials * more, 0.001).unwrap());
            prop_assert!(many.probability < few.probability && many.expected_maximum > few.expected_maximum);
        }
    }
}
