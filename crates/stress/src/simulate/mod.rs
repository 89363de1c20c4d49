//! Stress by simulation: fat tails, a crisis regime, and the user's own worst weeks.
//!
//! | source | what it draws |
//! |---|---|
//! | [`StudentTStress`] | multivariate Student t with the model's covariance |
//! | [`RegimeMixture`] | a normal for each regime, such as calm and crisis, by weight |
//! | [`BlockBootstrap`] | stretches of a dated history, crisis windows by weight |
//!
//! Every one is a [`ScenarioSource`](alluse_risk_core::ScenarioSource) with a seed of its own, and its numbers do not
//! depend on the number of threads.

mod bootstrap;
mod mixture;
mod root;
mod student_t;

pub use bootstrap::BlockBootstrap;
pub use mixture::{Regime, RegimeMixture};
pub use student_t::StudentTStress;

use alluse_risk_core::{Error as CoreError, Factor, Horizon, Result as CoreResult, ScenarioSet};
use ndarray::{Array2, Axis};

use crate::FactorModel;

/// Paths drawn unless said otherwise.
const PATHS: usize = 10_000;

fn paths_valid(paths: usize) -> CoreResult<()> {
    if paths > 0 {
        return Ok(());
    }
    Err(CoreError::OutOfDomain { name: "paths", expected: "at least 1", value: 0.0 })
}

/// The moves of the factors that were asked for, out of those of all.
fn picked(model: &FactorModel, factors: &[Factor], horizon: Horizon, moves: &Array2<f64>) -> CoreResult<ScenarioSet> {
    if horizon != model.horizon() {
        return Err(CoreError::Unsupported { what: "a horizon other than that of the factor model: scale the model" });
    }
    let places: Vec<usize> = factors.iter().map(|factor| model.place(factor)).collect::<crate::Result<_>>()?;
    let named = places.iter().map(|&place| model.factors()[place].clone()).collect();
    ScenarioSet::new(model.as_of(), horizon, named, moves.select(Axis(1), &places))
}
