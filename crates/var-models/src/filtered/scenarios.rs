//! Filtered scenarios of any factors, for books that must be revalued.

use alluse_risk_core::{
    Error as CoreError, Factor, Horizon, Ordering, Result as CoreResult, ScenarioSet, ScenarioSource, ShockKind,
    VolatilityModel, volatility::EwmaVolatility,
};
use ndarray::Array2;

use super::draws::{self, Aggregation};
use super::{FilteredColumns, Residuals};

/// Turns dated one-day scenarios of any factors into filtered ones: the joint filtered simulation for books
/// with options, whose P&L is not linear in the factors.
///
/// Every factor keeps the residuals of its own volatility model; those of one day are drawn together.
/// Relative shocks are filtered as logarithms, so that no price falls below zero. One day is exact: one
/// scenario for every residual. More days are simulated, and the shocks of each path added up.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `volatility` | EWMA, λ = 0.94 | the filter |
/// | `residuals` | `Standardised` | what is done to the residuals |
/// | `paths` | 10,000 | simulated paths beyond one day |
/// | `seed` | 1 | of those paths |
///
/// # Source
/// Barone-Adesi, Giannopoulos & Vosper (1999).
#[derive(Debug)]
pub struct ScenarioFilter {
    volatility: Box<dyn VolatilityModel>,
    residuals: Residuals,
    paths: usize,
    seed: u64,
}

impl Default for ScenarioFilter {
    fn default() -> Self {
        Self::new(Box::new(EwmaVolatility::default()))
    }
}

impl ScenarioFilter {
    /// With `volatility` for every factor.
    #[must_use]
    pub fn new(volatility: Box<dyn VolatilityModel>) -> Self {
        Self { volatility, residuals: Residuals::default(), paths: 10_000, seed: 1 }
    }

    /// With another treatment of the residuals.
    #[must_use]
    pub fn with_residuals(mut self, residuals: Residuals) -> Self {
        self.residuals = residuals;
        self
    }

    /// With another number of paths beyond one day; at least one.
    #[must_use]
    pub fn with_paths(mut self, paths: usize) -> Self {
        self.paths = paths.max(1);
        self
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Filtered scenarios over `horizon` from a history of one-day ones.
    ///
    /// # Errors
    /// Those of the volatility model, [`CoreError::Undefined`] unless the history has consecutive dates and one
    /// day for each scenario, [`CoreError::EntryOutOfDomain`] for a relative shock of −1, which has no logarithm.
    pub fn apply(&self, history: &ScenarioSet, horizon: Horizon) -> CoreResult<ScenarioSet> {
        if history.ordering() != Ordering::Dated || history.overlap() != 1 || history.horizon() != Horizon::DAY {
            let reason = "it needs one-day scenarios on consecutive dates";
            return Err(CoreError::Undefined { name: "filtered simulation", reason });
        }
        let moves = summable(history)?;
        let filtered = FilteredColumns::fit(&*self.volatility, moves.view(), None, self.residuals)?;
        let steps = horizon.trading_days() as usize;
        let days = filtered.residuals.nrows();
        let drawn = match steps {
            1 => (0..days).collect(),
            _ => draws::days_drawn(self.seed, self.paths, steps, days),
        };
        let sums = vec![Aggregation::Sum; moves.ncols()];
        let mut shocks = draws::simulate(&filtered.fitted, filtered.residuals.view(), &drawn, steps, &sums)?;
        for ((_, kind), mut column) in history.factors().iter().zip(shocks.columns_mut()) {
            if *kind == ShockKind::Relative {
                column.mapv_inplace(f64::exp_m1);
            }
        }
        ScenarioSet::new(history.as_of(), horizon, history.factors().to_vec(), shocks)
    }
}

/// The shocks in the unit in which those of successive days add up.
fn summable(history: &ScenarioSet) -> CoreResult<Array2<f64>> {
    let mut moves = history.shocks().to_owned();
    for ((factor, kind), mut column) in history.factors().iter().zip(moves.columns_mut()) {
        if *kind != ShockKind::Relative {
            continue;
        }
        column.mapv_inplace(f64::ln_1p);
        if let Some(day) = column.iter().position(|value| !value.is_finite()) {
            return Err(CoreError::EntryOutOfDomain {
                name: "shocks",
                row: history.ids()[day].to_string(),
                column: factor.to_string(),
                expected: "above -1",
                value: -1.0,
            });
        }
    }
    Ok(moves)
}

/// A source of scenarios whose one-day history is filtered.
#[derive(Debug)]
pub struct FilteredScenarios<S> {
    source: S,
    filter: ScenarioFilter,
}

impl<S: ScenarioSource> FilteredScenarios<S> {
    /// The scenarios of `source`, filtered.
    #[must_use]
    pub fn new(source: S, filter: ScenarioFilter) -> Self {
        Self { source, filter }
    }
}

impl<S: ScenarioSource> ScenarioSource for FilteredScenarios<S> {
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<ScenarioSet> {
        self.filter.apply(&self.source.scenarios(factors, Horizon::DAY)?, horizon)
    }
}
