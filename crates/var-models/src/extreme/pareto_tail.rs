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
