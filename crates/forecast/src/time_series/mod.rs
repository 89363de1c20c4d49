//! Levels and growth: ARIMA, exponential smoothing, Theta, and tests of what a series is.

mod arima;
mod combination;
mod exponential_smoothing;
mod growth;
mod information;
mod levels;
mod seasonal;
mod selection;
mod shocks;
mod theta;

pub use arima::{Arima, ArimaCertificate, ArimaParameters, ArimaStandardErrors, Constant, FilteredArima, FittedArima};
pub use combination::Combination;
pub use exponential_smoothing::{
    ErrorTerm, ExponentialSmoothing, FilteredSmoothing, FittedSmoothing, Season, SmoothingCertificate,
    SmoothingParameters, SmoothingState, Trend,
};
pub use growth::GrowthPaths;
pub use information::Criteria;
pub use levels::{FittedLevels, LevelModel};
pub use selection::{AutoArima, AutoExponentialSmoothing, Outcome, Selected, Tried};
pub use shocks::Shocks;
pub use theta::{FittedTheta, Theta};

pub mod diagnostics;
#[cfg(test)]
mod samples;
