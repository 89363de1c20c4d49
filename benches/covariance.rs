//! Covariance estimators without and with their diagnostics.

use std::hint::black_box;

use alluse_quant::risk_core::covariance::{
    CovarianceEstimator, DenoisedCovariance, GerberCovariance, GraphicalLasso, LinearShrinkage, NonlinearShrinkage,
    SampleCovariance, ShrinkageTarget,
};
use alluse_quant::risk_core::streams::Streams;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Axis};

const OBSERVATIONS: usize = 2_500;
const SEED: u64 = 20_261_125;

/// Returns with one common factor.
fn returns(assets: usize) -> Array2<f64> {
    let mut noise = Streams::new(SEED).standard_normals(OBSERVATIONS, assets + 1) * 0.01;
    let market = noise.column(assets).to_owned().insert_axis(Axis(1));
    noise.remove_index(Axis(1), assets);
    noise + market
}

fn matrix_alone(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("covariance_matrix");
    for assets in [100, 500] {
        let returns = returns(assets);
        group.bench_function(BenchmarkId::new("sample", assets), |bencher| {
            bencher.iter(|| SampleCovariance::default().covariance(black_box(returns.view())));
        });
        for (name, target) in [
            ("ledoit_wolf_identity", ShrinkageTarget::ScaledIdentity),
            ("ledoit_wolf_constant_correlation", ShrinkageTarget::ConstantCorrelation),
            ("ledoit_wolf_single_factor", ShrinkageTarget::SingleFactor),
        ] {
            group.bench_function(BenchmarkId::new(name, assets), |bencher| {
                bencher.iter(|| LinearShrinkage::new(target).shrink(black_box(returns.view())));
            });
        }
    }
    group.finish();
}

fn with_diagnostics(criterion: &mut Criterion) {
    let estimators: [Box<dyn CovarianceEstimator>; 4] = [
        Box::new(NonlinearShrinkage::default()),
        Box::new(GerberCovariance::default()),
        Box::new(DenoisedCovariance::default()),
        Box::new(GraphicalLasso::new(0.2)),
    ];
    let mut group = criterion.benchmark_group("covariance_estimate");
    group.sample_size(10);
    let returns = returns(100);
    for estimator in &estimators {
        group.bench_function(BenchmarkId::new(estimator.name(), 100), |bencher| {
            bencher.iter(|| estimator.estimate(black_box(returns.view())));
        });
    }
    group.finish();
}

criterion_group!(benches, matrix_alone, with_diagnostics);
criterion_main!(benches);
