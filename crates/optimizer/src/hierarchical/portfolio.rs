//! The tree behind a portfolio, and the portfolio with everything that led to it.

use alluse_risk_core::{AssetId, Covariance, Weights, linalg};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::dendrogram::Dendrogram;
use super::distance::{Distance, DistanceMatrix};
use super::leaf_order::LeafOrder;
use super::linkage::Linkage;
use super::split::Split;
use crate::Result;

/// How assets are arranged in a tree.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `distance` | Euclidean of correlation distance | what is clustered |
/// | `linkage` | single | how far apart clusters are |
/// | `leaf_order` | SciPy's | which child stands left |
///
/// The defaults are those of López de Prado (2016).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Clustering {
    /// What is clustered.
    pub distance: Distance,
    /// How far apart clusters are.
    pub linkage: Linkage,
    /// Which child stands left.
    pub leaf_order: LeafOrder,
}

impl Clustering {
    /// With another distance.
    #[must_use]
    pub fn with_distance(mut self, distance: Distance) -> Self {
        self.distance = distance;
        self
    }

    /// With another linkage.
    #[must_use]
    pub fn with_linkage(mut self, linkage: Linkage) -> Self {
        self.linkage = linkage;
        self
    }

    /// With another order of the leaves.
    #[must_use]
    pub fn with_leaf_order(mut self, leaf_order: LeafOrder) -> Self {
        self.leaf_order = leaf_order;
        self
    }

    /// The tree of the assets of a covariance.
    ///
    /// # Errors
    /// Those of [`DistanceMatrix::of`].
    pub fn arrange(&self, covariance: &Covariance) -> Result<Arrangement> {
        let distances = DistanceMatrix::of(covariance, self.distance)?;
        let tree = self.linkage.cluster(&distances);
        let order = self.leaf_order.order(&tree, &distances)?;
        Ok(Arrangement { distances, tree, order })
    }
}

/// Assets in a tree.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Arrangement {
    /// The distances that were clustered.
    pub distances: DistanceMatrix,
    /// The tree.
    pub tree: Dendrogram,
    /// The assets from left to right.
    pub order: Vec<usize>,
}

impl Arrangement {
    /// The groups of a cut, along the order; members ascending.
    pub(super) fn groups(&self, clusters: usize) -> Result<Vec<Vec<usize>>> {
        let mut place = vec![0; self.order.len()];
        for (at, &asset) in self.order.iter().enumerate() {
            place[asset] = at;
        }
        let mut groups = self.tree.cut(clusters)?;
        groups.sort_by_key(|members| members.iter().map(|&asset| place[asset]).min());
        Ok(groups)
    }
}

/// A group of assets that the cut of a tree leaves together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cluster {
    /// Its assets, ascending.
    pub members: Vec<usize>,
    /// Their weights within the cluster, sum 1.
    pub weights_within: Vec<f64>,
    /// The variance of those weights.
    pub variance: f64,
    /// What the cluster as a whole weighs in the portfolio.
    pub weight: f64,
}

/// Weights from a tree of clusters, and how they came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HierarchicalPortfolio {
    /// The names of the assets, where the covariance had them.
    pub assets: Option<Vec<AssetId>>,
    /// One weight an asset, sum 1.
    pub weights: Weights,
    /// The assets from left to right along the tree.
    pub order: Vec<usize>,
    /// The tree.
    pub tree: Dendrogram,
    /// The groups of the cut, from left to right; none in a method that does not cut.
    pub clusters: Vec<Cluster>,
    /// Every division of capital along the list, from the top; none in a method that does not divide.
    pub splits: Vec<Split>,
    /// `w'Σw`, per period.
    pub variance: f64,
    /// `wᵢ (Σw)ᵢ`: what each asset adds to the variance; their sum is the variance.
    pub variance_contributions: Vec<f64>,
}

impl HierarchicalPortfolio {
    pub(super) fn new(
        covariance: &Covariance,
        arrangement: Arrangement,
        weights: Vec<f64>,
        clusters: Vec<Cluster>,
        splits: Vec<Split>,
    ) -> Result<Self> {
        let weights = Weights::new(weights)?;
        let contributions: Array1<f64> = &weights.view() * &linalg::matvec(covariance.view(), weights.view())?;
        Ok(Self {
            assets: covariance.assets().map(<[AssetId]>::to_vec),
            variance: covariance.variance_of(weights.view())?,
            weights,
            order: arrangement.order,
            tree: arrangement.tree,
            clusters,
            splits,
            variance_contributions: contributions.to_vec(),
        })
    }
}
