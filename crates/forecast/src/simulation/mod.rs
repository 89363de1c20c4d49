//! Simulated futures of returns and of option books, from one day to one year.

pub mod book;
mod model;
mod return_paths;

pub use model::{FittedPaths, PathModel};
pub use return_paths::ReturnPaths;
