//! What holds for every frontier, on random means, covariances and limits.

use alluse_risk_core::Covariance;
use alluse_risk_core::covariance::FactorCovariance;
use ndarray::{Array1, Array2};
use proptest::prelude::*;

use crate::frontier::{CriticalLine, Frontier};
use crate::{QuadraticProgram, Result, RiskModel};

#[derive(Debug, Clone)]
struct Case {
    mean: Vec<f64>,
    loadings: Vec<f64>,
    own: Vec<f64>,
    cap: f64,
    floor: f64,
    sector: (f64, f64),
}

impl Case {
    fn factors(&self) -> FactorCovariance {
        let n = self.mean.len();
        let loadings = Array2::from_shape_fn((n, 2), |(i, k)| self.loadings[2 * i + k]);
        let factors = Covariance::new(Array2::from_diag(&Array1::from(vec![0.03, 0.01]))).unwrap();
        FactorCovariance::new(loadings, factors, self.own.clone()).unwrap()
    }

    fn dense(&self) -> RiskModel {
        RiskModel::from(self.factors().to_dense().unwrap())
    }

    fn line<'a>(&self, risk: &'a RiskModel) -> Result<CriticalLine<'a>> {
        let n = self.mean.len();
        let row = Array2::from_shape_fn((1, n), |(_, i)| f64::from(u8::from(i % 2 == 0)));
        let (low, high) = self.sector;
        CriticalLine::new(Array1::from(self.mean.clone()).view(), risk)?
            .with_bounds(Array1::from_elem(n, self.floor / n as f64), Array1::from_elem(n, self.cap))?
            .with_rows(row, vec![low], vec![high])
    }
}

fn case() -> impl Strategy<Value = Case> {
    (3_usize..=14).prop_flat_map(|n| {
        (
            // Means on a grid: equal ones are common.
            prop::collection::vec((0_i32..=8).prop_map(|m| f64::from(m) / 100.0), n),
            prop::collection::vec(-0.5_f64..1.5, 2 * n),
            prop::collection::vec(0.005_f64..0.05, n),
            // Half of the assets can carry what the sector leaves them.
            (0.0_f64..0.6).prop_map(move |c| 0.75 / (n / 2) as f64 + c),
            prop::sample::select(vec![0.0, 0.3, -1.0]),
            (0.3_f64..0.5, 0.0_f64..0.2).prop_map(|(low, width)| (low, low + width)),
        )
            .prop_map(|(mean, loadings, own, cap, floor, sector)| Case {
                mean,
                loadings,
                own,
                cap,
                floor,
                sector,
            })
    })
}

/// The program whose optimum the frontier has at a `λ`.
fn program<'a>(line: &CriticalLine<'a>, case: &Case, lambda: f64) -> QuadraticProgram<'a> {
    let mut program = line.program().unwrap();
    program.linear = Array1::from(case.mean.clone()) * -lambda;
    program
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

/// Weights of the corners and of what lies between, at some `λ`.
fn sample(frontier: &Frontier) -> Vec<(f64, Vec<f64>)> {
    let top = frontier.corners[0].lambda;
    [0.0, 1e-4, 0.01, 0.07, 0.3, 1.0, 3.0]
        .iter()
        .copied()
        .chain([0.2, 0.5, 0.9].iter().map(|share| share * top))
        .filter(|lambda| *lambda > 0.0)
        .map(|lambda| (lambda, frontier.at_risk_aversion(1.0 / lambda).unwrap().weights))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// At any `λ` the frontier is what the quadratic program finds by itself.
    #[test]
    fn every_portfolio_is_the_optimum_at_its_lambda(case in case()) {
        let risk = case.dense();
        let line = case.line(&risk).unwrap();
        let frontier = line.trace().unwrap();
        for (lambda, weights) in sample(&frontier) {
            let direct = program(&line, &case, lambda).solve().unwrap();
            prop_assert!(close(&weights, direct.x.as_slice().unwrap(), 1e-9), "{lambda}: {weights:?} {:?}", direct.x);
        }
    }

    /// Means and variances fall from corner to corner, each steeper than the one before: the frontier is convex.
    #[test]
    fn it_is_monotone_and_convex(case in case()) {
        let risk = case.dense();
        let frontier = case.line(&risk).unwrap().trace().unwrap();
        for pair in frontier.corners.windows(2) {
            prop_assert!(pair[0].mean > pair[1].mean && pair[0].variance > pair[1].variance);
            let cost = (pair[0].variance - pair[1].variance) / (pair[0].mean - pair[1].mean);
            // The cost of mean in variance is twice λ at both ends and in between.
            let (low, high) = (2.0 * pair[1].lambda_until.unwrap(), 2.0 * pair[0].lambda);
            prop_assert!(cost >= low * (1.0 - 1e-6) - 1e-9 && cost <= high * (1.0 + 1e-6) + 1e-9, "{low} {cost} {high}");
        }
        let last = frontier.corners.last().unwrap();
        prop_assert!(last.lambda == 0.0);
        for corner in &frontier.corners {
            let w = Array1::from(corner.weights.clone());
            prop_assert!((risk.variance_of(w.view()).unwrap() - corner.variance).abs() < 1e-14);
            prop_assert!((w.sum() - 1.0).abs() < 1e-13);
        }
    }

    /// Factors never multiplied out give the same corners as the matrix.
    #[test]
    fn factors_give_the_same_frontier(case in case()) {
        let (dense, factored) = (case.dense(), RiskModel::from(case.factors()));
        let (a, b) = (case.line(&dense).unwrap().trace().unwrap(), case.line(&factored).unwrap().trace().unwrap());
        for (lambda, weights) in sample(&a) {
            prop_assert!(close(&weights, &b.at_risk_aversion(1.0 / lambda).unwrap().weights, 1e-10));
        }
    }

    /// Another order of the assets gives the same portfolios in that order.
    #[test]
    fn order_does_not_matter(case in case()) {
        let n = case.mean.len();
        let order: Vec<usize> = (0..n).rev().filter(|i| i % 2 == 0).chain((0..n).filter(|i| i % 2 == 1)).collect();
        let risk = case.dense();
        let RiskModel::Dense(matrix) = &risk else { panic!() };
        let moved = Array2::from_shape_fn((n, n), |(i, j)| matrix.view()[[order[i], order[j]]]);
        let moved = RiskModel::from(Covariance::new(moved).unwrap());
        let mean: Array1<f64> = order.iter().map(|&i| case.mean[i]).collect();
        let cap = Array1::from_elem(n, case.cap);
        let one = CriticalLine::new(Array1::from(case.mean.clone()).view(), &risk).unwrap();
        let one = one.with_bounds(Array1::zeros(n), cap.clone()).unwrap().trace().unwrap();
        let two = CriticalLine::new(mean.view(), &moved).unwrap();
        let two = two.with_bounds(Array1::zeros(n), cap).unwrap().trace().unwrap();
        for (lambda, weights) in sample(&one) {
            let other = two.at_risk_aversion(1.0 / lambda).unwrap().weights;
            let back: Vec<f64> = order.iter().map(|&i| weights[i]).collect();
            prop_assert!(close(&back, &other, 1e-9));
        }
    }

    /// `Σ → a Σ` turns `λ` into `a λ`, `μ → b μ` turns it into `λ/b`; weights stay.
    #[test]
    fn scales_move_lambda_only(case in case(), a in 0.01_f64..100.0, b in 0.01_f64..100.0) {
        let risk = case.dense();
        let RiskModel::Dense(matrix) = &risk else { panic!() };
        let scaled = RiskModel::from(Covariance::new(&matrix.view() * a).unwrap());
        let other = Case { mean: case.mean.iter().map(|m| b * m).collect(), ..case.clone() };
        let (one, two) = (case.line(&risk).unwrap().trace().unwrap(), other.line(&scaled).unwrap().trace().unwrap());
        for (lambda, weights) in sample(&one) {
            let moved = two.at_risk_aversion(b / (a * lambda)).unwrap();
            prop_assert!(close(&weights, &moved.weights, 1e-9));
        }
    }

    /// A portfolio at a return is the least variance with one row more.
    #[test]
    fn at_return_is_one_row_more(case in case(), share in 0.0_f64..1.0) {
        let risk = case.dense();
        let line = case.line(&risk).unwrap();
        let frontier = line.trace().unwrap();
        let (low, high) = (frontier.minimum_variance().unwrap().mean, frontier.maximum_return().unwrap().mean);
        let target = low + share * (high - low);
        let found = frontier.at_return(target).unwrap();
        let base = line.program().unwrap();
        let rows = ndarray::concatenate(
            ndarray::Axis(0),
            &[base.rows.view(), Array1::from(case.mean.clone()).insert_axis(ndarray::Axis(0)).view()],
        ).unwrap();
        let side = |sides: &Array1<f64>, last: f64| sides.iter().copied().chain([last]).collect::<Array1<f64>>();
        let (row_lower, row_upper) = (side(&base.row_lower, target - 1e-13), side(&base.row_upper, f64::INFINITY));
        let direct = base.with_rows(rows, row_lower, row_upper).unwrap().solve().unwrap();
        prop_assert!((2.0 * direct.objective - found.variance).abs() < 1e-11);
        prop_assert!(close(&found.weights, direct.x.as_slice().unwrap(), 1e-6));
        prop_assert!((found.mean - target).abs() < 1e-14);
        let again = frontier.at_volatility(found.volatility()).unwrap();
        prop_assert!((again.mean - found.mean).abs() < 1e-8);
    }
}
