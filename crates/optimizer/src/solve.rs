//! From a problem to its solution.

mod scenario;

use std::collections::BTreeMap;

use alluse_risk_core::ErrorKind;

use crate::certificate::{Certificate, certify, conic_optimality, quadratic_optimality};
use crate::compile::{Compiled, compile, quadratic_program};
use crate::conflict::short;
use crate::conic::{Cone, ConicSolution, Outcome, STEPS, Source};
use crate::problem::{Constraint, Objective, Problem, RiskMeasure};
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

    /// By the interior-point method for cones.
    fn find_conic(&self) -> Result<Found> {
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

    /// A ratio has no solution for two reasons: the limits contradict each other, or nothing earns enough.
    fn explain_infeasible(&self) -> Error {
        let Objective::MaximiseRatio { risk_free, .. } = self.objective else { return self.explain_conflict() };
        match self.clone().with_objective(Objective::MaximiseReturn).find() {
            Ok(best) => {
                let earned = self.expected_return_of(ndarray::ArrayView1::from(&best.weights)).unwrap_or(f64::NAN);
                let reason = format!(
                    "no portfolio within the limits earns more than the risk-free rate of {} a period: the best expected \
                     return is {}",
                    short(risk_free),
                    short(earned)
                );
                Error::Undefined { what: "maximum ratio of return to risk", reason }
            }
            Err(Error::Infeasible { .. }) => self.explain_conflict(),
            Err(error) => error,
        }
    }

    /// What is behind a solver that stopped: limits that contradict each other, an objective without end, or arithmetic.
    fn diagnose(&self, error: Error) -> Error {
        match self.is_contradictory() {
            Ok(true) => contradiction(),
            _ => self.runaway().unwrap_or(error),
        }
    }

    /// Tells a solver that ran after an objective without end from one whose arithmetic failed: with weights held in a box,
    /// the former gains from every larger box.
    fn runaway(&self) -> Option<Error> {
        const BOX: &str = "a box to see whether the objective runs away";
        if self.limits.iter().any(|limit| limit.name() == BOX) {
            return None;
        }
        let within = |size: f64| {
            let boxed = self.clone().subject_to(Constraint::weights(-size..=size).named(BOX));
            Some((boxed.find_conic().ok()?, size))
        };
        let (near, far) = (within(1e2)?, within(1e3)?);
        let reaches = |(found, size): &(Found, f64)| found.weights.iter().any(|w| w.abs() > 0.999 * size);
        if !(reaches(&near) && reaches(&far)) {
            return None;
        }
        let direction: Vec<f64> = far.0.weights.iter().zip(&near.0.weights).map(|(a, b)| a - b).collect();
        Some(self.unbounded_along(&direction, "objective"))
    }

    fn explain_unbounded(&self, compiled: &Compiled, direction: &[f64]) -> Error {
        let what = if compiled.unit.is_some() { "ratio of return to risk" } else { "objective" };
        self.unbounded_along(&direction[..self.universe.len()], what)
    }

    fn unbounded_along(&self, weights: &[f64], what: &'static str) -> Error {
        let largest = weights.iter().fold(0.0, |most: f64, w| most.max(w.abs()));
        let mut moves: Vec<(usize, f64)> = weights.iter().copied().enumerate().collect();
        moves.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let named: Vec<String> = moves
            .iter()
            .filter(|(_, w)| w.abs() > 1e-3 * largest && largest > 0.0)
            .take(4)
            .map(|(asset, w)| format!("{} {}", if *w > 0.0 { "more" } else { "less" }, self.universe.assets()[*asset]))
            .collect();
        let reason = if named.is_empty() {
            "the limits leave a direction in which it improves for ever".to_owned()
        } else {
            format!("it improves for ever with {}; a limit on weights or on leverage is missing", named.join(", "))
        };
        Error::Unbounded { what, reason }
    }
}

fn contradiction() -> Error {
    Error::Infeasible { what: "problem", reason: "its limits contradict each other".into() }
}

/// Multipliers of the program in units of the objective.
fn priced(mut multipliers: BTreeMap<Source, f64>, slope: f64) -> BTreeMap<Source, f64> {
    multipliers.values_mut().for_each(|price| *price *= slope);
    multipliers
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
