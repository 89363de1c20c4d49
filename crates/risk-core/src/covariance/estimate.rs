//! What every estimate says about itself, and the steps the estimators share.

use std::fmt;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, ShapeBuilder};
use serde::{Deserialize, Serialize};

use super::{Covariance, Definiteness, spectral};
use crate::{AssetId, Error, Result, check};

/// Anything that estimates a covariance from returns, dates × assets.
pub trait CovarianceEstimator: fmt::Debug + Send + Sync {
    /// Its name, for tables of results.
    fn name(&self) -> &str;

    /// The covariance per period of the returns.
    ///
    /// # Errors
    /// Those of the estimator behind the trait.
    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate>;
}

/// What a user of an estimate should know before inverting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CovarianceFlag {
    /// Too few observations for as many assets: the matrix is singular whatever the data.
    RankDeficient {
        /// The rank that the observations allow.
        rank_at_most: usize,
    },
    /// The smallest eigenvalue is zero to working precision.
    Singular,
    /// An asset did not move.
    ZeroVariance {
        /// Its position.
        asset: usize,
    },
    /// Fitted tails stand at the heavy end of their range: the variance may not exist.
    HeaviestTail,
}

/// An estimated covariance and how far it can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CovarianceEstimate {
    /// The covariance per period.
    pub covariance: Covariance,
    /// Rows of returns used.
    pub observations: usize,
    /// Equally weighted observations that would carry as much information: `1 / Σ w²`.
    pub effective_observations: f64,
    /// Largest over smallest eigenvalue; `None` when the matrix is singular, and without the features
    /// `linalg` and `lapack`.
    pub condition_number: Option<f64>,
    /// What to know before inverting it.
    pub flags: Vec<CovarianceFlag>,
}

impl CovarianceEstimate {
    pub(super) fn new(
        covariance: Covariance,
        observations: usize,
        effective_observations: f64,
        rank_at_most: usize,
    ) -> Result<Self> {
        let mut flags = rank_flags(covariance.len(), rank_at_most);
        let condition_number = diagnose(covariance.view(), &mut flags)?;
        for (asset, variance) in covariance.view().diag().iter().enumerate() {
            if *variance <= 0.0 {
                flags.push(CovarianceFlag::ZeroVariance { asset });
            }
        }
        Ok(Self { covariance, observations, effective_observations, condition_number, flags })
    }

    /// With the names of the assets.
    ///
    /// # Errors
    /// Those of [`Covariance::with_assets`].
    pub fn with_assets(mut self, assets: Vec<AssetId>) -> Result<Self> {
        self.covariance = self.covariance.with_assets(assets)?;
        Ok(self)
    }
}

pub(super) fn rank_flags(assets: usize, rank_at_most: usize) -> Vec<CovarianceFlag> {
    if rank_at_most < assets { vec![CovarianceFlag::RankDeficient { rank_at_most }] } else { Vec::new() }
}

/// Condition number where there is one; flags a singular matrix.
pub(super) fn diagnose(matrix: ArrayView2<'_, f64>, flags: &mut Vec<CovarianceFlag>) -> Result<Option<f64>> {
    let values = match spectral::eigenvalues("covariance", matrix) {
        Ok(values) => values,
        Err(Error::Unsupported { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    if Definiteness::of(values.view()) == Definiteness::PositiveDefinite && flags.is_empty() {
        return Ok(Some(values[values.len() - 1] / values[0]));
    }
    flags.push(CovarianceFlag::Singular);
    Ok(None)
}

/// Column means by sums that do not lose digits.
pub(super) fn column_means(returns: ArrayView2<'_, f64>) -> Array1<f64> {
    // Rows outside, columns inside: the inner loop runs along memory. Knuth's two-sum has no branch.
    let mut sums = Array1::<f64>::zeros(returns.ncols());
    let mut lost = sums.clone();
    for row in returns.rows() {
        for ((sum, lost), &value) in sums.iter_mut().zip(lost.iter_mut()).zip(row) {
            let next = *sum + value;
            let back = next - *sum;
            *lost += (*sum - (next - back)) + (value - back);
            *sum = next;
        }
    }
    (sums + lost) / returns.nrows() as f64
}

/// Returns less a centre, columns along memory: that is how Gram products read them.
pub(super) fn centred(returns: ArrayView2<'_, f64>, centre: ArrayView1<'_, f64>) -> Array2<f64> {
    let mut deviations = Array2::zeros(returns.dim().f());
    // Some rows at a time, so that what is read across memory is still in the cache for the next column.
    let rows = 64;
    for (from, mut to) in returns.axis_chunks_iter(Axis(0), rows).zip(deviations.axis_chunks_iter_mut(Axis(0), rows)) {
        for ((from, mut to), centre) in from.columns().into_iter().zip(to.columns_mut()).zip(&centre) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from - centre);
        }
    }
    deviations
}

/// Refuses returns that are not finite and samples that are too short.
pub(super) fn checked(name: &'static str, returns: ArrayView2<'_, f64>, required: usize) -> Result<()> {
    check::finite_matrix("returns", returns)?;
    check::enough(name, required, returns.nrows())
}
