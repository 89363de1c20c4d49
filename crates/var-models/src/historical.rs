//! Historical simulation.

use alluse_risk_core::measures::{LossSample, QuantileRule};
use alluse_risk_core::{
    Error as CoreError, History, Horizon, LossDistribution, Result as CoreResult, ScenarioPnl, VarModel,
};
use serde::{Deserialize, Serialize};

use crate::horizon::one_day;
use crate::{EmpiricalLoss, Result};

/// Historical simulation: every day of the window is one equally likely scenario.
///
/// On a [`History`] the book is linear in the asset returns; with options, revalue it into a cube and call
/// [`on_cube`](Self::on_cube).
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `quantile_rule` | `Linear` | which sample quantile VaR is |
/// | `min_observations` | 100 | fewest observations accepted |
///
/// ```
/// use alluse_risk_core::{AssetId, Confidence, HistorySplitter, Horizon, VarModel, panel::ReturnPanel};
/// use alluse_var_models::Historical;
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let dates = vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4), date(2024, 1, 5)];
/// let panel = ReturnPanel::new(dates, vec![AssetId::new("SPY")?], array![[0.01], [-0.04], [0.02], [-0.02]])?;
/// let history = HistorySplitter::new(&panel, array![1_000.0])?;
/// let model = Historical::default().with_min_observations(4);
/// let loss = model.forecast(history.before(date(2024, 1, 8), 4)?, Horizon::DAY)?;
/// let shortfall = loss.expected_shortfall(Confidence::new(0.5)?)?;
/// assert!((shortfall.value - 30.0).abs() < 1e-12); // the mean of 40 and 20
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Historical {
    quantile_rule: QuantileRule,
    min_observations: usize,
}

impl Default for Historical {
    fn default() -> Self {
        Self { quantile_rule: QuantileRule::default(), min_observations: 100 }
    }
}

impl Historical {
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

    /// The loss distribution of a revalued book.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for too few scenarios, for named ones, and when nothing could be valued.
    pub fn on_cube(&self, pnl: &ScenarioPnl) -> Result<EmpiricalLoss> {
        self.enough(pnl.ids().len())?;
        Ok(EmpiricalLoss::new(pnl.losses()?.with_quantile_rule(self.quantile_rule)))
    }

    fn enough(&self, available: usize) -> CoreResult<()> {
        if available >= self.min_observations {
            return Ok(());
        }
        Err(CoreError::InsufficientData { name: "historical simulation", required: self.min_observations, available })
    }
}

impl VarModel for Historical {
    fn name(&self) -> &str {
        "historical simulation"
    }

    fn min_observations(&self) -> usize {
        self.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("historical simulation", horizon)?;
        self.enough(history.dates().len())?;
        let losses = history.pnl().mapv_into(|gain| 0.0 - gain);
        let sample = LossSample::new(losses)?.with_quantile_rule(self.quantile_rule);
        Ok(Box::new(EmpiricalLoss::new(sample)))
    }
}
