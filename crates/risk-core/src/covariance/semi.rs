use ndarray::{Array1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::{centred, checked, column_means};
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, spectral};
use crate::{Result, check};

/// The return below which a semicovariance counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SemiTarget {
    /// The same return per period for every asset.
    Value(f64),
    /// Each asset's sample mean.
    Mean,
}

/// The covariance of shortfalls below a target.
///
/// ```text
/// S = Σₜ min(rₜ − target, 0) min(rₜ − target, 0)' / (n − ddof)
/// ```
///
/// All `n` observations count in the divisor, also those above the target. The matrix is positive
/// semidefinite.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `target` | `Value(0)` | the minimum acceptable return per period | finite |
/// | `ddof` | 0 | taken from the number of observations in the divisor | below `n` |
///
/// With the defaults it agrees with PyPortfolioOpt's `semicovariance` at frequency 1, with `Mean` and
/// `ddof` 1 with Riskfolio-Lib.
///
/// # Source
/// Markowitz (1959); Estrada (2008).
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{SemiCovariance, SemiTarget};
/// use ndarray::array;
///
/// let returns = array![[0.02, -0.01], [-0.02, -0.03], [0.01, 0.01], [-0.04, 0.02]];
/// let semi = SemiCovariance::new(SemiTarget::Value(0.0)).estimate(returns.view())?;
/// assert!((semi.covariance.view()[[0, 0]] - 0.0020 / 4.0).abs() < 1e-18);
/// assert!((semi.covariance.view()[[0, 1]] - 0.0006 / 4.0).abs() < 1e-18);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SemiCovariance {
    target: SemiTarget,
    ddof: usize,
}

impl Default for SemiCovariance {
    fn default() -> Self {
        Self::new(SemiTarget::Value(0.0))
    }
}

impl SemiCovariance {
    /// Below this target, with divisor `n`.
    #[must_use]
    pub fn new(target: SemiTarget) -> Self {
        Self { target, ddof: 0 }
    }

    /// With the divisor `n − ddof`.
    #[must_use]
    pub fn with_ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// The semicovariance with its diagnostics.
    ///
    /// # Errors
    /// - [`Error::OutOfDomain`](crate::Error::OutOfDomain) when the target is not finite.
    /// - [`Error::Empty`](crate::Error::Empty), [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain)
    ///   for a return that is not finite.
    /// - [`Error::InsufficientData`](crate::Error::InsufficientData) without more than `ddof`
    ///   observations, or with fewer than two about the mean.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        let least = if self.target == SemiTarget::Mean { 2 } else { 1 };
        checked("semicovariance", returns, self.ddof.saturating_add(1).max(least))?;
        let target = match self.target {
            SemiTarget::Mean => column_means(returns),
            SemiTarget::Value(target) => {
                check::finite_number("target", target)?;
                Array1::from_elem(returns.ncols(), target)
            }
        };
        let shortfalls = centred(returns, target.view()).mapv(|r| r.min(0.0));
        let rows = shortfalls.rows().into_iter().filter(|row| row.iter().any(|r| *r < 0.0)).count();
        let n = returns.nrows();
        let covariance = Covariance::of_products(spectral::gram(shortfalls.view())? / (n - self.ddof) as f64)?;
        CovarianceEstimate::new(covariance, n, n as f64, rows)
    }
}

impl CovarianceEstimator for SemiCovariance {
    fn name(&self) -> &str {
        "semicovariance"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}
