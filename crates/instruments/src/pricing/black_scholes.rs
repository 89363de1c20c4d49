//! European options in the model of Black, Scholes and Merton.

use serde::{Deserialize, Serialize};

use super::{OptionKind, check, normal};
use crate::Result;

/// The six numbers that price an option, as a caller has them: unchecked until they reach
/// [`BlackScholes::new`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BlackScholesInputs {
    /// Price of the underlying, above 0.
    pub spot: f64,
    /// Strike, above 0.
    pub strike: f64,
    /// Years to expiry (ACT/365F), at least 0.
    pub time: f64,
    /// Volatility per √year, at least 0.
    pub volatility: f64,
    /// Interest rate, continuously compounded.
    pub rate: f64,
    /// Dividend yield, continuously compounded; the foreign rate of a currency.
    pub dividend_yield: f64,
}

/// The model of Black, Scholes and Merton with checked inputs.
///
/// ```text
/// call = S e^(−qT) Φ(d₁) − K e^(−rT) Φ(d₂)      d₁ = [ln(S/K) + (r − q)T]/(σ√T) + σ√T/2
/// put  = K e^(−rT) Φ(−d₂) − S e^(−qT) Φ(−d₁)    d₂ = d₁ − σ√T
/// ```
///
/// At `T = 0` or `σ = 0` the price is the discounted intrinsic value of the forward. A put comes from its
/// own formula, never from parity, so a deep out-of-the-money put keeps its digits.
///
/// # Source
/// Black and Scholes (1973); Merton (1973).
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, OptionKind};
///
/// let model = BlackScholes::new(BlackScholesInputs {
///     spot: 42.0, strike: 40.0, time: 0.5, volatility: 0.2, rate: 0.1, dividend_yield: 0.0,
/// })?;
/// // Hull's example: the call is worth 4.76 and the put 0.81.
/// assert!((model.price(OptionKind::Call) - 4.76).abs() < 5e-3);
/// assert!((model.price(OptionKind::Put) - 0.81).abs() < 5e-3);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BlackScholesInputs", into = "BlackScholesInputs")]
pub struct BlackScholes {
    inputs: BlackScholesInputs,
}

/// What price and greeks share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// `S e^(−qT)`.
    pub(super) spot_leg: f64,
    /// `K e^(−rT)`.
    pub(super) strike_leg: f64,
    /// `σ√T`.
    pub(super) deviation: f64,
    /// Meaningless when `deviation` is 0.
    pub(super) d1: f64,
    /// Meaningless when `deviation` is 0.
    pub(super) d2: f64,
}

impl BlackScholes {
    /// # Errors
    /// `OutOfDomain`, naming the field and its value, unless `spot > 0`, `strike > 0`, `time ≥ 0`,
    /// `volatility ≥ 0`, all are finite, and so are `S/K`, `σ√T` and the discounted spot and strike.
    pub fn new(inputs: BlackScholesInputs) -> Result<Self> {
        let BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield } = inputs;
        check::positive("spot", spot)?;
        check::positive("strike", strike)?;
        check::non_negative("time", time)?;
        check::non_negative("volatility", volatility)?;
        check::finite("rate", rate)?;
        check::finite("dividend_yield", dividend_yield)?;
        check::positive("spot / strike", spot / strike)?;
        check::finite("volatility * sqrt(time)", volatility * time.sqrt())?;
        check::finite("discounted strike", strike * (-rate * time).exp())?;
        check::finite("discounted spot", spot * (-dividend_yield * time).exp())?;
        Ok(Self { inputs })
    }

    /// The inputs as they were given.
    #[must_use]
    pub fn inputs(&self) -> BlackScholesInputs {
        self.inputs
    }

    /// The price of a European option.
    #[must_use]
    pub fn price(&self, kind: OptionKind) -> f64 {
        let terms = self.terms();
        let sign = kind.sign();
        let Terms { spot_leg, strike_leg, d1, d2, .. } = terms;
        if terms.deviation > 0.0 {
            // Far out of the money the difference of two tiny numbers may round to just below 0.
            (sign * (spot_leg * normal::cdf(sign * d1) - strike_leg * normal::cdf(sign * d2))).max(0.0)
        } else {
            kind.payoff(spot_leg, strike_leg)
        }
    }

    /// The forward price of the underlying, `S e^((r − q)T)`.
    #[must_use]
    pub fn forward(&self) -> f64 {
        self.inputs.spot * ((self.inputs.rate - self.inputs.dividend_yield) * self.inputs.time).exp()
    }

    /// The value today of one unit of cash at expiry, `e^(−rT)`.
    #[must_use]
    pub fn discount_factor(&self) -> f64 {
        (-self.inputs.rate * self.inputs.time).exp()
    }

    /// The same inputs with another spot.
    ///
    /// # Errors
    /// As [`BlackScholes::new`].
    pub fn with_spot(&self, spot: f64) -> Result<Self> {
        Self::new(BlackScholesInputs { spot, ..self.inputs })
    }

    pub(super) fn terms(&self) -> Terms {
        let BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield } = self.inputs;
        let deviation = volatility * time.sqrt();
        let standardized = ((spot / strike).ln() + (rate - dividend_yield) * time) / deviation;
        Terms {
            spot_leg: spot * (-dividend_yield * time).exp(),
            strike_leg: strike * (-rate * time).exp(),
            deviation,
            d1: standardized + 0.5 * deviation,
            d2: standardized - 0.5 * deviation,
        }
    }
}

impl TryFrom<BlackScholesInputs> for BlackScholes {
    type Error = crate::Error;

    fn try_from(inputs: BlackScholesInputs) -> Result<Self> {
        Self::new(inputs)
    }
}

impl From<BlackScholes> for BlackScholesInputs {
    fn from(model: BlackScholes) -> Self {
        model.inputs
    }
}
