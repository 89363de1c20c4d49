use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::estimate::{centred, checked, column_means};
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, spectral};
use crate::Result;

/// The sample covariance about the sample mean.
///
/// ```text
/// Σ = Σₜ (rₜ − r̄)(rₜ − r̄)' / (n − ddof)
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `ddof` | 1 | taken from the number of observations in the divisor | below `n` |
///
/// With `ddof` 1 it agrees with NumPy's `cov`.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{CovarianceFlag, SampleCovariance};
/// use ndarray::array;
///
/// let returns = array![[0.01, 0.03], [0.03, -0.01]];
/// let estimate = SampleCovariance::new(1).estimate(returns.view())?;
/// assert!((estimate.covariance.view()[[0, 1]] + 4e-4).abs() < 1e-18);
/// // Two observations of two assets: one dimension is left after the mean.
/// assert_eq!(estimate.flags[0], CovarianceFlag::RankDeficient { rank_at_most: 1 });
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleCovariance {
    ddof: usize,
}

impl Default for SampleCovariance {
    fn default() -> Self {
        Self::new(1)
    }
}

impl SampleCovariance {
    /// With the divisor `n − ddof`.
    #[must_use]
    pub fn new(ddof: usize) -> Self {
        Self { ddof }
    }

    /// The matrix alone, without the diagnostics and their eigenvalues.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty), [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain)
    /// for a return that is not finite,
    /// [`Error::InsufficientData`](crate::Error::InsufficientData) with fewer than two observations or
    /// not more than `ddof`.
    pub fn covariance(&self, returns: ArrayView2<'_, f64>) -> Result<Covariance> {
        checked("sample covariance", returns, self.ddof.saturating_add(1).max(2))?;
        let deviations = centred(returns, column_means(returns).view());
        let products = spectral::gram(deviations.view())?;
        Covariance::of_products(products / (returns.nrows() - self.ddof) as f64)
    }

    /// The covariance with its diagnostics.
    ///
    /// # Errors
    /// Those of [`covariance`](Self::covariance), and [`Error::NotConverged`](crate::Error::NotConverged)
    /// from the eigenvalues.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        let n = returns.nrows();
        CovarianceEstimate::new(self.covariance(returns)?, n, n as f64, n - 1)
    }
}

impl CovarianceEstimator for SampleCovariance {
    fn name(&self) -> &str {
        "sample"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}
