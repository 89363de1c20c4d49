//! Scores of forecasts against what happened, one number per observation, lower is better.
//!
//! Value at risk is scored by the quantile loss, value at risk and expected shortfall together by the
//! zero-degree joint loss, other quantiles and central intervals by the pinball loss and the interval score,
//! a whole predictive distribution by the continuous ranked probability score or its logarithmic density, one
//! of several quantities together by the energy score, and the probability of an event by the Brier score, which
//! comes apart into reliability, resolution and uncertainty. Each is smallest on average for the forecaster who knows the truth. The vectors go into
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

mod brier;
mod brier_skill;
mod crps;
mod energy;
mod interval;
mod joint;
mod log_score;
mod pinball;
mod probability_bins;
mod quantile;
mod reliability;

pub use brier::{BrierDecomposition, brier_decomposition, brier_score};
pub use brier_skill::{BrierSkill, brier_skill};
pub use crps::{EnsembleRule, crps_ensemble, crps_ensemble_each, crps_normal, crps_normal_each};
pub use energy::{energy_score, energy_score_each};
pub use interval::interval_score;
pub use joint::joint_loss;
pub use log_score::{log_score, log_score_ensemble, log_score_normal, log_score_student_t};
pub use pinball::pinball_loss;
pub use probability_bins::ProbabilityBins;
pub use quantile::quantile_loss;
pub use reliability::{ConsistencyInterval, ConsistencyLaw, ReliabilityBin, ReliabilityDiagram, reliability_diagram};

use ndarray::Array1;

use crate::{Error, Result};

/// Refuses scores that are too large for a floating-point number.
fn representable(name: &'static str, scores: Array1<f64>) -> Result<Array1<f64>> {
    if scores.iter().all(|score| score.is_finite()) { Ok(scores) } else { Err(Error::Overflow { name }) }
}
