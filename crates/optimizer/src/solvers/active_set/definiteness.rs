//! Whether a program is convex.

use alluse_risk_core::linalg;
use ndarray::ArrayView2;

use super::curvature::{Curvature, Parts};
use super::factor::FreeFactor;
use crate::Result;

/// What is known of the curvature.
#[derive(Debug)]
pub(super) enum Definiteness {
    /// Positive definite; with its factor where that came for free.
    Definite(Option<FreeFactor>),
    /// Flat in some direction, curved down in none.
    Semidefinite,
}

/// A Cholesky factor of the whole matrix: a program whose matrix is positive definite only on the free variables
/// has points that meet every first-order condition and are not optimal.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for a matrix that is not finite, not symmetric or has a negative
/// eigenvalue.
pub(super) fn definiteness(curvature: &Curvature<'_>) -> Result<Definiteness> {
    match &curvature.parts {
        // A sum of squares is never negative.
        Parts::Factored { own, .. } if own.iter().all(|e| *e > 0.0) => Ok(Definiteness::Definite(None)),
        Parts::Factored { .. } => Ok(Definiteness::Semidefinite),
        Parts::Dense { scale, matrix, diagonal } => {
            let plain = ArrayView2::from_shape((curvature.n, curvature.n), matrix)
                .map_err(|_| alluse_risk_core::Error::Empty { name: "hessian" })?;
            if *scale == 1.0 && diagonal.is_none() {
                return dense(plain);
            }
            let mut whole = plain.mapv(|v| scale * v);
            if let Some(diagonal) = diagonal {
                whole.diag_mut().zip_mut_with(diagonal, |v, d| *v += d);
            }
            dense(whole.view())
        }
    }
}

fn dense(matrix: ArrayView2<'_, f64>) -> Result<Definiteness> {
    match linalg::cholesky(matrix) {
        Ok(factor) => Ok(Definiteness::Definite(Some(FreeFactor::Large(factor)))),
        Err(alluse_risk_core::Error::NotPositiveDefinite { .. }) => semidefinite(matrix),
        Err(error) => Err(error.into()),
    }
}

/// Eigenvalues tell rounding from curvature downwards.
fn semidefinite(matrix: ArrayView2<'_, f64>) -> Result<Definiteness> {
    let values = linalg::symmetric_eigenvalues(matrix)?;
    let smallest = values.iter().fold(f64::INFINITY, |a, v| a.min(*v));
    let largest = values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    if smallest < -(matrix.nrows() as f64) * 4.0 * f64::EPSILON * largest {
        let name = "hessian";
        return Err(alluse_risk_core::Error::NotPositiveSemidefinite { name, smallest_eigenvalue: smallest }.into());
    }
    Ok(Definiteness::Semidefinite)
}
