//! Performance analytics: the tables of metrics, Brinson attribution linked over time, a tear sheet.

use std::hint::black_box;

use alluse_quant::attribution::benchmark::{BenchmarkConventions, Relative};
use alluse_quant::attribution::brinson::{BrinsonInput, Grouping, SecurityAttribution};
use alluse_quant::attribution::metrics::Conventions;
use alluse_quant::attribution::{Annualisation, Performance, ReturnKind, ReturnSeries, RiskFree};
use alluse_quant::report::TearSheet;
use alluse_quant::risk_core::Frequency;
use alluse_quant::risk_core::streams::Streams;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::{ToSpan, civil::date};
use ndarray::{Array1, Array2, Axis};

const SEED: u64 = 6;
const DAYS: usize = 2_520;
const DAILY: Annualisation = Annualisation::Periods(Frequency::Daily);

/// Ten years of days: a portfolio and two benchmarks that share a market.
fn returns() -> [Array1<f64>; 3] {
    let normals = Streams::new(SEED).standard_normals(DAYS, 4);
    [0.9, 1.0, 0.6].map(|beta| {
        let own = if beta > 0.95 { 1 } else { 2 + usize::from(beta < 0.7) };
        Array1::from_shape_fn(DAYS, |t| 3e-4 + 0.01 * (beta * normals[[t, 0]] + 0.4 * normals[[t, own]]))
    })
}

fn metric_table(c: &mut Criterion) {
    let [portfolio, ..] = returns();
    let conventions = Conventions::default();
    c.bench_function("metric table, 2520 days", |b| {
        b.iter(|| black_box(Performance::new(portfolio.view(), DAILY).map(|of| of.table(&conventions))));
    });
}

fn relative_table(c: &mut Criterion) {
    let [portfolio, benchmark, _] = returns();
    let conventions = BenchmarkConventions::default();
    c.bench_function("table against a benchmark, 2520 days", |b| {
        b.iter(|| {
            let relative = Relative::new(portfolio.view(), benchmark.view(), RiskFree::Zero, DAILY);
            black_box(relative.map(|of| of.table(&conventions)))
        });
    });
}

fn brinson(c: &mut Criterion) {
    let mut group = c.benchmark_group("Brinson, linked, 11 sectors");
    for (months, securities) in [(12, 500), (120, 500)] {
        let normals = Streams::new(SEED).standard_normals(2 * months, securities);
        let (active, moves) = normals.view().split_at(Axis(0), months);
        let mut weights = active.mapv(|z| (0.5 * z).exp());
        for mut row in weights.rows_mut() {
            let sum = row.sum();
            row /= sum;
        }
        let benchmark = Array2::from_elem(weights.dim(), 1.0 / securities as f64);
        let earned = moves.mapv(|z| 0.007 + 0.06 * z);
        let sectors: Vec<usize> = (0..securities).map(|security| security % 11).collect();
        let labels = (0..11).map(|sector| format!("sector {sector}")).collect();
        let Ok(grouping) = Grouping::from_positions(&sectors, labels) else { continue };
        group.bench_function(BenchmarkId::from_parameter(format!("{months}x{securities}")), |b| {
            b.iter(|| {
                let input = BrinsonInput::new(weights.view(), benchmark.view(), earned.view(), &grouping);
                black_box(input.and_then(|input| SecurityAttribution::default().linked(&input)))
            });
        });
    }
    group.finish();
}

fn tear_sheet(c: &mut Criterion) {
    let start = date(2015, 1, 2);
    let named = ["portfolio", "index", "other index"].into_iter().zip(returns());
    let series: Result<Vec<_>, _> = named
        .map(|(name, returns)| {
            let dates = (0..DAYS as i64).map(|day| start + day.days()).collect();
            ReturnSeries::new(name, dates, returns, Frequency::Daily, ReturnKind::Total)
        })
        .collect();
    let Ok(mut series) = series else { return };
    let mut sheet = TearSheet::of(series.remove(0));
    sheet.benchmarks = series;
    let mut group = c.benchmark_group("tear sheet, 2520 days, two benchmarks");
    group.sample_size(20);
    group.bench_function("document", |b| b.iter(|| black_box(sheet.document())));
    group.bench_function("html", |b| b.iter(|| black_box(sheet.document().and_then(|page| page.html()))));
    group.finish();
}

criterion_group!(benches, metric_table, relative_table, brinson, tear_sheet);
criterion_main!(benches);
