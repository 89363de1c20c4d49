//! The tree.

use std::collections::BTreeSet;

use alluse_risk_core::AssetId;
use serde::{Deserialize, Serialize};

use super::rule::LevelRule;
use crate::strategies::performance::StrategyLimits;
use crate::{Error, Result};

/// A part of the account: an account, a strategy, an underlying, or whatever its name says.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `bounds` | 0 to 1 | least and largest weight, as a fraction of the whole account |
/// | `risk_budget` | none | its share of the risk of the node above, for [`LevelRule::RiskBudgets`] |
/// | `limits` | none | drawdown and capacity, for [`LevelRule::Performance`]; capacity as a share of the node above |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllocationNode {
    pub(super) name: String,
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) risk_budget: Option<f64>,
    #[serde(default)]
    pub(super) limits: StrategyLimits,
    pub(super) content: NodeContent,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeContent {
    /// One underlying, which other leaves may hold too.
    Leaf {
        /// Which.
        underlying: AssetId,
    },
    /// Other nodes.
    Group {
        /// How it divides its weight.
        rule: LevelRule,
        /// Among these.
        children: Vec<AllocationNode>,
    },
}

impl AllocationNode {
    /// A leaf that holds an underlying.
    pub fn leaf(name: impl Into<String>, underlying: AssetId) -> Self {
        Self::new(name.into(), NodeContent::Leaf { underlying })
    }

    /// A group that divides its weight by a rule.
    pub fn group(name: impl Into<String>, rule: LevelRule, children: Vec<Self>) -> Self {
        Self::new(name.into(), NodeContent::Group { rule, children })
    }

    fn new(name: String, content: NodeContent) -> Self {
        Self { name, lower: 0.0, upper: 1.0, risk_budget: None, limits: StrategyLimits::default(), content }
    }

    /// With a least and a largest weight, fractions of the whole account.
    #[must_use]
    pub fn with_bounds(mut self, lower: f64, upper: f64) -> Self {
        (self.lower, self.upper) = (lower, upper);
        self
    }

    /// With its share of the risk of the node above.
    #[must_use]
    pub fn with_risk_budget(mut self, share: f64) -> Self {
        self.risk_budget = Some(share);
        self
    }

    /// With limits for a performance rule above it.
    #[must_use]
    pub fn with_limits(mut self, limits: StrategyLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its share of the risk of the node above, where it has one.
    #[must_use]
    pub fn risk_budget(&self) -> Option<f64> {
        self.risk_budget
    }

    /// Number of leaves at or below it.
    #[must_use]
    pub fn leaves(&self) -> usize {
        match &self.content {
            NodeContent::Leaf { .. } => 1,
            NodeContent::Group { children, .. } => children.iter().map(Self::leaves).sum(),
        }
    }

    /// Refuses empty groups, blank names, names that occur twice under one node, and bounds that are not ordered.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |reason: String| Err(Error::invalid(format!("node {:?}", self.name), reason));
        if self.name.trim().is_empty() {
            return refuse("the name is blank".to_owned());
        }
        if !(self.lower >= 0.0 && self.lower <= self.upper && self.upper.is_finite()) {
            return refuse(format!("bounds {} to {} are not ordered, finite and at least 0", self.lower, self.upper));
        }
        if self.risk_budget.is_some_and(|budget| !(budget > 0.0 && budget <= 1.0)) {
            return refuse(format!("the risk budget {:?} is not in (0, 1]", self.risk_budget));
        }
        let NodeContent::Group { children, .. } = &self.content else { return Ok(()) };
        if children.is_empty() {
            return refuse("the group has no children".to_owned());
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = children.iter().find(|child| !names.insert(child.name.as_str())) {
            return refuse(format!("two children are called {:?}", twice.name));
        }
        children.iter().try_for_each(Self::check)
    }
}
