//! How far a point is from optimal.

use super::cholesky::dot;
use super::instance::{Instance, Point};

/// The largest residual of the optimality conditions, each relative to the size of its own terms: limits, vanishing
/// gradient, signs of the multipliers and complementarity. Infinite when something is not a number.
pub(super) fn residual(instance: &Instance<'_>, point: &Point) -> f64 {
    let Point { x, y, z, .. } = point;
    if !x.iter().chain(y).chain(z).all(|v| v.is_finite()) {
        return f64::INFINITY;
    }
    let scales = instance.scales(point);
    let (size, slope) = (positive(scales.x), positive(scales.gradient));
    let gradient = instance.gradient(point);
    let mut worst = 0.0_f64;
    for i in 0..instance.n {
        let size = size.max(finite(instance.lower[i])).max(finite(instance.upper[i]));
        worst = worst.max((gradient[i] + z[i]).abs() / slope);
        worst = worst.max(limit(x[i], instance.lower[i], instance.upper[i], size, z[i] / slope));
    }
    for r in 0..instance.m {
        // A multiplier is a gradient per unit of its row.
        let largest = positive(instance.row(r).iter().fold(0.0_f64, |a, v| a.max(v.abs())));
        let (activity, multiplier) = (dot(instance.row(r), x), y[r] * largest / slope);
        let size = positive(scales.rows[r]);
        worst = worst.max(limit(activity, instance.row_lower[r], instance.row_upper[r], size, multiplier));
    }
    if worst.is_nan() { f64::INFINITY } else { worst }
}

/// Violation of a two-sided limit, and the smaller of distance and multiplier where both should not be there.
fn limit(value: f64, lower: f64, upper: f64, size: f64, multiplier: f64) -> f64 {
    let violation = (lower - value).max(value - upper).max(0.0) / size;
    let distance = if multiplier > 0.0 { upper - value } else { value - lower };
    violation.max((distance.abs() / size).min(multiplier.abs()))
}

fn finite(v: f64) -> f64 {
    if v.is_finite() { v.abs() } else { 0.0 }
}

/// A scale to divide by.
fn positive(scale: f64) -> f64 {
    if scale > 0.0 { scale } else { 1.0 }
}
