//! The number of clusters by the gap statistic.

use alluse_risk_core::linalg;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2, Axis};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::dendrogram::Dendrogram;
use super::dispersion::Dispersion;
use super::distance::DistanceMatrix;
use super::linkage::Linkage;
use crate::{Error, Result};

/// A negative eigenvalue up to this share of the largest is rounding.
const ROUNDING: f64 = 1e-8;

/// The gap statistic (Tibshirani, Walther and Hastie 2001).
///
/// ```text
/// Gap(k) = mean log W*ₖ − log Wₖ      sₖ = sd(log W*ₖ) √(1 + 1/B)
/// ```
///
/// `Wₖ` is the sum of squares within `k` clusters, `W*ₖ` the same for points without clusters, drawn evenly from the
/// box around the data along its principal components, `B` times. How the curve is read is a [`GapRule`].
///
/// The data are the points that have the given distances (classical scaling): for the correlation distance these are
/// the standardised returns.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `max_clusters` | 10 | at least 1; at most one less than the assets are looked at |
/// | `references` (`B`) | 50 | at least 2 |
/// | `rule` | the paper's | how the curve is read |
/// | `seed` | 0 | any |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct GapStatistic {
    /// The largest number of clusters to consider.
    pub max_clusters: usize,
    /// Sets of points without clusters.
    pub references: usize,
    /// How the curve is read.
    pub rule: GapRule,
    /// Seed of those points.
    pub seed: u64,
}

/// How a number of clusters is read from the curve of gaps.
///
/// Neither looks beyond the first `k` that leaves no sum of squares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GapRule {
    /// The smallest `k` with `Gap(k) ≥ Gap(k+1) − sₖ₊₁`, without one the largest `k`: the paper's.
    ///
    /// It stops at 1 when no single division separates much, as with several small groups equally far apart.
    #[default]
    FirstStandardError,
    /// The smallest `k` with the largest gap.
    LargestGap,
}

impl GapRule {
    /// The number of clusters, at most `most`; the gaps may go on by one.
    fn choose(self, gaps: &[f64], errors: &[f64], most: usize) -> usize {
        match self {
            Self::FirstStandardError => {
                let next = gaps.iter().zip(errors).skip(1).map(|(gap, error)| gap - error);
                let stop = gaps.iter().zip(next).take(most).position(|(gap, next)| *gap >= next);
                stop.map_or(most.min(gaps.len()), |k| k + 1)
            }
            Self::LargestGap => {
                let better = |best: usize, k: usize| if gaps[k] > gaps[best] { k } else { best };
                (1..most.min(gaps.len())).fold(0, better) + 1
            }
        }
    }
}

impl Default for GapStatistic {
    fn default() -> Self {
        Self { max_clusters: 10, references: 50, rule: GapRule::default(), seed: 0 }
    }
}

/// A gap statistic and the curve it was read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GapEstimate {
    /// The number of clusters.
    pub clusters: usize,
    /// `Gap(k)` for `k = 1, 2, …`, up to the first `k` without a sum of squares.
    pub gaps: Vec<f64>,
    /// `sₖ`.
    pub standard_errors: Vec<f64>,
}

impl GapStatistic {
    /// With another largest number of clusters.
    #[must_use]
    pub fn with_max_clusters(mut self, max_clusters: usize) -> Self {
        self.max_clusters = max_clusters;
        self
    }

    /// With another number of reference sets.
    #[must_use]
    pub fn with_references(mut self, references: usize) -> Self {
        self.references = references;
        self
    }

    /// With the curve read by another rule.
    #[must_use]
    pub fn with_rule(mut self, rule: GapRule) -> Self {
        self.rule = rule;
        self
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The number of clusters of a tree that `linkage` made from `distances`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a parameter out of its range, [`Error::Undefined`] when no points have these distances,
    /// [`Error::Input`] for distances of another size and from the eigenvalues.
    pub fn estimate(&self, tree: &Dendrogram, distances: &DistanceMatrix, linkage: Linkage) -> Result<GapEstimate> {
        self.check(tree, distances)?;
        let n = distances.len();
        if n == 1 {
            return Ok(GapEstimate { clusters: 1, gaps: Vec::new(), standard_errors: Vec::new() });
        }
        let most = self.max_clusters.saturating_add(1).min(n - 1);
        let within = Dispersion::SumOfSquares.of_cuts(tree, distances, most)?;
        // Nothing is left to explain below the rounding of the distances.
        let nothing = 1e-14 * distances.view().fold(0.0_f64, |largest, d| largest.max(d * d));
        let positive = within.iter().take_while(|w| **w > nothing).count();
        let references = self.references(distances, linkage, positive)?;
        let (mut gaps, mut standard_errors) = (Vec::with_capacity(positive), Vec::with_capacity(positive));
        for (logs, within) in references.columns().into_iter().zip(&within) {
            let mean = logs.sum() / logs.len() as f64;
            let variance = logs.fold(0.0, |sum, log| sum + (log - mean).powi(2)) / logs.len() as f64;
            gaps.push(mean - within.ln());
            standard_errors.push((variance * (1.0 + 1.0 / logs.len() as f64)).sqrt());
        }
        if positive < most {
            // One more cluster leaves nothing to explain: no gap could be larger.
            gaps.push(f64::INFINITY);
            standard_errors.push(0.0);
        }
        let clusters = self.rule.choose(&gaps, &standard_errors, self.max_clusters.min(n - 1));
        gaps.truncate(positive);
        standard_errors.truncate(positive);
        Ok(GapEstimate { clusters, gaps, standard_errors })
    }

    fn check(&self, tree: &Dendrogram, distances: &DistanceMatrix) -> Result<()> {
        if self.max_clusters == 0 {
            return Err(Error::invalid("max_clusters", "0 clusters hold no assets"));
        }
        if self.references < 2 {
            return Err(Error::invalid("references", format!("{} have no spread", self.references)));
        }
        let (expected, got) = (tree.len(), distances.len());
        if expected == got {
            return Ok(());
        }
        Err(alluse_risk_core::Error::LengthMismatch { name: "distances", expected, got }.into())
    }

    /// `log W*ₖ` for `k = 1 ..= most`, a row a reference set.
    fn references(&self, distances: &DistanceMatrix, linkage: Linkage, most: usize) -> Result<Array2<f64>> {
        let mut logs = Array2::zeros((self.references, most));
        if most == 0 {
            return Ok(logs);
        }
        let widths = widths(distances)?;
        let streams = Streams::new(self.seed);
        for (index, mut logs) in (0_u64..).zip(logs.rows_mut()) {
            let mut stream = streams.block(index);
            let points = Array2::from_shape_simple_fn((distances.len(), widths.len()), || stream.random::<f64>());
            let reference = DistanceMatrix::between_points((points * &widths).view())?;
            let within = Dispersion::SumOfSquares.of_cuts(&linkage.cluster(&reference), &reference, most)?;
            logs.assign(&Array1::from(within).mapv(f64::ln));
        }
        Ok(logs)
    }
}

/// The widths of the data along its principal components.
///
/// `−½ J D² J` is the Gram matrix of the centred points; its eigenvectors times the roots of its eigenvalues are their
/// coordinates.
fn widths(distances: &DistanceMatrix) -> Result<Array1<f64>> {
    let squares = distances.view().mapv(|d| d * d);
    let n = squares.nrows() as f64;
    let (rows, all) = (squares.sum_axis(Axis(1)) / n, squares.sum() / (n * n));
    let products = Array2::from_shape_fn(squares.dim(), |(i, j)| {
        let (i, j) = (i.max(j), i.min(j)); // exactly symmetric
        -0.5 * (squares[[i, j]] - rows[i] - rows[j] + all)
    });
    let eigen = linalg::symmetric_eigen(products.view())?;
    let largest = eigen.values.iter().fold(0.0_f64, |largest, v| largest.max(*v));
    if let Some(value) = eigen.values.iter().find(|v| **v < -ROUNDING * largest) {
        let reason = format!("no points have these distances: eigenvalue {value:e} beside {largest:e}");
        return Err(Error::Undefined { what: "the gap statistic", reason });
    }
    let width = |(value, vector): (&f64, ndarray::ArrayView1<'_, f64>)| {
        let (low, high) = vector.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        (high - low) * value.max(0.0).sqrt()
    };
    Ok(eigen.values.iter().zip(eigen.vectors.columns()).map(width).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alluse_risk_core::ErrorKind;
    use ndarray::array;
    use testkit::close;

    fn estimate(points: &Array2<f64>, linkage: Linkage) -> GapEstimate {
        let distances = DistanceMatrix::between_points(points.view()).unwrap();
        GapStatistic::default().estimate(&linkage.cluster(&distances), &distances, linkage).unwrap()
    }

    fn even(seed: u64, n: usize, dimensions: usize) -> Array2<f64> {
        let mut stream = Streams::new(seed).block(0);
        Array2::from_shape_simple_fn((n, dimensions), || stream.random::<f64>())
    }

    /// The first two models of the paper's section 4: evenly spread points, and three clusters in the plane.
    #[test]
    fn the_models_of_the_paper() {
        for seed in 0..4 {
            assert_eq!(estimate(&even(seed, 60, 10), Linkage::Ward).clusters, 1);
            let mut three = even(seed, 60, 2);
            for (index, mut point) in three.rows_mut().into_iter().enumerate() {
                let centre = [[0.0, 0.0], [0.0, 5.0], [5.0, -3.0]][index % 3];
                point += &ndarray::arr1(&centre);
            }
            for linkage in [Linkage::Ward, Linkage::Average, Linkage::Complete] {
                assert_eq!(estimate(&three, linkage).clusters, 3);
            }
        }
    }

    /// Regression: a change of the random stream shows here.
    #[test]
    fn the_random_stream_is_pinned() {
        let got = estimate(&array![[0.0], [1.0], [3.0], [7.0]], Linkage::Ward);
        assert_eq!(got.clusters, 1);
        close(got.gaps[0], -1.103_302_998_679_111_2, 1e-12);
    }

    #[test]
    fn widths_are_those_of_the_principal_axes() {
        // A 4 × 2 rectangle turned by 30 degrees.
        let (c, s) = (0.75_f64.sqrt(), 0.5);
        let turn = array![[c, s], [-s, c]];
        let points = array![[0.0, 0.0], [4.0, 0.0], [0.0, 2.0], [4.0, 2.0]].dot(&turn);
        let distances = DistanceMatrix::between_points(points.view()).unwrap();
        let widths = widths(&distances).unwrap();
        close(widths[3], 4.0, 1e-13);
        close(widths[2], 2.0, 1e-13);
        assert!(widths[1] < 1e-7);
    }

    #[test]
    fn groups_of_identical_points_end_the_search() {
        let points = Array2::from_shape_fn((9, 1), |(i, _)| [0.0, 1.0, 7.0][i % 3]);
        assert_eq!(estimate(&points, Linkage::Ward).clusters, 3);
        assert_eq!(estimate(&Array2::zeros((4, 1)), Linkage::Ward).clusters, 1);
        assert_eq!(estimate(&Array2::zeros((1, 1)), Linkage::Ward).clusters, 1);
        assert_eq!(estimate(&array![[0.0], [1.0]], Linkage::Ward).clusters, 1);
    }

    #[test]
    fn no_more_clusters_than_allowed() {
        let points = Array2::from_shape_fn((20, 1), |(i, _)| 100.0 * (i / 4) as f64 + (i % 4) as f64 + 0.1 * i as f64);
        let distances = DistanceMatrix::between_points(points.view()).unwrap();
        let tree = Linkage::Ward.cluster(&distances);
        for rule in [GapRule::FirstStandardError, GapRule::LargestGap] {
            let of = |most| {
                let gap = GapStatistic::default().with_rule(rule).with_max_clusters(most);
                gap.estimate(&tree, &distances, Linkage::Ward).unwrap().clusters
            };
            // Five groups equally far apart on a line; the gap at 1 does not let the first rule go on.
            let want = if rule == GapRule::LargestGap { 5 } else { 1 };
            assert!([5, 10, usize::MAX].into_iter().all(|most| of(most) == want), "{rule:?}");
            assert!((1..5).all(|most| of(most) <= most), "{rule:?}");
        }
    }

    #[test]
    fn hostile_input() {
        let distances = DistanceMatrix::new(array![[0.0, 1.0, 9.0], [1.0, 0.0, 1.0], [9.0, 1.0, 0.0]]).unwrap();
        let tree = Linkage::Ward.cluster(&distances);
        let of = |gap: GapStatistic| gap.estimate(&tree, &distances, Linkage::Ward).unwrap_err().kind();
        assert_eq!(of(GapStatistic::default()), ErrorKind::Undefined); // no triangle has sides 1, 1 and 9
        assert_eq!(of(GapStatistic::default().with_max_clusters(0)), ErrorKind::InvalidInput);
        assert_eq!(of(GapStatistic::default().with_references(1)), ErrorKind::InvalidInput);
        let one = DistanceMatrix::new(array![[0.0]]).unwrap();
        assert!(GapStatistic::default().estimate(&tree, &one, Linkage::Ward).is_err());
    }
}
