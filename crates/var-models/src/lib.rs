//! Value-at-risk and expected-shortfall models: predictive loss distributions and how their risk splits.
//!
//! ```
//! use alluse_risk_core::{Confidence, Horizon, LossDistribution};
//! use alluse_var_models::NormalLoss;
//!
//! let loss = NormalLoss::new(0.0, 1_000.0, Horizon::DAY)?;
//! assert!((loss.value_at_risk(Confidence::P99)?.value - 2_326.35).abs() < 0.01);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Losses are positive. Every answer is an [`Estimate`](alluse_risk_core::Estimate) with its horizon, error
//! and coverage. A model fitted to one-day returns refuses a longer horizon unless a rule is named.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod age_weighted;
mod assessment;
pub mod backtest;
mod combination;
mod concentration;
mod conditional;
mod cornish_fisher;
mod correlation_regimes;
mod correlation_risk;
mod decomposition;
#[cfg(feature = "linalg")]
mod delta_gamma;
mod delta_normal;
#[cfg(feature = "linalg")]
mod effective_bets;
mod empirical;
mod error;
mod extreme;
mod filtered;
mod full_revaluation;
mod historical;
mod horizon;
mod kernel;
mod linear;
mod liquidity;
#[cfg(feature = "linalg")]
mod monte_carlo;
mod normal;
mod rolling;
mod skewed_t;
mod small_matrix;
mod spectral;
mod student_t;
mod student_t_fit;
mod student_t_law;
mod table;
#[cfg(feature = "linalg")]
mod turbulence;
mod volatility_weighted;
mod weights;

pub use age_weighted::AgeWeighted;
pub use assessment::{
    AssessmentNode, Composite, CompositePart, CompositeScale, RiskAssessment, RiskFigure, RiskKind, RiskUnit,
};
pub use combination::{Combination, CombinedForecasts, CombinedLoss, CombinedModel};
pub use concentration::{Concentration, ConcentrationBasis, DiversificationRatio, diversification_ratio};
pub use conditional::{Conditional, Innovations};
pub use cornish_fisher::{CornishFisherLoss, ParametricCornishFisher};
pub use correlation_regimes::{CorrelationInterval, CorrelationRegimes, RegimeCorrelation, RegimeCorrelations};
pub use correlation_risk::{
    AbsorptionRatio, AverageCorrelation, CorrelationSensitivity, absorption_ratio, average_correlation,
    correlation_sensitivity,
};
pub use decomposition::{Contribution, Decomposition, VarAllocation, contributions};
#[cfg(feature = "linalg")]
pub use delta_gamma::{DeltaGamma, DeltaGammaLoss, DeltaGammaMethod};
pub use delta_normal::{ComponentVar, DeltaNormal};
#[cfg(feature = "linalg")]
pub use effective_bets::{BetFactors, EffectiveBets, MinimumTorsion, effective_bets, minimum_torsion};
pub use empirical::EmpiricalLoss;
pub use error::{Error, Result};
pub use extreme::{
    ConditionalPeaksOverThreshold, GeneralizedExtremeValue, GeneralizedExtremeValueFit, GeneralizedPareto,
    GeneralizedParetoFit, Hill, MeanExcess, ParetoTail, ParetoTailFit, PeaksOverThreshold, PeaksOverThresholdLoss,
    TailThreshold, ThresholdFit, hill_plot, mean_excesses, parameter_stability,
};
pub use filtered::{FilterScope, FilteredHistorical, FilteredScenarios, Residuals, ScenarioFilter};
pub use full_revaluation::{BookSource, FullRevaluation};
pub use historical::Historical;
pub use horizon::HorizonRule;
pub use kernel::{Bandwidth, KernelHistorical, KernelLoss};
pub use linear::{LinearBook, LinearComponents};
pub use liquidity::{
    BookLiquidity, EndogenousLiquidity, LiquidPosition, LiquidityAdjusted, PositionLiquidity, PriceRiskForm,
    liquidity_horizon_shortfall,
};
#[cfg(feature = "linalg")]
pub use monte_carlo::{
    Drift, EmpiricalMarginal, FactorLaw, FactorModel, FactorPnl, FittedMarginal, LinearPnl, Marginal, MarginalKind,
    MonteCarlo, MonteCarloScenarios, MultiDay, Randomisation, Reduction, Sampling, SimulatedLoss, Simulation,
};
pub use normal::{NormalLoss, ParametricNormal};
pub use rolling::{
    Asked, ForecastRecord, ForecastSummary, LevelForecasts, MissingForecast, Rolling, RollingProgress, Window,
};
pub use skewed_t::{ParametricSkewedT, SkewedTFit, SkewedTLoss};
pub use student_t::{ParametricStudentT, StudentTLoss};
pub use student_t_fit::{DegreesOfFreedomBound, StudentTFit};
pub use table::{TailTable, tail_table};
#[cfg(feature = "linalg")]
pub use turbulence::{FittedTurbulence, TurbulenceScore};
pub use volatility_weighted::VolatilityWeighted;
