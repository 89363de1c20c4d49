//! What to do about conflicting strategies.

use alluse_risk_core::AssetId;
use serde::{Deserialize, Serialize};

use super::independent_set::independent_set;
use super::state::{Conflict, ConflictState, threshold};
use super::{GroupCap, IndependentSet};
use crate::strategies::check;
use crate::strategies::correlation::CorrelationReport;
use crate::{Error, Result};

/// An answer to strategies that are too alike.
///
/// ```text
/// select     max Σ scoreᵢ zᵢ   subject to  zᵢ + zⱼ ≤ 1 for every conflicting pair,  zᵢ ∈ {0, 1}
/// cap pairs  xᵢ + xⱼ ≤ cap
/// cap clusters  Σ xᵢ ≤ cap over each connected component
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CorrelationPolicy {
    /// The best set without a conflict; among what is kept, a cap on every pair whose point estimate exceeds the
    /// limit of the report though it does not conflict.
    SelectAndCap {
        /// Largest weight of such a pair.
        pair_cap: f64,
    },
    /// The best set without a conflict, without caps.
    Select,
    /// All are kept; conflicting pairs are capped.
    CapPairs {
        /// Largest weight of a pair.
        cap: f64,
    },
    /// All are kept; what is joined by conflicts, or by point estimates above a threshold, is capped together.
    CapClusters {
        /// Correlation above which two strategies are joined.
        threshold: f64,
        /// Largest weight of a cluster.
        cap: f64,
    },
}

/// Why a strategy was dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DropReason {
    /// It conflicts with one that is kept; of several, the closest.
    Conflict(Conflict),
    /// Its score is not positive.
    Score,
}

/// A strategy that was dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Which.
    pub strategy: AssetId,
    /// Its score.
    pub score: f64,
    /// Why.
    pub reason: DropReason,
}

/// What a policy decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PolicyOutcome {
    /// The strategies to hold, in the order of the report.
    pub kept: Vec<AssetId>,
    /// The others.
    pub dropped: Vec<Dropped>,
    /// Caps for the optimiser, over kept strategies only.
    pub caps: Vec<GroupCap>,
    /// The selection with its proof, in positions of the strategies with a positive score; `None` without one.
    pub selection: Option<IndependentSet>,
}

/// Nodes of the search: enough for 50 strategies, and an end for anything else.
const MAX_NODES: usize = 1_000_000;

impl CorrelationPolicy {
    /// Applies the policy to the strategies of a report and their conflicts.
    ///
    /// `scores` are higher for better strategies, one each in the order of the report; only the selections use them.
    ///
    /// # Errors
    /// - [`Error::Input`] for a number of scores other than that of strategies, one that is not finite, and a cap
    ///   that is not finite and at least 0;
    /// - [`Error::Infeasible`] when no score is positive;
    /// - [`Error::Unsupported`] for a selection among more than 64 strategies.
    pub fn apply(&self, report: &CorrelationReport, state: &ConflictState, scores: &[f64]) -> Result<PolicyOutcome> {
        check::length("scores", report.strategies.len(), scores.len())?;
        check::elements("scores", "finite", scores, f64::is_finite)?;
        match *self {
            Self::SelectAndCap { pair_cap } => {
                let mut outcome = select(report, state, scores)?;
                outcome.caps = warned_pairs(report, &outcome.kept, pair_cap)?;
                Ok(outcome)
            }
            Self::Select => select(report, state, scores),
            Self::CapPairs { cap } => {
                let here =
                    |c: &&Conflict| report.strategies.contains(&c.first) && report.strategies.contains(&c.second);
                let pairs = state.conflicts().iter().filter(here);
                let caps: Result<Vec<_>> = pairs.map(|c| pair_cap_of(&c.first, &c.second, cap)).collect();
                Ok(keep_all(report, caps?))
            }
            Self::CapClusters { threshold: joined_above, cap } => {
                threshold(joined_above)?;
                let groups = clusters(report, state, joined_above);
                let caps: Result<Vec<_>> = groups.into_iter().map(|group| cluster_cap(group, cap)).collect();
                Ok(keep_all(report, caps?))
            }
        }
    }
}

fn keep_all(report: &CorrelationReport, caps: Vec<GroupCap>) -> PolicyOutcome {
    PolicyOutcome { kept: report.strategies.clone(), dropped: Vec::new(), caps, selection: None }
}

fn select(report: &CorrelationReport, state: &ConflictState, scores: &[f64]) -> Result<PolicyOutcome> {
    let names = &report.strategies;
    let eligible: Vec<usize> = (0..names.len()).filter(|i| scores[*i] > 0.0).collect();
    if eligible.is_empty() {
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let reason = format!("the highest of {} scores is {best}, not positive", scores.len());
        return Err(Error::Infeasible { what: "selection of strategies", reason });
    }
    let place = |name: &AssetId| eligible.iter().position(|i| names[*i] == *name);
    let edge = |c: &Conflict| Some((place(&c.first)?, place(&c.second)?));
    let edges: Vec<_> = state.conflicts().iter().filter_map(edge).collect();
    let weights: Vec<f64> = eligible.iter().map(|i| scores[*i]).collect();
    let best = independent_set(&weights, &edges, MAX_NODES)?;
    let chosen: Vec<usize> = best.members.iter().map(|at| eligible[*at]).collect();
    let kept: Vec<AssetId> = chosen.iter().map(|i| names[*i].clone()).collect();
    let drop = |i: usize| {
        let closest = kept.iter().filter_map(|other| state.get(&names[i], other)).max_by(|a, b| {
            // An unknown correlation is the closest of all: nothing is known in its favour.
            let key = |c: &Conflict| c.statistic.unwrap_or(f64::INFINITY);
            key(a).total_cmp(&key(b))
        });
        let reason = match closest {
            Some(conflict) if scores[i] > 0.0 => DropReason::Conflict(conflict.clone()),
            _ => DropReason::Score,
        };
        Dropped { strategy: names[i].clone(), score: scores[i], reason }
    };
    let dropped = (0..names.len()).filter(|i| !chosen.contains(i)).map(drop).collect();
    Ok(PolicyOutcome { kept, dropped, caps: Vec::new(), selection: Some(best) })
}

/// Kept pairs whose point estimate exceeds the limit.
fn warned_pairs(report: &CorrelationReport, kept: &[AssetId], cap: f64) -> Result<Vec<GroupCap>> {
    let limit = report.settings.limit();
    let both = report.pairs.iter().filter(|pair| kept.contains(&pair.first) && kept.contains(&pair.second));
    let close = both.filter(|pair| pair.overall.known().is_some_and(|known| known.correlation > limit));
    close.map(|pair| pair_cap_of(&pair.first, &pair.second, cap)).collect()
}

fn pair_cap_of(first: &AssetId, second: &AssetId, cap: f64) -> Result<GroupCap> {
    GroupCap::new(format!("{first} and {second}"), [first.as_str(), second.as_str()], cap)
}

fn cluster_cap(group: Vec<&AssetId>, cap: f64) -> Result<GroupCap> {
    let names: Vec<&str> = group.into_iter().map(AssetId::as_str).collect();
    GroupCap::new(format!("cluster of {}", names.join(", ")), names, cap)
}

/// Connected components of more than one strategy.
fn clusters<'a>(report: &'a CorrelationReport, state: &ConflictState, above: f64) -> Vec<Vec<&'a AssetId>> {
    let names = &report.strategies;
    // The smallest position of each component, found by joining pair after pair.
    let mut root: Vec<usize> = (0..names.len()).collect();
    let position = |name: &AssetId| names.iter().position(|other| other == name);
    for pair in &report.pairs {
        let close = pair.overall.known().is_some_and(|known| known.correlation > above);
        if (close || state.get(&pair.first, &pair.second).is_some())
            && let (Some(a), Some(b)) = (position(&pair.first), position(&pair.second))
        {
            let (low, high) = (root[a].min(root[b]), root[a].max(root[b]));
            root.iter_mut().filter(|r| **r == high).for_each(|r| *r = low);
        }
    }
    let members = |of: usize| (0..names.len()).filter(|i| root[*i] == of).map(|i| &names[i]).collect::<Vec<_>>();
    (0..names.len()).map(members).filter(|group| group.len() > 1).collect()
}

#[cfg(test)]
mod tests;
