//! Derivatives of the European price.

use std::ops::{Add, AddAssign, Mul};

use serde::{Deserialize, Serialize};

use super::black_scholes::Terms;
use super::{BlackScholes, BlackScholesInputs, OptionKind, check, normal};
use crate::Result;

/// Calendar days of the year that per-day numbers divide by.
const DAYS_PER_YEAR: f64 = 365.0;

/// A price and its derivatives, each per unit of its input: volatility per 1.00, rates per 1.00, time per year.
///
/// Greeks add up over positions on one underlying and scale with their size. Time derivatives are those of the
/// passing of time: `−∂/∂T`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Greeks {
    /// The price `V`.
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
    /// `−∂²V/∂S∂T`, per year.
    pub charm: f64,
    /// `−∂²V/∂σ∂T`, per year.
    pub veta: f64,
    /// `∂³V/∂S³`.
    pub speed: f64,
    /// `∂³V/∂S²∂σ`.
    pub zomma: f64,
    /// `−∂³V/∂S²∂T`, per year.
    pub color: f64,
    /// `∂³V/∂σ³`.
    pub ultima: f64,
}

/// The greeks and those numbers of one option that do not add up over positions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Analytics {
    /// Price and derivatives.
    #[serde(flatten)]
    pub greeks: Greeks,
    /// `∂V/∂K`.
    pub strike_sensitivity: f64,
    /// `±Φ(±d₁)`, undiscounted.
    pub forward_delta: f64,
    /// Risk-neutral probability of finishing in the money, `Φ(±d₂)`.
    pub exercise_probability: f64,
    /// `delta · S/V`; nothing when the price is too small for a number to hold.
    pub elasticity: Option<f64>,
    /// `d₁`.
    pub d1: f64,
    /// `d₂`.
    pub d2: f64,
}

impl Greeks {
    /// Vega per percentage point of volatility.
    #[must_use]
    pub fn vega_per_point(&self) -> f64 {
        self.vega / 100.0
    }

    /// Rho per percentage point of rate.
    #[must_use]
    pub fn rho_per_point(&self) -> f64 {
        self.rho / 100.0
    }

    /// Dividend rho per percentage point of dividend yield.
    #[must_use]
    pub fn dividend_rho_per_point(&self) -> f64 {
        self.dividend_rho / 100.0
    }

    /// Theta per calendar day.
    #[must_use]
    pub fn theta_per_day(&self) -> f64 {
        self.theta / DAYS_PER_YEAR
    }

    /// Charm per calendar day.
    #[must_use]
    pub fn charm_per_day(&self) -> f64 {
        self.charm / DAYS_PER_YEAR
    }

    fn fields(&self) -> [f64; 15] {
        [
            self.value,
            self.delta,
            self.gamma,
            self.vega,
            self.theta,
            self.rho,
            self.dividend_rho,
            self.vanna,
            self.volga,
            self.charm,
            self.veta,
            self.speed,
            self.zomma,
            self.color,
            self.ultima,
        ]
    }

    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            value: f(self.value, other.value),
            delta: f(self.delta, other.delta),
            gamma: f(self.gamma, other.gamma),
            vega: f(self.vega, other.vega),
            theta: f(self.theta, other.theta),
            rho: f(self.rho, other.rho),
            dividend_rho: f(self.dividend_rho, other.dividend_rho),
            vanna: f(self.vanna, other.vanna),
            volga: f(self.volga, other.volga),
            charm: f(self.charm, other.charm),
            veta: f(self.veta, other.veta),
            speed: f(self.speed, other.speed),
            zomma: f(self.zomma, other.zomma),
            color: f(self.color, other.color),
            ultima: f(self.ultima, other.ultima),
        }
    }
}

impl Add for Greeks {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl AddAssign for Greeks {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<f64> for Greeks {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self.zip(self, |a, _| a * factor)
    }
}

impl BlackScholes {
    /// Price and derivatives of a European option in one pass.
    ///
    /// At zero time or volatility they are the derivatives of the discounted intrinsic value of the forward.
    ///
    /// # Errors
    /// `Undefined` at zero time or volatility with the forward exactly at the strike, where the price has a kink,
    /// and when a derivative exceeds what a number can hold.
    ///
    /// # Examples
    /// ```
    /// use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, OptionKind};
    ///
    /// let model = BlackScholes::new(BlackScholesInputs {
    ///     spot: 105.0, strike: 100.0, time: 0.5, volatility: 0.36, rate: 0.1, dividend_yield: 0.1,
    /// })?;
    /// // Haug (1998): delta of the put.
    /// assert!((model.greeks(OptionKind::Put)?.delta + 0.3566).abs() < 1e-4);
    /// # Ok::<(), alluse_instruments::Error>(())
    /// ```
    pub fn greeks(&self, kind: OptionKind) -> Result<Greeks> {
        let terms = self.terms();
        let greeks = if terms.deviation > 0.0 { self.smooth(kind, &terms) } else { self.kinked(kind, &terms)? };
        if greeks.fields().iter().all(|greek| greek.is_finite()) {
            Ok(greeks)
        } else {
            check::undefined("greeks", "a derivative exceeds what a number can hold")
        }
    }

    /// Greeks together with the numbers of one option that do not add up: probabilities, elasticity, `d₁`, `d₂`.
    ///
    /// # Errors
    /// As [`BlackScholes::greeks`], and `Undefined` at zero time or volatility, where `d₁` and `d₂` are infinite.
    pub fn analytics(&self, kind: OptionKind) -> Result<Analytics> {
        let terms = self.terms();
        if terms.deviation <= 0.0 {
            return check::undefined("d1", "it is infinite at zero time or volatility");
        }
        let greeks = self.greeks(kind)?;
        let sign = kind.sign();
        let exercise_probability = normal::cdf(sign * terms.d2);
        let elasticity = greeks.delta * self.inputs().spot / greeks.value;
        Ok(Analytics {
            greeks,
            strike_sensitivity: -sign * self.discount_factor() * exercise_probability,
            forward_delta: sign * normal::cdf(sign * terms.d1),
            exercise_probability,
            elasticity: elasticity.is_finite().then_some(elasticity),
            d1: check::computed("d1", terms.d1)?,
            d2: check::computed("d2", terms.d2)?,
        })
    }

    fn smooth(&self, kind: OptionKind, terms: &Terms) -> Greeks {
        let BlackScholesInputs { spot, time, volatility, rate, dividend_yield, .. } = self.inputs();
        let Terms { spot_leg, strike_leg, deviation, d1, d2 } = *terms;
        let sign = kind.sign();
        let share = (-dividend_yield * time).exp();
        let density = normal::pdf(d1);
        let (in_spot, in_strike) = (spot_leg * normal::cdf(sign * d1), strike_leg * normal::cdf(sign * d2));
        let delta = sign * share * normal::cdf(sign * d1);
        let gamma = share * density / (spot * deviation);
        let vega = spot_leg * density * time.sqrt();
        let volga = vega * d1 * d2 / volatility;
        // ∂d₁/∂T
        let drift = (rate - dividend_yield) / deviation - 0.5 * d2 / time;
        let per_time = 0.5 / time;
        Greeks {
            value: self.price(kind),
            delta,
            gamma,
            vega,
            theta: sign * (dividend_yield * in_spot - rate * in_strike) - 0.5 * vega * volatility / time,
            rho: sign * time * in_strike,
            dividend_rho: -sign * time * in_spot,
            vanna: -share * density * d2 / volatility,
            volga,
            charm: dividend_yield * delta - share * density * drift,
            veta: vega * (dividend_yield + d1 * drift - per_time),
            speed: -gamma / spot * (1.0 + d1 / deviation),
            zomma: gamma * (d1 * d2 - 1.0) / volatility,
            color: gamma * (dividend_yield + d1 * drift + per_time),
            ultima: -vega * (d1 * d2 * (1.0 - d1 * d2) + d1 * d1 + d2 * d2) / (volatility * volatility),
        }
    }

    fn kinked(&self, kind: OptionKind, terms: &Terms) -> Result<Greeks> {
        let BlackScholesInputs { time, rate, dividend_yield, .. } = self.inputs();
        let Terms { spot_leg, strike_leg, .. } = *terms;
        let sign = kind.sign();
        let ahead = sign * (spot_leg - strike_leg);
        if ahead > 0.0 {
            let delta = sign * (-dividend_yield * time).exp();
            return Ok(Greeks {
                value: ahead,
                delta,
                theta: sign * (dividend_yield * spot_leg - rate * strike_leg),
                rho: sign * time * strike_leg,
                dividend_rho: -sign * time * spot_leg,
                charm: dividend_yield * delta,
                ..Greeks::default()
            });
        }
        if ahead < 0.0 {
            return Ok(Greeks::default());
        }
        check::undefined("greeks", "the price has a kink where the forward is the strike and no uncertainty is left")
    }
}
