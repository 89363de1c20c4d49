//! Labels on any axis: what positions, trades, return streams and dates are grouped by.
//!
//! An axis is user data (`account`, `strategy`, `sector`, `week_type` …); nothing in the libraries
//! knows one by name.

mod dates;
mod table;
mod tree;

pub use dates::DateLabels;
pub use table::{Group, LabelSelector, LabelTable, UNLABELLED};
pub use tree::GroupNode;
