//! Whether the rules cover every state, and no state twice.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::{AdjustmentRule, AdjustmentTable, AxisDomain, Condition, Effect, Target};
use crate::{Error, Result};

/// A part of the state space in which the same rules hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// One condition an axis; a label alone, a number in a range.
    pub conditions: Vec<Condition>,
}

/// A part of the state space with too few or too many rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Whose weight it is about.
    pub target: Target,
    /// Which effect.
    pub effect: Effect,
    /// Where.
    pub cell: Cell,
    /// The rules that hold there, with the same priority; none in a gap.
    pub rules: Vec<String>,
}

/// Where a table is not a partition of its states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TableReport {
    /// States in which no rule decides about an effect and target that other states have a rule for.
    pub gaps: Vec<Finding>,
    /// States in which several rules with the highest priority do.
    pub overlaps: Vec<Finding>,
    /// Parts of the state space that were looked at, for every target and effect.
    pub cells: usize,
}

/// Beyond this many parts a report would be no help.
const MOST_CELLS: usize = 100_000;

impl TableReport {
    /// Whether every state has one rule.
    #[must_use]
    pub fn is_partition(&self) -> bool {
        self.gaps.is_empty() && self.overlaps.is_empty()
    }
}

impl AdjustmentTable {
    /// Looks at every state, separately for each target and effect that has a rule.
    ///
    /// A rule for all targets counts for a named one too, as it does in [`adjust`](Self::adjust).
    ///
    /// # Errors
    /// [`Error::Unsupported`] when labels and ranges combine to more than 100,000 parts.
    pub fn partition(&self) -> Result<TableReport> {
        let mut subjects: Vec<(Target, Effect)> = Vec::new();
        for rule in &self.rules {
            let subject = (rule.target.clone(), rule.action.effect);
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        let mut report = TableReport { gaps: Vec::new(), overlaps: Vec::new(), cells: 0 };
        for (target, effect) in subjects {
            let rules: Vec<&AdjustmentRule> = self.rules_about(&target, effect).collect();
            let cells = self.cells(&rules)?;
            report.cells += cells.len();
            for cell in cells {
                let held: Vec<&AdjustmentRule> = rules.iter().copied().filter(|rule| cell.inside(rule)).collect();
                let rules: Vec<String> = highest(&held).into_iter().map(|rule| rule.name.clone()).collect();
                let count = rules.len();
                let finding = Finding { target: target.clone(), effect, cell, rules };
                match count {
                    0 => report.gaps.push(finding),
                    1 => {}
                    _ => report.overlaps.push(finding),
                }
            }
        }
        Ok(report)
    }

    pub(super) fn rules_about<'a>(
        &'a self,
        target: &'a Target,
        effect: Effect,
    ) -> impl Iterator<Item = &'a AdjustmentRule> {
        let about = move |rule: &&AdjustmentRule| rule.target == *target || rule.target == Target::All;
        self.rules.iter().filter(move |rule| rule.action.effect == effect).filter(about)
    }

    /// The product of the parts into which the rules cut each axis that they look at.
    fn cells(&self, rules: &[&AdjustmentRule]) -> Result<Vec<Cell>> {
        let mut cells = vec![Cell { conditions: Vec::new() }];
        for axis in &self.axes {
            let looked_at = || rules.iter().flat_map(|rule| &rule.when).filter(|c| c.axis() == axis.name);
            if looked_at().next().is_none() {
                continue;
            }
            let parts: Vec<Condition> = match &axis.domain {
                AxisDomain::Labels(labels) => {
                    let one =
                        |label: &String| Condition::Label { axis: axis.name.clone(), any_of: vec![label.clone()] };
                    labels.iter().map(one).collect()
                }
                AxisDomain::Range { from, to } => {
                    let part = |ends: &[f64]| Condition::Number { axis: axis.name.clone(), from: ends[0], to: ends[1] };
                    breaks(looked_at(), *from, *to).windows(2).map(part).collect()
                }
            };
            if cells.len().saturating_mul(parts.len()) > MOST_CELLS {
                let what = format!("a partition check of more than {MOST_CELLS} states");
                return Err(Error::Unsupported { what });
            }
            let with = |cell: &Cell, part: &Condition| Cell {
                conditions: cell.conditions.iter().chain([part]).cloned().collect(),
            };
            cells = cells.iter().flat_map(|cell| parts.iter().map(move |part| with(cell, part))).collect();
        }
        Ok(cells)
    }
}

/// Those with the highest priority.
pub(super) fn highest<'a>(rules: &[&'a AdjustmentRule]) -> Vec<&'a AdjustmentRule> {
    let top = rules.iter().map(|rule| rule.priority).max();
    rules.iter().copied().filter(|rule| Some(rule.priority) == top).collect()
}

/// The ends of the domain and of the conditions inside it, increasing.
fn breaks<'a>(conditions: impl Iterator<Item = &'a Condition>, from: f64, to: f64) -> Vec<f64> {
    let ends = conditions.flat_map(|condition| match condition {
        Condition::Number { from, to, .. } => vec![*from, *to],
        Condition::Label { .. } => Vec::new(),
    });
    let mut breaks: Vec<f64> = ends.filter(|end| *end > from && *end < to).chain([from, to]).collect();
    breaks.sort_by(f64::total_cmp);
    breaks.dedup_by(|a, b| a.total_cmp(b).is_eq());
    breaks
}

impl Cell {
    /// Whether a rule holds all over the cell; the cells are cut so that it holds on all or nothing of one.
    fn inside(&self, rule: &AdjustmentRule) -> bool {
        let holds = |wanted: &Condition| {
            self.conditions.iter().filter(|own| own.axis() == wanted.axis()).all(|own| match (wanted, own) {
                (Condition::Label { any_of, .. }, Condition::Label { any_of: own, .. }) => {
                    own.iter().all(|label| any_of.contains(label))
                }
                (Condition::Number { from, to, .. }, Condition::Number { from: low, to: high, .. }) => {
                    from <= low && high <= to
                }
                _ => false,
            })
        };
        rule.when.iter().all(holds)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |condition: &Condition| match condition {
            Condition::Label { axis, any_of } => format!("{axis} = {}", any_of.join(" or ")),
            Condition::Number { axis, from, to } => format!("{from} <= {axis} < {to}"),
        };
        let parts: Vec<String> = self.conditions.iter().map(text).collect();
        if parts.is_empty() { f.write_str("always") } else { f.write_str(&parts.join(", ")) }
    }
}
