//! Limits that contradict each other when some of them are counts.

use super::tree;
use crate::conflict::{Conflict, ConflictMember};
use crate::problem::{Constraint, Problem, Side};
use crate::{Error, Result};

/// Relaxations spent on one question of feasibility.
const NODES: usize = 2_000;

/// The smallest set of sides that contradict each other, as an error.
pub(super) fn explain(problem: &Problem) -> Error {
    // Where the limits that are not counts contradict each other already, that is the better explanation.
    match problem.find_conflict() {
        Ok(Some(conflict)) => Error::Conflict(Box::new(conflict)),
        Ok(None) => match minimal(problem) {
            Ok(members) => Error::Conflict(Box::new(Conflict { members, relaxation: Vec::new() })),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

/// Drops side after side as long as the rest has no solution.
fn minimal(problem: &Problem) -> Result<Vec<ConflictMember>> {
    let mut limits: Vec<Constraint> = problem.limits.iter().flat_map(sides).collect();
    let mut place = 0;
    while place < limits.len() {
        let mut rest = limits.clone();
        rest.remove(place);
        if is_feasible(problem, rest.clone())? {
            place += 1;
        } else {
            limits = rest;
        }
    }
    let member = |limit: &Constraint| {
        let side = if limit.lower().is_finite() { Side::Lower } else { Side::Upper };
        let bound = if side == Side::Lower { limit.lower() } else { limit.upper() };
        ConflictMember { limit: limit.name().to_owned(), side, bound, needed: None }
    };
    Ok(limits.iter().map(member).collect())
}

/// One limit a side.
fn sides(limit: &Constraint) -> Vec<Constraint> {
    let lower = limit.lower().is_finite().then(|| limit.clone().between(limit.lower(), f64::INFINITY));
    let upper = limit.upper().is_finite().then(|| limit.clone().between(f64::NEG_INFINITY, limit.upper()));
    lower.into_iter().chain(upper).collect()
}

fn is_feasible(problem: &Problem, limits: Vec<Constraint>) -> Result<bool> {
    let mut smaller = problem.clone();
    smaller.limits = limits;
    match tree::search(&smaller, NODES) {
        Ok(found) => Ok(found.is_some()),
        // Without a limit nothing may stop the objective: what has no end has a start.
        Err(Error::Unbounded { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}
