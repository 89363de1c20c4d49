//! Times on one core; run by hand with `--release -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use alluse_risk_core::Covariance;
use alluse_risk_core::covariance::FactorCovariance;
use ndarray::{Array1, Array2};
use rand::RngExt;

use super::{covariance, sectors};
use crate::{Hessian, QuadraticProgram};

fn least(repeats: usize, mut work: impl FnMut()) -> Duration {
    let mut times = (0..repeats).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    let first = times.next().unwrap_or_default();
    times.fold(first, Duration::min)
}

#[test]
#[ignore = "a measurement"]
fn cold() {
    for n in [20, 100, 500, 1000] {
        let matrix = covariance(n, 1);
        let program = sectors(&matrix, 0.1_f64.max(4.0 / n as f64), 10, (0.05, 0.15));
        let solution = program.solve().unwrap();
        let proven = program.clone().proven_definite().unwrap();
        let (all, without) =
            (least(20, || drop(black_box(program.solve()))), least(20, || drop(black_box(proven.solve()))));
        let held = solution.x.iter().filter(|x| **x > 0.0).count();
        eprintln!("{n}: {all:?}, proven {without:?}, {held} held, {} rounds, {}", solution.iterations, solution.method);
    }
}

#[test]
#[ignore = "a measurement"]
fn factored() {
    let (n, k) = (1000, 20);
    let mut rng = alluse_risk_core::streams::Streams::new(2).block(0);
    let loadings = Array2::from_shape_fn((n, k), |(_, j)| if j == 0 { 0.5 } else { 0.0 } + rng.random::<f64>() - 0.4);
    let own = Array1::from_shape_fn(n, |_| 0.01 + 0.1 * rng.random::<f64>());
    let factors = Covariance::new(covariance(k, 3) * 0.02).unwrap();
    let model = FactorCovariance::new(loadings, factors, own).unwrap();
    let flat = Array2::<f64>::eye(n);
    let shape = sectors(&flat, 0.02, 10, (0.05, 0.15));
    let program = QuadraticProgram { hessian: Hessian::Factored(&model), ..shape };
    let solution = program.solve().unwrap();
    let time = least(20, || drop(black_box(program.solve())));
    eprintln!("factored {n} × {k}: {time:?}, {} rounds, {}", solution.iterations, solution.method);
}

#[test]
#[ignore = "a measurement"]
fn warm() {
    for n in [100, 500] {
        let matrix = covariance(n, 1);
        let program = sectors(&matrix, 0.1, 1, (1.0, 1.0)).proven_definite().unwrap();
        let mut rng = alluse_risk_core::streams::Streams::new(4).block(0);
        let mean = Array1::from_shape_fn(n, |_| 0.1 * rng.random::<f64>());
        let time = least(10, || {
            let mut active = program.solve().unwrap().active_set();
            for point in 0..30 {
                let mut next = program.clone();
                next.linear = &mean * (-0.5 * f64::from(point));
                active = next.solve_from(&active).unwrap().active_set();
            }
            black_box(&active);
        });
        eprintln!("30 points of {n}: {time:?}");
    }
}
