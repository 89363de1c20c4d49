//! The covariance behind a portfolio, dense or in factors.

use alluse_risk_core::covariance::FactorCovariance;
use alluse_risk_core::{AssetId, Covariance, linalg};
use ndarray::{Array1, ArrayView1};

use crate::Result;

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
