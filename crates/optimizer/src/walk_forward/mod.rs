//! Allocators judged by what they would have earned: a walk forward through a panel of returns.
//!
//! At a decision an [`Allocator`](crate::Allocator) sees a history that ends before it, its weights are bought at a
//! cost, drift with the returns until the next decision, and are replaced.
//!
//! ```
//! use alluse_optimizer::Allocator;
//! use alluse_optimizer::walk_forward::{Backtest, CostRates, EqualWeight};
//! use alluse_risk_core::{AssetId, panel::ReturnPanel, splits::TrainWindow};
//! use jiff::civil::date;
//! use ndarray::array;
//!
//! let panel = ReturnPanel::new(
//!     (1..=4).map(|day| date(2024, 1, day)).collect(),
//!     vec![AssetId::new("A")?, AssetId::new("B")?],
//!     array![[0.01, 0.02], [0.10, 0.00], [0.00, 0.10], [0.00, 0.00]],
//! )?;
//! let backtest = Backtest::every(2, TrainWindow::Rolling(1))?.with_costs(vec![CostRates::uniform(0.001)?]);
//! let run = backtest.run(&panel, &EqualWeight)?;
//! assert_eq!(run.rebalances.len(), 2);
//! assert!((run.gross_returns[0] - 0.05).abs() < 1e-15);
//! // The first purchase costs a tenth of a percent of what is bought.
//! assert!((run.net[0].returns[0] - (1.05 / 1.001 - 1.0)).abs() < 1e-15);
//! # Ok::<(), alluse_optimizer::Error>(())
//! ```

mod comparison;
mod config;
mod costs;
mod engine;
mod equal_weight;
mod result;
mod rolling_covariance;
mod truncation;

pub use comparison::{
    AgainstEqualWeight, Benchmark, BootstrapDifference, Comparison, ComparisonReport, Performance, TrialCount,
};
pub use config::{Backtest, CashReturns, FailurePolicy, RebalanceDates};
pub use costs::CostRates;
pub use equal_weight::EqualWeight;
pub use result::{BacktestResult, Failure, NetReturns, Rebalance};
pub use rolling_covariance::RollingCovariance;
pub use truncation::{TruncationMismatch, TruncationReport};

#[cfg(test)]
mod tests;
