//! Each method by itself, against the others.

use ndarray::{Array1, Array2};
use rand::RngExt;

use super::super::dual::{Outcome, dual};
use super::super::instance::Instance;
use super::super::interior::interior;
use super::super::optimality::residual;
use super::super::working_set::{ActiveSet, Activity};
use super::covariance;
use crate::{Hessian, QuadraticProgram};

/// Limits of all kinds around a point that meets them, so that there is a solution and much is degenerate.
fn tangled(matrix: &Array2<f64>, m: usize, seed: u64) -> QuadraticProgram<'_> {
    let n = matrix.nrows();
    let mut rng = alluse_risk_core::streams::Streams::new(seed).block(7);
    let mut whole = |from: i32, to: i32| f64::from(rng.random_range(from..=to));
    let inside = Array1::from_shape_fn(n, |_| whole(-2, 2));
    let lower = Array1::from_shape_fn(n, |i| inside[i] - whole(0, 2));
    let upper = Array1::from_shape_fn(n, |i| inside[i] + whole(0, 2));
    let rows = Array2::from_shape_fn((m, n), |_| whole(-1, 1));
    let activity = rows.dot(&inside);
    let row_lower = Array1::from_shape_fn(m, |r| activity[r] - whole(0, 1));
    let row_upper = Array1::from_shape_fn(m, |r| activity[r] + whole(0, 1));
    let linear = Array1::from_shape_fn(n, |_| whole(-9, 9));
    QuadraticProgram::new(Hessian::Dense(matrix.view()), linear)
        .and_then(|program| program.with_bounds(lower, upper))
        .and_then(|program| program.with_rows(rows, row_lower, row_upper))
        .unwrap()
}

#[test]
fn the_dual_method_finds_what_the_interior_point_method_finds() {
    for seed in 0..120 {
        let (n, m) = (3 + seed as usize % 25, seed as usize % 7);
        let matrix = covariance(n, seed);
        let program = tangled(&matrix, m, seed);
        let instance = Instance::new(&program);
        let Ok((point, _, left)) = interior(&instance) else { panic!("seed {seed}") };
        assert!(left < 1e-7);
        let wrong = ActiveSet { bounds: vec![Activity::Upper; n], rows: vec![Activity::Lower; m] };
        for start in [ActiveSet::loosest(&instance), wrong.fitted(&instance)] {
            let Outcome::Solved { point: exact, .. } = dual(&instance, start) else { panic!("seed {seed}: stuck") };
            assert!(residual(&instance, &exact) < 1e-11);
            assert!(exact.x.iter().zip(&point.x).all(|(a, b)| (a - b).abs() < 1e-5), "seed {seed}");
        }
    }
}

#[test]
fn tangled_programs_are_solved_exactly() {
    for seed in 0..200 {
        let (n, m) = (5 + seed as usize % 40, seed as usize % 20);
        let matrix = covariance(n, seed);
        let solution = tangled(&matrix, m, seed).solve().unwrap();
        assert_ne!(solution.method, "interior point", "seed {seed}");
    }
}
