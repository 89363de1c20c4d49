//! Volatility forecasts over horizons.

use alluse_risk_core::{FittedVolatility, Frequency};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// Forecast variances of the next periods and of the horizons they add up to.
///
/// ```text
/// V(h) = σ²₁ + … + σ²ₕ      annualised volatility = √(P V(h)/h)
/// ```
///
/// The sum is the variance of the h-period log return, or of the sum of simple returns, when returns do not depend on
/// each other but through their variances.
///
/// # Examples
/// ```
/// use alluse_forecast::volatility::TermStructure;
/// use alluse_risk_core::Frequency;
///
/// let curve = TermStructure::new(vec![1e-4, 3e-4], Frequency::Daily)?;
/// assert!((curve.cumulative_variance(2)? - 4e-4).abs() < 1e-18);
/// assert!((curve.annualised_volatility(2)? - (252.0 * 2e-4_f64).sqrt()).abs() < 1e-15);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct TermStructure {
    variance: Vec<f64>,
    cumulative: Vec<f64>,
    frequency: Frequency,
}

/// The stored form: the sums follow from it.
#[derive(Serialize, Deserialize)]
struct Raw {
    variance: Vec<f64>,
    frequency: Frequency,
}

/// A point of a [`TermStructure`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TermPoint {
    /// Periods h.
    pub horizon: usize,
    /// Variance of period h alone.
    pub variance: f64,
    /// Variance over all h periods.
    pub cumulative_variance: f64,
    /// Annualised volatility over all h periods.
    pub annualised_volatility: f64,
}

impl TermStructure {
    /// From the variance of each period and the frequency of the periods.
    ///
    /// # Errors
    /// [`Error::Input`] for no period, a variance that is negative or not finite, or a sum that overflows.
    pub fn new(variance: impl Into<Vec<f64>>, frequency: Frequency) -> Result<Self> {
        let variance = variance.into();
        check::at_least_one("horizons", variance.len())?;
        let valid = |v: f64| v.is_finite() && v >= 0.0;
        check::elements("variance", "finite and not negative", variance.as_slice().into(), valid)?;
        let cumulative: Vec<f64> = variance
            .iter()
            .scan(0.0, |sum, v| {
                *sum += v;
                Some(*sum)
            })
            .collect();
        check::finite("cumulative variance", cumulative.as_slice().into())?;
        Ok(Self { variance, cumulative, frequency })
    }

    /// Forecasts of the next `steps` periods of a fitted model.
    ///
    /// # Errors
    /// Those of the model's forecast and of [`new`](Self::new).
    pub fn forecast(fitted: &dyn FittedVolatility, steps: usize, frequency: Frequency) -> Result<Self> {
        Self::new(fitted.forecast_variance(steps)?.to_vec(), frequency)
    }

    /// Longest horizon.
    #[must_use]
    pub fn horizons(&self) -> usize {
        self.variance.len()
    }

    /// Variance of each period.
    #[must_use]
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// Variance over the first 1, 2, … periods.
    #[must_use]
    pub fn cumulative(&self) -> &[f64] {
        &self.cumulative
    }

    /// Frequency of the periods.
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Everything at a horizon of `horizon` periods.
    ///
    /// # Errors
    /// [`Error::Input`] unless the horizon is from 1 to [`horizons`](Self::horizons).
    pub fn at(&self, horizon: usize) -> Result<TermPoint> {
        let held = horizon.checked_sub(1).and_then(|index| self.variance.get(index).zip(self.cumulative.get(index)));
        let Some((&variance, &cumulative_variance)) = held else {
            let expected = "from 1 to the longest forecast";
            let error = alluse_risk_core::Error::OutOfDomain { name: "horizon", expected, value: horizon as f64 };
            return Err(error.into());
        };
        let periods = self.frequency.periods_per_year();
        let annualised_volatility = (periods * cumulative_variance / horizon as f64).sqrt();
        Ok(TermPoint { horizon, variance, cumulative_variance, annualised_volatility })
    }

    /// Variance over the first `horizon` periods.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    pub fn cumulative_variance(&self, horizon: usize) -> Result<f64> {
        Ok(self.at(horizon)?.cumulative_variance)
    }

    /// Annualised volatility over the first `horizon` periods.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    pub fn annualised_volatility(&self, horizon: usize) -> Result<f64> {
        Ok(self.at(horizon)?.annualised_volatility)
    }

    /// Points at several horizons.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    pub fn points(&self, horizons: &[usize]) -> Result<Vec<TermPoint>> {
        horizons.iter().map(|&horizon| self.at(horizon)).collect()
    }
}

impl TryFrom<Raw> for TermStructure {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.variance, raw.frequency)
    }
}

impl From<TermStructure> for Raw {
    fn from(curve: TermStructure) -> Self {
        Self { variance: curve.variance, frequency: curve.frequency }
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::VolatilityModel;
    use alluse_risk_core::volatility::EwmaVolatility;
    use ndarray::array;

    use super::*;

    #[test]
    fn a_flat_forecast_is_flat_at_every_horizon() {
        let fitted = EwmaVolatility::default().fit(array![0.01, -0.02, 0.015].view()).unwrap();
        let curve = TermStructure::forecast(fitted.as_ref(), 63, Frequency::Daily).unwrap();
        let day = fitted.forecast_variance(1).unwrap()[0];
        for point in curve.points(&[1, 21, 63]).unwrap() {
            testkit::close(point.cumulative_variance / (point.horizon as f64 * day), 1.0, 1e-13);
            testkit::close(point.annualised_volatility, (252.0 * day).sqrt(), 1e-13);
        }
        assert_eq!((curve.horizons(), curve.variance()[62]), (63, day));
    }

    #[test]
    fn hostile_input() {
        let new = |variance: Vec<f64>| TermStructure::new(variance, Frequency::Monthly);
        assert!(new(vec![]).is_err() && new(vec![-1e-9]).is_err() && new(vec![f64::NAN]).is_err());
        assert!(new(vec![f64::MAX, f64::MAX]).is_err());
        let curve = new(vec![0.01, 0.02]).unwrap();
        assert!(curve.at(0).is_err() && curve.at(3).is_err() && curve.points(&[1, 9]).is_err());
        let stored = serde_json::to_string(&curve).unwrap();
        assert_eq!(serde_json::from_str::<TermStructure>(&stored).unwrap(), curve);
        assert!(serde_json::from_str::<TermStructure>(&stored.replace("0.02", "-0.02")).is_err());
    }
}
