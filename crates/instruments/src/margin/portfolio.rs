//! Portfolio margin: the worst point of a risk array, underlying by underlying.

use std::collections::BTreeMap;

use alluse_risk_core::{
    AssetId, Coverage, Factor, Horizon, ScenarioId, ScenarioSet, ShockKind, Status, labels::LabelTable,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::rates::{MarginRates, OptionClass};
use crate::{Book, Error, HeldFixed, Instrument, Result, Revaluation, TimeRoll};

/// Points of the array.
const POINTS: usize = 10;

/// Portfolio margin in the manner of the OCC's TIMS: ten price moves per underlying, volatility unchanged.
///
/// ```text
/// equity, narrow index   −15 % … +15 %
/// broad index             −8 % … +6 %
/// leveraged fund         the equity's range times the leverage, not below −100 %
/// requirement            max(largest loss of the array, least per contract · contracts)
/// ```
/// Five moves down and five up, evenly spaced. Underlyings do not offset each other. Options are revalued in full.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `least_per_contract` | 37.50 | least requirement per option contract of 100 units, in base currency |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortfolioMarginRules {
    rates: MarginRates,
    least_per_contract: f64,
}

/// The risk array of one underlying.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskArray {
    /// The underlying.
    pub underlying: AssetId,
    /// Relative moves of its price.
    pub moves: Vec<f64>,
    /// P&L of its positions at each.
    pub pnl: Vec<f64>,
    /// Contracts, long and short, in units of 100.
    pub contracts: f64,
    /// Its requirement.
    pub requirement: f64,
    /// Positions valued.
    pub coverage: Coverage,
}

/// The requirement and the arrays behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PortfolioMargin {
    /// The sum over underlyings; partial when a position could not be revalued.
    pub requirement: Status<f64>,
    /// One array per underlying.
    pub arrays: Vec<RiskArray>,
    /// Positions that could not be margined, and why.
    pub unknown: Vec<(String, String)>,
}

impl PortfolioMarginRules {
    /// With the classes of `rates`.
    #[must_use]
    pub fn new(rates: MarginRates) -> Self {
        Self { rates, least_per_contract: 37.5 }
    }

    /// With another least requirement per contract.
    ///
    /// # Errors
    /// [`Error::Input`] unless at least 0 and finite.
    pub fn with_least_per_contract(mut self, least: f64) -> Result<Self> {
        if !(least >= 0.0 && least.is_finite()) {
            return Err(Error::out_of_domain("least requirement per contract", "at least 0 and finite", least));
        }
        self.least_per_contract = least;
        Ok(self)
    }

    /// The moves of an underlying.
    #[must_use]
    pub fn moves(&self, underlying: &AssetId) -> Vec<f64> {
        let (down, up) = match self.rates.class(underlying) {
            OptionClass::Equity => (0.15, 0.15),
            OptionClass::BroadIndex => (0.08, 0.06),
            OptionClass::Leveraged { leverage } => {
                let range = 0.15 * leverage.abs();
                (range.min(1.0), range)
            }
        };
        let half = POINTS / 2;
        let step = |i: usize| (i + 1) as f64 / half as f64;
        (0..half).rev().map(|i| -down * step(i)).chain((0..half).map(|i| up * step(i))).collect()
    }

    /// The requirement of all positions of a book together.
    ///
    /// # Errors
    /// Those of [`Revaluation::revalue`].
    pub fn requirement(&self, book: &Book) -> Result<PortfolioMargin> {
        let rows: Vec<usize> = (0..book.positions().len()).collect();
        self.requirement_of(book, &rows)
    }

    /// The requirement of some positions, by their places in the book.
    ///
    /// # Errors
    /// Those of [`Revaluation::revalue`].
    pub(crate) fn requirement_of(&self, book: &Book, rows: &[usize]) -> Result<PortfolioMargin> {
        let mut members: BTreeMap<&AssetId, Vec<usize>> = BTreeMap::new();
        for &row in rows {
            if let Some(asset) = book.positions()[row].instrument.underlying() {
                members.entry(asset).or_default().push(row);
            }
        }
        if members.is_empty() {
            return Ok(PortfolioMargin { requirement: Status::Known(0.0), arrays: Vec::new(), unknown: Vec::new() });
        }
        let kept: Vec<usize> = members.values().flatten().copied().collect();
        let part = book.part(&kept)?;
        let pnl = Revaluation::default()
            .with_time_roll(TimeRoll::Instant)
            .with_held_fixed(HeldFixed::Volatility)
            .revalue(&part, &self.scenarios(&part, members.keys().copied())?)?;
        let unknown: Vec<(String, String)> =
            pnl.unvalued().iter().map(|u| (u.row.to_string(), u.reason.clone())).collect();
        let place: BTreeMap<&str, usize> = pnl.rows().iter().enumerate().map(|(i, row)| (row.as_str(), i)).collect();
        let mut arrays = Vec::new();
        for (asset, rows) in members {
            let mut array = RiskArray {
                underlying: asset.clone(),
                moves: self.moves(asset),
                pnl: vec![0.0; POINTS],
                contracts: 0.0,
                requirement: 0.0,
                coverage: Coverage::complete(0, 0.0),
            };
            for row in rows {
                let position = &book.positions()[row];
                let found = place.get(position.id.as_str());
                array.coverage = array.coverage.and(book.coverage_of(position, found.is_some()));
                if let Some(&index) = found {
                    array.pnl.iter_mut().zip(pnl.values().row(index)).for_each(|(sum, value)| *sum += value);
                }
                if let Instrument::Option(_) = position.instrument {
                    array.contracts += position.units().abs() / 100.0;
                }
            }
            let worst = array.pnl.iter().copied().fold(0.0, f64::min);
            array.requirement = (-worst).max(self.least_per_contract * array.contracts);
            arrays.push(array);
        }
        let coverage = arrays.iter().fold(Coverage::complete(0, 0.0), |all, array| all.and(array.coverage));
        let requirement = Status::with_coverage(arrays.iter().map(|array| array.requirement).sum(), coverage);
        Ok(PortfolioMargin { requirement, arrays, unknown })
    }

    /// Point `i` moves every underlying to its own point `i`: each array reads its own positions only.
    fn scenarios<'a>(&self, book: &Book, assets: impl Iterator<Item = &'a AssetId>) -> Result<ScenarioSet> {
        let assets: Vec<&AssetId> = assets.collect();
        let mut factors: Vec<(Factor, ShockKind)> =
            assets.iter().map(|asset| (Factor::Spot((*asset).clone()), ShockKind::Relative)).collect();
        let mut shocks = Array2::zeros((POINTS, assets.len()));
        for (mut column, asset) in shocks.columns_mut().into_iter().zip(&assets) {
            column.iter_mut().zip(self.moves(asset)).for_each(|(shock, step)| *shock = step);
        }
        // Currencies stay where they are.
        let currencies: std::collections::BTreeSet<_> =
            book.positions().iter().map(|position| book.currency(position).clone()).collect();
        for currency in currencies.into_iter().filter(|currency| currency != book.market().base()) {
            factors.push((Factor::Fx(currency), ShockKind::Relative));
            shocks
                .push_column(ndarray::Array1::zeros(POINTS).view())
                .map_err(|_| alluse_risk_core::Error::Unsupported { what: "a risk array that is not contiguous" })?;
        }
        let ids = (1..=POINTS).map(|i| ScenarioId::new(format!("point {i}"))).collect::<std::result::Result<_, _>>()?;
        let set = ScenarioSet::new(book.market().as_of(), Horizon::DAY, factors, shocks)?;
        Ok(set.with_ids(ids, alluse_risk_core::Ordering::Named)?)
    }
}

impl Book {
    /// Some of its positions, without labels.
    pub(crate) fn part(&self, rows: &[usize]) -> Result<Self> {
        let positions = rows.iter().map(|&row| self.positions()[row].clone()).collect::<Vec<_>>();
        let labels = LabelTable::new(positions.len());
        self.with_positions(positions, labels)
    }
}
