//! From a tree to weights.

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, Covariance, Error as Input};
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use super::node::{AllocationNode, NodeContent};
use super::rule::{LevelInputs, LevelRule, RuleBook};
use super::scaling::{Scaled, SumBound, scale};
use crate::risk_budgeting::RiskContributions;
use crate::strategies::conflicts::GroupCap;
use crate::strategies::{StrategyReturns, check};
use crate::{Error, Result, RiskModel, Universe};

/// An account to be divided.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `root` | required | the tree |
/// | `budget` | 1 to 1 | least and most to be invested; the rest is cash |
/// | `underlying_caps` | none | largest weight of an underlying over all branches |
/// | `cluster_caps` | none | largest weight of several nodes together, by name; a name may stand in several branches |
///
/// A level whose rule leaves cash keeps it only if the budget allows less than everything to be invested.
///
/// ```
/// use alluse_optimizer::strategies::hierarchy::{AllocationNode, HierarchicalAllocation, LevelRule, RuleBook};
/// use alluse_risk_core::AssetId;
///
/// let leaf = |name: &str| AssetId::new(name).map(|asset| AllocationNode::leaf(name, asset));
/// let growth = AllocationNode::group("growth", LevelRule::Equal, vec![leaf("NVDA")?, leaf("TSLA")?]);
/// let income = AllocationNode::group("income", LevelRule::Equal, vec![leaf("NVDA")?, leaf("KO")?]);
/// let root = AllocationNode::group("account", LevelRule::Given(vec![0.5, 0.5]), vec![growth, income]);
/// let account = HierarchicalAllocation::new(root).with_underlying_cap(AssetId::new("NVDA")?, 0.3);
/// let result = account.allocate(None, None, &RuleBook::default())?;
/// // The two halves of NVDA give up 0.2 together, which goes to the others.
/// let nvda = result.underlyings.iter().find(|exposure| exposure.name == "NVDA");
/// assert!(nvda.is_some_and(|exposure| (exposure.weight - 0.3).abs() < 1e-9));
/// assert!(result.cash.abs() < 1e-9);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HierarchicalAllocation {
    root: AllocationNode,
    budget: (f64, f64),
    underlying_caps: BTreeMap<AssetId, f64>,
    cluster_caps: Vec<GroupCap>,
}

/// Which side of its bounds a weight stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// Neither.
    Free,
    /// It was raised to its least.
    Lower,
    /// It was lowered to its most.
    Upper,
}

/// The part of a node in the risk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NodeRisk {
    /// Euler contribution to the volatility of the account, per period of the risk model.
    pub contribution: f64,
    /// That over the contribution of the node above.
    pub of_parent: f64,
    /// What its risk budget asked for, where it has one: bounds and caps can move the risk away from it.
    pub budget: Option<f64>,
}

/// A node and its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeWeight {
    /// Names from the root down.
    pub path: Vec<String>,
    /// What the rules alone would give it.
    pub target: f64,
    /// Its weight, a fraction of the account.
    pub weight: f64,
    /// Least and most that were allowed.
    pub bounds: (f64, f64),
    /// Which of them held it.
    pub binding: Binding,
    /// Its part in the risk; `None` without a risk model.
    pub risk: Option<NodeRisk>,
}

/// A leaf and its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeafWeight {
    /// Names from the root down.
    pub path: Vec<String>,
    /// What it holds.
    pub underlying: AssetId,
    /// Its weight, a fraction of the account.
    pub weight: f64,
}

/// What one level did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LevelExplanation {
    /// Names from the root down.
    pub path: Vec<String>,
    /// Its rule.
    pub rule: LevelRule,
    /// The children and the shares that the rule gave them.
    pub shares: Vec<(String, f64)>,
    /// Volatility of each child as composed, per period; `None` without a risk model.
    pub volatilities: Option<Vec<f64>>,
}

/// A weight over several branches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LookThrough {
    /// The underlying or the cluster.
    pub name: String,
    /// Its weight over all branches.
    pub weight: f64,
    /// Its cap, where it has one.
    pub cap: Option<f64>,
    /// Whether the cap held it.
    pub binding: Binding,
}

/// The weights of an account with their reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HierarchicalResult {
    /// The leaves, from left to right.
    pub leaves: Vec<LeafWeight>,
    /// All nodes, the root first, each before its children.
    pub nodes: Vec<NodeWeight>,
    /// The levels, each before those below it.
    pub levels: Vec<LevelExplanation>,
    /// The underlyings by name.
    pub underlyings: Vec<LookThrough>,
    /// The clusters as given.
    pub clusters: Vec<LookThrough>,
    /// What is not invested.
    pub cash: f64,
    /// Volatility of the account per period of the risk model; `None` without one.
    pub volatility: Option<f64>,
}

/// What the rules see.
struct Data<'a> {
    risk: Option<Array2<f64>>,
    returns: Option<&'a StrategyReturns>,
    book: &'a RuleBook,
}

/// One node in the order of the walk.
struct Visited<'a> {
    node: &'a AllocationNode,
    path: Vec<String>,
    parent: Option<usize>,
    leaves: std::ops::Range<usize>,
    /// Targets of its leaves as fractions of the node.
    inner: Vec<f64>,
}

impl HierarchicalAllocation {
    /// A tree, all of it invested.
    #[must_use]
    pub fn new(root: AllocationNode) -> Self {
        Self { root, budget: (1.0, 1.0), underlying_caps: BTreeMap::new(), cluster_caps: Vec::new() }
    }

    /// With at least and at most so much invested, fractions of the account.
    #[must_use]
    pub fn with_budget(mut self, least: f64, most: f64) -> Self {
        self.budget = (least, most);
        self
    }

    /// With a largest weight of an underlying over all branches.
    #[must_use]
    pub fn with_underlying_cap(mut self, underlying: AssetId, cap: f64) -> Self {
        self.underlying_caps.insert(underlying, cap);
        self
    }

    /// With a largest weight of several nodes together.
    #[must_use]
    pub fn with_cluster_cap(mut self, cap: GroupCap) -> Self {
        self.cluster_caps.push(cap);
        self
    }

    /// The weights. The rows of `risk` and the columns of `returns` are the leaves from left to right.
    ///
    /// # Errors
    /// - [`Error::Invalid`] for a node with a blank or repeated name, without children, with bounds out of order, a
    ///   rule whose inputs are missing, shares that are negative or exceed 1, a budget out of order;
    /// - [`Error::Input`] for a risk model or histories of another number of leaves, a cap on an underlying, node or
    ///   rule that does not exist, and the errors of the rules;
    /// - [`Error::Infeasible`] with the bounds, caps and budget that contradict each other;
    /// - [`Error::NotConverged`] when neither an answer nor a contradiction is found.
    pub fn allocate(
        &self,
        risk: Option<&RiskModel>,
        returns: Option<&StrategyReturns>,
        book: &RuleBook,
    ) -> Result<HierarchicalResult> {
        self.check(risk, returns)?;
        let data = Data { risk: risk.map(dense).transpose()?, returns, book };
        let (mut visited, mut levels) = (Vec::new(), Vec::new());
        visit(&self.root, None, 0, &data, &mut visited, &mut levels)?;
        let target: Vec<f64> = visited[0].inner.iter().map(|share| share * self.budget.1).collect();
        let underlyings = underlyings(&visited);
        let bounds = self.bounds(&visited, &underlyings)?;
        let scaled = scale(&target, &bounds)?;
        let euler =
            risk.map(|model| RiskContributions::of(model, Array1::from(scaled.x.clone()).view())).transpose()?;
        let nodes = weights_of_nodes(&visited, &target, &scaled, &bounds, euler.as_ref());
        let caps = &bounds[visited.len()..];
        let mut looks = caps.iter().zip(&scaled.factors[visited.len()..]).map(|(b, f)| look(b, *f, &scaled.x));
        let underlyings: Vec<LookThrough> = looks.by_ref().take(underlyings.len()).collect();
        let clusters = looks.collect();
        let cash = 1.0 - scaled.x.iter().sum::<f64>();
        let volatility = euler.map(|euler| euler.volatility);
        let leaves = leaf_weights(&visited, &scaled.x);
        Ok(HierarchicalResult { leaves, nodes, levels, underlyings, clusters, cash, volatility })
    }

    fn check(&self, risk: Option<&RiskModel>, returns: Option<&StrategyReturns>) -> Result<()> {
        self.root.check()?;
        let (least, most) = self.budget;
        if !(least >= 0.0 && least <= most && most > 0.0 && most.is_finite()) {
            let reason = format!("{least} to {most} is not ordered, finite and above 0");
            return Err(Error::invalid("budget", reason));
        }
        let caps: Vec<f64> = self.underlying_caps.values().copied().collect();
        check::elements("underlying caps", "finite and at least 0", &caps, |cap| cap >= 0.0 && cap.is_finite())?;
        let leaves = self.root.leaves();
        risk.map_or(Ok(()), |model| check::length("risk model", leaves, model.len()))?;
        returns.map_or(Ok(()), |table| check::length("return histories", leaves, table.names().len()))
    }

    /// One bound a node, one an underlying, one a cluster, in this order.
    fn bounds(&self, visited: &[Visited<'_>], underlyings: &BTreeMap<&AssetId, Vec<usize>>) -> Result<Vec<SumBound>> {
        let mut bounds: Vec<SumBound> = Vec::new();
        for (place, node) in visited.iter().enumerate() {
            let (mut lower, mut upper) = (node.node.lower, node.node.upper);
            if place == 0 {
                (lower, upper) = (lower.max(self.budget.0), upper.min(self.budget.1));
            }
            if lower > upper {
                let reason = format!("the budget {:?} and the bounds of the root do not meet", self.budget);
                return Err(Error::Infeasible { what: "allocation", reason });
            }
            bounds.push(SumBound {
                label: node.path.join(" > "),
                members: node.leaves.clone().collect(),
                lower,
                upper,
            });
        }
        if let Some(unknown) = self.underlying_caps.keys().find(|name| !underlyings.contains_key(name)) {
            return Err(Input::Unknown { name: "underlying", value: unknown.to_string() }.into());
        }
        for (underlying, members) in underlyings {
            let upper = self.underlying_caps.get(*underlying).copied().unwrap_or(f64::INFINITY);
            let label = format!("underlying {underlying}");
            bounds.push(SumBound { label, members: members.clone(), lower: 0.0, upper });
        }
        for cluster in &self.cluster_caps {
            let mut members = Vec::new();
            for member in cluster.members() {
                let named: Vec<_> = visited.iter().filter(|v| v.node.name == member.as_str()).collect();
                if named.is_empty() {
                    return Err(Input::Unknown { name: "node", value: member.to_string() }.into());
                }
                members.extend(named.iter().flat_map(|v| v.leaves.clone()));
            }
            members.sort_unstable();
            members.dedup();
            let label = format!("cluster {}", cluster.name());
            bounds.push(SumBound { label, members, lower: 0.0, upper: cluster.cap() });
        }
        Ok(bounds)
    }
}

fn dense(model: &RiskModel) -> Result<Array2<f64>> {
    let n = model.len();
    let mut matrix = Array2::zeros((n, n));
    for (i, mut column) in matrix.axis_iter_mut(Axis(1)).enumerate() {
        let mut unit = Array1::zeros(n);
        unit[i] = 1.0;
        column.assign(&model.product(unit.view())?);
    }
    Ok(matrix)
}

/// Walks the tree: nodes before their children, compositions from the bottom up.
fn visit<'a>(
    node: &'a AllocationNode,
    parent: Option<usize>,
    first_leaf: usize,
    data: &Data<'_>,
    visited: &mut Vec<Visited<'a>>,
    levels: &mut Vec<LevelExplanation>,
) -> Result<()> {
    let place = visited.len();
    let mut path = parent.map_or_else(Vec::new, |above| visited[above].path.clone());
    path.push(node.name.clone());
    let leaves = first_leaf..first_leaf + node.leaves();
    visited.push(Visited { node, path: path.clone(), parent, leaves, inner: vec![1.0] });
    let NodeContent::Group { rule, children } = &node.content else { return Ok(()) };
    let level = levels.len();
    levels.push(LevelExplanation { path, rule: rule.clone(), shares: Vec::new(), volatilities: None });
    let (mut next, mut places) = (first_leaf, Vec::with_capacity(children.len()));
    for child in children {
        places.push(visited.len());
        visit(child, Some(place), next, data, visited, levels)?;
        next += child.leaves();
    }
    let inputs = level_inputs(node, children, &places, visited, data)?;
    let shares = rule.shares(&inputs, data.book)?;
    levels[level].shares = children.iter().map(|child| child.name.clone()).zip(shares.iter().copied()).collect();
    levels[level].volatilities = inputs.covariance.map(|covariance| covariance.volatilities().to_vec());
    let part = |(place, share): (&usize, &f64)| visited[*place].inner.iter().map(|x| x * share).collect::<Vec<_>>();
    visited[place].inner = places.iter().zip(&shares).flat_map(part).collect();
    Ok(())
}

fn level_inputs<'a>(
    node: &'a AllocationNode,
    children: &'a [AllocationNode],
    places: &[usize],
    visited: &[Visited<'_>],
    data: &Data<'_>,
) -> Result<LevelInputs<'a>> {
    // Children fully invested: what a child keeps in cash does not make it less risky per unit.
    let composed = |place: &usize| {
        let total: f64 = visited[*place].inner.iter().sum();
        visited[*place].inner.iter().map(|x| x / total).collect::<Vec<f64>>()
    };
    let weights: Vec<Vec<f64>> = places.iter().map(composed).collect();
    let ranges: Vec<_> = places.iter().map(|place| visited[*place].leaves.clone()).collect();
    let covariance = data.risk.as_ref().map(|risk| {
        let entry = |(i, j): (usize, usize)| {
            let row = |a: usize| weights[j].iter().zip(ranges[j].clone()).map(|(w, b)| w * risk[[a, b]]).sum::<f64>();
            weights[i].iter().zip(ranges[i].clone()).map(|(w, a)| w * row(a)).sum::<f64>()
        };
        let n = places.len();
        Covariance::new(Array2::from_shape_fn((n, n), |(i, j)| entry((i.min(j), i.max(j)))))
    });
    let covariance = covariance.transpose()?;
    let returns = data.returns.map(|table| {
        let columns = weights.iter().zip(&ranges).map(|(w, range)| table.composed(w, range.clone())).collect();
        let names = Universe::named(children.iter().map(|child| child.name.as_str()))?;
        StrategyReturns::new(table.dates().to_vec(), names, columns)
    });
    Ok(LevelInputs { node: &node.name, children, covariance, returns: returns.transpose()? })
}

/// The leaves that hold each underlying.
fn underlyings<'a>(visited: &[Visited<'a>]) -> BTreeMap<&'a AssetId, Vec<usize>> {
    let mut underlyings: BTreeMap<&AssetId, Vec<usize>> = BTreeMap::new();
    for visit in visited {
        if let NodeContent::Leaf { underlying } = &visit.node.content {
            underlyings.entry(underlying).or_default().push(visit.leaves.start);
        }
    }
    underlyings
}

fn leaf_weights(visited: &[Visited<'_>], x: &[f64]) -> Vec<LeafWeight> {
    let leaf = |visit: &Visited<'_>| match &visit.node.content {
        NodeContent::Group { .. } => None,
        NodeContent::Leaf { underlying } => {
            Some(LeafWeight { path: visit.path.clone(), underlying: underlying.clone(), weight: x[visit.leaves.start] })
        }
    };
    visited.iter().filter_map(leaf).collect()
}

/// A factor of 1 but for rounding scaled nothing.
fn binding(factor: f64) -> Binding {
    match factor {
        f if f > 1.0 + 1e-9 => Binding::Lower,
        f if f < 1.0 - 1e-9 => Binding::Upper,
        _ => Binding::Free,
    }
}

fn look(bound: &SumBound, factor: f64, x: &[f64]) -> LookThrough {
    let weight = bound.members.iter().map(|i| x[*i]).sum();
    let name = bound.label.split_once(' ').map_or(bound.label.as_str(), |(_, name)| name).to_owned();
    LookThrough { name, weight, cap: bound.upper.is_finite().then_some(bound.upper), binding: binding(factor) }
}

fn weights_of_nodes(
    visited: &[Visited<'_>],
    target: &[f64],
    scaled: &Scaled,
    bounds: &[SumBound],
    euler: Option<&RiskContributions>,
) -> Vec<NodeWeight> {
    let sum = |of: &[f64], visit: &Visited<'_>| of[visit.leaves.clone()].iter().sum::<f64>();
    let node = |(place, visit): (usize, &Visited<'_>)| {
        let risk = euler.map(|euler| {
            let contribution = sum(&euler.contribution, visit);
            let above = visit.parent.map_or(contribution, |parent| sum(&euler.contribution, &visited[parent]));
            NodeRisk { contribution, of_parent: contribution / above, budget: visit.node.risk_budget }
        });
        NodeWeight {
            path: visit.path.clone(),
            target: sum(target, visit),
            weight: sum(&scaled.x, visit),
            bounds: (bounds[place].lower, bounds[place].upper),
            binding: binding(scaled.factors[place]),
            risk,
        }
    };
    visited.iter().enumerate().map(node).collect()
}

#[cfg(test)]
mod tests;
