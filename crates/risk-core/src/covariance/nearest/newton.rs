//! Newton's method on the dual problem.
//!
//! Each fixed entry has a multiplier; with `A*(y)` the symmetric matrix that carries them,
//!
//! ```text
//! θ(y) = ½‖(A + A*(y))₊‖² − b'y      ∇θ = entries of (A + A*(y))₊ minus b
//! ```
//!
//! is convex and once differentiable, and its minimiser gives the answer `(A + A*(y))₊`. A lower bound
//! of the eigenvalues is taken off the matrix and the diagonal first and put back at the end.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::{Found, NearestCorrelation, spectral};
use crate::Result;
use crate::covariance::spectral::SymmetricEigen;

/// The dual problem: the shifted matrix and the entries that are fixed.
struct Dual<'a> {
    matrix: Array2<f64>,
    constraints: &'a [(usize, usize, f64)],
    shift: f64,
}

/// Everything about one point.
struct Point {
    multipliers: Array1<f64>,
    value: f64,
    gradient: Array1<f64>,
    projected: Array2<f64>,
    eigen: SymmetricEigen,
}

/// Newton's method needs a handful; more means that no matrix has the fixed entries.
const NEWTON_STEPS: usize = 200;

pub(super) fn solve(
    config: &NearestCorrelation,
    target: ArrayView2<'_, f64>,
    constraints: &[(usize, usize, f64)],
) -> Result<Found> {
    let shift = config.min_eigenvalue;
    let mut matrix = target.to_owned();
    matrix.diag_mut().mapv_inplace(|v| v - shift);
    let dual = Dual { matrix, constraints, shift };
    // The multipliers that already put the diagonal right.
    let start = constraints.iter().map(|&(i, j, b)| if i == j { b - target[[i, i]] } else { 0.0 }).collect();
    let mut point = dual.at(start)?;
    let steps = config.max_iterations.min(NEWTON_STEPS);
    for iteration in 0..=steps {
        let residual = point.gradient.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        if residual <= config.tolerance {
            let mut matrix = point.projected;
            matrix.diag_mut().mapv_inplace(|v| v + shift);
            return Ok(Found { matrix, iterations: iteration, residual });
        }
        if iteration == steps {
            return Err(config.not_converged(iteration, residual));
        }
        let direction = dual.direction(&point, residual)?;
        point = match dual.line_search(&point, &direction)? {
            Some(next) => next,
            None => return Err(config.not_converged(iteration, residual)),
        };
    }
    Err(config.not_converged(steps, f64::INFINITY))
}

impl Dual<'_> {
    fn at(&self, multipliers: Array1<f64>) -> Result<Point> {
        let mut shifted = self.matrix.clone();
        for (&(i, j, _), multiplier) in self.constraints.iter().zip(&multipliers) {
            shifted[[i, j]] += multiplier;
            if i != j {
                shifted[[j, i]] += multiplier;
            }
        }
        let eigen = spectral::eigen("matrix", shifted.view())?;
        let positive = eigen.values.mapv(|value| value.max(0.0));
        let projected = spectral::recompose(&eigen, positive.view())?;
        let mut value = 0.5 * positive.dot(&positive);
        let mut gradient = Array1::zeros(multipliers.len());
        for (k, &(i, j, b)) in self.constraints.iter().enumerate() {
            let (times, b) = if i == j { (1.0, b - self.shift) } else { (2.0, b) };
            value -= times * b * multipliers[k];
            gradient[k] = times * (projected[[i, j]] - b);
        }
        Ok(Point { multipliers, value, gradient, projected, eigen })
    }

    /// Solves `V d = −∇θ` by conjugate gradients, `V` an element of the generalised Hessian.
    fn direction(&self, point: &Point, residual: f64) -> Result<Array1<f64>> {
        let ratios = ratios(point.eigen.values.view());
        // Where no eigenvalue is positive the Hessian vanishes; a little of the identity keeps it solvable.
        let ridge = (1e-3 * residual).min(1e-6);
        let preconditioner = self.diagonal(point, &ratios).mapv(|v| v.max(1e-8) + ridge);
        let mut direction = Array1::<f64>::zeros(point.gradient.len());
        let mut left = point.gradient.mapv(|v| -v);
        let goal = left.dot(&left).sqrt() * residual.clamp(1e-12, 1e-2);
        let mut eased = &left / &preconditioner;
        let mut along = eased.clone();
        let mut product = left.dot(&eased);
        for _ in 0..200 {
            let image = self.hessian(point, &ratios, along.view())? + &along * ridge;
            let curvature = along.dot(&image);
            if curvature <= 0.0 || curvature.is_nan() {
                break;
            }
            let length = product / curvature;
            direction.scaled_add(length, &along);
            left.scaled_add(-length, &image);
            if left.dot(&left).sqrt() <= goal {
                break;
            }
            eased = &left / &preconditioner;
            let next = left.dot(&eased);
            along = &eased + &(&along * (next / product));
            product = next;
        }
        // Descent is certain for the scaled gradient, and for anything else only after a look.
        if direction.dot(&point.gradient) < 0.0 { Ok(direction) } else { Ok(&point.gradient / &preconditioner * -1.0) }
    }

    /// `V h`: entries of `U (Ω ∘ U' A*(h) U) U'`.
    fn hessian(&self, point: &Point, ratios: &Array2<f64>, h: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        let u = &point.eigen.vectors;
        let mut spread = Array2::<f64>::zeros(u.dim());
        for (&(i, j, _), &step) in self.constraints.iter().zip(&h) {
            spread.row_mut(i).scaled_add(step, &u.row(j));
            if i != j {
                spread.row_mut(j).scaled_add(step, &u.row(i));
            }
        }
        let inner = spectral::matmul(u.t(), spread.view())? * ratios;
        let outer = spectral::matmul(u.view(), inner.view())?;
        Ok(self
            .constraints
            .iter()
            .map(|&(i, j, _)| if i == j { 1.0 } else { 2.0 } * outer.row(i).dot(&u.row(j)))
            .collect())
    }

    /// The diagonal of `V`.
    fn diagonal(&self, point: &Point, ratios: &Array2<f64>) -> Array1<f64> {
        let u = &point.eigen.vectors;
        let squares = u.mapv(|v| v * v);
        let weighted = squares.dot(ratios);
        self.constraints
            .iter()
            .map(|&(i, j, _)| {
                if i == j {
                    return weighted.row(i).dot(&squares.row(i));
                }
                let products = &u.row(i) * &u.row(j);
                2.0 * (products.dot(&ratios.dot(&products)) + weighted.row(i).dot(&squares.row(j)))
            })
            .collect()
    }

    /// The first of ever shorter steps that lowers `θ` enough; `None` when rounding hides all of them.
    fn line_search(&self, point: &Point, direction: &Array1<f64>) -> Result<Option<Point>> {
        let slope = point.gradient.dot(direction);
        let size = point.gradient.dot(&point.gradient);
        let mut length = 1.0;
        for _ in 0..40 {
            let next = self.at(&point.multipliers + &(direction * length))?;
            let lower = next.value <= point.value + 1e-4 * length * slope;
            // Near the solution the change of θ drowns in rounding; the gradient still tells.
            let flat = (next.value - point.value).abs() <= 1e-13 * point.value.abs().max(1.0);
            if lower || (flat && next.gradient.dot(&next.gradient) < size) {
                return Ok(Some(next));
            }
            length *= 0.5;
        }
        Ok(None)
    }
}

/// `Ωₖₗ = (λₖ⁺ − λₗ⁺) / (λₖ − λₗ)`, 1 or 0 where both have the same sign.
fn ratios(values: ArrayView1<'_, f64>) -> Array2<f64> {
    let n = values.len();
    let mut ratios = Array2::zeros((n, n));
    for (k, mut row) in ratios.axis_iter_mut(Axis(0)).enumerate() {
        for (l, ratio) in row.iter_mut().enumerate() {
            let (low, high) = (values[k].min(values[l]), values[k].max(values[l]));
            *ratio = if low > 0.0 {
                1.0
            } else if high > 0.0 {
                high / (high - low)
            } else {
                0.0
            };
        }
    }
    ratios
}
