use alluse_risk_core::inference::{Intercept, LeastSquares, Regression, RegressionSummary, StandardErrors};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::forecast::{Forecaster, HarForecast};
use super::normal_equations::{Solved, design, solve, sum};
use super::windows::trailing_means;
use super::{Har, HarTransform};
use crate::{Result, check};

/// A fitted heterogeneous autoregression of next values: [`Har::fit`].
#[derive(Debug, Clone, PartialEq)]
pub struct HarFit {
    har: Har,
    /// In the unit of the regression.
    series: Vec<f64>,
    constant: f64,
    coefficients: Vec<f64>,
    residual_squares: f64,
    total_squares: f64,
    least: f64,
}

/// What a report says about a fit: [`HarFit::summary`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HarSummary {
    /// The model.
    pub har: Har,
    /// Values in a mean that is forecast: 1 for next values.
    pub horizon: usize,
    /// Least forecast, in the unit of the variances.
    pub floor: f64,
    /// The regression, in its own unit, with errors.
    pub regression: RegressionSummary,
}

impl HarFit {
    pub(super) fn new(har: Har, variances: Vec<f64>) -> Result<Self> {
        let least = har.least(&variances)?;
        let series = transformed(har.transform(), variances);
        // Without the level of the series; every mean has it, so that only the constant changes.
        let level = sum(&series) / series.len() as f64;
        let centred: Vec<f64> = series.iter().map(|value| value - level).collect();
        let (columns, response) = regression_data(&har, &centred)?;
        let Solved { constant, slopes, residual_squares, total_squares } = solve(&columns, response)?;
        let constant = constant + level * (1.0 - slopes.iter().sum::<f64>());
        Ok(Self { har, series, constant, coefficients: slopes, residual_squares, total_squares, least })
    }

    /// The model.
    #[must_use]
    pub fn har(&self) -> &Har {
        &self.har
    }

    /// The constant.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.constant
    }

    /// Coefficients of the means, one a lag.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Observations of the regression: the length of the series less the longest span.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.series.len() - self.har.longest()
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

    /// Least forecast, in the unit of the variances.
    #[must_use]
    pub fn floor(&self) -> f64 {
        self.least
    }

    /// Expected variances of the next `steps` periods, each step taking the one before it as its newest value.
    ///
    /// In the unit of the variances. Under a transform the mean of step h is taken back with the error variance
    /// `s² Σ ψⱼ²`, j below h, ψ the responses to a shock and s² the [`residual_variance`](Self::residual_variance).
    /// A forecast below the floor is raised to it, flagged, and goes on as the floor.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no step; [`Error::Undefined`](crate::Error::Undefined) when an
    /// explosive fit leaves the numbers.
    pub fn forecast(&self, steps: usize) -> Result<HarForecast> {
        self.forecaster().forecast(&self.series, steps)
    }

    /// The same from another history, with the parameters of this fit: `variances` end where the forecast begins.
    ///
    /// # Errors
    /// As [`Har::fit`] for the values, and for fewer of them than the longest span.
    pub fn forecast_from(&self, variances: ArrayView1<'_, f64>, steps: usize) -> Result<HarForecast> {
        check::enough("history of the forecast", self.har.longest(), variances.len())?;
        let valid = match self.har.transform() {
            HarTransform::Log => |v: f64| v.is_finite() && v > 0.0,
            _ => |v: f64| v.is_finite() && v >= 0.0,
        };
        check::elements("variances", "finite and not negative (positive, for logarithms)", variances, valid)?;
        let recent = variances.iter().skip(variances.len() - self.har.longest()).copied().collect();
        self.forecaster().forecast(&transformed(self.har.transform(), recent), steps)
    }

    /// The regression with everything that can be asked of it: errors, influences, tests. Made on demand by
    /// Householder reflections.
    ///
    /// # Errors
    /// Those of [`LeastSquares::fit`].
    pub fn regression(&self) -> Result<Regression> {
        let (columns, response) = regression_data(&self.har, &self.series)?;
        full_regression(&self.har, &columns, response)
    }

    /// Everything a report prints.
    ///
    /// # Errors
    /// Those of [`Regression::summary`].
    pub fn summary(&self, errors: StandardErrors) -> Result<HarSummary> {
        let regression = self.regression()?.summary(errors)?;
        Ok(HarSummary { har: self.har.clone(), horizon: 1, floor: self.least, regression })
    }

    pub(super) fn forecaster(&self) -> Forecaster<'_> {
        Forecaster {
            lags: self.har.lags(),
            transform: self.har.transform(),
            constant: self.constant,
            coefficients: &self.coefficients,
            residual_variance: self.residual_variance(),
            least: self.least,
        }
    }
}

pub(super) fn transformed(transform: HarTransform, mut variances: Vec<f64>) -> Vec<f64> {
    if transform != HarTransform::Variance {
        variances.iter_mut().for_each(|value| *value = transform.apply(*value));
    }
    variances
}

/// Means up to each value but the last, and the values that follow them.
fn regression_data<'a>(har: &Har, series: &'a [f64]) -> Result<(Vec<Vec<f64>>, &'a [f64])> {
    let longest = har.longest();
    let required = longest.saturating_add(har.lags().len() + 2);
    check::enough("heterogeneous autoregression", required, series.len())?;
    let columns = trailing_means(&series[..series.len() - 1], har.lags(), longest - 1);
    Ok((columns, &series[longest..]))
}

pub(super) fn full_regression(har: &Har, columns: &[Vec<f64>], response: &[f64]) -> Result<Regression> {
    Ok(LeastSquares::new(Intercept::Included)
        .with_names(har.lags().iter().map(|lag| format!("mean of {lag}")))
        .fit(design(columns, response.len()).view(), ArrayView1::from(response))?)
}
