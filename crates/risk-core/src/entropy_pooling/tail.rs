//! The loss at which a viewed tail starts.

use ndarray::{Array1, ArrayView1};

use super::constraint::{Constraint, TailView, infeasible};
use super::{ConstraintRole, Relation, dual, relative_entropy};
use crate::{ErrorKind, Result};

/// Points of a grid that is laid ever more finely around its best one.
const GRID: usize = 24;

/// The two constraints of a tail that starts at a loss of the scenarios: the one that takes the least relative
/// entropy together with all `others`.
///
/// ```text
/// P(L ≥ q) = 1 − c      E[L 1(L ≥ q)] = (1 − c) ES
/// ```
///
/// The relative entropy falls and then rises in `q`; where other views bend that, the search still ends in a local
/// minimum next to the best point of its first grid.
pub(super) fn constraints(
    prior: ArrayView1<'_, f64>,
    tail: &TailView,
    others: &[Constraint],
) -> Result<Vec<Constraint>> {
    let starts = starts(prior, tail)?;
    let mut last = None;
    let mut cost = |place: usize| -> Result<Option<f64>> {
        let mut all = others.to_vec();
        all.extend(at(tail, starts[place]));
        match dual::solve(prior, &all) {
            Ok(solution) => Ok(Some(relative_entropy(solution.probabilities.view(), prior)?)),
            Err(error) if matches!(error.kind(), ErrorKind::Infeasible | ErrorKind::NotConverged) => {
                last = Some(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    };
    let (mut low, mut high) = (0, starts.len() - 1);
    let mut best: Option<(usize, f64)> = None;
    loop {
        let stride = (high - low).div_ceil(GRID).max(1);
        for place in (low..=high).step_by(stride).chain([high]) {
            let better = |found: f64| best.is_none_or(|(_, least)| found < least);
            if let Some(found) = cost(place)?.filter(|found| better(*found)) {
                best = Some((place, found));
            }
        }
        let Some((place, _)) = best else { break };
        if stride == 1 {
            break;
        }
        (low, high) = (place.saturating_sub(stride), (place + stride).min(starts.len() - 1));
    }
    match (best, last) {
        (Some((place, _)), _) => Ok(at(tail, starts[place]).to_vec()),
        (None, Some(error)) => Err(error),
        (None, None) => Err(infeasible(&tail.view, "no loss can start its tail")),
    }
}

/// Losses that can start the tail: some loss lies below them, and the target among those from there on.
fn starts(prior: ArrayView1<'_, f64>, tail: &TailView) -> Result<Vec<f64>> {
    let mut losses: Vec<f64> = tail.losses.iter().zip(prior).filter(|(_, p)| **p > 0.0).map(|(l, _)| *l).collect();
    losses.sort_by(f64::total_cmp);
    losses.dedup();
    let within = losses.last().is_some_and(|worst| tail.target <= *worst);
    let starts: Vec<f64> = losses.iter().skip(1).copied().filter(|loss| *loss <= tail.target).collect();
    if within && !starts.is_empty() {
        return Ok(starts);
    }
    let (least, most) = (losses.first().copied().unwrap_or(0.0), losses.last().copied().unwrap_or(0.0));
    let reason = format!("its target {} is out of reach: losses go from {least} to {most}", tail.target);
    Err(infeasible(&tail.view, &reason))
}

fn at(tail: &TailView, start: f64) -> [Constraint; 2] {
    let inside: Array1<f64> = tail.losses.mapv(|loss| f64::from(u8::from(loss >= start)));
    let share = tail.confidence.tail();
    let excess = &inside * &tail.losses.mapv(|loss| loss - tail.target);
    let of = |role, values, target| {
        let (view, relation) = (tail.view.clone(), Relation::Equal);
        Constraint { view, role, values, relation, target }
    };
    // The mean of the tail is the target when the excess over it averages to nothing.
    [of(ConstraintRole::TailProbability, inside, share), of(ConstraintRole::Statement, excess, 0.0)]
}
