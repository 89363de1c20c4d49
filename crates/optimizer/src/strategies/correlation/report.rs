//! The correlations of all pairs of strategies.

use alluse_risk_core::{AssetId, Confidence, ErrorKind, Status, Verdict};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::crisis::{CrisisComparison, MarketStress};
use super::estimate::{CorrelationEstimate, CorrelationInterval, estimate};
use super::tails::{ExceedanceCorrelation, TailDependence, dependence, exceedance};
use crate::strategies::{StrategyReturns, check};
use crate::{Error, Result};

/// How to judge the correlations of strategies.
///
/// | setting | default | meaning | range |
/// |---|---|---|---|
/// | `limit` | 0.70 | a lower end above it is a breach, a point above it a warning | (−1, 1) |
/// | `level` | 95 % | coverage of the two-sided intervals | (0, 1) |
/// | `interval` | Fisher's, allowing for autocorrelation | how the intervals are made | |
/// | `min_observations` | 12 | common periods below which a pair is unknown | at least 4 |
/// | `threshold` | −1 | of the exceedance correlation, in standard deviations | [−8, 8] |
/// | `tail_share` | 0.05 | share of days that count as worst | (0, 0.5] |
///
/// Calm and crisis days are taken as if they followed each other: autocorrelation and blocks run across the gaps.
///
/// ```
/// use alluse_optimizer::Universe;
/// use alluse_optimizer::strategies::StrategyReturns;
/// use alluse_optimizer::strategies::correlation::StrategyCorrelation;
/// use alluse_risk_core::Verdict;
/// use jiff::{ToSpan, civil::date};
///
/// let dates: Vec<_> = (0..60).map(|i| date(2024, 1, 1) + i.days()).collect();
/// let puts: Vec<_> = (0..60).map(|i| Some(0.001 * f64::from(i * 7 % 11))).collect();
/// let calls: Vec<_> = (0..60).map(|i| Some(0.001 * f64::from(i * 7 % 11 + i % 2))).collect();
/// let names = Universe::named(["puts", "calls"])?;
/// let returns = StrategyReturns::new(dates, names, vec![puts, calls])?;
/// let report = StrategyCorrelation::default().measure(&returns, None)?;
/// assert_eq!(report.pair("calls", "puts")?.verdict, Verdict::Breach);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyCorrelation {
    limit: f64,
    level: Confidence,
    interval: CorrelationInterval,
    min_observations: usize,
    threshold: f64,
    tail_share: f64,
}

impl Default for StrategyCorrelation {
    fn default() -> Self {
        Self {
            limit: 0.70,
            level: Confidence::P95,
            interval: CorrelationInterval::default(),
            min_observations: 12,
            threshold: -1.0,
            tail_share: 0.05,
        }
    }
}

/// Two strategies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairCorrelation {
    /// One of them.
    pub first: AssetId,
    /// The other, later in the universe.
    pub second: AssetId,
    /// Over all days that both have.
    pub overall: Status<CorrelationEstimate>,
    /// That against the limit: breach when the lower end exceeds it, warning when only the point does.
    pub verdict: Verdict,
    /// Calm against crisis; `None` when no market stress was given.
    pub crisis: Option<CrisisComparison>,
    /// Correlation where both fall.
    pub exceedance: Status<ExceedanceCorrelation>,
    /// Worst days in common.
    pub tail: Status<TailDependence>,
}

/// The correlations of all pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrelationReport {
    /// The strategies.
    pub strategies: Vec<AssetId>,
    /// The settings it was made with.
    pub settings: StrategyCorrelation,
    /// The pairs, by first and then second strategy.
    pub pairs: Vec<PairCorrelation>,
}

impl StrategyCorrelation {
    /// With another limit.
    #[must_use]
    pub fn with_limit(mut self, limit: f64) -> Self {
        self.limit = limit;
        self
    }

    /// With another coverage of the intervals.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// With intervals made in another way.
    #[must_use]
    pub fn with_interval(mut self, interval: CorrelationInterval) -> Self {
        self.interval = interval;
        self
    }

    /// With another number of common periods needed.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.min_observations = min_observations;
        self
    }

    /// With another threshold of the exceedance correlation, in standard deviations.
    #[must_use]
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// With another share of worst days.
    #[must_use]
    pub fn with_tail_share(mut self, tail_share: f64) -> Self {
        self.tail_share = tail_share;
        self
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.limit
    }

    /// All pairs; a pair without enough common days, or with a constant series, is unknown and says why.
    ///
    /// # Errors
    /// [`Error::Input`] for a setting outside its range, market returns that are not finite or not one a date, and a
    /// stress date that is not among the dates.
    pub fn measure(&self, returns: &StrategyReturns, stress: Option<&MarketStress>) -> Result<CorrelationReport> {
        self.check()?;
        let crisis = stress.map(|stress| stress.rows(returns.dates())).transpose()?;
        let stress = stress.zip(crisis.as_deref());
        let n = returns.names().len();
        let mut pairs = Vec::with_capacity(n * (n - 1) / 2);
        for first in 0..n {
            for second in first + 1..n {
                pairs.push(self.pair(returns, (first, second), stress)?);
            }
        }
        Ok(CorrelationReport { strategies: returns.names().to_vec(), settings: *self, pairs })
    }

    fn check(&self) -> Result<()> {
        let open = 1.0 - f64::EPSILON;
        check::within("correlation limit", self.limit, -open, open, "inside (-1, 1)")?;
        check::within("minimum observations", self.min_observations as f64, 4.0, f64::MAX, "at least 4")?;
        check::within("threshold", self.threshold, -8.0, 8.0, "in [-8, 8] standard deviations")?;
        check::within("tail share", self.tail_share, f64::MIN_POSITIVE, 0.5, "above 0 and at most 0.5")
    }

    pub(super) fn estimate(&self, x: &[f64], y: &[f64]) -> Result<CorrelationEstimate> {
        estimate(x, y, self.level, self.interval, self.min_observations)
    }

    fn pair(
        &self,
        returns: &StrategyReturns,
        (first, second): (usize, usize),
        stress: Option<(&MarketStress, &[bool])>,
    ) -> Result<PairCorrelation> {
        let rows = returns.common_rows(first, second);
        let (x, y) = (returns.on_rows(first, &rows), returns.on_rows(second, &rows));
        let overall = status(self.estimate(&x, &y))?;
        let (exceedance, tail) = match &overall {
            Status::Known(known) | Status::Partial { value: known, .. } => (
                status(exceedance(&x, &y, known.correlation, self.threshold))?,
                status(dependence(&x, &y, known.correlation, self.tail_share, self.level))?,
            ),
            Status::Unknown { kind, reason } => (
                Status::Unknown { kind: *kind, reason: reason.clone() },
                Status::Unknown { kind: *kind, reason: reason.clone() },
            ),
        };
        let crisis =
            stress.map(|(stress, crisis)| stress.compare(self, returns, (first, second), &rows, crisis)).transpose()?;
        let verdict = self.judge(&overall);
        let (first, second) = (returns.names()[first].clone(), returns.names()[second].clone());
        Ok(PairCorrelation { first, second, overall, verdict, crisis, exceedance, tail })
    }

    fn judge(&self, status: &Status<CorrelationEstimate>) -> Verdict {
        match status.known() {
            None => Verdict::Unknown,
            Some(known) if known.interval.lower > self.limit => Verdict::Breach,
            Some(known) if known.correlation > self.limit => Verdict::Warn,
            Some(_) => Verdict::Pass,
        }
    }
}

impl CorrelationReport {
    /// The pair of two strategies, in either order.
    ///
    /// # Errors
    /// [`Error::Input`] for a pair that is not here.
    pub fn pair(&self, one: &str, other: &str) -> Result<&PairCorrelation> {
        let is = |pair: &&PairCorrelation, a, b| pair.first.as_str() == a && pair.second.as_str() == b;
        let found = self.pairs.iter().find(|pair| is(pair, one, other) || is(pair, other, one));
        let unknown = || alluse_risk_core::Error::Unknown { name: "pair", value: format!("{one} and {other}") };
        found.ok_or_else(|| Error::from(unknown()))
    }

    /// The point estimates as a symmetric matrix with a diagonal of 1; `None` where a pair is unknown.
    #[must_use]
    pub fn matrix(&self) -> Array2<Option<f64>> {
        let n = self.strategies.len();
        let mut matrix = Array2::from_elem((n, n), None);
        matrix.diag_mut().fill(Some(1.0));
        let places = (0..n).flat_map(|first| (first + 1..n).map(move |second| (first, second)));
        for ((first, second), pair) in places.zip(&self.pairs) {
            let value = pair.overall.known().map(|known| known.correlation);
            (matrix[[first, second]], matrix[[second, first]]) = (value, value);
        }
        matrix
    }
}

/// What the data cannot answer is unknown; what the caller did wrong is an error.
pub(super) fn status<T>(result: Result<T>) -> Result<Status<T>> {
    match result {
        Ok(value) => Ok(Status::Known(value)),
        Err(error) if matches!(error.kind(), ErrorKind::InsufficientData | ErrorKind::Undefined) => {
            Ok(Status::Unknown { kind: error.kind(), reason: error.to_string() })
        }
        // Correlations of ±1 have no normal tail: the data's doing, not the caller's.
        Err(Error::Input(alluse_risk_core::Error::OutOfDomain { name: "correlation", expected, value })) => {
            let reason = format!("a correlation of {value} is not {expected}");
            Ok(Status::Unknown { kind: ErrorKind::Undefined, reason })
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
