//! Whether a difference is more than luck: forecast comparison, dependence-robust errors, many tests
//! at once, and whether a strategy's record is skill: Sharpe ratios, their differences, overfitting.
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
mod berkowitz;
mod block_length;
mod block_means;
mod circular;
mod clark_west;
mod confidence_set;
mod diebold_mariano;
mod difference;
mod direction;
mod direction_regression;
mod hac;
mod kolmogorov;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod least_squares;
mod long_run;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod mincer_zarnowitz;
mod multiple;
mod overfitting;
mod paired;
mod point_loss;
mod relative_performance;
mod sharpe;
mod step_m;
mod student;
mod superior_ability;
mod trials;
mod uniformity;

pub use berkowitz::{BerkowitzTest, berkowitz};
pub use block_length::{OptimalBlockLength, optimal_block_length};
pub use clark_west::{ClarkWestTest, clark_west};
pub use confidence_set::{
    Elimination, ModelConfidenceSet, SetStatistic, model_confidence_set, model_confidence_set_by,
};
pub use diebold_mariano::{DieboldMariano, DieboldMarianoTest, SmallSample, VarianceKernel};
pub use difference::{ComparedStatistic, Difference, DifferenceMethod, DifferenceTest};
pub use direction::{DirectionCounts, PesaranTimmermannTest, pesaran_timmermann};
pub use direction_regression::{DirectionRegression, direction_regression};
pub use hac::{Bandwidth, Hac, HacKernel, Prewhitening};
#[cfg(any(feature = "linalg", feature = "lapack"))]
pub use least_squares::{Intercept, LeastSquares, Regression, RegressionSummary, StandardErrors, WaldTest};
pub use long_run::{BartlettLags, LongRunMean, long_run_mean};
#[cfg(any(feature = "linalg", feature = "lapack"))]
pub use mincer_zarnowitz::{MincerZarnowitz, mincer_zarnowitz};
pub use multiple::{benjamini_hochberg, holm};
pub use overfitting::{Overfitting, SelectedBy, overfitting_probability};
pub use paired::{PairedDifference, paired_bootstrap};
pub use point_loss::{PointLoss, point_losses};
pub use sharpe::{DeflatedSharpe, SharpeRatio};
pub use step_m::{StepM, step_m};
pub use student::StudentEstimate;
pub use superior_ability::{SuperiorPredictiveAbility, SuperiorityPValues, superior_predictive_ability};
pub use trials::{EffectiveTrials, effective_trials, expected_maximum_sharpe};
pub use uniformity::{KolmogorovSmirnovTest, distance_from_uniform, kolmogorov_smirnov};
