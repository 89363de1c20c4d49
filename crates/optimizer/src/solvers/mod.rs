//! How the programs of this crate are solved.

pub(crate) mod active_set;

pub use active_set::{ActiveSet, Activity};
