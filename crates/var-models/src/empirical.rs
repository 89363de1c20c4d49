//! The distribution that a sample of losses is.

use alluse_risk_core::measures::{LossSample, Spectrum};
use alluse_risk_core::{Confidence, Estimate, Horizon, LossDistribution, Result as CoreResult, ScenarioPnl};

use crate::Result;

/// A sample of losses as a predictive distribution: what history, simulation and the P&L cube end as.
#[derive(Debug, Clone, PartialEq)]
pub struct EmpiricalLoss {
    sample: LossSample,
}

impl EmpiricalLoss {
    /// The distribution of a sample, under the quantile rule that the sample carries.
    #[must_use]
    pub fn new(sample: LossSample) -> Self {
        Self { sample }
    }

    /// The distribution of the total P&L of a cube.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for named scenarios and when nothing could be valued.
    pub fn from_pnl(pnl: &ScenarioPnl) -> Result<Self> {
        Ok(Self::new(pnl.losses()?))
    }

    /// The sample itself, with all its measures.
    #[must_use]
    pub fn sample(&self) -> &LossSample {
        &self.sample
    }
}

impl LossDistribution for EmpiricalLoss {
    fn horizon(&self) -> Horizon {
        self.sample.horizon()
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        self.sample.value_at_risk(confidence)
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        self.sample.expected_shortfall(confidence)
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        self.sample.spectral(spectrum)
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        self.sample.cdf(loss)
    }
}
