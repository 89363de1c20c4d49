//! Historical simulation in which old days count less.

use alluse_risk_core::covariance::EwmaWeights;
use alluse_risk_core::measures::{LossSample, QuantileRule};
use alluse_risk_core::{Decay, Error as CoreError, History, Horizon, LossDistribution, Result as CoreResult, VarModel};
use serde::{Deserialize, Serialize};

use crate::EmpiricalLoss;
use crate::horizon::one_day;

/// Age-weighted historical simulation.
///
/// ```text
/// probability of the day of age j  =  λʲ (1−λ)/(1−λⁿ)        age 0 is the newest
/// ```
///
/// VaR is the loss at which the probabilities, summed from the largest loss down, reach `1 − c`; ES takes the
/// exact fraction of the last one. [`QuantileRule::Hazen`] interpolates between mid-points, as the example of the
/// paper does. The effective number of observations is `1/Σw²`.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `decay` | 0.99 | λ; a [`HalfLife`](alluse_risk_core::HalfLife) converts to one |
/// | `quantile_rule` | `UpperLoss` | which weighted quantile VaR is |
/// | `min_observations` | 100 | fewest observations accepted |
///
/// # Source
/// Boudoukh, Richardson & Whitelaw (1998), *The best of both worlds*, Risk 11(5), 64–67.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgeWeighted {
    decay: Decay,
    quantile_rule: QuantileRule,
    min_observations: usize,
}

impl AgeWeighted {
    /// With a decay, or a half-life.
    #[must_use]
    pub fn new(decay: impl Into<Decay>) -> Self {
        Self { decay: decay.into(), quantile_rule: QuantileRule::UpperLoss, min_observations: 100 }
    }

    /// With another weighted quantile.
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

impl VarModel for AgeWeighted {
    fn name(&self) -> &str {
        "age-weighted historical simulation"
    }

    fn min_observations(&self) -> usize {
        self.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("age weighting", horizon)?;
        let (available, required) = (history.dates().len(), self.min_observations);
        if available < required {
            return Err(CoreError::InsufficientData { name: "age weighting", required, available });
        }
        let weights = EwmaWeights::Normalised.of(available, self.decay)?;
        let losses = history.pnl().mapv_into(|gain| 0.0 - gain);
        let sample = LossSample::new(losses)?.with_probabilities(weights)?.with_quantile_rule(self.quantile_rule);
        Ok(Box::new(EmpiricalLoss::new(sample)))
    }
}
