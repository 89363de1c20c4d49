//! Quantiles of a loss whose tail probabilities are known.

use alluse_risk_core::{Error as CoreError, Result as CoreResult, normal};

use super::form::Form;
use super::inversion::Tails;

const STEPS: usize = 200;

/// The loss with mass `tail` above it, `0 < tail < 1`, by Newton's method on the logarithm of the tail.
pub(super) fn upper(form: &Form, tail: f64, at: impl Fn(f64) -> CoreResult<Tails>) -> CoreResult<f64> {
    let deviation = form.variance().sqrt();
    if deviation == 0.0 {
        return Ok(form.mean());
    }
    let (mut low, mut high) = form.support();
    let mean = form.mean();
    let first = mean - deviation * normal::quantile(tail)?;
    // Where the normal's quantile lies beyond the end of a bounded form, half of the way to the end.
    let mut x = if first <= low {
        0.5 * (mean + low)
    } else if first >= high {
        0.5 * (mean + high)
    } else {
        first
    };
    let mut residual = f64::INFINITY;
    for _ in 0..STEPS {
        let tails = at(x)?;
        if tails.above > tail {
            low = low.max(x)
        } else {
            high = high.min(x)
        }
        // The logarithm straightens the upper tail, the lower one is taken as it is.
        let step = if tail < 0.5 {
            (libm::log(tails.above) - libm::log(tail)) * tails.above / tails.density
        } else {
            (tails.above - tail) / tails.density
        };
        residual = (tails.above / tail - 1.0).abs();
        if step.abs() <= 1e-14 * x.abs().max(deviation) || residual < 1e-15 {
            return Ok(x + step);
        }
        let next = next(x, step, deviation, low, high);
        if (next - x).abs() <= f64::EPSILON * x.abs() {
            return Ok(x);
        }
        x = next;
    }
    Err(CoreError::NotConverged { name: "quantile of the loss distribution", iterations: STEPS, residual })
}

/// A Newton step kept inside the bracket, and short where there is no bracket yet.
fn next(x: f64, step: f64, deviation: f64, low: f64, high: f64) -> f64 {
    let reach = 8.0 * deviation.max(0.25 * x.abs());
    let target = if step.is_finite() { x + step.clamp(-reach, reach) } else { x };
    if step.is_finite() && target > low && target < high {
        return target;
    }
    match (low.is_finite(), high.is_finite()) {
        (true, true) => 0.5 * (low + high),
        (true, false) => low.max(x) + deviation,
        (false, true) => high.min(x) - deviation,
        (false, false) => x,
    }
}
