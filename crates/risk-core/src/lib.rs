//! What every risk crate of the workspace stands on: validated types, labelled panels, risk measures
//! with their sampling error, covariance estimators, and the contract in which models meet.
//!
//! ```
//! use alluse_risk_core::{Confidence, measures::{LossSample, QuantileRule}};
//!
//! // Ten losses; at 80 % the tail holds two of them.
//! let losses = LossSample::new(vec![3.0, -1.0, 0.5, 2.0, -2.0, 1.0, 0.0, -0.5, 4.0, -3.0])?;
//! let shortfall = losses.expected_shortfall(Confidence::new(0.8)?)?;
//! assert!((shortfall.value - 3.5).abs() < 1e-12); // the mean of 4 and 3
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```
//!
//! # Conventions
//! Losses are positive; returns are simple decimals; [`Confidence`] is the high side; a horizon counts
//! exchange days. What cannot be computed is an [`Error`] or [`Status::Unknown`], never 0 or NaN.
//!
//! # Features
//! | feature | default | brings |
//! |---|---|---|
//! | `linalg` | yes | [`linalg`] in pure Rust and everything that needs it |
//! | `lapack` | no | the same on ndarray-linalg; the application links a backend |
//! | `parallel` | yes | thread-parallel kernels; no number depends on it |
//! | `csv` | no | panels from CSV files |

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod check;
mod contract;
pub mod covariance;
#[cfg(any(feature = "linalg", feature = "lapack"))]
pub mod entropy_pooling;
mod error;
pub mod expected_returns;
pub mod experts;
pub mod inference;
pub mod labels;
#[cfg(any(feature = "linalg", feature = "lapack"))]
pub mod linalg;
pub mod liquidity;
pub mod measures;
pub mod minimise;
pub mod moments;
pub mod nested;
pub mod normal;
pub mod panel;
mod receipt;
pub mod scores;
pub mod sobol;
pub mod splits;
pub mod streams;
pub mod sum;
mod types;
pub mod volatility;

pub use contract::{
    Assumption, Bound, Coverage, Estimate, Factor, FittedVarModel, FittedVolatility, History, HistorySplitter,
    Interval, IntervalMethod, Limit, LinearRow, LossDistribution, Measure, Ordering, ScenarioPnl, ScenarioPnlParts,
    ScenarioSet, ScenarioSource, ShockKind, Status, Unvalued, VarModel, Verdict, VolatilityModel,
};
pub use covariance::Covariance;
pub use error::{Error, ErrorKind, Result};
pub use receipt::{InputHash, Receipt};
pub use types::{
    AssetId, Confidence, ContractId, Currency, Decay, Frequency, HalfLife, Horizon, PeriodsPerYear, RowId, ScenarioId,
    Weights,
};
