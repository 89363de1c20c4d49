//! Options that pay a fixed amount of cash.

use serde::{Deserialize, Serialize};

use super::black_scholes::Terms;
use super::{BlackScholes, BlackScholesInputs, OptionKind, check, normal};
use crate::Result;

/// Price of a cash-or-nothing option and its derivatives, in the units of [`Greeks`](super::Greeks).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DigitalGreeks {
    /// The price.
    pub value: f64,
    /// `∂V/∂S`.
    pub delta: f64,
    /// `∂²V/∂S²`.
    pub gamma: f64,
    /// `∂V/∂σ`.
    pub vega: f64,
    /// `−∂V/∂T`, per year.
    pub theta: f64,
    /// `∂V/∂r`.
    pub rho: f64,
    /// `∂V/∂q`.
    pub dividend_rho: f64,
    /// `∂²V/∂S∂σ`.
    pub vanna: f64,
    /// `∂²V/∂σ²`.
    pub volga: f64,
}

impl BlackScholes {
    /// The price of a European option that pays `cash` when it finishes in the money, `cash · e^(−rT) Φ(±d₂)`.
    ///
    /// At zero time or volatility it pays when the forward is strictly beyond the strike.
    ///
    /// # Errors
    /// `OutOfDomain` unless `cash` is finite; `Undefined` at zero time or volatility with the forward exactly at the
    /// strike.
    ///
    /// # Source
    /// Reiner and Rubinstein (1991).
    pub fn cash_or_nothing_price(&self, kind: OptionKind, cash: f64) -> Result<f64> {
        check::finite("cash", cash)?;
        let terms = self.terms();
        let probability = if terms.deviation > 0.0 {
            normal::cdf(kind.sign() * terms.d2)
        } else {
            let ahead = kind.sign() * (terms.spot_leg - terms.strike_leg);
            if ahead > 0.0 {
                1.0
            } else if ahead < 0.0 {
                0.0
            } else {
                return check::undefined("cash or nothing", "the payoff jumps at the strike");
            }
        };
        check::computed("cash or nothing", cash * self.discount_factor() * probability)
    }

    /// Price and derivatives of the cash-or-nothing option.
    ///
    /// # Errors
    /// As [`BlackScholes::cash_or_nothing_price`], and `Undefined` at zero time or volatility.
    pub fn cash_or_nothing_greeks(&self, kind: OptionKind, cash: f64) -> Result<DigitalGreeks> {
        let value = self.cash_or_nothing_price(kind, cash)?;
        let Terms { deviation, d1, d2, .. } = self.terms();
        if deviation <= 0.0 {
            return check::undefined("digital greeks", "the price jumps where no uncertainty is left");
        }
        let BlackScholesInputs { spot, time, volatility, rate, dividend_yield, .. } = self.inputs();
        let density = kind.sign() * cash * self.discount_factor() * normal::pdf(d2);
        let drift = (rate - dividend_yield) / deviation - 0.5 * d1 / time;
        let greeks = DigitalGreeks {
            value,
            delta: density / (spot * deviation),
            gamma: -density * d1 / (spot * deviation).powi(2),
            vega: -density * d1 / volatility,
            theta: rate * value - density * drift,
            rho: density * time / deviation - time * value,
            dividend_rho: -density * time / deviation,
            vanna: density * (d1 * d2 - 1.0) / (spot * deviation * volatility),
            volga: density * (d1 + d2 - d1 * d1 * d2) / (volatility * volatility),
        };
        let numbers = [greeks.delta, greeks.gamma, greeks.vega, greeks.theta, greeks.rho, greeks.vanna, greeks.volga];
        match numbers.iter().find(|number| !number.is_finite()) {
            None => Ok(greeks),
            Some(_) => check::undefined("digital greeks", "a derivative exceeds what a number can hold"),
        }
    }
}
