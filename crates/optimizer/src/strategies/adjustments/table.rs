//! The table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What an axis can say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AxisDomain {
    /// One of these labels.
    Labels(Vec<String>),
    /// A number with `from ≤ x < to`.
    Range {
        /// Least value.
        from: f64,
        /// First value that is too large.
        to: f64,
    },
}

/// An axis of the state: a week type, a regime, a trust score, a drawdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What it is called.
    pub name: String,
    /// What it can say.
    pub domain: AxisDomain,
}

/// What must hold on one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// The label is one of these.
    Label {
        /// The axis.
        axis: String,
        /// The labels.
        any_of: Vec<String>,
    },
    /// The number is in `from ≤ x < to`.
    Number {
        /// The axis.
        axis: String,
        /// Least value.
        from: f64,
        /// First value that is too large.
        to: f64,
    },
}

/// Whose weight changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every strategy or node.
    All,
    /// The one of this name.
    Named(String),
}

/// What a rule changes; of each kind, one rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The weight is multiplied.
    Multiply,
    /// The weight is at least.
    Floor,
    /// The weight is at most.
    Ceiling,
    /// The delta of new positions is shifted, a signed fraction: −0.05 from 0.45 to 0.40. It is passed on.
    ShiftDelta,
}

/// An effect and its size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What changes.
    pub effect: Effect,
    /// By how much: at least 0, except for a shift, which is in [−1, 1].
    pub amount: f64,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentRule {
    /// What it is called, once in the table.
    pub name: String,
    /// Whose weight changes.
    pub target: Target,
    /// All of these must hold; none means always.
    pub when: Vec<Condition>,
    /// What changes.
    pub action: Action,
    /// Of several rules with the same effect on the same target, the one with the highest priority decides.
    pub priority: i32,
}

/// A table of rules over declared axes.
///
/// ```
/// use alluse_optimizer::strategies::adjustments::AdjustmentTable;
///
/// let table: AdjustmentTable = serde_json::from_str(r#"{
///     "axes": [{"name": "week", "domain": {"labels": ["green", "red"]}}],
///     "rules": [
///         {"name": "red week", "target": "all", "priority": 0,
///          "when": [{"label": {"axis": "week", "any_of": ["red"]}}],
///          "action": {"effect": "multiply", "amount": 0.7}}
///     ]
/// }"#)?;
/// let report = table.partition()?;
/// assert_eq!(report.gaps[0].cell.to_string(), "week = green"); // no rule says what a green week does
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct AdjustmentTable {
    pub(super) axes: Vec<Axis>,
    pub(super) rules: Vec<AdjustmentRule>,
}

impl AdjustmentTable {
    /// # Errors
    /// [`Error::Invalid`] for an axis or rule with a blank or repeated name, a domain or condition that is empty or
    /// repeats a label, a condition on an axis or label that does not exist, two conditions of a rule on one axis,
    /// and an amount out of range.
    pub fn new(axes: Vec<Axis>, rules: Vec<AdjustmentRule>) -> Result<Self> {
        once("axis", axes.iter().map(|axis| axis.name.as_str()))?;
        once("rule", rules.iter().map(|rule| rule.name.as_str()))?;
        axes.iter().try_for_each(check_axis)?;
        let by_name: BTreeMap<&str, &AxisDomain> = axes.iter().map(|a| (a.name.as_str(), &a.domain)).collect();
        rules.iter().try_for_each(|rule| check_rule(rule, &by_name))?;
        Ok(Self { axes, rules })
    }

    /// The axes.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[AdjustmentRule] {
        &self.rules
    }
}

impl Condition {
    pub(super) fn axis(&self) -> &str {
        match self {
            Self::Label { axis, .. } | Self::Number { axis, .. } => axis,
        }
    }
}

fn once<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if name.trim().is_empty() {
            return Err(Error::invalid(what, "the name is blank"));
        }
        if !seen.insert(name) {
            return Err(Error::invalid(format!("{what} {name:?}"), "the name occurs twice"));
        }
    }
    Ok(())
}

fn check_axis(axis: &Axis) -> Result<()> {
    let what = || format!("axis {:?}", axis.name);
    match &axis.domain {
        AxisDomain::Labels(labels) if labels.is_empty() => Err(Error::invalid(what(), "it has no labels")),
        AxisDomain::Labels(labels) => once(&format!("{} label", what()), labels.iter().map(String::as_str)),
        AxisDomain::Range { from, to } => ordered(what(), *from, *to),
    }
}

fn ordered(what: String, from: f64, to: f64) -> Result<()> {
    if from.is_finite() && to.is_finite() && from < to {
        return Ok(());
    }
    Err(Error::invalid(what, format!("{from} to {to} is not a finite range")))
}

fn check_rule(rule: &AdjustmentRule, axes: &BTreeMap<&str, &AxisDomain>) -> Result<()> {
    let what = || format!("rule {:?}", rule.name);
    once(&format!("{} condition on axis", what()), rule.when.iter().map(Condition::axis))?;
    for condition in &rule.when {
        match (condition, axes.get(condition.axis())) {
            (Condition::Label { any_of, .. }, Some(AxisDomain::Labels(labels))) => {
                if any_of.is_empty() {
                    return Err(Error::invalid(what(), format!("no label of {:?} is named", condition.axis())));
                }
                once(&format!("{} label", what()), any_of.iter().map(String::as_str))?;
                if let Some(unknown) = any_of.iter().find(|label| !labels.contains(label)) {
                    return Err(Error::invalid(what(), format!("{:?} has no label {unknown:?}", condition.axis())));
                }
            }
            (Condition::Number { from, to, .. }, Some(AxisDomain::Range { .. })) => ordered(what(), *from, *to)?,
            (_, None) => return Err(Error::invalid(what(), format!("there is no axis {:?}", condition.axis()))),
            _ => return Err(Error::invalid(what(), format!("{:?} is an axis of the other kind", condition.axis()))),
        }
    }
    let amount = rule.action.amount;
    let least = if rule.action.effect == Effect::ShiftDelta { -1.0 } else { 0.0 };
    let most = if rule.action.effect == Effect::ShiftDelta { 1.0 } else { f64::MAX };
    if !(amount >= least && amount <= most) {
        let reason = format!("the amount {amount} of {:?} is not in [{least}, {most}]", rule.action.effect);
        return Err(Error::invalid(what(), reason));
    }
    Ok(())
}

/// The stored form, so that a stored table is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    axes: Vec<Axis>,
    rules: Vec<AdjustmentRule>,
}

impl TryFrom<Stored> for AdjustmentTable {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::new(stored.axes, stored.rules)
    }
}

impl From<AdjustmentTable> for Stored {
    fn from(table: AdjustmentTable) -> Self {
        Self { axes: table.axes, rules: table.rules }
    }
}
