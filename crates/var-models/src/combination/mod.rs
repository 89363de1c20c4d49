//! Several models as one, weighted by how well each forecast before.

mod law;
mod records;
#[cfg(test)]
mod tests;

use alluse_risk_core::{Error as CoreError, History, Horizon, LossDistribution, Result as CoreResult, VarModel};
use ndarray::{Array1, ArrayView1};

use crate::{Error, Result};
pub use law::CombinedLoss;
pub use records::{Combination, CombinedForecasts};

/// Models whose quantiles are averaged with given weights.
///
/// The weights of an online combination come from a [`Combination`] over the models' past forecasts, or from an
/// [`ExpertPool`](alluse_risk_core::experts::ExpertPool) that is shown the losses of every day.
#[derive(Debug)]
pub struct CombinedModel {
    name: String,
    models: Vec<Box<dyn VarModel>>,
    weights: Array1<f64>,
}

impl CombinedModel {
    /// From models and their weights.
    ///
    /// # Errors
    /// [`Error::Input`] for no models, for weights that do not fit them, are negative or do not sum to 1.
    pub fn new(models: Vec<Box<dyn VarModel>>, weights: ArrayView1<'_, f64>) -> Result<Self> {
        if models.is_empty() {
            return Err(CoreError::Empty { name: "models" }.into());
        }
        if weights.len() != models.len() {
            let (name, expected, got) = ("weights of models", models.len(), weights.len());
            return Err(CoreError::LengthMismatch { name, expected, got }.into());
        }
        if let Some(index) = weights.iter().position(|w| !(*w >= 0.0)) {
            let (name, expected, value) = ("weights of models", "at least 0", weights[index]);
            return Err(CoreError::ElementOutOfDomain { name, index, expected, value }.into());
        }
        let total = weights.sum();
        if !((total - 1.0).abs() < 1e-9) {
            return Err(Error::out_of_domain("sum of the weights of models", "1", total));
        }
        Ok(Self { name: "combination".to_owned(), models, weights: weights.to_owned() })
    }

    /// With another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The weights, in the order of the models.
    #[must_use]
    pub fn weights(&self) -> ArrayView1<'_, f64> {
        self.weights.view()
    }
}

impl VarModel for CombinedModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.models.iter().map(|model| model.min_observations()).max().unwrap_or(1)
    }

    /// Models without weight are not asked; the failure of one that has weight is the failure of all.
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let weighted = self.weights.iter().zip(&self.models).filter(|(weight, _)| **weight > 0.0);
        let parts = weighted.map(|(weight, model)| Ok((*weight, model.forecast(history, horizon)?)));
        Ok(Box::new(CombinedLoss::new(parts.collect::<CoreResult<Vec<_>>>()?)?))
    }
}
