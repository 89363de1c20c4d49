//! Monte Carlo: draw joint factor moves, value the book on them, read the loss distribution.
//!
//! A [`FactorModel`] is the joint law of a day. A [`Simulation`] says how many paths are drawn and how. Between them they
//! give factor moves, losses of any [`FactorPnl`], or, through [`MonteCarloScenarios`], a scenario set for full
//! revaluation. [`MonteCarlo`] does it all from a history of returns. Every answer carries the error of its sampling.

mod chi_square;
mod control;
mod draws;
mod forecast;
mod importance;
mod loss;
mod marginal;
mod model;
mod pnl;
mod scenarios;
mod simulation;

pub use draws::{Randomisation, Sampling};
pub use forecast::{Drift, FactorLaw, MonteCarlo, MultiDay};
pub use loss::SimulatedLoss;
pub use marginal::{EmpiricalMarginal, FittedMarginal, Marginal, MarginalKind};
pub use model::FactorModel;
pub use pnl::{FactorPnl, LinearPnl};
pub use scenarios::MonteCarloScenarios;
pub use simulation::{Reduction, Simulation};

#[cfg(test)]
mod tests;
