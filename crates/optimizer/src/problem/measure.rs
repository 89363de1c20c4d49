//! The risks that can be minimised or limited.

use std::fmt;

use alluse_risk_core::Confidence;
use serde::{Deserialize, Serialize};

/// A risk of a portfolio, per period. Losses are positive.
///
/// `r` is the portfolio's return in a scenario, `m` its mean, `n` the number of scenarios, `C` the running sum of `r` over
/// dated scenarios and `d` the drawdown `max(0, C₁ … C_t) − C_t`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RiskMeasure {
    /// `w'Σw`.
    Variance,
    /// `√(w'Σw)`.
    Volatility,
    /// `−μ'w + Φ⁻¹(c) √(w'Σw)`.
    NormalValueAtRisk(Confidence),
    /// `−μ'w + φ(Φ⁻¹(c)) / (1 − c) · √(w'Σw)`.
    NormalExpectedShortfall(Confidence),
    /// The mean of the worst `1 − c` of the scenarios (Rockafellar and Uryasev 2002).
    ExpectedShortfall(Confidence),
    /// `inf_{t>0} (log mean e^{t·loss} − log(1 − c)) / t` (Ahmadi-Javid 2012).
    EntropicValueAtRisk(Confidence),
    /// `mean |r − m|`.
    MeanAbsoluteDeviation,
    /// `Σ min(r − m, 0)² / (n − 1)`.
    Semivariance,
    /// Its square root.
    Semideviation,
    /// `max(−r)`.
    WorstLoss,
    /// `max d`.
    MaximumDrawdown,
    /// `mean d`.
    AverageDrawdown,
    /// The mean of the worst `1 − c` of the drawdowns (Chekhlov, Uryasev and Zabarankin 2005).
    ConditionalDrawdown(Confidence),
    /// `√(mean d²)`.
    UlcerIndex,
}

impl RiskMeasure {
    /// Whether it is measured on scenarios rather than on a covariance.
    #[must_use]
    pub fn needs_scenarios(self) -> bool {
        !self.needs_covariance()
    }

    /// Whether it is measured on a covariance.
    #[must_use]
    pub fn needs_covariance(self) -> bool {
        matches!(
            self,
            Self::Variance | Self::Volatility | Self::NormalValueAtRisk(_) | Self::NormalExpectedShortfall(_)
        )
    }

    /// Whether the scenarios must be dates in order.
    #[must_use]
    pub fn needs_dates(self) -> bool {
        matches!(
            self,
            Self::MaximumDrawdown | Self::AverageDrawdown | Self::ConditionalDrawdown(_) | Self::UlcerIndex
        )
    }

    /// Whether doubling every weight doubles it: what a ratio of return to risk needs.
    #[must_use]
    pub fn is_homogeneous(self) -> bool {
        !self.is_squared()
    }

    /// Whether it is in squared returns.
    #[must_use]
    pub fn is_squared(self) -> bool {
        matches!(self, Self::Variance | Self::Semivariance)
    }
}

impl fmt::Display for RiskMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |c: &Confidence| format!("{} %", 100.0 * c.level());
        match self {
            Self::Variance => write!(f, "variance"),
            Self::Volatility => write!(f, "volatility"),
            Self::NormalValueAtRisk(c) => write!(f, "normal value at risk {}", percent(c)),
            Self::NormalExpectedShortfall(c) => write!(f, "normal expected shortfall {}", percent(c)),
            Self::ExpectedShortfall(c) => write!(f, "expected shortfall {}", percent(c)),
            Self::EntropicValueAtRisk(c) => write!(f, "entropic value at risk {}", percent(c)),
            Self::MeanAbsoluteDeviation => write!(f, "mean absolute deviation"),
            Self::Semivariance => write!(f, "semivariance"),
            Self::Semideviation => write!(f, "semideviation"),
            Self::WorstLoss => write!(f, "worst loss"),
            Self::MaximumDrawdown => write!(f, "maximum drawdown"),
            Self::AverageDrawdown => write!(f, "average drawdown"),
            Self::ConditionalDrawdown(c) => write!(f, "conditional drawdown {}", percent(c)),
            Self::UlcerIndex => write!(f, "ulcer index"),
        }
    }
}
