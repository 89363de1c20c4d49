//! Option kernels: a book of European options under scenarios, and its greeks.

use std::hint::black_box;

use alluse_quant::instruments::kernel::{
    Dispatch, European, OptionKind, Options, Quotes, Scenarios, book_greeks, implied_volatilities, math, price_options,
    price_scenarios,
};
use alluse_quant::instruments::pricing::{SpotQuote, implied_volatility};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SEED: u64 = 4;

/// Uniform numbers in [0, 1) from a linear congruential generator: the same on every machine.
struct Uniform(u64);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    /// Irwin-Hall: normal enough for shocks.
    fn normal(&mut self, deviation: f64) -> f64 {
        deviation * ((0..12).map(|_| self.next()).sum::<f64>() - 6.0)
    }
}

/// A book in columns.
struct Book {
    kind: Vec<OptionKind>,
    spot: Vec<f64>,
    strike: Vec<f64>,
    time: Vec<f64>,
    rate: Vec<f64>,
    dividend_yield: Vec<f64>,
    volatility: Vec<f64>,
    quantity: Vec<f64>,
}

impl Book {
    fn new(n: usize, u: &mut Uniform) -> Self {
        let spot: Vec<f64> = (0..n).map(|_| u.between(50.0, 200.0)).collect();
        Self {
            kind: (0..n).map(|_| if u.next() < 0.5 { OptionKind::Call } else { OptionKind::Put }).collect(),
            strike: spot.iter().map(|s| s * u.between(0.7, 1.3)).collect(),
            time: (0..n).map(|_| u.between(7.0 / 365.0, 3.0)).collect(),
            rate: (0..n).map(|_| u.between(0.0, 0.05)).collect(),
            dividend_yield: (0..n).map(|_| u.between(0.0, 0.04)).collect(),
            volatility: (0..n).map(|_| u.between(0.12, 0.6)).collect(),
            quantity: (0..n).map(|_| 100.0 * u.between(-50.0, 51.0).floor()).collect(),
            spot,
        }
    }

    fn options(&self) -> Options<'_> {
        Options {
            kind: &self.kind,
            spot: &self.spot,
            strike: &self.strike,
            time: &self.time,
            volatility: &self.volatility,
            rate: &self.rate,
            dividend_yield: &self.dividend_yield,
        }
    }
}

/// Relative spot, absolute volatility and absolute rate shocks.
struct Shocks {
    spot: Vec<f64>,
    volatility: Vec<f64>,
    rate: Vec<f64>,
}

impl Shocks {
    fn new(n: usize, u: &mut Uniform) -> Self {
        let mut normals = |deviation: f64| (0..n).map(|_| u.normal(deviation)).collect::<Vec<f64>>();
        Self { spot: normals(0.03), volatility: normals(0.02), rate: normals(0.0015) }
    }
}

fn shocked(out: &mut [f64], shocks: &[f64], shock: impl Fn(f64) -> f64) {
    for (out, &x) in out.iter_mut().zip(shocks) {
        *out = shock(x);
    }
}

/// The book's value in every scenario, each option with a spot of its own: nothing is shared between options.
fn revalue(dispatch: Dispatch, book: &Book, shocks: &Shocks, columns: &mut [Vec<f64>; 5], total: &mut [f64]) {
    let [spot, log_spot, volatility, rate, value] = columns;
    total.fill(0.0);
    for i in 0..book.kind.len() {
        shocked(spot, &shocks.spot, |x| book.spot[i] * (1.0 + x));
        shocked(volatility, &shocks.volatility, |x| (book.volatility[i] + x).max(0.01));
        shocked(rate, &shocks.rate, |x| book.rate[i] + x);
        let priced = European::new(book.kind[i], book.strike[i], book.time[i]).and_then(|option| {
            math::ln(dispatch, spot, log_spot)?;
            let scenarios = Scenarios::new(&spot[..], &volatility[..], &rate[..], book.dividend_yield[i]);
            price_scenarios(dispatch, &option, &scenarios.with_log_spot(log_spot), value)
        });
        assert!(priced.is_ok(), "option {i}");
        for (sum, value) in total.iter_mut().zip(value.iter()) {
            *sum += book.quantity[i] * value;
        }
    }
}

fn european_reval(c: &mut Criterion) {
    let mut u = Uniform(SEED);
    let (options, scenarios) = (1000, 1000);
    let (book, shocks) = (Book::new(options, &mut u), Shocks::new(scenarios, &mut u));
    let mut columns: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; scenarios]);
    let mut total = vec![0.0; scenarios];
    let mut group = c.benchmark_group("european_reval");
    group.sample_size(10).throughput(Throughput::Elements((options * scenarios) as u64));
    for (name, dispatch) in [("vector", Dispatch::detect()), ("scalar", Dispatch::scalar())] {
        group.bench_function(BenchmarkId::new(name, format!("{options}x{scenarios}")), |b| {
            b.iter(|| revalue(dispatch, black_box(&book), &shocks, &mut columns, &mut total));
        });
    }
    group.finish();
}

/// The kernel alone: one option, spots with shared logarithms, volatility and rate per scenario.
fn price_kernel(c: &mut Criterion) {
    let mut u = Uniform(SEED);
    let n = 1000;
    let shocks = Shocks::new(n, &mut u);
    let spot: Vec<f64> = shocks.spot.iter().map(|x| 100.0 * (1.0 + x)).collect();
    let volatility: Vec<f64> = shocks.volatility.iter().map(|x| (0.25 + x).max(0.01)).collect();
    let rate: Vec<f64> = shocks.rate.iter().map(|x| 0.03 + x).collect();
    let (mut log_spot, mut value) = (vec![0.0; n], vec![0.0; n]);
    let mut group = c.benchmark_group("price_scenarios");
    group.throughput(Throughput::Elements(n as u64));
    for (name, dispatch) in [("vector", Dispatch::detect()), ("scalar", Dispatch::scalar())] {
        let Ok(option) = European::new(OptionKind::Put, 105.0, 0.5) else { continue };
        assert!(math::ln(dispatch, &spot, &mut log_spot).is_ok());
        let scenarios = Scenarios::new(&spot[..], &volatility[..], &rate[..], 0.01).with_log_spot(&log_spot);
        group.bench_function(BenchmarkId::new(name, n), |b| {
            b.iter(|| price_scenarios(dispatch, black_box(&option), black_box(&scenarios), &mut value));
        });
    }
    group.finish();
}

fn greeks(c: &mut Criterion) {
    let n = 1000;
    let book = Book::new(n, &mut Uniform(SEED));
    let mut value = vec![0.0; n];
    let mut group = c.benchmark_group("greeks");
    group.throughput(Throughput::Elements(n as u64));
    for (name, dispatch) in [("vector", Dispatch::detect()), ("scalar", Dispatch::scalar())] {
        group.bench_function(BenchmarkId::new(format!("book_{name}"), n), |b| {
            b.iter(|| book_greeks(dispatch, black_box(&book.options()), &book.quantity));
        });
        group.bench_function(BenchmarkId::new(format!("prices_{name}"), n), |b| {
            b.iter(|| price_options(dispatch, black_box(&book.options()), &mut value));
        });
    }
    group.finish();
}

/// One quote after the other, and all of them in one batch; every option is out of the money.
fn implied_volatility_group(c: &mut Criterion) {
    let n = 1000;
    let mut book = Book::new(n, &mut Uniform(SEED));
    for i in 0..n {
        book.kind[i] = if book.strike[i] > book.spot[i] { OptionKind::Call } else { OptionKind::Put };
    }
    let mut price = vec![0.0; n];
    assert!(price_options(Dispatch::scalar(), &book.options(), &mut price).is_ok());
    let quotes = Quotes {
        kind: &book.kind,
        price: &price,
        spot: &book.spot,
        strike: &book.strike,
        time: &book.time,
        rate: &book.rate,
        dividend_yield: &book.dividend_yield,
    };
    let quote = |i: usize| SpotQuote {
        spot: book.spot[i],
        strike: book.strike[i],
        time: book.time[i],
        rate: book.rate[i],
        dividend_yield: book.dividend_yield[i],
    };
    let mut group = c.benchmark_group("implied_volatility");
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::new("one", 1), |b| {
        b.iter(|| implied_volatility(black_box(book.kind[0]), black_box(price[0]), black_box(&quote(0))));
    });
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function(BenchmarkId::new("one_by_one", n), |b| {
        b.iter(|| {
            (0..n).filter_map(|i| implied_volatility(book.kind[i], black_box(price[i]), &quote(i)).ok()).sum::<f64>()
        });
    });
    for (name, dispatch) in [("vector", Dispatch::detect()), ("scalar", Dispatch::scalar())] {
        group.bench_function(BenchmarkId::new(name, n), |b| {
            b.iter(|| implied_volatilities(dispatch, black_box(&quotes)));
        });
    }
    group.finish();
}

criterion_group!(benches, european_reval, price_kernel, greeks, implied_volatility_group);
criterion_main!(benches);
