//! How implied volatilities move when the spot does.

use std::collections::BTreeSet;

use alluse_risk_core::{AssetId, Factor, ScenarioSet, ShockKind};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::{VolatilitySurface, check};
use crate::{Book, Error, OptionContract, Result};

/// What a smile is tied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SmileDynamics {
    /// Each strike keeps its volatility.
    StickyStrike,
    /// Each moneyness `K/F` keeps its volatility: the smile moves with the spot, the forward in proportion to it.
    StickyDelta,
}

impl SmileDynamics {
    /// The volatility of a contract once the spot has moved, on the day of the surface:
    ///
    /// ```text
    /// sticky strike   σ(K)
    /// sticky delta    σ(K · spot now / spot then)
    /// ```
    ///
    /// # Errors
    /// `OutOfDomain` unless both spots are positive and finite, and those of [`VolatilitySurface::volatility`].
    ///
    /// # Source
    /// Derman (1999), "Regimes of volatility".
    pub fn volatility_after(
        self,
        surface: &VolatilitySurface,
        contract: &OptionContract,
        spot_now: f64,
        spot_then: f64,
    ) -> Result<f64> {
        check::positive("spot now", spot_now)?;
        check::positive("spot then", spot_then)?;
        let strike = match self {
            Self::StickyStrike => contract.strike(),
            Self::StickyDelta => contract.strike() * (spot_now / spot_then),
        };
        surface.volatility(strike, contract.expiry())
    }
}

/// The scenarios with a volatility shock for every option contract whose underlying has a surface.
///
/// ```text
/// σ then = shock of the underlying's volatility applied to (σ now + σ(spot then) − σ(spot now))
/// ```
///
/// First the dynamics move the volatility along the smile, then the scenario's own shock of the underlying's
/// volatility, if it has one, acts on the result: relative and logarithmic shocks multiply it, an absolute one adds.
/// The column holds `σ then − σ now`, absolute. `σ now` is that of the market: the surface's, or the contract's own,
/// which the dynamics move by as much as the surface at that strike. Options do not age on the way: the smile is read
/// at today's time to expiry.
///
/// Contracts whose underlying has no surface are left to the scenarios.
///
/// # Errors
/// - [`Error::AsOfMismatch`] unless the scenarios start on the day of the market.
/// - [`Error::MissingQuote`] or [`Error::NoScenarios`] when such an underlying has no price, or none in the scenarios.
/// - [`Error::ShockOutOfDomain`] when a spot leaves (0, ∞), or a volatility falls below 0.
/// - `Duplicate` when the scenarios already shock the volatility of such a contract.
///
/// # Examples
/// ```
/// use alluse_instruments::surface::{
///     Carry, ExpirySlice, SmileDynamics, SplineSmile, VolatilitySurface, add_smile_dynamics,
/// };
/// use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
/// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSet, ShockKind};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let (today, expiry) = (date(2019, 1, 1), date(2020, 1, 1));
/// let skew = SplineSmile::new(vec![-0.4, 0.0, 0.4], vec![0.08, 0.04, 0.03])?;
/// let surface = VolatilitySurface::new(today, 100.0, vec![ExpirySlice::new(expiry, Carry::Rate(0.0), skew)])?;
/// let market = MarketSnapshot::usd(today).with_spot("SPX", 100.0)?.with_surface("SPX", surface)?;
/// let put = OptionContract::put("SPX", 90.0, expiry, Multiplier::EQUITY)?.european();
/// let book = Book::builder().option(put.clone(), -1.0).build(&market)?;
/// let spot = (Factor::Spot(AssetId::new("SPX")?), ShockKind::Relative);
/// let crash = ScenarioSet::new(today, Horizon::DAY, vec![spot], array![[-0.10]])?;
///
/// let moved = add_smile_dynamics(&crash, &book, SmileDynamics::StickyDelta)?;
/// let shock = moved.column(&Factor::ContractVolatility(put.id())).unwrap().1[0];
/// assert!((market.volatility(&put).unwrap() + shock - 0.2).abs() < 1e-12); // it is at the money now
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn add_smile_dynamics(scenarios: &ScenarioSet, book: &Book, dynamics: SmileDynamics) -> Result<ScenarioSet> {
    let market = book.market();
    if scenarios.as_of() != market.as_of() {
        return Err(Error::AsOfMismatch { market: market.as_of(), scenarios: scenarios.as_of() });
    }
    let mut seen = BTreeSet::new();
    let mut factors = scenarios.factors().to_vec();
    let mut columns = Vec::new();
    for contract in book.positions().iter().filter_map(|position| position.option()) {
        let Some(surface) = market.surface(contract.underlying()) else { continue };
        let id = contract.id();
        if !seen.insert(id.clone()) {
            continue;
        }
        let factor = Factor::ContractVolatility(id);
        let shocks = Shocked { scenarios, book, contract, surface, dynamics }.shocks(&factor)?;
        factors.push((factor, ShockKind::Absolute));
        columns.push(shocks);
    }
    if columns.is_empty() {
        return Ok(scenarios.clone());
    }
    let old = scenarios.shocks();
    let shocks = Array2::from_shape_fn((scenarios.len(), factors.len()), |(row, column)| {
        match column.checked_sub(old.ncols()) {
            None => old[[row, column]],
            Some(added) => columns[added][row],
        }
    });
    let mut set = ScenarioSet::new(scenarios.as_of(), scenarios.horizon(), factors, shocks)?
        .with_ids(scenarios.ids().to_vec(), scenarios.ordering())?
        .with_overlap(scenarios.overlap())?;
    if let Some(probabilities) = scenarios.probabilities() {
        set = set.with_probabilities(probabilities.to_owned())?;
    }
    Ok(set)
}

/// One contract in all scenarios.
struct Shocked<'a> {
    scenarios: &'a ScenarioSet,
    book: &'a Book,
    contract: &'a OptionContract,
    surface: &'a VolatilitySurface,
    dynamics: SmileDynamics,
}

impl Shocked<'_> {
    fn shocks(&self, factor: &Factor) -> Result<Vec<f64>> {
        let Self { scenarios, contract, surface, dynamics, .. } = *self;
        let asset = contract.underlying();
        let market = self.book.market();
        let missing = |what| Error::MissingQuote { what, name: asset.to_string() };
        let spot = market.spot(asset).ok_or_else(|| missing("price"))?;
        let now = market.volatility(contract).ok_or_else(|| missing("volatility"))?;
        let read_now = dynamics.volatility_after(surface, contract, spot, spot)?;
        let (kind, moves) = self.spots(asset)?;
        let further = scenarios.column(&Factor::Volatility(asset.clone()));
        let mut shocks = Vec::with_capacity(scenarios.len());
        for (index, &shock) in moves.iter().enumerate() {
            let refused = |factor: &Factor, expected, value| Error::ShockOutOfDomain {
                scenario: scenarios.ids()[index].to_string(),
                factor: factor.to_string(),
                expected,
                value,
            };
            let spot_then = kind.apply(spot, shock);
            if !(spot_then > 0.0 && spot_then.is_finite()) {
                return Err(refused(&Factor::Spot(asset.clone()), "positive and finite", spot_then));
            }
            let moved = now + (dynamics.volatility_after(surface, contract, spot, spot_then)? - read_now);
            let then = further.map_or(moved, |(kind, shocks)| kind.apply(moved, shocks[index]));
            if !(then >= 0.0 && then.is_finite()) {
                return Err(refused(factor, "at least 0 and finite", then));
            }
            shocks.push(then - now);
        }
        Ok(shocks)
    }

    fn spots(&self, asset: &AssetId) -> Result<(ShockKind, ArrayView1<'_, f64>)> {
        let column = self.scenarios.column(&Factor::Spot(asset.clone()));
        column.ok_or_else(|| Error::NoScenarios { name: asset.to_string() })
    }
}

#[cfg(test)]
#[path = "dynamics_tests.rs"]
mod tests;
