//! Fits of volatility and regimes, and simulated futures.

use std::hint::black_box;

use alluse_quant::forecast::innovations::Innovations;
use alluse_quant::forecast::regimes::HiddenMarkov;
use alluse_quant::forecast::simulation::{FilteredBootstrap, PathModel};
use alluse_quant::forecast::volatility::{Garch, Har};
use alluse_quant::prelude::*;
use alluse_quant::risk_core::streams::Streams;
use alluse_quant::risk_core::volatility::EwmaVolatility;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array1;

const RETURNS: usize = 2_500;
const STATE_RETURNS: usize = 5_000;
const PATHS: usize = 10_000;
const DAYS: usize = 252;
const SEED: u64 = 20_261_129;

/// Returns of a GARCH(1,1) with 1 % volatility a day.
fn clustered() -> Array1<f64> {
    let shocks = Streams::new(SEED).standard_normals(RETURNS, 1);
    let mut variance = 1e-4;
    let step = |z: &f64| {
        let r = f64::sqrt(variance) * z;
        variance = 2e-6 + 0.08 * r * r + 0.90 * variance;
        r
    };
    shocks.iter().map(step).collect()
}

/// Returns that change between calm and storm every fifty days or so.
fn two_states() -> Array1<f64> {
    let shocks = Streams::new(SEED).standard_normals(STATE_RETURNS, 2);
    let mut wild = false;
    let step = |row: ndarray::ArrayView1<'_, f64>| {
        wild = if row[1] > 2.0 { !wild } else { wild };
        0.01 * row[0] * if wild { 2.5 } else { 0.8 }
    };
    shocks.rows().into_iter().map(step).collect()
}

fn volatility(criterion: &mut Criterion) {
    let returns = clustered();
    let mut group = criterion.benchmark_group("volatility_fit");
    for (name, law) in [("garch11_normal", Innovations::Normal), ("garch11_student", Innovations::StudentT)] {
        let model = Garch::new(1, 1).with_innovations(law);
        group.bench_function(BenchmarkId::new(name, RETURNS), |bencher| {
            bencher.iter(|| model.estimate(black_box(returns.view())));
        });
    }
    let squares = returns.mapv(|r| r * r);
    if let Ok(model) = Har::new(vec![1, 5, 22]) {
        group.bench_function(BenchmarkId::new("har", RETURNS), |bencher| {
            bencher.iter(|| model.fit(black_box(squares.view())));
        });
    }
    let ewma = EwmaVolatility::default();
    group.bench_function(BenchmarkId::new("ewma", RETURNS), |bencher| {
        bencher.iter(|| ewma.fit(black_box(returns.view())));
    });
    group.finish();
}

fn regimes(criterion: &mut Criterion) {
    let returns = two_states();
    let model = HiddenMarkov::new(2);
    criterion.bench_function(&format!("hidden_markov_2_states/{STATE_RETURNS}"), |bencher| {
        bencher.iter(|| model.fit(black_box(returns.view())));
    });
}

fn futures(criterion: &mut Criterion) {
    let Ok(model) = FilteredBootstrap::new(Garch::new(1, 1)).fit(clustered().view()) else { return };
    let mut group = criterion.benchmark_group("filtered_paths");
    group.sample_size(10);
    group.bench_function(BenchmarkId::from_parameter(format!("{PATHS}x{DAYS}")), |bencher| {
        bencher.iter(|| model.simulate(DAYS, PATHS, black_box(SEED)));
    });
    group.finish();
}

criterion_group!(benches, volatility, regimes, futures);
criterion_main!(benches);
