//! Portfolio risk for accounts that hold shares, cash and listed options.
//!
//! This crate re-exports the crates of the workspace under one name, so that a program needs one
//! dependency and one version:
//!
//! | module | question it answers | feature |
//! |---|---|---|
//! | [`risk_core`] | What is the risk of a sample or a path, and how is it estimated? | always |
#![cfg_attr(
    feature = "instruments",
    doc = "| [`instruments`] | What is an option or a book worth, now and under scenarios? | `instruments` |"
)]
#![cfg_attr(
    feature = "var-models",
    doc = "| [`var_models`] | What could be lost over a horizon, and which position causes it? | `var-models` |"
)]
#![cfg_attr(
    feature = "optimizer",
    doc = "| [`optimizer`] | Which weights, what does every limit cost, and does it hold out of sample? | `optimizer` |"
)]
#![cfg_attr(
    feature = "stress",
    doc = "| [`stress`] | What does the book lose when the world moves, and which move costs most? | `stress` |"
)]
#![cfg_attr(
    feature = "attribution",
    doc = "| [`attribution`] | What was earned, at what risk, against what, and where did it come from? | `attribution` |"
)]
#![cfg_attr(
    feature = "forecast",
    doc = "| [`forecast`] | What comes next, from one day to one year, and is the forecast worth anything? | `forecast` |"
)]
#![cfg_attr(
    feature = "report",
    doc = "| [`report`] | What does one hand to a reader: tear sheets, risk and allocation reports | `report` |"
)]
//!
//! ```
//! use alluse_quant::risk_core::{Confidence, Decay};
//!
//! let confidence = Confidence::new(0.99)?;
//! assert_eq!(confidence.tail_count(500), 5.0); // losses in the tail of 500
//!
//! // With a decay of 0.94 all but 1 % of the weight lies on the last 74 days.
//! assert_eq!(Decay::new(0.94)?.effective_observations(0.01)?, 74);
//! # Ok::<(), alluse_quant::risk_core::Error>(())
//! ```
//!
//! # Conventions
//! Losses are positive; returns are simple decimals; a confidence level is the high side (0.99); nothing is
//! annualised unless its name says so. What cannot be computed is an error, never 0 or NaN.
//!
//! # Features
//! | feature | default | brings |
//! |---|---|---|
//! | `full` | yes | everything below but the LAPACK backends |
//! | `instruments` | in `full` | cash, shares, listed options, pricing and revaluation |
//! | `var-models` | in `full` | models of value at risk and expected shortfall; brings `instruments` |
//! | `stress` | in `full` | stress tests; brings `instruments` |
//! | `optimizer` | in `full` | portfolio construction, rebalancing, walk-forward |
//! | `attribution` | in `full` | metrics, benchmarks, attribution; brings `instruments` |
//! | `forecast` | in `full` | volatility, regimes, simulated futures, evaluation; brings `instruments` |
//! | `report` | in `full` | reports as HTML, JSON, CSV, Markdown; brings all of the above |
//! | `png`, `pdf` | no | charts as PNG, reports as PDF |
//! | `linalg` | in `full` | dense linear algebra in pure Rust and what needs it |
//! | `parallel` | in `full` | thread-parallel kernels; no number depends on it |
//! | `csv` | in `full` | price and return panels from CSV files |
//! | `lapack` | no | linear algebra on LAPACK; the application links a backend |
//! | `openblas-system`, `intel-mkl-system`, `intel-mkl-static` | no | that backend |

#[cfg(feature = "attribution")]
pub use alluse_attribution as attribution;
#[cfg(feature = "forecast")]
pub use alluse_forecast as forecast;
#[cfg(feature = "instruments")]
pub use alluse_instruments as instruments;
#[cfg(feature = "optimizer")]
pub use alluse_optimizer as optimizer;
#[cfg(feature = "report")]
pub use alluse_report as report;
pub use alluse_risk_core as risk_core;
#[cfg(feature = "stress")]
pub use alluse_stress as stress;
#[cfg(feature = "var-models")]
pub use alluse_var_models as var_models;

/// The traits in which models meet; bring them into scope to call what they offer.
///
/// ```
/// use alluse_quant::prelude::*;
///
/// /// Forecasts tomorrow's loss with any model.
/// fn names(models: &[Box<dyn VarModel>]) -> Vec<&str> {
///     models.iter().map(|model| model.name()).collect()
/// }
/// assert!(names(&[]).is_empty());
/// ```
pub mod prelude {
    pub use alluse_risk_core::{
        FittedVarModel, FittedVolatility, LossDistribution, ScenarioSource, VarModel, VolatilityModel,
    };
}
