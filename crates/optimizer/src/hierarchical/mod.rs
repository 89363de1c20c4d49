//! Portfolios from a tree of clusters, without inverting the covariance.

mod dendrogram;
mod distance;
mod linkage;

pub use dendrogram::{Dendrogram, Merge};
pub use distance::{Distance, DistanceMatrix};
pub use linkage::Linkage;
