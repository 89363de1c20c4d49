//! What a book does when the world moves: scenarios as data, and what they cost.
//!
//! ```
//! use alluse_instruments::{Book, MarketSnapshot};
//! use alluse_stress::{CrisisFactor, CrisisLink, CrisisMapping, StressTest, Target, crisis};
//! use jiff::civil::date;
//!
//! let market = MarketSnapshot::usd(date(2024, 1, 5)).with_spot("SPY", 470.0)?;
//! let book = Book::builder().share("SPY", 10.0).build(&market)?;
//! let mapping = CrisisMapping::new(vec![CrisisLink::new(Target::spot("SPY")?, CrisisFactor::Equity, 1.0)])?;
//! let report = StressTest::new(vec![crisis("covid_2020")?.scenario(&mapping)?])?.run(&book)?;
//! assert!(*report.scenarios[0].pnl.known().unwrap() < -0.3 * 4_700.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | answer |
//! |---|---|
//! | what does the book do in these scenarios, and what does it then need? | [`StressTest`], [`StressReport`] |
//! | how is a scenario written? | [`StressScenario`], [`read_scenarios`], [`compile`] |
//! | what happened in a crisis? | [`crises`], [`CrisisMapping`], [`Replay`] |
//! | how do the other factors follow? | [`propagate`], [`StressScenario::propagated`], [`stress_correlation`] |
//! | what if moves are drawn, not written? | [`StudentTStress`], [`RegimeMixture`], [`BlockBootstrap`] |
//! | which least unusual move costs this much? | [`ReverseStress`], [`linear_reverse_stress`] |
//! | what do forced sales add? | [`MarginSpiral`] |
//! | what does every joint move of prices and volatilities cost? | [`StressGrid`] |
//! | how do limits and optimisers use it? | [`stress_losses`], [`stress_rows`] |
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
