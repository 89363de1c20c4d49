//! Portfolios from a tree of clusters, without inverting the covariance.

mod dendrogram;
mod distance;
mod leaf_order;
mod linkage;

pub use dendrogram::{Dendrogram, Merge};
pub use distance::{Distance, DistanceMatrix};
pub use leaf_order::LeafOrder;
pub use linkage::Linkage;
