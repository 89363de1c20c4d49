use alluse_risk_core::inference::{Intercept, LeastSquares};
use alluse_risk_core::moments;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::tail;
use crate::{Result, check};

/// What is taken from a series before it is squared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Centring {
    /// Its mean.
    #[default]
    Mean,
    /// Nothing: the series is residuals already.
    None,
}

/// Result of [`arch_lm`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArchLmTest {
    /// `n R²`.
    pub lm_statistic: f64,
    /// Probability of a larger one under χ² with as many degrees of freedom as lags.
    pub lm_p_value: f64,
    /// F statistic of all lags together.
    pub f_statistic: f64,
    /// Probability of a larger one under F(lags, n − lags − 1).
    pub f_p_value: f64,
    /// Lagged squares in the regression.
    pub lags: usize,
    /// Observations n of the regression: the length of the series less the lags.
    pub observations: usize,
}

/// Engle's test that the variance does not depend on past squares.
///
/// ```text
/// e²ₜ = c + Σₖ aₖ e²ₜ₋ₖ      LM = n R² ~ χ²(lags)      F = (R²/lags)/((1 − R²)/(n − lags − 1))
/// ```
///
/// # Errors
/// - [`Error::Input`](crate::Error::Input) for a series that is empty, not finite or of squares that are collinear or
///   overflow, for no lag, and for fewer observations than 2 lags + 2.
/// - [`Error::Input`](crate::Error::Input) of kind `Undefined` when all squares after the first lags are equal.
///
/// # Source
/// Engle (1982), §8.
///
/// # Examples
/// ```
/// use alluse_forecast::time_series::diagnostics::{Centring, arch_lm};
/// use ndarray::Array1;
///
/// // A calm stretch and a wild one: squares follow their like.
/// let series = Array1::from_shape_fn(60, |t| {
///     let sign = if t * t % 3 == 0 { 1.0 } else { -1.0 };
///     if t < 30 { 0.1 * sign } else { sign }
/// });
/// assert!((arch_lm(series.view(), 2, Centring::Mean)?.lm_statistic - 24.838174772).abs() < 1e-8);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
pub fn arch_lm(series: ArrayView1<'_, f64>, lags: usize, centring: Centring) -> Result<ArchLmTest> {
    check::finite("series", series)?;
    check::at_least_one("lags", lags)?;
    check::enough("ARCH-LM test", lags.saturating_mul(2).saturating_add(2), series.len())?;
    let level = match centring {
        Centring::Mean => moments::mean(series)?,
        Centring::None => 0.0,
    };
    let squares = series.mapv(|value| (value - level) * (value - level));
    let observations = squares.len() - lags;
    let response: Array1<f64> = squares.iter().skip(lags).copied().collect();
    let regressors = Array2::from_shape_fn((observations, lags), |(row, column)| squares[lags + row - column - 1]);
    let fit = LeastSquares::new(Intercept::Included)
        .with_names((1..=lags).map(|lag| format!("square of lag {lag}")))
        .fit(regressors.view(), response.view())?;
    let r_squared = fit.r_squared()?;
    // Refuses a perfect fit, whose F statistic would be rounding.
    fit.residual_volatility()?;
    let freedom = fit.degrees_of_freedom();
    let lm_statistic = observations as f64 * r_squared;
    let f_statistic = (r_squared / lags as f64) / ((1.0 - r_squared) / freedom as f64);
    Ok(ArchLmTest {
        lm_statistic,
        lm_p_value: tail::chi_square(lm_statistic, lags),
        f_statistic,
        f_p_value: tail::f(f_statistic, lags, freedom),
        lags,
        observations,
    })
}
