//! Delta conventions of the currency market, and strikes from deltas.

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use super::{BlackScholes, BlackScholesInputs, OptionKind, check, normal};
use crate::Result;

/// What "delta" means in a quote.
///
/// With `φ = ±1`, forward `F`, foreign rate `q`:
///
/// | convention               | delta                    |
/// |--------------------------|--------------------------|
/// | `Spot`                   | `φ e^(−qT) Φ(φd₁)`       |
/// | `Forward`                | `φ Φ(φd₁)`               |
/// | `SpotPremiumAdjusted`    | `φ e^(−qT) (K/F) Φ(φd₂)` |
/// | `ForwardPremiumAdjusted` | `φ (K/F) Φ(φd₂)`         |
///
/// # Source
/// Reiswich and Wystup (2010).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeltaConvention {
    /// Hedge in spot.
    Spot,
    /// Hedge in the forward.
    Forward,
    /// Hedge in spot, premium paid in foreign currency.
    SpotPremiumAdjusted,
    /// Hedge in the forward, premium paid in foreign currency.
    ForwardPremiumAdjusted,
}

/// Which strike counts as at the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AtmRule {
    /// The straddle has delta 0: `F e^(σ²T/2)`, premium-adjusted `F e^(−σ²T/2)`.
    DeltaNeutral,
    /// The strike is the forward.
    Forward,
    /// The strike is the spot.
    Spot,
}

/// A market without a strike: what [`strike_from_delta`] and [`atm_strike`] look for one in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DeltaMarket {
    /// Price of the underlying, above 0.
    pub spot: f64,
    /// Years to expiry, above 0.
    pub time: f64,
    /// Volatility, above 0.
    pub volatility: f64,
    /// Domestic rate.
    pub rate: f64,
    /// Foreign rate.
    pub dividend_yield: f64,
}

const MAX_ITERATIONS: usize = 200;

impl DeltaConvention {
    fn is_premium_adjusted(self) -> bool {
        matches!(self, Self::SpotPremiumAdjusted | Self::ForwardPremiumAdjusted)
    }

    fn discount(self, market: &DeltaMarket) -> f64 {
        match self {
            Self::Spot | Self::SpotPremiumAdjusted => (-market.dividend_yield * market.time).exp(),
            Self::Forward | Self::ForwardPremiumAdjusted => 1.0,
        }
    }
}

impl DeltaMarket {
    fn checked(&self) -> Result<f64> {
        check::positive("time", self.time)?;
        check::positive("volatility", self.volatility)?;
        let Self { spot, time, volatility, rate, dividend_yield } = *self;
        let model =
            BlackScholes::new(BlackScholesInputs { spot, strike: spot, time, volatility, rate, dividend_yield })?;
        check::positive("forward", model.forward())?;
        Ok(model.forward())
    }
}

impl BlackScholes {
    /// The delta of a convention.
    ///
    /// # Errors
    /// `Undefined` at zero time or volatility.
    pub fn delta(&self, kind: OptionKind, convention: DeltaConvention) -> Result<f64> {
        let BlackScholesInputs { strike, time, dividend_yield, .. } = self.inputs();
        let terms = self.terms();
        if terms.deviation <= 0.0 {
            return check::undefined("delta", "conventions need time and volatility above 0");
        }
        let sign = kind.sign();
        let share = (-dividend_yield * time).exp();
        let delta = match convention {
            DeltaConvention::Spot => share * normal::cdf(sign * terms.d1),
            DeltaConvention::Forward => normal::cdf(sign * terms.d1),
            DeltaConvention::SpotPremiumAdjusted => share * strike / self.forward() * normal::cdf(sign * terms.d2),
            DeltaConvention::ForwardPremiumAdjusted => strike / self.forward() * normal::cdf(sign * terms.d2),
        };
        check::computed("delta", sign * delta)
    }
}

/// The strike whose option has a given delta: positive for a call, negative for a put.
///
/// A premium-adjusted call delta belongs to two strikes; this is the higher one.
///
/// # Errors
/// - `OutOfDomain` for a market field or for a delta that no strike reaches, such as a call delta above `e^(−qT)`.
/// - `NotConverged` when the search for a premium-adjusted strike fails.
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{DeltaConvention, DeltaMarket, OptionKind, strike_from_delta};
///
/// let market = DeltaMarket { spot: 100.0, time: 1.0, volatility: 0.2, rate: 0.0, dividend_yield: 0.0 };
/// let strike = strike_from_delta(&market, OptionKind::Put, -0.5, DeltaConvention::Forward)?;
/// assert!((strike - 100.0 * (0.5_f64 * 0.04).exp()).abs() < 1e-10); // where d₁ = 0
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn strike_from_delta(
    market: &DeltaMarket,
    kind: OptionKind,
    delta: f64,
    convention: DeltaConvention,
) -> Result<f64> {
    let forward = market.checked()?;
    let deviation = market.volatility * market.time.sqrt();
    let size = kind.sign() * delta / convention.discount(market);
    if !(size > 0.0 && size.is_finite()) {
        return check::refuse("delta", "above 0 for a call, below 0 for a put", delta);
    }
    if convention.is_premium_adjusted() {
        let log_moneyness = premium_adjusted(kind, size, deviation, delta)?;
        return check::computed("strike", forward * log_moneyness.exp());
    }
    if size >= 1.0 {
        return check::refuse("delta", "smaller than what the largest position reaches", delta);
    }
    let d1 = kind.sign() * normal::quantile(size);
    check::computed("strike", forward * (0.5 * deviation * deviation - d1 * deviation).exp())
}

/// Solves `e^k Φ(φ d₂) = size` for the log moneyness `k = ln(K/F)`.
fn premium_adjusted(kind: OptionKind, size: f64, deviation: f64, delta: f64) -> Result<f64> {
    let sign = kind.sign();
    let d2 = |k: f64| -k / deviation - 0.5 * deviation;
    let log_delta = |k: f64| k + normal::cdf(sign * d2(k)).ln();
    let slope = |k: f64| 1.0 - sign / deviation * normal::pdf(d2(k)) / normal::cdf(sign * d2(k));
    let target = size.ln();
    // A put's delta grows with the strike. A call's has one maximum, and falls beyond it.
    let (mut low, mut high) = match kind {
        OptionKind::Put => (-deviation, deviation),
        OptionKind::Call => (peak(slope, deviation)?, deviation),
    };
    let mut rounds = 0;
    while sign * (log_delta(high) - target) > 0.0 {
        high += deviation.max(high.abs());
        rounds = counted(rounds, high)?;
    }
    if kind == OptionKind::Call && log_delta(low) < target {
        return check::refuse("delta", "at most the largest premium-adjusted call delta", delta);
    }
    while kind == OptionKind::Put && log_delta(low) > target {
        low -= deviation.max(low.abs());
        rounds = counted(rounds, low)?;
    }
    let mut k = 0.5 * (low + high);
    for _ in 0..MAX_ITERATIONS {
        let excess = log_delta(k) - target;
        if sign * excess > 0.0 {
            low = k
        } else {
            high = k
        }
        let newton = k - excess / slope(k);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - k).abs() <= 1e-15 * (1.0 + k.abs()) {
            return Ok(next);
        }
        k = next;
    }
    // Bisection leaves the bracket as small as rounding allows.
    if high - low <= 1e-12 * (1.0 + k.abs()) { Ok(k) } else { not_converged(high - low) }
}

/// Where the premium-adjusted call delta is largest: its slope falls from 1 to below 0 as the strike grows.
fn peak(slope: impl Fn(f64) -> f64, deviation: f64) -> Result<f64> {
    let (mut low, mut high) = (-deviation, deviation);
    let mut rounds = 0;
    while slope(low) < 0.0 {
        low -= deviation.max(low.abs());
        rounds = counted(rounds, low)?;
    }
    while slope(high) > 0.0 {
        high += deviation.max(high.abs());
        rounds = counted(rounds, high)?;
    }
    for _ in 0..MAX_ITERATIONS {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 { low = middle } else { high = middle }
    }
    Ok(low)
}

fn counted(rounds: usize, at: f64) -> Result<usize> {
    if rounds < MAX_ITERATIONS { Ok(rounds + 1) } else { not_converged(at) }
}

fn not_converged<T>(residual: f64) -> Result<T> {
    Err(Input::NotConverged { name: "strike from delta", iterations: MAX_ITERATIONS, residual }.into())
}

/// The at-the-money strike.
///
/// # Errors
/// `OutOfDomain` for a market field.
pub fn atm_strike(market: &DeltaMarket, convention: DeltaConvention, rule: AtmRule) -> Result<f64> {
    let forward = market.checked()?;
    let half_variance = 0.5 * market.volatility * market.volatility * market.time;
    let strike = match rule {
        AtmRule::DeltaNeutral if convention.is_premium_adjusted() => forward * (-half_variance).exp(),
        AtmRule::DeltaNeutral => forward * half_variance.exp(),
        AtmRule::Forward => forward,
        AtmRule::Spot => market.spot,
    };
    check::computed("strike", strike)
}
