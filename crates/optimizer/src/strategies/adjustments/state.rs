//! What was known when the decision was made.

use std::collections::BTreeMap;

use alluse_risk_core::labels::DateLabels;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Labels and numbers by axis, all of them known at the time of the decision.
///
/// ```
/// use alluse_optimizer::strategies::adjustments::DecisionState;
///
/// let monday = "2024-01-08T14:30:00Z".parse().unwrap();
/// let friday = "2024-01-12T21:00:00Z".parse().unwrap();
/// let state = DecisionState::new(monday).with_number("vix", 18.0, monday)?;
/// // A week type found on Friday cannot enter Monday's decision.
/// assert!(state.with_label("week", "red", friday).is_err());
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct DecisionState {
    decided_at: Timestamp,
    labels: BTreeMap<String, (String, Timestamp)>,
    numbers: BTreeMap<String, (f64, Timestamp)>,
}

impl DecisionState {
    /// Nothing known yet.
    #[must_use]
    pub fn new(decided_at: Timestamp) -> Self {
        Self { decided_at, labels: BTreeMap::new(), numbers: BTreeMap::new() }
    }

    /// When the decision is made.
    #[must_use]
    pub fn decided_at(&self) -> Timestamp {
        self.decided_at
    }

    /// With a label, in place of the one before on that axis.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a label that became known after the decision.
    pub fn with_label(
        mut self,
        axis: impl Into<String>,
        label: impl Into<String>,
        known_at: Timestamp,
    ) -> Result<Self> {
        let axis = axis.into();
        self.known(&axis, known_at)?;
        self.labels.insert(axis, (label.into(), known_at));
        Ok(self)
    }

    /// With a number, in place of the one before on that axis.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a number that became known after the decision or is not finite.
    pub fn with_number(mut self, axis: impl Into<String>, number: f64, known_at: Timestamp) -> Result<Self> {
        let axis = axis.into();
        self.known(&axis, known_at)?;
        if !number.is_finite() {
            return Err(Error::invalid(format!("axis {axis:?}"), format!("{number} is not finite")));
        }
        self.numbers.insert(axis, (number, known_at));
        Ok(self)
    }

    /// With the label of a date, as it was known at the decision.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the date had no label then; the message says whether one came later.
    pub fn with_date_label(self, labels: &DateLabels, date: Date) -> Result<Self> {
        let decided_at = self.decided_at;
        match labels.known_at(date, decided_at) {
            Some(label) => self.with_label(labels.axis(), label, decided_at),
            None => {
                let later = if labels.hindsight(date).is_some() { "only later" } else { "never" };
                let reason = format!("{:?} of {date} was not known at {decided_at}: {later}", labels.axis());
                Err(Error::Undefined { what: "label of a date", reason })
            }
        }
    }

    pub(super) fn label(&self, axis: &str) -> Option<&str> {
        self.labels.get(axis).map(|(label, _)| label.as_str())
    }

    pub(super) fn number(&self, axis: &str) -> Option<f64> {
        self.numbers.get(axis).map(|(number, _)| *number)
    }

    fn known(&self, axis: &str, known_at: Timestamp) -> Result<()> {
        if known_at <= self.decided_at {
            return Ok(());
        }
        let reason = format!("it became known at {known_at}, after the decision at {}", self.decided_at);
        Err(Error::invalid(format!("axis {axis:?}"), reason))
    }
}

/// The stored form, so that a stored state is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    decided_at: Timestamp,
    labels: BTreeMap<String, (String, Timestamp)>,
    numbers: BTreeMap<String, (f64, Timestamp)>,
}

impl TryFrom<Stored> for DecisionState {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let mut state = Self::new(stored.decided_at);
        for (axis, (label, known_at)) in stored.labels {
            state = state.with_label(axis, label, known_at)?;
        }
        for (axis, (number, known_at)) in stored.numbers {
            state = state.with_number(axis, number, known_at)?;
        }
        Ok(state)
    }
}

impl From<DecisionState> for Stored {
    fn from(state: DecisionState) -> Self {
        Self { decided_at: state.decided_at, labels: state.labels, numbers: state.numbers }
    }
}
