//! Nested clustered optimisation.

use alluse_risk_core::{Covariance, Error as Core, linalg};
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use super::cluster_count::ClusterCount;
use super::distance::Distance;
use super::linkage::Linkage;
use super::objective::ClusterObjective;
use super::portfolio::{Cluster, Clustering, HierarchicalPortfolio};
use crate::{Error, Result};

/// Nested clustered optimisation (López de Prado 2019).
///
/// A tree is cut into clusters; weights are optimised within each, then between the clusters' portfolios, whose
/// covariance is `A'ΣA` with a column of `A` for each. Errors of estimation stay within their cluster.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `clustering` | Ward on the correlation distance | the tree |
/// | `clusters` | gap statistic | where it is cut |
/// | `inner`, `outer` | minimum variance, long only | what is optimised within and between clusters |
/// | `expected_returns` | none | excess returns per period, for the Sharpe ratio |
///
/// ```
/// use alluse_optimizer::hierarchical::{ClusterCount, ClusterObjective, NestedClusteredOptimization};
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// let covariance = Covariance::new(array![[0.04, 0.035, 0.0], [0.035, 0.04, 0.0], [0.0, 0.0, 0.01]])?;
/// let method = NestedClusteredOptimization::default().with_clusters(ClusterCount::Fixed(2));
/// // Halves of the first pair have variance 0.0375; then inverse variance, the clusters being uncorrelated.
/// let portfolio = method.allocate(&covariance)?;
/// assert!((portfolio.weights.view()[2] - 0.0375 / 0.0475).abs() < 1e-12);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NestedClusteredOptimization {
    clustering: Clustering,
    clusters: ClusterCount,
    inner: ClusterObjective,
    outer: ClusterObjective,
    expected_returns: Option<Vec<f64>>,
}

impl Default for NestedClusteredOptimization {
    fn default() -> Self {
        Self {
            clustering: Clustering::default().with_linkage(Linkage::Ward).with_distance(Distance::Correlation),
            clusters: ClusterCount::default(),
            inner: ClusterObjective::default(),
            outer: ClusterObjective::default(),
            expected_returns: None,
        }
    }
}

impl NestedClusteredOptimization {
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

    /// With another objective within clusters.
    #[must_use]
    pub fn with_inner(mut self, inner: ClusterObjective) -> Self {
        self.inner = inner;
        self
    }

    /// With another objective between clusters.
    #[must_use]
    pub fn with_outer(mut self, outer: ClusterObjective) -> Self {
        self.outer = outer;
        self
    }

    /// With expected returns in excess of the risk-free rate, per period, one an asset.
    #[must_use]
    pub fn with_expected_returns(mut self, expected_returns: impl Into<Vec<f64>>) -> Self {
        self.expected_returns = Some(expected_returns.into());
        self
    }

    /// The portfolio: weights with sum 1, not negative when both objectives are long only.
    ///
    /// # Errors
    /// - [`Error::Input`] for an asset without variance, a correlation beyond ±1, expected returns that are missing,
    ///   not finite or of another number, and a covariance that an objective cannot be solved with: not positive
    ///   semidefinite, or singular where its inverse is asked for.
    /// - [`Error::Infeasible`] and [`Error::Undefined`] for a Sharpe ratio without a maximum, naming the assets.
    /// - Those of [`ClusterCount::choose`] and of [`QuadraticProgram::solve`](crate::QuadraticProgram::solve).
    pub fn allocate(&self, covariance: &Covariance) -> Result<HierarchicalPortfolio> {
        let expected = self.checked_returns(covariance.len())?;
        let arrangement = self.clustering.arrange(covariance)?;
        let count = self.clusters.choose(&arrangement, self.clustering.linkage)?;
        let groups = arrangement.groups(count)?;
        let mut portfolios = Array2::zeros((covariance.len(), count)); // A
        for (members, mut column) in groups.iter().zip(portfolios.columns_mut()) {
            let within = covariance.view().select(Axis(0), members).select(Axis(1), members);
            let means = expected.as_ref().map(|m| m.select(Axis(0), members));
            let weights = self.inner.weights(within.view(), means.as_ref().map(|m| m.view()));
            for (&asset, weight) in members.iter().zip(weights.map_err(|error| located(error, members))?) {
                column[asset] = weight;
            }
        }
        let between = reduced(covariance, &portfolios)?;
        let means = expected.as_ref().map(|m| portfolios.t().dot(m));
        let shares = self.outer.weights(between.view(), means.as_ref().map(|m| m.view()))?;
        let weights = portfolios.dot(&shares).to_vec();
        let cluster = |(index, members): (usize, Vec<usize>)| Cluster {
            weights_within: members.iter().map(|&asset| portfolios[[asset, index]]).collect(),
            members,
            variance: between[[index, index]],
            weight: shares[index],
        };
        let clusters = groups.into_iter().enumerate().map(cluster).collect();
        HierarchicalPortfolio::new(covariance, arrangement, weights, clusters, Vec::new())
    }

    fn checked_returns(&self, n: usize) -> Result<Option<Array1<f64>>> {
        let name = "expected_returns";
        let Some(expected) = &self.expected_returns else {
            let needed = self.inner.needs_expected_returns() || self.outer.needs_expected_returns();
            return if needed { Err(Core::Empty { name }.into()) } else { Ok(None) };
        };
        crate::check::length(name, n, expected.len())?;
        crate::check::elements(name, "finite", expected, f64::is_finite)?;
        Ok(Some(Array1::from(expected.clone())))
    }
}

/// `A'ΣA`, exactly symmetric.
fn reduced(covariance: &Covariance, portfolios: &Array2<f64>) -> Result<Array2<f64>> {
    let products = linalg::matmul(covariance.view(), portfolios.view())?;
    let reduced = linalg::matmul(portfolios.t(), products.view())?;
    Ok(0.5 * (&reduced + &reduced.t()))
}

/// Says in which cluster there was no answer.
fn located(error: Error, members: &[usize]) -> Error {
    let place = |reason: String| format!("in the cluster of assets {members:?}, {reason}");
    match error {
        Error::Undefined { what, reason } => Error::Undefined { what, reason: place(reason) },
        Error::Infeasible { what, reason } => Error::Infeasible { what, reason: place(reason) },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchical::test_data::{covariances, relabelled};
    use alluse_risk_core::ErrorKind;
    use ndarray::array;
    use proptest::prelude::*;
    use testkit::close;

    fn into(clusters: usize) -> NestedClusteredOptimization {
        NestedClusteredOptimization::default().with_clusters(ClusterCount::Fixed(clusters))
    }

    fn pairs() -> Covariance {
        let mut matrix = Array2::from_diag(&array![0.04, 0.09, 0.01, 0.16]);
        for (i, j, value) in [(0, 1, 0.03), (2, 3, 0.02), (0, 2, 0.001)] {
            (matrix[[i, j]], matrix[[j, i]]) = (value, value);
        }
        Covariance::new(matrix).unwrap()
    }

    #[test]
    fn one_cluster_and_as_many_as_assets_are_the_plain_problem() {
        let (covariance, expected) = (pairs(), vec![0.05, 0.04, 0.01, 0.09]);
        for objective in [
            ClusterObjective::MinimumVariance,
            ClusterObjective::UnconstrainedMinimumVariance,
            ClusterObjective::MaximumSharpe,
            ClusterObjective::UnconstrainedMaximumSharpe,
            ClusterObjective::InverseVariance,
            ClusterObjective::EqualWeight,
            ClusterObjective::EqualRiskContribution,
        ] {
            let of = |clusters| {
                let method = into(clusters).with_inner(objective).with_outer(objective);
                method.with_expected_returns(expected.clone()).allocate(&covariance).unwrap().weights
            };
            for (one, all) in of(1).view().iter().zip(of(4).view()) {
                close(*one, *all, 1e-10);
            }
        }
    }

    #[test]
    fn uncorrelated_clusters_by_hand() {
        let covariance = Covariance::new(array![
            [0.04, 0.03, 0.0, 0.0],
            [0.03, 0.09, 0.0, 0.0],
            [0.0, 0.0, 0.01, 0.009],
            [0.0, 0.0, 0.009, 0.01]
        ])
        .unwrap();
        let portfolio = into(2).allocate(&covariance).unwrap();
        // First pair: (0.06, 0.01)/0.07, variance (0.0036 − 0.0009)/0.07; second: halves, variance 0.0095.
        let (first, second) = (0.0027 / 0.07, 0.0095);
        close(portfolio.weights.view()[0], 6.0 / 7.0 * second / (first + second), 1e-12);
        close(portfolio.weights.view()[3], 0.5 * first / (first + second), 1e-12);
        for cluster in &portfolio.clusters {
            close(cluster.variance, if cluster.members == [0, 1] { first } else { second }, 1e-13);
        }
        close(portfolio.variance, first * second / (first + second), 1e-13);
    }

    #[test]
    fn hostile_input() {
        let sharpe = into(2).with_inner(ClusterObjective::MaximumSharpe);
        assert_eq!(sharpe.allocate(&pairs()).unwrap_err().kind(), ErrorKind::InvalidInput);
        for bad in [vec![0.1; 3], vec![0.1, f64::NAN, 0.1, 0.1]] {
            let error = sharpe.clone().with_expected_returns(bad).allocate(&pairs()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
        let error = sharpe.with_expected_returns([0.1, 0.1, -0.1, -0.2]).allocate(&pairs()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Infeasible);
        assert!(error.to_string().contains("[2, 3]"), "{error}");
        // Within ±1 and yet no covariance.
        let rho = array![[1.0, -0.9, -0.9], [-0.9, 1.0, -0.9], [-0.9, -0.9, 1.0]];
        assert_eq!(into(1).allocate(&Covariance::new(rho).unwrap()).unwrap_err().kind(), ErrorKind::Numerical);
        let same = Covariance::new(Array2::from_elem((3, 3), 0.04)).unwrap();
        for clusters in 1..4 {
            close(into(clusters).allocate(&same).unwrap().weights.net(), 1.0, 1e-14);
        }
        let one = Covariance::new(array![[0.04]]).unwrap();
        assert_eq!(NestedClusteredOptimization::default().allocate(&one).unwrap().weights.view()[0], 1.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn laws(covariance in covariances(1..9), share in 0.0_f64..1.0, seed in any::<u64>(), power in -20_i32..20) {
            let method = into(1 + (share * covariance.len() as f64) as usize);
            let portfolio = method.allocate(&covariance).unwrap();
            let weights = portfolio.weights.view();
            prop_assert!(weights.iter().all(|w| *w >= 0.0));
            prop_assert!((portfolio.weights.net() - 1.0).abs() < 1e-12);
            let (turned, places) = relabelled(&covariance, seed);
            let turned = method.allocate(&turned).unwrap();
            let scaled = Covariance::new(covariance.view().to_owned() * 4.0_f64.powi(power)).unwrap();
            let scaled = method.allocate(&scaled).unwrap();
            for (asset, &place) in places.iter().enumerate() {
                prop_assert!((weights[asset] - turned.weights.view()[place]).abs() < 1e-8);
                prop_assert!((weights[asset] - scaled.weights.view()[asset]).abs() < 1e-8);
            }
            let least = into(1).allocate(&covariance).unwrap().variance;
            prop_assert!(least <= portfolio.variance * (1.0 + 1e-10));
        }
    }
}
