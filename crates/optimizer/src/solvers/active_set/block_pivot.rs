//! Block pivoting: all wrong guesses change at once.
//!
//! Kunisch and Rendl (2003), *An infeasible active set method for quadratic problems with simple bounds*, SIAM
//! Journal on Optimization 14; here with two-sided rows.

use super::factor::FreeFactor;
use super::instance::{Instance, Point};
use super::kkt::{Dependent, Kkt};
use super::working_set::{ActiveSet, Activity};

/// Violations up to this share of the terms they come from are rounding.
const ROUNDING: f64 = 1e-12;
/// Rounds without fewer wrong guesses before the method gives up.
const PATIENCE: usize = 4;

/// How block pivoting ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Where nothing was left to change.
    pub(super) point: Option<Point>,
    /// The last guess.
    pub(super) active: ActiveSet,
    pub(super) iterations: usize,
}

/// Corrects `active` until nothing is wrong. `whole` is the factored curvature of all variables, if there is one.
pub(super) fn block_pivot(instance: &Instance<'_>, mut active: ActiveSet, whole: Option<FreeFactor>) -> Outcome {
    let (mut fewest, mut waited, mut iterations) = (usize::MAX, 0, 0);
    let mut whole = whole.filter(|_| active.free().len() == instance.n);
    while waited < PATIENCE {
        iterations += 1;
        let kkt = match whole.take() {
            Some(factor) => Kkt::with_factor(instance, &active, factor, Dependent::LeaveOut),
            None => Kkt::semidefinite(instance, &active, Dependent::LeaveOut),
        };
        let Ok(kkt) = kkt else { break };
        let point = kkt.point(instance, &active);
        let next = corrected(instance, &active, &point);
        let wrong = changes(&active, &next);
        if wrong == 0 {
            let point = kkt.refined(instance, &active, point);
            return Outcome { point: Some(point), active, iterations };
        }
        if wrong < fewest {
            (fewest, waited) = (wrong, 0);
        } else {
            waited += 1;
        }
        active = next;
    }
    Outcome { point: None, active, iterations }
}

/// The guess after a look at the signs of slacks and multipliers.
fn corrected(instance: &Instance<'_>, active: &ActiveSet, point: &Point) -> ActiveSet {
    let scales = instance.scales(point);
    let activity = instance.activity(&point.x);
    let side = |side: Activity, value: f64, multiplier: f64, limits: (f64, f64), sizes: (f64, f64)| {
        let (lower, upper) = limits;
        match side {
            _ if lower >= upper => side,
            Activity::Lower if multiplier > ROUNDING * sizes.1 => Activity::Inactive,
            Activity::Upper if multiplier < -ROUNDING * sizes.1 => Activity::Inactive,
            Activity::Inactive if value < lower - ROUNDING * sizes.0 => Activity::Lower,
            Activity::Inactive if value > upper + ROUNDING * sizes.0 => Activity::Upper,
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
    let count = |a: &[Activity], b: &[Activity]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    count(&before.bounds, &after.bounds) + count(&before.rows, &after.rows)
}
