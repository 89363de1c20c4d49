//! Linear books without a cube: the P&L matrix is returns times exposures and is never written down.

use alluse_risk_core::measures::LossSample;
use alluse_risk_core::{Confidence, Error as CoreError, Estimate, Measure};
use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::decomposition::VarAllocation;
use crate::weights::{ScenarioWeights, additive_scale, value_at_risk_weights};
use crate::{Error, Result};

/// Exposures in money to assets with simple returns, scenarios × assets: `L = −R x`.
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::LinearBook;
/// use ndarray::array;
///
/// let returns = array![[0.01, 0.00], [-0.03, 0.01], [0.02, -0.01], [-0.01, -0.02]];
/// let exposures = array![100.0, 200.0];
/// let book = LinearBook::new(returns.view(), exposures.view())?;
/// let parts = book.expected_shortfall(Confidence::new(0.75)?)?;
/// // The worst of four scenarios is the last: −1 on the first asset, −4 on the second.
/// assert!((parts.total.value - 5.0).abs() < 1e-12);
/// assert!((parts.components[0] - 1.0).abs() < 1e-12 && (parts.components[1] - 4.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinearBook<'a> {
    returns: ArrayView2<'a, f64>,
    exposures: ArrayView1<'a, f64>,
    sample: LossSample,
}

/// A risk figure of a linear book and its parts, one per asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinearComponents {
    /// The figure.
    pub total: Estimate,
    /// Parts that add up to it.
    pub components: Vec<f64>,
    /// Their sum before scaling; equal to the total for ES.
    pub raw_sum: f64,
}

impl<'a> LinearBook<'a> {
    /// Multiplies the returns out, once.
    ///
    /// # Errors
    /// [`Error::Input`] for shapes that disagree and for losses that are not finite.
    pub fn new(returns: ArrayView2<'a, f64>, exposures: ArrayView1<'a, f64>) -> Result<Self> {
        let (expected, got) = (returns.ncols(), exposures.len());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "exposures", expected, got }.into());
        }
        let losses = product(returns, exposures)?.mapv_into(|gain| 0.0 - gain);
        let sample = LossSample::new(losses)?;
        Ok(Self { returns, exposures, sample })
    }

    /// The losses, with all their measures.
    #[must_use]
    pub fn sample(&self) -> &LossSample {
        &self.sample
    }

    /// ES and its parts.
    ///
    /// # Errors
    /// As [`LossSample::expected_shortfall`].
    pub fn expected_shortfall(&self, confidence: Confidence) -> Result<LinearComponents> {
        let total = self.sample.expected_shortfall(confidence)?;
        let parts = self.parts(&ScenarioWeights::Sparse(self.sample.tail_weights(confidence)));
        let raw_sum = parts.sum();
        Ok(LinearComponents { total, components: parts.to_vec(), raw_sum })
    }

    /// VaR and its parts, under the quantile rule of `measure` when it names one.
    ///
    /// # Errors
    /// As [`LossSample::value_at_risk`]; `Undefined` when the scenarios around the VaR lose nothing together;
    /// [`Error::NotDecomposable`] unless `measure` is a VaR.
    pub fn value_at_risk(&self, measure: &Measure, allocation: VarAllocation) -> Result<LinearComponents> {
        let Measure::ValueAtRisk { confidence, rule } = measure else {
            return Err(Error::NotDecomposable { measure: format!("{measure:?}") });
        };
        let sample = self.sample.clone().with_quantile_rule(rule.unwrap_or_default());
        let total = sample.value_at_risk(*confidence)?;
        let weights = value_at_risk_weights(&sample, *confidence, total.value, allocation)?;
        let parts = self.parts(&weights);
        let raw_sum = parts.sum();
        let scale = additive_scale(total.value, raw_sum, allocation)?;
        Ok(LinearComponents { total, components: (parts * scale).to_vec(), raw_sum })
    }

    /// `−xᵢ Σₛ wₛ Rₛᵢ`.
    fn parts(&self, weights: &ScenarioWeights) -> Array1<f64> {
        let mut sum = Array1::zeros(self.exposures.len());
        match weights {
            ScenarioWeights::Sparse(weights) => {
                weights.iter().for_each(|(s, w)| sum.scaled_add(-w, &self.returns.row(*s)));
            }
            ScenarioWeights::Dense(weights) => {
                weights.iter().zip(self.returns.rows()).for_each(|(w, row)| sum.scaled_add(-w, &row));
            }
        }
        sum * self.exposures
    }
}

#[cfg(feature = "linalg")]
fn product(returns: ArrayView2<'_, f64>, exposures: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    Ok(alluse_risk_core::linalg::matvec(returns, exposures)?)
}

#[cfg(not(feature = "linalg"))]
fn product(returns: ArrayView2<'_, f64>, exposures: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    Ok(returns.dot(&exposures))
}
