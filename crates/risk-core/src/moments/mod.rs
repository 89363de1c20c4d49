//! Moments of a series: exact definitions, stable arithmetic, and a refusal where a moment does not exist.
//!
//! Batch functions make two compensated passes; [`RunningMoments`] takes observations one at a time and
//! merges. Kurtosis is raw in [`kurtosis`] and less 3 in [`excess_kurtosis`]; the [`MomentEstimator`]
//! names which of the three estimators in use is meant.
//!
//! ```
//! use alluse_risk_core::moments::{self, MomentEstimator};
//! use ndarray::array;
//!
//! let returns = array![0.01, -0.02, 0.03, 0.00, -0.01];
//! assert!((moments::mean(returns.view())? - 0.002).abs() < 1e-17);
//! assert!((moments::variance(returns.view(), 1)? - 0.00037).abs() < 1e-17);
//! assert!(moments::skewness(returns.view(), MomentEstimator::Population)? > 0.0);
//! // One observation has no sample variance, and that is an error, not NaN.
//! assert!(moments::variance(array![0.01].view(), 1).is_err());
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod central;
mod comoment;
mod l_moments;
mod partial;
mod running;
mod standardised;

pub use crate::measures::{QuantileRule, quantile};
pub use central::{Root, central_moment, mean, standard_deviation, variance};
pub use comoment::{Normalisation, comoment};
pub use l_moments::{LMoments, l_moments};
pub use partial::{Divisor, PartialMoment, Side, Target, partial_moment};
pub use running::RunningMoments;
pub use standardised::{JarqueBera, MomentEstimator, excess_kurtosis, jarque_bera, kurtosis, skewness};
