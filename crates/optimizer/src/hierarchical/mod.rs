//! Portfolios from a tree of clusters.
//!
//! | method | within a cluster | between clusters |
//! |---|---|---|
//! | [`HierarchicalRiskParity`] | inverse variance | split by variance, again and again along the ordered list |
//! | [`HierarchicalEqualRiskContribution`] | inverse variance | split by the sum of cluster risks, down to a cut of the tree |
//! | [`NestedClusteredOptimization`] | an optimisation | another one on the clusters' portfolios |
//!
//! A tree is a [`Clustering`]: a [`Distance`], a [`Linkage`] and a [`LeafOrder`], in SciPy's conventions down to the
//! numbering of clusters and the treatment of ties. Every method explains itself in a [`HierarchicalPortfolio`]: the
//! tree, the order, clusters, every split of capital and what each asset adds to the variance. A
//! [`HierarchicalAllocator`] runs a method on a history.
//!
//! ```
//! use alluse_optimizer::hierarchical::{Clustering, Distance, HierarchicalRiskParity};
//! use alluse_risk_core::Covariance;
//! use ndarray::array;
//!
//! let covariance = Covariance::new(array![
//!     [0.04, 0.03, 0.00],
//!     [0.03, 0.04, 0.00],
//!     [0.00, 0.00, 0.04]
//! ])?;
//! let clustering = Clustering::default().with_distance(Distance::Correlation);
//! let portfolio = HierarchicalRiskParity::default().with_clustering(clustering).allocate(&covariance)?;
//! // The list is 2, 0, 1; its first half is asset 2 alone, beside a pair with variance 0.035.
//! assert_eq!(portfolio.order, [2, 0, 1]);
//! assert!((portfolio.weights.view()[2] - 0.035 / 0.075).abs() < 1e-15);
//! assert!((portfolio.splits[0].right_risk - 0.035).abs() < 1e-15);
//! # Ok::<(), alluse_optimizer::Error>(())
//! ```

mod allocator;
mod bounds;
mod cluster_count;
mod cluster_risk;
mod dendrogram;
mod dispersion;
mod distance;
mod gap;
mod herc;
mod hrp;
mod leaf_order;
mod linkage;
mod nco;
mod objective;
mod portfolio;
mod split;
#[cfg(test)]
mod test_data;

pub use allocator::{HierarchicalAllocator, HierarchicalMethod};
pub use bounds::WeightBounds;
pub use cluster_count::ClusterCount;
pub use cluster_risk::ClusterRisk;
pub use dendrogram::{Dendrogram, Merge};
pub use distance::{Distance, DistanceMatrix};
pub use gap::{GapEstimate, GapRule, GapStatistic};
pub use herc::HierarchicalEqualRiskContribution;
pub use hrp::{Bisection, HierarchicalRiskParity};
pub use leaf_order::LeafOrder;
pub use linkage::Linkage;
pub use nco::NestedClusteredOptimization;
pub use objective::ClusterObjective;
pub use portfolio::{Arrangement, Cluster, Clustering, HierarchicalPortfolio};
pub use split::Split;
