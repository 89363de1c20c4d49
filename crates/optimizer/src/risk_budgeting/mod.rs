//! Portfolios whose assets carry given shares of the risk.
//!
//! ```
//! use alluse_optimizer::risk_budgeting::{Budgets, RiskBudgeting};
//! use alluse_optimizer::RiskModel;
//! use alluse_risk_core::Covariance;
//! use ndarray::array;
//!
//! let model = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.09]])?);
//! let solution = RiskBudgeting::new(Budgets::Equal).solve(&model)?;
//! assert!((solution.weights.view()[0] - 0.6).abs() < 1e-12); // without correlation: inverse volatility
//! assert!((solution.risk.relative[0] - 0.5).abs() < 1e-10);
//! # Ok::<(), alluse_optimizer::Error>(())
//! ```

mod bounded;
mod budgets;
mod config;
mod contributions;
mod convergence;
mod coordinate;
mod newton;
mod operator;
mod scenario;
mod signs;
mod solution;
#[cfg(test)]
mod tests;

pub use budgets::{Budgets, GroupBudget, Split};
pub use config::{DefinitenessCheck, RiskBudgetMethod, RiskBudgeting};
pub(crate) use contributions::finite;
pub use contributions::{GroupRisk, RiskContributions};
pub use signs::{Side, SignPattern};
pub use solution::{BudgetFit, RiskBudgetSolution, ScenarioBudgetSolution};

/// What a method hands back: sizes in units of volatility, at a variance of 1.
#[derive(Debug)]
struct Solved {
    y: Vec<f64>,
    iterations: usize,
}
