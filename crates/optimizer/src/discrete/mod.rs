//! Problems in which some weights are chosen from pieces: zero or a least position, so many positions and no more, a
//! price for trading at all.

mod conflict;
mod options;
mod tree;

use crate::certificate::{Certificate, certify_weights};
use crate::problem::{ObjectiveUnit, Problem};
use crate::solution::{Found, Termination, explain};
use crate::{Error, Result, Solution};

/// Relaxations solved before the search stops and states its gap.
const NODES: usize = 20_000;

impl Problem {
    /// Branch and bound over the pieces.
    pub(crate) fn search(&self) -> Result<Solution> {
        if self.costs.as_ref().is_some_and(crate::problem::Costs::has_fixed)
            && self.objective.unit() == ObjectiveUnit::Ratio
        {
            return Err(Error::Unsupported { what: "a fixed cost of trading under a ratio".into() });
        }
        match tree::search(self, NODES)? {
            Some(best) => best.solution(self),
            None => Err(conflict::explain(self)),
        }
    }
}

/// The best choice of pieces that a search found.
#[derive(Debug)]
struct Best {
    found: Found,
    /// The objective to be made small, fixed costs included.
    value: f64,
    /// Nothing feasible is below this.
    bound: f64,
    nodes: usize,
}

impl Best {
    fn solution(self, problem: &Problem) -> Result<Solution> {
        let sign = sign(problem);
        let checked: Certificate = certify_weights(problem, &self.found.weights, sign * self.value, self.found.certificate)?;
        let gap = (self.value - self.bound).max(0.0);
        let proven = gap <= 1e-8 * self.value.abs();
        let termination = if proven { self.found.termination } else { Termination::WithinGap };
        let method = "branch and bound";
        let found = Found { certificate: checked, termination, method, iterations: self.nodes, ..self.found };
        let mut solution = explain(problem, found)?;
        solution.bound = Some(sign * self.bound.min(self.value));
        Ok(solution)
    }
}

/// 1 where less is better.
fn sign(problem: &Problem) -> f64 {
    if problem.objective.is_maximised() { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests;
