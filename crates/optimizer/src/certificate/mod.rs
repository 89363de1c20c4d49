//! The check of an answer, by code that shares nothing with the code that found it.
//!
//! Two questions are asked. Are the weights what they claim to be: do they keep the limits, and is the objective what its
//! definition gives? And is nothing better: do the primal and dual points of the program satisfy the conditions of
//! Karush, Kuhn and Tucker, and is the gap between their values closed? Nothing here knows how a solver works.

mod cones;
mod conic;
mod limits;
mod objective;
mod quadratic;
mod scenario;

pub(crate) use conic::conic_optimality;
pub(crate) use limits::limit_values;
pub(crate) use objective::objective_of;
pub(crate) use quadratic::quadratic_optimality;
pub(crate) use scenario::{ScenarioBlock, ScenarioPenalty, ScenarioTerms, scenario_optimality};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::problem::Problem;

/// What was found when an answer was checked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Certificate {
    /// `|primal − dual| / size`, where the size is that of the largest term of the objective: nothing feasible is better
    /// by more.
    pub duality_gap: f64,
    /// Largest residual of stationarity over the largest of its terms.
    pub stationarity: f64,
    /// Largest distance of a row from its cone or of a multiplier from its dual cone, over their sizes.
    pub cone_violation: f64,
    /// Largest violation of a hard limit by the weights, measured by its definition, over `max(1, |bound|)`.
    pub infeasibility: f64,
    /// `|objective by its definition − objective of the program|`, over the size of the objective.
    pub objective_error: f64,
}

impl Certificate {
    /// Whether the answer is optimal to a relative gap of 1e-8, with residuals below 1e-7 and limits kept to 1e-9.
    #[must_use]
    pub fn is_optimal(&self) -> bool {
        self.within(1e-8, 1e-7, 1e-9)
    }

    /// Whether the answer can still be used: a gap of 1e-5, residuals of 1e-4, limits kept to 1e-6.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.within(1e-5, 1e-4, 1e-6)
    }

    fn within(&self, gap: f64, residual: f64, violation: f64) -> bool {
        self.duality_gap <= gap
            && self.objective_error <= gap.max(1e-7)
            && self.stationarity <= residual
            && self.cone_violation <= residual
            && self.infeasibility <= violation
    }

    /// The largest of its numbers, for a message.
    pub(crate) fn worst(&self) -> f64 {
        [self.duality_gap, self.stationarity, self.cone_violation, self.infeasibility, self.objective_error]
            .into_iter()
            .fold(0.0, |worst: f64, value| if value > worst || value.is_nan() { value } else { worst })
    }
}

/// How well a primal and a dual point fit each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Optimality {
    pub(crate) duality_gap: f64,
    pub(crate) stationarity: f64,
    pub(crate) cone_violation: f64,
}

/// Puts the two halves of the check together; `claimed` is the objective in the user's terms that the solver reached.
pub(crate) fn certify(problem: &Problem, weights: &[f64], claimed: f64, optimality: Optimality) -> Result<Certificate> {
    let objective = objective_of(problem, weights)?;
    let (mut infeasibility, mut penalty) = (0.0_f64, 0.0);
    for value in limit_values(problem, weights)? {
        match problem.limits[value.limit].price() {
            None => infeasibility = infeasibility.max(value.violation(problem)),
            Some(price) => penalty += price * value.outside(),
        }
    }
    // What broken soft limits cost is part of what the solver made small.
    let paid = if problem.objective.is_maximised() { -penalty } else { penalty };
    let size = objective.size.max(penalty).max(f64::MIN_POSITIVE);
    Ok(Certificate {
        duality_gap: optimality.duality_gap,
        stationarity: optimality.stationarity,
        cone_violation: optimality.cone_violation,
        infeasibility,
        objective_error: (objective.value + paid - claimed).abs() / size,
    })
}

/// The check of weights whose optimality was shown for a part of the problem: the part keeps its own numbers.
pub(crate) fn certify_weights(
    problem: &Problem,
    weights: &[f64],
    claimed: f64,
    part: Certificate,
) -> Result<Certificate> {
    let Certificate { duality_gap, stationarity, cone_violation, .. } = part;
    certify(problem, weights, claimed, Optimality { duality_gap, stationarity, cone_violation })
}

#[cfg(test)]
mod tests;
