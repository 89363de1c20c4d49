//! Problems as programs over cones, by the interior-point method: what no special method takes.

use std::collections::BTreeMap;

use alluse_risk_core::ErrorKind;

use super::diagnosis::contradiction;
use super::priced;
use crate::certificate::{Certificate, certify, conic_optimality};
use crate::compile::{Compiled, compile};
use crate::conic::{Cone, ConicSolution, Outcome, STEPS, Source};
use crate::problem::{Objective, Problem, RiskMeasure};
use crate::solution::{Found, Termination};
use crate::{Error, Result};

impl Problem {
    /// By the interior-point method for cones.
    pub(super) fn find_conic(&self) -> Result<Found> {
        let compiled = compile(self)?;
        compiled.check_prices()?;
        let mut best: Option<Result<Found>> = None;
        for step in STEPS {
            let next = self.find_stepping(&compiled, step);
            let arithmetic = |error: &Error| matches!(error.kind(), ErrorKind::NotConverged | ErrorKind::Numerical);
            match &next {
                Ok(found) if found.termination == Termination::Optimal => return next,
                Err(error) if !arithmetic(error) => return next,
                _ => {}
            }
            best = match (best, next) {
                (Some(Ok(old)), Ok(new)) if new.certificate.worst() < old.certificate.worst() => Some(Ok(new)),
                (Some(Ok(old)), _) => Some(Ok(old)),
                (None | Some(Err(_)), next) => Some(next),
            };
        }
        if let Some(found) = self.find_riskless(&compiled)? {
            return Ok(found);
        }
        best.unwrap_or_else(|| Err(contradiction())).map_err(|error| self.diagnose(error))
    }

    /// Weights without any risk, where the least risk is asked for and there are some: no method that ends at a relative
    /// accuracy finds a zero.
    fn find_riskless(&self, compiled: &Compiled) -> Result<Option<Found>> {
        let Objective::MinimiseRisk(RiskMeasure::Variance | RiskMeasure::Volatility) = self.objective else {
            return Ok(None);
        };
        let mut program = compiled.program.clone();
        program.quadratic.clear();
        program.linear.fill(0.0);
        program.push(Cone::Zero, self.risk_model()?.risk_rows()?, Source::Definition);
        let Ok(Outcome::Solved(mut solution)) = program.solve() else { return Ok(None) };
        if solution.x[..self.universe.len()].iter().all(|w| w.abs() < 1e-9) {
            // Nothing held at all is exactly that.
            solution.x.iter_mut().filter(|x| x.abs() < 1e-9).for_each(|x| *x = 0.0);
        }
        // What costs nothing is proved best by multipliers that are all zero.
        let duals = vec![0.0; compiled.program.blocks.iter().map(|block| block.rows.len()).sum()];
        let weights = compiled.weights(&solution.x, self.universe.len());
        let claimed = compiled.reading.objective(compiled.program.objective(&solution.x));
        let optimality = conic_optimality(&compiled.program, &solution.x, &duals);
        let certificate = certify(self, &weights, claimed, optimality)?;
        let (prices, termination, method) = (BTreeMap::new(), Termination::Optimal, "interior point");
        let found = Found { weights, prices, certificate, termination, method, iterations: solution.iterations };
        Ok(certificate.is_optimal().then_some(found))
    }

    /// One solve over cones, certified.
    fn find_stepping(&self, compiled: &Compiled, step: f64) -> Result<Found> {
        match compiled.program.solve_stepping(step)? {
            Outcome::Infeasible(_) => Err(contradiction()),
            Outcome::Unbounded(direction) => Err(self.explain_unbounded(compiled, &direction)),
            Outcome::Solved(mut solution) => {
                self.check_ratio(compiled, &solution.x)?;
                let found = self.certified(compiled, &solution)?;
                if found.certificate.is_optimal() {
                    return Ok(found);
                }
                // An optimum of zero: what is left of it are the last digits of an iteration.
                let largest = solution.duals.iter().fold(0.0, |most: f64, dual| most.max(dual.abs()));
                solution.x.iter_mut().filter(|x| x.abs() < 1e-10).for_each(|x| *x = 0.0);
                solution.duals.iter_mut().filter(|dual| dual.abs() < 1e-12 * largest).for_each(|dual| *dual = 0.0);
                let cleared = self.certified(compiled, &solution).ok().filter(|point| point.certificate.is_optimal());
                let best = cleared.unwrap_or(found);
                let termination = termination(&best.certificate, best.iterations)?;
                Ok(Found { termination, ..best })
            }
        }
    }

    /// A point of the program as weights, prices and a certificate, optimal or not.
    fn certified(&self, compiled: &Compiled, solution: &ConicSolution) -> Result<Found> {
        let value = compiled.program.objective(&solution.x);
        let weights = compiled.weights(&solution.x, self.universe.len());
        let optimality = conic_optimality(&compiled.program, &solution.x, &solution.duals);
        let certificate = certify(self, &weights, compiled.reading.objective(value), optimality)?;
        let multipliers = compiled.multipliers(&solution.x, &solution.duals);
        Ok(Found {
            weights,
            prices: priced(multipliers, compiled.reading.slope(value)),
            certificate,
            termination: Termination::Optimal,
            method: "interior point",
            iterations: solution.iterations,
        })
    }

    /// A ratio is not attained when its weights would have to be infinite, nor defined without risk.
    fn check_ratio(&self, compiled: &Compiled, x: &[f64]) -> Result<()> {
        let Some(unit) = compiled.unit else { return Ok(()) };
        let largest = x[..self.universe.len()].iter().fold(0.0, |most: f64, w| most.max(w.abs()));
        if !(x[unit] > 1e-9 * largest) {
            let reason = "it keeps improving as positions grow; a budget or a bound on weights is missing";
            return Err(Error::Unbounded { what: "ratio of return to risk", reason: reason.into() });
        }
        let value = compiled.program.objective(x);
        if !(value > 0.0) {
            let reason = format!("a portfolio with excess return has a risk of {value}, not above zero");
            return Err(Error::Undefined { what: "ratio of return to risk", reason });
        }
        Ok(())
    }
}

fn termination(certificate: &Certificate, iterations: usize) -> Result<Termination> {
    if certificate.is_optimal() {
        Ok(Termination::Optimal)
    } else if certificate.is_usable() {
        Ok(Termination::ReducedAccuracy)
    } else {
        Err(Error::NotConverged { method: "interior point", iterations, residual: certificate.worst() })
    }
}
