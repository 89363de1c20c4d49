use ndarray::Array1;

use crate::{Confidence, Coverage, Estimate, Horizon, Result, check};

/// A sample of losses, losses positive.
#[derive(Debug, Clone, PartialEq)]
pub struct LossSample {
    losses: Array1<f64>,
    horizon: Horizon,
    coverage: Coverage,
    effective: f64,
    probabilities: Option<Array1<f64>>,
}

impl LossSample {
    /// # Errors
    /// e
    pub fn new(losses: impl Into<Array1<f64>>) -> Result<Self> {
        let losses = losses.into();
        check::finite("losses", losses.view())?;
        let effective = losses.len() as f64;
        Ok(Self { losses, horizon: Horizon::DAY, coverage: Coverage::single(), effective, probabilities: None })
    }
    /// # Errors
    /// e
    pub fn with_probabilities(mut self, probabilities: impl Into<Array1<f64>>) -> Result<Self> {
        self.probabilities = Some(probabilities.into());
        Ok(self)
    }
    #[must_use]
    pub fn with_horizon(mut self, horizon: Horizon) -> Self {
        self.horizon = horizon;
        self
    }
    #[must_use]
    pub fn with_coverage(mut self, coverage: Coverage) -> Self {
        self.coverage = coverage;
        self
    }
    #[must_use]
    pub fn with_effective_observations(mut self, effective: f64) -> Self {
        self.effective = effective;
        self
    }
    /// # Errors
    /// e
    pub fn expected_shortfall(&self, _confidence: Confidence) -> Result<Estimate> {
        Err(crate::Error::Unsupported { what: "stub" })
    }
}
