//! Minima of smooth functions of a few variables.

use alluse_risk_core::Error as CoreError;

use crate::Result;

/// Where a search ended.
pub(crate) struct Minimum<const N: usize> {
    pub(crate) at: [f64; N],
    pub(crate) value: f64,
}

/// Minimises `f` from `start` by BFGS with central differences of relative step `1e-5`.
///
/// `f` may return infinity outside its domain. The search ends when the gradient, in units in which the
/// objective and its variables are of order one, is below `1e-6`, or no step along the search direction makes
/// the objective smaller while the gradient is below `1e-3`.
pub(crate) fn minimise<const N: usize>(
    name: &'static str,
    start: [f64; N],
    f: impl Fn(&[f64; N]) -> f64,
) -> Result<Minimum<N>> {
    const ROUNDS: usize = 200;
    let mut at = start;
    let mut value = f(&at);
    if !value.is_finite() {
        return Err(CoreError::NotConverged { name, iterations: 0, residual: f64::INFINITY }.into());
    }
    let mut gradient = slope(&f, &at);
    let mut inverse = identity::<N>();
    let mut fresh = true;
    for round in 0..ROUNDS {
        let size = norm(&gradient) / value.abs().max(1.0);
        if size < 1e-6 {
            return Ok(Minimum { at, value });
        }
        let mut direction = times(&inverse, &gradient).map(|d| -d);
        if dot(&direction, &gradient) >= 0.0 {
            inverse = identity();
            direction = gradient.map(|g| -g);
        }
        let Some((next, lower)) = line_search(&f, &at, value, &gradient, &direction) else {
            if size < 1e-3 && fresh {
                return Ok(Minimum { at, value });
            }
            if fresh {
                return Err(CoreError::NotConverged { name, iterations: round, residual: size }.into());
            }
            // The curvature that was gathered may be what misleads: start it anew.
            inverse = identity();
            fresh = true;
            continue;
        };
        let next_gradient = slope(&f, &next);
        let step: [f64; N] = std::array::from_fn(|i| next[i] - at[i]);
        let change: [f64; N] = std::array::from_fn(|i| next_gradient[i] - gradient[i]);
        update(&mut inverse, &step, &change);
        (at, value, gradient, fresh) = (next, lower, next_gradient, false);
    }
    let residual = norm(&gradient) / value.abs().max(1.0);
    if residual < 1e-3 {
        return Ok(Minimum { at, value });
    }
    Err(CoreError::NotConverged { name, iterations: ROUNDS, residual }.into())
}

/// The first of ever shorter steps that lowers the objective enough (Armijo).
fn line_search<const N: usize>(
    f: &impl Fn(&[f64; N]) -> f64,
    at: &[f64; N],
    value: f64,
    gradient: &[f64; N],
    direction: &[f64; N],
) -> Option<([f64; N], f64)> {
    let descent = dot(direction, gradient);
    let longest = norm(direction);
    // A step of more than two units in transformed parameters leaves the region where they mean anything.
    let mut length = if longest > 2.0 { 2.0 / longest } else { 1.0 };
    for _ in 0..50 {
        let next: [f64; N] = std::array::from_fn(|i| at[i] + length * direction[i]);
        let lower = f(&next);
        if lower <= value + 1e-4 * length * descent && lower < value {
            return Some((next, lower));
        }
        length *= 0.5;
    }
    None
}

fn slope<const N: usize>(f: &impl Fn(&[f64; N]) -> f64, at: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| {
        let step = 1e-5 * at[i].abs().max(1.0);
        let (mut up, mut down) = (*at, *at);
        up[i] += step;
        down[i] -= step;
        (f(&up) - f(&down)) / (2.0 * step)
    })
}

/// The BFGS update of the inverse curvature; skipped where the curvature along the step is not positive.
fn update<const N: usize>(inverse: &mut [[f64; N]; N], step: &[f64; N], change: &[f64; N]) {
    let along = dot(step, change);
    if !(along > 1e-12 * norm(step) * norm(change)) {
        return;
    }
    let turned = times(inverse, change);
    let scale = (along + dot(change, &turned)) / (along * along);
    for i in 0..N {
        for j in 0..N {
            inverse[i][j] += scale * step[i] * step[j] - (turned[i] * step[j] + step[i] * turned[j]) / along;
        }
    }
}

fn identity<const N: usize>() -> [[f64; N]; N] {
    std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))))
}

fn times<const N: usize>(matrix: &[[f64; N]; N], x: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| dot(&matrix[i], x))
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm<const N: usize>(a: &[f64; N]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;

    use super::*;

    #[test]
    fn finds_the_bottom_of_a_curved_valley() {
        // Rosenbrock (1960): the minimum is 0 at (1, 1).
        let valley = |x: &[f64; 2]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
        let found = minimise("valley", [-1.2, 1.0], valley).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-4 && (found.at[1] - 1.0).abs() < 1e-4, "{:?}", found.at);
        assert!(found.value < 1e-8);
    }

    #[test]
    fn walls_are_respected() {
        let wall = |x: &[f64; 1]| if x[0] <= 0.0 { f64::INFINITY } else { x[0] - x[0].ln() };
        let found = minimise("wall", [5.0], wall).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-5, "{:?}", found.at);
        let outside = minimise("wall", [-1.0], wall).err().unwrap();
        assert_eq!(outside.kind(), ErrorKind::NotConverged);
    }

    #[test]
    fn what_has_no_minimum_is_not_converged() {
        let kind = |f: fn(&[f64; 1]) -> f64| minimise("slide", [0.0], f).err().map(|error| error.kind());
        assert_eq!(kind(|x| -x[0] * x[0] - x[0]), Some(ErrorKind::NotConverged));
        assert_eq!(kind(|_| 3.0), None);
    }
}
