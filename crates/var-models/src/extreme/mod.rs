//! Extreme value theory: laws of excesses and of maxima, and the models of the tail built on them.

mod diagnostics;
mod hill;
mod maxima;
mod maxima_fit;
mod models;
mod pareto;
mod pareto_fit;
mod pareto_tail;
mod profile;
mod series;
mod solve;
mod tail_loss;
mod threshold;

pub use diagnostics::{MeanExcess, ThresholdFit, hill_plot, mean_excesses, parameter_stability};
pub use hill::Hill;
pub use maxima::GeneralizedExtremeValue;
pub use maxima_fit::GeneralizedExtremeValueFit;
pub use models::ConditionalPeaksOverThreshold;
pub use pareto::GeneralizedPareto;
pub use pareto_fit::GeneralizedParetoFit;
pub use pareto_tail::{ParetoTail, ParetoTailFit};
pub use tail_loss::PeaksOverThresholdLoss;
pub use threshold::{PeaksOverThreshold, TailThreshold};
