//! Several things at once: equal means, equal assets, corners where more than one limit changes.

use alluse_risk_core::Covariance;
use ndarray::{Array1, Array2, array};

use crate::RiskModel;
use crate::frontier::CriticalLine;

fn frontier(mean: Array1<f64>, covariance: Array2<f64>, cap: f64) -> crate::frontier::Frontier {
    let n = mean.len();
    let risk = RiskModel::from(Covariance::new(covariance).unwrap());
    CriticalLine::new(mean.view(), &risk)
        .and_then(|line| line.with_bounds(Array1::zeros(n), Array1::from_elem(n, cap)))
        .and_then(|line| line.trace())
        .unwrap()
}

#[test]
fn equal_means_leave_the_least_variance_alone() {
    for mean in [0.0, 0.05, 1.0 / 3.0, -0.7] {
        let covariance = array![[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.03]];
        let frontier = frontier(Array1::from_elem(3, mean), covariance, 1.0);
        assert_eq!(frontier.corners.len(), 1);
        assert_eq!((frontier.corners[0].lambda, frontier.corners[0].lambda_until), (0.0, None));
        assert_eq!(frontier.points(2).unwrap().len(), 2);
    }
}

#[test]
fn two_best_assets_share_the_top() {
    // Of the portfolios of the largest mean the efficient one has the least variance: 1 to 4.
    let frontier = frontier(array![0.1, 0.1, 0.02], Array2::from_diag(&array![0.04, 0.01, 0.001]), 1.0);
    let top = frontier.maximum_return().unwrap();
    assert!((top.weights[0] - 0.2).abs() < 1e-13 && (top.weights[1] - 0.8).abs() < 1e-13);
    assert_eq!(frontier.corners.len(), 2);
}

#[test]
fn equal_assets_move_together() {
    // Two pairs of twins: the weights of twins stay equal, and both hit their bounds at once.
    let covariance = Array2::from_shape_fn((4, 4), |(i, j)| match (i == j, i / 2 == j / 2) {
        (true, _) => 0.04,
        (_, true) => 0.01,
        _ => 0.005,
    });
    let found = frontier(array![0.1, 0.1, 0.03, 0.03], covariance, 1.0);
    assert_eq!(found.corners.len(), 2);
    let (top, least) = (&found.corners[0], &found.corners[1]);
    assert!(top.weights.iter().zip([0.5, 0.5, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-13));
    assert!(least.weights.iter().all(|w| (w - 0.25).abs() < 1e-13));
}

#[test]
fn a_ladder_of_equal_steps_ends_on_the_best_assets() {
    // Equal variances and evenly spaced means: many limits change at the same λ.
    let n = 12;
    let mean = Array1::from_shape_fn(n, |i| 0.01 * i as f64);
    for cap in [0.25, 0.5, 1.0] {
        let found = frontier(mean.clone(), Array2::eye(n) * 0.04, cap);
        let top = found.maximum_return().unwrap();
        let full = (1.0 / cap) as usize;
        let held = top.weights.iter().rev().take(full).all(|w| (w - cap).abs() < 1e-12);
        assert!(held, "{cap}: {:?}", top.weights);
        for pair in found.corners.windows(2) {
            assert!(pair[0].mean > pair[1].mean);
        }
    }
}

#[test]
fn a_start_in_a_corner_of_its_limits_goes_on() {
    // The least variance sits on several bounds without a multiplier: 0.25 each is where the caps are.
    let found = frontier(array![0.1, 0.05, 0.02, 0.01], Array2::eye(4), 0.25);
    assert_eq!(found.corners.len(), 1);
    let found = frontier(array![0.1, 0.05, 0.02], Array2::eye(3), 0.5);
    assert!((found.maximum_return().unwrap().mean - 0.075).abs() < 1e-15);
}

#[test]
fn fixed_weights_stay() {
    let risk = RiskModel::from(Covariance::new(Array2::eye(3)).unwrap());
    let found = CriticalLine::new(array![0.1, 0.2, 0.3].view(), &risk)
        .and_then(|line| line.with_bounds(array![0.2, 0.0, 0.0], array![0.2, 1.0, 1.0]))
        .and_then(|line| line.trace())
        .unwrap();
    assert!(found.corners.iter().all(|corner| corner.weights[0] == 0.2));
    assert!((found.maximum_return().unwrap().weights[2] - 0.8).abs() < 1e-14);
}

#[test]
fn a_budget_of_nothing_starts_from_nothing() {
    let risk = RiskModel::from(Covariance::new(Array2::eye(2) * 0.04).unwrap());
    let found = CriticalLine::new(array![0.1, 0.0].view(), &risk)
        .and_then(|line| line.with_bounds(array![-1.0, -1.0], array![1.0, 1.0])?.with_budget(0.0))
        .and_then(|line| line.trace())
        .unwrap();
    assert!(found.minimum_variance().unwrap().variance == 0.0);
    assert!((found.maximum_return().unwrap().mean - 0.1).abs() < 1e-15);
    assert_eq!(found.maximum_sharpe(-0.01).unwrap_err().kind(), alluse_risk_core::ErrorKind::Undefined);
}
