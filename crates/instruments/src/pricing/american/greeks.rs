//! All first derivatives of an American price, and gamma.

use alluse_risk_core::ErrorKind;
use serde::{Deserialize, Serialize};

use super::{ExerciseBoundary, Precision};
use crate::Result;
use crate::pricing::{BlackScholes, BlackScholesInputs, OptionKind};

/// Steps of the differences: a fraction of the volatility, and an absolute change of rate and dividend yield.
const VOLATILITY_STEP: f64 = 0.01;
const RATE_STEP: f64 = 1e-3;

/// Price of an American option and its derivatives, each per unit of its input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AmericanGreeks {
    /// The price.
    pub price: f64,
    /// `∂V/∂S`.
    pub delta: f64,
    /// `∂²V/∂S²`; 0 where the option is exercised.
    pub gamma: f64,
    /// `−∂V/∂T`, per year.
    pub theta: f64,
    /// `∂V/∂σ`, per 1.00 of volatility.
    pub vega: f64,
    /// `∂V/∂r`, per 1.00 of rate.
    pub rho: f64,
    /// `∂V/∂q`, per 1.00 of dividend yield.
    pub dividend_rho: f64,
}

/// Price and greeks of an American option by the exact method.
///
/// Delta, gamma and theta come from [`ExerciseBoundary::greeks`]; vega, rho and dividend rho from four-point
/// differences that solve for a boundary each, or three one-sided points where the other side has no single
/// boundary. With `Precision::Standard` they hold about seven digits.
///
/// # Errors
/// As [`ExerciseBoundary::new`].
pub fn american_greeks(kind: OptionKind, model: &BlackScholes, precision: Precision) -> Result<AmericanGreeks> {
    let inputs = model.inputs();
    let at_spot = ExerciseBoundary::new(kind, model, precision)?.greeks(inputs.spot)?;
    let price = |moved: BlackScholesInputs| -> Result<f64> {
        ExerciseBoundary::new(kind, &BlackScholes::new(moved)?, precision)?.price(inputs.spot)
    };
    let vega = slope(inputs.volatility * VOLATILITY_STEP, |change| {
        price(BlackScholesInputs { volatility: inputs.volatility + change, ..inputs })
    })?;
    let rho = slope(RATE_STEP, |change| price(BlackScholesInputs { rate: inputs.rate + change, ..inputs }))?;
    let dividend_rho = slope(RATE_STEP, |change| {
        price(BlackScholesInputs { dividend_yield: inputs.dividend_yield + change, ..inputs })
    })?;
    let super::SpotGreeks { price, delta, gamma, theta } = at_spot;
    Ok(AmericanGreeks { price, delta, gamma, theta, vega, rho, dividend_rho })
}

/// Derivative at 0 of a function of a small change.
fn slope(step: f64, at: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let central = || -> Result<f64> {
        let (near, far) = (at(step)? - at(-step)?, at(2.0 * step)? - at(-2.0 * step)?);
        Ok((8.0 * near - far) / (12.0 * step))
    };
    let one_sided =
        |step: f64| -> Result<f64> { Ok((4.0 * at(step)? - 3.0 * at(0.0)? - at(2.0 * step)?) / (2.0 * step)) };
    let unsupported = |result: &Result<f64>| matches!(result, Err(error) if error.kind() == ErrorKind::Unsupported);
    let mut result = central();
    for side in [0.1 * step, -0.1 * step] {
        if unsupported(&result) {
            result = one_sided(side);
        }
    }
    result
}
