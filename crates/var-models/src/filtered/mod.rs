//! Filtered historical simulation: residuals of the past, volatility of today.

mod draws;
mod residuals;
mod scenarios;

use alluse_risk_core::measures::{LossSample, QuantileRule};
use alluse_risk_core::{
    Error as CoreError, FittedVarModel, FittedVolatility, History, Horizon, LossDistribution, Result as CoreResult,
    VarModel, VolatilityModel, volatility::EwmaVolatility,
};
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use crate::{EmpiricalLoss, Result};
use draws::Aggregation;
pub use residuals::Residuals;
pub(crate) use residuals::{FilteredColumns, newest_residuals};
pub use scenarios::{FilteredScenarios, ScenarioFilter};

/// What is filtered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FilterScope {
    /// The P&L of today's exposures, one series.
    #[default]
    Book,
    /// The returns of every asset on its own, with the residuals of one day drawn together, so that their
    /// dependence is that of the past days.
    EachAsset,
}

impl FilterScope {
    /// What is filtered, dates × columns, and the money in each column.
    pub(crate) fn columns(self, history: &History<'_>) -> (Array2<f64>, Array1<f64>) {
        match self {
            Self::Book => (history.pnl().insert_axis(Axis(1)), Array1::ones(1)),
            Self::EachAsset => (history.returns().to_owned(), history.exposures().to_owned()),
        }
    }
}

/// Filtered historical simulation.
///
/// ```text
/// zₜ = (rₜ − μₜ)/σₜ        one day:  r = μ_{T+1} + σ_{T+1} zₜ for every t
/// h days: draw days with replacement, run the volatility recursion along each path, add up
/// ```
///
/// One day is exact: every residual is one scenario and nothing is drawn. Over more days the P&L of the book
/// is summed, with exposures reset every day, in [`FilterScope::Book`]; in [`FilterScope::EachAsset`] each
/// asset's simple returns compound and the exposures are those of the first day. An asset cannot lose more
/// than all of its value.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `volatility` | EWMA, λ = 0.94 | the filter |
/// | `scope` | `Book` | what is filtered |
/// | `residuals` | `Standardised` | what is done to the residuals |
/// | `residual_window` | all | how many of the newest residuals are used |
/// | `paths` | 10,000 | simulated paths beyond one day |
/// | `seed` | 1 | of those paths |
/// | `quantile_rule` | `Linear` | which sample quantile VaR is |
/// | `min_observations` | 250 | fewest observations accepted |
///
/// # Source
/// Barone-Adesi, Giannopoulos & Vosper (1999), *VaR without correlations for portfolios of derivative
/// securities*, Journal of Futures Markets 19, 583–602.
#[derive(Debug)]
pub struct FilteredHistorical {
    name: String,
    volatility: Box<dyn VolatilityModel>,
    settings: Settings,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    scope: FilterScope,
    residuals: Residuals,
    residual_window: Option<usize>,
    paths: usize,
    seed: u64,
    quantile_rule: QuantileRule,
    min_observations: usize,
}

impl Default for FilteredHistorical {
    fn default() -> Self {
        Self::new(Box::new(EwmaVolatility::default()))
    }
}

impl FilteredHistorical {
    /// With `volatility` as the filter.
    #[must_use]
    pub fn new(volatility: Box<dyn VolatilityModel>) -> Self {
        let settings = Settings {
            scope: FilterScope::default(),
            residuals: Residuals::default(),
            residual_window: None,
            paths: 10_000,
            seed: 1,
            quantile_rule: QuantileRule::default(),
            min_observations: 250,
        };
        Self { name: "filtered historical simulation".to_owned(), volatility, settings }
    }

    /// With another name, so that two filters can be told apart in one table.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With another scope.
    #[must_use]
    pub fn with_scope(mut self, scope: FilterScope) -> Self {
        self.settings.scope = scope;
        self
    }

    /// With another treatment of the residuals.
    #[must_use]
    pub fn with_residuals(mut self, residuals: Residuals) -> Self {
        self.settings.residuals = residuals;
        self
    }

    /// With the newest `observations` residuals only.
    #[must_use]
    pub fn with_residual_window(mut self, observations: usize) -> Self {
        self.settings.residual_window = Some(observations);
        self
    }

    /// With another number of paths beyond one day; at least one.
    #[must_use]
    pub fn with_paths(mut self, paths: usize) -> Self {
        self.settings.paths = paths.max(1);
        self
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// With another sample quantile.
    #[must_use]
    pub fn with_quantile_rule(mut self, rule: QuantileRule) -> Self {
        self.settings.quantile_rule = rule;
        self
    }

    /// With another least number of observations.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.settings.min_observations = min_observations.max(1);
        self
    }
}

impl VarModel for FilteredHistorical {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.settings.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let (columns, exposures) = self.settings.columns(&history)?;
        let Settings { residual_window, residuals, .. } = self.settings;
        let filtered = FilteredColumns::fit(&*self.volatility, columns.view(), residual_window, residuals)?;
        Ok(Box::new(self.settings.law(&filtered, &exposures, horizon)?))
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        let (columns, _) = self.settings.columns(&history)?;
        let fitted: CoreResult<Vec<_>> = columns.columns().into_iter().map(|r| self.volatility.fit(r)).collect();
        Ok(Some(Box::new(FittedFilter { settings: self.settings, fitted: fitted? })))
    }
}

/// A filter whose volatility parameters stay.
#[derive(Debug)]
struct FittedFilter {
    settings: Settings,
    fitted: Vec<Box<dyn FittedVolatility>>,
}

impl FittedVarModel for FittedFilter {
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let (columns, exposures) = self.settings.columns(&history)?;
        let Settings { residual_window, residuals, .. } = self.settings;
        if columns.ncols() != self.fitted.len() {
            return Err(CoreError::LengthMismatch {
                name: "fitted columns",
                expected: self.fitted.len(),
                got: columns.ncols(),
            });
        }
        let filtered = FilteredColumns::filter(&self.fitted, columns.view(), residual_window, residuals)?;
        Ok(Box::new(self.settings.law(&filtered, &exposures, horizon)?))
    }
}

impl Settings {
    /// The columns of the scope, when there are dates enough.
    fn columns(&self, history: &History<'_>) -> CoreResult<(Array2<f64>, Array1<f64>)> {
        let available = history.dates().len();
        if available < self.min_observations {
            let required = self.min_observations;
            return Err(CoreError::InsufficientData { name: "filtered historical simulation", required, available });
        }
        Ok(self.scope.columns(history))
    }

    fn law(&self, filtered: &FilteredColumns, exposures: &Array1<f64>, horizon: Horizon) -> Result<EmpiricalLoss> {
        let steps = horizon.trading_days() as usize;
        let aggregation = match self.scope {
            FilterScope::Book => Aggregation::Sum,
            FilterScope::EachAsset => Aggregation::Compound,
        };
        let kinds = vec![aggregation; exposures.len()];
        let residuals = filtered.residuals.view();
        let days = residuals.nrows();
        let drawn = match steps {
            1 => (0..days).collect(),
            _ => draws::days_drawn(self.seed, self.paths, steps, days),
        };
        let returns = draws::simulate(&filtered.fitted, residuals, &drawn, steps, &kinds)?;
        let losses = returns.dot(exposures).mapv_into(|gain| 0.0 - gain);
        // However many paths are drawn, they repeat the days that were seen.
        let effective = days.min(losses.len()) as f64;
        let sample = LossSample::new(losses)?.with_horizon(horizon).with_quantile_rule(self.quantile_rule);
        Ok(EmpiricalLoss::new(sample.with_effective_observations(effective)?))
    }
}
