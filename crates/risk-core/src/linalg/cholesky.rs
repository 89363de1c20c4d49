use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::backend;
use crate::covariance::symmetry::symmetric;
use crate::{Error, Result, check};

/// The lower triangular factor `L` of a positive definite matrix `A = L L'`, made by [`cholesky`].
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    name: &'static str,
    lower: Array2<f64>,
}

/// Factors a symmetric positive definite matrix.
///
/// ```text
/// A = L L'      L lower triangular, positive diagonal
/// ```
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`], [`Error::EntryOutOfDomain`], [`Error::NotSymmetric`]
///   unless the matrix is square, finite and symmetric (asymmetry up to 1e-12 of the largest entry is
///   rounding; the lower triangle is used).
/// - [`Error::NotPositiveDefinite`] with the first pivot that is not positive, or that is rounding
///   error: `Lⱼⱼ² ≤ n ε Aⱼⱼ`.
///
/// # Source
/// Golub and Van Loan (2013), *Matrix Computations*, §4.2.
///
/// # Examples
/// ```
/// use alluse_risk_core::{Error, linalg::cholesky};
/// use ndarray::array;
///
/// let factor = cholesky(array![[4.0, 2.0], [2.0, 5.0]].view())?;
/// assert!((factor.log_determinant() - 16.0_f64.ln()).abs() < 1e-14);
///
/// let indefinite = cholesky(array![[1.0, 2.0], [2.0, 1.0]].view());
/// assert!(matches!(indefinite, Err(Error::NotPositiveDefinite { pivot: 1, .. })));
/// # Ok::<(), Error>(())
/// ```
pub fn cholesky(matrix: ArrayView2<'_, f64>) -> Result<Cholesky> {
    Cholesky::named("matrix", matrix)
}

/// Solves `A x = b` for a symmetric positive definite `A`.
///
/// # Errors
/// Those of [`cholesky`] and [`Cholesky::solve`].
pub fn solve_positive_definite(matrix: ArrayView2<'_, f64>, b: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    cholesky(matrix)?.solve(b)
}

impl Cholesky {
    pub(crate) fn named(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<Self> {
        symmetric(name, matrix)?;
        let n = matrix.nrows();
        let lower = backend::cholesky(matrix).map_err(|failure| failure.named(name, n))?;
        let noise = n as f64 * f64::EPSILON;
        match lower.diag().iter().zip(matrix.diag()).position(|(l, a)| l * l <= noise * a || l.is_nan()) {
            None => Ok(Self { name, lower }),
            Some(pivot) => Err(Error::NotPositiveDefinite { name, pivot }),
        }
    }

    /// `L`, with zeros above the diagonal.
    #[must_use]
    pub fn lower(&self) -> ArrayView2<'_, f64> {
        self.lower.view()
    }

    /// Natural logarithm of the determinant of `A`.
    #[must_use]
    pub fn log_determinant(&self) -> f64 {
        2.0 * self.lower.diag().iter().map(|l| libm::log(*l)).sum::<f64>()
    }

    /// `x` with `A x = b`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless `b` has one element a row, [`Error::ElementOutOfDomain`] when
    /// one is not finite, [`Error::Singular`] when the solution overflows.
    pub fn solve(&self, b: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        check::finite("right-hand side", b)?;
        Ok(self.solve_columns(b.insert_axis(Axis(1)))?.remove_axis(Axis(1)))
    }

    /// `X` with `A X = B`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless `B` has one row a row of `A`, [`Error::EntryOutOfDomain`] when an
    /// entry is not finite, [`Error::Singular`] when the solution overflows.
    pub fn solve_matrix(&self, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        check::finite_matrix("right-hand side", b)?;
        self.solve_columns(b)
    }

    /// `X` with `L X = B`: whitened columns, whose products are those of `B` under `A⁻¹`.
    ///
    /// # Errors
    /// Those of [`solve_matrix`](Self::solve_matrix).
    pub fn solve_lower(&self, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        check::finite_matrix("right-hand side", b)?;
        check::length("right-hand side", self.lower.nrows(), b.nrows())?;
        let x = backend::solve_lower(self.lower(), b.to_owned()).map_err(|f| f.named(self.name, b.nrows()))?;
        self.usable(x)
    }

    /// `Z L'`: rows of independent standard normals become rows with covariance `A`. Half of a full product, since the
    /// zeros of the triangle are left out.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows, [`Error::LengthMismatch`] unless `Z` has one column a row of `A`,
    /// [`Error::EntryOutOfDomain`] for a product that is not finite.
    pub fn correlate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        check::length("normals columns", self.lower.nrows(), z.ncols())?;
        let product = backend::times_lower_transposed(z, self.lower()).map_err(|f| f.named(self.name, z.ncols()))?;
        check::finite_matrix("product", product.view())?;
        Ok(product)
    }

    /// `A⁻¹`. To solve a system, [`solve`](Self::solve) is faster and more accurate.
    ///
    /// # Errors
    /// [`Error::Singular`] when an entry overflows.
    pub fn inverse(&self) -> Result<Array2<f64>> {
        let mut inverse = self.solve_columns(Array2::eye(self.lower.nrows()).view())?;
        crate::covariance::symmetry::symmetrize(&mut inverse);
        Ok(inverse)
    }

    fn solve_columns(&self, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let n = self.lower.nrows();
        check::length("right-hand side", n, b.nrows())?;
        let x = backend::solve_lower(self.lower(), b.to_owned())
            .and_then(|y| backend::solve_lower_transposed(self.lower(), y))
            .map_err(|failure| failure.named(self.name, n))?;
        self.usable(x)
    }

    fn usable(&self, x: Array2<f64>) -> Result<Array2<f64>> {
        if x.iter().all(|v| v.is_finite()) { Ok(x) } else { Err(Error::Singular { name: self.name }) }
    }
}
