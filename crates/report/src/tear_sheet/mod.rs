//! Tear sheets: what a portfolio earned, at what risk, against what, and how much of it can be told from chance.

mod calendar;
mod charts;
mod contributions;
mod document;
mod evidence;
mod label_history;
mod latest;
mod metric_tables;
mod relative;
mod summary;

use alluse_attribution::benchmark::{Aligned, AlignmentReport};
use alluse_attribution::contribution::{LabelAxis, Labelled};
use alluse_attribution::intervals::BlockBootstrap;
use alluse_attribution::{ReturnSeries, RiskFree};
use alluse_risk_core::measures::Bootstrap;
use serde::{Deserialize, Serialize};

use crate::{Document, Error, ReportKind, Result};

/// A tear sheet of one portfolio beside its benchmarks.
///
/// | setting | default |
/// |---|---|
/// | kind | since inception |
/// | risk-free return | zero |
/// | resamples of the intervals | 1,000 from seed 1 |
/// | trials | not stated: no deflation, and the page says so |
///
/// ```
/// use alluse_attribution::{ReturnKind, ReturnSeries};
/// use alluse_report::TearSheet;
/// use alluse_risk_core::Frequency;
/// use jiff::{ToSpan, civil::date};
/// use ndarray::Array1;
///
/// let start = date(2015, 1, 2);
/// let dates = (0..300).map(|week| start + (7 * week).days()).collect();
/// let returns: Array1<f64> = (0..300).map(|week| 0.003 + 0.02 * f64::from(week % 7 - 3)).collect();
/// let weekly = ReturnSeries::new("income", dates, returns, Frequency::Weekly, ReturnKind::Total)?;
/// let page = TearSheet::of(weekly).document()?.html()?;
/// assert!(page.contains("<svg") && !page.contains("<script"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TearSheet {
    /// Heading.
    pub title: String,
    /// How often it is made.
    pub kind: ReportKind,
    /// The portfolio.
    pub portfolio: ReturnSeries,
    /// Benchmarks on the dates of the portfolio.
    pub benchmarks: Vec<ReturnSeries>,
    /// What dropping out cost when portfolio and benchmarks were aligned.
    pub alignment: Option<AlignmentReport>,
    /// What cash earned.
    pub risk_free: RiskFree,
    /// How many variants were tried before this one was chosen, itself included.
    pub trials: Option<usize>,
    /// The labels of the periods on one axis, such as the week type.
    pub period_labels: Option<LabelAxis>,
    /// Where the return came from, by axis.
    pub contributions: Vec<AxisContributions>,
    /// What was modelled or taken for granted, in words.
    pub assumptions: Vec<String>,
    /// How intervals are drawn.
    pub bootstrap: BlockBootstrap,
}

/// Contributions to a return by the labels of one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AxisContributions {
    /// The axis.
    pub axis: String,
    /// Labels with their parts of the return.
    pub parts: Vec<(String, f64)>,
    /// The return that the parts add up to.
    pub total: f64,
}

impl TearSheet {
    /// Of a portfolio alone.
    #[must_use]
    pub fn of(portfolio: ReturnSeries) -> Self {
        Self {
            title: portfolio.name().to_owned(),
            kind: ReportKind::SinceInception,
            portfolio,
            benchmarks: Vec::new(),
            alignment: None,
            risk_free: RiskFree::Zero,
            trials: None,
            period_labels: None,
            contributions: Vec::new(),
            assumptions: Vec::new(),
            bootstrap: BlockBootstrap::new(Bootstrap::new(1)),
        }
    }

    /// Of a portfolio beside the benchmarks it was aligned with.
    #[must_use]
    pub fn against(aligned: Aligned) -> Self {
        let Aligned { portfolio, benchmarks, report, .. } = aligned;
        Self { benchmarks, alignment: Some(report), ..Self::of(portfolio) }
    }

    /// With another heading than the name of the portfolio.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Of another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ReportKind) -> Self {
        self.kind = kind;
        self
    }

    /// With what cash earned.
    #[must_use]
    pub fn with_risk_free(mut self, risk_free: RiskFree) -> Self {
        self.risk_free = risk_free;
        self
    }

    /// Chosen among so many variants.
    #[must_use]
    pub fn with_trials(mut self, trials: usize) -> Self {
        self.trials = Some(trials);
        self
    }

    /// With a label for each period, such as the week type.
    ///
    /// # Errors
    /// [`Error::Invalid`] for labels that rows or trades carry.
    pub fn with_period_labels(mut self, axis: LabelAxis) -> Result<Self> {
        if axis.labelled() != Labelled::Periods {
            let reason =
                format!("{:?} labels {:?}, a tear sheet takes labels of periods", axis.name(), axis.labelled());
            return Err(Error::invalid("period labels", reason));
        }
        self.period_labels = Some(axis);
        Ok(self)
    }

    /// With contributions by the labels of an axis.
    ///
    /// # Errors
    /// [`Error::Invalid`] for parts that do not add up to the total: what has no label needs one of its own.
    pub fn with_contributions(
        mut self,
        axis: impl Into<String>,
        parts: Vec<(String, f64)>,
        total: f64,
    ) -> Result<Self> {
        let axis = axis.into();
        let sum: f64 = parts.iter().map(|(_, part)| part).sum();
        let size = parts.iter().map(|(_, part)| part.abs()).sum::<f64>().max(1.0);
        if !((sum - total).abs() <= 1e-9 * size) {
            return Err(Error::invalid(
                format!("contributions by {axis}"),
                format!("they add up to {sum}, not to {total}"),
            ));
        }
        self.contributions.push(AxisContributions { axis, parts, total });
        Ok(self)
    }

    /// With something modelled or taken for granted, in words.
    #[must_use]
    pub fn with_assumption(mut self, words: impl Into<String>) -> Self {
        self.assumptions.push(words.into());
        self
    }

    /// With intervals drawn in another way.
    #[must_use]
    pub fn with_bootstrap(mut self, bootstrap: BlockBootstrap) -> Self {
        self.bootstrap = bootstrap;
        self
    }

    /// The tear sheet as a document. A figure without a value says why; it does not fail the page.
    ///
    /// # Errors
    /// [`Error::Attribution`] for benchmarks on other dates and a risk-free series of another length.
    pub fn document(&self) -> Result<Document> {
        document::document(self)
    }
}
