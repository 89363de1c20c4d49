//! The tail of a loss beyond a threshold.

use alluse_risk_core::{Confidence, Error as CoreError};
use serde::{Deserialize, Serialize};

use super::series::{exp_ratio, exp_ratio_slope};
use super::{GeneralizedPareto, GeneralizedParetoFit};
use crate::{Error, Result, TailTable};

/// The tail of a loss beyond a threshold `u` that `N` of `n` losses exceed, with generalised Pareto excesses.
///
/// ```text
/// P(L > l) = N/n (1 + ξ (l − u)/β)^(−1/ξ)        l ≥ u
/// ```
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::{GeneralizedPareto, ParetoTail};
///
/// // One loss in ten is above 2; four in a hundred of those above 2 + 12.
/// let tail = ParetoTail::new(2.0, GeneralizedPareto::new(0.5, 1.5)?, 1_000, 100)?;
/// assert!((tail.value_at_risk(Confidence::new(0.996)?)? - 14.0).abs() < 1e-9);
/// // The mean excess over 14 is (β + ξ·12)/(1 − ξ) = 15.
/// assert!((tail.expected_shortfall(Confidence::new(0.996)?)? - 29.0).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct ParetoTail {
    threshold: f64,
    law: GeneralizedPareto,
    observations: usize,
    exceedances: usize,
    covariance: Option<[[f64; 2]; 2]>,
}

/// A number with its slopes in `ξ`, `β` and the share `ζ = N/n` of exceedances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sensitive {
    pub(super) value: f64,
    pub(super) xi: f64,
    pub(super) beta: f64,
    pub(super) share: f64,
}

impl ParetoTail {
    /// From the threshold, the law of the excesses, and how many of how many losses exceed.
    ///
    /// # Errors
    /// [`Error::Input`] unless the threshold is finite and `1 ≤ exceedances ≤ observations`.
    pub fn new(threshold: f64, law: GeneralizedPareto, observations: usize, exceedances: usize) -> Result<Self> {
        if !threshold.is_finite() {
            return Err(Error::out_of_domain("threshold", "finite", threshold));
        }
        if exceedances == 0 || exceedances > observations {
            let expected = "at least 1 and at most the number of observations";
            return Err(Error::out_of_domain("exceedances", expected, exceedances as f64));
        }
        Ok(Self { threshold, law, observations, exceedances, covariance: None })
    }

    /// From a fit to the excesses over `threshold` of a sample of `observations` losses; standard errors are
    /// those of the fit.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_fit(threshold: f64, fit: &GeneralizedParetoFit, observations: usize) -> Result<Self> {
        let tail = Self::new(threshold, fit.law, observations, fit.observations)?;
        Ok(Self { covariance: fit.covariance, ..tail })
    }

    /// Where the tail begins.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Law of the excesses.
    #[must_use]
    pub fn law(&self) -> &GeneralizedPareto {
        &self.law
    }

    /// Size of the sample, `n`.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// Losses above the threshold, `N`.
    #[must_use]
    pub fn exceedances(&self) -> usize {
        self.exceedances
    }

    /// Whether the level lies at or beyond the threshold, `1 − c ≤ N/n`.
    #[must_use]
    pub fn reaches(&self, confidence: Confidence) -> bool {
        confidence.tail_count(self.observations) <= self.exceedances as f64
    }

    /// Probability of a loss above `loss`.
    ///
    /// # Errors
    /// [`Error::Input`] for a loss below the threshold, about which the tail knows nothing, and for NaN.
    pub fn survival(&self, loss: f64) -> Result<f64> {
        if loss.is_nan() || loss < self.threshold {
            return Err(Error::out_of_domain("loss", "at or above the threshold", loss));
        }
        Ok(self.share() * self.law.survival(loss - self.threshold)?)
    }

    /// Value at risk.
    ///
    /// # Errors
    /// [`Error::Input`] for a level below the threshold and for a loss beyond the range of numbers.
    pub fn value_at_risk(&self, confidence: Confidence) -> Result<f64> {
        finite(self.quantile(confidence)?.value)
    }

    /// Expected shortfall.
    ///
    /// # Errors
    /// As [`value_at_risk`](Self::value_at_risk), and [`Error::InfiniteTailMean`] for `ξ ≥ 1`.
    pub fn expected_shortfall(&self, confidence: Confidence) -> Result<f64> {
        finite(self.tail_mean(confidence)?.value)
    }

    /// Value at risk and expected shortfall at several levels.
    ///
    /// # Errors
    /// As [`expected_shortfall`](Self::expected_shortfall) at any of the levels.
    pub fn table(&self, levels: &[Confidence]) -> Result<TailTable> {
        let value_at_risk = levels.iter().map(|c| self.value_at_risk(*c)).collect::<Result<_>>()?;
        let expected_shortfall = levels.iter().map(|c| self.expected_shortfall(*c)).collect::<Result<_>>()?;
        Ok(TailTable { confidence: levels.to_vec(), value_at_risk, expected_shortfall })
    }

    /// Delta-method standard error of the value at risk, from the fit and from the number of exceedances being
    /// binomial; `None` without a fit or when its standard errors do not exist.
    ///
    /// # Errors
    /// As [`value_at_risk`](Self::value_at_risk).
    pub fn value_at_risk_standard_error(&self, confidence: Confidence) -> Result<Option<f64>> {
        Ok(self.standard_error(self.quantile(confidence)?))
    }

    /// Delta-method standard error of the expected shortfall.
    ///
    /// # Errors
    /// As [`expected_shortfall`](Self::expected_shortfall).
    pub fn expected_shortfall_standard_error(&self, confidence: Confidence) -> Result<Option<f64>> {
        Ok(self.standard_error(self.tail_mean(confidence)?))
    }

    /// The share of losses above the threshold.
    pub(super) fn share(&self) -> f64 {
        self.exceedances as f64 / self.observations as f64
    }

    /// `ln(N/(n (1 − c)))`, how far the level lies beyond the threshold.
    pub(super) fn depth(&self, confidence: Confidence) -> Result<f64> {
        if !self.reaches(confidence) {
            let expected = "at or beyond the threshold: 1 - confidence at most exceedances/observations";
            return Err(Error::out_of_domain("confidence", expected, confidence.level()));
        }
        Ok((self.exceedances as f64 / confidence.tail_count(self.observations)).ln())
    }

    pub(super) fn quantile(&self, confidence: Confidence) -> Result<Sensitive> {
        let (xi, beta, depth) = (self.law.xi(), self.law.beta(), self.depth(confidence)?);
        let x = xi * depth;
        let multiple = depth * exp_ratio(x);
        Ok(Sensitive {
            value: self.threshold + beta * multiple,
            xi: beta * depth * depth * exp_ratio_slope(x),
            beta: multiple,
            share: beta * x.exp() / self.share(),
        })
    }

    /// Written as `u + β (k + 1)/(1 − ξ)` with `VaR = u + β k`.
    pub(super) fn tail_mean(&self, confidence: Confidence) -> Result<Sensitive> {
        let (xi, beta) = (self.law.xi(), self.law.beta());
        if xi >= 1.0 {
            return Err(Error::InfiniteTailMean { xi });
        }
        let quantile = self.quantile(confidence)?;
        let rest = 1.0 - xi;
        let multiple = (quantile.beta + 1.0) / rest;
        Ok(Sensitive {
            value: self.threshold + beta * multiple,
            xi: (quantile.xi + beta * multiple) / rest,
            beta: multiple,
            share: quantile.share / rest,
        })
    }

    /// Variance that the estimates of `ξ` and `β` bring.
    pub(super) fn fit_variance(&self, of: Sensitive) -> Option<f64> {
        let [[xi, cross], [_, beta]] = self.covariance?;
        Some(of.xi * of.xi * xi + 2.0 * of.xi * of.beta * cross + of.beta * of.beta * beta)
    }

    pub(super) fn standard_error(&self, of: Sensitive) -> Option<f64> {
        let share = self.share();
        let binomial = of.share * of.share * share * (1.0 - share) / self.observations as f64;
        let error = (self.fit_variance(of)? + binomial).sqrt();
        (error.is_finite() && error > 0.0).then_some(error)
    }

    /// The tail of `location + scale · L`.
    pub(super) fn moved(&self, location: f64, scale: f64) -> Result<Self> {
        let law = GeneralizedPareto::new(self.law.xi(), self.law.beta() * scale)?;
        let tail = Self::new(location + scale * self.threshold, law, self.observations, self.exceedances)?;
        let covariance = self.covariance.map(|[[xi, cross], [_, beta]]| {
            let cross = cross * scale;
            [[xi, cross], [cross, beta * scale * scale]]
        });
        Ok(Self { covariance, ..tail })
    }
}

fn finite(loss: f64) -> Result<f64> {
    if loss.is_finite() { Ok(loss) } else { Err(CoreError::Overflow { name: "loss" }.into()) }
}

/// A tail fitted to a sample, with the excesses that it was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParetoTailFit {
    /// The tail.
    pub tail: ParetoTail,
    /// The fit of the law of the excesses.
    pub fit: GeneralizedParetoFit,
    excesses: Vec<f64>,
}

impl ParetoTailFit {
    pub(super) fn new(tail: ParetoTail, fit: GeneralizedParetoFit, excesses: Vec<f64>) -> Self {
        Self { tail, fit, excesses }
    }

    /// Losses above the threshold less the threshold, in the order of the sample.
    #[must_use]
    pub fn excesses(&self) -> &[f64] {
        &self.excesses
    }
}

/// The stored form, so that a stored tail is checked when it is read back.
#[derive(Deserialize)]
struct Raw {
    threshold: f64,
    law: GeneralizedPareto,
    observations: usize,
    exceedances: usize,
    covariance: Option<[[f64; 2]; 2]>,
}

impl TryFrom<Raw> for ParetoTail {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let tail = Self::new(raw.threshold, raw.law, raw.observations, raw.exceedances)?;
        Ok(Self { covariance: raw.covariance, ..tail })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::*;
    use crate::{PeaksOverThreshold, TailThreshold};

    fn level(confidence: f64) -> Confidence {
        Confidence::new(confidence).unwrap()
    }

    /// Two hundred symmetric losses with a power tail; fifty are above the 75 % quantile.
    pub(in super::super) fn losses() -> Array1<f64> {
        (0..200).map(|i| (f64::from(i) - 99.5) / 100.0).map(|v| v / (1.0 - v.abs()).powf(0.35)).collect()
    }

    pub(in super::super) fn fitted() -> ParetoTailFit {
        let threshold = TailThreshold::Quantile(level(0.75));
        PeaksOverThreshold::default().with_threshold(threshold).estimate(losses().view()).unwrap()
    }

    #[test]
    fn danish_fire_losses() {
        // McNeil, Frey and Embrechts, example 5.23: 2,167 losses, 109 above 10 million, xi 0.497 and beta 6.98 give 27.3 and 58.2 at 99 %.
        let tail = ParetoTail::new(10.0, GeneralizedPareto::new(0.497, 6.98).unwrap(), 2_167, 109).unwrap();
        assert!((tail.value_at_risk(Confidence::P99).unwrap() - 27.3).abs() < 0.05);
        // Half a unit in the last printed digit of xi moves the shortfall by 0.06; its own digits add 0.05.
        assert!((tail.expected_shortfall(Confidence::P99).unwrap() - 58.2).abs() < 0.11);
    }

    #[test]
    fn values_and_standard_errors_agree_with_mpmath() {
        // mpmath 1.4, 40 digits: the two score equations solved, their derivatives for the covariance, the
        // textbook formulas of VaR and ES differentiated numerically in xi, beta and N/n. The covariance comes
        // from differences, which leaves nine digits.
        let tail = fitted().tail;
        assert!((tail.threshold() - 0.633_015_900_011_749).abs() < 1e-14);
        assert!((tail.law().xi() - 0.120_313_845_284_990_64).abs() < 1e-10);
        for (confidence, var, var_error, es, es_error) in [
            (0.8, 0.814_857_582_139_977_9, 0.107_424_881_156_940_1, 1.753_711_684_490_989_5, 0.215_813_382_941_910_9),
            (0.99, 3.793_669_310_389_810_3, 0.658_994_484_952_137_5, 5.139_932_681_927_141, 1.349_647_199_065_741_5),
            (0.999, 6.935_756_975_918_799, 2.368_572_858_997_264, 8.711_760_712_512_579, 3.959_491_392_215_113),
        ] {
            let c = level(confidence);
            let answers = [
                (tail.value_at_risk(c).unwrap(), var),
                (tail.expected_shortfall(c).unwrap(), es),
                (tail.value_at_risk_standard_error(c).unwrap().unwrap(), var_error),
                (tail.expected_shortfall_standard_error(c).unwrap().unwrap(), es_error),
            ];
            for (i, (got, want)) in answers.into_iter().enumerate() {
                assert!((got / want - 1.0).abs() < 1e-8, "{confidence}, {i}: {got} {want}");
            }
        }
    }

    #[test]
    fn at_the_threshold_the_answer_is_the_threshold() {
        let tail = ParetoTail::new(2.0, GeneralizedPareto::new(0.5, 1.5).unwrap(), 1_000, 100).unwrap();
        assert!(tail.reaches(Confidence::P90) && !tail.reaches(level(0.8999)));
        assert_eq!(tail.value_at_risk(Confidence::P90).unwrap(), 2.0);
        assert_eq!(tail.expected_shortfall(Confidence::P90).unwrap(), 5.0);
        assert_eq!(tail.survival(2.0).unwrap(), 0.1);
        assert_eq!(tail.value_at_risk_standard_error(Confidence::P99), Ok(None));
        assert_eq!((tail.observations(), tail.exceedances()), (1_000, 100));
        for loss in [1.9, f64::NAN] {
            assert_eq!(tail.survival(loss).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        let error = tail.value_at_risk(level(0.8999)).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::OutOfDomain { name: "confidence", .. })));
    }

    #[test]
    fn a_thin_tail_in_closed_form() {
        // Exponential: VaR = u − β ln(n (1 − c)/N), ES = VaR + β.
        let tail = ParetoTail::new(1.0, GeneralizedPareto::new(0.0, 2.0).unwrap(), 100, 10).unwrap();
        let var = 1.0 + 2.0 * 10_f64.ln();
        assert!((tail.value_at_risk(Confidence::P99).unwrap() - var).abs() < 1e-13);
        assert!((tail.expected_shortfall(Confidence::P99).unwrap() - var - 2.0).abs() < 1e-13);
    }

    #[test]
    fn moving_the_losses_moves_the_tail() {
        let (tail, c) = (fitted().tail, Confidence::P99);
        let moved = tail.moved(-0.5, 3.0).unwrap();
        assert!((moved.value_at_risk(c).unwrap() + 0.5 - 3.0 * tail.value_at_risk(c).unwrap()).abs() < 1e-12);
        let es = |tail: &ParetoTail| tail.expected_shortfall_standard_error(c).unwrap().unwrap();
        assert!((es(&moved) / es(&tail) - 3.0).abs() < 1e-12);
        let refitted = PeaksOverThreshold::default()
            .with_threshold(TailThreshold::Quantile(level(0.75)))
            .estimate(losses().mapv(|l| 3.0 * l - 0.5).view())
            .unwrap();
        assert!((refitted.tail.law().beta() - moved.law().beta()).abs() < 1e-9);
        assert!((es(&refitted.tail) / es(&moved) - 1.0).abs() < 1e-8);
    }

    #[test]
    fn hostile_input() {
        let law = GeneralizedPareto::new(0.2, 1.0).unwrap();
        for (threshold, observations, exceedances, name) in
            [(f64::NAN, 100, 10, "threshold"), (1.0, 100, 0, "exceedances"), (1.0, 100, 101, "exceedances")]
        {
            let error = ParetoTail::new(threshold, law, observations, exceedances).unwrap_err();
            assert!(matches!(error, Error::Input(CoreError::OutOfDomain { name: n, .. }) if n == name), "{error}");
        }
        assert!(ParetoTail::new(1.0, law, 10, 10).is_ok());
        let heavy = ParetoTail::new(1.0, GeneralizedPareto::new(1.0, 1.0).unwrap(), 100, 10).unwrap();
        assert!(heavy.value_at_risk(Confidence::P99).is_ok());
        assert_eq!(heavy.expected_shortfall(Confidence::P99), Err(Error::InfiniteTailMean { xi: 1.0 }));
        assert!(heavy.table(&[Confidence::P99]).is_err());
        let absurd = ParetoTail::new(1.0, GeneralizedPareto::new(400.0, 1.0).unwrap(), 100, 10).unwrap();
        assert_eq!(absurd.value_at_risk(Confidence::P99), Err(CoreError::Overflow { name: "loss" }.into()));
    }

    #[test]
    fn storage_checks_again() {
        let fit = fitted();
        let text = serde_json::to_string(&fit).unwrap();
        assert_eq!(serde_json::from_str::<ParetoTailFit>(&text).unwrap(), fit);
        let bad = serde_json::to_string(&fit.tail).unwrap().replace("\"exceedances\":50", "\"exceedances\":500");
        assert!(serde_json::from_str::<ParetoTail>(&bad).is_err());
    }

    proptest! {
        #[test]
        fn tail_risk_grows_with_the_level_and_es_is_above_var(
            xi in -0.4..0.95_f64, beta in 0.01..10.0_f64, a in 0.9..0.9999_f64, b in 0.9..0.9999_f64,
        ) {
            let tail = ParetoTail::new(1.0, GeneralizedPareto::new(xi, beta).unwrap(), 1_000, 100).unwrap();
            let (low, high) = (level(a.min(b)), level(a.max(b)));
            let (var, es) = (tail.value_at_risk(low).unwrap(), tail.expected_shortfall(low).unwrap());
            prop_assert!(es >= var);
            prop_assert!(tail.value_at_risk(high).unwrap() >= var);
            prop_assert!(tail.expected_shortfall(high).unwrap() >= es - 1e-9 * es);
            prop_assert!((tail.survival(var).unwrap() / low.tail() - 1.0).abs() < 1e-9);
        }
    }
}
