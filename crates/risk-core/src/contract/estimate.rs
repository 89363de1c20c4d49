use serde::{Deserialize, Serialize};

use super::Coverage;
use crate::measures::QuantileRule;
use crate::{Confidence, Horizon, ScenarioId, normal};

/// What a number measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measure {
    /// Expected loss, `−mean P&L`.
    ExpectedLoss,
    /// Standard deviation of the P&L.
    Volatility,
    /// Quantile of the loss.
    ValueAtRisk {
        /// The level.
        confidence: Confidence,
        /// The sample quantile; `None` when a distribution answered in closed form.
        rule: Option<QuantileRule>,
    },
    /// Mean of the loss in the tail.
    ExpectedShortfall {
        /// The level.
        confidence: Confidence,
    },
    /// Spectral risk measure; the name says which spectrum.
    Spectral {
        /// What the spectrum is called.
        spectrum: String,
    },
    /// Entropic value at risk.
    EntropicValueAtRisk {
        /// The level.
        confidence: Confidence,
    },
    /// Largest fall from a peak.
    MaximumDrawdown,
    /// Mean fall from the running peak.
    AverageDrawdown,
    /// Root mean square fall from the running peak.
    UlcerIndex,
    /// Quantile of the drawdowns.
    DrawdownAtRisk {
        /// The level.
        confidence: Confidence,
    },
    /// Tail mean of the drawdowns.
    ConditionalDrawdownAtRisk {
        /// The level.
        confidence: Confidence,
    },
    /// Root of a lower partial moment.
    LowerPartialMoment {
        /// The power of the shortfall below the target.
        order: u32,
    },
    /// The largest loss.
    WorstLoss,
    /// Loss in a named stress scenario.
    StressLoss {
        /// The scenario; `None` for each of those that are run.
        scenario: Option<ScenarioId>,
    },
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IntervalMethod {
    /// Order statistics with exact binomial coverage; needs no distribution.
    OrderStatistic,
    /// Estimate ± normal quantile × standard error.
    Asymptotic,
    /// Percentiles of a bootstrap.
    Bootstrap,
    /// Values that a likelihood-ratio test does not reject.
    ProfileLikelihood,
    /// Estimate ± Student t quantile × standard error of independent replicates.
    Replicates,
    /// Estimate ± Student t quantile × standard error.
    StudentT,
}

/// A confidence interval around an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Coverage that the interval promises.
    pub level: Confidence,
    /// How it was made.
    pub method: IntervalMethod,
}

impl Interval {
    /// `value` ± normal quantile × `standard_error`.
    ///
    /// ```
    /// use alluse_risk_core::{Confidence, Interval};
    ///
    /// let interval = Interval::asymptotic(1.0, 0.5, Confidence::P95);
    /// assert!((interval.upper - 1.98).abs() < 1e-4 && (interval.lower - 0.02).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn asymptotic(value: f64, standard_error: f64, level: Confidence) -> Self {
        let reach = normal::quantile_inside(1.0 - 0.5 * level.tail()) * standard_error;
        Self { lower: value - reach, upper: value + reach, level, method: IntervalMethod::Asymptotic }
    }
}

/// A number that says what it is, how sure it is and what it covered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Estimate {
    /// The estimate; a loss is positive.
    pub value: f64,
    /// What it measures.
    pub measure: Measure,
    /// Over which horizon.
    pub horizon: Horizon,
    /// Standard error, where one can be stated.
    pub standard_error: Option<f64>,
    /// Confidence interval, where one can be stated.
    pub interval: Option<Interval>,
    /// Observations or scenarios used.
    pub observations: usize,
    /// Independent observations they are worth; lower when windows overlap or weights differ.
    pub effective_observations: f64,
    /// Observations in the tail, a fraction included.
    pub tail_observations: Option<f64>,
    /// What part of the book the number speaks for.
    pub coverage: Coverage,
}

impl Estimate {
    /// An estimate from a whole sample of `observations`, without an error statement.
    #[must_use]
    pub fn new(value: f64, measure: Measure, horizon: Horizon, observations: usize) -> Self {
        Self {
            value,
            measure,
            horizon,
            standard_error: None,
            interval: None,
            observations,
            effective_observations: observations as f64,
            tail_observations: None,
            coverage: Coverage::single(),
        }
    }

    /// With a standard error.
    #[must_use]
    pub fn with_standard_error(mut self, standard_error: f64) -> Self {
        self.standard_error = Some(standard_error);
        self
    }

    /// With an interval.
    #[must_use]
    pub fn with_interval(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// With the number of independent observations that the sample is worth.
    #[must_use]
    pub fn with_effective_observations(mut self, effective: f64) -> Self {
        self.effective_observations = effective;
        self
    }

    /// With the number of observations in the tail.
    #[must_use]
    pub fn with_tail_observations(mut self, tail: f64) -> Self {
        self.tail_observations = Some(tail);
        self
    }

    /// With the part of the book it speaks for.
    #[must_use]
    pub fn with_coverage(mut self, coverage: Coverage) -> Self {
        self.coverage = coverage;
        self
    }

    /// Over another horizon; the number itself does not change.
    #[must_use]
    pub fn with_horizon(mut self, horizon: Horizon) -> Self {
        self.horizon = horizon;
        self
    }
}
