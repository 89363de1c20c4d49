//! Historical VaR and ES with components, and the decomposition of a cube.

use std::hint::black_box;

use alluse_quant::risk_core::labels::LabelTable;
use alluse_quant::risk_core::streams::Streams;
use alluse_quant::risk_core::{
    Confidence, Coverage, Horizon, Measure, Ordering, RowId, ScenarioId, ScenarioPnl, ScenarioPnlParts,
};
use alluse_quant::var_models::{LinearBook, VarAllocation, contributions};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array1;

const SCENARIOS: usize = 2_500;
const SEED: u64 = 20_261_125;

fn linear_book(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linear_book_es_components");
    for positions in [100, 1_000] {
        let returns = Streams::new(SEED).standard_normals(SCENARIOS, positions) * 0.01;
        let exposures = Array1::linspace(-1e6, 1e6, positions);
        group.bench_function(BenchmarkId::from_parameter(positions), |bencher| {
            bencher.iter(|| {
                let book = LinearBook::new(black_box(returns.view()), exposures.view());
                book.and_then(|book| book.expected_shortfall(Confidence::P95))
            });
        });
    }
    group.finish();
}

fn cube(positions: usize) -> Option<ScenarioPnl> {
    let values = Streams::new(SEED).standard_normals(positions, SCENARIOS) * 1e4;
    let accounts = (0..positions).map(|i| Some(format!("account {}", i % 10))).collect();
    ScenarioPnl::new(ScenarioPnlParts {
        rows: (0..positions).map(|i| RowId::new(format!("position {i}"))).collect::<Result<_, _>>().ok()?,
        values,
        row_coverage: vec![Coverage::complete(1, 1e6); positions],
        unvalued: Vec::new(),
        labels: LabelTable::new(positions).with_axis("account", accounts).ok()?,
        probabilities: None,
        ids: (0..SCENARIOS).map(|i| ScenarioId::new(i.to_string())).collect::<Result<_, _>>().ok()?,
        ordering: Ordering::Exchangeable,
        overlap: 1,
        horizon: Horizon::DAY,
        assumptions: Vec::new(),
    })
    .ok()
}

fn decomposition(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cube_es_by_account");
    let measure = Measure::ExpectedShortfall { confidence: Confidence::P975 };
    for positions in [100, 1_000] {
        let Some(pnl) = cube(positions) else { continue };
        group.bench_function(BenchmarkId::from_parameter(positions), |bencher| {
            bencher.iter(|| contributions(black_box(&pnl), &measure, Some("account"), VarAllocation::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, linear_book, decomposition);
criterion_main!(benches);
