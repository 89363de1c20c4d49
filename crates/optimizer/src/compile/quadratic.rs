//! The problems that are plain quadratic programs: no auxiliary variables, the covariance as it is.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Axis};

use super::Reading;
use crate::conic::Source;
use crate::problem::{Benchmark, Constraint, ConstraintKind, Members, Objective, Problem, RiskMeasure, Side};
use crate::{Hessian, QuadraticProgram, QuadraticSolution, Result, RiskModel};

/// A quadratic program with the way back to the problem.
#[derive(Debug)]
pub(crate) struct CompiledQuadratic<'a> {
    pub(crate) program: QuadraticProgram<'a>,
    pub(crate) reading: Reading,
    /// The limit and member behind each variable's lower and upper bound.
    bounds: Vec<[Option<(usize, usize)>; 2]>,
    /// The limit behind each row.
    rows: Vec<usize>,
}

impl CompiledQuadratic<'_> {
    /// What one more unit of each side of each limit is worth to the program's value, never negative.
    pub(crate) fn multipliers(&self, solution: &QuadraticSolution) -> BTreeMap<Source, f64> {
        let mut multipliers = BTreeMap::new();
        let mut note = |limit, member, multiplier: f64| {
            if multiplier != 0.0 {
                let side = if multiplier > 0.0 { Side::Upper } else { Side::Lower };
                *multipliers.entry(Source::Limit { limit, member, side }).or_insert(0.0) += multiplier.abs();
            }
        };
        for (sides, multiplier) in self.bounds.iter().zip(&solution.bound_multipliers) {
            let source = if *multiplier > 0.0 { sides[1] } else { sides[0] };
            if let Some((limit, member)) = source {
                note(limit, member, *multiplier);
            }
        }
        for (limit, multiplier) in self.rows.iter().zip(&solution.row_multipliers) {
            note(*limit, 0, *multiplier);
        }
        multipliers
    }
}

/// The problem as a quadratic program, where it is one; `None` where it needs cones, or where its bounds cross, which is
/// for the analysis of conflicts to explain.
pub(crate) fn quadratic_program(problem: &Problem) -> Result<Option<CompiledQuadratic<'_>>> {
    let Some((scale, linear, constant, reading)) = objective(problem)? else { return Ok(None) };
    if problem.costs.is_some() || problem.limits.iter().any(|limit| limit.price().is_some()) {
        return Ok(None);
    }
    let Some(limits) = Limits::collect(problem)? else { return Ok(None) };
    let hessian = match problem.risk_model()? {
        RiskModel::Dense(matrix) => Hessian::Dense(matrix.view()),
        RiskModel::Factored(model) => Hessian::Factored(model),
    };
    let n = problem.universe.len();
    let mut rows = Array2::zeros((limits.rows.len(), n));
    for (mut to, row) in rows.axis_iter_mut(Axis(0)).zip(&limits.rows) {
        to.assign(&row.coefficients);
    }
    let side = |pick: fn(&Row) -> f64| limits.rows.iter().map(pick).collect::<Array1<f64>>();
    let program = QuadraticProgram::new(hessian, linear)?
        .with_scale(scale)?
        .with_constant(constant)
        .with_bounds(limits.lower, limits.upper)?
        .with_rows(rows, side(|row| row.lower), side(|row| row.upper))?;
    let rows = limits.rows.iter().map(|row| row.limit).collect();
    Ok(Some(CompiledQuadratic { program, reading, bounds: limits.sources, rows }))
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

/// A two-sided row.
#[derive(Debug)]
struct Row {
    limit: usize,
    coefficients: Array1<f64>,
    lower: f64,
    upper: f64,
}

/// The limits as bounds and rows.
#[derive(Debug)]
struct Limits {
    lower: Array1<f64>,
    upper: Array1<f64>,
    sources: Vec<[Option<(usize, usize)>; 2]>,
    rows: Vec<Row>,
}

impl Limits {
    /// `None` when a limit is not linear in the weights or two bounds cross.
    fn collect(problem: &Problem) -> Result<Option<Self>> {
        let n = problem.universe.len();
        let mut limits = Self {
            lower: Array1::from_elem(n, f64::NEG_INFINITY),
            upper: Array1::from_elem(n, f64::INFINITY),
            sources: vec![[None, None]; n],
            rows: Vec::new(),
        };
        // Bounds first: they decide whether a sum of sizes is a sum of weights.
        for (place, limit) in problem.limits.iter().enumerate() {
            if let ConstraintKind::Weight(members) = limit.kind() {
                limits.tighten(place, limit, &problem.places(members)?);
            }
        }
        for (place, limit) in problem.limits.iter().enumerate() {
            if !matches!(limit.kind(), ConstraintKind::Weight(_)) && !limits.row(problem, place, limit)? {
                return Ok(None);
            }
        }
        let crossed = limits.lower.iter().zip(&limits.upper).any(|(low, high)| low > high);
        Ok((!crossed).then_some(limits))
    }

    fn tighten(&mut self, place: usize, limit: &Constraint, assets: &[usize]) {
        for (member, &asset) in assets.iter().enumerate() {
            if limit.lower() > self.lower[asset] {
                self.lower[asset] = limit.lower();
                self.sources[asset][0] = Some((place, member));
            }
            if limit.upper() < self.upper[asset] {
                self.upper[asset] = limit.upper();
                self.sources[asset][1] = Some((place, member));
            }
        }
    }

    /// Adds a limit as rows; false when it is not linear.
    fn row(&mut self, problem: &Problem, place: usize, limit: &Constraint) -> Result<bool> {
        let n = problem.universe.len();
        let indicator = |members: &Members| -> Result<Array1<f64>> {
            let mut sum = Array1::zeros(n);
            problem.places(members)?.into_iter().for_each(|asset| sum[asset] = 1.0);
            Ok(sum)
        };
        let coefficients = match limit.kind() {
            ConstraintKind::Budget => Array1::ones(n),
            ConstraintKind::Group(members) => indicator(members)?,
            ConstraintKind::Linear(coefficients) => {
                let mut row = Array1::zeros(n);
                for (asset, coefficient) in coefficients {
                    row[problem.universe.position(asset)?] += coefficient;
                }
                row
            }
            ConstraintKind::ExpectedReturn => problem.expected_returns()?,
            ConstraintKind::Gross(members) if self.are_long(&problem.places(members)?) => indicator(members)?,
            ConstraintKind::ShareOfGroup { members, parent } => {
                let (inner, outer) = (indicator(members)?, indicator(parent)?);
                if limit.upper().is_finite() {
                    let coefficients = &inner - &(&outer * limit.upper());
                    self.rows.push(Row { limit: place, coefficients, lower: f64::NEG_INFINITY, upper: 0.0 });
                }
                if limit.lower().is_finite() {
                    let coefficients = &inner - &(&outer * limit.lower());
                    self.rows.push(Row { limit: place, coefficients, lower: 0.0, upper: f64::INFINITY });
                }
                return Ok(true);
            }
            // Left to the search that fixes them.
            ConstraintKind::Cardinality | ConstraintKind::PositionSize(_) => return Ok(true),
            _ => return Ok(false),
        };
        self.rows.push(Row { limit: place, coefficients, lower: limit.lower(), upper: limit.upper() });
        Ok(true)
    }

    fn are_long(&self, assets: &[usize]) -> bool {
        assets.iter().all(|&asset| self.lower[asset] >= 0.0)
    }
}
