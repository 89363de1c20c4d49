//! Allocation reports: weights, who carries the risk, what every limit costs, the frontier, and why a mandate has no
//! solution.

mod document;

use alluse_optimizer::Solution;
use alluse_optimizer::conflict::Conflict;
use alluse_optimizer::frontier::Frontier;
use alluse_optimizer::stability::WeightBands;
use alluse_risk_core::{AssetId, Frequency};
use jiff::civil::Date;

use crate::{Document, ReportKind, Result};

/// What an allocation report says, as the optimiser computed it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AllocationReport<'a> {
    /// The day for which the weights are meant.
    pub as_of: Date,
    /// How means and variances per period become yearly ones.
    pub frequency: Frequency,
    /// Mandates with their solutions, the one proposed first.
    pub mandates: Vec<Mandate<'a>>,
    /// The efficient frontier of the same assets.
    pub frontier: Option<&'a Frontier>,
    /// Weights when the sample is drawn again, of the first mandate.
    pub bands: Option<&'a WeightBands>,
    /// Mandates that cannot be kept.
    pub conflicts: Vec<(String, &'a Conflict)>,
    /// What was estimated from what, in words.
    pub assumptions: Vec<String>,
    /// Returns the estimates rest on.
    pub observations: usize,
}

/// A mandate and the weights that keep it best.
#[derive(Debug, Clone, PartialEq)]
pub struct Mandate<'a> {
    /// What it is called.
    pub name: String,
    /// The solution.
    pub solution: &'a Solution,
    /// What each limit that binds costs as a whole, in basis points of the objective a year.
    pub limit_costs: Vec<(String, f64)>,
}

impl<'a> AllocationReport<'a> {
    /// A report on estimates from so many observations.
    #[must_use]
    pub fn new(as_of: Date, frequency: Frequency, observations: usize) -> Self {
        Self {
            as_of,
            frequency,
            mandates: Vec::new(),
            frontier: None,
            bands: None,
            conflicts: Vec::new(),
            assumptions: Vec::new(),
            observations,
        }
    }

    /// With a mandate, its solution, and what its limits cost as a whole.
    #[must_use]
    pub fn with_mandate(
        mut self,
        name: impl Into<String>,
        solution: &'a Solution,
        limit_costs: Vec<(String, f64)>,
    ) -> Self {
        self.mandates.push(Mandate { name: name.into(), solution, limit_costs });
        self
    }

    /// With the efficient frontier.
    #[must_use]
    pub fn with_frontier(mut self, frontier: &'a Frontier) -> Self {
        self.frontier = Some(frontier);
        self
    }

    /// With the range in which the weights of the first mandate fall when the sample is drawn again.
    #[must_use]
    pub fn with_bands(mut self, bands: &'a WeightBands) -> Self {
        self.bands = Some(bands);
        self
    }

    /// With a mandate that cannot be kept, and why.
    #[must_use]
    pub fn with_conflict(mut self, name: impl Into<String>, conflict: &'a Conflict) -> Self {
        self.conflicts.push((name.into(), conflict));
        self
    }

    /// With something taken for granted, in words.
    #[must_use]
    pub fn with_assumption(mut self, words: impl Into<String>) -> Self {
        self.assumptions.push(words.into());
        self
    }

    /// The report as a document.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a report without a mandate and without a conflict, and for parts
    /// that speak of different assets.
    pub fn document(&self, title: &str, kind: ReportKind) -> Result<Document> {
        document::document(self, title, kind)
    }

    /// The assets of the first mandate.
    fn assets(&self) -> &[AssetId] {
        self.mandates.first().map_or(&[], |mandate| mandate.solution.assets.as_slice())
    }
}
