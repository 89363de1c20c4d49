//! Monte Carlo losses of a linear book, Sobol points, and delta-gamma by inversion.

use std::hint::black_box;

use alluse_quant::risk_core::sobol::{Scrambling, Sobol};
use alluse_quant::risk_core::streams::Streams;
use alluse_quant::risk_core::{Confidence, Covariance, Horizon, LossDistribution};
use alluse_quant::var_models::{DeltaGammaLoss, FactorModel, Reduction, Simulation};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2};

const SEED: u64 = 20_261_125;

fn linear_book(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("monte_carlo_linear_10000_paths");
    for factors in [50, 200] {
        let covariance = Array2::from_shape_fn((factors, factors), |(i, j)| if i == j { 2e-4 } else { 5e-5 });
        let Ok(covariance) = Covariance::new(covariance) else { continue };
        let Ok(model) = FactorModel::normal(Array1::zeros(factors), &covariance) else { continue };
        let exposures = Array1::linspace(-1e6, 2e6, factors);
        let simulation = Simulation::new(SEED).with_paths(10_000);
        for reduction in [Reduction::Factors, Reduction::Directions, Reduction::Portfolio] {
            let id = BenchmarkId::new(format!("{reduction:?}"), factors);
            group.bench_function(id, |bencher| {
                bencher.iter(|| simulation.linear_losses(black_box(&model), exposures.view(), Horizon::DAY, reduction));
            });
        }
    }
    group.finish();
}

fn points(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("4096_points");
    for dimensions in [10, 100] {
        for scrambling in [Scrambling::Nested { seed: SEED }, Scrambling::DigitalShift { seed: SEED }] {
            let Ok(sobol) = Sobol::new(dimensions, scrambling) else { continue };
            let id = BenchmarkId::new(format!("{scrambling:?}"), dimensions);
            group.bench_function(id, |bencher| bencher.iter(|| black_box(&sobol).standard_normals(0, 4_096)));
        }
        group.bench_function(BenchmarkId::new("pseudo-random", dimensions), |bencher| {
            bencher.iter(|| black_box(Streams::new(SEED)).standard_normals(4_096, dimensions));
        });
    }
    group.finish();
}

fn delta_gamma(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("delta_gamma_es");
    for directions in [10, 500] {
        let slopes: Vec<f64> = (0..directions).map(|k| 1.0 / f64::from(k + 1)).collect();
        let curvatures: Vec<f64> =
            slopes.iter().enumerate().map(|(k, b)| if k % 3 == 0 { -0.2 } else { 0.3 } * b).collect();
        let Ok(loss) = DeltaGammaLoss::from_quadratic(0.0, &slopes, &curvatures, Horizon::DAY) else { continue };
        group.bench_function(BenchmarkId::from_parameter(directions), |bencher| {
            bencher.iter(|| black_box(&loss).expected_shortfall(Confidence::P99));
        });
    }
    group.finish();
}

criterion_group!(benches, linear_book, points, delta_gamma);
criterion_main!(benches);
