//! How the programs of this crate are solved.

pub(crate) mod active_set;

pub use active_set::{ActiveSet, Activity};
//! Methods that exploit the structure of one kind of program.
#[allow(dead_code, reason = "the portfolio problem calls it")]
pub(crate) mod hinge;
