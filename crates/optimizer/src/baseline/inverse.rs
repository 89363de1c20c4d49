//! Weights in proportion to one number an asset.

use alluse_risk_core::Weights;
use ndarray::{Array1, ArrayView1};

use crate::{Error, Result, RiskModel};

/// `wᵢ ∝ 1 / σᵢ`, sum 1: equal risk when all correlations are the same.
///
/// # Errors
/// [`Error::Undefined`] for an asset without variance.
pub fn inverse_volatility(model: &RiskModel) -> Result<Weights> {
    normalised(varying("inverse volatility", model)?.mapv(|v| 1.0 / v.sqrt()))
}

/// `wᵢ ∝ 1 / σᵢ²`, sum 1: minimum variance when all correlations are zero.
///
/// # Errors
/// [`Error::Undefined`] for an asset without variance.
pub fn inverse_variance(model: &RiskModel) -> Result<Weights> {
    normalised(varying("inverse variance", model)?.mapv(|v| 1.0 / v))
}

/// `wᵢ ∝ valueᵢ`, sum 1: market capitalisations, say.
///
/// ```
/// use alluse_optimizer::baseline::proportional;
/// use ndarray::array;
///
/// assert_eq!(proportional(array![3e12, 1e12].view())?.view(), array![0.75, 0.25]);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
///
/// # Errors
/// [`Error::Input`] unless every value is finite and not negative, [`Error::Undefined`] when all are zero.
pub fn proportional(values: ArrayView1<'_, f64>) -> Result<Weights> {
    if let Some(index) = values.iter().position(|v| !(*v >= 0.0 && v.is_finite())) {
        let (name, expected, value) = ("values", "finite and not negative", values[index]);
        return Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into());
    }
    normalised(values.to_owned())
}

/// The variances, all positive.
pub(super) fn varying(what: &'static str, model: &RiskModel) -> Result<Array1<f64>> {
    let variances = model.variances();
    match variances.iter().position(|v| !(*v > 0.0 && v.is_finite())) {
        None => Ok(variances),
        Some(asset) => {
            let reason = format!("asset {asset} has variance {:e}", variances[asset]);
            Err(Error::Undefined { what, reason })
        }
    }
}

/// Scaled to sum 1. The largest is divided out first, so that the sum cannot overflow.
pub(super) fn normalised(values: Array1<f64>) -> Result<Weights> {
    let most = values.iter().copied().fold(0.0, f64::max);
    if values.is_empty() {
        return Err(alluse_risk_core::Error::Empty { name: "weights" }.into());
    }
    if !(most > 0.0 && most.is_finite()) {
        let reason = format!("the largest value is {most:e}");
        return Err(Error::Undefined { what: "weights in proportion to values", reason });
    }
    let scaled = values / most;
    let sum = scaled.sum();
    Ok(Weights::new(scaled / sum)?)
}
