//! Extreme value theory: laws of excesses and of maxima, and the models of the tail built on them.

mod pareto;
mod pareto_fit;
mod series;
mod solve;

pub use pareto::GeneralizedPareto;
pub use pareto_fit::GeneralizedParetoFit;
