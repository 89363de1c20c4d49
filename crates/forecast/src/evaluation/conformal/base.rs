use alluse_risk_core::Confidence;
use serde::{Deserialize, Serialize};

use crate::{Error, Predictive, Result, check};

/// The interval that a forecast gives by itself; a point is an interval of no width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
pub struct BaseInterval {
    lower: f64,
    upper: f64,
}

impl BaseInterval {
    /// From its ends.
    ///
    /// # Errors
    /// [`Error::Input`] for an end that is not finite, [`Error::Invalid`] when they are in the wrong order.
    pub fn new(lower: f64, upper: f64) -> Result<Self> {
        check::number("lower end", lower)?;
        check::number("upper end", upper)?;
        if upper < lower {
            return Err(Error::invalid("base interval", format!("ends at {upper}, below its start {lower}")));
        }
        Ok(Self { lower, upper })
    }

    /// Around a point forecast.
    ///
    /// # Errors
    /// [`Error::Input`] for a point that is not finite.
    pub fn point(centre: f64) -> Result<Self> {
        Self::new(centre, centre)
    }

    /// The central interval of a distribution.
    ///
    /// # Errors
    /// None for a [`Predictive`], whose outcomes are finite.
    pub fn of(predictive: &Predictive, coverage: Confidence) -> Result<Self> {
        let (lower, upper) = predictive.interval(coverage);
        Self::new(lower, upper)
    }

    /// Lower end.
    #[must_use]
    pub fn lower(self) -> f64 {
        self.lower
    }

    /// Upper end.
    #[must_use]
    pub fn upper(self) -> f64 {
        self.upper
    }

    /// By how much the interval must be widened on both sides to hold the observation; negative inside:
    /// `max(lower − y, y − upper)`.
    ///
    /// # Errors
    /// [`Error::Input`] for an observation that is not finite, or a distance that is too large.
    pub fn score(self, observed: f64) -> Result<f64> {
        check::number("observed", observed)?;
        check::number("conformity score", (self.lower - observed).max(observed - self.upper))
    }

    pub(super) fn widened(self, by: f64) -> ConformalInterval {
        let (lower, upper) = (self.lower - by, self.upper + by);
        // Narrowed beyond its own width it holds nothing.
        if lower <= upper { ConformalInterval::Bounded { lower, upper } } else { ConformalInterval::Empty }
    }
}

impl TryFrom<(f64, f64)> for BaseInterval {
    type Error = Error;

    fn try_from((lower, upper): (f64, f64)) -> Result<Self> {
        Self::new(lower, upper)
    }
}

impl From<BaseInterval> for (f64, f64) {
    fn from(interval: BaseInterval) -> Self {
        (interval.lower, interval.upper)
    }
}

/// A conformal interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConformalInterval {
    /// Between two ends, both included.
    Bounded {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// The errors seen so far bound nothing at this coverage: anything can come.
    WholeLine,
    /// Nothing: after many hits the next miss is due.
    Empty,
}

impl ConformalInterval {
    /// Whether it holds a number.
    #[must_use]
    pub fn contains(self, observed: f64) -> bool {
        match self {
            Self::Bounded { lower, upper } => (lower..=upper).contains(&observed),
            Self::WholeLine => !observed.is_nan(),
            Self::Empty => false,
        }
    }
}

/// The interval widened by the score whose rank, counted from 1, is `⌈(n + 1)(1 − miss)⌉` among `sorted`.
pub(super) fn conformal(base: BaseInterval, sorted: &[f64], miss: f64) -> ConformalInterval {
    let rank = rank(sorted.len(), miss);
    if rank < 1.0 {
        return ConformalInterval::Empty;
    }
    match sorted.get(rank as usize - 1) {
        Some(&score) => base.widened(score),
        None => ConformalInterval::WholeLine,
    }
}

/// `⌈(n + 1)(1 − miss)⌉`; a product that only rounding separates from a whole number is that number.
pub(super) fn rank(n: usize, miss: f64) -> f64 {
    let exact = (n + 1) as f64 * (1.0 - miss);
    let whole = exact.round();
    if (exact - whole).abs() < 1e-9 { whole } else { exact.ceil() }
}
