//! The value of every limit at given weights, each by its definition.

use super::objective::{measure_of, tracking_deviation};
use crate::Result;
use crate::problem::{ConstraintKind, Members, Problem, TurnoverConvention};

/// The value that a limit bounds, for one of its members.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LimitValue {
    /// Its place in the list of limits.
    pub(crate) limit: usize,
    /// Which member.
    pub(crate) member: usize,
    pub(crate) value: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    /// A value that is allowed besides those between the sides: no position at all.
    pub(crate) or_zero: bool,
}

impl LimitValue {
    /// How far outside, over the size of what bounds it where that is above one.
    pub(crate) fn violation(&self, problem: &Problem) -> f64 {
        let outside = self.outside();
        let bound = if self.value > self.upper { self.upper } else { self.lower };
        let size = match problem.limits[self.limit].kind() {
            ConstraintKind::Linear(coefficients) => coefficients.iter().fold(bound.abs(), |s, (_, a)| s.max(a.abs())),
            _ => bound.abs(),
        };
        if outside == 0.0 { 0.0 } else { outside / size.max(1.0) }
    }

    /// How far outside, in the unit of the limit.
    pub(crate) fn outside(&self) -> f64 {
        let outside = (self.value - self.upper).max(self.lower - self.value).max(0.0);
        if self.or_zero { outside.min(self.value.abs()) } else { outside }
    }
}

/// Every limit's value, members in order.
pub(crate) fn limit_values(problem: &Problem, weights: &[f64]) -> Result<Vec<LimitValue>> {
    let mut values = Vec::new();
    for (limit, constraint) in problem.limits.iter().enumerate() {
        let sum = |members: &Members| -> Result<f64> {
            Ok(problem.places(members)?.into_iter().map(|asset| weights[asset]).sum())
        };
        let over = |members: &Members, size: fn(f64) -> f64| -> Result<f64> {
            Ok(problem.places(members)?.into_iter().map(|asset| size(weights[asset])).sum())
        };
        let (lower, upper) = (constraint.lower(), constraint.upper());
        let mut one = |member, value, lower, upper, or_zero| {
            values.push(LimitValue { limit, member, value, lower, upper, or_zero });
        };
        match constraint.kind() {
            ConstraintKind::Budget => one(0, weights.iter().sum(), lower, upper, false),
            ConstraintKind::BudgetAfterCosts => {
                let cost = problem.costs.as_ref().map_or(Ok(0.0), |costs| costs.of(weights))?;
                one(0, weights.iter().sum::<f64>() + cost, lower, upper, false);
            }
            ConstraintKind::Weight(members) => {
                for (member, asset) in problem.places(members)?.into_iter().enumerate() {
                    one(member, weights[asset], lower, upper, false);
                }
            }
            ConstraintKind::Group(members) => one(0, sum(members)?, lower, upper, false),
            ConstraintKind::ShareOfGroup { members, parent } => {
                let (inner, outer) = (sum(members)?, sum(parent)?);
                // Judged in weight, so that an empty parent asks for an empty child.
                let low = if lower.is_finite() { lower * outer } else { lower };
                let high = if upper.is_finite() { upper * outer } else { upper };
                one(0, inner, low, high, false);
            }
            ConstraintKind::Linear(coefficients) => {
                let mut total = 0.0;
                for (asset, coefficient) in coefficients {
                    total += coefficient * weights[problem.universe.position(asset)?];
                }
                one(0, total, lower, upper, false);
            }
            ConstraintKind::Gross(members) => one(0, over(members, f64::abs)?, lower, upper, false),
            ConstraintKind::Short(members) => one(0, over(members, |w| (-w).max(0.0))?, lower, upper, false),
            ConstraintKind::Turnover { held, convention } => {
                let traded: f64 = weights.iter().zip(held.view()).map(|(w, h)| (w - h).abs()).sum();
                let value = match convention {
                    TurnoverConvention::OneWay => 0.5 * traded,
                    TurnoverConvention::TwoSided => traded,
                };
                one(0, value, lower, upper, false);
            }
            ConstraintKind::ExpectedReturn => {
                let mean = problem.expected_returns()?;
                one(0, mean.iter().zip(weights).map(|(m, w)| m * w).sum(), lower, upper, false);
            }
            ConstraintKind::Risk(measure) => one(0, measure_of(problem, *measure, weights)?, lower, upper, false),
            ConstraintKind::TrackingError(benchmark) => {
                one(0, tracking_deviation(problem, benchmark, weights)?, lower, upper, false);
            }
            ConstraintKind::Cardinality => {
                let count = weights.iter().filter(|w| w.abs() > POSITION).count();
                one(0, count as f64, lower, upper, false);
            }
            ConstraintKind::PositionSize(members) => {
                for (member, asset) in problem.places(members)?.into_iter().enumerate() {
                    one(member, weights[asset].abs(), lower, upper, true);
                }
            }
        }
    }
    Ok(values)
}

/// The size from which a weight counts as a position.
const POSITION: f64 = 1e-9;
