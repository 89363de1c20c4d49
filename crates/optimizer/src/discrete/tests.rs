use alluse_risk_core::{Covariance, ErrorKind, Weights};
use ndarray::{Array1, Array2};

use crate::problem::{Constraint, Costs, Objective, Problem, RiskMeasure};
use crate::solution::Termination;
use crate::{Error, Universe};

const N: usize = 8;

fn covariance(n: usize) -> Array2<f64> {
    let exposure = |i: usize, k: usize| (((i * 7 + k * 3) as f64) * 1.1).sin();
    Array2::from_shape_fn((n, n), |(i, j)| {
        let shared: f64 = (0..3).map(|k| exposure(i, k) * exposure(j, k)).sum();
        let own = if i == j { 0.3 + 0.1 * i as f64 } else { 0.0 };
        1e-4 * (1.0 + shared + own)
    })
}

fn problem(n: usize) -> Problem {
    let mean: Array1<f64> = (0..n).map(|i| 1e-4 * (1.0 + ((i * 5) as f64).cos())).collect();
    Problem::new(Universe::named((0..n).map(|i| format!("S{i}"))).unwrap(), Objective::MinimiseRisk(RiskMeasure::Variance))
        .with_covariance(Covariance::new(covariance(n)).unwrap())
        .unwrap()
        .with_mean(mean)
        .unwrap()
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::weights(0.0..=1.0))
}

/// Every subset of at most `most` assets, each solved with its weights held to at least `least`.
fn by_enumeration(most: usize, least: f64) -> f64 {
    let mut best = f64::INFINITY;
    for subset in 1_u32..(1 << N) {
        if subset.count_ones() as usize > most {
            continue;
        }
        let mut restricted = problem(N);
        for i in 0..N {
            let range = if subset & (1 << i) != 0 { least..=1.0 } else { 0.0..=0.0 };
            restricted = restricted.subject_to(Constraint::asset(format!("S{i}"), range));
        }
        if let Ok(solution) = restricted.solve() {
            best = best.min(solution.objective);
        }
    }
    best
}

#[test]
fn so_many_positions_of_a_least_size_as_by_enumeration() {
    for (most, least) in [(2, 0.0), (3, 0.1), (3, 0.3), (4, 0.2), (5, 0.15)] {
        let solution = problem(N)
            .subject_to(Constraint::cardinality(0, most))
            .subject_to(Constraint::minimum_position(least))
            .solve()
            .unwrap();
        let expected = by_enumeration(most, least);
        assert!((solution.objective - expected).abs() <= 1e-8 * expected, "{most} {least}: {} {expected}", solution.objective);
        assert_eq!(solution.termination, Termination::Optimal);
        assert!(solution.certificate.is_optimal(), "{:?}", solution.certificate);
        assert!(solution.weights.iter().filter(|w| w.abs() > 1e-9).count() <= most);
        assert!(solution.weights.iter().all(|w| w.abs() < 1e-9 || *w >= least - 1e-9));
    }
}

#[test]
fn a_least_number_of_positions_is_kept() {
    let solution = problem(N)
        .subject_to(Constraint::cardinality(6, 8))
        .subject_to(Constraint::minimum_position(0.05))
        .solve()
        .unwrap();
    assert!(solution.weights.iter().filter(|w| **w > 0.049).count() >= 6);
}

#[test]
fn a_price_for_trading_at_all_leaves_small_trades_undone() {
    let free = problem(N).solve().unwrap();
    // Held: the optimum but for two assets, one far off and one by a hair.
    let mut held = free.weights.clone();
    let largest: Vec<usize> = {
        let mut order: Vec<usize> = (0..N).collect();
        order.sort_by(|&a, &b| held[b].total_cmp(&held[a]));
        order
    };
    held[largest[0]] += 0.3;
    held[largest[1]] -= 0.3;
    held[largest[2]] += 1e-4;
    held[largest[3]] -= 1e-4;
    let held = Weights::new(held).unwrap();
    let costs = Costs::from(held.clone()).with_fixed(vec![2e-7; N]).unwrap();
    let solution = problem(N).with_costs(costs).unwrap().solve().unwrap();
    let traded: Vec<usize> = (0..N).filter(|&i| (solution.weights[i] - held.view()[i]).abs() > 1e-9).collect();
    assert!(traded.contains(&largest[0]) && traded.contains(&largest[1]), "{traded:?}");
    assert!(!traded.contains(&largest[2]) && !traded.contains(&largest[3]), "{traded:?}");
    assert!((solution.cost.unwrap() - 2e-7 * traded.len() as f64).abs() < 1e-12);
    assert!(solution.certificate.is_optimal(), "{:?}", solution.certificate);
}

#[test]
fn short_positions_of_a_least_size_as_by_enumeration() {
    let n = 5;
    let utility = || problem(n).with_objective(Objective::MaximiseUtility { risk_aversion: 0.5 }).without("weights");
    let mut best = f64::NEG_INFINITY;
    for code in 0..3_usize.pow(5) {
        let mut restricted = utility();
        for i in 0..n {
            let (low, high) = [(0.0, 0.0), (0.15, 1.0), (-0.5, -0.15)][code / 3_usize.pow(i as u32) % 3];
            restricted = restricted.subject_to(Constraint::asset(format!("S{i}"), low..=high));
        }
        if let Ok(solution) = restricted.solve() {
            best = best.max(solution.objective);
        }
    }
    let solution = utility()
        .subject_to(Constraint::weights(-0.5..=1.0))
        .subject_to(Constraint::minimum_position(0.15))
        .solve()
        .unwrap();
    assert!((solution.objective - best).abs() <= 1e-8 * best.abs(), "{} {best}", solution.objective);
    assert!(solution.weights.iter().any(|w| *w < 0.0), "{:?}", solution.weights);
}

#[test]
fn counts_that_contradict_are_named() {
    // Three positions of at most 0.3 do not make a budget of one.
    let impossible = problem(N)
        .subject_to(Constraint::cardinality(0, 3))
        .subject_to(Constraint::weights(..=0.3).named("cap"));
    let error = impossible.solve().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Infeasible);
    let Error::Conflict(conflict) = error else { panic!("{error}") };
    let mut names: Vec<&str> = conflict.members.iter().map(|m| m.limit.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["budget", "cap", "cardinality"]);
}

#[test]
fn thirty_assets_end_with_a_proof_or_a_gap() {
    let solution = problem(30).subject_to(Constraint::cardinality(0, 6)).solve().unwrap();
    let bound = solution.bound.unwrap();
    assert!(bound <= solution.objective);
    assert!(solution.weights.iter().filter(|w| **w > 1e-9).count() <= 6);
}
