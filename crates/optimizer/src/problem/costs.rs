//! What trading costs, as a function of the weights traded.

use alluse_risk_core::Weights;
use serde::{Deserialize, Serialize};

use crate::Universe;
use crate::{Error, Result, check};

/// The cost of moving from the weights held to the weights chosen, as a fraction of capital.
///
/// ```text
/// Δ = w − held     cost = [Σ buyᵢ max(Δᵢ, 0) + Σ sellᵢ max(−Δᵢ, 0) + Σ qᵢ Δᵢ² + Σ cᵢ |Δᵢ|^{3/2} + Σ fᵢ 1{Δᵢ ≠ 0}] / periods
/// ```
///
/// Rates are one-way: they are paid on the value traded, once on the way in and once on the way out. The cost is paid
/// once while expected returns are earned every period, so `periods` says over how many of them it is spread; it is 1
/// until [`amortised_over`](Self::amortised_over) says otherwise.
///
/// ```
/// use alluse_optimizer::problem::Costs;
/// use alluse_risk_core::Weights;
///
/// let held = Weights::new(vec![0.5, 0.5])?;
/// let costs = Costs::one_way_bps(held, 5.0)?;
/// // Turning over a tenth of capital costs 2 × 0.1 × 5 bp.
/// assert!((costs.of(&[0.6, 0.4])? - 1e-4).abs() < 1e-18);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    held: Weights,
    buy: Vec<f64>,
    sell: Vec<f64>,
    quadratic: Vec<f64>,
    impact: Vec<f64>,
    fixed: Vec<f64>,
    periods: f64,
}

impl Costs {
    /// No costs yet, from these holdings.
    #[must_use]
    pub fn from(held: Weights) -> Self {
        let zeros = vec![0.0; held.len()];
        Self {
            buy: zeros.clone(),
            sell: zeros.clone(),
            quadratic: zeros.clone(),
            impact: zeros.clone(),
            fixed: zeros,
            held,
            periods: 1.0,
        }
    }

    /// The same one-way rate for every asset, in basis points of the value traded.
    ///
    /// # Errors
    /// [`Error::Input`] for a rate that is negative or not finite.
    pub fn one_way_bps(held: Weights, bps: f64) -> Result<Self> {
        let rates = vec![bps * 1e-4; held.len()];
        Self::from(held).with_linear(rates.clone(), rates)
    }

    /// The same rate for every asset, in basis points for buying *and* selling again.
    ///
    /// # Errors
    /// Those of [`one_way_bps`](Self::one_way_bps).
    pub fn round_trip_bps(held: Weights, bps: f64) -> Result<Self> {
        Self::one_way_bps(held, bps / 2.0)
    }

    /// With one-way rates per asset, for buying and for selling, as fractions of the value traded.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong length or a rate that is negative or not finite.
    pub fn with_linear(mut self, buy: Vec<f64>, sell: Vec<f64>) -> Result<Self> {
        (self.buy, self.sell) = (self.checked("buy rates", buy)?, self.checked("sell rates", sell)?);
        Ok(self)
    }

    /// With `qᵢ Δᵢ²`.
    ///
    /// # Errors
    /// Those of [`with_linear`](Self::with_linear).
    pub fn with_quadratic(mut self, coefficients: Vec<f64>) -> Result<Self> {
        self.quadratic = self.checked("quadratic costs", coefficients)?;
        Ok(self)
    }

    /// With market impact `cᵢ |Δᵢ|^{3/2}` (Almgren et al. 2005; Grinold and Kahn 2000).
    ///
    /// A square-root law that moves the price by `Y σ √(traded / daily volume)` gives `cᵢ = Yσᵢ √(capital / volumeᵢ)`,
    /// the daily volume in currency.
    ///
    /// # Errors
    /// Those of [`with_linear`](Self::with_linear).
    pub fn with_impact(mut self, coefficients: Vec<f64>) -> Result<Self> {
        self.impact = self.checked("impact costs", coefficients)?;
        Ok(self)
    }

    /// With the impact of a square-root law: volatilities a day, daily volumes in currency, and its constant `Y`.
    ///
    /// # Errors
    /// Those of [`with_linear`](Self::with_linear); a volume or capital that is not positive.
    pub fn with_square_root_law(self, capital: f64, volatilities: &[f64], volumes: &[f64], y: f64) -> Result<Self> {
        check::length("daily volumes", volatilities.len(), volumes.len())?;
        let coefficient = |(volatility, volume): (&f64, &f64)| y * volatility * (capital / volume).sqrt();
        let coefficients = volatilities.iter().zip(volumes).map(coefficient).collect();
        self.with_impact(coefficients)
    }

    /// With a fixed cost of trading an asset at all, as a fraction of capital. It makes the problem a discrete one.
    ///
    /// # Errors
    /// Those of [`with_linear`](Self::with_linear).
    pub fn with_fixed(mut self, costs: Vec<f64>) -> Result<Self> {
        self.fixed = self.checked("fixed costs", costs)?;
        Ok(self)
    }

    /// With a fee per option contract of one asset: `fee / notional` of what is traded, `notional` being the capital
    /// that one contract stands for in the weights.
    ///
    /// # Errors
    /// [`Error::Input`] for an asset that is not in the universe, a fee that is negative or a notional not positive.
    pub fn with_fee_per_contract(mut self, universe: &Universe, asset: &str, fee: f64, notional: f64) -> Result<Self> {
        let place = universe.position(asset)?;
        check::positive("notional", notional)?;
        if place >= self.buy.len() {
            return Err(Error::invalid("costs", format!("{asset} is asset {place}, beyond the holdings")));
        }
        self.buy[place] += fee / notional;
        self.sell[place] += fee / notional;
        (self.buy, self.sell) =
            (self.checked("buy rates", self.buy.clone())?, self.checked("sell rates", self.sell.clone())?);
        Ok(self)
    }

    /// Spread over so many periods of the expected returns.
    ///
    /// # Errors
    /// [`Error::Input`] unless positive and finite.
    pub fn amortised_over(mut self, periods: f64) -> Result<Self> {
        self.periods = check::positive("periods", periods)?;
        Ok(self)
    }

    /// The weights held before trading.
    #[must_use]
    pub fn held(&self) -> &Weights {
        &self.held
    }

    /// The cost of moving to these weights, as a fraction of capital a period.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong length.
    pub fn of(&self, weights: &[f64]) -> Result<f64> {
        check::length("weights", self.held.len(), weights.len())?;
        let one = |(asset, (weight, held)): (usize, (&f64, &f64))| {
            let traded = weight - held;
            let linear = self.buy[asset] * traded.max(0.0) + self.sell[asset] * (-traded).max(0.0);
            let fixed = if traded.abs() > 1e-9 { self.fixed[asset] } else { 0.0 };
            let size = traded.abs();
            linear + self.quadratic[asset] * size * size + self.impact[asset] * size * size.sqrt() + fixed
        };
        Ok(weights.iter().zip(self.held.view()).enumerate().map(one).sum::<f64>() / self.periods)
    }

    /// Per asset: buy and sell rate, quadratic, impact and fixed cost, each a period.
    pub(crate) fn per_period(&self, asset: usize) -> AssetCost {
        let over = |cost: &[f64]| cost[asset] / self.periods;
        AssetCost {
            buy: over(&self.buy),
            sell: over(&self.sell),
            quadratic: over(&self.quadratic),
            impact: over(&self.impact),
            fixed: over(&self.fixed),
        }
    }

    /// Without what trading at all costs.
    pub(crate) fn without_fixed(mut self) -> Self {
        self.fixed.fill(0.0);
        self
    }

    /// Whether trading at all has a price of its own.
    pub(crate) fn has_fixed(&self) -> bool {
        self.fixed.iter().any(|f| *f > 0.0)
    }

    fn checked(&self, name: &'static str, values: Vec<f64>) -> Result<Vec<f64>> {
        check::length(name, self.held.len(), values.len())?;
        check::elements(name, "finite and not negative", &values, |v| v >= 0.0 && v.is_finite())?;
        Ok(values)
    }
}

/// The costs of one asset, a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AssetCost {
    pub(crate) buy: f64,
    pub(crate) sell: f64,
    pub(crate) quadratic: f64,
    pub(crate) impact: f64,
    pub(crate) fixed: f64,
}
