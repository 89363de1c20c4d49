use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{backend, matmul, normalizer};
use crate::covariance::symmetry::{symmetric, symmetrize};
use crate::{Error, Result, check};

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SymmetricEigen {
    /// Eigenvalues, ascending.
    pub values: Array1<f64>,
    /// Orthonormal eigenvectors: column `k` belongs to value `k`.
    pub vectors: Array2<f64>,
}

/// Eigenvalues and eigenvectors of a symmetric matrix.
///
/// ```text
/// A = U diag(λ) U'      λ₁ ≤ … ≤ λₙ,  U'U = I
/// ```
///
/// The sign of each vector is fixed: its largest absolute entry is positive, and of entries that tie
/// to 1e-8 the first counts. Vectors of equal eigenvalues are one basis of their space out of many.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`], [`Error::EntryOutOfDomain`], [`Error::NotSymmetric`]
///   unless the matrix is square, finite and symmetric (see [`cholesky`](super::cholesky())).
/// - [`Error::NotConverged`] when the iteration gives up.
///
/// # Source
/// Golub and Van Loan (2013), *Matrix Computations*, §8.3.
///
/// # Examples
/// ```
/// use alluse_risk_core::linalg::symmetric_eigen;
/// use ndarray::array;
///
/// let eigen = symmetric_eigen(array![[2.0, 1.0], [1.0, 2.0]].view())?;
/// assert!((eigen.values[0] - 1.0).abs() < 1e-15 && (eigen.values[1] - 3.0).abs() < 1e-15);
/// assert!((eigen.vectors[[0, 0]] - 0.5_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn symmetric_eigen(matrix: ArrayView2<'_, f64>) -> Result<SymmetricEigen> {
    SymmetricEigen::named("matrix", matrix)
}

/// Eigenvalues of a symmetric matrix, ascending; cheaper than with the vectors.
///
/// # Errors
/// Those of [`symmetric_eigen`].
pub fn symmetric_eigenvalues(matrix: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
    named_eigenvalues("matrix", matrix)
}

pub(crate) fn named_eigenvalues(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
    Ok(decompose(name, matrix, false)?.0)
}

fn decompose(
    name: &'static str,
    matrix: ArrayView2<'_, f64>,
    vectors: bool,
) -> Result<(Array1<f64>, Option<Array2<f64>>)> {
    symmetric(name, matrix)?;
    let scale = normalizer(matrix.iter().fold(0.0_f64, |a, v| a.max(v.abs())));
    let scaled = &matrix * scale;
    let (values, vectors) =
        backend::symmetric_eigen(scaled.view(), vectors).map_err(|failure| failure.named(name, matrix.nrows()))?;
    Ok((values / scale, vectors))
}

/// The eigenvalue below which a matrix of this size is singular to working precision.
pub(crate) fn negligible(values: ArrayView1<'_, f64>) -> f64 {
    let largest = values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    values.len() as f64 * f64::EPSILON * largest
}

impl SymmetricEigen {
    pub(crate) fn named(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<Self> {
        let (values, vectors) = decompose(name, matrix, true)?;
        let mut vectors = vectors.unwrap_or_default();
        vectors.columns_mut().into_iter().for_each(|mut column| {
            let largest = column.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
            let decisive = column.iter().find(|v| v.abs() >= largest * (1.0 - 1e-8));
            if decisive.is_some_and(|v| *v < 0.0) {
                column.mapv_inplace(|v| -v);
            }
        });
        Ok(Self { values, vectors })
    }

    /// The symmetric matrix `U diag(values) U'` with the eigenvectors of this one and other eigenvalues.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one value an eigenvector, [`Error::ElementOutOfDomain`]
    /// when one is not finite.
    pub fn recompose(&self, values: ArrayView1<'_, f64>) -> Result<Array2<f64>> {
        check::finite("eigenvalues", values)?;
        check::length("eigenvalues", self.values.len(), values.len())?;
        let mut matrix = matmul((&self.vectors * &values).view(), self.vectors.t())?;
        symmetrize(&mut matrix);
        Ok(matrix)
    }
}

/// The shortest solution of a system with a positive semidefinite matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SemidefiniteSolution {
    /// The solution of least Euclidean norm.
    pub solution: Vec<f64>,
    /// Eigenvalues that are not zero to working precision.
    pub rank: usize,
    /// `‖A x − b‖ / ‖b‖`, at most 1e-8.
    pub relative_residual: f64,
}

/// Residual up to which a right-hand side counts as reachable.
const REACHABLE: f64 = 1e-8;

/// Solves `A x = b` for a symmetric positive semidefinite `A`, which may be singular.
///
/// ```text
/// x = Σ uₖ (uₖ'b) / λₖ      over λₖ > n ε λₙ
/// ```
///
/// # Errors
/// - Those of [`symmetric_eigen`]; [`Error::LengthMismatch`] and [`Error::ElementOutOfDomain`] for `b`.
/// - [`Error::NotPositiveSemidefinite`] when an eigenvalue is below `−n ε λₙ`.
/// - [`Error::Singular`] when no `x` solves the system: `b` is not in the range of `A`.
///
/// # Examples
/// ```
/// use alluse_risk_core::linalg::solve_semidefinite;
/// use ndarray::array;
///
/// let twins = array![[1.0, 1.0], [1.0, 1.0]];
/// let x = solve_semidefinite(twins.view(), array![1.0, 1.0].view())?;
/// assert_eq!(x.rank, 1);
/// assert!((x.solution[0] - 0.5).abs() < 1e-15 && (x.solution[1] - 0.5).abs() < 1e-15);
/// assert!(solve_semidefinite(twins.view(), array![1.0, 0.0].view()).is_err());
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn solve_semidefinite(matrix: ArrayView2<'_, f64>, b: ArrayView1<'_, f64>) -> Result<SemidefiniteSolution> {
    check::finite("right-hand side", b)?;
    let eigen = symmetric_eigen(matrix)?;
    check::length("right-hand side", matrix.nrows(), b.len())?;
    let floor = negligible(eigen.values.view());
    if eigen.values[0] < -floor {
        return Err(Error::NotPositiveSemidefinite { name: "matrix", smallest_eigenvalue: eigen.values[0] });
    }
    let mut coordinates = eigen.vectors.t().dot(&b);
    coordinates.zip_mut_with(&eigen.values, |c, &value| *c = if value > floor { *c / value } else { 0.0 });
    let solution = eigen.vectors.dot(&coordinates);
    let left = (matrix.dot(&solution) - b).mapv(|v| v * v).sum().sqrt();
    let size = b.mapv(|v| v * v).sum().sqrt();
    let relative_residual = if size > 0.0 { left / size } else { left };
    if relative_residual > REACHABLE || relative_residual.is_nan() {
        return Err(Error::Singular { name: "matrix" });
    }
    let rank = eigen.values.iter().filter(|value| **value > floor).count();
    Ok(SemidefiniteSolution { solution: solution.to_vec(), rank, relative_residual })
}
