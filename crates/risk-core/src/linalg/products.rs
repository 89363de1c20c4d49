use ndarray::{Array2, ArrayView2};

use super::backend;
use crate::{Result, check};

/// The matrix product `A B`.
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty) and [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain)
/// when a factor is empty or not finite, or an entry of the product overflows;
/// [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless `B` has one row a column of `A`.
///
/// # Examples
/// ```
/// use alluse_risk_core::linalg::matmul;
/// use ndarray::array;
///
/// let product = matmul(array![[1.0, 2.0]].view(), array![[3.0], [4.0]].view())?;
/// assert_eq!(product, array![[11.0]]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn matmul(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    check::finite_matrix("left factor", a)?;
    check::finite_matrix("right factor", b)?;
    check::length("right factor", a.ncols(), b.nrows())?;
    let product = backend::matmul(a, b).map_err(|failure| failure.named("product", a.nrows()))?;
    check::finite_matrix("product", product.view())?;
    Ok(product)
}

/// The Gram matrix `X'X`, exactly symmetric.
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty) and [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain)
/// when `X` is empty or not finite, or an entry of the product overflows.
///
/// # Examples
/// ```
/// use alluse_risk_core::linalg::gram;
/// use ndarray::array;
///
/// assert_eq!(gram(array![[1.0, 2.0], [0.0, 1.0]].view())?, array![[1.0, 2.0], [2.0, 5.0]]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn gram(x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    check::finite_matrix("matrix", x)?;
    let product = mirrored(&backend::gram_lower(x).map_err(|failure| failure.named("product", x.ncols()))?);
    check::finite_matrix("product", product.view())?;
    Ok(product)
}

/// The symmetric matrix of a lower triangle, rows along memory.
pub(super) fn mirrored(lower: &Array2<f64>) -> Array2<f64> {
    let mut full = lower.as_standard_layout().into_owned();
    for row in 0..full.nrows() {
        for column in 0..row {
            full[[column, row]] = full[[row, column]];
        }
    }
    full
}
