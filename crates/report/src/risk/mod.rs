//! Risk reports: limits, value at risk and expected shortfall, stress, greeks, coverage, and what changed since the last.

mod changes;
mod document;
mod names;

use alluse_instruments::{Exposure, LabelExposure};
use alluse_risk_core::{Assumption, Coverage, Currency, Estimate, InputHash, Limit, Status, Unvalued, Verdict};
use alluse_stress::StressReport;
use alluse_var_models::Decomposition;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use names::measure_name;

use crate::{Document, ReportKind, Result};

/// What a risk report says, as the crates of risk computed it. Store it as JSON, and the next report can say what changed.
///
/// ```
/// use alluse_instruments::{Book, MarketSnapshot};
/// use alluse_report::{ReportKind, risk::RiskReport};
/// use alluse_risk_core::Currency;
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31)).with_spot("KO", 47.35)?;
/// let book = Book::builder().share("KO", 100.0).build(&market)?;
/// let (exposure, coverage) = book.exposure();
/// let report = RiskReport::new(date(2018, 12, 31), Currency::usd(), exposure, coverage);
/// let page = report.document("Risk of the account", ReportKind::Daily, None)?.html()?;
/// assert!(page.contains("4,735 USD"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskReport {
    /// Valuation date.
    pub as_of: Date,
    /// Base currency.
    pub currency: Currency,
    /// Exposure of the whole book.
    pub exposure: Exposure,
    /// What the exposure speaks for.
    pub coverage: Coverage,
    /// Exposures by the labels of each axis.
    pub exposures: Vec<AxisExposures>,
    /// Estimates of risk, each with the model it comes from.
    pub estimates: Vec<ModelEstimate>,
    /// Splits of a risk figure by label.
    pub decompositions: Vec<Decomposition>,
    /// Limits with what they were judged on.
    pub limits: Vec<LimitCheck>,
    /// Stress tests.
    pub stress: Option<StressReport>,
    /// P&L of the book in the scenarios behind the estimates, for the picture of their distribution.
    pub scenario_pnl: Option<ScenarioOutcomes>,
    /// Positions without a value, and why.
    pub unvalued: Vec<Unvalued>,
    /// What was taken for granted, in words.
    pub assumptions: Vec<String>,
    /// Hashes of the inputs.
    pub inputs: Vec<InputHash>,
}

/// Exposures by the labels of one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AxisExposures {
    /// The axis.
    pub axis: String,
    /// One row a label.
    pub labels: Vec<LabelExposure>,
}

/// An estimate and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelEstimate {
    /// The model, in words.
    pub model: String,
    /// Its estimate.
    pub estimate: Estimate,
}

/// A limit and what it was judged on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitCheck {
    /// The limit.
    pub limit: Limit,
    /// The number, or why there is none.
    pub status: Status<Estimate>,
}

/// Outcomes of the book in equally likely scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioOutcomes {
    /// What the scenarios are, in words.
    pub what: String,
    /// Gains, positive, in base currency.
    pub pnl: Vec<f64>,
}

impl LimitCheck {
    /// The verdict: a partial number can prove a breach, never a pass.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.limit.judge(&self.status)
    }
}

impl RiskReport {
    /// A report of the exposure alone.
    #[must_use]
    pub fn new(as_of: Date, currency: Currency, exposure: Exposure, coverage: Coverage) -> Self {
        Self {
            as_of,
            currency,
            exposure,
            coverage,
            exposures: Vec::new(),
            estimates: Vec::new(),
            decompositions: Vec::new(),
            limits: Vec::new(),
            stress: None,
            scenario_pnl: None,
            unvalued: Vec::new(),
            assumptions: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// With the exposures by the labels of an axis.
    #[must_use]
    pub fn with_exposures(mut self, axis: impl Into<String>, labels: Vec<LabelExposure>) -> Self {
        self.exposures.push(AxisExposures { axis: axis.into(), labels });
        self
    }

    /// With an estimate of a model.
    #[must_use]
    pub fn with_estimate(mut self, model: impl Into<String>, estimate: Estimate) -> Self {
        self.estimates.push(ModelEstimate { model: model.into(), estimate });
        self
    }

    /// With the split of a figure.
    #[must_use]
    pub fn with_decomposition(mut self, decomposition: Decomposition) -> Self {
        self.decompositions.push(decomposition);
        self
    }

    /// With a limit and the number it is judged on.
    #[must_use]
    pub fn with_limit(mut self, limit: Limit, status: Status<Estimate>) -> Self {
        self.limits.push(LimitCheck { limit, status });
        self
    }

    /// With stress tests.
    #[must_use]
    pub fn with_stress(mut self, stress: StressReport) -> Self {
        self.stress = Some(stress);
        self
    }

    /// With the outcomes behind the estimates.
    #[must_use]
    pub fn with_scenario_pnl(mut self, what: impl Into<String>, pnl: Vec<f64>) -> Self {
        self.scenario_pnl = Some(ScenarioOutcomes { what: what.into(), pnl });
        self
    }

    /// With positions that have no value.
    #[must_use]
    pub fn with_unvalued(mut self, unvalued: impl IntoIterator<Item = Unvalued>) -> Self {
        self.unvalued.extend(unvalued);
        self
    }

    /// With what was taken for granted. What is already listed is not listed twice.
    #[must_use]
    pub fn with_assumptions(mut self, assumptions: &[Assumption]) -> Self {
        for text in assumptions.iter().map(ToString::to_string) {
            if !self.assumptions.contains(&text) {
                self.assumptions.push(text);
            }
        }
        self
    }

    /// With something taken for granted, in words.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.assumptions.push(note.into());
        self
    }

    /// With hashes of the inputs.
    #[must_use]
    pub fn with_inputs(mut self, inputs: &[InputHash]) -> Self {
        self.inputs.extend_from_slice(inputs);
        self
    }

    /// The worst verdict of all limits, those of the stress tests included; a breach before an unknown, and `None`
    /// without limits.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let stressed = self
            .stress
            .iter()
            .flat_map(|stress| &stress.scenarios)
            .flat_map(|scenario| &scenario.verdicts)
            .map(|verdict| verdict.verdict);
        self.limits.iter().map(LimitCheck::verdict).chain(stressed).max_by_key(|verdict| names::severity(*verdict))
    }

    /// The report as a document; with the report before it, also what changed.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) when the report before is of a later day or another currency.
    pub fn document(&self, title: &str, kind: ReportKind, previous: Option<&Self>) -> Result<Document> {
        document::document(self, title, kind, previous)
    }
}
