//! Problems whose risk is a sum over scenarios, by the method made for them.

use ndarray::{Array1, Array2, Axis, concatenate};

use crate::certificate::{ScenarioPenalty, ScenarioTerms, certify, scenario_optimality};
use crate::compile::{LinearLimits, Reading, linear_limits};
use crate::problem::{Objective, Problem, RiskMeasure, Scenarios};
use crate::solution::{Found, Termination};
use crate::solvers::hinge::{HingeBlock, HingeProgram, HingeSolution, Penalty};
use crate::{Error, Result};

/// A risk as penalties on the losses of scenarios, possibly above a level that is chosen with the weights.
struct ScenarioRisk {
    /// Columns of the assets: returns, or returns less their mean.
    returns: Array2<f64>,
    penalty: ScenarioPenalty,
    /// Whether losses count above a level, which costs 1 itself.
    above_level: bool,
}

impl ScenarioRisk {
    /// `None` for a risk that is not of this form.
    fn of(measure: RiskMeasure, scenarios: &Scenarios, factor: f64) -> Option<Self> {
        let count = scenarios.len();
        let each = |weight: &dyn Fn(usize) -> f64| (0..count).map(|s| factor * weight(s)).collect::<Array1<f64>>();
        let raw = || scenarios.returns().to_owned();
        let centred = || raw() - &scenarios.mean();
        Some(match measure {
            RiskMeasure::ExpectedShortfall(c) => {
                let penalty = ScenarioPenalty::Linear(each(&|s| scenarios.probability(s) / c.tail()));
                Self { returns: raw(), penalty, above_level: true }
            }
            RiskMeasure::WorstLoss => Self { returns: raw(), penalty: ScenarioPenalty::Forbidden, above_level: true },
            // What is above the mean adds up to what is below it.
            RiskMeasure::MeanAbsoluteDeviation => {
                let penalty = ScenarioPenalty::Linear(each(&|s| 2.0 * scenarios.probability(s)));
                Self { returns: centred(), penalty, above_level: false }
            }
            RiskMeasure::Semivariance | RiskMeasure::Semideviation => {
                let penalty = ScenarioPenalty::Squared(each(&|_| 2.0 / (count - 1) as f64));
                Self { returns: centred(), penalty, above_level: false }
            }
            _ => return None,
        })
    }
}

impl Problem {
    /// `None` where the problem is not of this form or the method gave up.
    pub(super) fn find_scenario(&self) -> Result<Option<Found>> {
        let Some((measure, factor, linear, reading)) = self.scenario_objective()? else { return Ok(None) };
        let Some(limits) = linear_limits(self)? else { return Ok(None) };
        let Some(risk) = ScenarioRisk::of(measure, self.scenario_returns()?, factor) else { return Ok(None) };
        let program = Parts::new(risk, linear, limits, factor)?;
        let solution = match program.solve() {
            Ok(solution) => solution,
            // What is wrong with a problem is for the general method to tell.
            Err(_) => return Ok(None),
        };
        let value = solution.objective;
        let weights = solution.x.iter().take(self.universe.len()).copied().collect::<Vec<f64>>();
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

    /// The risk, its factor, the linear part and how the value reads, of an objective of this form.
    #[expect(clippy::type_complexity, reason = "four parts of one objective, taken apart where they are used")]
    fn scenario_objective(&self) -> Result<Option<(RiskMeasure, f64, Array1<f64>, Reading)>> {
        let n = self.universe.len();
        Ok(match &self.objective {
            Objective::MinimiseRisk(RiskMeasure::Semideviation) => {
                Some((RiskMeasure::Semideviation, 1.0, Array1::zeros(n), Reading::Root))
            }
            Objective::MinimiseRisk(measure) if measure.needs_scenarios() => {
                Some((*measure, 1.0, Array1::zeros(n), Reading::Plain))
            }
            Objective::MaximiseMeanRisk { measure, risk_aversion }
                if measure.needs_scenarios() && *measure != RiskMeasure::Semideviation && *risk_aversion > 0.0 =>
            {
                let against = self.expected_returns()?.mapv(|m| -m);
                Some((*measure, *risk_aversion, against, Reading::Negated))
            }
            _ => None,
        })
    }
}

/// A program over the weights and, last, the level.
struct Parts {
    risk: ScenarioRisk,
    linear: Array1<f64>,
    limits: LinearLimits,
    /// Places of the weights.
    assets: usize,
}

impl Parts {
    fn new(risk: ScenarioRisk, linear: Array1<f64>, mut limits: LinearLimits, factor: f64) -> Result<Self> {
        let assets = linear.len();
        let mut linear = linear;
        if risk.above_level {
            let shape =
                |error: ndarray::ShapeError| Error::Numerical { method: "scenarios", reason: error.to_string() };
            let with = |values: &Array1<f64>, last: f64| values.iter().copied().chain([last]).collect::<Array1<f64>>();
            linear = with(&linear, factor);
            limits.lower = with(&limits.lower, f64::NEG_INFINITY);
            limits.upper = with(&limits.upper, f64::INFINITY);
            let column = Array2::zeros((limits.rows.nrows(), 1));
            limits.rows = concatenate(Axis(1), &[limits.rows.view(), column.view()]).map_err(shape)?;
        }
        Ok(Self { risk, linear, limits, assets })
    }

    fn solve(&self) -> Result<HingeSolution> {
        let penalty = match &self.risk.penalty {
            ScenarioPenalty::Linear(c) => Penalty::Linear(c.clone()),
            ScenarioPenalty::Squared(c) => Penalty::Squared(c.clone()),
            ScenarioPenalty::Forbidden => Penalty::Forbidden,
        };
        let mut block = HingeBlock::new(self.risk.returns.view(), penalty).with_factor(-1.0);
        if self.risk.above_level {
            block = block.with_level(self.assets, -1.0);
        }
        HingeProgram::new(self.linear.clone())?
            .with_bounds(self.limits.lower.clone(), self.limits.upper.clone())?
            .with_rows(self.limits.rows.clone(), self.limits.row_lower.clone(), self.limits.row_upper.clone())?
            .with_block(block)?
            .solve()
    }

    /// What the check needs, in the terms of the problem.
    fn terms<'a>(&'a self, solution: &'a HingeSolution) -> ScenarioTerms<'a> {
        ScenarioTerms {
            returns: self.risk.returns.view(),
            penalty: &self.risk.penalty,
            level: self.risk.above_level.then_some(self.assets),
            linear: &self.linear,
            lower: &self.limits.lower,
            upper: &self.limits.upper,
            rows: &self.limits.rows,
            row_lower: &self.limits.row_lower,
            row_upper: &self.limits.row_upper,
            x: &solution.x,
            scenario_multipliers: &solution.scenario_multipliers[0],
            row_multipliers: &solution.row_multipliers,
            bound_multipliers: &solution.bound_multipliers,
        }
    }
}
