use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A maximal run of periods below the peak. Positions count periods from 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
#[non_exhaustive]
pub struct Episode {
    /// The largest drawdown of the run.
    pub depth: f64,
    /// Its first period.
    pub start: usize,
    /// The first of its deepest periods.
    pub trough: usize,
    /// The period that regains the peak, or `None` when the data end first.
    pub recovered: Option<usize>,
    /// Periods of the whole path.
    pub periods: usize,
}

impl Episode {
    /// Whether the peak was regained.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.recovered.is_some()
    }

    /// The period that regains the peak; the number of periods, one past the last, when none does.
    #[must_use]
    pub fn end(&self) -> usize {
        self.recovered.unwrap_or(self.periods)
    }

    /// Periods from start to end, both counted; an unfinished episode counts as if it ended with the data.
    #[must_use]
    pub fn length(&self) -> usize {
        self.end() - self.start + 1
    }

    /// Periods from start to trough, both counted.
    #[must_use]
    pub fn to_trough(&self) -> usize {
        self.trough - self.start + 1
    }

    /// Periods from the trough to the regained peak; `None` while it is not regained.
    #[must_use]
    pub fn recovery(&self) -> Option<usize> {
        self.recovered.map(|end| end - self.trough)
    }

    /// Periods from trough to end; an unfinished episode counts as if it ended with the data.
    #[must_use]
    pub fn recovery_so_far(&self) -> usize {
        self.end() - self.trough
    }
}

/// The stored form, checked when it is read back.
#[derive(Deserialize)]
struct Stored {
    depth: f64,
    start: usize,
    trough: usize,
    recovered: Option<usize>,
    periods: usize,
}

impl TryFrom<Stored> for Episode {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let Stored { depth, start, trough, recovered, periods } = stored;
        if !(depth > 0.0 && depth.is_finite()) {
            return Err(Error::OutOfDomain { name: "depth", expected: "positive and finite", value: depth });
        }
        let after_trough = recovered.is_none_or(|end| end > trough && end < periods);
        if !(start <= trough && trough < periods && after_trough) {
            let expected = "between the start and the recovery, inside the path";
            return Err(Error::OutOfDomain { name: "trough", expected, value: trough as f64 });
        }
        Ok(Self { depth, start, trough, recovered, periods })
    }
}

/// A length of an [`Episode`], in periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EpisodeField {
    /// From start to end, both counted.
    Length,
    /// From start to trough, both counted.
    ToTrough,
    /// From trough to end.
    Recovery,
}

impl EpisodeField {
    pub(super) fn of(self, episode: &Episode) -> usize {
        match self {
            Self::Length => episode.length(),
            Self::ToTrough => episode.to_trough(),
            Self::Recovery => episode.recovery_so_far(),
        }
    }
}

/// What a mean does with an episode that has not regained its peak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unfinished {
    /// Leave it out: its length is not known yet.
    #[default]
    Excluded,
    /// Count it as if it ended one period after the last.
    EndsWithData,
}

pub(super) fn episodes(drawdowns: ArrayView1<'_, f64>) -> Vec<Episode> {
    let periods = drawdowns.len();
    let mut found: Vec<Episode> = Vec::new();
    let mut open = false;
    for (t, &depth) in drawdowns.iter().enumerate() {
        match (found.last_mut().filter(|_| open), depth > 0.0) {
            (None, true) => {
                found.push(Episode { depth, start: t, trough: t, recovered: None, periods });
                open = true;
            }
            (Some(episode), true) if depth > episode.depth => (episode.depth, episode.trough) = (depth, t),
            (Some(episode), false) => {
                episode.recovered = Some(t);
                open = false;
            }
            (Some(_), true) | (None, false) => {}
        }
    }
    found
}
