//! Filtered scenarios of any factors, for books that must be revalued.

use alluse_risk_core::{
    Error as CoreError, Factor, Horizon, Ordering, Result as CoreResult, ScenarioSet, ScenarioSource, ShockKind,
    VolatilityModel,
};
use ndarray::Array2;

use super::draws::{self, Aggregation};
use super::{FilteredColumns, Residuals};

/// A source of dated one-day scenarios, filtered factor by factor: the joint filtered simulation for books
/// with options, whose P&L is not linear in the factors.
///
/// Every factor keeps the residuals of its own volatility model; those of one day are drawn together.
/// Relative shocks are filtered as logarithms, so that no price falls below zero. One day is exact: one
/// scenario for every residual. More days are simulated, and the shocks of each path added up.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `residuals` | `Standardised` | what is done to the residuals |
/// | `paths` | 10,000 | simulated paths beyond one day |
/// | `seed` | 1 | of those paths |
///
/// # Source
/// Barone-Adesi, Giannopoulos & Vosper (1999).
#[derive(Debug)]
pub struct FilteredScenarios<S> {
    source: S,
    volatility: Box<dyn VolatilityModel>,
    residuals: Residuals,
    paths: usize,
    seed: u64,
}

impl<S: ScenarioSource> FilteredScenarios<S> {
    /// The scenarios of `source`, filtered by `volatility`.
    #[must_use]
    pub fn new(source: S, volatility: Box<dyn VolatilityModel>) -> Self {
        Self { source, volatility, residuals: Residuals::default(), paths: 10_000, seed: 1 }
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
}

impl<S: ScenarioSource> ScenarioSource for FilteredScenarios<S> {
    /// # Errors
    /// Those of the source and of the volatility model, and [`CoreError::Undefined`] unless the scenarios of
    /// the source are consecutive dates.
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<ScenarioSet> {
        let history = self.source.scenarios(factors, Horizon::DAY)?;
        if history.ordering() != Ordering::Dated || history.overlap() != 1 {
            let reason = "it needs scenarios on consecutive dates that do not overlap";
            return Err(CoreError::Undefined { name: "filtered simulation", reason });
        }
        let kinds: Vec<ShockKind> = history.factors().iter().map(|(_, kind)| *kind).collect();
        let mut moves = history.shocks().to_owned();
        for ((kind, (factor, _)), mut column) in kinds.iter().zip(history.factors()).zip(moves.columns_mut()) {
            if *kind == ShockKind::Relative {
                column.mapv_inplace(f64::ln_1p);
            }
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
        let filtered = FilteredColumns::fit(&*self.volatility, moves.view(), None, self.residuals)?;
        let steps = horizon.trading_days() as usize;
        let days = filtered.residuals.nrows();
        let drawn = match steps {
            1 => (0..days).collect(),
            _ => draws::days_drawn(self.seed, self.paths, steps, days),
        };
        let sums = vec![Aggregation::Sum; kinds.len()];
        let mut shocks: Array2<f64> =
            draws::simulate(&filtered.fitted, filtered.residuals.view(), &drawn, steps, &sums)?;
        for (kind, mut column) in kinds.iter().zip(shocks.columns_mut()) {
            if *kind == ShockKind::Relative {
                column.mapv_inplace(f64::exp_m1);
            }
        }
        ScenarioSet::new(history.as_of(), horizon, history.factors().to_vec(), shocks)
    }
}
