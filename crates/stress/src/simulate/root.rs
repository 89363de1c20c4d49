//! A square root of a covariance that may be singular.

use alluse_risk_core::Result as CoreResult;
use alluse_risk_core::linalg::{Cholesky, cholesky, matmul, symmetric_eigen};
use ndarray::{Array2, ArrayView2};

use crate::FactorModel;

#[derive(Debug)]
pub(super) enum Root {
    Triangular(Cholesky),
    /// `U √λ`, for a covariance without full rank.
    Spectral(Array2<f64>),
}

impl Root {
    pub(super) fn new(model: &FactorModel) -> CoreResult<Self> {
        let sigma = model.covariance().view();
        match cholesky(sigma) {
            Ok(factor) => Ok(Self::Triangular(factor)),
            Err(alluse_risk_core::Error::NotPositiveDefinite { .. }) => {
                let eigen = symmetric_eigen(sigma)?;
                Ok(Self::Spectral(&eigen.vectors * &eigen.values.mapv(|v| v.max(0.0).sqrt())))
            }
            Err(other) => Err(other),
        }
    }

    /// Rows of independent standard normals become rows with the covariance.
    pub(super) fn correlate(&self, z: ArrayView2<'_, f64>) -> CoreResult<Array2<f64>> {
        match self {
            Self::Triangular(factor) => factor.correlate(z),
            Self::Spectral(root) => matmul(z, root.t()),
        }
    }
}
