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
pub mod benchmark;
pub mod brinson;
pub mod cash_flows;
mod check;
pub mod contribution;
mod error;
mod exact_sum;
#[cfg(test)]
mod example_data;
pub mod explain;
pub mod factors;
pub mod honesty;
pub mod intervals;
pub mod metrics;
pub mod option_income;
mod pair_moments;
mod risk_attribution;
mod risk_free;
pub mod rolling;
mod series;
pub mod significance;
pub mod streaming;

pub use annualisation::Annualisation;
pub use benchmark::Relative;
pub use error::{Error, Result};
pub use metrics::Performance;
pub use risk_attribution::{RiskAttribution, RiskRow, RiskTable};
pub use risk_free::RiskFree;
pub use series::{ReturnKind, ReturnSeries};
