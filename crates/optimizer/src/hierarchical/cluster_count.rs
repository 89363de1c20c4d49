//! Into how many clusters a tree is cut.

use serde::{Deserialize, Serialize};

use super::dispersion::Dispersion;
use super::gap::GapStatistic;
use super::linkage::Linkage;
use super::portfolio::Arrangement;
use crate::{Error, Result};

/// How the number of clusters is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClusterCount {
    /// This many.
    Fixed(usize),
    /// By the gap statistic of Tibshirani et al. (2001), as in Raffinot's papers.
    Gap(GapStatistic),
    /// Where the dispersion bends most:
    ///
    /// ```text
    /// arg max  W(k−1) − 2 W(k) + W(k+1)      2 ≤ k ≤ max_clusters
    /// ```
    ///
    /// with `W` the sum over clusters of their mean distance of pairs. It draws nothing at random, and never answers
    /// one. Of equal bends the first counts. Yue, Wang and Wei (2008); skfolio's rule for `max_clusters` one less than
    /// the larger of 8 and √n.
    TwoDifference {
        /// The largest number of clusters to consider; more than `n − 1` are never looked at.
        max_clusters: usize,
    },
}

impl Default for ClusterCount {
    fn default() -> Self {
        Self::Gap(GapStatistic::default())
    }
}

impl ClusterCount {
    /// The number of clusters of an arrangement made with `linkage`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a fixed number out of `1 ..= n` or fewer than 2 `max_clusters`; [`Error::Undefined`] for
    /// the two-difference rule with fewer than three assets; those of [`GapStatistic::estimate`].
    pub fn choose(&self, arrangement: &Arrangement, linkage: Linkage) -> Result<usize> {
        let Arrangement { tree, distances, .. } = arrangement;
        let n = tree.len();
        match *self {
            Self::Fixed(clusters) if (1..=n).contains(&clusters) => Ok(clusters),
            Self::Fixed(clusters) => Err(Error::invalid("clusters", format!("{clusters} of {n} assets"))),
            Self::Gap(gap) => Ok(gap.estimate(tree, distances, linkage)?.clusters),
            Self::TwoDifference { max_clusters } if max_clusters < 2 => {
                Err(Error::invalid("max_clusters", format!("{max_clusters}, but the rule begins with 2")))
            }
            Self::TwoDifference { .. } if n < 3 => {
                let reason = format!("a second difference needs three cuts, {n} assets allow {n}");
                Err(Error::Undefined { what: "the two-difference number of clusters", reason })
            }
            Self::TwoDifference { max_clusters } => {
                let most = max_clusters.min(n - 1) + 1;
                Ok(largest_bend(&Dispersion::MeanDistance.of_cuts(tree, distances, most)?))
            }
        }
    }
}

/// The number of clusters at the middle of the largest second difference; the first value belongs to 1.
fn largest_bend(dispersions: &[f64]) -> usize {
    let (mut clusters, mut largest) = (2, f64::NEG_INFINITY);
    for (index, window) in dispersions.windows(3).enumerate() {
        let bend = window[0] - 2.0 * window[1] + window[2];
        if bend > largest {
            (clusters, largest) = (index + 2, bend);
        }
    }
    clusters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchical::test_data::published_covariance;
    use crate::hierarchical::{Clustering, Distance, GapRule};
    use alluse_risk_core::{Covariance, ErrorKind};
    use ndarray::array;

    fn choose(count: ClusterCount, covariance: &Covariance) -> Result<usize> {
        let clustering = Clustering::default().with_linkage(Linkage::Ward).with_distance(Distance::Correlation);
        count.choose(&clustering.arrange(covariance)?, Linkage::Ward)
    }

    /// Five series and five noisy copies of some of them: the families are {0, 6}, {1, 8, 9}, {2, 5}, {3}, {4, 7}.
    #[test]
    fn the_families_of_the_published_example() {
        let gap = GapStatistic::default();
        let of = |count| choose(count, &published_covariance()).unwrap();
        assert_eq!(of(ClusterCount::Gap(gap.with_rule(GapRule::LargestGap))), 5);
        assert_eq!(of(ClusterCount::TwoDifference { max_clusters: 7 }), 5);
        // Equally far apart as they are, no first division separates much.
        assert_eq!(of(ClusterCount::Gap(gap)), 1);
    }

    #[test]
    fn bends_by_hand() {
        assert_eq!(largest_bend(&[9.0, 4.0, 3.0, 2.5]), 2);
        assert_eq!(largest_bend(&[9.0, 6.0, 1.0, 0.5]), 3);
        assert_eq!(largest_bend(&[3.0, 2.0, 1.0]), 2);
    }

    #[test]
    fn counts_that_cannot_be() {
        let two = Covariance::new(array![[1.0, 0.2], [0.2, 1.0]]).unwrap();
        assert_eq!(choose(ClusterCount::Fixed(2), &two).unwrap(), 2);
        for (count, kind) in [
            (ClusterCount::Fixed(0), ErrorKind::InvalidInput),
            (ClusterCount::Fixed(3), ErrorKind::InvalidInput),
            (ClusterCount::TwoDifference { max_clusters: 1 }, ErrorKind::InvalidInput),
            (ClusterCount::TwoDifference { max_clusters: 5 }, ErrorKind::Undefined),
        ] {
            assert_eq!(choose(count, &two).unwrap_err().kind(), kind, "{count:?}");
        }
    }
}
