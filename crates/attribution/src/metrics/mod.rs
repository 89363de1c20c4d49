//! Metrics of one return series.
//!
//! A [`Performance`] holds the returns and the statistics that metrics share, each computed once when first asked
//! for; the metrics are its methods. The [`Metric`] catalogue says of each what it is, and
//! [`Performance::table`] computes all of them under one set of [`Conventions`].

mod catalogue;
mod central;
mod dependence;
mod depths;
mod downside;
mod drawdown_ratios;
mod ends;
mod fluctuation;
mod gains;
mod growth;
mod lanes;
mod performance;
mod ratio;
mod shape;
mod sharpe;
mod sides;
mod smoothing;
mod tails;
mod volatility;
mod wins;

pub use catalogue::{Conventions, Definition, Metric, MetricValue, Unit};
pub use dependence::{LjungBox, SmoothingSignal, ThetaSmoothing};
pub use downside::{Downside, SortinoScale, VolatilitySkewness};
pub use drawdown_ratios::{BurkeEpisodes, BurkeScale, MartinNumerator, RecoveryNumerator};
pub use gains::GainsAndLosses;
pub use growth::Compounding;
pub use performance::Performance;
pub use shape::ExposureShare;
pub use sharpe::{Autocorrelation, ModifiedRisk, Sharpe};
pub use smoothing::Smoothing;
pub use tails::RachevTails;
pub use wins::{Kelly, Outcome, Zeros};
