//! Larger programs, dense and in factors.

use alluse_risk_core::Covariance;
use alluse_risk_core::covariance::FactorCovariance;
use ndarray::{Array1, Array2};
use rand::RngExt;

use super::{covariance, sectors};
use crate::{Hessian, QuadraticProgram, QuadraticSolution};

/// Optimality, written out with the textbook's signs and no code of the solver.
fn assert_optimal(program: &QuadraticProgram<'_>, dense: &Array2<f64>, solution: &QuadraticSolution) {
    let (x, y, z) = (&solution.x, &solution.row_multipliers, &solution.bound_multipliers);
    let slope = dense.dot(x) * program.scale
        + &program.linear
        + program.rows.t().dot(y)
        + z
        + program.diagonal.as_ref().map_or_else(|| Array1::zeros(x.len()), |d| d * x);
    let size = (dense.dot(x) * program.scale).iter().fold(1e-3_f64, |a, v| a.max(v.abs()));
    assert!(slope.iter().all(|g| g.abs() < 1e-12 * size), "slope {slope}");
    let activity = program.rows.dot(x);
    let limits = |value: f64, low: f64, high: f64, multiplier: f64| {
        assert!(value >= low - 1e-13 && value <= high + 1e-13, "{value} outside {low} to {high}");
        assert!(multiplier <= 1e-13 * size || high - value < 1e-12, "{multiplier} at {value} below {high}");
        assert!(multiplier >= -1e-13 * size || value - low < 1e-12, "{multiplier} at {value} above {low}");
    };
    (0..x.len()).for_each(|i| limits(x[i], program.lower[i], program.upper[i], z[i]));
    (0..y.len()).for_each(|r| limits(activity[r], program.row_lower[r], program.row_upper[r], y[r]));
}

#[test]
fn many_sizes_and_limits() {
    for seed in 0..60 {
        let n = 5 + (seed as usize * 7) % 90;
        let matrix = covariance(n, seed);
        for (cap, share) in [(1.0, (0.0, 1.0)), (4.0 / n as f64, (0.1, 0.25)), (0.5, (0.19, 0.21))] {
            let groups = 5.min(n);
            let program = sectors(&matrix, cap.max(1.2 / n as f64), groups, share);
            let solution = program.solve();
            match solution {
                Ok(solution) => assert_optimal(&program, &matrix, &solution),
                Err(error) => panic!("{n} assets, seed {seed}, cap {cap}: {error}"),
            }
        }
    }
}

#[test]
fn factors_give_what_the_matrix_gives() {
    for seed in 0..20 {
        let (n, k) = (10 + seed as usize * 9, 4);
        let mut rng = alluse_risk_core::streams::Streams::new(seed).block(1);
        let loadings = Array2::from_shape_fn((n, k), |_| rng.random::<f64>() - 0.2);
        let factors = Covariance::new(covariance(k, seed) * 0.01).unwrap();
        let own = Array1::from_shape_fn(n, |_| 0.001 + 0.01 * rng.random::<f64>());
        let model = FactorCovariance::new(loadings, factors, own).unwrap();
        let dense = model.to_dense().unwrap().into_matrix();
        let linear = Array1::from_shape_fn(n, |_| 0.002 * rng.random::<f64>());
        let extra = Array1::from_shape_fn(n, |_| 0.001 * rng.random::<f64>());
        let shape = sectors(&dense, 0.3, 5, (0.1, 0.4));
        let build = |hessian| {
            QuadraticProgram::new(hessian, linear.clone())
                .and_then(|program| program.with_scale(1.7)?.with_diagonal(extra.clone()))
                .and_then(|program| program.with_bounds(shape.lower.clone(), shape.upper.clone()))
                .and_then(|p| p.with_rows(shape.rows.clone(), shape.row_lower.clone(), shape.row_upper.clone()))
                .unwrap()
        };
        let (dense_program, factored) = (build(Hessian::Dense(dense.view())), build(Hessian::Factored(&model)));
        let (a, b) = (dense_program.solve().unwrap(), factored.solve().unwrap());
        assert_optimal(&dense_program, &dense, &a);
        assert_optimal(&factored, &dense, &b);
        assert!(a.x.iter().zip(&b.x).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

#[test]
fn a_multiplier_is_the_price_of_its_limit() {
    let matrix = covariance(15, 3);
    let program = sectors(&matrix, 0.15, 3, (0.3, 0.4));
    let solution = program.solve().unwrap();
    let (row, multiplier) = solution.row_multipliers.iter().enumerate().skip(1).find(|(_, y)| **y != 0.0).unwrap();
    let step = 1e-6;
    let mut moved = program.clone();
    if *multiplier > 0.0 {
        moved.row_upper[row] += step
    } else {
        moved.row_lower[row] += step
    }
    let price = (moved.solve().unwrap().objective - solution.objective) / step;
    // The second derivative times the step is what is left.
    assert!((price + multiplier).abs() < 1e-5 * multiplier.abs().max(1.0), "{price} against {multiplier}");
}

#[test]
fn variables_in_another_order_give_the_same_answer() {
    let matrix = covariance(30, 8);
    let order: Vec<usize> = (0..30).map(|i| (i * 7 + 3) % 30).collect();
    let moved = Array2::from_shape_fn((30, 30), |(i, j)| matrix[[order[i], order[j]]]);
    let program = sectors(&matrix, 0.1, 1, (1.0, 1.0));
    let other = sectors(&moved, 0.1, 1, (1.0, 1.0));
    let (a, b) = (program.solve().unwrap(), other.solve().unwrap());
    assert!((0..30).all(|i| (a.x[order[i]] - b.x[i]).abs() < 1e-14));
}
