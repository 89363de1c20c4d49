//! Portfolio construction that explains itself.
//!
//! Weights come with a certificate, the price of every limit and the risk each asset carries; when no weights
//! satisfy the limits, the answer is the smallest set of limits that contradict each other.
//!
//! # Conventions
//! Weights are fractions of capital; returns are simple decimals per period; variances are per period; turnover
//! and cost rates are one-way. What cannot be computed is an [`Error`], never 0 or NaN.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod allocator;
pub mod baseline;
pub mod black_litterman;
pub mod certificate;
mod check;
mod compile;
pub mod conflict;
mod conic;
mod cost_rate;
mod discrete;
mod error;
mod fallback;
pub mod frontier;
pub mod hierarchical;
pub mod kelly;
pub mod problem;
mod quadratic;
pub mod rebalance;
pub mod risk_budgeting;
mod risk_model;
pub mod solution;
mod solve;
mod solvers;
pub mod stability;
pub mod strategies;
mod universe;
pub mod walk_forward;

pub use allocator::{Allocator, ProblemAllocator};
pub use cost_rate::OneWayRate;
pub use error::{Error, Result};
pub use fallback::Fallback;
pub use problem::{Constraint, Objective, Problem};
pub use quadratic::{Hessian, QuadraticProgram, QuadraticSolution};
pub use risk_model::RiskModel;
pub use solution::Solution;
pub use solvers::{ActiveSet, Activity};
pub use universe::Universe;
