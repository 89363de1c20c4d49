//! Value-at-risk and expected-shortfall models: predictive loss distributions and how their risk splits.
//!
//! ```
//! use alluse_risk_core::{Confidence, Horizon, LossDistribution};
//! use alluse_var_models::NormalLoss;
//!
//! let loss = NormalLoss::new(0.0, 1_000.0, Horizon::DAY)?;
//! assert!((loss.value_at_risk(Confidence::P99)?.value - 2_326.35).abs() < 0.01);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Losses are positive. Every answer is an [`Estimate`](alluse_risk_core::Estimate) with its horizon, error
//! and coverage. A model fitted to one-day returns refuses a longer horizon unless a rule is named.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod decomposition;
#[cfg(feature = "linalg")]
mod delta_gamma;
mod delta_normal;
mod empirical;
mod error;
mod historical;
mod horizon;
mod linear;
#[cfg(feature = "linalg")]
mod monte_carlo;
mod normal;
mod rolling;
mod spectral;
mod student_t;
mod student_t_fit;
mod student_t_law;
mod table;
mod weights;

pub use decomposition::{Contribution, Decomposition, VarAllocation, contributions};
#[cfg(feature = "linalg")]
pub use delta_gamma::{DeltaGamma, DeltaGammaLoss, DeltaGammaMethod};
pub use delta_normal::{ComponentVar, DeltaNormal};
pub use empirical::EmpiricalLoss;
pub use error::{Error, Result};
pub use historical::Historical;
pub use horizon::HorizonRule;
pub use linear::{LinearBook, LinearComponents};
#[cfg(feature = "linalg")]
pub use monte_carlo::{
    Drift, EmpiricalMarginal, FactorLaw, FactorModel, FactorPnl, FittedMarginal, LinearPnl, Marginal, MarginalKind,
    MonteCarlo, MonteCarloScenarios, MultiDay, Randomisation, Reduction, Sampling, SimulatedLoss, Simulation,
};
pub use normal::{NormalLoss, ParametricNormal};
pub use rolling::{ForecastSummary, RollingForecast};
pub use student_t::{ParametricStudentT, StudentTLoss};
pub use student_t_fit::{DegreesOfFreedomBound, StudentTFit};
pub use table::{TailTable, tail_table};
