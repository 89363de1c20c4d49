//! What a book does when the world moves: scenarios as data, and what they cost.
//!
//! # Conventions
//! P&L is gain positive and losses are positive; shocks are decimals (−0.20 is a fall of 20 %, 0.05 of volatility
//! is five points); a shock happens now unless a scenario says how many exchange days it takes.
//!
//! # Features
//! | feature | default | brings |
//! |---|---|---|
//! | `parallel` | yes | thread-parallel kernels; no number depends on it |

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod catalogue;
mod correlation;
mod error;
mod factors;
mod grid;
mod matrix_rows;
mod pivoted;
mod plausibility;
mod propagation;
mod replay;
mod report;
mod reverse;
mod rows;
mod scenario;
mod simulate;
mod spiral;

pub use catalogue::{
    Change, Crisis, CrisisFactor, CrisisLink, CrisisMapping, CrisisMove, Grade, LinkMeasure, Proxy, crises, crisis,
};
pub use correlation::{CorrelationTarget, StressedCorrelation, fix_correlations, stress_correlation};
pub use error::{Error, Result};
pub use factors::{Centre, FactorModel, Window};
pub use grid::{GridPnl, GridPoint, StressGrid, VolatilityAxis};
pub use propagation::{ConditionalLoss, Propagation, propagate};
pub use replay::{ProxyReport, Replay, ReplayProxy, Replayed};
pub use report::{AssignmentCash, AxisPnl, LimitVerdict, ScenarioResult, StressReport, StressTest, stress_losses};
pub use reverse::{
    BookLoss, LinearLoss, QuadraticLoss, ReverseScenario, ReverseStress, ReverseStressResult, ScenarioLoss, Start,
    linear_reverse_stress,
};
pub use rows::{StressLimit, UnvaluedRows, stress_rows};
pub use scenario::{
    Assets, CompileOptions, CompiledSet, CorrelationGoal, CorrelationHandling, CorrelationStress, Currencies,
    FactorVolatilities, MAX_SCENARIO_BYTES, Shock, Span, Step, StressScenario, Target, UnmovedVolatility, compile,
    read_scenarios, write_scenarios,
};
pub use simulate::{BlockBootstrap, Regime, RegimeMixture, StudentTStress};
pub use spiral::{ExitCost, MarginRule, MarginSpiral, SpiralEnd, SpiralOutcome, SpiralRound};
