//! Standardised laws of the shocks: normal, Student t, skewed t, generalised error.
//!
//! Every law has mean 0 and variance 1, so that a volatility keeps its meaning whatever the law.
//!
//! ```
//! use alluse_forecast::innovations::InnovationLaw;
//!
//! let law = InnovationLaw::StudentT { degrees_of_freedom: 5.0 };
//! assert!(law.quantile(0.001)? < -4.5); // normal: -3.09
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod expectation;
mod family;
mod kernel;
mod law;
#[cfg(test)]
mod tests;

pub use family::Innovations;
pub(crate) use family::MOST_DEGREES;
pub(crate) use kernel::{Kernel, LogProduct, Skewed, Student, log_of_product, normal_log_densities};
pub use law::InnovationLaw;
