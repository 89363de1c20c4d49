//! Scores of forecasts against what happened, one number per observation, lower is better.
//!
//! Value at risk is scored by the quantile loss, value at risk and expected shortfall together by the
//! zero-degree joint loss, and a whole predictive distribution by the continuous ranked probability
//! score. Each is smallest on average for the forecaster who knows the truth. The vectors go into
//! [`moments::mean`](crate::moments::mean) for the usual average and into
//! [`inference`](crate::inference) to ask whether a difference is more than luck.
//!
//! ```
//! use alluse_risk_core::{Confidence, moments, scores};
//! use ndarray::array;
//!
//! let returns = array![0.01, -0.03, 0.005, -0.01];
//! let value_at_risk = array![0.02, 0.02, 0.02, 0.02];
//! let losses = scores::quantile_loss(returns.view(), value_at_risk.view(), Confidence::P95)?;
//! // Only the second day is beyond the forecast, by 0.01, and pays 95 % of it.
//! assert!((losses[1] - 0.0095).abs() < 1e-15);
//! assert!((moments::mean(losses.view())? - 0.0031875).abs() < 1e-15);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod crps;
mod joint;
mod quantile;

pub use crps::{EnsembleRule, crps_ensemble, crps_ensemble_each, crps_normal, crps_normal_each};
pub use joint::joint_loss;
pub use quantile::quantile_loss;

use ndarray::Array1;

use crate::{Error, Result};

/// Refuses scores that are too large for a floating-point number.
fn representable(name: &'static str, scores: Array1<f64>) -> Result<Array1<f64>> {
    if scores.iter().all(|score| score.is_finite()) { Ok(scores) } else { Err(Error::Overflow { name }) }
}
