//! Simple rules that an optimised portfolio has to beat.
//!
//! ```
//! use alluse_optimizer::{RiskModel, baseline};
//! use alluse_risk_core::Covariance;
//! use ndarray::array;
//!
//! let model = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.16]])?);
//! let weights = baseline::inverse_volatility(&model)?;
//! assert!((weights.view()[0] - 2.0 / 3.0).abs() < 1e-15);
//! # Ok::<(), alluse_optimizer::Error>(())
//! ```

mod allocator;
mod entropy;
mod fill;
mod inverse;
mod minimum_correlation;
#[cfg(test)]
mod tests;

pub use allocator::{EstimatedAllocator, WeightRule};
pub use entropy::{EntropySolution, GroupLimit, MaximumEntropy};
pub use inverse::{inverse_variance, inverse_volatility, proportional};
pub use minimum_correlation::minimum_correlation;
