//! What a reverse stress test finds.

use alluse_risk_core::{Factor, ScenarioId, ScenarioSet};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::starts::Start;
use crate::{FactorModel, Result};

/// A scenario that costs what was asked for, and no less unusual one around it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReverseScenario {
    /// The move of every factor, in its kind.
    pub shocks: Vec<(Factor, f64)>,
    /// Mahalanobis distance from the mean.
    pub distance: f64,
    /// Probability of a joint move at least as far out: chi-square.
    pub plausibility: f64,
    /// Its degrees of freedom: the dimensions in which the factors move.
    pub degrees_of_freedom: usize,
    /// The loss, on the loss itself and not on a surrogate.
    pub loss: f64,
    /// Sine of the angle between the scenario and the gradient of the loss, in coordinates without correlation; zero
    /// at a minimum.
    pub kkt_residual: f64,
    /// Loss that the surrogate said, if there was one.
    pub surrogate_loss: Option<f64>,
    /// The first search that ended here.
    pub start: Start,
    /// How many searches did.
    pub starts: usize,
}

/// The least unusual scenarios that cost at least a given loss, the least unusual first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReverseStressResult {
    /// The loss that was asked for.
    pub target_loss: f64,
    /// How far out was searched, in standard deviations.
    pub radius: f64,
    /// Distinct local minima of the distance.
    pub scenarios: Vec<ReverseScenario>,
    /// Loss when every factor moves by its mean.
    pub centre_loss: f64,
    /// Searches started.
    pub starts: usize,
    /// Largest difference found between surrogate and loss, in base currency, if there was a surrogate.
    pub surrogate_error: Option<f64>,
    /// How many scenarios that was measured on.
    pub surrogate_checked: usize,
    pub(super) model: FactorModel,
}

impl ReverseStressResult {
    /// The scenarios as a set with the names `reverse 1`, `reverse 2`, …
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when a relative move leads below zero.
    pub fn scenario_set(&self) -> Result<ScenarioSet> {
        let (rows, columns) = (self.scenarios.len(), self.model.factors().len());
        let moves = Array2::from_shape_fn((rows, columns), |(row, column)| self.scenarios[row].shocks[column].1);
        let ids = (1..=rows).map(|k| ScenarioId::new(format!("reverse {k}")));
        self.model.named_set(ids.collect::<std::result::Result<_, _>>()?, moves)
    }
}
