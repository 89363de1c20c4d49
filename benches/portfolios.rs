//! Portfolio problems: minimum variance under sector limits, expected shortfall, equal risk contribution, hierarchies.

use std::hint::black_box;

use alluse_quant::optimizer::frontier::CriticalLine;
use alluse_quant::optimizer::hierarchical::HierarchicalRiskParity;
use alluse_quant::optimizer::problem::{Constraint, Members, Objective, Problem, RiskMeasure, Scenarios};
use alluse_quant::optimizer::risk_budgeting::{Budgets, RiskBudgeting};
use alluse_quant::optimizer::{RiskModel, Universe};
use alluse_quant::risk_core::streams::Streams;
use alluse_quant::risk_core::{Confidence, Covariance};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2, Axis};

const SEED: u64 = 5;

/// Returns of a market with ten sectors, 1 % a day.
fn returns(days: usize, n: usize) -> Array2<f64> {
    let normals = Streams::new(SEED).standard_normals(days, n + 11);
    Array2::from_shape_fn((days, n), |(t, i)| {
        let (market, sector, own) = (normals[[t, n + 10]], normals[[t, n + i % 10]], normals[[t, i]]);
        0.01 * (0.6 * market + 0.3 * sector + 0.7 * own) + 2e-4 * (i % 7) as f64 / 7.0
    })
}

fn covariance(returns: &Array2<f64>) -> Covariance {
    let mean = returns.sum_axis(Axis(0)) / returns.nrows() as f64;
    let centred = returns - &mean;
    let product = centred.t().dot(&centred) / (returns.nrows() - 1) as f64;
    Covariance::new((&product + &product.t()) / 2.0).unwrap_or_else(|error| unreachable!("{error}"))
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|asset| format!("A{asset}")).collect()
}

fn problem(n: usize, objective: Objective) -> Problem {
    let names = names(n);
    let universe = Universe::named(names.clone()).unwrap_or_else(|error| unreachable!("{error}"));
    let mut problem = Problem::new(universe, objective)
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::weights(0.0..=(5.0 / n as f64).max(0.1)));
    for sector in 0..10 {
        let members = Members::of(names.iter().skip(sector).step_by(10));
        problem = problem.subject_to(Constraint::group(format!("sector {sector}"), members, 0.02..=0.25));
    }
    problem
}

fn minimum_variance(c: &mut Criterion) {
    let mut group = c.benchmark_group("minimum variance, sector limits");
    for n in [20, 100] {
        let sample = returns(500, n);
        let problem = problem(n, Objective::MinimiseRisk(RiskMeasure::Variance)).with_covariance(covariance(&sample));
        let Ok(problem) = problem else { continue };
        group.bench_with_input(BenchmarkId::from_parameter(n), &n, |b, _| b.iter(|| black_box(problem.solve())));
    }
    group.finish();
}

fn frontier(c: &mut Criterion) {
    let sample = returns(500, 100);
    let model = RiskModel::from(covariance(&sample));
    let mean: Array1<f64> = sample.sum_axis(Axis(0)) / 500.0;
    c.bench_function("exact frontier of 100 assets", |b| {
        b.iter(|| black_box(CriticalLine::new(mean.view(), &model).and_then(|line| line.trace())));
    });
}

fn expected_shortfall(c: &mut Criterion) {
    let measure = RiskMeasure::ExpectedShortfall(Confidence::P95);
    let Ok(scenarios) = Scenarios::dated(returns(1_000, 50)) else { return };
    let Ok(problem) = problem(50, Objective::MinimiseRisk(measure)).with_scenarios(scenarios) else { return };
    c.bench_function("expected shortfall, 50 assets, 1000 scenarios", |b| b.iter(|| black_box(problem.solve())));
}

fn risk_parity(c: &mut Criterion) {
    let model = RiskModel::from(covariance(&returns(500, 200)));
    let parity = RiskBudgeting::new(Budgets::Equal);
    c.bench_function("equal risk contribution, 200 assets", |b| b.iter(|| black_box(parity.solve(&model))));
}

fn hierarchy(c: &mut Criterion) {
    let sample = covariance(&returns(500, 200));
    let method = HierarchicalRiskParity::default();
    c.bench_function("hierarchical risk parity, 200 assets", |b| b.iter(|| black_box(method.allocate(&sample))));
}

criterion_group!(benches, minimum_variance, frontier, expected_shortfall, risk_parity, hierarchy);
criterion_main!(benches);
