//! Dynamic quantile: can breaches be predicted from what was known?

use alluse_risk_core::Confidence;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::Breaches;
use super::check::{enough, finite, length};
use super::outcome::{TestName, TestOutcome};
use super::projection::{Projection, project};
use crate::Result;

/// Whether the day's forecast is among the regressors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastRegressor {
    /// It is.
    #[default]
    Included,
    /// It is not.
    Omitted,
}

/// The dynamic quantile test of Engle and Manganelli.
///
/// ```text
/// DQ = β̂'X'Xβ̂ / (p(1−p))      χ²(rank of X)      β̂: least squares of Iₜ − p on X
/// X: constant, `lags` lagged values of I − p, VaRₜ
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `lags` | 4 | lagged hits; the first `lags` days have none and are left out |
/// | `forecast` | included | VaRₜ among the regressors |
///
/// Regressors that depend on others, such as lagged hits without any breach or a constant forecast, are left out;
/// the degrees of freedom are then the rank, `degenerate` is set and a note says so.
///
/// # Source
/// Engle and Manganelli (2004), *Journal of Business & Economic Statistics* 22(4).
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{Breaches, DynamicQuantile};
///
/// let breaches = Breaches::from_indices(500, vec![10, 11, 12, 200, 201])?;
/// let outcome = DynamicQuantile::default().test_hits(&breaches, Confidence::P99)?;
/// assert!(outcome.p_value < 1e-10); // five breaches in 500 days, but in two clusters
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DynamicQuantile {
    lags: usize,
    forecast: ForecastRegressor,
}

impl Default for DynamicQuantile {
    fn default() -> Self {
        Self { lags: 4, forecast: ForecastRegressor::Included }
    }
}

impl DynamicQuantile {
    /// With another number of lagged hits.
    #[must_use]
    pub fn with_lags(mut self, lags: usize) -> Self {
        self.lags = lags;
        self
    }

    /// With or without the forecast.
    #[must_use]
    pub fn with_forecast(mut self, forecast: ForecastRegressor) -> Self {
        self.forecast = forecast;
        self
    }

    /// Lagged hits.
    #[must_use]
    pub fn lags(&self) -> usize {
        self.lags
    }

    /// The test on breaches and the forecasts they were counted with.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for forecasts that are not finite or not one per day, and without more
    /// days than lags and regressors.
    pub fn test(
        &self,
        breaches: &Breaches,
        value_at_risk: ArrayView1<'_, f64>,
        confidence: Confidence,
    ) -> Result<TestOutcome> {
        finite("value at risk", value_at_risk)?;
        length("value at risk", breaches.observations(), value_at_risk.len())?;
        let forecasts = match self.forecast {
            ForecastRegressor::Included => Some(value_at_risk.to_vec()),
            ForecastRegressor::Omitted => None,
        };
        self.outcome(breaches, forecasts, confidence)
    }

    /// The test on breaches alone: constant and lagged hits.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without more days than lags and regressors.
    pub fn test_hits(&self, breaches: &Breaches, confidence: Confidence) -> Result<TestOutcome> {
        self.outcome(breaches, None, confidence)
    }

    fn outcome(&self, breaches: &Breaches, forecasts: Option<Vec<f64>>, confidence: Confidence) -> Result<TestOutcome> {
        let regressors = self.lags.saturating_add(1 + usize::from(forecasts.is_some()));
        enough("dynamic quantile", self.lags.saturating_add(regressors).saturating_add(1), breaches.observations())?;
        let Projection { explained, rank } = self.fit(breaches, forecasts.as_deref(), confidence.tail());
        let variance = confidence.tail() * confidence.level();
        let observations = breaches.observations() - self.lags;
        let outcome =
            TestOutcome::chi_square(TestName::DynamicQuantile, explained / variance, rank as f64, observations);
        if rank == regressors {
            return Ok(outcome);
        }
        let dropped = regressors - rank;
        Ok(outcome
            .with_degenerate(true)
            .with_note(format!("{dropped} of {regressors} regressors depend on the others and were left out")))
    }

    fn fit(&self, breaches: &Breaches, forecasts: Option<&[f64]>, tail: f64) -> Projection {
        let mut hits = vec![-tail; breaches.observations()];
        for &index in breaches.indices() {
            hits[index] = 1.0 - tail;
        }
        let days = hits.len() - self.lags;
        let mut columns = vec![vec![1.0; days]];
        for lag in 1..=self.lags {
            columns.push(hits[self.lags - lag..self.lags - lag + days].to_vec());
        }
        if let Some(forecasts) = forecasts {
            columns.push(forecasts[self.lags..].to_vec());
        }
        project(columns, &hits[self.lags..])
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};

    use super::*;

    fn hits() -> Breaches {
        Breaches::from_indices(60, vec![3, 4, 17, 30, 31, 33, 58]).unwrap()
    }

    fn forecasts() -> Array1<f64> {
        (0..60).map(|t| 0.02 + 0.001 * f64::from((t * 7) % 11)).collect()
    }

    #[test]
    fn values_of_other_software() {
        // statsmodels 0.15.0, OLS(hit − 0.1, X): params' X'X params / 0.09; p by scipy.stats.chi2.
        let with = DynamicQuantile::default().with_lags(2);
        let outcome = with.test(&hits(), forecasts().view(), Confidence::new(0.9).unwrap()).unwrap();
        assert!((outcome.statistic - DQ_WITH).abs() < 1e-10, "{}", outcome.statistic);
        assert!((outcome.p_value - DQ_WITH_P).abs() < 1e-10, "{}", outcome.p_value);
        assert_eq!((outcome.degrees_of_freedom, outcome.observations, outcome.degenerate), (Some(4.0), 58, false));
        let without = with.with_forecast(ForecastRegressor::Omitted);
        let outcome = without.test(&hits(), forecasts().view(), Confidence::new(0.9).unwrap()).unwrap();
        assert!((outcome.statistic - DQ_WITHOUT).abs() < 1e-10, "{}", outcome.statistic);
        assert_eq!(outcome, without.test_hits(&hits(), Confidence::new(0.9).unwrap()).unwrap());
    }

    const DQ_WITH: f64 = 4.020_778_452_394_352;
    const DQ_WITH_P: f64 = 0.403_201_095_680_392_14;
    const DQ_WITHOUT: f64 = 2.687_598_880_369_958_6;

    #[test]
    fn dependent_regressors_are_left_out_and_said() {
        // No breach: every lag is the constant again, the hit is −p on every day, so DQ = n p/(1 − p).
        let none = Breaches::from_indices(104, vec![]).unwrap();
        let varying: Array1<f64> = (0..104).map(|t| f64::from(t % 5)).collect();
        let outcome = DynamicQuantile::default().test(&none, varying.view(), Confidence::P95).unwrap();
        assert_eq!(outcome.degrees_of_freedom, Some(2.0));
        assert!(outcome.degenerate && outcome.notes[0].starts_with("4 of 6"));
        assert!((outcome.statistic - 100.0 * 0.05 / 0.95).abs() < 1e-10);
        let constant = DynamicQuantile::default().with_lags(0);
        let outcome = constant.test(&hits(), Array1::from_elem(60, 0.02).view(), Confidence::P95).unwrap();
        assert_eq!(outcome.degrees_of_freedom, Some(1.0));
    }

    #[test]
    fn hostile_inputs() {
        let (test, breaches) = (DynamicQuantile::default(), Breaches::from_indices(10, vec![1]).unwrap());
        let kind = |values: Array1<f64>| test.test(&breaches, values.view(), Confidence::P95).unwrap_err().kind();
        assert_eq!(kind(array![]), ErrorKind::InvalidInput);
        assert_eq!(kind(array![0.1]), ErrorKind::InvalidInput);
        assert_eq!(kind(Array1::from_elem(10, f64::NAN)), ErrorKind::InvalidInput);
        assert_eq!(kind(Array1::from_elem(10, 0.1)), ErrorKind::InsufficientData);
        assert!(test.test_hits(&breaches, Confidence::P95).is_ok());
        assert!(
            [usize::MAX / 2, usize::MAX]
                .iter()
                .all(|n| test.with_lags(*n).test_hits(&breaches, Confidence::P95).is_err())
        );
    }
}
