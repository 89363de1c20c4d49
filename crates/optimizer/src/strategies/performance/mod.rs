//! Weights tilted by past performance, as far as the evidence goes.
//!
//! Most of what separates the past results of strategies is luck. The tilt therefore starts from the performance
//! shrunk towards the common mean, by as much as the spread between strategies fails to exceed their standard
//! errors; without evidence the weights are equal. Drawdowns then scale down, and capacity caps.

mod drawdown;
mod shrinkage;
mod weights;

pub use drawdown::{Between, DrawdownScale};
pub use shrinkage::{Shrinkage, ShrunkValue, shrink};
pub use weights::{
    FreedCapital, PerformanceMeasure, PerformanceResult, PerformanceWeights, StrategyLimits, StrategyMultiplier,
};
