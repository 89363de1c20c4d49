//! The smallest set of limits that contradict each other.
//!
//! The least total violation of all limits has a dual that names an infeasible subset (Farkas); from it members are
//! dropped one by one as long as the rest stays infeasible (deletion filter, Chinneck and Dravnieks 1991).

use std::collections::{BTreeMap, BTreeSet};

use super::{ConflictMember, relax};
use crate::certificate::limit_values;
use crate::compile::{Treatment, compile_limits};
use crate::conic::{Outcome, Source};
use crate::problem::{Problem, Side};
use crate::{Error, Result};

/// A side of a limit, by the limit's place.
pub(super) type Bounded = (usize, Side);

/// The least violation, in sizes of the limits, that is more than the error of the solver.
const BROKEN: f64 = 1e-7;

/// Every side of a hard limit that is a number and not a count.
pub(super) fn bounded_sides(problem: &Problem) -> Vec<Bounded> {
    let hard = problem.limits.iter().enumerate().filter(|(_, limit)| limit.price().is_none() && !limit.is_discrete());
    let sides = hard.flat_map(|(place, limit)| {
        let lower = limit.lower().is_finite().then_some((place, Side::Lower));
        let upper = limit.upper().is_finite().then_some((place, Side::Upper));
        [lower, upper].into_iter().flatten()
    });
    sides.collect()
}

/// Whether the limits cannot all be kept.
pub(super) fn is_contradictory(problem: &Problem) -> Result<bool> {
    let all = bounded_sides(problem).into_iter().collect();
    Ok(least_violation(problem, &all)?.total > BROKEN)
}

/// A minimal infeasible subset; `None` when all sides can be kept.
pub(super) fn minimal_set(problem: &Problem, sides: &[Bounded]) -> Result<Option<Vec<Bounded>>> {
    let all: BTreeSet<Bounded> = sides.iter().copied().collect();
    let whole = least_violation(problem, &all)?;
    if whole.total <= BROKEN {
        return Ok(None);
    }
    // The dual's support is infeasible by itself; when rounding blurred it, all sides are the start.
    let largest = whole.duals.values().copied().fold(0.0, f64::max);
    let support: BTreeSet<Bounded> =
        all.iter().copied().filter(|side| whole.duals.get(side).is_some_and(|dual| *dual > 1e-6 * largest)).collect();
    let mut set = if least_violation(problem, &support)?.total > BROKEN { support } else { all };
    for side in set.clone() {
        let mut rest = set.clone();
        rest.remove(&side);
        if least_violation(problem, &rest)?.total > BROKEN {
            set = rest;
        }
    }
    verify(problem, &set)?;
    Ok(Some(set.into_iter().collect()))
}

/// Every member's absence must leave weights that keep the others, measured by the limits' definitions.
fn verify(problem: &Problem, set: &BTreeSet<Bounded>) -> Result<()> {
    for side in set {
        let mut rest = set.clone();
        rest.remove(side);
        let kept = least_violation(problem, &rest)?;
        for value in limit_values(problem, &kept.weights)? {
            let size = relax::size_of(problem, value.limit);
            let over = |bounded: Side, outside: f64| rest.contains(&(value.limit, bounded)) && outside > 1e-6 * size;
            if over(Side::Upper, value.value - value.upper) || over(Side::Lower, value.lower - value.value) {
                let reason = format!(
                    "the set without {:?} should be feasible, but {:?} is at {}",
                    problem.limits[side.0].name(),
                    problem.limits[value.limit].name(),
                    value.value
                );
                return Err(Error::Numerical { method: "analysis of conflicting limits", reason });
            }
        }
    }
    Ok(())
}

/// The member of a minimal set with where it would have to be.
pub(super) fn member(problem: &Problem, set: &[Bounded], side: Bounded) -> Result<ConflictMember> {
    let limit = &problem.limits[side.0];
    let size = relax::size_of(problem, side.0);
    let treatment = |place: usize, of: Side| {
        if (place, of) == side {
            Treatment::Bent(1.0 / size)
        } else if set.contains(&(place, of)) {
            Treatment::Hard
        } else {
            Treatment::Absent
        }
    };
    let compiled = compile_limits(problem, &treatment)?;
    let moved = match compiled.program.solve()? {
        Outcome::Solved(solution) => compiled.violations.first().map(|(_, variable)| solution.x[*variable]),
        Outcome::Infeasible(_) | Outcome::Unbounded(_) => None,
    };
    let (bound, sign) = match side.1 {
        Side::Lower => (limit.lower(), -1.0),
        Side::Upper => (limit.upper(), 1.0),
    };
    Ok(ConflictMember {
        limit: limit.name().to_owned(),
        side: side.1,
        bound,
        needed: moved.map(|by| relax::moved(problem, side.0, bound, sign * by)),
    })
}

/// What the limits of a set ask for at the least.
pub(super) struct LeastViolation {
    /// Sum of the violations, each over the size of its limit.
    pub(super) total: f64,
    pub(super) weights: Vec<f64>,
    /// How strongly each side holds the rest back.
    pub(super) duals: BTreeMap<Bounded, f64>,
    /// How far each side is broken, in its own unit.
    pub(super) violations: BTreeMap<Bounded, f64>,
}

pub(super) fn least_violation(problem: &Problem, set: &BTreeSet<Bounded>) -> Result<LeastViolation> {
    let treatment = |place: usize, side: Side| {
        if set.contains(&(place, side)) { Treatment::Bent(relax::price_of(problem, place)) } else { Treatment::Absent }
    };
    let compiled = compile_limits(problem, &treatment)?;
    let solution = match compiled.program.solve()? {
        Outcome::Solved(solution) => solution,
        Outcome::Infeasible(_) | Outcome::Unbounded(_) => {
            let reason = "limits that may be broken were found infeasible".to_owned();
            return Err(Error::Numerical { method: "analysis of conflicting limits", reason });
        }
    };
    let mut duals = BTreeMap::new();
    for (source, multiplier) in compiled.multipliers(&solution.x, &solution.duals) {
        if let Source::Limit { limit, side, .. } = source {
            *duals.entry((limit, side)).or_insert(0.0) += multiplier * relax::size_of(problem, limit);
        }
    }
    let mut violations = BTreeMap::new();
    let mut total = 0.0;
    for (source, variable) in &compiled.violations {
        if let Source::Limit { limit, side, .. } = source {
            let by = solution.x[*variable].max(0.0);
            total += by / relax::size_of(problem, *limit);
            violations.insert((*limit, *side), by);
        }
    }
    Ok(LeastViolation { total, weights: compiled.weights(&solution.x, problem.universe.len()), duals, violations })
}
