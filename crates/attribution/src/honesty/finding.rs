//! What can be wrong with a record, in numbers and in words.

use std::fmt;

use alluse_risk_core::{ErrorKind, Interval};
use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know when reading the numbers.
    Note,
    /// The numbers say less than they seem to.
    Caution,
    /// A conclusion that the numbers suggest does not hold.
    Serious,
}

/// A finding with its weight and its sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// How much it matters.
    pub severity: Severity,
    /// What it is, with its numbers.
    pub finding: Finding,
    /// The same in words.
    pub sentence: String,
}

impl Warning {
    pub(super) fn new(severity: Severity, finding: Finding) -> Self {
        Self { severity, sentence: finding.to_string(), finding }
    }
}

/// A check that this record does not allow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unchecked {
    /// Which check.
    pub check: String,
    /// The kind of the obstacle.
    pub kind: ErrorKind,
    /// The obstacle in words.
    pub reason: String,
}

/// All findings about a record, the most severe first. No finding is not praise: see what was not checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HonestyReport {
    /// The record.
    pub name: String,
    /// Its length in periods.
    pub observations: usize,
    /// What misleads.
    pub warnings: Vec<Warning>,
    /// What could not be checked.
    pub unchecked: Vec<Unchecked>,
}

/// Something that misleads. Ratios and returns are per period of the record unless their name says `annual`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// Most periods win, but losses are so much larger that the record cannot tell the mean excess return from 0.
    WinRateHidesLosses {
        /// Share of periods with a gain.
        win_rate: f64,
        /// Mean gain over mean loss.
        payoff_ratio: f64,
        /// Win rate at which such gains and losses break even: `1/(1 + payoff ratio)`.
        break_even: f64,
        /// Mean excess return.
        expectancy: f64,
        /// Its interval, which contains 0; serial correlation and changing variance allowed for (Newey and West).
        interval: Interval,
    },
    /// The Sharpe ratio is less sure than its interval for normal returns says.
    SharpeLessSure {
        /// The ratio.
        ratio: f64,
        /// Its interval were the returns normal.
        normal: Interval,
        /// Its interval with their skewness and kurtosis (Mertens).
        adjusted: Interval,
        /// Probability that the true ratio is above the reference, for normal returns.
        probability_if_normal: f64,
        /// The same with skewness and kurtosis: the probabilistic Sharpe ratio.
        probability: f64,
    },
    /// Losses are larger than gains, and large moves more common than a normal distribution knows.
    LossesInTheTail {
        /// Skewness.
        skewness: f64,
        /// Kurtosis less 3.
        excess_kurtosis: f64,
        /// Standard error of the skewness of so many normal returns, `√(6/n)`.
        skewness_error: f64,
        /// Standard error of their kurtosis, `√(24/n)`.
        kurtosis_error: f64,
    },
    /// The record contains no large loss: mean and deviation are those of good times (the peso problem).
    NoTailEvent {
        /// The worst return.
        worst: f64,
        /// How many standard deviations below the mean it is.
        sigmas: f64,
        /// The size of an event, in standard deviations.
        event_sigmas: f64,
        /// The Sharpe ratio.
        ratio: f64,
        /// The ratio if one more period had brought the event.
        ratio_with_event: f64,
    },
    /// The record is too short to tell the ratio from the reference.
    TrackRecordTooShort {
        /// Periods there are.
        observations: usize,
        /// Periods needed; `None` when no record is long enough, because the ratio is not above the reference.
        needed: Option<f64>,
        /// The ratio.
        ratio: f64,
        /// What it is held against.
        reference: f64,
    },
    /// Returns depend on those before, so that the deviation per period understates that of a year.
    Smoothed {
        /// Of lag 1 and up.
        autocorrelations: Vec<f64>,
        /// Probability of such correlations in independent returns (Ljung and Box).
        p_value: f64,
        /// The ratio times the root of the periods of a year.
        annual_ratio: f64,
        /// The ratio for a year with these correlations (Lo).
        adjusted_annual_ratio: f64,
    },
    /// The best of many trials without skill would look as good.
    LuckOfTrials {
        /// Trials made.
        trials: f64,
        /// The ratio.
        ratio: f64,
        /// What the best of them reaches by luck.
        expected_maximum: f64,
        /// Probability that the true ratio is above that: the deflated Sharpe ratio.
        probability: f64,
    },
    /// A target that the base rate of such strategies makes unlikely.
    TargetAboveBaseRate {
        /// Target per year, compounded.
        annual_target: f64,
        /// Whose base rate.
        base: String,
        /// Its compounded annual return.
        base_annual_return: f64,
        /// Its annual volatility.
        base_annual_volatility: f64,
        /// Years over which the target is to be met.
        years: f64,
        /// Probability of it at the base rate, log returns taken as normal.
        probability: f64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WinRateHidesLosses { win_rate, payoff_ratio, break_even, expectancy, interval } => write!(
                f,
                "{:.0} % of periods win, but a loss is {:.1} times a gain and {:.0} % wins only break even: the mean \
                 excess return of {:.2} % lies between {:.2} % and {:.2} %",
                100.0 * win_rate,
                1.0 / payoff_ratio,
                100.0 * break_even,
                100.0 * expectancy,
                100.0 * interval.lower,
                100.0 * interval.upper
            ),
            Self::SharpeLessSure { ratio, normal, adjusted, probability_if_normal, probability } => write!(
                f,
                "the Sharpe ratio of {ratio:.3} per period lies between {:.3} and {:.3}, not between {:.3} and {:.3}, and \
                 is above its reference with probability {probability:.3} instead of {probability_if_normal:.3}: \
                 the returns are not normal",
                adjusted.lower, adjusted.upper, normal.lower, normal.upper
            ),
            Self::LossesInTheTail { skewness, excess_kurtosis, .. } => write!(
                f,
                "skewness {skewness:.2} and excess kurtosis {excess_kurtosis:.2}: the deviation does not show how large \
                 losses get"
            ),
            Self::NoTailEvent { worst, sigmas, event_sigmas, ratio, ratio_with_event } => write!(
                f,
                "the worst return of {:.2} % is {sigmas:.1} deviations below the mean: one loss of {event_sigmas:.0} \
                 deviations would take the Sharpe ratio from {ratio:.3} to {ratio_with_event:.3} per period",
                100.0 * worst
            ),
            Self::TrackRecordTooShort { observations, needed: Some(needed), ratio, reference } => write!(
                f,
                "{observations} periods are not the {needed:.0} needed to tell a Sharpe ratio of {ratio:.3} per period \
                 from {reference:.3}"
            ),
            Self::TrackRecordTooShort { needed: None, ratio, reference, .. } => {
                write!(
                    f,
                    "the Sharpe ratio of {ratio:.3} per period is not above {reference:.3}, however long the record"
                )
            }
            Self::Smoothed { autocorrelations, annual_ratio, adjusted_annual_ratio, .. } => write!(
                f,
                "returns follow those before (autocorrelation {:.2}): the annual Sharpe ratio is {adjusted_annual_ratio:.2}, \
                 not {annual_ratio:.2}",
                autocorrelations.first().copied().unwrap_or_default()
            ),
            Self::LuckOfTrials { trials, ratio, expected_maximum, probability } => write!(
                f,
                "the best of {trials:.0} trials without skill reaches a Sharpe ratio of {expected_maximum:.3} per period: \
                 {ratio:.3} is above it with probability {probability:.3}"
            ),
            Self::TargetAboveBaseRate { annual_target, base, base_annual_return, years, probability, .. } => write!(
                f,
                "a target of {:.0} % a year over {years:.1} years has probability {probability:.4} at the base rate of \
                 {base}, {:.1} % a year",
                100.0 * annual_target,
                100.0 * base_annual_return
            ),
        }
    }
}
