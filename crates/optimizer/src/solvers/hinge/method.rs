//! The predictor-corrector iteration.
//!
//! Source: Mehrotra (1992), *On the implementation of a primal-dual interior point method*, SIAM J. Optim. 2(4).

use super::diagnose;
use super::form::Form;
use super::newton::{Newton, Targets};
use super::point::{Point, Residuals};
use super::polish;
use super::program::{Finish, HingeProgram, HingeSolution};
use super::verify::{Candidate, Verdict, unscaled};
use crate::{Error, Result};

const METHOD: &str = "interior point over scenarios";
const MAX_ITERATIONS: usize = 100;
/// Share of the way to the boundary that a step may go.
const FRACTION: f64 = 0.995;
/// Excess over what is accepted from which the active set is worth guessing.
const POLISH_FROM: f64 = 1e6;

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
    let mut best: Option<Verdict> = None;
    let mut polish_at = POLISH_FROM;
    for iteration in 0..=MAX_ITERATIONS {
        let verdict = Candidate::of(&point).judge(&form);
        let excess = verdict.excess();
        if excess <= polish_at {
            // Each attempt costs about one iteration, so the next one waits for a clearly better point.
            polish_at = excess * 1e-2;
            if let Some(polished) = polish::polish(&form, &point).filter(Verdict::is_accepted) {
                return Ok(unscaled(program, &form, polished, iteration, Finish::ActiveSet));
            }
        }
        if std::env::var("DBG").is_ok() { eprintln!("DBG {iteration} gap {:e} p {:e} d {:e} mu {:e}", verdict.gap, verdict.primal, verdict.dual, point.complementarity().0); }
        let improves = best.as_ref().is_none_or(|best| excess < best.excess());
        if improves {
            best = Some(verdict);
        }
        if excess <= 1.0 || iteration == MAX_ITERATIONS || !advance(&form, &mut point)? {
            return finish(program, &form, best, iteration);
        }
    }
    finish(program, &form, best, MAX_ITERATIONS)
}

fn finish(program: &HingeProgram<'_>, form: &Form, best: Option<Verdict>, iterations: usize) -> Result<HingeSolution> {
    match best {
        Some(verdict) if verdict.is_accepted() => {
            Ok(unscaled(program, form, verdict, iterations, Finish::Interior))
        }
        best => {
            let residual = best.map_or(f64::INFINITY, |v| v.primal.max(v.dual).max(v.gap.abs()));
            Err(Error::NotConverged { method: METHOD, iterations, residual })
        }
    }
}

/// One predictor and one corrector; `false` when the point no longer moves.
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
    let mut direction = newton.direction(point, &residuals, &Targets::new(point, sigma * mu, Some(&predicted)))?;
    let (mut primal, mut dual) = steps(form, point, &direction);
    let none = Residuals::none(form);
    for _ in 0..correctors() {
        if primal.min(dual) > 0.95 {
            break;
        }
        let (far_primal, far_dual) = ((1.1 * primal + 0.1).min(1.0), (1.1 * dual + 0.1).min(1.0));
        let mut ahead = point.clone();
        ahead.advance(&direction, far_primal, far_dual);
        let centring = newton.direction(point, &none, &Targets::centring(&ahead, sigma * mu))?;
        let mut corrected = direction.clone();
        corrected.advance(&centring, 1.0, 1.0);
        let (next_primal, next_dual) = steps(form, point, &corrected);
        if next_primal + next_dual < primal + dual + 0.02 {
            break;
        }
        (direction, primal, dual) = (corrected, next_primal, next_dual);
    }
    let fraction = FRACTION.max(1.0 - mu);
    point.advance(&direction, fraction * primal, fraction * dual);
    Ok(primal.max(dual) > 1e-8 && point.x.iter().all(|v| v.is_finite()))
}
fn correctors() -> usize { std::env::var("CORR").ok().and_then(|v| v.parse().ok()).unwrap_or(2) }

fn steps(form: &Form, point: &Point, direction: &Point) -> (f64, f64) {
    let (primal, dual) = point.longest_steps(direction);
    if form.is_linear() { (primal, dual) } else { (primal.min(dual), primal.min(dual)) }
}

pub(super) fn broke_down(reason: impl Into<String>) -> Error {
    Error::Numerical { method: METHOD, reason: reason.into() }
}
