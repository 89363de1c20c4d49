//! `optimize.*` and `frontier.target_returns`

use alluse_quant::optimizer::problem::{
    Benchmark, Constraint, ConstraintKind, Costs, MeanUncertainty, Members, Objective, Problem, RiskMeasure, Scenarios,
    TurnoverConvention,
};
use alluse_quant::optimizer::{Hessian, QuadraticProgram, RiskModel, Universe};
use alluse_quant::risk_core::{Confidence, Covariance, Weights};
use ndarray::{Array1, Array2, Axis, concatenate};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("frontier.target_returns", target_returns),
    ("optimize.portfolio", portfolio),
    ("optimize.quadratic_program", quadratic_program),
];

/// What the problems of these ops may be given.
struct Given {
    mean: Option<Array1<f64>>,
    covariance: Option<Array2<f64>>,
    returns: Option<Array2<f64>>,
    benchmark: Option<Array1<f64>>,
}

impl Given {
    fn read(args: &mut Args<'_>) -> Result<Self> {
        Ok(Self {
            mean: args.optional("mean", Args::vector)?,
            covariance: args.optional("covariance", Args::matrix)?,
            returns: args.optional("returns", Args::matrix)?,
            benchmark: args.optional("benchmark", Args::vector)?,
        })
    }

    fn assets(&self) -> usize {
        let columns = self.covariance.as_ref().or(self.returns.as_ref()).map(Array2::ncols);
        columns.or(self.mean.as_ref().map(Array1::len)).unwrap_or(0)
    }

    fn problem(self, objective: Objective) -> Result<Problem> {
        let mut problem = Problem::new(Universe::named(names(0..self.assets()))?, objective);
        if let Some(mean) = self.mean {
            problem = problem.with_mean(mean)?;
        }
        if let Some(covariance) = self.covariance {
            problem = problem.with_covariance(Covariance::new(covariance)?)?;
        }
        if let Some(returns) = self.returns {
            problem = problem.with_scenarios(Scenarios::dated(returns)?)?;
        }
        Ok(problem)
    }
}

/// Assets are named by their place.
fn names(places: impl IntoIterator<Item = usize>) -> Vec<String> {
    places.into_iter().map(|place| place.to_string()).collect()
}

fn portfolio(args: &mut Args<'_>) -> Outcome {
    let given = Given::read(args)?;
    let ridge = args.optional("ridge", Args::number)?;
    let objective = args.record("objective", |args| objective(args, &given))?;
    let constraints = limits(args)?;
    let costs = args.optional("costs", |args, name| args.records(name, linear_cost))?;
    let n = given.assets();
    let mut problem = given.problem(objective)?.subject_to_all(constraints);
    if let Some(ridge) = ridge {
        let from_nothing = Costs::from(Weights::new(vec![0.0; n])?);
        problem = problem.with_costs(from_nothing.with_quadratic(vec![ridge; n])?)?;
    }
    for costs in costs.into_iter().flatten() {
        problem = problem.with_costs(costs)?;
    }
    let solution = problem.solve()?;
    let mut fields = vec![("objective", solution.objective.into()), ("weights", Array1::from(solution.weights).into())];
    fields.extend(solution.expected_return.map(|mean| ("mean", mean.into())));
    fields.extend(solution.volatility.map(|volatility| ("variance", (volatility * volatility).into())));
    Ok(Tree::fields(fields))
}

fn target_returns(args: &mut Args<'_>) -> Outcome {
    let given = Given::read(args)?;
    let constraints = limits(args)?;
    let targets = args.vector("targets")?;
    let problem = given.problem(Objective::MinimiseRisk(RiskMeasure::Variance))?;
    let frontier = problem.subject_to_all(constraints).at_returns(&targets.to_vec())?;
    let variances: Array1<f64> = frontier.iter().map(|solution| solution.objective).collect();
    Ok(Tree::fields([("variance", variances.into())]))
}

fn objective(args: &mut Args<'_>, given: &Given) -> Result<Objective> {
    if args.has("maximise") {
        return maximised(args, given);
    }
    let confidence = args.optional("confidence", Args::number)?;
    let at = |measure: fn(Confidence) -> RiskMeasure| -> Result<Objective> {
        let level = confidence.ok_or_else(|| Stop::Unsupported("argument confidence absent".into()))?;
        Ok(Objective::MinimiseRisk(measure(Confidence::new(level)?)))
    };
    let plain = |measure| Ok(Objective::MinimiseRisk(measure));
    let name: String = args.text("minimise")?;
    match name.as_str() {
        "variance" => plain(RiskMeasure::Variance),
        "volatility" => plain(RiskMeasure::Volatility),
        "normal_var" => at(RiskMeasure::NormalValueAtRisk),
        "normal_cvar" => at(RiskMeasure::NormalExpectedShortfall),
        "cvar" => at(RiskMeasure::ExpectedShortfall),
        "evar" => at(RiskMeasure::EntropicValueAtRisk),
        "cdar" => at(RiskMeasure::ConditionalDrawdown),
        "mad" => plain(RiskMeasure::MeanAbsoluteDeviation),
        "semivariance" => plain(RiskMeasure::Semivariance),
        "semideviation" => plain(RiskMeasure::Semideviation),
        "worst_loss" => plain(RiskMeasure::WorstLoss),
        "max_drawdown" => plain(RiskMeasure::MaximumDrawdown),
        "average_drawdown" => plain(RiskMeasure::AverageDrawdown),
        "ulcer_index" => plain(RiskMeasure::UlcerIndex),
        "tracking_error_variance" => match &given.benchmark {
            Some(benchmark) => Ok(Objective::MinimiseTrackingVariance(Benchmark::Returns(benchmark.to_vec()))),
            None => Err(Stop::Unsupported("argument benchmark absent".into())),
        },
        other => Err(Stop::Unsupported(format!("minimise {other:?}"))),
    }
}

fn maximised(args: &mut Args<'_>, given: &Given) -> Result<Objective> {
    let name: String = args.text("maximise")?;
    match name.as_str() {
        "mean" => Ok(Objective::MaximiseReturn),
        "utility" => Ok(Objective::MaximiseUtility { risk_aversion: args.number("risk_aversion")? }),
        "sharpe" => Ok(Objective::sharpe(args.number("risk_free_per_period")?)),
        "diversification_ratio" => Ok(Objective::MaximiseDiversification),
        "mean_log_growth" => Ok(Objective::MaximiseLogGrowth { risk_free: 0.0 }),
        "mean_to_cvar" => {
            let (level, risk_free) = (args.number("confidence")?, args.number("risk_free_per_period")?);
            let measure = RiskMeasure::ExpectedShortfall(Confidence::new(level)?);
            Ok(Objective::MaximiseRatio { measure, risk_free })
        }
        "robust_utility" => {
            let (risk_aversion, radius) = (args.number("risk_aversion")?, args.number("kappa")?);
            let observations = args.count("observations")?;
            args.choice("mean_error", &[("diagonal", ())])?;
            let Some(covariance) = &given.covariance else {
                return Err(Stop::Unsupported("argument covariance absent".into()));
            };
            let model = RiskModel::from(Covariance::new(covariance.clone())?);
            let uncertainty = MeanUncertainty::of_sample(&model, observations, radius);
            Ok(Objective::MaximiseRobustUtility { uncertainty, risk_aversion })
        }
        other => Err(Stop::Unsupported(format!("maximise {other:?}"))),
    }
}

/// The constraints; a problem wants their names unique, a case may have two of a sort.
fn limits(args: &mut Args<'_>) -> Result<Vec<Constraint>> {
    let given = args.records("constraints", constraint)?.into_iter().flatten().enumerate();
    let named = |(place, limit): (usize, Constraint)| {
        let name = format!("{} at {place}", limit.name());
        limit.named(name)
    };
    Ok(given.map(named).collect())
}

fn constraint(args: &mut Args<'_>) -> Result<Vec<Constraint>> {
    let kind: String = args.text("type")?;
    let between = |args: &mut Args<'_>| -> Result<(f64, f64)> {
        let lower = args.optional("lower", Args::number)?.unwrap_or(f64::NEG_INFINITY);
        Ok((lower, args.optional("upper", Args::number)?.unwrap_or(f64::INFINITY)))
    };
    let one = |constraint| Ok(vec![constraint]);
    match kind.as_str() {
        "budget" => one(Constraint::budget(args.number("equals")?)),
        "box" => {
            let (lower, upper) = between(args)?;
            one(Constraint::weights(lower..=upper))
        }
        "group" => {
            let members = args.counts("members")?;
            let (lower, upper) = between(args)?;
            let name = format!("group {members:?}");
            one(Constraint::group(name, Members::Named(names(members)), lower..=upper))
        }
        "gross" => one(Constraint::leverage(args.number("limit")?)),
        "turnover" => {
            let (reference, limit) = (args.vector("reference")?, args.number("limit")?);
            one(Constraint::turnover(Weights::new(reference)?, limit, TurnoverConvention::TwoSided))
        }
        "target_return" => one(Constraint::target_return(args.number("at_least")?)),
        "max_volatility" => one(Constraint::risk(RiskMeasure::Volatility, args.number("limit")?)),
        "max_cvar" => {
            let (limit, level) = (args.number("limit")?, args.number("confidence")?);
            one(Constraint::risk(RiskMeasure::ExpectedShortfall(Confidence::new(level)?), limit))
        }
        "cardinality" => {
            let count = args.count("equals")?;
            one(Constraint::cardinality(count, count))
        }
        // Zero or at least this: not short.
        "min_position" => {
            let least = args.number("lower")?;
            let size = ConstraintKind::PositionSize(Members::All);
            Ok(vec![Constraint::new("minimum position", size, least..), Constraint::long_only()])
        }
        other => Err(Stop::Unsupported(format!("constraint {other:?}"))),
    }
}

fn linear_cost(args: &mut Args<'_>) -> Result<Costs> {
    args.choice("type", &[("linear", ())])?;
    let (rate, reference) = (args.number("rate")?, args.vector("reference")?);
    let rates = vec![rate; reference.len()];
    Ok(Costs::from(Weights::new(reference)?).with_linear(rates.clone(), rates)?)
}

fn quadratic_program(args: &mut Args<'_>) -> Outcome {
    let (hessian, linear, constant) = (args.matrix("P")?, args.vector("q")?, args.number("constant")?);
    let (equations, equal) = (args.optional("A", Args::matrix)?, args.optional("b", Args::vector)?);
    let (inequalities, most) = (args.optional("G", Args::matrix)?, args.optional("h", Args::vector)?);
    let (lower, upper) = (args.optional("lower", Args::vector)?, args.optional("upper", Args::vector)?);
    let n = linear.len();
    let equations = equations.unwrap_or_else(|| Array2::zeros((0, n)));
    let inequalities = inequalities.unwrap_or_else(|| Array2::zeros((0, n)));
    let (equal, most) = (equal.unwrap_or_default(), most.unwrap_or_default());
    let shape = |error: ndarray::ShapeError| Stop::Unsupported(error.to_string());
    let rows = concatenate(Axis(0), &[equations.view(), inequalities.view()]).map_err(shape)?;
    let least = Array1::from_elem(most.len(), f64::NEG_INFINITY);
    let row_lower = concatenate(Axis(0), &[equal.view(), least.view()]).map_err(shape)?;
    let row_upper = concatenate(Axis(0), &[equal.view(), most.view()]).map_err(shape)?;
    let side = |bound: Option<Array1<f64>>, free: f64| bound.unwrap_or_else(|| Array1::from_elem(n, free));
    let solution = QuadraticProgram::new(Hessian::Dense(hessian.view()), linear)?
        .with_constant(constant)
        .with_bounds(side(lower, f64::NEG_INFINITY), side(upper, f64::INFINITY))?
        .with_rows(rows, row_lower, row_upper)?
        .solve()?;
    Ok(Tree::fields([("objective", solution.objective.into()), ("x", solution.x.into())]))
}
