//! When a set of weights meets its budgets, and where the methods start.

use super::operator::{Correlation, dot};
use crate::{Error, Result};

/// Relative contributions are never asked to be closer than this: it is the rounding of their sums.
const ROUNDING: f64 = 1e-14;

/// Budgets and how closely they are to be met.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) budgets: &'a [f64],
    pub(super) tolerance: f64,
}

impl Target<'_> {
    /// Largest distance of a relative contribution from its budget, in units of what is allowed.
    pub(super) fn error(&self, y: &[f64], product: &[f64], variance: f64) -> f64 {
        let shares = y.iter().zip(product).map(|(y, p)| y * p / variance);
        let errors = shares.zip(self.budgets).map(|(share, b)| {
            let allowed = (self.tolerance * (100.0 * b).min(1.0)).max(ROUNDING);
            (share - b).abs() / allowed
        });
        errors.fold(0.0, larger)
    }

    /// Largest distance of a relative contribution from its budget.
    pub(super) fn distance(&self, y: &[f64], product: &[f64], variance: f64) -> f64 {
        let shares = y.iter().zip(product).map(|(y, p)| y * p / variance);
        shares.zip(self.budgets).map(|(share, b)| (share - b).abs()).fold(0.0, larger)
    }

    /// Scales to a variance of 1, the best point of the ray, and returns the variance that is then left: 1.
    pub(super) fn rescale(&self, y: &mut [f64], product: &mut [f64]) -> Result<f64> {
        let variance = dot(y, product);
        let rounding = y.len() as f64 * f64::EPSILON * dot(y, y);
        if variance.is_nan() || variance <= rounding {
            return Err(Error::Undefined {
                what: "a risk budget",
                reason: format!(
                    "a portfolio with the given signs has variance {variance:e} at a size of {:e} in volatilities: \
                     there is no risk to divide, or the covariance is not positive semidefinite",
                    dot(y, y).sqrt()
                ),
            });
        }
        let scale = 1.0 / variance.sqrt();
        y.iter_mut().for_each(|y| *y *= scale);
        product.iter_mut().for_each(|p| *p *= scale);
        Ok(1.0)
    }
}

/// The larger of two, and NaN when one is: an error that cannot be computed is not small.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a >= b { a } else { b }
}

/// Equal sizes at a variance of 1, and their product with the matrix.
pub(super) fn start(operator: &Correlation<'_>, budgets: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    let n = operator.len();
    let product = operator.product(&vec![1.0; n])?;
    let sum: f64 = product.iter().sum();
    // Perfect hedges can leave equal sizes without risk; the roots of the budgets are then as good as any.
    if sum > n as f64 * f64::EPSILON * n as f64 {
        let scale = 1.0 / sum.sqrt();
        return Ok((vec![scale; n], product.into_iter().map(|p| p * scale).collect()));
    }
    let y: Vec<f64> = budgets.iter().map(|b| b.sqrt()).collect();
    let product = operator.product(&y)?;
    Ok((y, product))
}
