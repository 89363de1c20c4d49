//! From a problem to its solution.

mod cones;
mod diagnosis;
mod scenario;
mod tangency;

use std::collections::BTreeMap;

use alluse_risk_core::ErrorKind;

use crate::certificate::{certify, quadratic_optimality};
use crate::compile::quadratic_program;
use crate::conic::Source;
use crate::problem::{Constraint, Problem};
use crate::solution::{Found, Termination, explain};
use crate::{Error, Result, Solution};

impl Problem {
    /// Solves the problem.
    ///
    /// `Ok` always means usable weights, with a certificate that other code than the solver's made.
    ///
    /// # Errors
    /// - [`Error::Input`] and [`Error::Invalid`] for inputs that contradict themselves.
    /// - [`Error::Conflict`] when no weights keep the limits: the smallest set of limits that contradict each other, and the
    ///   cheapest way out.
    /// - [`Error::Unbounded`] when nothing stops the objective from improving.
    /// - [`Error::Undefined`] when the question has no answer, such as the best Sharpe ratio where no portfolio earns more
    ///   than the risk-free rate.
    /// - [`Error::NotConverged`] and [`Error::Numerical`] when the arithmetic failed.
    pub fn solve(&self) -> Result<Solution> {
        self.check()?;
        if self.is_discrete() {
            return self.search();
        }
        match self.find() {
            Ok(found) => explain(self, found),
            Err(Error::Infeasible { .. }) => Err(self.explain_infeasible()),
            Err(error) => Err(error),
        }
    }

    /// The problem at each of these least expected returns: points of an efficient frontier under any limits and costs.
    ///
    /// The exact frontier of mean and variance under linear limits is [`CriticalLine`](crate::frontier::CriticalLine)'s.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve), for the first target that fails.
    pub fn at_returns(&self, targets: &[f64]) -> Result<Vec<Solution>> {
        let at = |target: &f64| {
            let floor = Constraint::target_return(*target).named(format!("expected return of {target}"));
            self.clone().subject_to(floor).solve()
        };
        targets.iter().map(at).collect()
    }

    /// The weights and their prices, unexplained.
    pub(crate) fn find(&self) -> Result<Found> {
        if let Some(found) = self.find_quadratic()? {
            return Ok(found);
        }
        if let Some(found) = self.find_tangency()? {
            return Ok(found);
        }
        if let Some(found) = self.find_scenario()? {
            return Ok(found);
        }
        self.find_conic()
    }

    /// By the exact method for quadratic programs; `None` where the problem is not one or the method gave up.
    fn find_quadratic(&self) -> Result<Option<Found>> {
        let Some(compiled) = quadratic_program(self)? else { return Ok(None) };
        let solution = match compiled.program.solve() {
            Ok(solution) => solution,
            Err(error) if matches!(error.kind(), ErrorKind::NotConverged | ErrorKind::Numerical) => return Ok(None),
            Err(error) => return Err(error),
        };
        let claimed = compiled.reading.objective(solution.objective);
        let optimality = quadratic_optimality(&compiled.program, &solution);
        let weights = solution.x.to_vec();
        let certificate = certify(self, &weights, claimed, optimality)?;
        if !certificate.is_optimal() {
            return Ok(None);
        }
        let slope = compiled.reading.slope(solution.objective);
        Ok(Some(Found {
            weights,
            prices: priced(compiled.multipliers(&solution), slope),
            certificate,
            termination: Termination::Optimal,
            method: solution.method,
            iterations: solution.iterations,
        }))
    }
}

/// Multipliers of the program in units of the objective.
fn priced(mut multipliers: BTreeMap<Source, f64>, slope: f64) -> BTreeMap<Source, f64> {
    multipliers.values_mut().for_each(|price| *price *= slope);
    multipliers
}
