//! Rules that give labels, and whether they give each observation exactly one.

mod partition;
mod range;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

pub use partition::{Overlap, Piece, Region, SchemeCheck};
pub use range::{Edge, Range};
pub use rule::{Condition, LabelRule};

use crate::{Error, Result};

/// What a rule can look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// A number from a range; what lies outside cannot happen and needs no rule.
    Number(Range),
    /// One of these words.
    Category(Vec<String>),
}

/// A named variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// What it can be.
    pub domain: Domain,
}

impl Variable {
    /// A number from a range.
    pub fn number(name: impl Into<String>, range: Range) -> Self {
        Self { name: name.into(), domain: Domain::Number(range) }
    }

    /// One of some words.
    pub fn category<S: Into<String>>(name: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        Self { name: name.into(), domain: Domain::Category(values.into_iter().map(Into::into).collect()) }
    }
}

/// What a variable is on one occasion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A number.
    Number(f64),
    /// A word.
    Category(String),
}

/// Rules that label observations by ranges of variables: a decision tree written out.
///
/// A scheme need not be total or exclusive to be written down; [`check`](Self::check) finds every gap and every
/// overlap, and [`assign`](Self::assign) refuses an observation for which two labels hold.
///
/// ```
/// use alluse_attribution::contribution::scheme::{LabelRule, LabelScheme, Range, Variable};
///
/// // "Over 15 % down" is also "over 5 % down", and nothing covers a rise.
/// let scheme = LabelScheme::new(
///     "week_type",
///     vec![Variable::number("move", Range::ALL)],
///     vec![
///         LabelRule::new("over limit").range("move", Range::below(-0.05)),
///         LabelRule::new("deep drawdown").range("move", Range::below(-0.15)),
///         LabelRule::new("calm").range("move", Range::closed(-0.05, 0.0)),
///     ],
/// )?;
/// let check = scheme.check()?;
/// assert_eq!(check.gaps[0].to_string(), "move in (0, ∞)");
/// assert_eq!(check.overlaps[0].labels, ["over limit", "deep drawdown"]);
/// assert_eq!(check.overlaps[0].region.to_string(), "move in (-∞, -0.15)");
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct LabelScheme {
    axis: String,
    variables: Vec<Variable>,
    rules: Vec<LabelRule>,
}

impl LabelScheme {
    /// A scheme for `axis`.
    ///
    /// # Errors
    /// [`Error::Input`] without variables or rules; [`Error::Invalid`] for names that repeat or are blank, a range that
    /// holds nothing, and a condition on a variable or word that does not exist or of the other kind.
    pub fn new(axis: impl Into<String>, variables: Vec<Variable>, rules: Vec<LabelRule>) -> Result<Self> {
        let axis = axis.into();
        if axis.trim().is_empty() {
            return Err(Input::Empty { name: "label axis" }.into());
        }
        if variables.is_empty() {
            return Err(Input::Empty { name: "variables of the label scheme" }.into());
        }
        if rules.is_empty() {
            return Err(Input::Empty { name: "rules of the label scheme" }.into());
        }
        let mut names = BTreeSet::new();
        for variable in &variables {
            variable.check()?;
            if !names.insert(variable.name.as_str()) {
                return Err(Error::invalid("label scheme", format!("the variable {:?} is there twice", variable.name)));
            }
        }
        for (index, rule) in rules.iter().enumerate() {
            rule.check(index, &variables)?;
        }
        Ok(Self { axis, variables, rules })
    }

    /// The axis.
    #[must_use]
    pub fn axis(&self) -> &str {
        &self.axis
    }

    /// The variables.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[LabelRule] {
        &self.rules
    }

    /// The label of one observation, a value for each variable in order; `None` in a gap.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of values; [`Error::Invalid`] for a value outside its domain or of the other
    /// kind, and where rules of different labels hold.
    pub fn assign(&self, values: &[Value]) -> Result<Option<&str>> {
        crate::check::length("values of the variables", self.variables.len(), values.len())?;
        for (variable, value) in self.variables.iter().zip(values) {
            if !variable.allows(value) {
                let reason = format!("{value:?} is not a value of {:?}", variable.name);
                return Err(Error::invalid(format!("label scheme {:?}", self.axis), reason));
            }
        }
        let mut found: Option<&str> = None;
        for rule in self.rules.iter().filter(|rule| rule.holds(&self.variables, values)) {
            match found {
                Some(label) if label != rule.label => {
                    let reason = format!("{label:?} and {:?} both hold at {values:?}", rule.label);
                    return Err(Error::invalid(format!("label scheme {:?}", self.axis), reason));
                }
                _ => found = Some(&rule.label),
            }
        }
        Ok(found)
    }

    /// Every region without a label and every region with several, over the whole domain of the variables.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the ranges cut the domain into more than a million pieces.
    pub fn check(&self) -> Result<SchemeCheck> {
        partition::check(self)
    }

    /// Passes only a scheme that gives every observation exactly one label.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the first gap and the first overlap; those of [`check`](Self::check).
    pub fn require_partition(&self) -> Result<()> {
        let check = self.check()?;
        if check.gaps.is_empty() && check.overlaps.is_empty() {
            return Ok(());
        }
        let gap = check.gaps.first().map(|region| format!("nothing labels {region}"));
        let overlap =
            check.overlaps.first().map(|overlap| format!("{} all label {}", overlap.labels.join(", "), overlap.region));
        let reason: Vec<String> = gap.into_iter().chain(overlap).collect();
        Err(Error::invalid(format!("label scheme {:?}", self.axis), reason.join("; ")))
    }
}

impl Variable {
    fn check(&self) -> Result<()> {
        let refuse = |reason: String| Err(Error::invalid(format!("variable {:?}", self.name), reason));
        if self.name.trim().is_empty() {
            return refuse("its name is blank".to_owned());
        }
        match &self.domain {
            Domain::Number(range) => range.check(&self.name),
            Domain::Category(values) if values.is_empty() => refuse("it has no values".to_owned()),
            Domain::Category(values) => {
                let distinct: BTreeSet<&String> = values.iter().collect();
                if distinct.len() < values.len() || values.iter().any(|value| value.trim().is_empty()) {
                    return refuse(format!("its values {values:?} repeat or are blank"));
                }
                Ok(())
            }
        }
    }

    fn allows(&self, value: &Value) -> bool {
        match (&self.domain, value) {
            (Domain::Number(range), Value::Number(value)) => range.contains(*value),
            (Domain::Category(values), Value::Category(value)) => values.contains(value),
            _ => false,
        }
    }
}

/// The stored form, so that a stored scheme is checked when it is read back.
#[derive(Deserialize)]
struct Stored {
    axis: String,
    variables: Vec<Variable>,
    rules: Vec<LabelRule>,
}

impl TryFrom<Stored> for LabelScheme {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::new(stored.axis, stored.variables, stored.rules)
    }
}
