use alluse_risk_core::Confidence;
use serde::{Deserialize, Serialize};

/// Which periods count, by the sign of the benchmark's return.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketPeriods {
    /// Every period.
    #[default]
    All,
    /// Those in which the benchmark gained.
    Up,
    /// Those in which the benchmark lost.
    Down,
}

/// The direction of the benchmark's return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketDirection {
    /// It gained.
    Up,
    /// It lost.
    Down,
}

/// Where a period belongs in which the benchmark earned exactly nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroBenchmark {
    /// To neither side.
    #[default]
    Excluded,
    /// To the gains.
    Up,
    /// To the losses.
    Down,
}

/// How an alpha per period is stated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlphaBasis {
    /// As it is.
    PerPeriod,
    /// Times the periods a year.
    #[default]
    Arithmetic,
    /// Compounded: `(1 + A)^P − 1`.
    Geometric,
}

/// Whether a return a year is compounded growth or a mean times the periods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanReturn {
    /// Compounded growth a year.
    #[default]
    Geometric,
    /// The arithmetic mean of the periods.
    Arithmetic,
}

/// What Treynor's ratio rewards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreynorNumerator {
    /// Growth a year of the returns above the risk-free rate.
    #[default]
    AnnualExcessReturn,
    /// Growth of the returns over the whole span.
    TotalReturn,
}

/// What Treynor's ratio divides by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreynorDenominator {
    /// Beta.
    #[default]
    Beta,
    /// Beta times the benchmark's volatility a year: the modified ratio.
    SystematicRisk {
        /// Divisor `n − ddof` of the variance.
        ddof: usize,
    },
}

/// What the appraisal ratio divides Jensen's alpha by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppraisalDenominator {
    /// Volatility a year of what beta does not explain.
    SpecificRisk {
        /// Divisor `n − ddof` of the variance.
        ddof: usize,
    },
    /// Beta: the modified ratio.
    Beta,
}

impl Default for AppraisalDenominator {
    fn default() -> Self {
        Self::SpecificRisk { ddof: 1 }
    }
}

/// What is compared on one side of the market.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMethod {
    /// Growth over the periods of the side.
    #[default]
    TotalReturn,
    /// That growth a year, as if the side's periods were all there is.
    AnnualReturn,
}

/// One convention for each choice that [`Relative::table`](super::Relative::table) has to make.
///
/// | field | default |
/// |---|---|
/// | `ddof` | 1, in every standard deviation |
/// | `alpha` | arithmetic, a year |
/// | `mean_return` | geometric |
/// | `treynor_numerator`, `treynor_denominator` | annual excess return, beta |
/// | `appraisal_denominator` | specific risk, `ddof` 1 |
/// | `capture` | total return of the side |
/// | `zero_benchmark` | excluded |
/// | `target` | 0 a period |
/// | `confidence` | 95 %, for the drawdown beta |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BenchmarkConventions {
    /// Divisor `n − ddof` of variances.
    pub ddof: usize,
    /// How alpha is stated.
    pub alpha: AlphaBasis,
    /// Numerator of the information ratio, and the mean in M².
    pub mean_return: MeanReturn,
    /// Treynor's numerator.
    pub treynor_numerator: TreynorNumerator,
    /// Treynor's denominator.
    pub treynor_denominator: TreynorDenominator,
    /// Denominator of the appraisal ratio.
    pub appraisal_denominator: AppraisalDenominator,
    /// What capture compares.
    pub capture: CaptureMethod,
    /// Where a flat benchmark belongs.
    pub zero_benchmark: ZeroBenchmark,
    /// Minimum acceptable return per period of the downside measures.
    pub target: f64,
    /// Confidence of the drawdown beta.
    pub confidence: Confidence,
}

impl Default for BenchmarkConventions {
    fn default() -> Self {
        Self {
            ddof: 1,
            alpha: AlphaBasis::default(),
            mean_return: MeanReturn::default(),
            treynor_numerator: TreynorNumerator::default(),
            treynor_denominator: TreynorDenominator::default(),
            appraisal_denominator: AppraisalDenominator::default(),
            capture: CaptureMethod::default(),
            zero_benchmark: ZeroBenchmark::default(),
            target: 0.0,
            confidence: Confidence::P95,
        }
    }
}
