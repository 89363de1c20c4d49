use ndarray::{Array2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::{Covariance, CovarianceEstimate, PsdPolicy, RepairAction, spectral};
use crate::{Result, check};

/// The covariance of returns with gaps: each pair of assets on the dates that both have.
///
/// ```text
/// Σᵢⱼ = Σₜ (rₜᵢ − r̄ᵢ)(rₜⱼ − r̄ⱼ) / (nᵢⱼ − ddof)      t, r̄ over the nᵢⱼ common dates
/// ```
///
/// Entries from different dates need not fit together: the matrix is then repaired by the required
/// policy, and the result says what was done and how far it moved. Before the repair it agrees with the
/// `cov` of a pandas `DataFrame`.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `min_overlap` | required | common dates that every pair needs | at least 2, above `ddof` |
/// | `policy` | required | what to do when the matrix is not positive semidefinite | |
/// | `ddof` | 1 | taken from the number of common dates in the divisor | |
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{PairwiseCovariance, PsdPolicy};
/// use ndarray::array;
///
/// let gap = f64::NAN;
/// let returns = array![[0.01, 0.02], [0.03, gap], [0.02, 0.01], [gap, 0.05], [0.03, 0.04]];
/// let estimate = PairwiseCovariance::new(3, PsdPolicy::Error).estimate(returns.view())?;
/// assert_eq!(estimate.overlaps, [[4, 3], [3, 4]]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairwiseCovariance {
    min_overlap: usize,
    policy: PsdPolicy,
    ddof: usize,
}

/// A covariance from pairs, after its repair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairwiseEstimate {
    /// The covariance and its diagnostics; the effective observations are the smallest overlap.
    pub estimate: CovarianceEstimate,
    /// Common dates of each pair of assets; the diagonal counts each asset's own.
    pub overlaps: Vec<Vec<usize>>,
    /// What the repair did.
    pub action: RepairAction,
    /// Frobenius norm of what the repair changed.
    pub distance: f64,
    /// Smallest eigenvalue before the repair.
    pub smallest_eigenvalue_before: f64,
}

impl PairwiseCovariance {
    /// With this many common dates required of every pair, and this repair.
    #[must_use]
    pub fn new(min_overlap: usize, policy: PsdPolicy) -> Self {
        Self { min_overlap, policy, ddof: 1 }
    }

    /// With the divisor `nᵢⱼ − ddof`.
    #[must_use]
    pub fn with_ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// The covariance of returns where NaN, here and nowhere else, marks a missing one.
    ///
    /// # Errors
    /// - [`Error::Empty`](crate::Error::Empty); [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for an infinite return.
    /// - [`Error::InsufficientData`](crate::Error::InsufficientData) when a pair has fewer common dates than required, or than two, or
    ///   not more than `ddof`.
    /// - Those of [`Covariance::repaired`], among them [`Error::Unsupported`](crate::Error::Unsupported) without the features
    ///   `linalg` and `lapack`.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<PairwiseEstimate> {
        self.estimate_where(returns, returns.mapv(|r| !r.is_nan()).view())
    }

    /// The covariance of the returns that are marked as observed; the others may hold anything.
    ///
    /// # Errors
    /// Those of [`estimate`](Self::estimate), and [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless both have one shape;
    /// an observed NaN is an error here.
    pub fn estimate_where(
        &self,
        returns: ArrayView2<'_, f64>,
        observed: ArrayView2<'_, bool>,
    ) -> Result<PairwiseEstimate> {
        check::length("rows of observed", returns.nrows(), observed.nrows())?;
        check::length("columns of observed", returns.ncols(), observed.ncols())?;
        let mask = observed.mapv(|seen| f64::from(u8::from(seen)));
        let mut known = returns.to_owned();
        Zip::from(&mut known).and(&observed).for_each(|r, &seen| *r = if seen { *r } else { 0.0 });
        check::finite_matrix("returns", known.view())?;

        let counts = spectral::gram(mask.view())?;
        let required = self.min_overlap.max(self.ddof.saturating_add(1)).max(2);
        let smallest = counts.iter().fold(f64::INFINITY, |a, v| a.min(*v)) as usize;
        check::enough("overlap of two assets", required, smallest)?;

        let covariance = Covariance::new(self.pairs(known, &mask, &counts)?)?;
        let repaired = covariance.repaired(self.policy)?;
        let overlaps = counts.rows().into_iter().map(|row| row.iter().map(|n| *n as usize).collect()).collect();
        let rows = returns.nrows();
        Ok(PairwiseEstimate {
            estimate: CovarianceEstimate::new(repaired.covariance, rows, smallest as f64, rows - 1)?
                .after_repair(repaired.action, repaired.distance),
            overlaps,
            action: repaired.action,
            distance: repaired.distance,
            smallest_eigenvalue_before: repaired.smallest_eigenvalue_before,
        })
    }

    fn pairs(&self, mut known: Array2<f64>, mask: &Array2<f64>, counts: &Array2<f64>) -> Result<Array2<f64>> {
        // About each asset's own mean first, so that the correction for the common dates is small.
        for (asset, (mut column, seen)) in known.columns_mut().into_iter().zip(mask.columns()).enumerate() {
            let mean = crate::sum::compensated(column.iter().copied()) / counts[[asset, asset]];
            Zip::from(&mut column).and(&seen).for_each(|r, &seen| *r = (*r - mean) * seen);
        }
        let products = spectral::gram(known.view())?;
        let sums = spectral::matmul(known.t(), mask.view())?; // of asset i on the dates of j
        Ok(Array2::from_shape_fn(products.dim(), |(i, j)| {
            let n = counts[[i, j]];
            (products[[i, j]] - sums[[i, j]] * sums[[j, i]] / n) / (n - self.ddof as f64)
        }))
    }
}
