//! What a solved risk budget says about itself.

use alluse_risk_core::{Confidence, Weights};
use serde::{Deserialize, Serialize};

use super::{RiskBudgetMethod, RiskContributions};

/// Weights with given shares of the volatility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskBudgetSolution {
    /// The weights; their absolute values sum to 1.
    pub weights: Weights,
    /// The budgets, one an asset, sum 1.
    pub budgets: Vec<f64>,
    /// Who carries the volatility of these weights.
    pub risk: RiskContributions,
    /// Whether the budgets are met.
    pub fit: BudgetFit,
    /// Largest distance of a relative contribution from its budget.
    pub error: f64,
    /// Newton steps or sweeps.
    pub iterations: usize,
    /// The method that was used.
    pub method: RiskBudgetMethod,
}

/// Whether the budgets are met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BudgetFit {
    /// To the tolerance.
    Exact,
    /// Bounds are in the way: assets away from them carry risk in proportion to their budgets, the others do not.
    Bounded {
        /// Relative contribution less budget, one an asset.
        gap: Vec<f64>,
        /// Assets at the smaller end of what may be held on their side.
        at_smallest: Vec<usize>,
        /// Assets at the larger end.
        at_largest: Vec<usize>,
    },
}

/// Weights with given shares of the expected shortfall of equally likely scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScenarioBudgetSolution {
    /// The weights; their absolute values sum to 1.
    pub weights: Weights,
    /// The budgets, one an asset, sum 1.
    pub budgets: Vec<f64>,
    /// The level.
    pub confidence: Confidence,
    /// Expected shortfall of the portfolio, per period, a loss.
    pub expected_shortfall: f64,
    /// Euler contributions to it under `tail_probabilities`.
    pub contribution: Vec<f64>,
    /// Shares of it.
    pub relative: Vec<f64>,
    /// The tail that the contributions are means over: one a scenario, sum 1, none above `1 / (n (1 − c))`. Where
    /// several scenarios tie at the value at risk it is the tail under which the budgets are met.
    pub tail_probabilities: Vec<f64>,
    /// Largest distance of a relative contribution from its budget.
    pub error: f64,
    /// Expected shortfall less the sum of the contributions, over the expected shortfall: zero at the solution.
    pub relative_gap: f64,
    /// Interior-point steps.
    pub iterations: usize,
}
