//! Correlations that change: constant and dynamic conditional correlation of many series.
//!
//! Every series has a volatility model of its own; what is left, the standardised returns, has a correlation that
//! moves with the products of yesterday's. Two numbers govern all pairs, so that hundreds of series can be fitted.
//!
//! ```
//! use alluse_forecast::correlation::DynamicCorrelation;
//! use alluse_risk_core::streams::Streams;
//! use alluse_risk_core::volatility::EwmaVolatility;
//!
//! let returns = 0.01 * Streams::new(5).standard_normals(500, 3);
//! let fitted = DynamicCorrelation::new(EwmaVolatility::default()).fit(returns.view())?;
//! let tomorrow = fitted.forecast_covariance(1)?;
//! assert_eq!(tomorrow.len(), 3);
//! assert!(fitted.news() + fitted.decay() < 1.0);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod fitted;
mod likelihood;
mod model;
#[cfg(test)]
mod tests;

pub use fitted::{CorrelationErrors, CorrelationShocks, FittedCorrelation};
pub use likelihood::CorrelationLikelihood;
pub use model::{CorrelationDynamics, DynamicCorrelation};
