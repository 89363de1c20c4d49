use alluse_risk_core::inference::{BartlettLags, Regression, StandardErrors};

use super::fit::{HarSummary, full_regression, transformed};
use super::normal_equations::{Solved, solve, sum};
use super::windows::trailing_means;
use super::{Har, HarTransform};
use crate::{Result, check};

/// A fitted regression of the mean of the next values on the means of the last: [`Har::fit_average`].
///
/// ```text
/// g((yₜ₊₁ + … + yₜ₊ₕ)/h) = c + Σₗ bₗ · (g(yₜ) + … + g(yₜ₋ₗ₊₁))/l + e      g the transform
/// ```
///
/// Its horizon needs no iteration, and its observations overlap: use [`overlap_errors`](Self::overlap_errors) or
/// other errors that allow for autocorrelation.
#[derive(Debug, Clone, PartialEq)]
pub struct HarAverageFit {
    har: Har,
    horizon: usize,
    columns: Vec<Vec<f64>>,
    response: Vec<f64>,
    /// Means at the end of the sample.
    last: Vec<f64>,
    solved: (f64, Vec<f64>),
    residual_squares: f64,
    total_squares: f64,
    least: f64,
}

/// A forecast of the mean of the next variances.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct HarAverageForecast {
    /// Expected mean of the next `horizon` variances, in the unit of the series.
    pub variance: f64,
    /// Values in the mean.
    pub horizon: usize,
    /// Whether it was raised to the floor.
    pub floored: bool,
}

impl HarAverageFit {
    pub(super) fn new(har: Har, variances: Vec<f64>, horizon: usize) -> Result<Self> {
        let least = har.least(&variances)?;
        let longest = har.longest();
        let required = longest.saturating_add(har.lags().len() + 1).saturating_add(horizon);
        check::enough("direct heterogeneous autoregression", required, variances.len())?;
        let ahead = trailing_means(&variances, &[horizon], longest + horizon - 1);
        let response = transformed(har.transform(), ahead.into_iter().next().unwrap_or_default());
        let series = transformed(har.transform(), variances);
        let mut columns = trailing_means(&series, har.lags(), longest - 1);
        let last = columns.iter().map(|column| column.last().copied().unwrap_or(f64::NAN)).collect();
        columns.iter_mut().for_each(|column| column.truncate(response.len()));
        let level = sum(&response) / response.len() as f64;
        let without = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value - level).collect() };
        let centred: Vec<Vec<f64>> = columns.iter().map(|column| without(column)).collect();
        let Solved { constant, slopes, residual_squares, total_squares } = solve(&centred, &without(&response))?;
        let constant = constant + level * (1.0 - slopes.iter().sum::<f64>());
        let solved = (constant, slopes);
        Ok(Self { har, horizon, columns, response, last, solved, residual_squares, total_squares, least })
    }

    /// The model.
    #[must_use]
    pub fn har(&self) -> &Har {
        &self.har
    }

    /// Values in the mean that is forecast.
    #[must_use]
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// The constant.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.solved.0
    }

    /// Coefficients of the means, one a lag.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.solved.1
    }

    /// Observations of the regression; they overlap.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.response.len()
    }

    /// Mean squared residual, with the number of observations as divisor; in the unit of the regression, squared.
    #[must_use]
    pub fn residual_variance(&self) -> f64 {
        self.residual_squares / self.observations() as f64
    }

    /// Share of the variation that the regression explains.
    #[must_use]
    pub fn r_squared(&self) -> f64 {
        1.0 - self.residual_squares / self.total_squares
    }

    /// Expected mean of the `horizon` variances after the sample.
    ///
    /// # Errors
    /// [`Error::Undefined`](crate::Error::Undefined) when it is too large for a number.
    pub fn forecast(&self) -> Result<HarAverageForecast> {
        let (constant, slopes) = &self.solved;
        let mut mean = constant + slopes.iter().zip(&self.last).map(|(slope, last)| slope * last).sum::<f64>();
        let transform = self.har.transform();
        let floored = transform != HarTransform::Log && mean < transform.apply(self.least);
        if floored {
            mean = transform.apply(self.least);
        }
        let variance = transform.expected(mean, self.residual_variance());
        if !variance.is_finite() {
            return Err(crate::Error::undefined("direct forecast", format!("it gives {variance}")));
        }
        Ok(HarAverageForecast { variance, horizon: self.horizon, floored })
    }

    /// Newey and West's errors with as many lags as the observations overlap, or `⌊n^⅓⌋` when that is more.
    #[must_use]
    pub fn overlap_errors(&self) -> StandardErrors {
        let cube_root = libm::cbrt(self.observations() as f64) as usize;
        StandardErrors::NeweyWest(BartlettLags::Fixed(cube_root.max(self.horizon)))
    }

    /// The regression with everything that can be asked of it.
    ///
    /// # Errors
    /// Those of [`LeastSquares::fit`](alluse_risk_core::inference::LeastSquares::fit).
    pub fn regression(&self) -> Result<Regression> {
        full_regression(&self.har, &self.columns, &self.response)
    }

    /// Everything a report prints.
    ///
    /// # Errors
    /// Those of [`Regression::summary`].
    pub fn summary(&self, errors: StandardErrors) -> Result<HarSummary> {
        let regression = self.regression()?.summary(errors)?;
        Ok(HarSummary { har: self.har.clone(), horizon: self.horizon, floor: self.least, regression })
    }
}
