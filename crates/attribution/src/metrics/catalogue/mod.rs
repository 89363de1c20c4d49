//! The catalogue: every metric of one series with its definition, and all of them as one table.

mod conventions;
mod metric;
mod table;
#[cfg(test)]
mod tests;

pub use conventions::Conventions;
pub use metric::{Definition, Metric, Unit};
pub use table::MetricValue;
