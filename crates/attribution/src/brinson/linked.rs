use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::linking::compound;
use super::{BrinsonModel, Effects, Linking};
use crate::{Result, check};

/// Effects by group over a whole span. Their sum is the difference of the compounded returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkedEffects {
    /// Names of the groups.
    pub labels: Vec<String>,
    /// The model that split each period.
    pub model: BrinsonModel,
    /// The method that added the periods up.
    pub linking: Linking,
    /// Number of periods.
    pub periods: usize,
    /// Compounded return of the portfolio, `Π(1 + R) − 1`.
    pub portfolio_return: f64,
    /// Compounded return of the benchmark, `Π(1 + B) − 1`.
    pub benchmark_return: f64,
    /// Their difference.
    pub active_return: f64,
    /// Linked allocation by group.
    pub allocation: Vec<f64>,
    /// Linked selection by group.
    pub selection: Vec<f64>,
    /// Linked interaction by group; `None` when it is part of one of them.
    pub interaction: Option<Vec<f64>>,
    /// What the effects of each period were multiplied by.
    pub coefficients: Vec<f64>,
}

impl LinkedEffects {
    pub(super) fn new(effects: &Effects, linking: Linking, coefficients: Vec<f64>) -> Result<Self> {
        let weights = ArrayView1::from(&coefficients);
        let scaled = |matrix: &Array2<f64>| {
            check::length("effects", weights.len(), matrix.nrows())?;
            let linked: Array1<f64> = weights.dot(matrix);
            check::finite("linked effects", linked.view()).map(|()| linked.to_vec())
        };
        let (allocation, selection) = (scaled(&effects.allocation)?, scaled(&effects.selection)?);
        let interaction = effects.interaction.as_ref().map(scaled).transpose()?;
        let [portfolio_return, benchmark_return] = [&effects.portfolio_return, &effects.benchmark_return].map(compound);
        Ok(Self {
            labels: effects.labels.clone(),
            model: effects.model,
            linking,
            periods: coefficients.len(),
            portfolio_return,
            benchmark_return,
            active_return: portfolio_return - benchmark_return,
            allocation,
            selection,
            interaction,
            coefficients,
        })
    }

    /// Allocation of all groups.
    #[must_use]
    pub fn allocation_total(&self) -> f64 {
        self.allocation.iter().sum()
    }

    /// Selection of all groups.
    #[must_use]
    pub fn selection_total(&self) -> f64 {
        self.selection.iter().sum()
    }

    /// Interaction of all groups; `None` when it is part of another effect.
    #[must_use]
    pub fn interaction_total(&self) -> Option<f64> {
        self.interaction.as_ref().map(|interaction| interaction.iter().sum())
    }

    /// What the effects leave of the active return: rounding.
    #[must_use]
    pub fn residual(&self) -> f64 {
        self.active_return
            - (self.allocation_total() + self.selection_total() + self.interaction_total().unwrap_or(0.0))
    }
}
