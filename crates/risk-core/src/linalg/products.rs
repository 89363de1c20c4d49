use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

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

/// The product `A x`.
///
/// It reads `A` once, at the speed of the memory, so the entries are not checked beforehand: one that is not
/// finite makes its element of the product so, and that is refused.
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty), [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless `x`
/// has one element a column of `A`, [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain) for a
/// product that is not finite.
///
/// # Examples
/// ```
/// use alluse_risk_core::linalg::matvec;
/// use ndarray::array;
///
/// let product = matvec(array![[1.0, 2.0], [0.0, -1.0]].view(), array![3.0, 4.0].view())?;
/// assert_eq!(product, array![11.0, -4.0]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn matvec(a: ArrayView2<'_, f64>, x: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    if a.is_empty() {
        return Err(crate::Error::Empty { name: "matrix" });
    }
    check::length("vector", a.ncols(), x.len())?;
    let column = x.insert_axis(Axis(1));
    let product = backend::matmul(a, column).map_err(|failure| failure.named("product", a.nrows()))?;
    let product = product.column(0).to_owned();
    check::finite("product", product.view())?;
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
    let product = mirrored(backend::gram_lower(x).map_err(|failure| failure.named("product", x.ncols()))?);
    check::finite_matrix("product", product.view())?;
    Ok(product)
}

/// Side of the square tiles in which a triangle is mirrored.
const TILE: usize = 16;

/// The symmetric matrix of a lower triangle, rows along memory.
pub(super) fn mirrored(lower: Array2<f64>) -> Array2<f64> {
    let n = lower.nrows();
    let mut full = if lower.is_standard_layout() { lower } else { lower.as_standard_layout().into_owned() };
    // Tile by tile: writing a whole column at once would miss the cache at every entry.
    for (top, left) in (0..n).step_by(TILE).flat_map(|top| (0..=top).step_by(TILE).map(move |left| (top, left))) {
        for row in top..(top + TILE).min(n) {
            for column in left..(left + TILE).min(row) {
                full[[column, row]] = full[[row, column]];
            }
        }
    }
    full
}
