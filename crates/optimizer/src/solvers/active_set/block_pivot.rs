//! Block pivoting: all wrong guesses change at once.
//!
//! Kunisch and Rendl (2003), *An infeasible active set method for quadratic problems with simple bounds*, SIAM
//! Journal on Optimization 14; here with two-sided rows.

use super::factor::FreeFactor;
use super::instance::{Instance, Point};
use super::kkt::Kkt;
use super::working_set::{ActiveSet, Side};

/// Violations up to this share of the terms they come from are rounding.
const ROUNDING: f64 = 1e-12;
/// Rounds without fewer wrong guesses before the method gives up.
const PATIENCE: usize = 8;

/// How block pivoting ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Where nothing was left to change.
    pub(super) point: Option<Point>,
    pub(super) iterations: usize,
}

/// Corrects `active` until nothing is wrong. `whole` is the factored curvature of all variables, if there is one.
pub(super) fn block_pivot(instance: &Instance<'_>, mut active: ActiveSet, whole: Option<FreeFactor>) -> Outcome {
    let (mut fewest, mut waited, mut iterations) = (usize::MAX, 0, 0);
    let mut whole = whole.filter(|_| active.free().len() == instance.n);
    while waited < PATIENCE {
        iterations += 1;
        let kkt = match whole.take() {
            Some(factor) => Kkt::with_factor(instance, &active, factor),
            None => Kkt::new(instance, &active),
        };
        let Ok(kkt) = kkt else { break };
        let point = kkt.point(instance, &active);
        let next = corrected(instance, &active, &point);
        let wrong = changes(&active, &next);
        if wrong == 0 {
            return Outcome { point: Some(kkt.refined(instance, &active, &point)), iterations };
        }
        if wrong < fewest {
            (fewest, waited) = (wrong, 0);
        } else {
            waited += 1;
        }
        active = next;
    }
    Outcome { point: None, iterations }
}

/// The guess after a look at the signs of slacks and multipliers.
fn corrected(instance: &Instance<'_>, active: &ActiveSet, point: &Point) -> ActiveSet {
    let scales = instance.scales(&point.x, &point.y);
    let activity = instance.activity(&point.x);
    let side = |side: Side, value: f64, multiplier: f64, limits: (f64, f64), sizes: (f64, f64)| {
        let (lower, upper) = limits;
        match side {
            _ if lower >= upper => side,
            Side::Lower if multiplier > ROUNDING * sizes.1 => Side::Inactive,
            Side::Upper if multiplier < -ROUNDING * sizes.1 => Side::Inactive,
            Side::Inactive if value < lower - ROUNDING * sizes.0 => Side::Lower,
            Side::Inactive if value > upper + ROUNDING * sizes.0 => Side::Upper,
            _ => side,
        }
    };
    let bounds = (0..instance.n).map(|i| {
        let limits = (instance.lower[i], instance.upper[i]);
        side(active.bounds[i], point.x[i], point.z[i], limits, (scales.x, scales.gradient))
    });
    let rows = (0..instance.m).map(|r| {
        let limits = (instance.row_lower[r], instance.row_upper[r]);
        let largest = instance.row(r).iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let multiplier = point.y[r] * largest;
        side(active.rows[r], activity[r], multiplier, limits, (scales.rows[r], scales.gradient))
    });
    ActiveSet { bounds: bounds.collect(), rows: rows.collect() }
}

fn changes(before: &ActiveSet, after: &ActiveSet) -> usize {
    let count = |a: &[Side], b: &[Side]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    count(&before.bounds, &after.bounds) + count(&before.rows, &after.rows)
}
