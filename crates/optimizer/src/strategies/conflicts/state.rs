//! Conflicting pairs, with a memory.

use alluse_risk_core::{AssetId, Status};
use serde::{Deserialize, Serialize};

use crate::strategies::check;
use crate::strategies::correlation::{CorrelationEstimate, CorrelationReport, PairCorrelation};
use crate::{Error, Result};

/// The number of a pair that is held against the thresholds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictStatistic {
    /// The lower end of the interval: a conflict has to be proven.
    #[default]
    LowerEnd,
    /// The point estimate.
    Point,
}

/// The days on which a pair is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictBasis {
    /// All.
    #[default]
    Overall,
    /// The days of crisis.
    Crisis,
}

/// What to make of a pair whose correlation is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPair {
    /// What could not be checked has not passed.
    #[default]
    Conflict,
    /// As at the review before; no conflict at the first.
    AsBefore,
    /// An error.
    Refuse,
}

/// When two strategies conflict.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `enter` | 0.75 | a pair above it conflicts |
/// | `leave` | 0.65 | a pair below it does not; in between, as at the review before |
/// | `statistic` | lower end | what is compared |
/// | `basis` | overall | on which days |
/// | `unknown` | conflict | pairs without a correlation |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictRule {
    enter: f64,
    leave: f64,
    statistic: ConflictStatistic,
    basis: ConflictBasis,
    unknown: UnknownPair,
}

impl Default for ConflictRule {
    fn default() -> Self {
        let (statistic, basis, unknown) = Default::default();
        Self { enter: 0.75, leave: 0.65, statistic, basis, unknown }
    }
}

/// A conflicting pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// One strategy.
    pub first: AssetId,
    /// The other.
    pub second: AssetId,
    /// The number that was compared; `None` for an unknown pair.
    pub statistic: Option<f64>,
    /// Reviews in a row at which the pair conflicted, this one included.
    pub reviews: usize,
}

/// The conflicts of the last review, to be kept until the next.
///
/// ```
/// use alluse_optimizer::strategies::conflicts::ConflictState;
///
/// let state = ConflictState::default(); // before the first review
/// assert_eq!(state.conflicts().len(), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConflictState {
    conflicts: Vec<Conflict>,
}

/// What a review found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConflictReview {
    /// The conflicts now; the state to carry to the next review.
    pub state: ConflictState,
    /// Pairs that conflict now and did not before.
    pub entered: Vec<Conflict>,
    /// Pairs that conflicted before and do not now, with the number of before.
    pub left: Vec<Conflict>,
}

impl ConflictState {
    /// The conflicting pairs.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// The conflict of two strategies, in either order.
    #[must_use]
    pub fn get(&self, one: &AssetId, other: &AssetId) -> Option<&Conflict> {
        let is = |c: &&Conflict| (&c.first, &c.second) == (one, other) || (&c.first, &c.second) == (other, one);
        self.conflicts.iter().find(is)
    }
}

impl ConflictRule {
    /// With other thresholds.
    #[must_use]
    pub fn with_thresholds(mut self, enter: f64, leave: f64) -> Self {
        (self.enter, self.leave) = (enter, leave);
        self
    }

    /// With another number compared.
    #[must_use]
    pub fn with_statistic(mut self, statistic: ConflictStatistic) -> Self {
        self.statistic = statistic;
        self
    }

    /// On other days.
    #[must_use]
    pub fn with_basis(mut self, basis: ConflictBasis) -> Self {
        self.basis = basis;
        self
    }

    /// With another answer to unknown pairs.
    #[must_use]
    pub fn with_unknown(mut self, unknown: UnknownPair) -> Self {
        self.unknown = unknown;
        self
    }

    /// The conflicts of a report, given those of the review before.
    ///
    /// # Errors
    /// - [`Error::Invalid`] unless `−1 ≤ leave ≤ enter < 1`;
    /// - [`Error::Undefined`] for an unknown pair under [`UnknownPair::Refuse`].
    pub fn review(&self, report: &CorrelationReport, before: &ConflictState) -> Result<ConflictReview> {
        if !(self.leave >= -1.0 && self.leave <= self.enter && self.enter < 1.0) {
            let reason = format!("leave {} and enter {} must be in order and in [-1, 1)", self.leave, self.enter);
            return Err(Error::invalid("conflict rule", reason));
        }
        let mut conflicts = Vec::new();
        let (mut entered, mut left) = (Vec::new(), Vec::new());
        for pair in &report.pairs {
            let was = before.get(&pair.first, &pair.second);
            match (self.judge(pair, was)?, was) {
                (Some(conflict), was) => {
                    if was.is_none() {
                        entered.push(conflict.clone());
                    }
                    conflicts.push(conflict);
                }
                (None, Some(was)) => left.push(was.clone()),
                (None, None) => {}
            }
        }
        // Strategies that are gone take their conflicts with them.
        let gone = |c: &&Conflict| !(report.strategies.contains(&c.first) && report.strategies.contains(&c.second));
        left.extend(before.conflicts.iter().filter(gone).cloned());
        Ok(ConflictReview { state: ConflictState { conflicts }, entered, left })
    }

    fn judge(&self, pair: &PairCorrelation, was: Option<&Conflict>) -> Result<Option<Conflict>> {
        let statistic = self.estimate(pair)?.map(|known| match self.statistic {
            ConflictStatistic::LowerEnd => known.interval.lower,
            ConflictStatistic::Point => known.correlation,
        });
        let conflicts = match statistic {
            Some(value) if value > self.enter => true,
            Some(value) if value < self.leave => false,
            Some(_) => was.is_some(),
            None => match self.unknown {
                UnknownPair::Conflict => true,
                UnknownPair::AsBefore => was.is_some(),
                UnknownPair::Refuse => {
                    let reason = format!("{} and {} have no known correlation", pair.first, pair.second);
                    return Err(Error::Undefined { what: "conflict", reason });
                }
            },
        };
        let reviews = 1 + was.map_or(0, |was| was.reviews);
        let (first, second) = (pair.first.clone(), pair.second.clone());
        Ok(conflicts.then_some(Conflict { first, second, statistic, reviews }))
    }

    fn estimate<'a>(&self, pair: &'a PairCorrelation) -> Result<Option<&'a CorrelationEstimate>> {
        match (self.basis, &pair.crisis) {
            (ConflictBasis::Overall, _) => Ok(pair.overall.known()),
            (ConflictBasis::Crisis, Some(comparison)) => Ok(Status::known(&comparison.crisis)),
            (ConflictBasis::Crisis, None) => {
                Err(Error::invalid("conflict rule", "it judges days of crisis, but the report has none".to_owned()))
            }
        }
    }
}

/// A threshold for clusters: inside [−1, 1).
pub(super) fn threshold(value: f64) -> Result<()> {
    check::within("cluster threshold", value, -1.0, 1.0 - f64::EPSILON, "in [-1, 1)")
}
