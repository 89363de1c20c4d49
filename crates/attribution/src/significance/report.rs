use alluse_risk_core::Confidence;
use serde::{Deserialize, Serialize};

use super::{EffectEstimate, Evidence, Multiplicity};
use crate::contribution::{LabelKnowledge, Labelled};

/// What one label does, and whether chance would do it too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelEffect {
    /// The label.
    pub label: String,
    /// Periods that carry it; all of them for labels of rows.
    pub periods: usize,
    /// Mean of the periods that carry it, or of the label's own contribution.
    pub mean: f64,
    /// Mean of all other periods, those without a label included; `None` for labels of rows and when there are none.
    pub rest_mean: Option<f64>,
    /// What is tested against zero: the difference of the two means for labels of periods, the mean contribution per
    /// period for labels of rows. `None` when there are too few periods to have an error.
    pub effect: Option<EffectEstimate>,
    /// Arithmetic contribution, the sum over the label's periods, with its error; `None` as for the effect.
    pub contribution: Option<EffectEstimate>,
    /// Two-sided; `None` when the label was not tested.
    pub p_value: Option<f64>,
    /// Adjusted for all labels tested: at or below q, the expected share of false findings is q.
    pub benjamini_hochberg: Option<f64>,
    /// Adjusted for all labels tested: at or below α, the chance of any false finding is α.
    pub holm: Option<f64>,
    /// The effect that this record would show with the power asked for, before adjustment; `None` when nothing varies and
    /// when there is no rest.
    pub minimum_detectable: Option<f64>,
    /// Periods of a record that would show an effect of the size that matters, at this label's frequency, and with the
    /// error measured here or that of independent periods, whichever is larger.
    pub required_periods: Option<usize>,
    /// The verdict.
    pub evidence: Evidence,
}

/// Periods without a label: shown, part of every rest, not tested.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnlabelledEffect {
    /// How many there are.
    pub periods: usize,
    /// Their mean.
    pub mean: f64,
    /// Their arithmetic contribution.
    pub contribution: f64,
}

/// Whether labels matter: the answer of [`LabelTest`](super::LabelTest).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignificanceReport {
    /// The axis.
    pub axis: String,
    /// What carries the labels.
    pub labelled: Labelled,
    /// Whether decisions could have known them.
    pub knowledge: LabelKnowledge,
    /// Periods of the record.
    pub periods: usize,
    /// Of intervals and verdicts.
    pub level: Confidence,
    /// Which adjustment the verdicts use.
    pub multiplicity: Multiplicity,
    /// How many labels were tested; the p-values are adjusted for so many.
    pub tested: usize,
    /// The labels in order of first use.
    pub labels: Vec<LabelEffect>,
    /// What carries no label, if anything does.
    pub unlabelled: Option<UnlabelledEffect>,
}

impl SignificanceReport {
    /// The effect of `label`.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<&LabelEffect> {
        self.labels.iter().find(|effect| effect.label == label)
    }
}
