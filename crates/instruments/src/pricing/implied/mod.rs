//! Implied volatility to the last digits that the price carries.

pub(crate) mod guess;
pub(crate) mod logarithm;
pub(crate) mod normalized;
pub(crate) mod solve;

use serde::{Deserialize, Serialize};

use super::{OptionKind, check};
use crate::{Error, Result};

/// A European option without its volatility, on a spot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpotQuote {
    /// Price of the underlying, above 0.
    pub spot: f64,
    /// Strike, above 0.
    pub strike: f64,
    /// Years to expiry, above 0.
    pub time: f64,
    /// Interest rate, continuously compounded.
    pub rate: f64,
    /// Dividend yield, continuously compounded.
    pub dividend_yield: f64,
}

/// A European option without its volatility, on a forward.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ForwardQuote {
    /// Forward price of the underlying at expiry, above 0.
    pub forward: f64,
    /// Strike, above 0.
    pub strike: f64,
    /// Years to expiry, above 0.
    pub time: f64,
    /// Value today of one unit of cash at expiry, above 0.
    pub discount_factor: f64,
}

/// The volatility at which Black-Scholes-Merton gives `price`.
///
/// A price at its intrinsic value, to rounding, has volatility 0. In-the-money prices carry only those digits of
/// the volatility that are left after the intrinsic value is taken off.
///
/// # Errors
/// - `OutOfDomain` for a quote field, or a price that is not finite.
/// - [`Error::BelowIntrinsic`] below the discounted intrinsic value of the forward.
/// - [`Error::AboveMaximum`] from `S e^(−qT)` for a call, `K e^(−rT)` for a put.
///
/// # Source
/// Jäckel (2017), "Let's be rational": Householder's steps of fourth order on a transformed out-of-the-money price;
/// first guesses and the evaluation of the price are our own.
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{OptionKind, SpotQuote, implied_volatility};
///
/// let quote = SpotQuote { spot: 100.0, strike: 150.0, time: 0.1, rate: 0.0, dividend_yield: 0.0 };
/// let volatility = implied_volatility(OptionKind::Call, 2.573_120_575_220_967e-7, &quote)?;
/// assert!((volatility - 0.25).abs() < 1e-14);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn implied_volatility(kind: OptionKind, price: f64, quote: &SpotQuote) -> Result<f64> {
    let SpotQuote { spot, strike, time, rate, dividend_yield } = *quote;
    check::positive("spot", spot)?;
    check::positive("strike", strike)?;
    check::positive("time", time)?;
    check::finite("rate", rate)?;
    check::finite("dividend_yield", dividend_yield)?;
    let log_moneyness = logarithm::of_ratio(spot, strike) + (rate - dividend_yield) * time;
    let legs =
        Legs { forward: spot * (-dividend_yield * time).exp(), strike: strike * (-rate * time).exp(), log_moneyness };
    Ok(legs.deviation(kind, price)? / time.sqrt())
}

/// The volatility at which Black's model of the forward gives the discounted `price`.
///
/// # Errors
/// As [`implied_volatility`].
pub fn implied_volatility_black76(kind: OptionKind, price: f64, quote: &ForwardQuote) -> Result<f64> {
    let ForwardQuote { forward, strike, time, discount_factor } = *quote;
    check::positive("forward", forward)?;
    check::positive("strike", strike)?;
    check::positive("time", time)?;
    check::positive("discount_factor", discount_factor)?;
    let legs = Legs {
        forward: forward * discount_factor,
        strike: strike * discount_factor,
        log_moneyness: logarithm::of_ratio(forward, strike),
    };
    Ok(legs.deviation(kind, price)? / time.sqrt())
}

/// Discounted forward and strike.
struct Legs {
    forward: f64,
    strike: f64,
    log_moneyness: f64,
}

impl Legs {
    /// `σ√T`.
    fn deviation(&self, kind: OptionKind, price: f64) -> Result<f64> {
        check::positive("discounted forward", self.forward)?;
        check::positive("discounted strike", self.strike)?;
        check::finite("log moneyness", self.log_moneyness)?;
        check::finite("price", price)?;
        let bound = kind.payoff(self.forward, self.strike);
        let maximum = match kind {
            OptionKind::Call => self.forward,
            OptionKind::Put => self.strike,
        };
        if price >= maximum {
            return Err(Error::AboveMaximum { price, bound: maximum });
        }
        let time_value = price - bound;
        // Intrinsic value is the difference of two rounded legs.
        let rounding = if bound > 0.0 { 4.0 * f64::EPSILON * self.forward.max(self.strike) } else { 0.0 };
        if time_value < -rounding {
            return Err(Error::BelowIntrinsic { price, bound });
        }
        if time_value <= 0.0 {
            return Ok(0.0);
        }
        // Call and put of one strike share their time value: that of the one out of the money, whose price can
        // reach the smaller leg.
        let (limit, large) = (self.forward.min(self.strike), self.forward.max(self.strike));
        solve::deviation(&Target {
            x: self.log_moneyness.abs(),
            time_value,
            limit,
            gap: large - limit,
            price: time_value / limit,
        })
    }
}

/// The price of an option out of the money, to be reached.
struct Target {
    /// `|ln(F/K)|`.
    x: f64,
    time_value: f64,
    /// The discounted leg that the price tends to with the deviation.
    limit: f64,
    /// From that leg to the other.
    gap: f64,
    /// `time_value / limit`.
    price: f64,
}

impl Target {
    /// `1 − price`, with its own digits.
    #[inline]
    fn rest(&self) -> f64 {
        (self.limit - self.time_value) / self.limit
    }
}

#[cfg(test)]
mod tests;
