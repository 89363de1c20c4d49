//! Conditional volatility: the GARCH family, HAR, RiskMetrics, range estimators, blends with implied volatility.
//!
//! ```
//! use alluse_forecast::innovations::Innovations;
//! use alluse_forecast::volatility::Garch;
//! use alluse_risk_core::streams::Streams;
//!
//! let returns = 0.01 * &Streams::new(2).standard_normals(1_000, 1).column(0);
//! let fitted = Garch::gjr(1, 1, 1).with_innovations(Innovations::StudentT).estimate(returns.view())?;
//! let ahead = fitted.forecast(21)?; // expected variance of each of the next 21 days
//! assert!((ahead[20].sqrt() - 0.01).abs() < 0.002);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

pub mod garch;
pub mod har;
mod implied_blend;
mod range;
mod realised;
mod risk_metrics_2006;
mod term_structure;

pub use garch::{FittedGarch, Garch, GarchParameters};
pub use har::{Har, HarVolatility};
pub use implied_blend::{
    BlendEvidence, BlendForecast, BlendWeights, FittedBlend, ImpliedBlend, RiskPremium, implied_variance,
};
pub use range::{Bars, RangeEstimator, RangeVariance};
pub use realised::{KernelBandwidth, KernelVariance, RealisedKernel, bipower_variance, realised_variance};
pub use risk_metrics_2006::{RiskMetrics2006, RiskMetricsForecast, RiskMetricsStart};
pub use term_structure::{TermPoint, TermStructure};
