//! Cyclical coordinate descent: one asset at a time, in closed form.

use super::Solved;
use super::convergence::{Target, start};
use super::operator::Correlation;
use crate::{Error, Result};

/// Minimises `½ y'Cy − Σ bᵢ ln yᵢ` (Griveau-Billion, Richard and Roncalli 2013).
///
/// ```text
/// yᵢ = (−aᵢ + √(aᵢ² + 4 bᵢ)) / 2,    aᵢ = Σ_{j≠i} Cᵢⱼ yⱼ
/// ```
pub(super) fn coordinate_descent(
    operator: &Correlation<'_>,
    target: &Target<'_>,
    max_iterations: usize,
) -> Result<Solved> {
    let (mut y, mut product) = start(operator, target.budgets)?;
    target.rescale(&mut y, &mut product)?;
    for iterations in 1..=max_iterations {
        let moved = sweep(operator, &mut y, |i, rest| positive_root(rest, target.budgets[i]));
        // A sweep that still moves a size by more than the tolerance is not worth a check, except now and then.
        if moved > 100.0 * target.tolerance && iterations % 10 != 0 {
            continue;
        }
        product = operator.product(&y)?;
        let variance = target.rescale(&mut y, &mut product)?;
        if target.error(&y, &product, variance) <= 1.0 {
            return Ok(Solved { y, iterations });
        }
    }
    product = operator.product(&y)?;
    let variance = target.rescale(&mut y, &mut product)?;
    let residual = target.distance(&y, &product, variance);
    let method = "coordinate descent for risk budgets";
    Err(Error::NotConverged { method, iterations: max_iterations, residual })
}

/// Visits every coordinate once; `update` maps position and `aᵢ` to the new value. Returns the largest relative move.
pub(super) fn sweep(operator: &Correlation<'_>, y: &mut [f64], update: impl Fn(usize, f64) -> f64) -> f64 {
    let mut cursor = operator.cursor(y);
    let mut most: f64 = 0.0;
    for i in 0..y.len() {
        let rest = operator.element(&cursor, i, y[i]) - y[i];
        let next = update(i, rest);
        most = most.max((next - y[i]).abs() / next);
        operator.moved(&mut cursor, i, next - y[i]);
        y[i] = next;
    }
    most
}

/// The positive root of `y² + a y − b = 0`, without cancellation.
pub(super) fn positive_root(a: f64, b: f64) -> f64 {
    let root = (a * a + 4.0 * b).sqrt();
    if a > 0.0 { 2.0 * b / (a + root) } else { 0.5 * (root - a) }
}
