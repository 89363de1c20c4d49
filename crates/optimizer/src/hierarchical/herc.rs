//! Hierarchical equal risk contribution.

use alluse_risk_core::Covariance;
use serde::{Deserialize, Serialize};

use super::cluster_count::ClusterCount;
use super::cluster_risk::{ClusterRisk, InverseVariance};
use super::distance::Distance;
use super::leaf_order::{Branch, branches};
use super::linkage::Linkage;
use super::portfolio::{Arrangement, Cluster, Clustering, HierarchicalPortfolio};
use super::split::{Split, capital};
use crate::Result;

/// Hierarchical equal risk contribution (Raffinot 2018).
///
/// The tree is cut into clusters, each held in inverse-variance weights. Capital goes down the merges above the cut:
///
/// ```text
/// left share = R_right / (R_left + R_right)      R = sum of the risks of the clusters on that side
/// ```
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `clustering` | Ward on the correlation distance | the tree |
/// | `clusters` | gap statistic | where it is cut |
/// | `cluster_risk` | variance | the risk of a cluster |
///
/// With [`ClusterRisk::Equal`] each side of a merge receives half, which is hierarchical clustering based asset
/// allocation (Raffinot 2017) but for the weights within clusters.
///
/// ```
/// use alluse_optimizer::hierarchical::{ClusterCount, HierarchicalEqualRiskContribution};
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// // Assets 0 and 1 belong together: equal halves of a cluster with variance 0.0375 beside one of 0.01.
/// let covariance = Covariance::new(array![[0.04, 0.035, 0.0], [0.035, 0.04, 0.0], [0.0, 0.0, 0.01]])?;
/// let method = HierarchicalEqualRiskContribution::default().with_clusters(ClusterCount::Fixed(2));
/// let portfolio = method.allocate(&covariance)?;
/// assert!((portfolio.weights.view()[2] - 0.0375 / 0.0475).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HierarchicalEqualRiskContribution {
    clustering: Clustering,
    clusters: ClusterCount,
    cluster_risk: ClusterRisk,
}

impl Default for HierarchicalEqualRiskContribution {
    fn default() -> Self {
        let clustering = Clustering::default().with_linkage(Linkage::Ward).with_distance(Distance::Correlation);
        Self { clustering, clusters: ClusterCount::default(), cluster_risk: ClusterRisk::default() }
    }
}

impl HierarchicalEqualRiskContribution {
    /// With another tree.
    #[must_use]
    pub fn with_clustering(mut self, clustering: Clustering) -> Self {
        self.clustering = clustering;
        self
    }

    /// With another number of clusters.
    #[must_use]
    pub fn with_clusters(mut self, clusters: ClusterCount) -> Self {
        self.clusters = clusters;
        self
    }

    /// With another risk of a cluster.
    #[must_use]
    pub fn with_cluster_risk(mut self, cluster_risk: ClusterRisk) -> Self {
        self.cluster_risk = cluster_risk;
        self
    }

    /// The portfolio: weights not negative, sum 1.
    ///
    /// As with hierarchical risk parity, definiteness is checked only where it is used.
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input) for an asset without variance and a correlation beyond ±1.
    /// - [`Error::Undefined`](crate::Error::Undefined) when both sides of a merge have no risk, or a cluster a
    ///   negative variance.
    /// - Those of [`ClusterCount::choose`].
    pub fn allocate(&self, covariance: &Covariance) -> Result<HierarchicalPortfolio> {
        let arrangement = self.clustering.arrange(covariance)?;
        let count = self.clusters.choose(&arrangement, self.clustering.linkage)?;
        let mut clusters = risk_parity_clusters(covariance, &arrangement, count)?;
        let above = &branches(&arrangement.tree, &arrangement.order)[..count - 1];
        let first = first_places(&clusters);
        let splits = self.splits(above, &clusters, &first)?;
        let placed = capital(&splits, arrangement.order.len());
        let mut weights = vec![0.0; arrangement.order.len()];
        for (cluster, place) in clusters.iter_mut().zip(first) {
            cluster.weight = placed[place];
            for (&asset, within) in cluster.members.iter().zip(&cluster.weights_within) {
                weights[asset] = cluster.weight * within;
            }
        }
        HierarchicalPortfolio::new(covariance, arrangement, weights, clusters, splits)
    }

    /// The merges above the cut, from the top, with the risks of their sides.
    fn splits(&self, above: &[Branch], clusters: &[Cluster], first: &[usize]) -> Result<Vec<Split>> {
        // The risk of the largest part so far that begins at each place.
        let mut risks = vec![0.0; first.iter().max().map_or(0, |last| last + 1)];
        for (cluster, &place) in clusters.iter().zip(first) {
            risks[place] = self.cluster_risk.of(cluster.variance);
        }
        let mut splits = Vec::with_capacity(above.len());
        for branch in above.iter().rev() {
            let (left, right) = (risks[branch.start], risks[branch.middle]);
            splits.push(Split::new(*branch, left, right)?);
            risks[branch.start] = match self.cluster_risk {
                ClusterRisk::Equal => 1.0,
                ClusterRisk::Variance | ClusterRisk::Volatility => left + right,
            };
        }
        splits.reverse();
        Ok(splits)
    }
}

/// The groups of a cut, from left to right along the order, in inverse-variance weights; none has capital yet.
fn risk_parity_clusters(covariance: &Covariance, arrangement: &Arrangement, count: usize) -> Result<Vec<Cluster>> {
    let portfolios = InverseVariance::new(covariance)?;
    let cluster = |members: Vec<usize>| {
        let variance = portfolios.variance_of(&members)?;
        Ok(Cluster { weights_within: portfolios.weights(&members), members, variance, weight: 0.0 })
    };
    arrangement.groups(count)?.into_iter().map(cluster).collect()
}

/// The first place of each cluster along the order.
fn first_places(clusters: &[Cluster]) -> Vec<usize> {
    let next = |place: &mut usize, cluster: &Cluster| {
        let first = *place;
        *place += cluster.members.len();
        Some(first)
    };
    clusters.iter().scan(0, next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchical::test_data::{covariances, published_covariance, relabelled};
    use crate::hierarchical::{GapRule, GapStatistic, LeafOrder};
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array2, array};
    use proptest::prelude::*;
    use testkit::close;

    fn into(clusters: usize) -> HierarchicalEqualRiskContribution {
        HierarchicalEqualRiskContribution::default().with_clusters(ClusterCount::Fixed(clusters))
    }

    /// Two pairs and one asset, uncorrelated across; the pairs merge before the asset joins.
    fn pairs() -> Covariance {
        let mut matrix = Array2::from_diag(&array![0.04, 0.04, 0.09, 0.09, 0.01]);
        for (i, j, value) in [(0, 1, 0.036), (2, 3, 0.0675)] {
            (matrix[[i, j]], matrix[[j, i]]) = (value, value);
        }
        Covariance::new(matrix).unwrap()
    }

    #[test]
    fn shares_by_hand() {
        // Risks 0.038, 0.07875 and 0.01. Ward on d: asset 4 is 0.7071 from everything, so it joins a pair first.
        let portfolio = into(3).allocate(&pairs()).unwrap();
        let risk_of = |members: &[usize]| match members {
            [0, 1] => 0.038,
            [2, 3] => 0.07875,
            [4] => 0.01,
            other => panic!("{other:?}"),
        };
        for cluster in &portfolio.clusters {
            close(cluster.variance, risk_of(&cluster.members), 1e-15);
        }
        let top = portfolio.splits[0];
        close(top.left_risk + top.right_risk, 0.038 + 0.07875 + 0.01, 1e-15);
        close(portfolio.weights.net(), 1.0, 1e-15);
        let equal = into(3).with_cluster_risk(ClusterRisk::Equal).allocate(&pairs()).unwrap();
        let mut shares: Vec<f64> = equal.clusters.iter().map(|cluster| cluster.weight).collect();
        shares.sort_by(f64::total_cmp);
        assert_eq!(shares, [0.25, 0.25, 0.5]);
    }

    #[test]
    fn one_cluster_is_inverse_variance_and_all_clusters_are_a_chain_of_shares() {
        let one = into(1).allocate(&pairs()).unwrap();
        let inverse = [25.0, 25.0, 100.0 / 9.0, 100.0 / 9.0, 100.0];
        let total: f64 = inverse.iter().sum();
        for (weight, inverse) in one.weights.view().iter().zip(inverse) {
            close(*weight, inverse / total, 1e-15);
        }
        assert!(one.splits.is_empty());
        let all = into(5).allocate(&pairs()).unwrap();
        assert_eq!(all.splits.len(), 4);
        assert!(all.clusters.iter().all(|cluster| cluster.weights_within == [1.0]));
    }

    #[test]
    fn the_count_may_come_from_a_statistic() {
        let gap = GapStatistic::default().with_rule(GapRule::LargestGap);
        for count in [ClusterCount::Gap(gap), ClusterCount::TwoDifference { max_clusters: 7 }] {
            let method = HierarchicalEqualRiskContribution::default().with_clusters(count);
            let portfolio = method.allocate(&published_covariance()).unwrap();
            let mut members: Vec<_> = portfolio.clusters.into_iter().map(|cluster| cluster.members).collect();
            members.sort();
            assert_eq!(members, [vec![0, 6], vec![1, 8, 9], vec![2, 5], vec![3], vec![4, 7]]);
        }
    }

    #[test]
    fn hostile_input() {
        assert_eq!(into(1).allocate(&Covariance::new(array![[0.04]]).unwrap()).unwrap().weights.view()[0], 1.0);
        let still = Covariance::new(array![[0.04, 0.0], [0.0, 0.0]]).unwrap();
        for (method, covariance) in [(into(1), &still), (into(0), &pairs()), (into(6), &pairs())] {
            assert_eq!(method.allocate(covariance).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn laws(covariance in covariances(1..9), share in 0.0_f64..1.0, seed in any::<u64>(), power in -40_i32..40) {
            let n = covariance.len();
            let clusters = 1 + (share * n as f64) as usize;
            let scaled = Covariance::new(covariance.view().to_owned() * 4.0_f64.powi(power)).unwrap();
            let (turned, places) = relabelled(&covariance, seed);
            for linkage in [Linkage::Single, Linkage::Complete, Linkage::Average, Linkage::Ward] {
                for leaf_order in [LeafOrder::Scipy, LeafOrder::Optimal, LeafOrder::ScipyOptimal] {
                    let clustering = Clustering::default().with_linkage(linkage).with_leaf_order(leaf_order);
                    for risk in [ClusterRisk::Variance, ClusterRisk::Volatility, ClusterRisk::Equal] {
                        let method = into(clusters).with_clustering(clustering).with_cluster_risk(risk);
                        let portfolio = method.allocate(&covariance).unwrap();
                        let weights = portfolio.weights.view();
                        prop_assert!(weights.iter().all(|w| *w > 0.0));
                        prop_assert!((portfolio.weights.net() - 1.0).abs() < 1e-14);
                        let held: f64 = portfolio.clusters.iter().map(|cluster| cluster.weight).sum();
                        prop_assert!((held - 1.0).abs() < 1e-14);
                        let other = method.allocate(&turned).unwrap();
                        for (asset, &place) in places.iter().enumerate() {
                            prop_assert!((weights[asset] - other.weights.view()[place]).abs() < 1e-9);
                        }
                        prop_assert_eq!(&method.allocate(&scaled).unwrap().weights, &portfolio.weights);
                    }
                }
            }
        }
    }
}
