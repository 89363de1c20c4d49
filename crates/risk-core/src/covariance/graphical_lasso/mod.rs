//! Sparse inverse covariances.

mod certificate;
mod descent;

use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::correlation::pearson;
use super::estimate::{checked, varying};
use super::matrix::scaled;
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, SampleCovariance, spectral};
use crate::{Error, Result};

/// On what scale the penalty acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LassoScale {
    /// Of correlations: returns are standardised first, so the penalty has no unit.
    #[default]
    Standardised,
    /// Of the returns themselves: the penalty is a covariance.
    Returns,
}

/// The covariance whose inverse, the precision, is sparse: most pairs are independent given the others.
///
/// ```text
/// max  log det P − tr(S P) − penalty Σ_{i≠j} |Pᵢⱼ|      S with divisor n
/// ```
///
/// By block coordinate descent, one column a step, until the duality gap is below the tolerance. The gap bounds
/// how far the objective is from its maximum: `W = P⁻¹`, its entries moved to within the penalty of those of `S`,
/// is feasible in the dual `max log det W + k` subject to `|Wᵢⱼ − Sᵢⱼ| ≤ penalty`, `Wᵢᵢ = Sᵢᵢ`.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `penalty` | required | weight of the absolute entries off the diagonal | not negative |
/// | `scale` | `Standardised` | see [`LassoScale`] | |
/// | `tolerance` | 1e-10 | duality gap at which to stop, in units of the objective | positive |
/// | `max_iterations` | 500 | sweeps over the columns | at least 1 |
///
/// With a positive penalty there is a solution for any number of observations. On standardised returns it agrees
/// with scikit-learn's `graphical_lasso`.
///
/// # Source
/// Banerjee, El Ghaoui and d'Aspremont (2008), *Journal of Machine Learning Research* 9; Friedman, Hastie and
/// Tibshirani (2008), *Biostatistics* 9.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::GraphicalLasso;
/// use ndarray::array;
///
/// // Sample correlations 0.6, and 0 with the third asset.
/// let returns = array![[2.0, 2.0, 1.0], [-2.0, -2.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]];
/// let solution = GraphicalLasso::new(0.1).fit(returns.view())?;
/// assert!((solution.covariance[[0, 1]] - 0.5).abs() < 1e-9); // drawn toward zero by the penalty
/// assert_eq!(solution.nonzeros(1e-10), 5);
/// assert!(solution.duality_gap < 1e-10);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GraphicalLasso {
    penalty: f64,
    scale: LassoScale,
    tolerance: f64,
    max_iterations: usize,
}

/// A sparse precision, its inverse, and how good they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GraphicalLassoSolution {
    /// The covariance of the returns and its diagnostics.
    pub estimate: CovarianceEstimate,
    /// The precision `P` on the scale of the penalty; zeros are exact.
    #[serde(with = "crate::nested::matrix")]
    pub precision: Array2<f64>,
    /// `P⁻¹`: the covariance on the scale of the penalty.
    #[serde(with = "crate::nested::matrix")]
    pub covariance: Array2<f64>,
    /// Upper bound of what the objective is below its maximum.
    pub duality_gap: f64,
    /// Sweeps made.
    pub iterations: usize,
}

impl GraphicalLassoSolution {
    /// Entries of the precision above a size, the diagonal included.
    #[must_use]
    pub fn nonzeros(&self, above: f64) -> usize {
        self.precision.iter().filter(|entry| entry.abs() > above).count()
    }
}

impl GraphicalLasso {
    /// With this penalty, on the scale of correlations.
    #[must_use]
    pub fn new(penalty: f64) -> Self {
        Self { penalty, scale: LassoScale::default(), tolerance: 1e-10, max_iterations: 500 }
    }

    /// On another scale.
    #[must_use]
    pub fn with_scale(mut self, scale: LassoScale) -> Self {
        self.scale = scale;
        self
    }

    /// Stops at another duality gap.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Gives up after so many sweeps.
    #[must_use]
    pub fn with_max_iterations(mut self, max_iterations: usize) -> Self {
        self.max_iterations = max_iterations;
        self
    }

    /// The sparse precision, its inverse and the covariance of the returns.
    ///
    /// # Errors
    /// - [`Error::OutOfDomain`] for a penalty that is negative or not finite, a tolerance that is not positive and
    ///   finite, or no iterations.
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] with fewer than two observations.
    /// - [`Error::Undefined`] when an asset's returns are all the same.
    /// - [`Error::NotPositiveDefinite`] without a penalty when the sample covariance is singular.
    /// - [`Error::NotConverged`] with the duality gap that was left.
    /// - [`Error::Unsupported`] without the features `linalg` and `lapack`.
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<GraphicalLassoSolution> {
        self.check()?;
        checked("graphical lasso", returns, 2)?;
        varying("graphical lasso", returns)?;
        let sample = SampleCovariance::new(0).covariance(returns)?;
        let (scales, target, penalty) = match self.scale {
            LassoScale::Standardised => (sample.volatilities(), pearson(returns)?, self.penalty),
            LassoScale::Returns => {
                // By the mean variance, so that tolerances mean the same on any scale.
                let unit = sample.view().diag().mean().unwrap_or(1.0);
                let scales = Array1::from_elem(sample.len(), unit.sqrt());
                (scales, sample.view().to_owned() / unit, self.penalty / unit)
            }
        };
        let found = descent::solve(target.view(), penalty, self.tolerance, self.max_iterations)?;
        let inverse = spectral::inverse("precision", found.precision.view())?;
        let covariance = Covariance::new(scaled(inverse.view(), scales.view()))?;
        let (precision, inverse) = match self.scale {
            LassoScale::Standardised => (found.precision, inverse),
            LassoScale::Returns => {
                let down = scales.mapv(f64::recip);
                (scaled(found.precision.view(), down.view()), covariance.view().to_owned())
            }
        };
        let (n, assets) = returns.dim();
        Ok(GraphicalLassoSolution {
            estimate: CovarianceEstimate::new(covariance, n, n as f64, assets)?,
            precision,
            covariance: inverse,
            duality_gap: found.gap,
            iterations: found.iterations,
        })
    }

    /// The covariance of the returns with its diagnostics.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit).
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        Ok(self.fit(returns)?.estimate)
    }

    fn check(&self) -> Result<()> {
        let refused = |name, expected, value| Err(Error::OutOfDomain { name, expected, value });
        if !(self.penalty >= 0.0 && self.penalty.is_finite()) {
            return refused("penalty", "not negative and finite", self.penalty);
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return refused("tolerance", "positive and finite", self.tolerance);
        }
        if self.max_iterations == 0 {
            return refused("max_iterations", "at least 1", 0.0);
        }
        Ok(())
    }
}

impl CovarianceEstimator for GraphicalLasso {
    fn name(&self) -> &str {
        "graphical lasso"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}
