//! A book on a grid of spot, volatility and time.

mod pnl;

use alluse_instruments::{Book, Revaluation, TimeRoll};
use alluse_risk_core::{
    Assumption, Error as CoreError, Factor, Horizon, Ordering, ScenarioId, ScenarioPnl, ScenarioSet, ShockKind,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use pnl::RawPnl;
pub use pnl::{GridPnl, GridPoint};

use crate::scenario::Universe;
use crate::{Error, Result};

/// Most points of a grid.
const MAX_POINTS: usize = 1_000_000;

/// How volatilities move along a grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolatilityAxis {
    /// By fractions of each volatility, above −1.
    Relative(Vec<f64>),
    /// By differences: 0.05 is five points.
    Absolute(Vec<f64>),
}

impl VolatilityAxis {
    /// The shocks.
    #[must_use]
    pub fn shocks(&self) -> &[f64] {
        match self {
            Self::Relative(shocks) | Self::Absolute(shocks) => shocks,
        }
    }

    fn kind(&self) -> ShockKind {
        match self {
            Self::Relative(_) => ShockKind::Relative,
            Self::Absolute(_) => ShockKind::Absolute,
        }
    }
}

/// Every price of a book moves by the same fraction, every volatility by the same shock, and time passes.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `spots` | – | relative shocks of every price, above −1, increasing |
/// | `volatilities` | – | shocks of every volatility, increasing |
/// | `days` | 0 | exchange days that have passed, increasing; 0 is now |
/// | `revaluation` | exact | how the book is revalued; its time roll is not used |
///
/// ```
/// use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
/// use alluse_stress::{StressGrid, VolatilityAxis};
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31))
///     .with_spot("KO", 41.0)?
///     .with_volatility("KO", 0.20)?
///     .with_rate("USD", 0.02)?
///     .with_dividend_yield("KO", 0.0)?;
/// let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
/// let book = Book::builder().option(put, -1.0).build(&market)?;
///
/// let grid = StressGrid::new(vec![-0.2, 0.0, 0.2], VolatilityAxis::Absolute(vec![0.0, 0.3]))?.with_days(vec![0, 5])?;
/// let pnl = grid.revalue(&book)?;
/// let worst = pnl.worst();
/// assert_eq!((worst.spot, worst.volatility), (-0.2, 0.3)); // a short put
/// assert_eq!(pnl.total()[[0, 0, 1]], 0.0); // nothing moves, no time passes
/// assert!(pnl.total()[[1, 0, 1]] > 0.0); // five days of decay are earned
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawGrid", into = "RawGrid")]
pub struct StressGrid {
    spots: Vec<f64>,
    volatilities: VolatilityAxis,
    days: Vec<u32>,
    revaluation: Revaluation,
}

impl StressGrid {
    /// A grid of prices and volatilities, now.
    ///
    /// # Errors
    /// [`Error::Input`] for an axis that is empty, not finite or not increasing, for a relative shock of −1 or
    /// less, and for more than a million points.
    pub fn new(spots: Vec<f64>, volatilities: VolatilityAxis) -> Result<Self> {
        RawGrid { spots, volatilities, days: vec![0], revaluation: Revaluation::default() }.try_into()
    }

    /// With the exchange days that have passed.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_days(self, days: Vec<u32>) -> Result<Self> {
        RawGrid { days, ..self.into() }.try_into()
    }

    /// With another way to revalue the book.
    #[must_use]
    pub fn with_revaluation(self, revaluation: Revaluation) -> Self {
        Self { revaluation, ..self }
    }

    /// The P&L of every position at every point.
    ///
    /// # Errors
    /// [`Error::ShockOutOfDomain`] where a volatility would not be positive; [`Error::Pricing`] as
    /// [`Revaluation::revalue`].
    pub fn revalue(&self, book: &Book) -> Result<GridPnl> {
        self.each_day(book, |revaluation, set| Ok(revaluation.revalue(book, set)?))
    }

    /// The P&L of every label of an axis at every point.
    ///
    /// # Errors
    /// As [`revalue`](Self::revalue), and [`Error::Pricing`] for an axis that no position has.
    pub fn revalue_by(&self, book: &Book, axis: &str) -> Result<GridPnl> {
        self.each_day(book, |revaluation, set| Ok(revaluation.revalue_by(book, set, axis)?))
    }

    fn each_day(
        &self,
        book: &Book,
        revalue: impl Fn(&Revaluation, &ScenarioSet) -> Result<ScenarioPnl>,
    ) -> Result<GridPnl> {
        let universe = Universe::new(book);
        self.check_volatilities(&universe)?;
        let mut slices = Vec::with_capacity(self.days.len());
        for &days in &self.days {
            let roll = if days == 0 { TimeRoll::Instant } else { TimeRoll::Horizon };
            let revaluation = self.revaluation.clone().with_time_roll(roll);
            slices.push(revalue(&revaluation, &self.scenarios(&universe, days)?)?);
        }
        let held = universe.currencies.iter().filter(|currency| *currency != book.market().base());
        let held = held.map(|currency| Assumption::HeldFixed { factor: Factor::Fx(currency.clone()) }).collect();
        let Self { spots, volatilities, days, .. } = self.clone();
        RawPnl { spots, volatilities, days, slices, held }.try_into()
    }

    fn id(spot: f64, volatility: f64) -> String {
        format!("spot {spot:+}, volatility {volatility:+}")
    }

    /// Volatility by volatility, spots within.
    fn scenarios(&self, universe: &Universe<'_>, days: u32) -> Result<ScenarioSet> {
        let market = universe.book.market();
        let mut factors = Vec::new();
        for asset in universe.assets.iter().filter(|asset| market.spot(asset).is_some()) {
            factors.push((Factor::Spot(asset.clone()), ShockKind::Relative));
        }
        for asset in universe.underlyings() {
            factors.push((Factor::Volatility(asset.clone()), self.volatilities.kind()));
        }
        for currency in universe.currencies.iter().filter(|currency| *currency != market.base()) {
            factors.push((Factor::Fx(currency.clone()), ShockKind::Relative));
        }
        if factors.is_empty() {
            factors.push((universe.inert(), ShockKind::Absolute));
        }
        let shocks = self.volatilities.shocks();
        let points: Vec<(f64, f64)> =
            shocks.iter().flat_map(|volatility| self.spots.iter().map(move |spot| (*spot, *volatility))).collect();
        let values = Array2::from_shape_fn((points.len(), factors.len()), |(row, column)| match factors[column].0 {
            Factor::Spot(_) => points[row].0,
            Factor::Volatility(_) => points[row].1,
            _ => 0.0,
        });
        let ids = points.iter().map(|&(spot, volatility)| ScenarioId::new(Self::id(spot, volatility)));
        let ids = ids.collect::<std::result::Result<Vec<_>, _>>()?;
        let horizon = Horizon::days(days.max(1))?;
        Ok(ScenarioSet::new(market.as_of(), horizon, factors, values)?.with_ids(ids, Ordering::Named)?)
    }

    fn check_volatilities(&self, universe: &Universe<'_>) -> Result<()> {
        let VolatilityAxis::Absolute(shocks) = &self.volatilities else { return Ok(()) };
        for contract in &universe.contracts {
            for (shock, now) in shocks.iter().zip(std::iter::repeat(contract.volatility)) {
                let Some(value) = now.map(|now| now + shock).filter(|value| *value <= 0.0) else { continue };
                let scenario = self.spots.first().map_or_else(String::new, |spot| Self::id(*spot, *shock));
                let (step, factor) = (2, contract.factor.to_string());
                return Err(Error::ShockOutOfDomain { scenario, step, factor, expected: "positive", value });
            }
        }
        Ok(())
    }
}

fn increasing(name: &'static str, values: &[f64], above: f64) -> Result<()> {
    if values.is_empty() {
        return Err(CoreError::Empty { name }.into());
    }
    for (index, &value) in values.iter().enumerate() {
        if !(value.is_finite() && value > above) {
            let expected = if above.is_finite() { "finite and above -1" } else { "finite" };
            return Err(CoreError::ElementOutOfDomain { name, index, expected, value }.into());
        }
        if index > 0 && values[index - 1] >= value {
            return Err(CoreError::NotIncreasing { name, index, value: value.to_string() }.into());
        }
    }
    Ok(())
}

/// The stored form, so that a stored grid is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrid {
    spots: Vec<f64>,
    volatilities: VolatilityAxis,
    days: Vec<u32>,
    revaluation: Revaluation,
}

impl TryFrom<RawGrid> for StressGrid {
    type Error = Error;

    fn try_from(RawGrid { spots, volatilities, days, revaluation }: RawGrid) -> Result<Self> {
        check_axes(&spots, &volatilities, &days)?;
        Ok(Self { spots, volatilities, days, revaluation })
    }
}

fn check_axes(spots: &[f64], volatilities: &VolatilityAxis, days: &[u32]) -> Result<()> {
    increasing("spots of the grid", spots, -1.0)?;
    let above = if volatilities.kind() == ShockKind::Relative { -1.0 } else { f64::NEG_INFINITY };
    increasing("volatilities of the grid", volatilities.shocks(), above)?;
    increasing("days of the grid", &days.iter().map(|&days| f64::from(days)).collect::<Vec<_>>(), -1.0)?;
    let points = spots.len().saturating_mul(volatilities.shocks().len()).saturating_mul(days.len());
    if points > MAX_POINTS {
        let value = points as f64;
        return Err(CoreError::OutOfDomain { name: "points of the grid", expected: "at most a million", value }.into());
    }
    Ok(())
}

impl From<StressGrid> for RawGrid {
    fn from(StressGrid { spots, volatilities, days, revaluation }: StressGrid) -> Self {
        Self { spots, volatilities, days, revaluation }
    }
}

#[cfg(test)]
mod tests;
