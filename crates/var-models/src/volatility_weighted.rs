//! Historical simulation with returns scaled to today's volatility.

use alluse_risk_core::measures::{LossSample, QuantileRule};
use alluse_risk_core::{
    Error as CoreError, History, Horizon, LossDistribution, Result as CoreResult, VarModel, VolatilityModel,
    volatility::EwmaVolatility,
};
use ndarray::Array1;

use crate::EmpiricalLoss;
use crate::filtered::{FilterScope, FilteredColumns, Residuals};
use crate::horizon::one_day;

/// Volatility-weighted historical simulation.
///
/// ```text
/// r*ₜ = rₜ · σ_{T+1}/σₜ        σₜ made from data before t
/// ```
///
/// Unlike [`FilteredHistorical`](crate::FilteredHistorical) it leaves means where they are, standardises nothing
/// and speaks about one day only.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `volatility` | EWMA, λ = 0.94 | σ |
/// | `scope` | `Book` | the P&L of the book as one series, or every asset on its own |
/// | `quantile_rule` | `Linear` | which sample quantile VaR is |
/// | `min_observations` | 250 | fewest observations accepted |
///
/// # Source
/// Hull & White (1998), *Incorporating volatility updating into the historical simulation method for
/// value-at-risk*, Journal of Risk 1(1), 5–19.
#[derive(Debug)]
pub struct VolatilityWeighted {
    name: String,
    volatility: Box<dyn VolatilityModel>,
    scope: FilterScope,
    quantile_rule: QuantileRule,
    min_observations: usize,
}

impl Default for VolatilityWeighted {
    fn default() -> Self {
        Self::new(Box::new(EwmaVolatility::default()))
    }
}

impl VolatilityWeighted {
    /// With the volatility that returns are scaled by.
    #[must_use]
    pub fn new(volatility: Box<dyn VolatilityModel>) -> Self {
        let name = "volatility-weighted historical simulation".to_owned();
        let quantile_rule = QuantileRule::default();
        Self { name, volatility, scope: FilterScope::default(), quantile_rule, min_observations: 250 }
    }

    /// With another name, so that two volatilities can be told apart in one table.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With another scope.
    #[must_use]
    pub fn with_scope(mut self, scope: FilterScope) -> Self {
        self.scope = scope;
        self
    }

    /// With another sample quantile.
    #[must_use]
    pub fn with_quantile_rule(mut self, rule: QuantileRule) -> Self {
        self.quantile_rule = rule;
        self
    }

    /// With another least number of observations.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.min_observations = min_observations.max(1);
        self
    }
}

impl VarModel for VolatilityWeighted {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("volatility weighting", horizon)?;
        let available = history.dates().len();
        if available < self.min_observations {
            let required = self.min_observations;
            return Err(CoreError::InsufficientData { name: "volatility weighting", required, available });
        }
        let (columns, exposures) = self.scope.columns(&history);
        let filtered = FilteredColumns::fit(&*self.volatility, columns.view(), None, Residuals::AsTheyAre)?;
        let mut gains = Array1::zeros(available);
        for ((fit, returns), exposure) in filtered.fitted.iter().zip(columns.columns()).zip(&exposures) {
            let today = fit.forecast_variance(1)?[0].sqrt();
            gains += &(&returns / &fit.volatility() * (today * exposure));
        }
        let sample = LossSample::new(gains.mapv_into(|gain| 0.0 - gain))?.with_quantile_rule(self.quantile_rule);
        Ok(Box::new(EmpiricalLoss::new(sample)))
    }
}
