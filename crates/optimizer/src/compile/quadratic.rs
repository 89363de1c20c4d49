//! The problems that are plain quadratic programs: no auxiliary variables, the covariance as it is.

use std::collections::BTreeMap;

use ndarray::Array1;

use super::Reading;
use super::linear::{Sources, linear_limits};
use crate::conic::Source;
use crate::problem::{Benchmark, Objective, Problem, RiskMeasure};
use crate::{QuadraticProgram, QuadraticSolution, Result};

/// A quadratic program with the way back to the problem.
#[derive(Debug)]
pub(crate) struct CompiledQuadratic<'a> {
    pub(crate) program: QuadraticProgram<'a>,
    pub(crate) reading: Reading,
    sources: Sources,
}

impl CompiledQuadratic<'_> {
    /// What one more unit of each side of each limit is worth to the program's value, never negative.
    pub(crate) fn multipliers(&self, solution: &QuadraticSolution) -> BTreeMap<Source, f64> {
        self.sources.multipliers(&solution.bound_multipliers, &solution.row_multipliers)
    }
}

/// The problem as a quadratic program, where it is one; `None` where it needs cones.
pub(crate) fn quadratic_program(problem: &Problem) -> Result<Option<CompiledQuadratic<'_>>> {
    let Some((scale, linear, constant, reading)) = objective(problem)? else { return Ok(None) };
    let Some(limits) = linear_limits(problem, |_| false)? else { return Ok(None) };
    let hessian = problem.risk_model()?.hessian();
    let sources = limits.sources().clone();
    let program = QuadraticProgram::new(hessian, linear)?
        .with_scale(scale)?
        .with_constant(constant)
        .with_bounds(limits.lower, limits.upper)?
        .with_rows(limits.rows, limits.row_lower, limits.row_upper)?;
    Ok(Some(CompiledQuadratic { program, reading, sources }))
}

/// Scale of the Hessian, linear part, constant and reading of an objective that is quadratic in the weights.
#[expect(clippy::type_complexity, reason = "four parts of one objective, taken apart where they are used")]
fn objective(problem: &Problem) -> Result<Option<(f64, Array1<f64>, f64, Reading)>> {
    let n = problem.universe.len();
    let against_mean = || Ok::<_, crate::Error>(problem.expected_returns()?.mapv(|m| -m));
    Ok(match &problem.objective {
        Objective::MinimiseRisk(RiskMeasure::Variance) => Some((2.0, Array1::zeros(n), 0.0, Reading::Plain)),
        Objective::MinimiseRisk(RiskMeasure::Volatility) => Some((2.0, Array1::zeros(n), 0.0, Reading::Root)),
        Objective::MaximiseUtility { risk_aversion } if *risk_aversion > 0.0 => {
            Some((*risk_aversion, against_mean()?, 0.0, Reading::Negated))
        }
        Objective::MaximiseMeanRisk { measure: RiskMeasure::Variance, risk_aversion } if *risk_aversion > 0.0 => {
            Some((2.0 * risk_aversion, against_mean()?, 0.0, Reading::Negated))
        }
        Objective::MinimiseTrackingVariance(Benchmark::Weights(benchmark)) => {
            let model = problem.risk_model()?;
            let linear = model.product(benchmark.view())?.mapv(|c| -2.0 * c);
            Some((2.0, linear, model.variance_of(benchmark.view())?, Reading::Plain))
        }
        _ => None,
    })
}
