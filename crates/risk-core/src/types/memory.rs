//! How fast an exponentially weighted estimate forgets.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The decay λ of an exponentially weighted average: the weight of an observation of age `j` is
/// proportional to `λʲ`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Decay(f64);

impl Decay {
    /// RiskMetrics' decay for daily data.
    pub const RISKMETRICS_DAILY: Self = Self(0.94);
    /// RiskMetrics' decay for monthly data.
    pub const RISKMETRICS_MONTHLY: Self = Self(0.97);

    /// # Errors
    /// [`Error::OutOfDomain`] unless `0 < decay < 1`.
    pub fn new(decay: f64) -> Result<Self> {
        if decay > 0.0 && decay < 1.0 {
            Ok(Self(decay))
        } else {
            Err(Error::OutOfDomain { name: "decay", expected: "in (0, 1)", value: decay })
        }
    }

    /// The decay whose centre of mass is that of a `span`-period average, `1 − 2/(span + 1)`.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless `span > 1`.
    pub fn from_span(span: f64) -> Result<Self> {
        if span > 1.0 && span.is_finite() {
            Self::new(1.0 - 2.0 / (span + 1.0))
        } else {
            Err(Error::OutOfDomain { name: "span", expected: "above 1", value: span })
        }
    }

    /// λ itself.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// Observations after which the weight left is below `tail_weight`: `ln tail / ln λ`, rounded.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless `0 < tail_weight < 1`.
    pub fn effective_observations(self, tail_weight: f64) -> Result<usize> {
        if tail_weight > 0.0 && tail_weight < 1.0 {
            Ok((tail_weight.ln() / self.0.ln()).round() as usize)
        } else {
            Err(Error::OutOfDomain { name: "tail_weight", expected: "in (0, 1)", value: tail_weight })
        }
    }
}

/// The age at which an observation counts half as much as a new one, in periods.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct HalfLife(f64);

impl HalfLife {
    /// # Errors
    /// [`Error::OutOfDomain`] unless the number of periods is positive and finite.
    pub fn periods(periods: f64) -> Result<Self> {
        if periods > 0.0 && periods.is_finite() {
            Ok(Self(periods))
        } else {
            Err(Error::OutOfDomain { name: "half_life", expected: "positive and finite", value: periods })
        }
    }

    /// The number of periods.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl From<HalfLife> for Decay {
    /// `λ = 2^(−1/half-life)`.
    fn from(half_life: HalfLife) -> Self {
        // A half-life beyond 1e15 periods rounds to 1; the largest decay below 1 says the same.
        Self((-1.0 / half_life.0).exp2().clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0))
    }
}

impl TryFrom<f64> for Decay {
    type Error = Error;

    fn try_from(decay: f64) -> Result<Self> {
        Self::new(decay)
    }
}

impl From<Decay> for f64 {
    fn from(decay: Decay) -> Self {
        decay.0
    }
}

impl TryFrom<f64> for HalfLife {
    type Error = Error;

    fn try_from(periods: f64) -> Result<Self> {
        Self::periods(periods)
    }
}

impl From<HalfLife> for f64 {
    fn from(half_life: HalfLife) -> Self {
        half_life.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn riskmetrics_counts_its_effective_days() {
        // RiskMetrics technical document (1996), table 5.7: 1 % tolerance.
        assert_eq!(Decay::RISKMETRICS_DAILY.effective_observations(0.01).unwrap(), 74);
        assert_eq!(Decay::RISKMETRICS_MONTHLY.effective_observations(0.01).unwrap(), 151);
    }

    #[test]
    fn half_life_of_one_halves_each_period() {
        assert_eq!(Decay::from(HalfLife::periods(1.0).unwrap()).value(), 0.5);
    }

    #[test]
    fn bad_values_are_refused() {
        assert!(Decay::new(1.0).is_err());
        assert!(Decay::from_span(1.0).is_err());
        assert!(HalfLife::periods(0.0).is_err());
        assert!(Decay::RISKMETRICS_DAILY.effective_observations(0.0).is_err());
        assert!(serde_json::from_str::<Decay>("0").is_err());
        assert!(serde_json::from_str::<HalfLife>("-1").is_err());
    }
}
