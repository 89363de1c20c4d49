//! The forward that a chain of quotes implies.

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use super::{OptionKind, check};
use crate::Result;

/// What a chain says about the underlying and about money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImpliedForward {
    /// Value today of one unit of cash at expiry.
    pub discount_factor: f64,
    /// Forward price of the underlying.
    pub forward: f64,
}

/// Fits `value = D (F − K)` by least squares, `value` being a call's price or minus a put's.
///
/// For quotes far in the money, whose time value is nothing, each is a forward contract; or for synthetic forwards
/// (call minus put at one strike), handed in as calls.
///
/// # Errors
/// - `LengthMismatch` unless the three slices are of one length, `InsufficientData` below 2 quotes.
/// - `ElementOutOfDomain` for a strike or price that is not finite.
/// - `Undefined` when all strikes are equal or the fitted discount factor is not positive.
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{OptionKind, forward_from_quotes};
///
/// // D = 0.9, F = 110: the call at 10 is worth 90, the put at 210 as well.
/// let fit = forward_from_quotes(&[10.0, 210.0], &[90.0, 90.0], &[OptionKind::Call, OptionKind::Put])?;
/// assert!((fit.discount_factor - 0.9).abs() < 1e-15 && (fit.forward - 110.0).abs() < 1e-12);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn forward_from_quotes(strikes: &[f64], prices: &[f64], kinds: &[OptionKind]) -> Result<ImpliedForward> {
    let n = strikes.len();
    for (name, got) in [("prices", prices.len()), ("kinds", kinds.len())] {
        if got != n {
            return Err(Input::LengthMismatch { name, expected: n, got }.into());
        }
    }
    if n < 2 {
        return Err(Input::InsufficientData { name: "quotes", required: 2, available: n }.into());
    }
    finite("strikes", strikes)?;
    finite("prices", prices)?;
    let values: Vec<f64> = kinds.iter().zip(prices).map(|(kind, price)| kind.sign() * price).collect();
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / n as f64;
    let (strike, value) = (mean(strikes), mean(&values));
    let (mut spread, mut together) = (0.0, 0.0);
    for (k, v) in strikes.iter().zip(&values) {
        spread += (k - strike) * (k - strike);
        together += (k - strike) * (v - value);
    }
    if spread <= 0.0 {
        return check::undefined("implied forward", "all strikes are equal");
    }
    let discount_factor = -together / spread;
    if !(discount_factor > 0.0 && discount_factor.is_finite()) {
        return check::undefined("implied forward", "the fitted discount factor is not positive");
    }
    let forward = check::computed("implied forward", strike + value / discount_factor)?;
    Ok(ImpliedForward { discount_factor, forward })
}

fn finite(name: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Input::ElementOutOfDomain { name, index, expected: "finite", value: values[index] }.into()),
    }
}
