//! The positions that are still open at a horizon, and the market there as a scenario set.

use std::collections::BTreeSet;

use alluse_instruments::surface::{SmileDynamics, add_smile_dynamics};
use alluse_instruments::{Book, HeldFixed, Instrument, Revaluation};
use alluse_risk_core::{AssetId, Currency, Factor, Horizon, ScenarioPnl, ScenarioSet, ShockKind};
use ndarray::Array2;

use super::levels::Levels;
use super::{BookForecast, VolatilityRule};
use crate::Result;

/// Shares and options that live through the same horizons.
#[derive(Debug)]
pub(super) struct Open {
    book: Book,
}

impl Open {
    /// `None` when nothing is open.
    pub(super) fn new(whole: &Book, rows: &[usize]) -> Result<Option<Self>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let mut builder = Book::builder();
        for &row in rows {
            let position = &whole.positions()[row];
            builder = match &position.instrument {
                Instrument::Cash { currency } => builder.cash(currency.as_str(), position.quantity),
                Instrument::Share { asset } => builder.share(asset.as_str(), position.quantity),
                Instrument::Option(contract) => builder.option(contract.clone(), position.quantity),
            };
            builder = builder.named(position.id.as_str());
        }
        Ok(Some(Self { book: builder.build(whole.market())? }))
    }

    /// The P&L of each of them on every path.
    pub(super) fn revalue(&self, config: &BookForecast, levels: &Levels<'_>, horizon: Horizon) -> Result<ScenarioPnl> {
        let revaluation = Revaluation::default()
            .with_calendar(config.calendar().clone())
            .with_method(config.method())
            .with_held_fixed(HeldFixed::Volatility)
            .with_max_cells(usize::MAX);
        let mut scenarios = self.scenarios(config.volatility(), levels, horizon)?;
        if config.volatility() == VolatilityRule::StickyMoneyness {
            scenarios = add_smile_dynamics(&scenarios, &self.book, SmileDynamics::StickyDelta)?;
        }
        Ok(revaluation.revalue(&self.book, &scenarios)?)
    }

    fn scenarios(&self, rule: VolatilityRule, levels: &Levels<'_>, horizon: Horizon) -> Result<ScenarioSet> {
        let step = horizon.trading_days() as usize;
        let mut assets: BTreeSet<&AssetId> = BTreeSet::new();
        let mut with_options: BTreeSet<&AssetId> = BTreeSet::new();
        let mut currencies: BTreeSet<&Currency> = BTreeSet::new();
        for position in self.book.positions() {
            currencies.insert(self.book.currency(position));
            assets.extend(position.instrument.underlying());
            with_options.extend(position.option().map(|contract| contract.underlying()));
        }
        let mut factors = Vec::new();
        let mut columns: Vec<Vec<f64>> = Vec::new();
        let ratios = levels.volatility(step);
        for asset in assets {
            let Some(column) = levels.column(asset) else { continue };
            let spots: Vec<f64> = (0..levels.len()).map(|path| levels.spot(step, path, column)).collect();
            let ratio = |path: usize| ratios.map(|ratios| ratios[[path, column]]);
            let multiples: Option<Vec<f64>> = match with_options.contains(asset) {
                true => spots.iter().enumerate().map(|(path, &spot)| rule.multiple(spot, ratio(path))).collect(),
                false => None,
            };
            factors.push((Factor::Spot(asset.clone()), ShockKind::Relative));
            columns.push(spots);
            if let Some(multiples) = multiples {
                factors.push((Factor::Volatility(asset.clone()), ShockKind::Relative));
                columns.push(multiples);
            }
        }
        for currency in currencies {
            let Some(column) = levels.currency_column(currency) else { continue };
            factors.push((Factor::Fx(currency.clone()), ShockKind::Relative));
            columns.push((0..levels.len()).map(|path| levels.currency(step, path, column)).collect());
        }
        // Where a level lies between 1/2 and 2 the difference is exact, and so is the price it leads to.
        let shocks = Array2::from_shape_fn((levels.len(), columns.len()), |(path, column)| columns[column][path] - 1.0);
        Ok(ScenarioSet::new(self.book.market().as_of(), horizon, factors, shocks)?)
    }
}
