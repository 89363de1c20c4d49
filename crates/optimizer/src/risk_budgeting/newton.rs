//! Damped Newton steps on Spinu's convex function, each solved by conjugate gradients.

use super::Solved;
use super::convergence::{Target, start};
use super::operator::{Correlation, dot};
use crate::{Error, Result};

/// Largest relative step that is taken in full.
const FULL_STEP: f64 = 0.5;

/// Minimises `½ y'Cy − Σ bᵢ ln yᵢ`.
///
/// In relative steps `u = Δy / y` the Newton system is `(Y C Y + diag b) u = b − y·Cy`. At the solution
/// `Y C Y 1 = b`, so with correlations that are not negative the matrix over `diag b` has its eigenvalues in
/// `[1, 2]`: conjugate gradients need a handful of products whatever the number of assets. A step `t u` lowers the
/// function by at least `λ²(δ − ln(1 + δ))/δ²` for `t = 1/(1 + δ)`, `δ = max |uᵢ|`, `λ² = u'Hu`, and a full step by
/// at least `λ²/8` while `δ ≤ ½`. Both need only `u'Hu = u'(b − y·Cy)`, which every conjugate-gradient iterate
/// from zero satisfies, so an early stop keeps the descent.
pub(super) fn newton(operator: &Correlation<'_>, target: &Target<'_>, max_iterations: usize) -> Result<Solved> {
    let b = target.budgets;
    let (mut y, mut product) = start(operator, b)?;
    let mut fresh = true;
    for iterations in 0..=max_iterations {
        let variance = target.rescale(&mut y, &mut product)?;
        let error = target.error(&y, &product, variance);
        if error <= 1.0 {
            if fresh {
                return Ok(Solved { y, iterations });
            }
            // The product was updated step by step; only one made anew counts.
            product = operator.product(&y)?;
            fresh = true;
            continue;
        }
        if iterations == max_iterations {
            let residual = target.distance(&y, &product, variance);
            return Err(Error::NotConverged { method: "Newton's method for risk budgets", iterations, residual });
        }
        let step = direction(operator, b, &y, &product)?;
        let length = step.relative.iter().fold(0.0, |most: f64, u| most.max(u.abs()));
        let t = if length <= FULL_STEP { 1.0 } else { 1.0 / (1.0 + length) };
        y.iter_mut().zip(&step.relative).for_each(|(y, u)| *y *= 1.0 + t * u);
        product.iter_mut().zip(&step.product).for_each(|(p, d)| *p += t * d);
        fresh = false;
    }
    Err(Error::NotConverged { method: "Newton's method for risk budgets", iterations: max_iterations, residual: 0.0 })
}

struct Step {
    /// `Δy / y`.
    relative: Vec<f64>,
    /// `C Δy`.
    product: Vec<f64>,
}

/// Conjugate gradients, preconditioned by the diagonal, to the accuracy that the step deserves.
fn direction(operator: &Correlation<'_>, b: &[f64], y: &[f64], product: &[f64]) -> Result<Step> {
    let n = y.len();
    let diagonal: Vec<f64> = b.iter().zip(y).map(|(b, y)| b + y * y).collect();
    let mut residual: Vec<f64> = (0..n).map(|i| b[i] - y[i] * product[i]).collect();
    let mut search: Vec<f64> = residual.iter().zip(&diagonal).map(|(r, d)| r / d).collect();
    let mut size = dot(&residual, &search);
    let accuracy = size * size.clamp(1e-16, 1e-2);
    let mut step = Step { relative: vec![0.0; n], product: vec![0.0; n] };
    for _ in 0..n.saturating_mul(2).max(10) {
        let moved: Vec<f64> = search.iter().zip(y).map(|(p, y)| p * y).collect();
        let image = operator.product(&moved)?;
        let curved: Vec<f64> = (0..n).map(|i| y[i] * image[i] + b[i] * search[i]).collect();
        let curvature = dot(&search, &curved);
        if !(curvature > 0.0 && curvature.is_finite()) {
            let reason = format!("curvature {curvature:e} along a step: the covariance is not positive semidefinite");
            return Err(Error::Numerical { method: "Newton's method for risk budgets", reason });
        }
        let length = size / curvature;
        for i in 0..n {
            step.relative[i] += length * search[i];
            step.product[i] += length * image[i];
            residual[i] -= length * curved[i];
        }
        let scaled: Vec<f64> = residual.iter().zip(&diagonal).map(|(r, d)| r / d).collect();
        let left = dot(&residual, &scaled);
        if left <= accuracy {
            break;
        }
        search.iter_mut().zip(&scaled).for_each(|(p, z)| *p = z + left / size * *p);
        size = left;
    }
    Ok(step)
}
