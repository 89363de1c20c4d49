//! The Hill estimator.

use alluse_risk_core::{Confidence, Error as CoreError};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Hill's estimate of the shape of a tail that falls like a power.
///
/// ```text
/// ξ = 1/k Σᵢ₌₁ᵏ ln L₍ᵢ₎ − ln L₍ₖ₊₁₎        VaR = L₍ₖ₊₁₎ (k/(n (1 − c)))^ξ        L₍₁₎ ≥ L₍₂₎ ≥ …
/// ```
///
/// It is the maximum-likelihood estimate of an exact Pareto tail, so that it knows heavy tails only: on a thin
/// one it still answers with a positive `ξ`. It changes when the losses are shifted, and with `k`; look at
/// [`hill_plot`](crate::hill_plot) first.
///
/// # Source
/// Hill (1975), "A simple general approach to inference about the tail of a distribution".
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::Hill;
/// use ndarray::array;
///
/// let hill = Hill::estimate(array![1.0, -3.0, 4.0, 2.0, 0.5, 0.1, 1.0, 0.3, 0.2, 16.0].view(), 2)?;
/// assert_eq!(hill.threshold(), 2.0);
/// // The mean of ln(16/2) and ln(4/2).
/// assert!((hill.xi() - 2.0 * 2_f64.ln()).abs() < 1e-12);
/// // 1 in 10 is half of the 2 in 10 beyond the threshold: 2 · 2^ξ.
/// assert!((hill.value_at_risk(Confidence::P90)? - 2.0 * 2_f64.powf(hill.xi())).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Hill {
    xi: f64,
    threshold: f64,
    tail_count: usize,
    observations: usize,
}

impl Hill {
    /// From the `tail_count` largest of a sample of losses; the next one is the threshold.
    ///
    /// # Errors
    /// [`Error::Input`] for losses that are missing or not finite, for a `tail_count` of zero or without a
    /// further loss for the threshold, for a threshold that is not positive, and when the largest losses are
    /// all equal.
    pub fn estimate(losses: ArrayView1<'_, f64>, tail_count: usize) -> Result<Self> {
        let largest = descending(losses, tail_count)?;
        at(&largest, losses.len(), tail_count)
    }

    /// The shape `ξ` of the tail.
    #[must_use]
    pub fn xi(&self) -> f64 {
        self.xi
    }

    /// The tail index `1/ξ`: moments of this order and more are infinite.
    #[must_use]
    pub fn tail_index(&self) -> f64 {
        1.0 / self.xi
    }

    /// Loss number `k + 1` from the top.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Losses used, `k`.
    #[must_use]
    pub fn tail_count(&self) -> usize {
        self.tail_count
    }

    /// Size of the sample, `n`.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// Asymptotic standard error of `ξ`, `ξ/√k`.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        self.xi / (self.tail_count as f64).sqrt()
    }

    /// Value at risk.
    ///
    /// # Errors
    /// [`Error::Input`] for a level below the threshold, `1 − c > k/n`, and for a loss beyond the range of
    /// numbers.
    pub fn value_at_risk(&self, confidence: Confidence) -> Result<f64> {
        let tail = confidence.tail_count(self.observations);
        if tail > self.tail_count as f64 {
            let expected = "at or beyond the threshold: 1 - confidence at most tail_count/observations";
            return Err(Error::out_of_domain("confidence", expected, confidence.level()));
        }
        let loss = self.threshold * (self.tail_count as f64 / tail).powf(self.xi);
        if loss.is_finite() { Ok(loss) } else { Err(CoreError::Overflow { name: "loss" }.into()) }
    }

    /// Value at risk at several levels.
    ///
    /// # Errors
    /// As [`value_at_risk`](Self::value_at_risk) at any of the levels.
    pub fn values_at_risk(&self, levels: &[Confidence]) -> Result<Vec<f64>> {
        levels.iter().map(|confidence| self.value_at_risk(*confidence)).collect()
    }

    /// Expected shortfall, `VaR/(1 − ξ)`.
    ///
    /// # Errors
    /// As [`value_at_risk`](Self::value_at_risk), and [`Error::InfiniteTailMean`] for `ξ ≥ 1`.
    pub fn expected_shortfall(&self, confidence: Confidence) -> Result<f64> {
        if self.xi >= 1.0 {
            return Err(Error::InfiniteTailMean { xi: self.xi });
        }
        let loss = self.value_at_risk(confidence)? / (1.0 - self.xi);
        if loss.is_finite() { Ok(loss) } else { Err(CoreError::Overflow { name: "loss" }.into()) }
    }
}

/// The `count + 1` largest losses, from the largest down.
pub(super) fn descending(losses: ArrayView1<'_, f64>, count: usize) -> Result<Vec<f64>> {
    if losses.is_empty() {
        return Err(CoreError::Empty { name: "losses" }.into());
    }
    if let Some(index) = losses.iter().position(|loss| !loss.is_finite()) {
        let value = losses[index];
        return Err(CoreError::ElementOutOfDomain { name: "losses", index, expected: "finite", value }.into());
    }
    if count == 0 {
        return Err(Error::out_of_domain("tail_count", "at least 1", 0.0));
    }
    if count >= losses.len() {
        let (required, available) = (count.saturating_add(1), losses.len());
        return Err(CoreError::InsufficientData { name: "hill", required, available }.into());
    }
    let mut largest = losses.to_vec();
    largest.select_nth_unstable_by(count, |a, b| b.total_cmp(a));
    largest.truncate(count + 1);
    largest.sort_unstable_by(|a, b| b.total_cmp(a));
    Ok(largest)
}

/// The estimate from losses in descending order, of which there are more than `tail_count`.
pub(super) fn at(descending: &[f64], observations: usize, tail_count: usize) -> Result<Hill> {
    let threshold = descending[tail_count];
    if !(threshold > 0.0) {
        return Err(Error::out_of_domain("threshold of the tail", "positive", threshold));
    }
    let sum: f64 = descending.iter().take(tail_count).map(|loss| (loss / threshold).ln()).sum();
    if !(sum > 0.0) {
        return Err(CoreError::Undefined { name: "hill", reason: "the largest losses are all equal" }.into());
    }
    let xi = sum / tail_count as f64;
    if !xi.is_finite() {
        return Err(CoreError::Overflow { name: "hill" }.into());
    }
    Ok(Hill { xi, threshold, tail_count, observations })
}

/// The stored form, so that a stored estimate is checked when it is read back.
#[derive(Deserialize)]
struct Raw {
    xi: f64,
    threshold: f64,
    tail_count: usize,
    observations: usize,
}

impl TryFrom<Raw> for Hill {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        for (name, value) in [("xi", raw.xi), ("threshold of the tail", raw.threshold)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::out_of_domain(name, "positive and finite", value));
            }
        }
        if raw.tail_count == 0 || raw.tail_count >= raw.observations {
            let expected = "at least 1 and below the number of observations";
            return Err(Error::out_of_domain("tail_count", expected, raw.tail_count as f64));
        }
        let Raw { xi, threshold, tail_count, observations } = raw;
        Ok(Self { xi, threshold, tail_count, observations })
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    /// Losses of the law `P(L > l) = l^(−1/ξ)`, largest first, at the plotting positions `i/n`.
    fn pareto(xi: f64, n: usize) -> Array1<f64> {
        (1..=n).map(|i| (n as f64 / i as f64).powf(xi)).collect()
    }

    #[test]
    fn a_pareto_sample_gives_its_shape() {
        let hill = Hill::estimate(pareto(0.4, 10_000).view(), 1_000).unwrap();
        // The mean of ln(1001/i) over i ≤ 1000, from Stirling's formula for ln 1000!.
        let mean = 1_001_f64.ln() - (1_000_f64.ln() - 1.0 + 0.5 * (2_000.0 * std::f64::consts::PI).ln() / 1e3);
        assert!((hill.xi() - 0.4 * mean).abs() < 1e-6);
        assert!((hill.tail_index() * hill.xi() - 1.0).abs() < 1e-15);
        assert!((hill.standard_error() - hill.xi() / 1_000_f64.sqrt()).abs() < 1e-15);
        assert_eq!((hill.tail_count(), hill.observations()), (1_000, 10_000));
        // Loss number 10 of 10,000 is the 99.9 % quantile of the sample.
        let var = hill.value_at_risk(Confidence::new(0.999).unwrap()).unwrap();
        assert!((var / 1_000_f64.powf(0.4) - 1.0).abs() < 0.03);
        let es = hill.expected_shortfall(Confidence::P99).unwrap();
        assert!((es / hill.value_at_risk(Confidence::P99).unwrap() - 1.0 / 0.6).abs() < 0.02);
    }

    #[test]
    fn at_the_threshold_the_answer_is_the_threshold() {
        let hill = Hill::estimate(pareto(0.4, 100).view(), 10).unwrap();
        assert_eq!(hill.value_at_risk(Confidence::P90).unwrap(), hill.threshold());
        assert_eq!(hill.threshold(), pareto(0.4, 100)[10]);
        let error = hill.value_at_risk(Confidence::new(0.89).unwrap()).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::OutOfDomain { name: "confidence", .. })));
        assert!(hill.values_at_risk(&[Confidence::P99, Confidence::new(0.5).unwrap()]).is_err());
        assert_eq!(hill.values_at_risk(&[Confidence::P99]).unwrap()[0], hill.value_at_risk(Confidence::P99).unwrap());
    }

    #[test]
    fn hostile_samples() {
        let kind = |losses: Array1<f64>, k| Hill::estimate(losses.view(), k).unwrap_err().kind();
        assert_eq!(kind(Array1::zeros(0), 1), ErrorKind::InvalidInput);
        assert_eq!(kind(array![2.0, 1.0], 0), ErrorKind::InvalidInput);
        assert_eq!(kind(array![2.0, 1.0], 2), ErrorKind::InsufficientData);
        assert_eq!(kind(array![2.0, 1.0], usize::MAX), ErrorKind::InsufficientData);
        assert_eq!(kind(array![2.0, 0.0], 1), ErrorKind::InvalidInput);
        assert_eq!(kind(array![2.0, -1.0], 1), ErrorKind::InvalidInput);
        assert_eq!(kind(array![2.0, 2.0, 2.0], 2), ErrorKind::Undefined);
        assert_eq!(kind(array![2.0, f64::NAN, 1.0], 1), ErrorKind::InvalidInput);
        assert_eq!(kind(array![1e300, 1e-300], 1), ErrorKind::Numerical);
        assert!(Hill::estimate(array![2.0, 1.0].view(), 1).is_ok());
        let heavy = Hill::estimate(pareto(1.3, 100).view(), 20).unwrap();
        assert!(heavy.value_at_risk(Confidence::P99).is_ok());
        assert_eq!(heavy.expected_shortfall(Confidence::P99).unwrap_err().kind(), ErrorKind::Undefined);
    }

    #[test]
    fn storage_checks_again() {
        let hill = Hill::estimate(array![4.0, 2.0, 1.0].view(), 1).unwrap();
        let text = serde_json::to_string(&hill).unwrap();
        assert_eq!(serde_json::from_str::<Hill>(&text).unwrap(), hill);
        for (from, to) in [
            ("\"tail_count\":1", "\"tail_count\":3"),
            ("\"tail_count\":1", "\"tail_count\":0"),
            ("\"threshold\":2.0", "\"threshold\":0.0"),
            ("\"xi\":", "\"xi\":-"),
        ] {
            assert!(serde_json::from_str::<Hill>(&text.replace(from, to)).is_err(), "{to}");
        }
    }

    proptest! {
        #[test]
        fn units_only_scale_the_losses(losses in proptest::collection::vec(0.01..100.0_f64, 20..60), unit in 0.01..100.0_f64) {
            let losses = Array1::from(losses);
            let plain = Hill::estimate(losses.view(), 8).unwrap();
            let scaled = Hill::estimate((unit * &losses).view(), 8).unwrap();
            prop_assert!((plain.xi() - scaled.xi()).abs() < 1e-10);
            prop_assert!((scaled.threshold() - unit * plain.threshold()).abs() < 1e-9 * scaled.threshold());
        }
    }
}
