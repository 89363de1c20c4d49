use alluse_risk_core::labels::UNLABELLED;
use serde::{Deserialize, Serialize};

use super::{Domain, Range, Value, Variable};
use crate::{Error, Result};

/// What must hold of one variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A number in a range.
    In {
        /// The variable.
        variable: String,
        /// The range.
        range: Range,
    },
    /// One of some words.
    OneOf {
        /// The variable.
        variable: String,
        /// The words.
        values: Vec<String>,
    },
}

/// A label and the conditions that must all hold for it; without conditions it always does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelRule {
    /// The label.
    pub label: String,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

impl LabelRule {
    /// A rule without conditions yet.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), conditions: Vec::new() }
    }

    /// And the variable lies in a range.
    #[must_use]
    pub fn range(mut self, variable: impl Into<String>, range: Range) -> Self {
        self.conditions.push(Condition::In { variable: variable.into(), range });
        self
    }

    /// And the variable is this word.
    #[must_use]
    pub fn is(mut self, variable: impl Into<String>, value: impl Into<String>) -> Self {
        self.conditions.push(Condition::OneOf { variable: variable.into(), values: vec![value.into()] });
        self
    }

    pub(super) fn check(&self, index: usize, variables: &[Variable]) -> Result<()> {
        let refuse = |reason: String| Err(Error::invalid(format!("rule {index} ({:?})", self.label), reason));
        if self.label.trim().is_empty() || self.label == UNLABELLED {
            return refuse("its label is blank or reserved".to_owned());
        }
        for condition in &self.conditions {
            let name = condition.variable();
            let Some(variable) = variables.iter().find(|variable| variable.name == name) else {
                return refuse(format!("there is no variable {name:?}"));
            };
            match (condition, &variable.domain) {
                (Condition::In { range, .. }, Domain::Number(_)) => range.check(name)?,
                (Condition::OneOf { values, .. }, Domain::Category(known)) => {
                    if let Some(value) = values.iter().find(|value| !known.contains(value)) {
                        return refuse(format!("{value:?} is not a value of {name:?}"));
                    }
                }
                _ => return refuse(format!("the condition on {name:?} is of the wrong kind")),
            }
        }
        Ok(())
    }

    pub(super) fn holds(&self, variables: &[Variable], values: &[Value]) -> bool {
        self.conditions.iter().all(|condition| {
            let place = variables.iter().position(|variable| variable.name == condition.variable());
            match (condition, place.and_then(|place| values.get(place))) {
                (Condition::In { range, .. }, Some(Value::Number(x))) => range.contains(*x),
                (Condition::OneOf { values, .. }, Some(Value::Category(word))) => values.contains(word),
                _ => false,
            }
        })
    }
}

impl Condition {
    pub(super) fn variable(&self) -> &str {
        match self {
            Self::In { variable, .. } | Self::OneOf { variable, .. } => variable,
        }
    }
}
