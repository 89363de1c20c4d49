//! What a posterior says about its views and weights.

use alluse_risk_core::Weights;
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, RiskModel};

/// What became of a view; all numbers per period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ViewReport {
    /// The view.
    pub name: String,
    /// `q`: what it says.
    pub value: f64,
    /// `Pπ`: what the prior says.
    pub prior_value: f64,
    /// What is expected after all views.
    pub posterior_value: f64,
    /// `τ v`: the prior variance of what it is about.
    pub prior_variance: f64,
    /// `ω`: the variance of its error; `None` for a view that does not count.
    pub error_variance: Option<f64>,
    /// Idzorek's confidence, `τv / (τv + ω)`: the share of the way to the view that it would go alone. `None` when
    /// what it is about does not vary.
    pub implied_confidence: Option<f64>,
    /// `(q − Pπ) / √(τv + ω)`: how many standard deviations it is from the prior; `None` when it does not count.
    pub surprise: Option<f64>,
    /// Its part of [`ViewsTest::distance`]; the parts sum to it, and one may be negative.
    pub distance: f64,
}

/// Theil's (1963) test of whether views and prior can both be right.
///
/// ```text
/// (q − Pπ)' (P τΣ P' + Ω)⁻¹ (q − Pπ)  ~  χ² with one degree of freedom a view
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ViewsTest {
    /// The squared Mahalanobis distance.
    pub distance: f64,
    /// Number of views that count.
    pub degrees_of_freedom: usize,
    /// How likely a distance this large is when both are right.
    pub p_value: f64,
}

/// The covariance that weights are optimal for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightsCovariance {
    /// `Σ + M`, of returns whose mean is uncertain (He and Litterman 1999).
    #[default]
    Posterior,
    /// `Σ` (Idzorek 2005).
    Prior,
}

/// Optimal weights without limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PosteriorWeights {
    /// One an asset; their sum is whatever is optimal.
    pub weights: Weights,
    /// What the views add to the weights, one an asset: `P'Λ`, with `Σ + M` divided by `1 + τ`.
    pub tilt: Vec<f64>,
    /// Λ: the multiple of each view's portfolio that the views add; 0 for a view that does not count.
    pub view_weights: Vec<f64>,
    /// The covariance they are optimal for.
    pub covariance: WeightsCovariance,
}

impl PosteriorWeights {
    pub(super) fn new(
        weights: Array1<f64>,
        tilt: Array1<f64>,
        view_weights: Vec<f64>,
        covariance: WeightsCovariance,
    ) -> Result<Self> {
        Ok(Self { weights: Weights::new(weights)?, tilt: tilt.to_vec(), view_weights, covariance })
    }

    /// The weights scaled to sum 1, as for an investor who holds no cash and borrows none.
    ///
    /// # Errors
    /// [`Error::Undefined`] when they sum to nothing or less, as scaling would turn every position round, and when
    /// the sum is the rounding error of its terms.
    pub fn fully_invested(&self) -> Result<Weights> {
        let (net, gross) = (self.weights.net(), self.weights.gross());
        if net > self.weights.len() as f64 * f64::EPSILON * gross {
            return Ok(Weights::new(&self.weights.view() / net)?);
        }
        let reason = format!("the weights sum to {net}");
        Err(Error::Undefined { what: "a portfolio without cash", reason })
    }
}

/// How far views move weights, as a share of how far they would if they were certain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImpliedConfidence {
    /// Weights with the views as held.
    pub weights: Weights,
    /// Weights with the views certain.
    pub full_confidence_weights: Weights,
    /// The share, one an asset; `None` where certain views do not move the weight.
    pub confidence: Vec<Option<f64>>,
}

impl ImpliedConfidence {
    pub(super) fn new(before: &PosteriorWeights, actual: &PosteriorWeights, certain: &PosteriorWeights) -> Self {
        let share = |((w0, w), w100): ((&f64, &f64), &f64)| {
            let full = w100 - w0;
            (full != 0.0).then(|| (w - w0) / full)
        };
        let confidence =
            before.weights.view().iter().zip(actual.weights.view()).zip(certain.weights.view()).map(share).collect();
        Self { weights: actual.weights.clone(), full_confidence_weights: certain.weights.clone(), confidence }
    }
}

/// `sΣ − UU'` with one column of `U` a view, as products; a matrix on request.
#[derive(Debug, Clone, Copy)]
pub struct PosteriorCovariance<'a> {
    pub(super) risk: &'a RiskModel,
    pub(super) scale: f64,
    pub(super) update: &'a [Array1<f64>],
}

impl PosteriorCovariance<'_> {
    /// This covariance times `x`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless `x` has one finite element an asset.
    pub fn product(&self, x: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        let mut product = self.risk.product(x)? * self.scale;
        for column in self.update {
            product.scaled_add(-column.dot(&x), column);
        }
        Ok(product)
    }

    /// The variance of a portfolio; never negative.
    ///
    /// # Errors
    /// Those of [`product`](Self::product).
    pub fn variance_of(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        Ok(weights.dot(&self.product(weights)?).max(0.0))
    }

    /// The diagonal.
    #[must_use]
    pub fn variances(&self) -> Array1<f64> {
        let mut variances = self.risk.variances() * self.scale;
        for column in self.update {
            variances.zip_mut_with(column, |v, u| *v -= u * u);
        }
        variances.mapv(|v| v.max(0.0))
    }

    /// The matrix, with the names of the risk model.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when an entry overflows.
    pub fn to_dense(&self) -> Result<alluse_risk_core::Covariance> {
        let mut matrix = match self.risk {
            RiskModel::Dense(covariance) => &covariance.view() * self.scale,
            RiskModel::Factored(model) => model.to_dense()?.into_matrix() * self.scale,
        };
        for column in self.update {
            for (i, mut row) in matrix.outer_iter_mut().enumerate() {
                row.scaled_add(-column[i], column);
            }
        }
        // A variance that a certain view takes away is zero up to rounding.
        matrix.diag_mut().mapv_inplace(|v| v.max(0.0));
        let covariance = alluse_risk_core::Covariance::new(matrix)?;
        Ok(match self.risk.assets() {
            Some(assets) => covariance.with_assets(assets.to_vec())?,
            None => covariance,
        })
    }
}
