//! The P&L of a book on every path.

use alluse_risk_core::measures::LossSample;
use alluse_risk_core::{Assumption, Coverage, Error as Input, Horizon, Unvalued, nested};
use jiff::civil::Date;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{AssignmentForecast, EventProbability, SimulatedMean};
use crate::{Error, Predictive, Result, check};

/// The P&L of the positions with one label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupPaths {
    /// The axis of the label.
    pub axis: String,
    /// The label, or `unlabelled`.
    pub label: String,
    /// What part of the group the numbers speak for.
    pub coverage: Coverage,
    /// P&L, horizons × paths; `None` when no position of the group could be valued.
    pub pnl: Option<Vec<Vec<f64>>>,
}

/// The P&L of a book on every path at every horizon, in its base currency, gain positive.
///
/// Paths are equally likely. Standard errors and intervals take them as independent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct BookPaths {
    parts: Parts,
}

/// The plain parts and the stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Parts {
    pub(super) as_of: Date,
    pub(super) horizons: Vec<Horizon>,
    pub(super) dates: Vec<Date>,
    pub(super) value_now: f64,
    /// Horizons × paths.
    #[serde(with = "nested::matrix")]
    pub(super) pnl: Array2<f64>,
    pub(super) groups: Vec<GroupPaths>,
    pub(super) coverage: Coverage,
    pub(super) unvalued: Vec<Unvalued>,
    pub(super) assumptions: Vec<Assumption>,
    pub(super) assignments: Vec<AssignmentForecast>,
    /// First step with an assignment, of each path.
    pub(super) first_assignment: Vec<Option<u32>>,
}

impl BookPaths {
    /// The day from which the paths start.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.parts.as_of
    }

    /// The horizons at which the book was valued, increasing.
    #[must_use]
    pub fn horizons(&self) -> &[Horizon] {
        &self.parts.horizons
    }

    /// The days on which they end.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.parts.dates
    }

    /// Number of paths.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.parts.pnl.ncols()
    }

    /// Market value today of the positions that were valued, in base currency.
    #[must_use]
    pub fn value_now(&self) -> f64 {
        self.parts.value_now
    }

    /// What part of the book the numbers speak for.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.parts.coverage
    }

    /// Positions that could not be valued, which have no part in any number.
    #[must_use]
    pub fn unvalued(&self) -> &[Unvalued] {
        &self.parts.unvalued
    }

    /// What was taken for granted.
    #[must_use]
    pub fn assumptions(&self) -> &[Assumption] {
        &self.parts.assumptions
    }

    /// The short options that settle by the last horizon, in the order of the book.
    #[must_use]
    pub fn assignments(&self) -> &[AssignmentForecast] {
        &self.parts.assignments
    }

    /// The P&L by label, for the axes that were asked for.
    #[must_use]
    pub fn groups(&self) -> &[GroupPaths] {
        &self.parts.groups
    }

    /// The forecast itself, for callers that want all of the book or nothing.
    ///
    /// # Errors
    /// [`Error::Undefined`] naming the first position that could not be valued.
    pub fn require_complete(self) -> Result<Self> {
        match self.parts.unvalued.first() {
            None => Ok(self),
            Some(Unvalued { row, reason, .. }) => {
                Err(Error::undefined("P&L of the whole book", format!("{row} has no value: {reason}")))
            }
        }
    }

    /// P&L at a horizon, path by path.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a horizon at which the book was not valued.
    pub fn outcomes(&self, horizon: Horizon) -> Result<Vec<f64>> {
        Ok(self.parts.pnl.row(self.row(horizon)?).to_vec())
    }

    /// Distribution of the P&L at a horizon.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes).
    pub fn predictive(&self, horizon: Horizon) -> Result<Predictive> {
        Predictive::new(self.outcomes(horizon)?)
    }

    /// Distribution of the P&L of a label at a horizon.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes); [`Error::Input`] for a label that was not asked for or does not exist, and
    /// [`Error::Undefined`] for one of which no position could be valued.
    pub fn predictive_of(&self, axis: &str, label: &str, horizon: Horizon) -> Result<Predictive> {
        let row = self.row(horizon)?;
        let found = self.parts.groups.iter().find(|group| group.axis == axis && group.label == label);
        let group = found.ok_or_else(|| Input::Unknown { name: "label", value: format!("{axis}: {label}") })?;
        match &group.pnl {
            Some(pnl) => Predictive::new(pnl[row].clone()),
            None => Err(Error::undefined("P&L of a label", format!("no position of {axis} {label} has a value"))),
        }
    }

    /// Losses at a horizon, for value at risk, expected shortfall and their errors.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes).
    pub fn losses(&self, horizon: Horizon) -> Result<LossSample> {
        let losses: Vec<f64> = self.outcomes(horizon)?.into_iter().map(|pnl| 0.0 - pnl).collect();
        Ok(LossSample::new(losses)?.with_horizon(horizon).with_coverage(self.parts.coverage))
    }

    /// Mean P&L at a horizon.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes).
    pub fn mean(&self, horizon: Horizon) -> Result<SimulatedMean> {
        Ok(SimulatedMean::of(self.outcomes(horizon)?.into_iter()))
    }

    /// Probability of a P&L above 0 at a horizon.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes).
    pub fn probability_of_gain(&self, horizon: Horizon) -> Result<EventProbability> {
        Ok(EventProbability::of(self.outcomes(horizon)?.into_iter().map(|pnl| pnl > 0.0), 1))
    }

    /// Probability of a loss greater than `limit` at a horizon.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes), and [`Error::Input`] for a limit that is negative or not finite.
    pub fn probability_of_loss_beyond(&self, limit: f64, horizon: Horizon) -> Result<EventProbability> {
        loss("limit", limit)?;
        Ok(EventProbability::of(self.outcomes(horizon)?.into_iter().map(|pnl| -pnl > limit), 1))
    }

    /// Probability of a loss greater than `limit` at some valued horizon up to this one.
    ///
    /// # Errors
    /// As [`probability_of_loss_beyond`](Self::probability_of_loss_beyond).
    pub fn probability_of_breach(&self, limit: f64, horizon: Horizon) -> Result<EventProbability> {
        loss("limit", limit)?;
        let rows = self.row(horizon)? + 1;
        let breached = self.paths_to(rows).map(|path| path.into_iter().any(|pnl| -pnl > limit));
        Ok(EventProbability::of(breached, rows))
    }

    /// The deepest fall of the P&L of each path from its highest point before, over the valued horizons up to this one;
    /// today counts as a point.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes).
    pub fn drawdowns(&self, horizon: Horizon) -> Result<Predictive> {
        Predictive::new(self.paths_to(self.row(horizon)? + 1).map(deepest_fall).collect::<Vec<_>>())
    }

    /// Probability that the P&L falls by more than `depth` from its highest point before, over the valued horizons up to
    /// this one.
    ///
    /// # Errors
    /// As [`probability_of_loss_beyond`](Self::probability_of_loss_beyond).
    pub fn probability_of_drawdown_beyond(&self, depth: f64, horizon: Horizon) -> Result<EventProbability> {
        loss("depth", depth)?;
        let rows = self.row(horizon)? + 1;
        Ok(EventProbability::of(self.paths_to(rows).map(|path| deepest_fall(path) > depth), rows))
    }

    /// Probability that at least one short option has ended in the money by a horizon.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes).
    pub fn probability_of_assignment(&self, horizon: Horizon) -> Result<EventProbability> {
        self.row(horizon)?;
        let first = self.parts.first_assignment.iter();
        let assigned = first.map(|first| first.is_some_and(|step| step <= horizon.trading_days()));
        // Settlements are looked at on their own days, whether or not the book is valued on them.
        Ok(EventProbability::of(assigned, horizon.trading_days() as usize))
    }

    fn row(&self, horizon: Horizon) -> Result<usize> {
        self.parts.horizons.binary_search(&horizon).map_err(|_| {
            let valued: Vec<String> = self.parts.horizons.iter().map(|h| h.trading_days().to_string()).collect();
            let reason = format!(
                "{} days, where the book was not valued, only at {}",
                horizon.trading_days(),
                valued.join(", ")
            );
            Error::invalid("horizon", reason)
        })
    }

    /// P&L of each path at its first `rows` horizons.
    fn paths_to(&self, rows: usize) -> impl ExactSizeIterator<Item = Vec<f64>> {
        let columns = self.parts.pnl.columns().into_iter();
        columns.map(move |path| path.iter().take(rows).copied().collect())
    }
}

fn deepest_fall(path: Vec<f64>) -> f64 {
    let (mut peak, mut deepest) = (0.0_f64, 0.0_f64);
    for pnl in path {
        peak = peak.max(pnl);
        deepest = deepest.max(peak - pnl);
    }
    deepest
}

fn loss(name: &'static str, value: f64) -> Result<f64> {
    check::ensure(value >= 0.0 && value.is_finite(), name, "at least 0 and finite", value)
}

impl TryFrom<Parts> for BookPaths {
    type Error = Error;

    fn try_from(parts: Parts) -> Result<Self> {
        check::finite_matrix("P&L", parts.pnl.view())?;
        check::number("value now", parts.value_now)?;
        let (horizons, paths) = parts.pnl.dim();
        check::length("horizons", horizons, parts.horizons.len())?;
        check::length("dates", horizons, parts.dates.len())?;
        check::length("first assignments", paths, parts.first_assignment.len())?;
        if let Some(place) = parts.horizons.windows(2).position(|pair| pair[0] >= pair[1]) {
            let value = parts.horizons[place + 1].trading_days().to_string();
            return Err(Input::NotIncreasing { name: "horizons", index: place + 1, value }.into());
        }
        for pnl in parts.groups.iter().filter_map(|group| group.pnl.as_ref()) {
            check::length("horizons of a group", horizons, pnl.len())?;
            for row in pnl {
                check::length("paths of a group", paths, row.len())?;
                check::finite("P&L of a group", row.as_slice().into())?;
            }
        }
        Ok(Self { parts })
    }
}

impl From<BookPaths> for Parts {
    fn from(paths: BookPaths) -> Self {
        paths.parts
    }
}
