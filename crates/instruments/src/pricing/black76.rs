//! European options on a forward: Black's model, and Bachelier's.

use serde::{Deserialize, Serialize};

use super::{OptionKind, check, normal};
use crate::Result;

/// What prices an option on a forward: unchecked until it reaches [`Black76::new`] or [`Bachelier::new`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ForwardInputs {
    /// Forward price of the underlying at expiry.
    pub forward: f64,
    /// Strike.
    pub strike: f64,
    /// Years to expiry, at least 0.
    pub time: f64,
    /// Volatility per √year, at least 0: of the logarithm for Black, of the price for Bachelier.
    pub volatility: f64,
    /// Value today of one unit of cash at expiry, above 0.
    pub discount_factor: f64,
}

/// Price of an option on a forward and its derivatives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForwardGreeks {
    /// The price.
    pub value: f64,
    /// `∂V/∂F`.
    pub delta: f64,
    /// `∂²V/∂F²`.
    pub gamma: f64,
    /// `∂V/∂σ`, per 1.00 of volatility.
    pub vega: f64,
}

/// Black's model of a lognormal forward.
///
/// ```text
/// V = ±D [F Φ(±d₁) − K Φ(±d₂)]      d₁ = ln(F/K)/(σ√T) + σ√T/2      d₂ = d₁ − σ√T
/// ```
///
/// # Source
/// Black (1976).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ForwardInputs", into = "ForwardInputs")]
pub struct Black76(ForwardInputs);

/// Bachelier's model of a normal forward, which may be negative.
///
/// ```text
/// V = D [±(F − K) Φ(±d) + σ√T φ(d)]      d = (F − K)/(σ√T)
/// ```
///
/// # Source
/// Bachelier (1900).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ForwardInputs", into = "ForwardInputs")]
pub struct Bachelier(ForwardInputs);

fn common(inputs: &ForwardInputs) -> Result<()> {
    check::non_negative("time", inputs.time)?;
    check::non_negative("volatility", inputs.volatility)?;
    check::finite("volatility * sqrt(time)", inputs.volatility * inputs.time.sqrt())?;
    check::positive("discount_factor", inputs.discount_factor)
}

impl Black76 {
    /// # Errors
    /// `OutOfDomain`, naming the field, unless forward, strike and discount factor are positive, time and volatility
    /// at least 0, and all finite.
    pub fn new(inputs: ForwardInputs) -> Result<Self> {
        check::positive("forward", inputs.forward)?;
        check::positive("strike", inputs.strike)?;
        check::positive("forward / strike", inputs.forward / inputs.strike)?;
        common(&inputs)?;
        check::finite("discounted forward", inputs.forward * inputs.discount_factor)?;
        check::finite("discounted strike", inputs.strike * inputs.discount_factor)?;
        Ok(Self(inputs))
    }

    /// The price.
    #[must_use]
    pub fn price(&self, kind: OptionKind) -> f64 {
        let ForwardInputs { forward, strike, discount_factor, .. } = self.0;
        match self.standardized() {
            None => discount_factor * kind.payoff(forward, strike),
            Some((d1, d2)) => {
                let sign = kind.sign();
                let undiscounted = sign * (forward * normal::cdf(sign * d1) - strike * normal::cdf(sign * d2));
                discount_factor * undiscounted.max(0.0)
            }
        }
    }

    /// Price and derivatives.
    ///
    /// # Errors
    /// `Undefined` at zero time or volatility.
    pub fn greeks(&self, kind: OptionKind) -> Result<ForwardGreeks> {
        let ForwardInputs { forward, time, volatility, discount_factor, .. } = self.0;
        let Some((d1, _)) = self.standardized() else {
            return check::undefined("greeks", "no uncertainty is left");
        };
        let sign = kind.sign();
        let density = discount_factor * normal::pdf(d1);
        Ok(ForwardGreeks {
            value: self.price(kind),
            delta: sign * discount_factor * normal::cdf(sign * d1),
            gamma: check::computed("gamma", density / (forward * volatility * time.sqrt()))?,
            vega: density * forward * time.sqrt(),
        })
    }

    fn standardized(&self) -> Option<(f64, f64)> {
        let ForwardInputs { forward, strike, time, volatility, .. } = self.0;
        let deviation = volatility * time.sqrt();
        let middle = (forward / strike).ln() / deviation;
        (deviation > 0.0).then_some((middle + 0.5 * deviation, middle - 0.5 * deviation))
    }
}

impl Bachelier {
    /// # Errors
    /// `OutOfDomain`, naming the field, unless the discount factor is positive, time and volatility at least 0, and
    /// all finite.
    pub fn new(inputs: ForwardInputs) -> Result<Self> {
        check::finite("forward", inputs.forward)?;
        check::finite("strike", inputs.strike)?;
        check::finite("forward - strike", inputs.forward - inputs.strike)?;
        common(&inputs)?;
        Ok(Self(inputs))
    }

    /// The price.
    #[must_use]
    pub fn price(&self, kind: OptionKind) -> f64 {
        let ForwardInputs { forward, strike, time, volatility, discount_factor } = self.0;
        let deviation = volatility * time.sqrt();
        let ahead = kind.sign() * (forward - strike);
        if deviation <= 0.0 {
            return discount_factor * ahead.max(0.0);
        }
        let d = ahead / deviation;
        // In the tail the two terms cancel: Mills' ratio keeps the digits.
        let undiscounted = if d < 0.0 {
            deviation * normal::pdf(d) * (1.0 + d * normal::mills(-d)).max(0.0)
        } else {
            ahead * normal::cdf(d) + deviation * normal::pdf(d)
        };
        discount_factor * undiscounted
    }

    /// Price and derivatives.
    ///
    /// # Errors
    /// `Undefined` at zero time or volatility.
    pub fn greeks(&self, kind: OptionKind) -> Result<ForwardGreeks> {
        let ForwardInputs { forward, strike, time, volatility, discount_factor } = self.0;
        let deviation = volatility * time.sqrt();
        if deviation <= 0.0 {
            return check::undefined("greeks", "no uncertainty is left");
        }
        let d = (forward - strike) / deviation;
        let sign = kind.sign();
        Ok(ForwardGreeks {
            value: self.price(kind),
            delta: sign * discount_factor * normal::cdf(sign * d),
            gamma: check::computed("gamma", discount_factor * normal::pdf(d) / deviation)?,
            vega: discount_factor * normal::pdf(d) * time.sqrt(),
        })
    }
}

impl TryFrom<ForwardInputs> for Black76 {
    type Error = crate::Error;

    fn try_from(inputs: ForwardInputs) -> Result<Self> {
        Self::new(inputs)
    }
}

impl From<Black76> for ForwardInputs {
    fn from(model: Black76) -> Self {
        model.0
    }
}

impl TryFrom<ForwardInputs> for Bachelier {
    type Error = crate::Error;

    fn try_from(inputs: ForwardInputs) -> Result<Self> {
        Self::new(inputs)
    }
}

impl From<Bachelier> for ForwardInputs {
    fn from(model: Bachelier) -> Self {
        model.0
    }
}
