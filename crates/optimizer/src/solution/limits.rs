//! What the limits cost.

use alluse_risk_core::Frequency;
use serde::{Deserialize, Serialize};

use super::Found;
use crate::Result;
use crate::certificate::limit_values;
use crate::conic::Source;
use crate::problem::{Constraint, ConstraintKind, Members, Objective, ObjectiveUnit, Problem, Side};

/// A limit that holds the objective back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActiveLimit {
    /// Its name.
    pub limit: String,
    /// The asset, for a limit on each of several.
    pub member: Option<String>,
    /// Which side binds.
    pub side: Side,
    /// The side's value.
    pub bound: f64,
    /// By how much the objective of one period would improve per unit of the bound, never negative.
    pub shadow_price: f64,
    /// The same in words, in the unit one speaks in.
    pub meaning: String,
}

/// A soft limit that was broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SoftViolation {
    /// Its name.
    pub limit: String,
    /// The asset, for a limit on each of several.
    pub member: Option<String>,
    /// By how much, in its unit.
    pub by: f64,
    /// What that was charged, in units of the objective.
    pub charged: f64,
}

/// How prices per period turn into words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    frequency: Option<Frequency>,
    /// What a price per period is multiplied by to be basis points (or a ratio) a year.
    factor: f64,
    unit: ObjectiveUnit,
    what: &'static str,
}

impl Scale {
    pub(super) fn of(problem: &Problem, volatility: Option<f64>) -> Self {
        let frequency = problem.frequency;
        let periods = frequency.map_or(1.0, Frequency::periods_per_year);
        let unit = problem.objective.unit();
        let growing = match &problem.objective {
            Objective::MinimiseRisk(measure) => measure.needs_covariance(),
            _ => false,
        };
        let (factor, what) = match (unit, volatility) {
            // dσ = dσ² / 2σ; volatilities grow with the root of time.
            (ObjectiveUnit::SquaredReturn, Some(sigma)) if sigma > 0.0 => (periods.sqrt() / (2.0 * sigma), "volatility"),
            (ObjectiveUnit::SquaredReturn, _) => (1.0, "the objective, in squared returns a period"),
            (ObjectiveUnit::Return, _) if growing => (periods.sqrt(), "risk"),
            (ObjectiveUnit::Return, _) if problem.objective.is_maximised() => (periods, "return"),
            // Tail means and drawdowns have no rule of scaling with time: they stay a period's.
            (ObjectiveUnit::Return, _) => (1.0, "risk a period"),
            (ObjectiveUnit::Ratio, _) if matches!(problem.objective, Objective::MaximiseRatio { .. }) => {
                (periods.sqrt(), "ratio of return to risk")
            }
            (ObjectiveUnit::Ratio, _) => (1.0, "the objective"),
        };
        Self { frequency, factor, unit, what }
    }

    /// "one percentage point more of it adds 1.4 bp of return a year".
    fn sentence(&self, limit: &Constraint, side: Side, price: f64, maximised: bool) -> String {
        let periods = self.frequency.map_or(1.0, Frequency::periods_per_year);
        let span = if self.frequency.is_some() { "a year" } else { "a period" };
        // How much of the limit one speaks of, and that in the limit's own unit.
        let (step, amount) = match limit.kind() {
            ConstraintKind::ExpectedReturn => (format!("one percentage point of return {span}"), 0.01 / periods),
            ConstraintKind::Risk(measure) if measure.needs_covariance() && !measure.is_squared() => {
                (format!("one percentage point of risk {span}"), 0.01 / periods.sqrt())
            }
            ConstraintKind::TrackingError(_) => {
                (format!("one percentage point of tracking error {span}"), 0.01 / periods.sqrt())
            }
            ConstraintKind::Risk(measure) if measure.is_squared() => ("one unit".to_owned(), 1.0),
            ConstraintKind::Linear(_) => ("0.01".to_owned(), 0.01),
            _ => ("one percentage point".to_owned(), 0.01),
        };
        let gain = price * amount * self.factor;
        let direction = match side {
            Side::Upper => "more",
            Side::Lower => "less",
        };
        let verb = if maximised { "adds" } else { "saves" };
        let (number, unit) = match self.unit {
            ObjectiveUnit::Ratio => (format!("{gain:.4}"), String::new()),
            ObjectiveUnit::SquaredReturn if self.what != "volatility" => (format!("{gain:.3e}"), String::new()),
            _ => (format!("{:.2}", gain * 1e4), " bp".to_owned()),
        };
        let span = if self.what.ends_with("a period") || self.what == "the objective" { "" } else { span };
        format!("{step} {direction} of {:?} {verb} {number}{unit} of {} {span}", limit.name(), self.what)
            .trim_end()
            .to_owned()
    }
}

/// The name of a member, for limits that have several.
pub(crate) fn member_name(problem: &Problem, limit: usize, member: usize) -> Option<String> {
    match problem.limits[limit].kind() {
        ConstraintKind::Weight(members) | ConstraintKind::PositionSize(members) => {
            if let Members::Named(names) = members
                && names.len() == 1
            {
                return None;
            }
            let places = problem.places(members).ok()?;
            Some(problem.universe.assets()[*places.get(member)?].as_str().to_owned())
        }
        _ => None,
    }
}

/// The limits whose price is not zero, dearest first.
pub(super) fn active(problem: &Problem, found: &Found, scale: &Scale) -> Result<Vec<ActiveLimit>> {
    let maximised = problem.objective.is_maximised();
    let largest = found.prices.values().copied().fold(0.0, f64::max);
    let mut active = Vec::new();
    for value in limit_values(problem, &found.weights)? {
        for side in [Side::Lower, Side::Upper] {
            let source = Source::Limit { limit: value.limit, member: value.member, side };
            let Some(price) = found.prices.get(&source).copied() else { continue };
            let constraint = &problem.limits[value.limit];
            let bound = match side {
                Side::Lower => constraint.lower(),
                Side::Upper => constraint.upper(),
            };
            // Interior points leave a trace of a price on limits with room; it falls with the room.
            let room = match side {
                Side::Lower => value.value - value.lower,
                Side::Upper => value.upper - value.value,
            };
            if !(price > 1e-9 * largest) || room > 1e-6 * bound.abs().max(1.0) {
                continue;
            }
            // A squared risk was limited by its root.
            let price = match constraint.kind() {
                ConstraintKind::Risk(measure) if measure.is_squared() => price / (2.0 * bound.sqrt()),
                _ => price,
            };
            active.push(ActiveLimit {
                limit: constraint.name().to_owned(),
                member: member_name(problem, value.limit, value.member),
                side,
                bound,
                shadow_price: price,
                meaning: scale.sentence(constraint, side, price, maximised),
            });
        }
    }
    active.sort_by(|a, b| b.shadow_price.total_cmp(&a.shadow_price));
    Ok(active)
}

/// The soft limits that do not hold.
pub(super) fn broken(problem: &Problem, weights: &[f64]) -> Result<Vec<SoftViolation>> {
    let mut broken = Vec::new();
    for value in limit_values(problem, weights)? {
        let Some(price) = problem.limits[value.limit].price() else { continue };
        let by = value.outside();
        if by > 1e-8 {
            let limit = problem.limits[value.limit].name().to_owned();
            let member = member_name(problem, value.limit, value.member);
            broken.push(SoftViolation { limit, member, by, charged: by * price });
        }
    }
    broken.sort_by(|a, b| b.charged.total_cmp(&a.charged));
    Ok(broken)
}
