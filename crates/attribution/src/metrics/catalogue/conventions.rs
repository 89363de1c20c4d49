use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{ExpansionDomain, QuantileRule};
use alluse_risk_core::moments::{Divisor, MomentEstimator};
use serde::{Deserialize, Serialize};

use crate::RiskFree;
use crate::metrics::{Sharpe, Zeros};

/// The conventions under which a table of metrics is computed.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `risk_free` | none | cash, in Sharpe, Kelly and drawdown ratios |
/// | `target` | 0 | per period: minimum acceptable return, and threshold of Omega |
/// | `divisor` | all | of downside deviation and upside potential |
/// | `ddof` | 1 | of volatility and semi-deviation |
/// | `sharpe` | arithmetic, ddof 1 | how Sharpe ratios are computed |
/// | `moments` | population | skewness and kurtosis |
/// | `confidence` | 95 % | tails |
/// | `outliers` | 99 % | outlier ratios |
/// | `quantile` | type 7 | sample quantiles |
/// | `expansion` | monotone | where a Cornish-Fisher expansion is refused |
/// | `zeros` | excluded | whether periods of exactly zero count in win rate and expectancy |
/// | `kelly` | 1 | fraction of the Kelly fraction |
/// | `sterling_excess` | 0.1 | added to maximum drawdown in the Sterling ratio |
/// | `lags` | 10 | of the Ljung-Box statistic |
/// | `smoothing_order` | 2 | of the smoothing index |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conventions {
    /// What cash returned.
    pub risk_free: RiskFree,
    /// Minimum acceptable return per period.
    pub target: f64,
    /// What partial moments are divided by.
    pub divisor: Divisor,
    /// Taken off the divisor of variances.
    pub ddof: usize,
    /// How Sharpe ratios are computed; the geometric and the penalised one change only what their names say.
    pub sharpe: Sharpe,
    /// The estimator of skewness and kurtosis.
    pub moments: MomentEstimator,
    /// The level of tails.
    pub confidence: Confidence,
    /// The level of outlier ratios.
    pub outliers: Confidence,
    /// The rule of sample quantiles.
    pub quantile: QuantileRule,
    /// The domain of Cornish-Fisher expansions.
    pub expansion: ExpansionDomain,
    /// Whether periods of exactly zero count.
    pub zeros: Zeros,
    /// Fraction of the Kelly fraction.
    pub kelly: f64,
    /// Added to maximum drawdown in the Sterling ratio.
    pub sterling_excess: f64,
    /// Lags of the Ljung-Box statistic.
    pub lags: usize,
    /// Order of the smoothing index.
    pub smoothing_order: usize,
}

impl Default for Conventions {
    fn default() -> Self {
        Self {
            risk_free: RiskFree::Zero,
            target: 0.0,
            divisor: Divisor::All,
            ddof: 1,
            sharpe: Sharpe::default(),
            moments: MomentEstimator::Population,
            confidence: Confidence::P95,
            outliers: Confidence::P99,
            quantile: QuantileRule::Linear,
            expansion: ExpansionDomain::Monotone,
            zeros: Zeros::Excluded,
            kelly: 1.0,
            sterling_excess: 0.1,
            lags: 10,
            smoothing_order: 2,
        }
    }
}

impl Conventions {
    /// With cash that returned something.
    #[must_use]
    pub fn with_risk_free(self, risk_free: RiskFree) -> Self {
        Self { risk_free, ..self }
    }

    /// With another minimum acceptable return per period.
    #[must_use]
    pub fn with_target(self, target: f64) -> Self {
        Self { target, ..self }
    }

    /// With another level of tails.
    #[must_use]
    pub fn with_confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }
}
