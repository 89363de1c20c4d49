//! The covariance behind a portfolio, dense or in factors.

use alluse_risk_core::covariance::{Definiteness, FactorCovariance};
use alluse_risk_core::{AssetId, Covariance, linalg};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::{Hessian, Result};

/// A covariance per period, as a matrix or as factors that are never multiplied out.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskModel {
    /// The matrix.
    Dense(Covariance),
    /// `B F B' + D`.
    Factored(FactorCovariance),
}

impl RiskModel {
    /// Number of assets, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a covariance is never empty")]
    pub fn len(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.len(),
            Self::Factored(model) => model.len(),
        }
    }

    /// The names of its rows, where they were given.
    #[must_use]
    pub fn assets(&self) -> Option<&[AssetId]> {
        match self {
            Self::Dense(matrix) => matrix.assets(),
            Self::Factored(model) => model.assets(),
        }
    }

    /// The variance of each asset.
    #[must_use]
    pub fn variances(&self) -> Array1<f64> {
        match self {
            Self::Dense(matrix) => matrix.variances(),
            Self::Factored(model) => model.variances(),
        }
    }

    /// The volatility of each asset.
    #[must_use]
    pub fn volatilities(&self) -> Array1<f64> {
        self.variances().mapv(f64::sqrt)
    }

    /// `Σ x`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless `x` has one finite element an asset.
    pub fn product(&self, x: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        Ok(match self {
            Self::Dense(matrix) => linalg::matvec(matrix.view(), x)?,
            Self::Factored(model) => model.product(x)?,
        })
    }

    /// `w' Σ w`.
    ///
    /// # Errors
    /// Those of [`product`](Self::product).
    pub fn variance_of(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        Ok(weights.dot(&self.product(weights)?).max(0.0))
    }

    /// The covariance as the Hessian of a program.
    pub(crate) fn hessian(&self) -> Hessian<'_> {
        match self {
            Self::Dense(matrix) => Hessian::Dense(matrix.view()),
            Self::Factored(model) => Hessian::Factored(model),
        }
    }

    /// Refuses a matrix with a negative eigenvalue. In factors none can be.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) with the smallest eigenvalue.
    pub fn check_semidefinite(&self) -> Result<()> {
        let Self::Dense(matrix) = self else { return Ok(()) };
        // Factorising is twenty times cheaper than the eigenvalues, which only a doubtful matrix needs.
        if linalg::cholesky(matrix.view()).is_ok() {
            return Ok(());
        }
        match matrix.definiteness()? {
            Definiteness::Indefinite { smallest_eigenvalue } => {
                Err(alluse_risk_core::Error::NotPositiveSemidefinite { name: "covariance", smallest_eigenvalue }.into())
            }
            _ => Ok(()),
        }
    }

    /// `R` with `Σ = R'R`: of a matrix its factor, in factors only the part `B F^½` transposed, without `D`.
    pub(crate) fn root(&self) -> Result<Array2<f64>> {
        match self {
            Self::Dense(matrix) => square_root(matrix.view()),
            Self::Factored(model) => Ok(model.sampling_root().t().to_owned()),
        }
    }
}

/// `R` with `A = R'R`, of a positive semidefinite matrix.
pub(crate) fn square_root(matrix: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    if let Ok(factor) = linalg::cholesky(matrix) {
        return Ok(factor.lower().t().to_owned());
    }
    let eigen = linalg::symmetric_eigen(matrix)?;
    let largest = eigen.values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let floor = matrix.nrows() as f64 * f64::EPSILON * largest;
    let kept: Vec<usize> = (0..eigen.values.len()).filter(|&i| eigen.values[i] > floor).collect();
    let mut root = eigen.vectors.select(Axis(1), &kept).reversed_axes();
    for (mut row, &place) in root.axis_iter_mut(Axis(0)).zip(&kept) {
        row *= eigen.values[place].sqrt();
    }
    Ok(root)
}

impl From<Covariance> for RiskModel {
    fn from(matrix: Covariance) -> Self {
        Self::Dense(matrix)
    }
}

impl From<FactorCovariance> for RiskModel {
    fn from(model: FactorCovariance) -> Self {
        Self::Factored(model)
    }
}
