//! What the critical line finds.

use alluse_risk_core::AssetId;
use serde::{Deserialize, Serialize};

/// A portfolio where the set of assets between their bounds changes.
///
/// It maximises `λ μ'w − ½ w'Σw` for each `λ` from `lambda` to `lambda_until`, often a single number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Corner {
    /// Fractions of capital.
    pub weights: Vec<f64>,
    /// The least `λ` for which it is optimal.
    pub lambda: f64,
    /// The greatest; none when there is no greatest.
    pub lambda_until: Option<f64>,
    /// `μ'w`.
    pub mean: f64,
    /// `w'Σw`.
    pub variance: f64,
}

/// Any portfolio of the frontier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EfficientPortfolio {
    /// Fractions of capital.
    pub weights: Vec<f64>,
    /// A `λ` for which it maximises `λ μ'w − ½ w'Σw`: half the variance that the next unit of mean costs.
    pub lambda: f64,
    /// `μ'w`.
    pub mean: f64,
    /// `w'Σw`.
    pub variance: f64,
}

impl EfficientPortfolio {
    /// `√(w'Σw)`.
    #[must_use]
    pub fn volatility(&self) -> f64 {
        self.variance.sqrt()
    }
}

/// The efficient frontier. Between two neighbouring corners weights are linear in `λ`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Frontier {
    /// The names of the assets, where the risk model has them.
    pub assets: Option<Vec<AssetId>>,
    /// From the largest mean down to the least variance, none twice.
    pub corners: Vec<Corner>,
    /// What lies above the first corner, where limits allow any mean.
    pub ray: Option<Ray>,
}

/// The straight way on from the first corner, without an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ray {
    /// Change of the weights per unit of `λ`.
    pub weights: Vec<f64>,
    /// Change of the mean per unit of `λ`, positive.
    pub mean: f64,
}
