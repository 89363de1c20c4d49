//! What every estimate says about itself, and the steps the estimators share.

use std::borrow::Cow;
use std::fmt;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ShapeBuilder};
use serde::{Deserialize, Serialize};

use super::{Covariance, Definiteness, RepairAction, spectral};
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
    /// Principal components were taken out: the matrix is singular on purpose and must not be inverted.
    ComponentsRemoved {
        /// How many.
        count: usize,
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
    /// Weight of the target in a linear shrinkage; `None` for other estimators.
    #[serde(default)]
    pub shrinkage: Option<f64>,
    /// Frobenius norm of what a repair changed; `None` when nothing was repaired.
    #[serde(default)]
    pub repair_distance: Option<f64>,
}

impl CovarianceEstimate {
    pub(super) fn new(
        covariance: Covariance,
        observations: usize,
        effective_observations: f64,
        rank_at_most: usize,
    ) -> Result<Self> {
        let flags = rank_flags(covariance.len(), rank_at_most);
        Self::flagged(covariance, observations, effective_observations, flags)
    }

    /// With what is known of its rank before the eigenvalues are looked at: any such flag means singular.
    pub(super) fn flagged(
        covariance: Covariance,
        observations: usize,
        effective_observations: f64,
        mut flags: Vec<CovarianceFlag>,
    ) -> Result<Self> {
        let condition_number = diagnose(covariance.view(), &mut flags)?;
        for (asset, variance) in covariance.view().diag().iter().enumerate() {
            if *variance <= 0.0 {
                flags.push(CovarianceFlag::ZeroVariance { asset });
            }
        }
        let (shrinkage, repair_distance) = (None, None);
        Ok(Self {
            covariance,
            observations,
            effective_observations,
            condition_number,
            flags,
            shrinkage,
            repair_distance,
        })
    }

    /// Says how far a repair went, when there was something to repair.
    pub(super) fn after_repair(mut self, action: RepairAction, distance: f64) -> Self {
        self.repair_distance = (action != RepairAction::None).then_some(distance);
        self
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

/// Rows one after the other, copied only when they are not so already.
fn row_major<'a>(returns: &'a ArrayView2<'_, f64>) -> Cow<'a, [f64]> {
    match returns.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(returns.iter().copied().collect()),
    }
}

/// Column means by sums that do not lose digits.
pub(super) fn column_means(returns: ArrayView2<'_, f64>) -> Array1<f64> {
    let data = row_major(&returns);
    // Rows outside, columns inside: the inner loop runs along memory. Knuth's two-sum has no branch.
    let mut sums = vec![0.0_f64; returns.ncols()];
    let mut lost = sums.clone();
    for row in data.chunks_exact(returns.ncols().max(1)) {
        for ((sum, lost), &value) in sums.iter_mut().zip(&mut lost).zip(row) {
            let next = *sum + value;
            let back = next - *sum;
            *lost += (*sum - (next - back)) + (value - back);
            *sum = next;
        }
    }
    (Array1::from(sums) + Array1::from(lost)) / returns.nrows() as f64
}

/// Side of the square tiles in which returns are turned over: a cache line of numbers.
const TILE: usize = 8;

/// Returns less a centre, columns along memory: that is how Gram products read them.
pub(super) fn centred(returns: ArrayView2<'_, f64>, centre: ArrayView1<'_, f64>) -> Array2<f64> {
    let (rows, columns) = returns.dim();
    let (data, centre) = (row_major(&returns), centre.to_vec());
    let mut deviations = vec![0.0; rows * columns];
    // A tile is read along rows and written along columns, so no cache line is touched for one number only.
    for (top, block) in data.chunks(TILE * columns.max(1)).enumerate().map(|(index, block)| (index * TILE, block)) {
        for (left, centre) in centre.chunks(TILE).enumerate().map(|(index, centre)| (index * TILE, centre)) {
            let mut tile = [[0.0; TILE]; TILE];
            for (row, values) in block.chunks_exact(columns).enumerate() {
                for (column, (value, centre)) in values[left..].iter().zip(centre).enumerate() {
                    tile[column][row] = value - centre;
                }
            }
            let height = TILE.min(rows - top);
            for (column, values) in tile.iter().enumerate().take(centre.len()) {
                let start = (left + column) * rows + top;
                deviations[start..start + height].copy_from_slice(&values[..height]);
            }
        }
    }
    // The shape fits by construction; if it did not, this would be the same matrix in another layout.
    Array2::from_shape_vec((rows, columns).f(), deviations).unwrap_or_else(|_| &returns - &ArrayView1::from(&centre))
}

/// Refuses returns that are not finite and samples that are too short.
pub(super) fn checked(name: &'static str, returns: ArrayView2<'_, f64>, required: usize) -> Result<()> {
    check::finite_matrix("returns", returns)?;
    check::enough(name, required, returns.nrows())
}

/// The assets whose returns are all the same.
pub(super) fn still_assets(returns: ArrayView2<'_, f64>) -> impl Iterator<Item = usize> {
    (0..returns.ncols()).filter(move |&asset| {
        let column = returns.column(asset);
        column.iter().all(|r| (r - column[0]).abs() <= 0.0)
    })
}

/// Refuses an asset whose returns are all the same: it has no correlation.
pub(super) fn varying(name: &'static str, returns: ArrayView2<'_, f64>) -> Result<()> {
    match still_assets(returns).next() {
        None => Ok(()),
        Some(_) => Err(Error::Undefined { name, reason: "an asset's returns are all the same" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_over_keeps_every_return_in_its_place() {
        for (rows, columns) in [(1, 1), (3, 5), (7, 8), (8, 7), (8, 8), (9, 17), (16, 24), (25, 3)] {
            let returns = Array2::from_shape_fn((rows, columns), |(t, i)| (100 * t + i) as f64);
            let centre = Array1::from_shape_fn(columns, |i| 0.5 * i as f64);
            let got = centred(returns.view(), centre.view());
            assert_eq!(got, &returns - &centre);
            assert!(got.t().is_standard_layout());
            // The same from columns along memory.
            let turned = returns.t().as_standard_layout().into_owned().reversed_axes();
            assert_eq!(centred(turned.view(), centre.view()), got);
            assert_eq!(column_means(turned.view()), column_means(returns.view()));
        }
    }
}
