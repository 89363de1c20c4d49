//! Problems whose risk is a sum over scenarios, by the method made for them.

use ndarray::{Array1, Array2, Axis, concatenate};

use crate::certificate::{ScenarioBlock, ScenarioPenalty, ScenarioTerms, certify, scenario_optimality};
use crate::compile::{LinearLimits, Reading, linear_limits};
use crate::problem::{Constraint, ConstraintKind, Objective, Problem, RiskMeasure, Scenarios};
use crate::solution::{Found, Termination};
use crate::solvers::hinge::{HingeBlock, HingeProgram, HingeSolution, Penalty};
use crate::{Error, Result, RiskModel};

/// A risk as penalties on the losses of scenarios, possibly above a level that is chosen with the weights.
struct ScenarioRisk {
    /// Columns of the assets: returns, or returns less their mean.
    returns: Array2<f64>,
    penalty: ScenarioPenalty,
    /// The cost of the level above which losses count; `None` without one.
    level: Option<f64>,
}

impl ScenarioRisk {
    /// So many times a risk; `None` for one that is not of this form.
    fn of(measure: RiskMeasure, scenarios: &Scenarios, factor: f64) -> Option<Self> {
        let count = scenarios.len();
        let each = |weight: &dyn Fn(usize) -> f64| (0..count).map(|s| factor * weight(s)).collect::<Array1<f64>>();
        let raw = || scenarios.returns().to_owned();
        let centred = || raw() - &scenarios.mean();
        Some(match measure {
            RiskMeasure::ExpectedShortfall(c) => {
                let penalty = ScenarioPenalty::Linear(each(&|s| scenarios.probability(s) / c.tail()));
                Self { returns: raw(), penalty, level: Some(factor) }
            }
            RiskMeasure::WorstLoss => Self { returns: raw(), penalty: ScenarioPenalty::Forbidden, level: Some(factor) },
            // What is above the mean adds up to what is below it.
            RiskMeasure::MeanAbsoluteDeviation => {
                let penalty = ScenarioPenalty::Linear(each(&|s| 2.0 * scenarios.probability(s)));
                Self { returns: centred(), penalty, level: None }
            }
            RiskMeasure::Semivariance | RiskMeasure::Semideviation => {
                let penalty = ScenarioPenalty::Squared(each(&|_| 2.0 / (count - 1) as f64));
                Self { returns: centred(), penalty, level: None }
            }
            _ => return None,
        })
    }
}

/// An objective of this form.
struct ScenarioObjective {
    risk: Option<(RiskMeasure, f64)>,
    /// What the covariance is multiplied by, where the variance takes part.
    curvature: Option<f64>,
    linear: Array1<f64>,
    reading: Reading,
}

/// A limit on expected shortfall, which is a row with a sum over scenarios.
fn is_shortfall_limit(limit: &Constraint) -> bool {
    matches!(limit.kind(), ConstraintKind::Risk(RiskMeasure::ExpectedShortfall(_)))
}

impl Problem {
    /// `None` where the problem is not of this form or the method gave up.
    pub(super) fn find_scenario(&self) -> Result<Option<Found>> {
        let Some(objective) = self.scenario_objective()? else { return Ok(None) };
        if objective.risk.is_none() && !self.limits.iter().any(is_shortfall_limit) {
            return Ok(None);
        }
        // The method would multiply the factors of a covariance out; the cones keep them.
        if objective.curvature.is_some() && matches!(self.risk_model()?, RiskModel::Factored(_)) {
            return Ok(None);
        }
        let Some(limits) = linear_limits(self, is_shortfall_limit)? else { return Ok(None) };
        let reading = objective.reading;
        let Some(program) = Parts::new(self, objective, limits)? else { return Ok(None) };
        // What is wrong with a problem is for the general method to tell.
        let Ok(solution) = program.solve() else { return Ok(None) };
        let value = solution.objective;
        let weights: Vec<f64> = solution.x.iter().take(self.universe.len()).copied().collect();
        let optimality = scenario_optimality(&program.terms(&solution));
        let certificate = certify(self, &weights, reading.objective(value), optimality)?;
        if !certificate.is_optimal() {
            return Ok(None);
        }
        let multipliers = program.limits.sources().multipliers(&solution.bound_multipliers, &solution.row_multipliers);
        Ok(Some(Found {
            weights,
            prices: super::priced(multipliers, reading.slope(value)),
            certificate,
            termination: Termination::Optimal,
            method: "scenario interior point",
            iterations: solution.iterations,
        }))
    }

    fn scenario_objective(&self) -> Result<Option<ScenarioObjective>> {
        let n = self.universe.len();
        let nothing = || Array1::zeros(n);
        let against_mean = || Ok::<_, Error>(self.expected_returns()?.mapv(|m| -m));
        let (risk, curvature, linear, reading) = match &self.objective {
            Objective::MinimiseRisk(RiskMeasure::Semideviation) => {
                (Some((RiskMeasure::Semideviation, 1.0)), None, nothing(), Reading::Root)
            }
            Objective::MinimiseRisk(RiskMeasure::Variance) => (None, Some(2.0), nothing(), Reading::Plain),
            Objective::MinimiseRisk(measure) if measure.needs_scenarios() => {
                (Some((*measure, 1.0)), None, nothing(), Reading::Plain)
            }
            Objective::MaximiseMeanRisk { measure, risk_aversion }
                if measure.needs_scenarios() && *measure != RiskMeasure::Semideviation && *risk_aversion > 0.0 =>
            {
                (Some((*measure, *risk_aversion)), None, against_mean()?, Reading::Negated)
            }
            Objective::MaximiseReturn => (None, None, against_mean()?, Reading::Negated),
            Objective::MaximiseUtility { risk_aversion } if *risk_aversion > 0.0 => {
                (None, Some(*risk_aversion), against_mean()?, Reading::Negated)
            }
            _ => return Ok(None),
        };
        Ok(Some(ScenarioObjective { risk, curvature, linear, reading }))
    }
}

/// A risk with its place among the variables and rows.
struct Placed {
    risk: ScenarioRisk,
    level: Option<usize>,
    charged_row: Option<usize>,
}

/// A program over the weights and, after them, the levels.
struct Parts<'a> {
    risks: Vec<Placed>,
    curvature: Option<(&'a RiskModel, f64)>,
    linear: Array1<f64>,
    limits: LinearLimits,
}

impl<'a> Parts<'a> {
    /// `None` for a risk that is not of this form.
    fn new(problem: &'a Problem, objective: ScenarioObjective, mut limits: LinearLimits) -> Result<Option<Self>> {
        let scenarios = problem.scenario_returns()?;
        let n = problem.universe.len();
        let mut costs = Vec::new();
        let mut risks = Vec::new();
        let mut place = |risk: ScenarioRisk, charged_row: Option<usize>| {
            let level = risk.level.map(|cost| {
                // The level of a limit costs nothing: it is part of the limit's row.
                costs.push(if charged_row.is_none() { cost } else { 0.0 });
                n + costs.len() - 1
            });
            risks.push(Placed { risk, level, charged_row });
            level
        };
        if let Some((measure, factor)) = objective.risk {
            let Some(risk) = ScenarioRisk::of(measure, scenarios, factor) else { return Ok(None) };
            place(risk, None);
        }
        let mut rows = Vec::new();
        for (limit, constraint) in problem.limits.iter().enumerate().filter(|(_, limit)| is_shortfall_limit(limit)) {
            let ConstraintKind::Risk(measure) = constraint.kind() else { continue };
            let Some(risk) = ScenarioRisk::of(*measure, scenarios, 1.0) else { return Ok(None) };
            let row = limits.rows.nrows() + rows.len();
            rows.push((limit, place(risk, Some(row)), constraint.upper()));
        }
        limits
            .extend(costs.len(), &rows)
            .map_err(|error| Error::Numerical { method: "scenarios", reason: error.to_string() })?;
        let linear = objective.linear.iter().copied().chain(costs).collect();
        let curvature = match objective.curvature {
            None => None,
            Some(scale) => Some((problem.risk_model()?, scale)),
        };
        Ok(Some(Self { risks, curvature, linear, limits }))
    }

    fn solve(&self) -> Result<HingeSolution> {
        let limits = &self.limits;
        let mut program = HingeProgram::new(self.linear.clone())?
            .with_bounds(limits.lower.clone(), limits.upper.clone())?
            .with_rows(limits.rows.clone(), limits.row_lower.clone(), limits.row_upper.clone())?;
        if let Some((model, scale)) = self.curvature {
            program = program.with_hessian(model.hessian(), scale)?;
        }
        for placed in &self.risks {
            let penalty = match &placed.risk.penalty {
                ScenarioPenalty::Linear(c) => Penalty::Linear(c.clone()),
                ScenarioPenalty::Squared(c) => Penalty::Squared(c.clone()),
                ScenarioPenalty::Forbidden => Penalty::Forbidden,
            };
            let mut block = HingeBlock::new(placed.risk.returns.view(), penalty).with_factor(-1.0);
            if let Some(level) = placed.level {
                block = block.with_level(level, -1.0);
            }
            if let Some(row) = placed.charged_row {
                block = block.charged_to_row(row);
            }
            program = program.with_block(block)?;
        }
        program.solve()
    }

    /// What the check needs, in the terms of the problem.
    fn terms<'b>(&'b self, solution: &'b HingeSolution) -> ScenarioTerms<'b> {
        let block = |(placed, multipliers): (&'b Placed, &'b Array1<f64>)| ScenarioBlock {
            returns: placed.risk.returns.view(),
            penalty: &placed.risk.penalty,
            level: placed.level,
            charged_row: placed.charged_row,
            multipliers,
        };
        ScenarioTerms {
            blocks: self.risks.iter().zip(&solution.scenario_multipliers).map(block).collect(),
            curvature: self.curvature.map(|(model, scale)| (model.hessian(), scale)),
            linear: &self.linear,
            lower: &self.limits.lower,
            upper: &self.limits.upper,
            rows: &self.limits.rows,
            row_lower: &self.limits.row_lower,
            row_upper: &self.limits.row_upper,
            x: &solution.x,
            row_multipliers: &solution.row_multipliers,
            bound_multipliers: &solution.bound_multipliers,
        }
    }
}

impl LinearLimits {
    /// Adds free variables, and rows `level ≤ upper` for limits that charge scenarios to them.
    fn extend(
        &mut self,
        levels: usize,
        limits: &[(usize, Option<usize>, f64)],
    ) -> std::result::Result<(), ndarray::ShapeError> {
        let append = |values: &Array1<f64>, more: Vec<f64>| values.iter().copied().chain(more).collect::<Array1<f64>>();
        self.lower = append(&self.lower, vec![f64::NEG_INFINITY; levels]);
        self.upper = append(&self.upper, vec![f64::INFINITY; levels]);
        let beside = Array2::zeros((self.rows.nrows(), levels));
        let wide = concatenate(Axis(1), &[self.rows.view(), beside.view()])?;
        let mut below = Array2::zeros((limits.len(), wide.ncols()));
        for (row, (_, level, _)) in limits.iter().enumerate() {
            if let Some(level) = level {
                below[[row, *level]] = 1.0;
            }
        }
        self.rows = concatenate(Axis(0), &[wide.view(), below.view()])?;
        self.row_lower = append(&self.row_lower, vec![f64::NEG_INFINITY; limits.len()]);
        self.row_upper = append(&self.row_upper, limits.iter().map(|(_, _, upper)| *upper).collect());
        self.note_rows(limits.iter().map(|(limit, _, _)| *limit));
        Ok(())
    }
}
