//! Trust as a scored record: how far a model may be relied on follows from what its forecasts were worth.
//!
//! [`TrustRule`] turns the losses of a model and of a naive competitor into a [`TrustLevel`], [`TrustLimit`] turns that
//! into a multiplier of a limit that falls at once and rises slowly, and [`ForecastPool`] mixes the forecasts of many
//! models with weights that follow their losses.
//!
//! ```
//! use alluse_forecast::trust::{TrustLimit, TrustRule};
//! use ndarray::Array1;
//!
//! let rule = TrustRule::default().with_min_effective(10);
//! let naive = Array1::from_shape_fn(40, |t| 1.0 + 0.1 * (t % 3) as f64);
//! let model = Array1::from_shape_fn(40, |t| 0.8 + 0.1 * (t % 4) as f64);
//! let trust = rule.assess(model.view(), naive.view(), 0, 40)?;
//! let mut limit = TrustLimit::new(0.25, 1.0, 0.1)?;
//! assert_eq!(limit.multiplier(), 0.25);
//! assert_eq!(limit.update(&trust)?, 0.35); // earned more, rises by a step
//! // Nine forecasts are no record: back to the floor at once.
//! let few = rule.assess(model.slice(ndarray::s![..9]), naive.slice(ndarray::s![..9]), 0, 9)?;
//! assert_eq!(limit.update(&few)?, 0.25);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod level;
mod limit;
mod pool;
#[cfg(test)]
mod tests;

pub use level::{TrustLevel, TrustRule};
pub use limit::TrustLimit;
pub use pool::{ForecastPool, PoolLoss, PoolRound};
