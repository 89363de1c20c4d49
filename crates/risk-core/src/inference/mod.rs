//! Whether a difference is more than luck: forecast comparison, dependence-robust errors, many tests at once.
//!
//! ```
//! use alluse_risk_core::inference::{DieboldMariano, PointLoss, point_losses};
//! use ndarray::array;
//!
//! let actual = array![1.0, 2.0, 1.5, 0.5, 1.0, 2.5];
//! let mean = array![1.4, 1.4, 1.4, 1.4, 1.4, 1.4];
//! let naive = array![2.0, 1.0, 2.0, 1.5, 0.5, 1.0];
//! let a = point_losses(actual.view(), mean.view(), PointLoss::Squared)?;
//! let b = point_losses(actual.view(), naive.view(), PointLoss::Squared)?;
//! let test = DieboldMariano::default().compare(a.view(), b.view())?;
//! assert!(test.mean_differential < 0.0); // the mean loses less
//! assert!(test.p_value < 0.1);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod autocovariance;
mod block_means;
mod confidence_set;
mod diebold_mariano;
mod direction;
mod long_run;
mod multiple;
mod point_loss;

pub use confidence_set::{Elimination, ModelConfidenceSet, model_confidence_set};
pub use diebold_mariano::{DieboldMariano, DieboldMarianoTest, SmallSample, VarianceKernel};
pub use direction::{DirectionCounts, PesaranTimmermannTest, pesaran_timmermann};
pub use long_run::{BartlettLags, LongRunMean, long_run_mean};
pub use multiple::{benjamini_hochberg, holm};
pub use point_loss::{PointLoss, point_losses};
