use serde::{Deserialize, Serialize};

use super::FactorCovariance;

/// A factor covariance estimated by regression on given factors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorRegressionEstimate {
    /// The model.
    pub covariance: FactorCovariance,
    /// Mean return that the factors leave, one an asset.
    pub intercepts: Vec<f64>,
    /// Share of the variance that the factors explain, one an asset; `None` for returns that are all the same.
    pub r_squared: Vec<Option<f64>>,
    /// Rows of returns used.
    pub observations: usize,
    /// Divisor of the residual variances.
    pub residual_degrees_of_freedom: usize,
    /// Assets whose residual variance the floor raised.
    pub raised: Vec<usize>,
}

/// A factor covariance estimated from principal components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatisticalFactorEstimate {
    /// The model; its factors are uncorrelated, the largest first.
    pub covariance: FactorCovariance,
    /// Variances of the factors, descending, in the scale of the components.
    pub eigenvalues: Vec<f64>,
    /// Share of the total variance that the factors carry, in the scale of the components.
    pub explained_share: f64,
    /// Rows of returns used.
    pub observations: usize,
    /// Assets whose residual variance the floor raised.
    pub raised: Vec<usize>,
}
