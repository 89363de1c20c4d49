//! What is to be made as small or as large as possible.

use std::fmt;

use alluse_risk_core::Weights;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::RiskMeasure;
use crate::RiskModel;

/// What a tracking error is measured against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Benchmark {
    /// A portfolio of the same assets: `√((w − b)'Σ(w − b))`.
    Weights(Weights),
    /// A return series, one a scenario: the sample standard deviation (divisor `n − 1`) of the difference.
    Returns(Vec<f64>),
}

/// How wrong the expected returns may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanUncertainty {
    /// Each by so much: costs `Σ dᵢ|wᵢ|`.
    Box(Vec<f64>),
    /// Jointly within `κ` standard errors, errors independent: costs `κ √(Σ (eᵢwᵢ)²)`.
    IndependentErrors {
        /// Standard error of each expected return.
        standard_errors: Vec<f64>,
        /// Radius; `κ² = χ²_N` quantile for a joint confidence.
        radius: f64,
    },
    /// Jointly within `κ` in the metric of a covariance of errors: costs `κ √(w'Ew)`.
    Ellipsoid {
        /// `E`, such as Σ/T.
        error_covariance: Array2<f64>,
        /// `κ`.
        radius: f64,
    },
}

impl MeanUncertainty {
    /// Independent errors of the means of a sample: `κ √(Σ σᵢ²wᵢ² / n)`.
    #[must_use]
    pub fn of_sample(model: &RiskModel, observations: usize, radius: f64) -> Self {
        let root = (observations as f64).sqrt();
        let standard_errors = model.volatilities().iter().map(|volatility| volatility / root).collect();
        Self::IndependentErrors { standard_errors, radius }
    }
}

/// What to optimise. Costs are added to what is minimised and taken from what is maximised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Objective {
    /// The least of a risk.
    MinimiseRisk(RiskMeasure),
    /// The greatest expected return.
    MaximiseReturn,
    /// `μ'w − (γ/2) w'Σw`.
    MaximiseUtility {
        /// `γ`, not negative.
        risk_aversion: f64,
    },
    /// `μ'w − λ · risk(w)`.
    MaximiseMeanRisk {
        /// The risk.
        measure: RiskMeasure,
        /// `λ`, not negative.
        risk_aversion: f64,
    },
    /// `(μ'w − f) / risk(w)`: with [`RiskMeasure::Volatility`] the Sharpe ratio.
    MaximiseRatio {
        /// The risk; it must double with the weights.
        measure: RiskMeasure,
        /// `f`, per period.
        risk_free: f64,
    },
    /// `Σ wᵢσᵢ / √(w'Σw)` (Choueifaty and Coignard 2008).
    MaximiseDiversification,
    /// The least variance of the return over a benchmark's.
    MinimiseTrackingVariance(Benchmark),
    /// The utility under the worst expected returns of an uncertainty set.
    MaximiseRobustUtility {
        /// The set.
        uncertainty: MeanUncertainty,
        /// `γ`, not negative.
        risk_aversion: f64,
    },
    /// The mean of `log(1 + f + Σ wᵢ(rᵢ − f))` over the scenarios (Kelly).
    MaximiseLogGrowth {
        /// `f`, what cash earns per period.
        risk_free: f64,
    },
    /// `−Σ wᵢ log wᵢ`: the most even weights that the limits allow.
    MaximiseEntropy,
}

impl Objective {
    /// The Sharpe ratio over this rate per period.
    #[must_use]
    pub fn sharpe(risk_free: f64) -> Self {
        Self::MaximiseRatio { measure: RiskMeasure::Volatility, risk_free }
    }

    /// Whether larger is better.
    #[must_use]
    pub fn is_maximised(&self) -> bool {
        !matches!(self, Self::MinimiseRisk(_) | Self::MinimiseTrackingVariance(_))
    }

    /// The unit in which one period of it is measured.
    #[must_use]
    pub fn unit(&self) -> ObjectiveUnit {
        match self {
            Self::MinimiseRisk(measure) if measure.is_squared() => ObjectiveUnit::SquaredReturn,
            Self::MinimiseTrackingVariance(_) => ObjectiveUnit::SquaredReturn,
            Self::MaximiseRatio { .. } | Self::MaximiseDiversification | Self::MaximiseEntropy => ObjectiveUnit::Ratio,
            _ => ObjectiveUnit::Return,
        }
    }

    /// The risk it measures, where it measures one.
    #[must_use]
    pub(crate) fn measure(&self) -> Option<RiskMeasure> {
        match self {
            Self::MinimiseRisk(measure)
            | Self::MaximiseMeanRisk { measure, .. }
            | Self::MaximiseRatio { measure, .. } => Some(*measure),
            Self::MaximiseUtility { .. } | Self::MaximiseRobustUtility { .. } => Some(RiskMeasure::Variance),
            Self::MaximiseDiversification => Some(RiskMeasure::Volatility),
            Self::MinimiseTrackingVariance(Benchmark::Weights(_)) => Some(RiskMeasure::Variance),
            _ => None,
        }
    }
}

/// The unit of an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveUnit {
    /// A decimal return per period.
    Return,
    /// Squared returns per period.
    SquaredReturn,
    /// A pure number.
    Ratio,
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinimiseRisk(measure) => write!(f, "minimise {measure}"),
            Self::MaximiseReturn => write!(f, "maximise expected return"),
            Self::MaximiseUtility { risk_aversion } => write!(f, "maximise utility, risk aversion {risk_aversion}"),
            Self::MaximiseMeanRisk { measure, risk_aversion } => {
                write!(f, "maximise return less {risk_aversion} times {measure}")
            }
            Self::MaximiseRatio { measure, .. } => write!(f, "maximise excess return over {measure}"),
            Self::MaximiseDiversification => write!(f, "maximise the diversification ratio"),
            Self::MinimiseTrackingVariance(_) => write!(f, "minimise tracking error"),
            Self::MaximiseRobustUtility { .. } => write!(f, "maximise utility under the worst expected returns"),
            Self::MaximiseLogGrowth { .. } => write!(f, "maximise expected log growth"),
            Self::MaximiseEntropy => write!(f, "maximise entropy"),
        }
    }
}
