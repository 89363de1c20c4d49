use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::correlation::pearson;
use super::estimate::{checked, varying};
use super::matrix::scaled;
use super::repair::unit_diagonal;
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, CovarianceFlag, SampleCovariance, spectral};
use crate::{Error, Result};

/// The covariance without its largest principal components, such as the market.
///
/// ```text
/// R = Σ λₖ uₖ uₖ'      R* = Σ over all but the largest λ,  scaled back to a unit diagonal
/// Σᵢⱼ = R*ᵢⱼ σᵢ σⱼ
/// ```
///
/// `R` is the sample correlation, `σ` the sample deviations (divisor `n − 1`). What is left is singular on
/// purpose: it serves clustering and distances, and must not be inverted. The estimate is flagged
/// [`CovarianceFlag::ComponentsRemoved`] and [`CovarianceFlag::Singular`].
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `components` | 1 | how many of the largest are taken out | 1 to assets − 1 |
///
/// Agrees with skfolio's `DetoneCovariance`.
///
/// # Source
/// López de Prado (2020), *Machine Learning for Asset Managers*, §2.6.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{CovarianceFlag, DetonedCovariance};
/// use ndarray::array;
///
/// let returns = array![[0.01, 0.02], [-0.01, 0.01], [0.03, -0.03], [0.01, 0.04]];
/// let estimate = DetonedCovariance::default().estimate(returns.view())?;
/// // Two assets without their common component can only oppose each other, or agree.
/// assert!((estimate.covariance.correlation()?[[0, 1]].abs() - 1.0).abs() < 1e-12);
/// assert_eq!(estimate.flags, [CovarianceFlag::ComponentsRemoved { count: 1 }, CovarianceFlag::Singular]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetonedCovariance {
    components: usize,
}

impl Default for DetonedCovariance {
    fn default() -> Self {
        Self::new(1)
    }
}

impl DetonedCovariance {
    /// Without this many of the largest components.
    #[must_use]
    pub fn new(components: usize) -> Self {
        Self { components }
    }

    /// The covariance of what is left, with its diagnostics.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] with fewer than two observations.
    /// - [`Error::OutOfDomain`] unless at least one component is taken out and one is left.
    /// - [`Error::Undefined`] when an asset's returns are all the same, or nothing of an asset is left.
    /// - [`Error::NotConverged`] from the eigenvalues; [`Error::Unsupported`] without the features `linalg` and
    ///   `lapack`.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        checked("detoned covariance", returns, 2)?;
        varying("detoned covariance", returns)?;
        let correlation = detoned(pearson(returns)?.view(), self.components)?;
        on_sample_volatilities(returns, correlation.view(), self.components)
    }
}

impl CovarianceEstimator for DetonedCovariance {
    fn name(&self) -> &str {
        "detoned"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}

/// A correlation matrix without its largest components, its diagonal 1 again.
pub(super) fn detoned(correlation: ArrayView2<'_, f64>, components: usize) -> Result<Array2<f64>> {
    let assets = correlation.nrows();
    if components == 0 || components >= assets {
        let expected = "at least 1 and below the number of assets";
        return Err(Error::OutOfDomain { name: "components", expected, value: components as f64 });
    }
    let eigen = spectral::eigen("correlation", correlation)?;
    let mut values = eigen.values.clone();
    values.iter_mut().rev().take(components).for_each(|value| *value = 0.0);
    rescaled(spectral::recompose(&eigen, values.view())?)
}

/// A part of a correlation matrix scaled back to a unit diagonal.
pub(super) fn rescaled(part: Array2<f64>) -> Result<Array2<f64>> {
    // What is left of an asset that is gone is rounding, and scaling it up would make numbers out of nothing.
    let rounding = 16.0 * part.nrows() as f64 * f64::EPSILON;
    if part.diag().iter().any(|left| *left <= rounding) {
        return Err(Error::Undefined { name: "correlation", reason: "nothing of an asset is left" });
    }
    unit_diagonal(part)
}

/// `σᵢ ρᵢⱼ σⱼ` with the sample deviations, flagged when components were taken out.
pub(super) fn on_sample_volatilities(
    returns: ArrayView2<'_, f64>,
    correlation: ArrayView2<'_, f64>,
    removed: usize,
) -> Result<CovarianceEstimate> {
    let volatilities = SampleCovariance::new(1).covariance(returns)?.volatilities();
    let covariance = Covariance::new(scaled(correlation, volatilities.view()))?;
    let n = returns.nrows();
    let flags = if removed > 0 { vec![CovarianceFlag::ComponentsRemoved { count: removed }] } else { Vec::new() };
    CovarianceEstimate::flagged(covariance, n, n as f64, flags)
}
