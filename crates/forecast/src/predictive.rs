use alluse_risk_core::scores::{EnsembleRule, crps_ensemble};
use alluse_risk_core::{Confidence, sum};
use ndarray::{ArrayView1, aview1};
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// A predictive distribution of one number, as equally likely outcomes.
///
/// Simulations make one; everything that judges a forecast takes one.
///
/// ```
/// use alluse_forecast::Predictive;
///
/// let tomorrow = Predictive::new(vec![0.02, -0.01, 0.01, 0.00])?;
/// assert_eq!(tomorrow.probability_above(0.0)?, 0.5);
/// assert_eq!(tomorrow.median(), 0.005);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Predictive {
    /// Increasing.
    outcomes: Vec<f64>,
}

impl Predictive {
    /// From equally likely outcomes in any order.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no outcome or one that is not finite.
    pub fn new(outcomes: impl Into<Vec<f64>>) -> Result<Self> {
        let mut outcomes = outcomes.into();
        check::finite("outcomes", aview1(&outcomes))?;
        outcomes.sort_unstable_by(f64::total_cmp);
        Ok(Self { outcomes })
    }

    /// The outcomes, increasing.
    #[must_use]
    pub fn outcomes(&self) -> &[f64] {
        &self.outcomes
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        sum::CompensatedSum::of(self.outcomes.iter().copied()) / self.outcomes.len() as f64
    }

    /// The value that half of the outcomes do not exceed.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// Quantile by linear interpolation between the order statistics (type 7 of Hyndman and Fan).
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless `probability` lies in [0, 1].
    pub fn quantile(&self, probability: f64) -> Result<f64> {
        let holds = (0.0..=1.0).contains(&probability);
        Ok(self.at(check::ensure(holds, "probability", "in [0, 1]", probability)?))
    }

    /// The central interval that holds with the probability `coverage`: the quantiles at (1 − coverage)/2 and at
    /// (1 + coverage)/2.
    #[must_use]
    pub fn interval(&self, coverage: Confidence) -> (f64, f64) {
        let tail = 0.5 * coverage.tail();
        (self.at(tail), self.at(1.0 - tail))
    }

    /// Share of the outcomes at most `value`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for NaN.
    pub fn cdf(&self, value: f64) -> Result<f64> {
        check::ensure(!value.is_nan(), "value", "a number", value)?;
        Ok(self.outcomes.partition_point(|outcome| *outcome <= value) as f64 / self.outcomes.len() as f64)
    }

    /// Share of the outcomes above `value`.
    ///
    /// # Errors
    /// As [`cdf`](Self::cdf).
    pub fn probability_above(&self, value: f64) -> Result<f64> {
        check::ensure(!value.is_nan(), "value", "a number", value)?;
        let above = self.outcomes.len() - self.outcomes.partition_point(|outcome| *outcome <= value);
        Ok(above as f64 / self.outcomes.len() as f64)
    }

    /// The continuous ranked probability score of `observed`, in the unit of the outcomes; lower is better.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an observation that is not finite, and for the fair score of a single
    /// outcome.
    pub fn crps(&self, observed: f64, rule: EnsembleRule) -> Result<f64> {
        Ok(crps_ensemble(ArrayView1::from(self.outcomes.as_slice()), observed, rule)?)
    }

    fn at(&self, probability: f64) -> f64 {
        let position = probability * (self.outcomes.len() - 1) as f64;
        let below = position.floor();
        let lower = self.outcomes[below as usize];
        match self.outcomes.get(below as usize + 1) {
            Some(upper) => lower + (position - below) * (upper - lower),
            None => lower,
        }
    }
}

impl TryFrom<Vec<f64>> for Predictive {
    type Error = crate::Error;

    fn try_from(outcomes: Vec<f64>) -> Result<Self> {
        Self::new(outcomes)
    }
}

impl From<Predictive> for Vec<f64> {
    fn from(predictive: Predictive) -> Self {
        predictive.outcomes
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;

    use super::*;

    #[test]
    fn quantiles_and_probabilities_by_hand() {
        let five = Predictive::new(vec![4.0, 0.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((five.mean(), five.median()), (2.0, 2.0));
        assert_eq!(five.quantile(0.125).unwrap(), 0.5);
        assert_eq!((five.quantile(0.0).unwrap(), five.quantile(1.0).unwrap()), (0.0, 4.0));
        assert_eq!(five.interval(Confidence::new(0.5).unwrap()), (1.0, 3.0));
        assert_eq!((five.cdf(2.0).unwrap(), five.probability_above(2.0).unwrap()), (0.6, 0.4));
        // Mean distance 1.2 from the observation less half the mean distance 1.6 of the outcomes.
        assert!((five.crps(2.0, EnsembleRule::Empirical).unwrap() - 0.4).abs() < 1e-15);
    }

    #[test]
    fn hostile_input() {
        assert_eq!(Predictive::new(vec![]).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(Predictive::new(vec![0.0, f64::NAN]).is_err());
        let one = Predictive::new(vec![1.0]).unwrap();
        assert_eq!(one.median(), 1.0);
        assert!(one.quantile(1.1).is_err() && one.quantile(f64::NAN).is_err() && one.cdf(f64::NAN).is_err());
        assert!(one.probability_above(f64::NAN).is_err() && one.crps(0.0, EnsembleRule::Fair).is_err());
        assert!(serde_json::from_str::<Predictive>("[]").is_err());
        assert_eq!(serde_json::from_str::<Predictive>("[2.0,1.0]").unwrap().outcomes(), [1.0, 2.0]);
    }
}
