//! Portfolios from a tree of clusters, without inverting the covariance.

mod bounds;
mod cluster_risk;
mod dendrogram;
mod distance;
mod hrp;
mod leaf_order;
mod linkage;
mod portfolio;
mod split;
#[cfg(test)]
mod test_data;

pub use bounds::WeightBounds;
pub use cluster_risk::ClusterRisk;
pub use dendrogram::{Dendrogram, Merge};
pub use distance::{Distance, DistanceMatrix};
pub use hrp::{Bisection, HierarchicalRiskParity};
pub use leaf_order::LeafOrder;
pub use linkage::Linkage;
pub use portfolio::{Arrangement, Cluster, Clustering, HierarchicalPortfolio};
pub use split::Split;
