//! Hierarchical risk parity.

use alluse_risk_core::Covariance;
use serde::{Deserialize, Serialize};

use super::bounds::WeightBounds;
use super::cluster_risk::{ClusterRisk, InverseVariance};
use super::leaf_order::{Branch, branches};
use super::portfolio::{Clustering, HierarchicalPortfolio};
use super::split::{Split, bounded, capital};
use crate::Result;

/// Where the ordered list of assets is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bisection {
    /// After `⌊length/2⌋` assets, whatever the tree: the paper's.
    #[default]
    HalfOfList,
    /// Between the two children of each cluster of the tree.
    Dendrogram,
}

/// Hierarchical risk parity (López de Prado 2016).
///
/// Assets are put in the order of the leaves of a tree; the list is divided again and again, and at each division
///
/// ```text
/// left share = V_right / (V_left + V_right)
/// ```
///
/// with `V` the variance of a part in inverse-variance weights. No matrix is inverted.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `clustering` | the paper's | the tree: distance, linkage, leaf order |
/// | `bisection` | half of the list | where the list is divided |
/// | `cluster_risk` | variance | what two parts are compared by |
/// | `bounds` | none | limits of each weight, kept at every division |
///
/// Half of the list depends on which child of a cluster stands left, and in SciPy's order that is the one with the
/// smaller number: the same assets in another order may hold other weights. [`Bisection::Dendrogram`] does not depend
/// on it.
///
/// Most libraries cluster on the correlation distance itself and so hold other weights than the paper;
/// [`Distance::Correlation`](super::Distance::Correlation) agrees with PyPortfolioOpt, with
/// [`LeafOrder::ScipyOptimal`](super::LeafOrder::ScipyOptimal) also with skfolio and Riskfolio-Lib.
///
/// ```
/// use alluse_optimizer::hierarchical::HierarchicalRiskParity;
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// // Two assets: inverse variance, whatever their correlation.
/// let covariance = Covariance::new(array![[0.01, 0.01], [0.01, 0.04]])?;
/// let portfolio = HierarchicalRiskParity::default().allocate(&covariance)?;
/// assert!((portfolio.weights.view()[0] - 0.8).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HierarchicalRiskParity {
    clustering: Clustering,
    bisection: Bisection,
    cluster_risk: ClusterRisk,
    bounds: Option<WeightBounds>,
}

impl HierarchicalRiskParity {
    /// With another tree.
    #[must_use]
    pub fn with_clustering(mut self, clustering: Clustering) -> Self {
        self.clustering = clustering;
        self
    }

    /// With the list divided elsewhere.
    #[must_use]
    pub fn with_bisection(mut self, bisection: Bisection) -> Self {
        self.bisection = bisection;
        self
    }

    /// With parts compared by another risk.
    #[must_use]
    pub fn with_cluster_risk(mut self, cluster_risk: ClusterRisk) -> Self {
        self.cluster_risk = cluster_risk;
        self
    }

    /// With limits of each weight: at every division the share by risk or, where the limits of the assets in a part
    /// cannot hold that much or that little, the nearest they can.
    #[must_use]
    pub fn with_bounds(mut self, bounds: WeightBounds) -> Self {
        self.bounds = Some(bounds);
        self
    }

    /// The portfolio: weights not negative, sum 1.
    ///
    /// Definiteness is not checked as a whole, only what is used of it: correlations within ±1 and no negative
    /// variance of a part.
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input) for an asset without variance, a correlation beyond ±1, and bounds of
    ///   another number of assets.
    /// - [`Error::Undefined`](crate::Error::Undefined) when both sides of a division have no risk, or one a negative
    ///   variance.
    /// - [`Error::Infeasible`](crate::Error::Infeasible) when no weights within the bounds sum to 1.
    pub fn allocate(&self, covariance: &Covariance) -> Result<HierarchicalPortfolio> {
        let arrangement = self.clustering.arrange(covariance)?;
        let order = &arrangement.order;
        let branches = match self.bisection {
            Bisection::HalfOfList => halves(order.len()),
            Bisection::Dendrogram => branches(&arrangement.tree, order),
        };
        let variances = InverseVariance::new(covariance)?.beside(order, &branches)?;
        let split = |(branch, (left, right)): (&Branch, (f64, f64))| {
            Split::new(*branch, self.cluster_risk.of(left), self.cluster_risk.of(right))
        };
        let mut splits = branches.iter().zip(variances).map(split).collect::<Result<Vec<_>>>()?;
        let placed = match &self.bounds {
            None => capital(&splits, order.len()),
            Some(bounds) => bounded(&mut splits, order, bounds)?,
        };
        let mut weights = vec![0.0; order.len()];
        for (&asset, weight) in order.iter().zip(placed) {
            weights[asset] = weight;
        }
        HierarchicalPortfolio::new(covariance, arrangement, weights, Vec::new(), splits)
    }
}

/// A list halved until nothing is left to halve; parents before their children.
fn halves(n: usize) -> Vec<Branch> {
    let (mut open, mut branches) = (vec![(0, n)], Vec::with_capacity(n.saturating_sub(1)));
    while let Some((start, end)) = open.pop() {
        if end - start > 1 {
            let middle = start + (end - start) / 2;
            branches.push(Branch { start, middle, end });
            open.extend([(middle, end), (start, middle)]);
        }
    }
    branches
}

#[cfg(test)]
#[path = "hrp_tests.rs"]
mod tests;
