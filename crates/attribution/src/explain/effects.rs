//! What a P&L is made of.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// A P&L in its effects, in base currency; gains are positive, costs negative.
///
/// Along a path the greeks of the opening give `delta`, `gamma`, `vega`, `vanna` and `volga`, and what the integrals of
/// delta and vega hold beyond them is `higher_spot` and `higher_volatility`; both are 0 by [`Taylor`].
///
/// [`Taylor`]: super::ExplainMethod::Taylor
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// Time passing: `∫ θ dt`, carry included.
    pub theta: f64,
    /// `δ₀ ΔS`.
    pub delta: f64,
    /// `γ₀ ΔS²/2`.
    pub gamma: f64,
    /// `∫ δ dS` less delta, gamma and half of vanna: speed, charm and all beyond.
    pub higher_spot: f64,
    /// `𝒱₀ Δσ`.
    pub vega: f64,
    /// `∂²V/∂S∂σ ΔS Δσ` at the opening.
    pub vanna: f64,
    /// `∂²V/∂σ² Δσ²/2` at the opening.
    pub volga: f64,
    /// `∫ 𝒱 dσ` less vega, volga and half of vanna.
    pub higher_volatility: f64,
    /// `∫ ρ dr`.
    pub rho: f64,
    /// `∫ ∂V/∂q dq`, of the dividend yield.
    pub epsilon: f64,
    /// `∫ V dX`, of the currency.
    pub fx: f64,
    /// Dividends received, less those owed.
    pub dividends: f64,
    /// Interest received, less that paid.
    pub interest: f64,
    /// Trades and settlements at other prices than the close.
    pub trading: f64,
    /// Fees, as a negative number.
    pub costs: f64,
}

impl Effects {
    /// The effects with their names, in the order in which they are added.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, f64); 15] {
        [
            ("theta", self.theta),
            ("delta", self.delta),
            ("gamma", self.gamma),
            ("higher_spot", self.higher_spot),
            ("vega", self.vega),
            ("vanna", self.vanna),
            ("volga", self.volga),
            ("higher_volatility", self.higher_volatility),
            ("rho", self.rho),
            ("epsilon", self.epsilon),
            ("fx", self.fx),
            ("dividends", self.dividends),
            ("interest", self.interest),
            ("trading", self.trading),
            ("costs", self.costs),
        ]
    }

    /// The sum of the effects.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.parts().iter().map(|(_, amount)| amount).sum()
    }

    /// The effects of one unit of a price times a size.
    pub(super) fn scaled(self, by: f64) -> Self {
        Self {
            theta: by * self.theta,
            delta: by * self.delta,
            gamma: by * self.gamma,
            higher_spot: by * self.higher_spot,
            vega: by * self.vega,
            vanna: by * self.vanna,
            volga: by * self.volga,
            higher_volatility: by * self.higher_volatility,
            rho: by * self.rho,
            epsilon: by * self.epsilon,
            fx: by * self.fx,
            dividends: by * self.dividends,
            interest: by * self.interest,
            trading: by * self.trading,
            costs: by * self.costs,
        }
    }
}

impl AddAssign for Effects {
    fn add_assign(&mut self, other: Self) {
        self.theta += other.theta;
        self.delta += other.delta;
        self.gamma += other.gamma;
        self.higher_spot += other.higher_spot;
        self.vega += other.vega;
        self.vanna += other.vanna;
        self.volga += other.volga;
        self.higher_volatility += other.higher_volatility;
        self.rho += other.rho;
        self.epsilon += other.epsilon;
        self.fx += other.fx;
        self.dividends += other.dividends;
        self.interest += other.interest;
        self.trading += other.trading;
        self.costs += other.costs;
    }
}

/// A P&L and its explanation: `actual = effects + residual`. It adds up over positions and days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// What was earned.
    pub actual: f64,
    /// What of it is explained.
    pub effects: Effects,
    /// What is not.
    pub residual: f64,
}

impl Explained {
    pub(super) fn new(actual: f64, effects: Effects) -> Self {
        Self { actual, effects, residual: actual - effects.total() }
    }
}

impl AddAssign for Explained {
    fn add_assign(&mut self, other: Self) {
        self.actual += other.actual;
        self.effects += other.effects;
        self.residual += other.residual;
    }
}
