//! The LAPACK backend. Inputs are finite, of matching shapes, not empty.

use ndarray::{Array1, Array2, ArrayView2};
use ndarray_linalg::{Cholesky, Diag, EigValsh, Eigh, QR, SolveTriangular, UPLO};

use super::Failure;

/// A copy whose rows stand one after the other: ndarray-linalg reads the layout off the strides,
/// and those of a view may say anything where a dimension is 1.
fn owned(matrix: ArrayView2<'_, f64>) -> Result<Array2<f64>, Failure> {
    let shape = matrix.dim();
    if shape.0.max(shape.1) > i32::MAX as usize {
        return Err(Failure::TooLarge);
    }
    Array2::from_shape_vec(shape, matrix.iter().copied().collect()).map_err(|_| Failure::TooLarge)
}

/// `L` with `A = L L'`; reads the lower triangle.
pub(super) fn cholesky(a: ArrayView2<'_, f64>) -> Result<Array2<f64>, Failure> {
    // With the shape checked, only a pivot can stop LAPACK.
    owned(a)?.cholesky(UPLO::Lower).map_err(|_| Failure::Pivot(failing_pivot(a)))
}

/// The pivot at which the factorisation of `a` fails. LAPACK knows it, but the type of its error
/// cannot be named from here; where this order of the sums does not fail, the weakest pivot is meant.
fn failing_pivot(a: ArrayView2<'_, f64>) -> usize {
    let n = a.nrows();
    let mut lower = Array2::<f64>::zeros((n, n));
    let mut weakest = (f64::INFINITY, 0);
    for row in 0..n {
        for column in 0..row {
            let sum: f64 = (0..column).map(|k| lower[[row, k]] * lower[[column, k]]).sum();
            lower[[row, column]] = (a[[row, column]] - sum) / lower[[column, column]];
        }
        let sum: f64 = (0..row).map(|k| lower[[row, k]] * lower[[row, k]]).sum();
        let pivot = a[[row, row]] - sum;
        if pivot <= 0.0 || pivot.is_nan() {
            return row;
        }
        weakest = if pivot / a[[row, row]] < weakest.0 { (pivot / a[[row, row]], row) } else { weakest };
        lower[[row, row]] = pivot.sqrt();
    }
    weakest.1
}

/// `X` with `L X = B`.
pub(super) fn solve_lower(lower: ArrayView2<'_, f64>, b: Array2<f64>) -> Result<Array2<f64>, Failure> {
    // An exactly zero diagonal is all that can stop LAPACK here.
    owned(lower)?.solve_triangular(UPLO::Lower, Diag::NonUnit, &owned(b.view())?).map_err(|_| Failure::Dependent)
}

/// `X` with `L' X = B`.
pub(super) fn solve_lower_transposed(lower: ArrayView2<'_, f64>, b: Array2<f64>) -> Result<Array2<f64>, Failure> {
    owned(lower.reversed_axes())?
        .solve_triangular(UPLO::Upper, Diag::NonUnit, &owned(b.view())?)
        .map_err(|_| Failure::Dependent)
}

/// Eigenvalues ascending and, when asked for, unit eigenvectors in columns.
pub(super) fn symmetric_eigen(
    a: ArrayView2<'_, f64>,
    vectors: bool,
) -> Result<(Array1<f64>, Option<Array2<f64>>), Failure> {
    let a = owned(a)?;
    if vectors {
        let (values, vectors) = a.eigh(UPLO::Lower).map_err(|_| Failure::NoConvergence)?;
        Ok((values, Some(vectors)))
    } else {
        Ok((a.eigvalsh(UPLO::Lower).map_err(|_| Failure::NoConvergence)?, None))
    }
}

/// Thin `Q` (m × n) and upper triangular `R` (n × n) with `X = Q R`, m ≥ n.
pub(super) fn qr(x: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), Failure> {
    owned(x)?.qr().map_err(|_| Failure::TooLarge)
}

/// `A B`, by ndarray: LAPACK has no product, and BLAS behind ndarray would be every user's burden.
pub(super) fn matmul(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>, Failure> {
    Ok(a.dot(&b))
}

/// `A L'` for a lower triangular `L`.
pub(super) fn times_lower_transposed(
    a: ArrayView2<'_, f64>,
    lower: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, Failure> {
    Ok(a.dot(&lower.t()))
}

/// The lower triangle of `X'X`; what stands above it is not defined.
pub(super) fn gram_lower(x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Failure> {
    Ok(x.t().dot(&x))
}
