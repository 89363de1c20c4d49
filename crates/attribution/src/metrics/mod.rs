//! Metrics of one return series.
//!
//! A [`Performance`] holds the returns and the statistics that metrics share, each computed once when first asked
//! for; the metrics are its methods.

mod gains;
mod performance;

pub use gains::GainsAndLosses;
pub use performance::Performance;
