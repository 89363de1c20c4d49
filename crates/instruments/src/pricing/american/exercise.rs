//! The exercise boundary as a user sees it.

use serde::{Deserialize, Serialize};

use super::Precision;
use super::boundary::NormalPut;
use super::curve::{Curve, Premium};
use super::regime::Regime;
use super::tables::Tables;
use crate::Result;
use crate::pricing::{BlackScholes, BlackScholesInputs, OptionKind, check};

/// Price of an American option and its derivatives by spot and time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpotGreeks {
    /// The price.
    pub price: f64,
    /// Derivative of the price by the spot.
    pub delta: f64,
    /// Second derivative of the price by the spot.
    pub gamma: f64,
    /// Change of the price as a year passes, `−∂V/∂T`.
    pub theta: f64,
}

/// The exercise boundary of one American option, which then prices any spot cheaply.
///
/// It depends on strike, time, volatility, rate and dividend yield, not on the spot: a scenario set that moves the
/// spot alone needs it once. Method and accuracy: [`AmericanMethod`](super::AmericanMethod).
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, ExerciseBoundary, OptionKind, Precision};
///
/// let model = BlackScholes::new(BlackScholesInputs {
///     spot: 36.0, strike: 40.0, time: 1.0, volatility: 0.2, rate: 0.06, dividend_yield: 0.0,
/// })?;
/// let boundary = ExerciseBoundary::new(OptionKind::Put, &model, Precision::Standard)?;
/// assert!((boundary.price(36.0)? - 4.486_674).abs() < 1e-6);
/// assert_eq!(boundary.price(30.0)?, 10.0); // below the boundary it is exercised
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExerciseBoundary {
    kind: OptionKind,
    model: BlackScholes,
    /// Nothing when early exercise never pays.
    curve: Option<Curve>,
}

impl ExerciseBoundary {
    /// Solves for the boundary; the spot of `model` plays no part.
    ///
    /// # Errors
    /// - `Undefined` at zero time or volatility, where there is nothing to solve.
    /// - `Unsupported` where exercise has two boundaries: a put with `q < r < 0`, a call with `r < q < 0`.
    /// - `NotConverged` when no boundary is found that passes the checks (falling with time, above the perpetual one,
    ///   near a simple approximation); finer precisions are tried first. Seen for `max(r, q)·√T` beyond a few
    ///   volatilities.
    pub fn new(kind: OptionKind, model: &BlackScholes, precision: Precision) -> Result<Self> {
        let inputs = model.inputs();
        if inputs.volatility * inputs.time.sqrt() <= 0.0 {
            return check::undefined("exercise boundary", "it needs time and volatility above 0");
        }
        let curve = match Regime::of(kind, &inputs)? {
            Regime::Never => None,
            Regime::Single(put) => Some(solve(put, precision)?),
        };
        Ok(Self { kind, model: *model, curve })
    }

    /// The spot at which exercise becomes right with the whole life ahead; `None` when it never is.
    #[must_use]
    pub fn critical_spot(&self) -> Option<f64> {
        self.curve.as_ref().map(|curve| self.unscale(curve.critical()))
    }

    /// The same with `time` years left.
    ///
    /// # Errors
    /// `OutOfDomain` unless `0 ≤ time ≤` the time to expiry of the option.
    pub fn critical_spot_at(&self, time: f64) -> Result<Option<f64>> {
        let whole = self.model.inputs().time;
        if !(0.0..=whole).contains(&time) {
            return check::refuse("time", "between 0 and the time to expiry", time);
        }
        Ok(self.curve.as_ref().map(|curve| self.unscale(curve.critical_at(time / whole))))
    }

    /// Price at a spot.
    ///
    /// # Errors
    /// `OutOfDomain` unless the spot is positive and finite.
    pub fn price(&self, spot: f64) -> Result<f64> {
        self.price_with_strike(spot, self.model.inputs().strike)
    }

    /// Price at a spot of the same option with another strike: boundaries scale with the strike.
    ///
    /// # Errors
    /// `OutOfDomain` unless spot and strike are positive and finite.
    pub fn price_with_strike(&self, spot: f64, strike: f64) -> Result<f64> {
        let model = BlackScholes::new(BlackScholesInputs { spot, strike, ..self.model.inputs() })?;
        let payoff = self.kind.payoff(spot, strike);
        let Some((curve, moneyness, scale)) = self.normalized(spot, strike) else { return Ok(model.price(self.kind)) };
        if moneyness <= curve.critical() {
            return Ok(payoff);
        }
        Ok((model.price(self.kind) + scale * curve.premium(moneyness)).max(payoff))
    }

    /// What the right to exercise early adds to the European price.
    ///
    /// # Errors
    /// As [`ExerciseBoundary::price`].
    pub fn premium_over_european(&self, spot: f64) -> Result<f64> {
        let model = self.model.with_spot(spot)?;
        let Some((curve, moneyness, scale)) = self.normalized(spot, model.inputs().strike) else { return Ok(0.0) };
        let least = self.kind.payoff(spot, model.inputs().strike) - model.price(self.kind);
        if moneyness <= curve.critical() {
            return Ok(least);
        }
        Ok((scale * curve.premium(moneyness)).max(least))
    }

    /// Derivative of the price by the spot.
    ///
    /// # Errors
    /// As [`ExerciseBoundary::greeks`].
    pub fn delta(&self, spot: f64) -> Result<f64> {
        Ok(self.greeks(spot)?.delta)
    }

    /// Second derivative of the price by the spot; 0 where the option is exercised.
    ///
    /// # Errors
    /// As [`ExerciseBoundary::greeks`].
    pub fn gamma(&self, spot: f64) -> Result<f64> {
        Ok(self.greeks(spot)?.gamma)
    }

    /// Price, delta, gamma and theta together, by differentiating the integral and, for theta, from the equation
    /// `θ + (r − q)SΔ + σ²S²Γ/2 = rV` that holds where the option is alive.
    ///
    /// # Errors
    /// `OutOfDomain` unless the spot is positive and finite.
    pub fn greeks(&self, spot: f64) -> Result<SpotGreeks> {
        let model = self.model.with_spot(spot)?;
        let european = model.greeks(self.kind)?;
        let Some((curve, moneyness, scale)) = self.normalized(spot, model.inputs().strike) else {
            let (delta, gamma, theta) = (european.delta, european.gamma, european.theta);
            return Ok(SpotGreeks { price: european.value, delta, gamma, theta });
        };
        if moneyness <= curve.critical() {
            let price = self.kind.payoff(spot, model.inputs().strike);
            return Ok(SpotGreeks { price, delta: self.kind.sign(), gamma: 0.0, theta: 0.0 });
        }
        let premium = curve.premium_with_slopes(moneyness);
        let (delta, gamma) = self.chain(&premium, moneyness, spot);
        let price = european.value + scale * premium.value;
        let (delta, gamma) = (european.delta + delta, european.gamma + gamma);
        let BlackScholesInputs { volatility, rate, dividend_yield, .. } = model.inputs();
        let theta =
            rate * price - (rate - dividend_yield) * spot * delta - 0.5 * volatility * volatility * spot * spot * gamma;
        Ok(SpotGreeks { price, delta, gamma, theta })
    }

    /// Moneyness of the put with strike 1, and the size of its unit.
    fn normalized(&self, spot: f64, strike: f64) -> Option<(&Curve, f64, f64)> {
        let curve = self.curve.as_ref()?;
        Some(match self.kind {
            OptionKind::Put => (curve, spot / strike, strike),
            OptionKind::Call => (curve, strike / spot, spot),
        })
    }

    /// Delta and gamma of the premium from those of the put with strike 1.
    fn chain(&self, premium: &Premium, moneyness: f64, spot: f64) -> (f64, f64) {
        match self.kind {
            OptionKind::Put => (premium.delta, premium.gamma / self.model.inputs().strike),
            OptionKind::Call => {
                (premium.value - moneyness * premium.delta, moneyness * moneyness * premium.gamma / spot)
            }
        }
    }

    fn unscale(&self, critical: f64) -> f64 {
        match self.kind {
            OptionKind::Put => self.model.inputs().strike * critical,
            OptionKind::Call => self.model.inputs().strike / critical,
        }
    }
}

/// A boundary at the asked precision, or at the next one that finds it.
fn solve(put: NormalPut, precision: Precision) -> Result<Curve> {
    let finer = match precision {
        Precision::Fast => Precision::Standard,
        Precision::Standard => Precision::High,
        Precision::High => return Curve::new(put, Tables::of(Precision::High)),
    };
    Curve::new(put, Tables::of(precision)).or_else(|_| solve(put, finer))
}
