//! Performance analytics: what a portfolio earned, at what risk, against what, and where it came from.
//!
//! Every metric says its formula, its conventions and what it does on degenerate input; every attribution adds up
//! to the return it explains.
//!
//! # Conventions
//! Returns are simple decimals per period, losses as risk measures are positive, drawdowns are positive. Nothing is
//! annualised unless its name says so. What cannot be computed is an [`Error`], never 0 or NaN.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod annualisation;
mod check;
mod error;
pub mod explain;
pub mod honesty;
pub mod metrics;
pub mod option_income;
mod risk_free;
mod series;

pub use annualisation::Annualisation;
pub use error::{Error, Result};
pub use metrics::Performance;
pub use risk_free::RiskFree;
pub use series::{ReturnKind, ReturnSeries};
