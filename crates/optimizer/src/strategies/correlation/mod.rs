//! How alike strategies are: correlations with intervals, calm and in a crisis, and in the tails.
//!
//! The correlation of two return streams is a property of the streams: no choice of weights changes it, and it is
//! estimated. So it is reported with an interval, judged by the lower end, and a crisis figure stands beside what
//! the selection of crisis days alone would have produced.

mod crisis;
mod estimate;
mod fisher;
mod normal_theory;
mod report;
mod tails;

pub use crisis::{CrisisComparison, MarketStress, Rise, StressDays};
pub use estimate::{CorrelationEstimate, CorrelationInterval};
pub use fisher::{EffectiveSize, fisher_interval};
pub use normal_theory::{normal_exceedance_correlation, selected_correlation};
pub use report::{CorrelationReport, PairCorrelation, StrategyCorrelation};
pub use tails::{ExceedanceCorrelation, TailDependence};
