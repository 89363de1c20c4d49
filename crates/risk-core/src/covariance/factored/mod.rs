//! The covariance of a factor model, kept in its factors.

mod estimate;
mod floor;
mod inverse;
mod model;
mod regression;
mod statistical;

pub use estimate::{FactorRegressionEstimate, StatisticalFactorEstimate};
pub use floor::ResidualFloor;
pub use inverse::FactorInverse;
pub use model::{FactorCovariance, FactorRisk};
pub use regression::{FactorRegression, ResidualDdof};
pub use statistical::{FactorScaling, StatisticalFactors};

#[cfg(test)]
mod tests;
