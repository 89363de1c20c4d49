//! Methods that exploit the structure of one kind of program.

pub(crate) mod active_set;
pub(crate) mod hinge;

pub use active_set::{ActiveSet, Activity};
