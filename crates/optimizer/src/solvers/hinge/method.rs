//! The predictor-corrector iteration.
//!
//! Sources: Mehrotra (1992), *On the implementation of a primal-dual interior point method*, SIAM J. Optim. 2(4);
//! Gondzio (1996), *Multiple centrality corrections in a primal-dual method*, Comput. Optim. Appl. 6.

use super::diagnose;
use super::form::Form;
use super::newton::{Newton, Targets};
use super::point::{Point, Residuals};
use super::program::{HingeProgram, HingeSolution};
use super::verify::{Candidate, unscaled};
use crate::{Error, Result};

const METHOD: &str = "interior point over scenarios";
const MAX_ITERATIONS: usize = 100;
/// Share of the way to the boundary that a step may go, far from the optimum and near it.
const SHORTEST: f64 = 0.95;
const LONGEST: f64 = 1.0 - 1e-4;
/// Share of what is accepted that the method aims for: convergence is quadratic at the end, so the variables gain
/// several digits for an iteration.
const ENOUGH: f64 = 1e-3;
/// The sum of products below which nothing is gained, in units of the gradient's largest term.
const LEAST_SUM: f64 = 1e-15;
/// Iterations without progress after which an accepted point is as good as it gets.
const PATIENCE: usize = 3;
/// Centrality correctors an iteration, each at a tenth of the cost of a factorisation.
const CORRECTORS: usize = 3;

/// The optimum, or which of the three reasons there is none.
pub(super) fn solve(program: &HingeProgram<'_>) -> Result<HingeSolution> {
    match attempt(program) {
        Err(error @ (Error::NotConverged { .. } | Error::Numerical { .. })) => Err(diagnose::explain(program, error)),
        outcome => outcome,
    }
}

/// The optimum of a program that has one.
pub(super) fn attempt(program: &HingeProgram<'_>) -> Result<HingeSolution> {
    let form = Form::new(program)?;
    let mut point = Point::start(&form);
    let mut best = Candidate::of(&point).judge(&form);
    // The multipliers of squared hinges as functions of the variables are exact but need the better variables.
    let mut exact = Candidate::of(&point).with_exact_squares(&form).judge(&form);
    let (mut iterations, mut idle) = (0, 0);
    while iterations < MAX_ITERATIONS && idle < PATIENCE && exact.excess() > ENOUGH {
        let accepted = exact.is_accepted() || best.is_accepted();
        match advance(&form, &mut point) {
            Ok(true) => {}
            Ok(false) => break,
            // What was reached before may still be good enough.
            Err(_) if accepted => break,
            Err(error) => return Err(error),
        }
        iterations += 1;
        idle = if accepted { idle + 1 } else { 0 };
        let verdict = Candidate::of(&point).with_exact_squares(&form).judge(&form);
        if verdict.excess() < exact.excess() {
            (exact, idle) = (verdict, 0);
        }
        if !exact.is_accepted() {
            let verdict = Candidate::of(&point).judge(&form);
            if verdict.excess() < best.excess() {
                best = verdict;
            }
        }
    }
    for verdict in [exact, best.clone()] {
        if verdict.is_accepted() {
            return Ok(unscaled(program, &form, verdict, iterations));
        }
    }
    let residual = best.primal.max(best.dual).max(best.gap.abs());
    Err(Error::NotConverged { method: METHOD, iterations, residual })
}

/// One factorisation: a predictor, a corrector and centrality correctors while they lengthen the steps; `false` when the point no longer moves.
fn advance(form: &Form, point: &mut Point) -> Result<bool> {
    let residuals = point.residuals(form);
    let (sum, count) = point.complementarity();
    let mu = sum / count.max(1) as f64;
    let newton = Newton::new(form, point)?;
    let predicted = newton.direction(point, &residuals, &Targets::new(point, 0.0, None))?;
    let (primal, dual) = steps(form, point, &predicted);
    let mut ahead = point.clone();
    ahead.advance(&predicted, primal, dual);
    let ratio = if sum > 0.0 { ahead.complementarity().0 / sum } else { 0.0 };
    let sigma = ratio.clamp(0.0, 1.0).powi(3);
    // Products far below rounding would make the weights of the next system too extreme to lower the residuals.
    let aim = (sigma * mu).max(LEAST_SUM / count.max(1) as f64);
    let mut direction = newton.direction(point, &residuals, &Targets::new(point, aim, Some(&predicted)))?;
    let (mut primal, mut dual) = steps(form, point, &direction);
    let none = Residuals::none(form);
    for _ in 0..CORRECTORS {
        if primal.min(dual) > 0.95 {
            break;
        }
        let (far_primal, far_dual) = ((1.1 * primal + 0.1).min(1.0), (1.1 * dual + 0.1).min(1.0));
        let mut ahead = point.clone();
        ahead.advance(&direction, far_primal, far_dual);
        let centring = newton.direction(point, &none, &Targets::centring(&ahead, aim))?;
        let mut corrected = direction.clone();
        corrected.advance(&centring, 1.0, 1.0);
        let (next_primal, next_dual) = steps(form, point, &corrected);
        if next_primal + next_dual < primal + dual + 0.02 {
            break;
        }
        (direction, primal, dual) = (corrected, next_primal, next_dual);
    }
    // Closer to the boundary as the optimum nears, for convergence, but never onto it.
    let fraction = (1.0 - sum).clamp(SHORTEST, LONGEST);
    point.advance(&direction, fraction * primal, fraction * dual);
    Ok(primal.max(dual) > 1e-8 && point.x.iter().all(|v| v.is_finite()))
}

fn steps(form: &Form, point: &Point, direction: &Point) -> (f64, f64) {
    let (primal, dual) = point.longest_steps(direction);
    if form.is_linear() { (primal, dual) } else { (primal.min(dual), primal.min(dual)) }
}

pub(super) fn broke_down(reason: impl Into<String>) -> Error {
    Error::Numerical { method: METHOD, reason: reason.into() }
}
