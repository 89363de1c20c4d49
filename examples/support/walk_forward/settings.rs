//! What is run, and how often it is drawn.

use std::path::PathBuf;

use serde::Serialize;

use crate::{Failure, Result};

/// γ of every certainty equivalent `μ − γσ²/2` and of every utility.
pub const RISK_AVERSION: f64 = 3.0;

/// One-way costs in basis points; the comparison is of returns net of the second.
pub const COSTS: [f64; 3] = [5.0, 10.0, 25.0];

/// Number of the cost level at which the rules are compared.
pub const COMPARED_AT: usize = 1;

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    Full,
    /// Enough to see that it runs.
    Quick,
}

/// Where the data are and what is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Folder of the data.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Of every simulation and bootstrap.
    pub seed: u64,
    /// How much is run.
    pub scope: Scope,
}

/// How often everything is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Draws {
    /// Replicates of each bootstrap test.
    pub replicates: usize,
    /// Samples of each size from the market of known truth.
    pub samples: usize,
    /// Of so many decisions one is searched for unnecessary turnover.
    pub searched_every: usize,
    /// Pairs of strategies of each kind.
    pub pairs: usize,
    /// Resamples of each bootstrap interval of a correlation.
    pub resamples: usize,
}

impl Scope {
    /// How often everything is drawn.
    #[must_use]
    pub fn draws(self) -> Draws {
        match self {
            Self::Full => Draws { replicates: 999, samples: 400, searched_every: 3, pairs: 4_000, resamples: 499 },
            Self::Quick => Draws { replicates: 49, samples: 5, searched_every: 40, pairs: 100, resamples: 49 },
        }
    }
}

/// Runs a job for each item, on a thread each, and keeps their order.
///
/// # Errors
/// The first error in the order of the items.
pub fn each<I: Sync, T: Send>(items: &[I], job: impl Fn(&I) -> Result<T> + Sync) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let started: Vec<_> = items.iter().map(|item| scope.spawn(|| job(item))).collect();
        let died = |_| Failure("a thread of the study died".to_owned());
        started.into_iter().map(|thread| thread.join().map_err(died)?).collect()
    })
}
