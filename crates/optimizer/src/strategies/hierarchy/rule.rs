//! How one level divides its weight.

use std::collections::BTreeMap;
use std::fmt;

use alluse_risk_core::{Covariance, Error as Input};
use serde::{Deserialize, Serialize};

use super::node::AllocationNode;
use crate::risk_budgeting::{Budgets, RiskBudgeting};
use crate::strategies::performance::PerformanceWeights;
use crate::strategies::{StrategyReturns, check};
use crate::{Error, Result, RiskModel};

/// The rule of a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LevelRule {
    /// The same to every child.
    Equal,
    /// In proportion to one over the volatility of the child as it is composed.
    InverseVolatility,
    /// Every child carries the same part of the risk.
    EqualRisk,
    /// Every child carries the part of the risk that its node says; the parts sum to 1.
    RiskBudgets,
    /// These shares, one a child, at least 0; what they leave of 1 is cash.
    Given(Vec<f64>),
    /// Tilted by shrunken past performance; capital that a drawdown frees is cash.
    Performance(PerformanceWeights),
    /// A rule of the caller's own, by its name in the [`RuleBook`].
    Named(String),
}

/// What a rule sees of its level.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LevelInputs<'a> {
    /// The node that divides its weight.
    pub node: &'a str,
    /// Among these.
    pub children: &'a [AllocationNode],
    /// Covariance of the children as they are composed; `None` without a risk model.
    pub covariance: Option<Covariance>,
    /// Returns of the children as they are composed; `None` without histories.
    pub returns: Option<StrategyReturns>,
}

/// A rule of the caller's own.
pub trait ShareRule: fmt::Debug + Send + Sync {
    /// One share a child, at least 0 and together at most 1; what they leave of 1 is cash.
    ///
    /// # Errors
    /// Those of the rule behind the trait.
    fn shares(&self, level: &LevelInputs<'_>) -> Result<Vec<f64>>;
}

/// Rules of the caller's own, by name.
#[derive(Debug, Default)]
pub struct RuleBook {
    rules: BTreeMap<String, Box<dyn ShareRule>>,
}

impl RuleBook {
    /// With a rule under a name, in place of the one that was there.
    #[must_use]
    pub fn with_rule(mut self, name: impl Into<String>, rule: impl ShareRule + 'static) -> Self {
        self.rules.insert(name.into(), Box::new(rule));
        self
    }
}

impl LevelRule {
    /// The shares, checked.
    pub(super) fn shares(&self, level: &LevelInputs<'_>, book: &RuleBook) -> Result<Vec<f64>> {
        let n = level.children.len();
        let shares = match self {
            Self::Equal => vec![1.0 / n as f64; n],
            Self::InverseVolatility => inverse_volatility(level)?,
            Self::EqualRisk => budgeted(level, Budgets::Equal)?,
            Self::RiskBudgets => budgeted(level, own_budgets(level)?)?,
            Self::Given(shares) => shares.clone(),
            Self::Performance(rule) => {
                let returns = level.returns.as_ref().ok_or_else(|| missing(level, "return histories"))?;
                let limits: Vec<_> = level.children.iter().map(|child| child.limits).collect();
                rule.allocate(returns, &limits)?.strategies.iter().map(|s| s.weight).collect()
            }
            Self::Named(name) => {
                let unknown = || Input::Unknown { name: "level rule", value: name.clone() };
                book.rules.get(name).ok_or_else(unknown)?.shares(level)?
            }
        };
        check::length("shares of a level", n, shares.len())?;
        let total: f64 = shares.iter().sum();
        let all = shares.iter().all(|s| *s >= 0.0) && total > 0.0 && total <= 1.0 + 1e-9;
        if all {
            return Ok(shares);
        }
        let reason = format!("the shares {shares:?} are not at least 0 with a sum in (0, 1]");
        Err(Error::invalid(format!("node {:?}", level.node), reason))
    }
}

fn missing(level: &LevelInputs<'_>, what: &str) -> Error {
    Error::invalid(format!("node {:?}", level.node), format!("its rule needs {what}, and none were given"))
}

fn inverse_volatility(level: &LevelInputs<'_>) -> Result<Vec<f64>> {
    let covariance = level.covariance.as_ref().ok_or_else(|| missing(level, "a risk model"))?;
    let inverse = covariance.volatilities().mapv(|v| 1.0 / v);
    if let Some(still) = inverse.iter().position(|v| !v.is_finite()) {
        let reason = format!("{:?} in {:?} has no volatility", level.children[still].name, level.node);
        return Err(Error::Undefined { what: "inverse volatility", reason });
    }
    let total = inverse.sum();
    Ok(inverse.iter().map(|v| v / total).collect())
}

fn budgeted(level: &LevelInputs<'_>, budgets: Budgets) -> Result<Vec<f64>> {
    let covariance = level.covariance.clone().ok_or_else(|| missing(level, "a risk model"))?;
    if level.children.len() == 1 {
        return Ok(vec![1.0]);
    }
    let solution = RiskBudgeting::new(budgets).solve(&RiskModel::from(covariance))?;
    Ok(solution.weights.view().to_vec())
}

fn own_budgets(level: &LevelInputs<'_>) -> Result<Budgets> {
    let name = || format!("node {:?}", level.node);
    let budget = |child: &AllocationNode| {
        child.risk_budget.ok_or_else(|| Error::invalid(name(), format!("{:?} has no risk budget", child.name)))
    };
    let budgets: Result<Vec<f64>> = level.children.iter().map(budget).collect();
    let budgets = budgets?;
    let total: f64 = budgets.iter().sum();
    if !((total - 1.0).abs() <= 1e-9) {
        return Err(Error::invalid(name(), format!("the risk budgets {budgets:?} sum to {total}, not 1")));
    }
    Ok(Budgets::PerAsset(budgets.iter().map(|b| b / total).collect()))
}
