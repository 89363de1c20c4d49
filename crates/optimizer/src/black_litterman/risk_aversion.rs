//! The price of variance that expected returns imply.

use alluse_risk_core::Error as Core;
use ndarray::ArrayView1;

use crate::check::{length, positive};
use crate::{Error, Result, RiskModel};

/// The risk aversion at which `weights` come closest to being optimal for given excess returns, by least squares.
///
/// ```text
/// δ = argmin |π − δ x|² = x'π / x'x      x = Σw
/// ```
///
/// When the returns are an equilibrium, `π = δ Σ w`, it is their δ to rounding, whatever the weights add up to.
/// [`alluse_risk_core::expected_returns::implied_risk_aversion`] asks for the return of the portfolio alone.
///
/// # Errors
/// - [`Error::Input`] unless weights and returns are finite and one an asset, and unless δ is positive and finite:
///   a portfolio that is not paid for its risk is optimal for nobody who dislikes risk.
/// - [`Error::Undefined`] when the portfolio covaries with nothing.
///
/// # Examples
/// ```
/// use alluse_optimizer::{RiskModel, black_litterman::implied_risk_aversion};
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// let risk = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.09]])?);
/// // Σw is 0.02 and 0.045; the returns are 2.5 times that.
/// let aversion = implied_risk_aversion(&risk, array![0.5, 0.5].view(), array![0.05, 0.1125].view())?;
/// assert!((aversion - 2.5).abs() < 1e-14);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn implied_risk_aversion(
    risk: &RiskModel,
    weights: ArrayView1<'_, f64>,
    excess_returns: ArrayView1<'_, f64>,
) -> Result<f64> {
    length("excess returns", risk.len(), excess_returns.len())?;
    if let Some(index) = excess_returns.iter().position(|v| !v.is_finite()) {
        let (name, expected, value) = ("excess returns", "finite", excess_returns[index]);
        return Err(Core::ElementOutOfDomain { name, index, expected, value }.into());
    }
    let product = risk.product(weights)?;
    // Only the direction of Σw goes into the squares, which could under- or overflow.
    let size = product.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if size == 0.0 {
        let (what, reason) = ("implied risk aversion", "the portfolio has no covariance with any asset".to_owned());
        return Err(Error::Undefined { what, reason });
    }
    let direction = product / size;
    let aversion = direction.dot(&excess_returns) / direction.dot(&direction) / size;
    positive("implied risk aversion", aversion)?;
    Ok(aversion)
}
