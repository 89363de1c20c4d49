//! The cheapest way out of a contradiction.

use std::collections::BTreeSet;

use super::LimitMove;
use super::filter::{Bounded, least_violation};
use crate::Result;
use crate::problem::{ConstraintKind, Problem, RiskMeasure, Side};

/// The moves of limits with the least sum, each counted in the size of its limit.
pub(super) fn cheapest(problem: &Problem, sides: &[Bounded]) -> Result<Vec<LimitMove>> {
    let all: BTreeSet<Bounded> = sides.iter().copied().collect();
    let least = least_violation(problem, &all)?;
    let mut moves = Vec::new();
    for ((place, side), by) in least.violations {
        if by <= 1e-7 * size_of(problem, place) {
            continue;
        }
        let limit = &problem.limits[place];
        let (from, sign) = match side {
            Side::Lower => (limit.lower(), -1.0),
            Side::Upper => (limit.upper(), 1.0),
        };
        let to = moved(problem, place, from, sign * by);
        moves.push(LimitMove { limit: limit.name().to_owned(), side, from, to });
    }
    Ok(moves)
}

/// Where a side stands after a move; squared risks are moved by their roots.
pub(super) fn moved(problem: &Problem, limit: usize, bound: f64, by: f64) -> f64 {
    match problem.limits[limit].kind() {
        ConstraintKind::Risk(measure) if measure.is_squared() => (bound.sqrt() + by).powi(2),
        _ => bound + by,
    }
}

/// The price of bending a limit by one unit: one over its size, once for each of its members, so that one floor under many
/// assets is not a cheap way out.
pub(super) fn price_of(problem: &Problem, limit: usize) -> f64 {
    let members = match problem.limits[limit].kind() {
        ConstraintKind::Weight(members) => problem.places(members).map_or(1, |places| places.len()),
        _ => 1,
    };
    members as f64 / size_of(problem, limit)
}

/// What a move of a limit is measured against, so that weights, returns and risks can be added up: one for weights, the
/// largest coefficient for rows, the largest of the assets' returns or risks for returns and risks.
pub(super) fn size_of(problem: &Problem, limit: usize) -> f64 {
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |most: f64, v| most.max(v.abs()));
    let size = match problem.limits[limit].kind() {
        ConstraintKind::Linear(coefficients) => largest(&mut coefficients.iter().map(|(_, a)| *a)),
        ConstraintKind::ExpectedReturn => {
            problem.expected_returns().map_or(0.0, |mean| largest(&mut mean.iter().copied()))
        }
        ConstraintKind::Risk(measure) if measure.needs_covariance() => volatility_size(problem),
        ConstraintKind::Risk(measure) => scenario_size(problem, *measure),
        ConstraintKind::TrackingError(crate::problem::Benchmark::Weights(_)) => volatility_size(problem),
        ConstraintKind::TrackingError(crate::problem::Benchmark::Returns(_)) => {
            scenario_size(problem, RiskMeasure::Semideviation)
        }
        _ => 1.0,
    };
    if size > 0.0 && size.is_finite() { size } else { 1.0 }
}

fn volatility_size(problem: &Problem) -> f64 {
    problem.covariance.as_ref().map_or(1.0, |model| model.volatilities().fold(0.0, |most: f64, v| most.max(*v)))
}

/// The largest return in a scenario; for drawdowns, which add up over time, times the root of their number.
fn scenario_size(problem: &Problem, measure: RiskMeasure) -> f64 {
    let Some(scenarios) = &problem.scenarios else { return 1.0 };
    let largest = scenarios.returns().fold(0.0, |most: f64, v| most.max(v.abs()));
    if measure.needs_dates() { largest * (scenarios.len() as f64).sqrt() } else { largest }
}
