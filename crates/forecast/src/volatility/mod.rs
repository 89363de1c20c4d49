//! Conditional volatility: the GARCH family, HAR, RiskMetrics, range estimators, blends with implied volatility.

mod contract_error;
pub mod har;
mod implied_blend;
mod range;
mod realised;
mod risk_metrics_2006;
mod term_structure;

use contract_error::contract_error;
pub use har::{Har, HarVolatility};
pub use implied_blend::{
    BlendEvidence, BlendForecast, BlendWeights, FittedBlend, ImpliedBlend, MincerZarnowitz, RiskPremium,
    implied_variance,
};
pub use range::{Bars, RangeEstimator, RangeVariance};
pub use realised::{KernelBandwidth, KernelVariance, RealisedKernel, bipower_variance, realised_variance};
pub use risk_metrics_2006::{RiskMetrics2006, RiskMetricsForecast, RiskMetricsStart};
pub use term_structure::{TermPoint, TermStructure};
