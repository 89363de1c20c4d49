use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::linalg::{Cholesky, gram};
use crate::{Error, Result, check};

/// The inverse of a factor covariance, made by [`FactorCovariance::inverse`](super::FactorCovariance::inverse).
///
/// ```text
/// Σ⁻¹ = D⁻¹ − D⁻¹G (I + G'D⁻¹G)⁻¹ G'D⁻¹      ln det Σ = Σᵢ ln Dᵢ + ln det(I + G'D⁻¹G)      G = B F^½
/// ```
///
/// Written with the root `G` it needs no inverse of `F`, which may be singular.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorInverse {
    /// `D⁻¹G`.
    scaled_root: Array2<f64>,
    precisions: Array1<f64>,
    capacitance: Cholesky,
    log_determinant: f64,
}

impl FactorInverse {
    pub(super) fn new(root: ArrayView2<'_, f64>, residual_variances: ArrayView1<'_, f64>) -> Result<Self> {
        if let Some(index) = residual_variances.iter().position(|d| !(*d > 0.0)) {
            let value = residual_variances[index];
            let expected = "positive to be inverted";
            return Err(Error::ElementOutOfDomain { name: "residual variances", index, expected, value });
        }
        let roots = residual_variances.mapv(|d| 1.0 / d.sqrt()).insert_axis(Axis(1));
        let mut capacitance = gram((&root * &roots).view())?;
        capacitance.diag_mut().mapv_inplace(|v| v + 1.0);
        let capacitance = Cholesky::named("capacitance of the factors", capacitance.view())?;
        let residuals: f64 = residual_variances.iter().map(|d| libm::log(*d)).sum();
        let precisions = residual_variances.mapv(f64::recip);
        let scaled_root = &root * &precisions.view().insert_axis(Axis(1));
        check::finite_matrix("inverse of a factor model", scaled_root.view())?;
        let log_determinant = residuals + capacitance.log_determinant();
        Ok(Self { scaled_root, precisions, capacitance, log_determinant })
    }

    /// `Σ⁻¹ x`.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`] unless there is one element an asset,
    /// [`Error::ElementOutOfDomain`] when one is not finite, [`Error::Singular`] when the solution overflows.
    pub fn solve(&self, x: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        check::finite("right-hand side", x)?;
        check::length("right-hand side", self.precisions.len(), x.len())?;
        let common = self.capacitance.solve(self.scaled_root.t().dot(&x).view())?;
        let solution = &x * &self.precisions - self.scaled_root.dot(&common);
        if solution.iter().all(|v| v.is_finite()) {
            Ok(solution)
        } else {
            Err(Error::Singular { name: "factor covariance" })
        }
    }

    /// `x'Σ⁻¹x`, the squared Mahalanobis length.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve), and [`Error::Overflow`].
    pub fn quadratic(&self, x: ArrayView1<'_, f64>) -> Result<f64> {
        let value = x.dot(&self.solve(x)?);
        // A square that rounding takes below zero is zero.
        if value.is_finite() { Ok(value.max(0.0)) } else { Err(Error::Overflow { name: "Mahalanobis length" }) }
    }

    /// Natural logarithm of the determinant of Σ (not of its inverse).
    #[must_use]
    pub fn log_determinant(&self) -> f64 {
        self.log_determinant
    }
}
