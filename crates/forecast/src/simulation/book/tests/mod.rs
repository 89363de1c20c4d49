//! Books on paths whose every number is known by another road.

mod events;
mod golden;
mod laws;
mod missing;
mod settlement;

use alluse_instruments::{Book, BookBuilder, MarketSnapshot, Multiplier, OptionContract};
use alluse_risk_core::{AssetId, Horizon};
use jiff::civil::{Date, date};
use ndarray::Array3;

use super::{AssetPaths, BookForecast};

/// A Monday; weekdays follow without holidays.
const TODAY: Date = date(2018, 12, 31);
/// The close of step 4.
const FRIDAY: Date = date(2019, 1, 4);
const MARCH: Date = date(2019, 3, 15);

fn market(rate: f64, dividend_yield: f64) -> MarketSnapshot {
    MarketSnapshot::usd(TODAY)
        .with_rate("USD", rate)
        .and_then(|m| m.with_spot("A", 100.0)?.with_volatility("A", 0.25)?.with_dividend_yield("A", dividend_yield))
        .and_then(|m| m.with_spot("B", 50.0)?.with_volatility("B", 0.4)?.with_dividend_yield("B", 0.0))
        .unwrap()
}

fn call(asset: &str, strike: f64, expiry: Date) -> OptionContract {
    OptionContract::call(asset, strike, expiry, Multiplier::EQUITY).unwrap()
}

fn put(asset: &str, strike: f64, expiry: Date) -> OptionContract {
    OptionContract::put(asset, strike, expiry, Multiplier::EQUITY).unwrap()
}

fn days(days: u32) -> Horizon {
    Horizon::days(days).unwrap()
}

fn build(builder: BookBuilder, market: &MarketSnapshot) -> Book {
    builder.build(market).unwrap()
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

/// Paths of `A` alone, from its prices after each step.
fn to_prices(prices: &[&[f64]]) -> AssetPaths {
    let returns = Array3::from_shape_fn((prices.len(), prices[0].len(), 1), |(path, step, _)| {
        let before = if step == 0 { 100.0 } else { prices[path][step - 1] };
        prices[path][step] / before - 1.0
    });
    AssetPaths::new(vec![asset("A")], returns).unwrap()
}

/// Paths of `A` and `B` that look random and repeat.
fn wander(paths: usize, steps: usize, size: f64) -> AssetPaths {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let returns = Array3::from_shape_fn((paths, steps, 2), |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        size * (2.0 * (state >> 11) as f64 / (1_u64 << 53) as f64 - 1.0)
    });
    AssetPaths::new(vec![asset("A"), asset("B")], returns).unwrap()
}

fn outcomes(config: &BookForecast, book: &Book, paths: &AssetPaths, horizon: u32) -> Vec<f64> {
    config.forecast(book, paths).unwrap().outcomes(days(horizon)).unwrap()
}

fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= tolerance, "{got} {want}");
    }
}
