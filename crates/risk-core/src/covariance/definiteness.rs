//! Questions about eigenvalues.

use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::{Covariance, spectral};
use crate::{Error, Result};

/// What the eigenvalues of a symmetric matrix say. Zero means at most `n ε` times the largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definiteness {
    /// All eigenvalues are positive.
    PositiveDefinite,
    /// None is negative, some are zero.
    PositiveSemidefinite {
        /// Eigenvalues that are not zero.
        rank: usize,
    },
    /// Some are negative.
    Indefinite {
        /// The smallest of them.
        smallest_eigenvalue: f64,
    },
}

impl Definiteness {
    pub(super) fn of(values: ArrayView1<'_, f64>) -> Self {
        let floor = spectral::negligible(values);
        let smallest_eigenvalue = values.iter().copied().fold(f64::INFINITY, f64::min);
        if smallest_eigenvalue > floor {
            Self::PositiveDefinite
        } else if smallest_eigenvalue >= -floor {
            Self::PositiveSemidefinite { rank: values.iter().filter(|value| **value > floor).count() }
        } else {
            Self::Indefinite { smallest_eigenvalue }
        }
    }
}

/// A covariance matrix in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CovarianceSummary {
    /// Sum of the variances.
    pub trace: f64,
    /// Square root of the sum of the squared entries.
    pub frobenius_norm: f64,
    /// Natural logarithm of the determinant; `None` when the matrix is not positive definite.
    pub log_determinant: Option<f64>,
    /// Largest eigenvalue.
    pub largest_eigenvalue: f64,
    /// Smallest eigenvalue.
    pub smallest_eigenvalue: f64,
}

impl Covariance {
    /// Eigenvalues, ascending.
    ///
    /// # Errors
    /// [`Error::NotConverged`]; [`Error::Unsupported`] without the features `linalg` and `lapack`.
    pub fn eigenvalues(&self) -> Result<Array1<f64>> {
        spectral::eigenvalues("covariance", self.view())
    }

    /// Whether the matrix is positive definite, semidefinite or neither.
    ///
    /// # Errors
    /// Those of [`eigenvalues`](Self::eigenvalues).
    pub fn definiteness(&self) -> Result<Definiteness> {
        Ok(Definiteness::of(self.eigenvalues()?.view()))
    }

    /// Largest over smallest eigenvalue: the factor by which errors of a solve can grow.
    ///
    /// # Errors
    /// [`Error::Singular`] when an eigenvalue is zero to working precision,
    /// [`Error::NotPositiveSemidefinite`] when one is negative, and those of
    /// [`eigenvalues`](Self::eigenvalues).
    pub fn condition_number(&self) -> Result<f64> {
        let values = self.eigenvalues()?;
        match Definiteness::of(values.view()) {
            Definiteness::PositiveDefinite => Ok(values[values.len() - 1] / values[0]),
            Definiteness::PositiveSemidefinite { .. } => Err(Error::Singular { name: "covariance" }),
            Definiteness::Indefinite { smallest_eigenvalue } => {
                Err(Error::NotPositiveSemidefinite { name: "covariance", smallest_eigenvalue })
            }
        }
    }

    /// Trace, Frobenius norm, determinant and extreme eigenvalues.
    ///
    /// # Errors
    /// Those of [`eigenvalues`](Self::eigenvalues).
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::Covariance;
    /// use ndarray::array;
    ///
    /// let summary = Covariance::new(array![[2.0, 1.0], [1.0, 2.0]])?.summary()?;
    /// assert!((summary.largest_eigenvalue - 3.0).abs() < 1e-14);
    /// assert!((summary.log_determinant.unwrap() - 3.0_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn summary(&self) -> Result<CovarianceSummary> {
        let values = self.eigenvalues()?;
        let log_determinant = match spectral::log_determinant("covariance", self.view()) {
            Ok(value) => Some(value),
            Err(Error::NotPositiveDefinite { .. }) => None,
            Err(other) => return Err(other),
        };
        Ok(CovarianceSummary {
            trace: crate::sum::compensated(self.view().diag().iter().copied()),
            frobenius_norm: spectral::frobenius(self.view().iter()),
            log_determinant,
            largest_eigenvalue: values[values.len() - 1],
            smallest_eigenvalue: values[0],
        })
    }
}
