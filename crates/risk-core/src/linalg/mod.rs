//! Dense linear algebra: the few factorisations and products that risk calculations need.
//!
//! With the feature `linalg` the work is done in pure Rust; with `lapack`, which wins when both are
//! on, by the LAPACK that the application links. The results have the same form either way, down to
//! the signs of eigenvectors, and agree to rounding.
//!
//! ```
//! use alluse_risk_core::linalg::cholesky;
//! use ndarray::array;
//!
//! let factor = cholesky(array![[4.0, 2.0], [2.0, 5.0]].view())?;
//! assert!((factor.lower()[[1, 0]] - 1.0).abs() < 1e-15);
//! let x = factor.solve(array![8.0, 8.0].view())?;
//! assert!((x[0] - 1.5).abs() < 1e-15 && (x[1] - 1.0).abs() < 1e-15);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```
//!
//! Everything here runs on the calling thread, and the same input gives the same bytes. A LAPACK
//! that starts threads of its own keeps that promise only while their number stays the same: with
//! OpenBLAS, set `OPENBLAS_NUM_THREADS=1`.

mod cholesky;
mod eigen;
mod least_squares;
mod products;

#[cfg(all(feature = "linalg", any(test, not(feature = "lapack"))))]
mod faer;
#[cfg(feature = "lapack")]
mod lapack;

#[cfg(not(feature = "lapack"))]
use self::faer as backend;
#[cfg(feature = "lapack")]
use self::lapack as backend;

pub use cholesky::{Cholesky, cholesky, solve_positive_definite};
pub use eigen::{SemidefiniteSolution, SymmetricEigen, solve_semidefinite, symmetric_eigen, symmetric_eigenvalues};
pub(crate) use eigen::{named_eigenvalues, negligible};
pub use least_squares::{LeastSquares, least_squares};
pub use products::{gram, matmul, matvec};

/// Why a backend stopped; the front turns it into the crate's error with the name of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// A Cholesky pivot, counted from 0, that is not positive.
    Pivot(usize),
    /// A column that depends on the ones before it.
    Dependent,
    /// The eigenvalue iteration gave up.
    NoConvergence,
    /// More rows or columns than the backend can count.
    TooLarge,
}

impl Failure {
    fn named(self, name: &'static str, size: usize) -> crate::Error {
        match self {
            Self::Pivot(pivot) => crate::Error::NotPositiveDefinite { name, pivot },
            Self::Dependent => crate::Error::Singular { name },
            // Both backends allow 30 sweeps an eigenvalue and do not say what was left.
            Self::NoConvergence => crate::Error::NotConverged { name, iterations: 30 * size, residual: f64::INFINITY },
            Self::TooLarge => crate::Error::Unsupported { what: "a matrix of this size" },
        }
    }
}

/// The power of two next to `1 / largest`: scaling by it is exact and keeps squares from
/// overflowing or vanishing.
fn normalizer(largest: f64) -> f64 {
    if largest > 0.0 { libm::ldexp(1.0, -libm::ilogb(largest).clamp(-1000, 1000)) } else { 1.0 }
}

#[cfg(test)]
mod tests;
