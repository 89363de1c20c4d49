//! The checks before a problem is solved.

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, Error as InputError};
use ndarray::ArrayView1;

use super::{Benchmark, Constraint, ConstraintKind, MeanUncertainty, Members, Objective, Problem, RiskMeasure};
use crate::check::{elements, not_negative, number};
pub(super) use crate::check::{finite, length};
use crate::{Error, Result, Universe};

pub(super) fn missing(what: &str, reason: &str) -> Error {
    Error::invalid(what, reason)
}

/// Names of another input must be the universe's, in its order.
pub(super) fn names(universe: &Universe, names: Option<&[AssetId]>) -> Result<()> {
    let Some(names) = names else { return Ok(()) };
    match universe.assets().iter().zip(names).position(|(ours, theirs)| ours != theirs) {
        None => Ok(()),
        Some(place) => {
            let (ours, theirs) = (&universe.assets()[place], &names[place]);
            let reason = format!("row {place} is {theirs}, the universe's asset there is {ours}");
            Err(Error::invalid("covariance", reason))
        }
    }
}

impl Problem {
    /// Refuses what no solver should see.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_objective()?;
        let mut seen = BTreeMap::new();
        for (second, limit) in self.limits.iter().enumerate() {
            if let Some(first) = seen.insert(limit.name(), second) {
                let value = limit.name().to_owned();
                return Err(InputError::Duplicate { name: "limit", value, first, second }.into());
            }
            self.check_limit(limit)?;
        }
        if let Some(covariance) = &self.covariance {
            covariance.check_semidefinite()?;
        }
        Ok(())
    }

    fn check_objective(&self) -> Result<()> {
        if let Some(measure) = self.objective.measure() {
            self.check_measure(measure)?;
        }
        match &self.objective {
            Objective::MinimiseRisk(_) | Objective::MaximiseDiversification | Objective::MaximiseEntropy => Ok(()),
            Objective::MaximiseReturn => self.expected_returns().map(|_| ()),
            Objective::MaximiseUtility { risk_aversion } | Objective::MaximiseMeanRisk { risk_aversion, .. } => {
                not_negative("risk aversion", *risk_aversion)?;
                self.expected_returns().map(|_| ())
            }
            Objective::MaximiseRatio { measure, risk_free } => {
                number("risk-free rate", *risk_free)?;
                if !measure.is_homogeneous() {
                    let reason = format!("{measure} does not double with the weights");
                    return Err(Error::invalid("ratio of return to risk", reason));
                }
                self.expected_returns().map(|_| ())
            }
            Objective::MinimiseTrackingVariance(benchmark) => self.check_benchmark(benchmark),
            Objective::MaximiseRobustUtility { uncertainty, risk_aversion } => {
                not_negative("risk aversion", *risk_aversion)?;
                self.expected_returns()?;
                self.check_uncertainty(uncertainty)
            }
            Objective::MaximiseLogGrowth { risk_free } => {
                number("risk-free rate", *risk_free)?;
                self.scenario_returns().map(|_| ())
            }
        }
    }

    fn check_measure(&self, measure: RiskMeasure) -> Result<()> {
        if measure.needs_covariance() {
            self.risk_model()?;
        }
        if matches!(measure, RiskMeasure::NormalValueAtRisk(_) | RiskMeasure::NormalExpectedShortfall(_)) {
            self.expected_returns()?;
        }
        if measure.needs_scenarios() {
            let scenarios = self.scenario_returns()?;
            if measure.needs_dates() && !scenarios.are_dated() {
                return Err(Error::invalid(measure.to_string(), "the scenarios are not dates in order"));
            }
            if measure.needs_dates() && scenarios.probabilities().is_some() {
                return Err(Error::invalid(measure.to_string(), "dates in order have no probabilities"));
            }
            let deviation = matches!(measure, RiskMeasure::Semivariance | RiskMeasure::Semideviation);
            if deviation && scenarios.len() < 2 {
                let (name, required, available) = ("semivariance", 2, scenarios.len());
                return Err(InputError::InsufficientData { name, required, available }.into());
            }
            if deviation && scenarios.probabilities().is_some() {
                return Err(Error::Unsupported { what: format!("{measure} of scenarios with probabilities") });
            }
        }
        Ok(())
    }

    fn check_benchmark(&self, benchmark: &Benchmark) -> Result<()> {
        match benchmark {
            Benchmark::Weights(weights) => {
                self.risk_model()?;
                length("benchmark weights", self.universe.len(), weights.len())
            }
            Benchmark::Returns(returns) => {
                let scenarios = self.scenario_returns()?;
                length("benchmark returns", scenarios.len(), returns.len())?;
                finite("benchmark returns", ArrayView1::from(returns))?;
                if scenarios.probabilities().is_some() {
                    return Err(Error::Unsupported { what: "tracking error of scenarios with probabilities".into() });
                }
                if scenarios.len() < 2 {
                    let (name, required, available) = ("tracking error", 2, scenarios.len());
                    return Err(InputError::InsufficientData { name, required, available }.into());
                }
                Ok(())
            }
        }
    }

    fn check_uncertainty(&self, uncertainty: &MeanUncertainty) -> Result<()> {
        let each = |name, values: &[f64]| {
            length(name, self.universe.len(), values.len())?;
            elements(name, "finite and not negative", values, |v| v >= 0.0 && v.is_finite())
        };
        match uncertainty {
            MeanUncertainty::Box(widths) => each("uncertainty of the mean", widths),
            MeanUncertainty::IndependentErrors { standard_errors, radius } => {
                not_negative("radius", *radius)?;
                each("standard errors", standard_errors)
            }
            MeanUncertainty::Ellipsoid { error_covariance, radius } => {
                not_negative("radius", *radius)?;
                length("error covariance", self.universe.len(), error_covariance.nrows())?;
                crate::RiskModel::from(alluse_risk_core::Covariance::new(error_covariance.clone())?)
                    .check_semidefinite()
            }
        }
    }

    fn check_limit(&self, limit: &Constraint) -> Result<()> {
        let about = |reason: String| Err(Error::invalid(format!("limit {:?}", limit.name()), reason));
        let (lower, upper) = (limit.lower(), limit.upper());
        if !(lower <= upper) {
            return about(format!("its least value {lower} is above its greatest value {upper}"));
        }
        if lower == f64::NEG_INFINITY && upper == f64::INFINITY {
            return about("it bounds nothing".into());
        }
        if let Some(price) = limit.price()
            && !(price >= 0.0 && price.is_finite())
        {
            return about(format!("its price {price} is not a finite number from 0 on"));
        }
        let convex = || match lower {
            f64::NEG_INFINITY => Ok(()),
            _ => about(format!("a least value ({lower}) of it is not a convex limit")),
        };
        let named = |members: &Members| match self.places(members) {
            Ok(places) if places.is_empty() => about("it has no members".into()),
            Ok(_) => Ok(()),
            Err(error) => about(error.to_string()),
        };
        match limit.kind() {
            ConstraintKind::Budget => Ok(()),
            ConstraintKind::BudgetAfterCosts => match &self.costs {
                Some(_) => convex(),
                None => about("no costs were given".into()),
            },
            ConstraintKind::Weight(members) | ConstraintKind::Group(members) => named(members),
            ConstraintKind::ShareOfGroup { members, parent } => named(members).and_then(|()| named(parent)),
            ConstraintKind::Linear(coefficients) => {
                for (asset, coefficient) in coefficients {
                    if !coefficient.is_finite() {
                        return about(format!("the coefficient of {asset} is {coefficient}"));
                    }
                }
                named(&Members::of(coefficients.iter().map(|(asset, _)| asset.clone())))
            }
            ConstraintKind::Gross(members) | ConstraintKind::Short(members) => named(members).and_then(|()| convex()),
            ConstraintKind::Turnover { held, .. } => {
                length("holdings of the turnover limit", self.universe.len(), held.len())?;
                convex()
            }
            ConstraintKind::ExpectedReturn => self.expected_returns().map(|_| ()),
            ConstraintKind::Risk(measure) => {
                self.check_measure(*measure)?;
                if measure.is_squared() && upper < 0.0 {
                    return about(format!("{measure} is never below zero, its greatest value is {upper}"));
                }
                convex()
            }
            ConstraintKind::TrackingError(benchmark) => {
                self.check_benchmark(benchmark)?;
                convex()
            }
            ConstraintKind::Cardinality => match limit.price() {
                Some(_) => about("a count cannot be soft".into()),
                None => Ok(()),
            },
            ConstraintKind::PositionSize(members) => {
                if limit.price().is_some() {
                    return about("a least position cannot be soft".into());
                }
                if lower.is_finite() && lower < 0.0 {
                    return about(format!("the least size {lower} of a position is negative"));
                }
                named(members)
            }
        }
    }
}
