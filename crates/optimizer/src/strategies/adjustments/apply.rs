//! The rules applied to weights.

use alluse_risk_core::AssetId;
use serde::{Deserialize, Serialize};

use super::partition::highest;
use super::state::DecisionState;
use super::table::{AdjustmentRule, AdjustmentTable, AxisDomain, Condition, Effect, Target};
use crate::strategies::check;
use crate::{Error, Result};

/// A rule that decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedRule {
    /// Its name.
    pub rule: String,
    /// What it changed.
    pub effect: Effect,
    /// By how much.
    pub amount: f64,
}

/// A weight before and after.
///
/// ```text
/// after = max(floor, min(ceiling, multiplier · before))
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdjustedWeight {
    /// Whose.
    pub name: AssetId,
    /// As it came.
    pub before: f64,
    /// As it goes.
    pub after: f64,
    /// Shift of the delta of new positions, a signed fraction; 0 without a rule.
    pub delta_shift: f64,
    /// The rules that decided, one an effect.
    pub applied: Vec<AppliedRule>,
}

impl AdjustmentTable {
    /// Applies the rules to weights. What they sum to afterwards is the caller's business: less invested is cash.
    ///
    /// A rule for one name and a rule for all compete by priority alone. Two rules of the same highest priority on one
    /// weight and effect are an error, so that nothing depends on the order of rows.
    ///
    /// # Errors
    /// - [`Error::Input`] for weights that are not one a name, or not finite and at least 0; a rule for a name that is
    ///   not among them;
    /// - [`Error::Undefined`] for an axis that the rules look at and the state does not have;
    /// - [`Error::Invalid`] for a label or number outside its domain, two rules of the same priority, and a floor
    ///   above a ceiling.
    pub fn adjust(&self, state: &DecisionState, names: &[AssetId], weights: &[f64]) -> Result<Vec<AdjustedWeight>> {
        check::length("weights", names.len(), weights.len())?;
        check::elements("weights", "finite and at least 0", weights, |w| w >= 0.0 && w.is_finite())?;
        for rule in &self.rules {
            if let Target::Named(target) = &rule.target
                && !names.iter().any(|name| name.as_str() == target)
            {
                return Err(alluse_risk_core::Error::Unknown { name: "target", value: target.clone() }.into());
            }
        }
        self.check_state(state)?;
        names.iter().zip(weights).map(|(name, weight)| self.adjust_one(state, name, *weight)).collect()
    }

    /// Every axis that a rule looks at has a value in its domain.
    fn check_state(&self, state: &DecisionState) -> Result<()> {
        for axis in &self.axes {
            let looked_at = self.rules.iter().flat_map(|rule| &rule.when).any(|c| c.axis() == axis.name);
            let outside = |value: String| Err(Error::invalid(format!("axis {:?}", axis.name), value));
            match &axis.domain {
                _ if !looked_at => {}
                AxisDomain::Labels(labels) => match state.label(&axis.name) {
                    Some(label) if labels.iter().any(|known| known == label) => {}
                    Some(label) => return outside(format!("{label:?} is not one of its labels")),
                    None => return Err(unknown(&axis.name)),
                },
                AxisDomain::Range { from, to } => match state.number(&axis.name) {
                    Some(number) if number >= *from && number < *to => {}
                    Some(number) => return outside(format!("{number} is not in [{from}, {to})")),
                    None => return Err(unknown(&axis.name)),
                },
            }
        }
        Ok(())
    }

    fn adjust_one(&self, state: &DecisionState, name: &AssetId, before: f64) -> Result<AdjustedWeight> {
        let target = Target::Named(name.as_str().to_owned());
        let mut applied = Vec::new();
        let mut decide = |effect: Effect, otherwise: f64| -> Result<f64> {
            let holding: Vec<&AdjustmentRule> =
                self.rules_about(&target, effect).filter(|rule| holds(rule, state)).collect();
            match highest(&holding)[..] {
                [] => Ok(otherwise),
                [rule] => {
                    let (rule, amount) = (rule.name.clone(), rule.action.amount);
                    applied.push(AppliedRule { rule, effect, amount });
                    Ok(amount)
                }
                [first, second, ..] => {
                    let reason = format!("{:?} and {:?} have the same priority", first.name, second.name);
                    Err(Error::invalid(format!("{effect:?} of {name:?}"), reason))
                }
            }
        };
        let multiplier = decide(Effect::Multiply, 1.0)?;
        let floor = decide(Effect::Floor, 0.0)?;
        let ceiling = decide(Effect::Ceiling, f64::INFINITY)?;
        let delta_shift = decide(Effect::ShiftDelta, 0.0)?;
        if floor > ceiling {
            return Err(Error::invalid(
                format!("weight of {name:?}"),
                format!("floor {floor} above ceiling {ceiling}"),
            ));
        }
        let after = (multiplier * before).clamp(floor, ceiling);
        if !after.is_finite() {
            let reason = format!("{before} times {multiplier} overflows");
            return Err(Error::invalid(format!("weight of {name:?}"), reason));
        }
        Ok(AdjustedWeight { name: name.clone(), before, after, delta_shift, applied })
    }
}

fn unknown(axis: &str) -> Error {
    Error::Undefined { what: "adjustment", reason: format!("the state says nothing about axis {axis:?}") }
}

fn holds(rule: &AdjustmentRule, state: &DecisionState) -> bool {
    rule.when.iter().all(|condition| match condition {
        Condition::Label { axis, any_of } => {
            state.label(axis).is_some_and(|label| any_of.iter().any(|wanted| wanted == label))
        }
        Condition::Number { axis, from, to } => {
            state.number(axis).is_some_and(|number| number >= *from && number < *to)
        }
    })
}

#[cfg(test)]
mod tests;
