//! Portfolios from a tree of clusters, without inverting the covariance.

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
