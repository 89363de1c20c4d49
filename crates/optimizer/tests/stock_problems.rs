//! Problems on real prices: every objective under several sets of limits on twenty stocks (daily returns) and, where a
//! covariance is all it needs, on 288, each to the full accuracy of the certificate.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

use std::path::Path;

use alluse_optimizer::problem::{
    Benchmark, Constraint, Costs, MeanUncertainty, Members, Objective, RiskMeasure, Scenarios, TurnoverConvention,
};
use alluse_optimizer::solution::Termination;
use alluse_optimizer::{Problem, Universe};
use alluse_risk_core::{Confidence, Covariance, Weights};
use ndarray::{Array1, Array2, Axis};

/// A table of numbers under names.
fn table(folder: &Path, file: &str) -> (Vec<String>, Array2<f64>) {
    let text = std::fs::read_to_string(folder.join("series").join(file)).unwrap();
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let rows: Vec<f64> = lines.flat_map(|line| line.split(',').map(|field| field.parse::<f64>().unwrap())).collect();
    let shape = (rows.len() / names.len(), names.len());
    (names, Array2::from_shape_vec(shape, rows).unwrap())
}

/// Sets of limits by name, around equal weights.
fn limit_sets(names: &[String], volatility: f64, mean: &Array1<f64>) -> Vec<(&'static str, Vec<Constraint>)> {
    let n = names.len();
    let equal = Weights::new(vec![1.0 / n as f64; n]).unwrap();
    let half = Members::of(names.iter().take(n / 2).cloned());
    let long = || vec![Constraint::budget(1.0), Constraint::long_only()];
    let with = |more: Vec<Constraint>| [long(), more].concat();
    vec![
        ("long only", long()),
        (
            "caps, group, return",
            with(vec![
                Constraint::weights(..=0.15).named("cap"),
                Constraint::group("half", half, 0.3..=0.6),
                Constraint::target_return(mean.mean().unwrap()),
            ]),
        ),
        (
            "long and short",
            vec![
                Constraint::budget(1.0),
                Constraint::weights(-0.1..=0.3),
                Constraint::leverage(1.4),
                Constraint::turnover(equal.clone(), 0.5, TurnoverConvention::OneWay),
            ],
        ),
        (
            "risks",
            with(vec![
                Constraint::risk(RiskMeasure::Volatility, volatility),
                Constraint::tracking_error(Benchmark::Weights(equal), 0.4 * volatility),
            ]),
        ),
    ]
}

fn of_covariance(names: &[String], mean: &Array1<f64>, volatilities: &Array1<f64>) -> Vec<Objective> {
    let n = names.len();
    let benchmark =
        Weights::new((0..n).map(|i| 2.0 * (i + 1) as f64 / (n * (n + 1)) as f64).collect::<Vec<_>>()).unwrap();
    let standard_errors: Vec<f64> = volatilities.iter().map(|v| v / 38.0).collect();
    vec![
        Objective::MinimiseRisk(RiskMeasure::Variance),
        Objective::MinimiseRisk(RiskMeasure::Volatility),
        Objective::MinimiseRisk(RiskMeasure::NormalExpectedShortfall(Confidence::new(0.95).unwrap())),
        Objective::MaximiseReturn,
        Objective::MaximiseUtility { risk_aversion: 5.0 },
        Objective::sharpe(mean.mean().unwrap() * 0.1),
        Objective::MaximiseDiversification,
        Objective::MinimiseTrackingVariance(Benchmark::Weights(benchmark)),
        Objective::MaximiseRobustUtility {
            uncertainty: MeanUncertainty::Box(standard_errors.clone()),
            risk_aversion: 5.0,
        },
        Objective::MaximiseRobustUtility {
            uncertainty: MeanUncertainty::IndependentErrors { standard_errors, radius: 2.0 },
            risk_aversion: 5.0,
        },
    ]
}

fn of_scenarios() -> Vec<Objective> {
    let c = Confidence::new(0.95).unwrap();
    let measures = [
        RiskMeasure::ExpectedShortfall(c),
        RiskMeasure::EntropicValueAtRisk(c),
        RiskMeasure::MeanAbsoluteDeviation,
        RiskMeasure::Semivariance,
        RiskMeasure::WorstLoss,
        RiskMeasure::MaximumDrawdown,
        RiskMeasure::AverageDrawdown,
        RiskMeasure::ConditionalDrawdown(c),
        RiskMeasure::UlcerIndex,
    ];
    let mut objectives: Vec<Objective> = measures.into_iter().map(Objective::MinimiseRisk).collect();
    objectives.push(Objective::MaximiseMeanRisk { measure: RiskMeasure::ExpectedShortfall(c), risk_aversion: 0.05 });
    objectives.push(Objective::MaximiseRatio { measure: RiskMeasure::ExpectedShortfall(c), risk_free: 0.0 });
    objectives.push(Objective::MaximiseLogGrowth { risk_free: 0.0 });
    objectives
}

/// Solves each and says what was not solved to full accuracy.
fn solve_all(
    what: &str,
    problem: &Problem,
    objectives: &[Objective],
    sets: &[(&'static str, Vec<Constraint>)],
) -> Vec<String> {
    let (mut failures, mut gap, mut residual, mut violation) = (Vec::new(), 0.0_f64, 0.0_f64, 0.0_f64);
    let start = std::time::Instant::now();
    for (set, limits) in sets {
        for objective in objectives {
            match problem.clone().with_objective(objective.clone()).subject_to_all(limits.clone()).solve() {
                Ok(solution) => {
                    let certificate = solution.certificate;
                    gap = gap.max(certificate.duality_gap);
                    residual = residual.max(certificate.stationarity);
                    violation = violation.max(certificate.infeasibility);
                    if solution.termination != Termination::Optimal {
                        failures
                            .push(format!("{what}, {set}, {objective}: {:?} {certificate:?}", solution.termination));
                    }
                }
                Err(error) => failures.push(format!("{what}, {set}, {objective}: {error}")),
            }
        }
    }
    let (count, failed) = (sets.len() * objectives.len(), failures.len());
    let seconds = start.elapsed().as_secs_f64();
    eprintln!(
        "{what:<36} {count:>3} problems, {failed} not optimal, gap {gap:.1e}, stationarity {residual:.1e}, limits \
         {violation:.1e}, {seconds:.1} s"
    );
    failures
}

#[test]
fn twenty_stocks() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let (mut names, all) = table(&folder, "b_stocks20_returns.csv");
    names.pop();
    let n = names.len();
    let returns = all.select(Axis(1), &(0..n).collect::<Vec<_>>());
    let mean = returns.mean_axis(Axis(0)).unwrap();
    let centred = &returns - &mean;
    let matrix = centred.t().dot(&centred) / (returns.nrows() - 1) as f64;
    let matrix = (&matrix + &matrix.t()) / 2.0;
    let volatilities = matrix.diag().mapv(f64::sqrt);
    let equal = Array1::from_elem(n, 1.0 / n as f64);
    let volatility = equal.dot(&matrix.dot(&equal)).sqrt();
    // Two years of dates: cones of every date would be long for a test.
    let latest = returns.select(Axis(0), &(returns.nrows() - 500..returns.nrows()).collect::<Vec<_>>());
    let problem = Problem::new(Universe::named(names.clone()).unwrap(), Objective::MaximiseReturn)
        .with_mean(mean.clone())
        .unwrap()
        .with_covariance(Covariance::new(matrix).unwrap())
        .unwrap();
    let sets = limit_sets(&names, volatility, &mean);
    let moments = of_covariance(&names, &mean, &volatilities);
    let mut failures = solve_all("20 stocks, covariance", &problem, &moments, &sets);
    let held = Weights::new(equal).unwrap();
    let costs = Costs::one_way_bps(held, 5.0).and_then(|costs| costs.with_impact(vec![2e-3; n])).unwrap();
    let paid = problem.clone().with_costs(costs).unwrap();
    failures.extend(solve_all("20 stocks, costs", &paid, &moments[3..5], &sets));
    let dated = problem.with_scenarios(Scenarios::dated(latest).unwrap()).unwrap();
    failures.extend(solve_all("20 stocks, 500 days", &dated, &of_scenarios(), &sets));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn two_hundred_and_eighty_eight_stocks() {
    let Some(folder) = testkit::conformance_dir() else { return };
    let (names, matrix) = table(&folder, "b_large_cov.csv");
    let n = names.len();
    assert_eq!(matrix.dim(), (n, n));
    let matrix = (&matrix + &matrix.t()) / 2.0;
    let volatilities = matrix.diag().mapv(f64::sqrt);
    let equal = Array1::from_elem(n, 1.0 / n as f64);
    let volatility = equal.dot(&matrix.dot(&equal)).sqrt();
    // The file has no expected returns: a Sharpe ratio by asset that differs from one to the next.
    let mean: Array1<f64> =
        volatilities.iter().enumerate().map(|(i, v)| v * (0.02 + 0.01 * ((i * 37 % 101) as f64 / 101.0))).collect();
    let problem = Problem::new(Universe::named(names.clone()).unwrap(), Objective::MaximiseReturn)
        .with_mean(mean.clone())
        .unwrap()
        .with_covariance(Covariance::new(matrix).unwrap())
        .unwrap();
    let sets = limit_sets(&names, volatility, &mean);
    let failures = solve_all("288 stocks", &problem, &of_covariance(&names, &mean, &volatilities), &sets);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
