//! The answer: weights, and why they are these.

mod limits;
mod risk;

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, Weights};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

pub use limits::{ActiveLimit, SoftViolation};
pub use risk::RiskShares;

use crate::Result;
use crate::certificate::{Certificate, objective_of};
use crate::conic::Source;
use crate::problem::{ObjectiveUnit, Problem};

/// How a solve ended. Anything worse than these is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Termination {
    /// The certificate shows a relative gap of at most 1e-8, residuals of at most 1e-7, limits kept to 1e-9.
    Optimal,
    /// The certificate shows a gap of at most 1e-5, residuals of at most 1e-4, limits kept to 1e-6.
    ReducedAccuracy,
    /// The best found by a search that proves how far from the optimum it can be.
    WithinGap,
}

/// What was tried before an answer was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// What was tried.
    pub tried: String,
    /// Why it gave no answer.
    pub failure: String,
}

/// Usable weights with their explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Solution {
    /// The assets, in the order of the weights.
    pub assets: Vec<AssetId>,
    /// Fractions of capital.
    pub weights: Vec<f64>,
    /// What was optimised, in words.
    pub objective_name: String,
    /// Its value by its definition, costs included, broken soft limits not.
    pub objective: f64,
    /// Its unit, per period.
    pub unit: ObjectiveUnit,
    /// `μ'w`, where there are expected returns, before costs.
    pub expected_return: Option<f64>,
    /// `√(w'Σw)`, where there is a covariance.
    pub volatility: Option<f64>,
    /// Cost of trading, a period.
    pub cost: Option<f64>,
    /// The limits that bind, dearest first.
    pub active_limits: Vec<ActiveLimit>,
    /// The soft limits that were broken, dearest first.
    pub violations: Vec<SoftViolation>,
    /// Who carries the risk, where a risk is known.
    pub risk: Option<RiskShares>,
    /// The check of the answer.
    pub certificate: Certificate,
    /// How the solve ended.
    pub termination: Termination,
    /// The method that found the weights.
    pub method: String,
    /// Its iterations.
    pub iterations: usize,
    /// For a search: a bound on the objective that nothing feasible can beat.
    pub bound: Option<f64>,
    /// What failed before, when a chain of fallbacks was asked for.
    pub attempts: Vec<Attempt>,
}

impl Solution {
    /// The weights, as the type other crates take.
    ///
    /// # Errors
    /// None in practice: weights of a solution are finite.
    pub fn to_weights(&self) -> Result<Weights> {
        Ok(Weights::new(self.weights.clone())?)
    }

    /// The weight of an asset.
    #[must_use]
    pub fn weight(&self, asset: &str) -> Option<f64> {
        self.assets.iter().position(|a| a.as_str() == asset).map(|place| self.weights[place])
    }

    /// The limit of this name that binds, its dearest member first.
    #[must_use]
    pub fn active_limit(&self, name: &str) -> Option<&ActiveLimit> {
        self.active_limits.iter().find(|limit| limit.limit == name)
    }
}

/// What a solver hands over.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) weights: Vec<f64>,
    /// Worth of one more unit of a side of a limit, in units of the objective.
    pub(crate) prices: BTreeMap<Source, f64>,
    pub(crate) certificate: Certificate,
    pub(crate) termination: Termination,
    pub(crate) method: &'static str,
    pub(crate) iterations: usize,
}

/// Explains weights.
pub(crate) fn explain(problem: &Problem, found: Found) -> Result<Solution> {
    let w = ArrayView1::from(&found.weights);
    let objective = objective_of(problem, &found.weights)?.value;
    let variance = problem.covariance.as_ref().map(|model| model.variance_of(w)).transpose()?;
    let volatility = variance.map(f64::sqrt);
    let scale = limits::Scale::of(problem, volatility);
    Ok(Solution {
        assets: problem.universe.assets().to_vec(),
        objective_name: problem.objective.to_string(),
        objective,
        unit: problem.objective.unit(),
        expected_return: problem.expected_return_of(w),
        volatility,
        cost: problem.costs.as_ref().map(|costs| costs.of(&found.weights)).transpose()?,
        active_limits: limits::active(problem, &found, &scale)?,
        violations: limits::broken(problem, &found.weights)?,
        risk: risk::shares(problem, &found.weights)?,
        certificate: found.certificate,
        termination: found.termination,
        method: found.method.to_owned(),
        iterations: found.iterations,
        bound: None,
        attempts: Vec::new(),
        weights: found.weights,
    })
}
