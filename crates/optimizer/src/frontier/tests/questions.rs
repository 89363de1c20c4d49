//! Answers known by hand, and questions without one.

use alluse_risk_core::{Covariance, ErrorKind};
use ndarray::{Array1, Array2, array};

use super::ten_assets;
use crate::RiskModel;
use crate::frontier::{CriticalLine, Frontier};

fn two_assets() -> Frontier {
    let risk = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.01]]).unwrap());
    CriticalLine::new(array![0.10, 0.04].view(), &risk).unwrap().trace().unwrap()
}

#[test]
fn two_uncorrelated_assets_by_hand() {
    let frontier = two_assets();
    // w = (0.2 + s, 0.8 − s), variance 0.008 + 0.05 s², mean 0.052 + 0.06 s.
    let middle = frontier.at_return(0.064).unwrap();
    assert!((middle.weights[0] - 0.4).abs() < 1e-14 && (middle.variance - 0.01).abs() < 1e-16);
    // λ is half the derivative of the variance by the mean: 0.05 s / 0.06.
    assert!((middle.lambda - 1.0 / 6.0).abs() < 1e-13);
    assert!((frontier.at_volatility(0.1).unwrap().weights[0] - 0.4).abs() < 1e-13);
    assert!((frontier.at_risk_aversion(6.0).unwrap().weights[0] - 0.4).abs() < 1e-13);
    let points = frontier.points(5).unwrap();
    let means: Vec<f64> = points.iter().map(|point| point.mean).collect();
    assert!(means.iter().zip([0.052, 0.064, 0.076, 0.088, 0.1]).all(|(a, b)| (a - b).abs() < 1e-15), "{means:?}");
    // Beyond the largest mean nothing changes.
    assert_eq!(frontier.at_risk_aversion(1e-6).unwrap().weights, frontier.maximum_return().unwrap().weights);
}

#[test]
fn tangency_by_hand() {
    let frontier = two_assets();
    // Weights proportional to excess mean over variance.
    for (rate, expected) in [(0.02, 2.0 / (2.0 + 2.0)), (-0.06, 4.0 / 14.0), (0.04, 1.0), (0.07, 1.0)] {
        let best = frontier.maximum_sharpe(rate).unwrap();
        assert!((best.weights[0] - expected).abs() < 1e-12, "{rate}: {:?}", best.weights);
    }
    let none = frontier.maximum_sharpe(0.1).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Undefined);
    assert!(frontier.maximum_sharpe(0.15).unwrap_err().to_string().contains("-0.0"));
}

/// The largest ratio beats those of a thousand neighbours on the ten assets.
#[test]
fn tangency_is_the_best_of_a_fine_grid() {
    let (mean, risk) = ten_assets();
    let frontier = CriticalLine::new(mean.view(), &risk).unwrap().trace().unwrap();
    for rate in [0.0, 0.3, 0.7, 1.0, 1.15] {
        let ratio = |p: &crate::frontier::EfficientPortfolio| (p.mean - rate) / p.volatility();
        let best = ratio(&frontier.maximum_sharpe(rate).unwrap());
        let grid = frontier.points(1000).unwrap();
        let nearest = grid.iter().map(ratio).fold(f64::NEG_INFINITY, f64::max);
        assert!(best >= nearest - 1e-14 && best - nearest < 1e-3, "{rate}: {best} against {nearest}");
    }
}

#[test]
fn without_bounds_the_frontier_has_no_end() {
    let risk = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.01]]).unwrap());
    let free = Array1::from_elem(2, f64::INFINITY);
    let line = CriticalLine::new(array![0.10, 0.04].view(), &risk).unwrap().with_bounds(-&free, free).unwrap();
    let frontier = line.trace().unwrap();
    assert_eq!(frontier.corners.len(), 1);
    assert_eq!(frontier.maximum_return().unwrap_err().kind(), ErrorKind::Unbounded);
    assert_eq!(frontier.points(3).unwrap_err().kind(), ErrorKind::Unbounded);
    // s = 2: weights 2.2 and −1.2, variance 0.208, mean 0.172.
    let far = frontier.at_return(0.172).unwrap();
    assert!((far.weights[0] - 2.2).abs() < 1e-13 && (far.variance - 0.208).abs() < 1e-14);
    assert!((frontier.at_volatility(0.208_f64.sqrt()).unwrap().weights[1] + 1.2).abs() < 1e-12);
    assert!((frontier.at_risk_aversion(0.6).unwrap().weights[0] - 2.2).abs() < 1e-12);
    assert!((frontier.maximum_sharpe(0.0).unwrap().weights[0] - 2.5 / 6.5).abs() < 1e-12);
    // Above the mean of the least variance no ratio is the largest.
    assert_eq!(frontier.maximum_sharpe(0.06).unwrap_err().kind(), ErrorKind::Undefined);
}

#[test]
fn what_no_portfolio_has_is_an_error() {
    let frontier = two_assets();
    for target in [0.051, 0.1001, f64::NAN, f64::INFINITY] {
        assert_eq!(frontier.at_return(target).unwrap_err().kind(), ErrorKind::Undefined);
    }
    for target in [0.05, 0.21, f64::NAN, f64::INFINITY] {
        assert_eq!(frontier.at_volatility(target).unwrap_err().kind(), ErrorKind::Undefined);
    }
    for gamma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(frontier.at_risk_aversion(gamma).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(frontier.maximum_sharpe(f64::NAN).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(frontier.points(1).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn hostile_input_is_refused() {
    let risk = RiskModel::from(Covariance::new(Array2::eye(2)).unwrap());
    let mean = array![0.1, 0.2];
    let line = CriticalLine::new(mean.view(), &risk).unwrap();
    let invalid = |result: crate::Result<CriticalLine<'_>>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
    };
    invalid(CriticalLine::new(array![0.1].view(), &risk));
    invalid(CriticalLine::new(array![0.1, f64::NAN].view(), &risk));
    invalid(line.clone().with_bounds(array![0.0], array![1.0]));
    invalid(line.clone().with_bounds(array![0.5, 0.0], array![0.4, 1.0]));
    invalid(line.clone().with_rows(Array2::ones((1, 3)), array![0.0], array![1.0]));
    invalid(line.clone().with_rows(Array2::ones((1, 2)), array![f64::NAN], array![1.0]));
    invalid(line.clone().with_budget(f64::NAN));
    let short = line.with_bounds(array![0.0, 0.0], array![0.4, 0.4]).unwrap();
    assert_eq!(short.trace().unwrap_err().kind(), ErrorKind::Infeasible);
    let flat = RiskModel::from(Covariance::new(Array2::ones((2, 2))).unwrap());
    assert!(matches!(CriticalLine::new(mean.view(), &flat).unwrap().trace(), Err(crate::Error::Input(_))));
}

#[test]
fn a_frontier_survives_json() {
    let frontier = two_assets();
    let text = serde_json::to_string(&frontier).unwrap();
    assert_eq!(serde_json::from_str::<Frontier>(&text).unwrap(), frontier);
}
