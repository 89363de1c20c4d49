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
mod error;
mod quadratic;
mod risk_model;
mod solvers;
mod universe;

pub use allocator::Allocator;
pub use error::{Error, Result};
pub use quadratic::{Hessian, QuadraticProgram, QuadraticSolution};
pub use risk_model::RiskModel;
pub use universe::Universe;
