//! Block coordinate descent: a lasso regression of every asset on the others, in turn.

use ndarray::{Array1, Array2, ArrayView2};

use super::certificate::duality_gap;
use crate::covariance::spectral;
use crate::{Error, Result};

/// A precision within the tolerance of the best.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) precision: Array2<f64>,
    pub(super) gap: f64,
    pub(super) iterations: usize,
}

/// Coordinate steps of one lasso; warm starts need a few.
const PASSES: usize = 1_000;

/// A change of a coefficient, in units of the target, that no longer matters.
const STILL: f64 = 1e-14;

/// For a target with a positive diagonal near 1.
pub(super) fn solve(s: ArrayView2<'_, f64>, penalty: f64, tolerance: f64, max_iterations: usize) -> Result<Found> {
    let n = s.nrows();
    let mut w = start(s, penalty);
    // Refuses a singular target that no penalty makes solvable.
    spectral::log_determinant("sample covariance", w.view())?;
    let mut coefficients = Array2::<f64>::zeros((n, n));
    let mut gap = f64::INFINITY;
    for iteration in 1..=max_iterations {
        for asset in 0..n {
            let mut beta = coefficients.row(asset).to_owned();
            let fitted = lasso(s, &w, penalty, asset, &mut beta);
            for other in (0..n).filter(|other| *other != asset) {
                w[[asset, other]] = fitted[other];
                w[[other, asset]] = fitted[other];
            }
            coefficients.row_mut(asset).assign(&beta);
        }
        let precision = precision(&w, &coefficients);
        // Early sweeps need not have a definite precision yet; that is an infinite gap.
        gap = match duality_gap(s, penalty, precision.view()) {
            Ok(gap) => gap,
            Err(Error::NotPositiveDefinite { .. } | Error::Singular { .. } | Error::EntryOutOfDomain { .. }) => {
                f64::INFINITY
            }
            Err(other) => return Err(other),
        };
        if gap <= tolerance {
            return Ok(Found { precision, gap, iterations: iteration });
        }
    }
    Err(Error::NotConverged { name: "graphical lasso", iterations: max_iterations, residual: gap })
}

/// The target with its entries off the diagonal drawn to zero by as much as the penalty allows: feasible in the
/// dual and, with a penalty, positive definite. Descent keeps both.
fn start(s: ArrayView2<'_, f64>, penalty: f64) -> Array2<f64> {
    let off = s.indexed_iter().filter(|((i, j), _)| i != j);
    let largest = off.fold(0.0_f64, |a, (_, v)| a.max(v.abs()));
    let keep = if largest > penalty { 1.0 - penalty / largest } else { 0.0 };
    let mut w = &s * keep;
    w.diag_mut().assign(&s.diag());
    w
}

/// Coefficients of `min ½ β'Wβ − s'β + penalty ‖β‖₁` without the asset itself, and `Wβ`.
fn lasso(s: ArrayView2<'_, f64>, w: &Array2<f64>, penalty: f64, asset: usize, beta: &mut Array1<f64>) -> Array1<f64> {
    let mut fitted = w.dot(beta);
    for _ in 0..PASSES {
        let mut largest = 0.0_f64;
        for k in (0..beta.len()).filter(|k| *k != asset) {
            let own = w[[k, k]];
            let pull = s[[k, asset]] - fitted[k] + own * beta[k];
            let next = (pull.abs() - penalty).max(0.0).copysign(pull) / own;
            let change = next - beta[k];
            if change.abs() > 0.0 {
                fitted.scaled_add(change, &w.row(k));
                beta[k] = next;
                largest = largest.max((own * change).abs());
            }
        }
        if largest <= STILL {
            break;
        }
    }
    fitted
}

/// The inverse by columns: `1/Pⱼⱼ = Wⱼⱼ − wⱼ'β`, `Pᵢⱼ = −βᵢ Pⱼⱼ`; zero where either column says so.
fn precision(w: &Array2<f64>, coefficients: &Array2<f64>) -> Array2<f64> {
    let n = w.nrows();
    let residual = |j: usize| w[[j, j]] - w.row(j).dot(&coefficients.row(j));
    let own: Array1<f64> = (0..n).map(|j| 1.0 / residual(j)).collect();
    Array2::from_shape_fn((n, n), |(i, j)| {
        let (first, second) = (i.max(j), i.min(j));
        let (by_row, by_column) = (coefficients[[first, second]], coefficients[[second, first]]);
        if i == j {
            own[i]
        } else if by_row.abs() > 0.0 && by_column.abs() > 0.0 {
            -0.5 * (by_row * own[first] + by_column * own[second])
        } else {
            0.0
        }
    })
}
