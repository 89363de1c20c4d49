//! Why no weights keep the limits, and what to do about it.

mod filter;
mod relax;
mod share;

use serde::{Deserialize, Serialize};

use crate::problem::{Problem, Side};
use crate::{Error, Result};

/// A side of a limit that takes part in a contradiction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConflictMember {
    /// The limit's name.
    pub limit: String,
    /// Which side.
    pub side: Side,
    /// The side's value.
    pub bound: f64,
    /// Where the side would have to be, the others staying where they are; `None` for a count, which cannot be bent.
    pub needed: Option<f64>,
}

/// A side of a limit moved to make room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LimitMove {
    /// The limit's name.
    pub limit: String,
    /// Which side.
    pub side: Side,
    /// Where it is.
    pub from: f64,
    /// Where it would be.
    pub to: f64,
}

/// Limits that no weights keep together.
///
/// The set is minimal: without any one of its members the others can be kept, and weights that keep them were found and
/// measured. The relaxation is the cheapest set of moves, over all limits of the problem, that leaves room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conflict {
    /// The limits that contradict each other.
    pub members: Vec<ConflictMember>,
    /// The cheapest way out, counted in the size of each limit; empty where a count is in the way, or a share of nothing.
    pub relaxation: Vec<LimitMove>,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |side: Side, bound: f64| match side {
            Side::Lower => format!("at least {}", short(bound)),
            Side::Upper => format!("at most {}", short(bound)),
        };
        let members: Vec<String> = self
            .members
            .iter()
            .map(|member| format!("{:?} of {}", member.limit, at(member.side, member.bound)))
            .collect();
        match members.as_slice() {
            [only] => write!(f, "nothing keeps {only}")?,
            several => write!(f, "these limits contradict each other: {}", listed(several, "and"))?,
        }
        let single = |member: &ConflictMember| {
            member.needed.map(|needed| format!("{:?} {}", member.limit, at(member.side, needed)))
        };
        let ways: Vec<String> = self.members.iter().filter_map(single).collect();
        if !ways.is_empty() {
            write!(f, "; any one of these would resolve it: {}", listed(&ways, "or"))?;
        }
        let moves: Vec<String> = self
            .relaxation
            .iter()
            .map(|step| format!("{:?} from {} to {}", step.limit, short(step.from), short(step.to)))
            .collect();
        if !moves.is_empty() {
            write!(f, "; the cheapest way out of all conflicts moves {}", listed(&moves, "and"))?;
        }
        Ok(())
    }
}

/// Six significant digits without trailing zeros.
pub(crate) fn short(value: f64) -> String {
    if value == 0.0 || value.is_infinite() {
        return format!("{value}");
    }
    let digits = (5 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn listed(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

impl Problem {
    /// Looks for limits that contradict each other; `None` when weights keep them all.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve) for inputs that contradict themselves, and of the solver.
    pub fn conflict(&self) -> Result<Option<Conflict>> {
        self.check()?;
        self.find_conflict()
    }

    /// The conflict of a problem that a solver found infeasible, as an error.
    pub(crate) fn explain_conflict(&self) -> Error {
        match self.find_conflict() {
            Ok(Some(conflict)) => Error::Conflict(Box::new(conflict)),
            Ok(None) => Error::Undefined {
                what: "objective",
                reason: "weights keep the limits, but none of them is in the domain of the objective".into(),
            },
            Err(error) => error,
        }
    }

    /// Whether the limits that are not counts contradict each other.
    pub(crate) fn is_contradictory(&self) -> Result<bool> {
        filter::is_contradictory(self)
    }

    pub(crate) fn find_conflict(&self) -> Result<Option<Conflict>> {
        let sides = filter::bounded_sides(self);
        let Some(set) = filter::minimal_set(self, &sides)? else { return Ok(None) };
        let members = set.iter().map(|side| filter::member(self, &set, *side)).collect::<Result<Vec<_>>>()?;
        let relaxation = relax::cheapest(self, &sides)?;
        Ok(Some(Conflict { members, relaxation }))
    }
}

#[cfg(test)]
mod tests;
