//! From returns to standardised residuals, column by column.

use alluse_risk_core::{Error as CoreError, FittedVolatility, Result as CoreResult, VolatilityModel};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What is done to the residuals `z = (r − μ)/σ` before they are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Residuals {
    /// Re-centred and rescaled to mean 0 and variance 1, so that the volatility model alone sets the level.
    #[default]
    Standardised,
    /// As they are: a volatility model that is too low on average is corrected by residuals above 1.
    AsTheyAre,
}

/// The fitted volatility of every column and the residuals of the last dates, dates × columns.
#[derive(Debug)]
pub(crate) struct FilteredColumns {
    pub(crate) fitted: Vec<Box<dyn FittedVolatility>>,
    pub(crate) residuals: Array2<f64>,
}

impl FilteredColumns {
    /// Fits `model` to every column of `returns`.
    pub(crate) fn fit(
        model: &dyn VolatilityModel,
        returns: ArrayView2<'_, f64>,
        window: Option<usize>,
        treatment: Residuals,
    ) -> Result<Self> {
        let fitted: CoreResult<Vec<_>> = returns.columns().into_iter().map(|r| model.fit(r)).collect();
        Self::of(fitted?, returns, window, treatment)
    }

    /// Filters `returns` with parameters that were fitted before.
    pub(crate) fn filter(
        known: &[Box<dyn FittedVolatility>],
        returns: ArrayView2<'_, f64>,
        window: Option<usize>,
        treatment: Residuals,
    ) -> Result<Self> {
        let columns = returns.columns().into_iter();
        let fitted: CoreResult<Vec<_>> = known.iter().zip(columns).map(|(known, r)| known.filter(r)).collect();
        Self::of(fitted?, returns, window, treatment)
    }

    fn of(
        fitted: Vec<Box<dyn FittedVolatility>>,
        returns: ArrayView2<'_, f64>,
        window: Option<usize>,
        treatment: Residuals,
    ) -> Result<Self> {
        let days = returns.nrows();
        let kept = window.unwrap_or(days);
        if kept == 0 || kept > days {
            return Err(
                CoreError::InsufficientData { name: "residuals", required: kept.max(1), available: days }.into()
            );
        }
        let mut residuals = Array2::zeros((kept, fitted.len()));
        for ((fit, returns), mut out) in fitted.iter().zip(returns.columns()).zip(residuals.columns_mut()) {
            let mut z = newest_residuals(&**fit, returns, kept)?;
            if treatment == Residuals::Standardised {
                standardise(&mut z)?;
            }
            out.assign(&z);
        }
        Ok(Self { fitted, residuals })
    }
}

/// `(r − μ)/σ` of the last `kept` returns.
pub(crate) fn newest_residuals(
    fitted: &dyn FittedVolatility,
    returns: ArrayView1<'_, f64>,
    kept: usize,
) -> Result<Array1<f64>> {
    let skipped = returns.len() - kept;
    let (mean, volatility) = (fitted.mean(), fitted.volatility());
    let mut z = Array1::zeros(kept);
    for (i, slot) in z.iter_mut().enumerate() {
        let t = skipped + i;
        if !(volatility[t] > 0.0) {
            let (expected, value) = ("positive", volatility[t]);
            return Err(CoreError::ElementOutOfDomain { name: "volatility", index: t, expected, value }.into());
        }
        *slot = (returns[t] - mean[t]) / volatility[t];
    }
    Ok(z)
}

fn standardise(z: &mut Array1<f64>) -> Result<()> {
    let mean = alluse_risk_core::moments::mean(z.view())?;
    let variance = alluse_risk_core::moments::variance(z.view(), 0)?;
    if !(variance > 0.0) {
        return Err(CoreError::Undefined { name: "standardised residuals", reason: "they do not vary" }.into());
    }
    let deviation = variance.sqrt();
    z.mapv_inplace(|value| (value - mean) / deviation);
    Ok(())
}
