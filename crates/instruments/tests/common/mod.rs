//! Small books, markets and scenarios for the tests of revaluation.

#![allow(dead_code, reason = "every test program uses its own part")]
#![allow(unreachable_pub, reason = "a module shared by test programs")]

use alluse_instruments::pricing::{AmericanMethod, BlackScholes, BlackScholesInputs, ExerciseStyle, OptionKind};
use alluse_instruments::{MarketSnapshot, Multiplier, OptionContract};
use alluse_risk_core::{AssetId, Currency, Factor, Horizon, ScenarioSet, ShockKind};
use jiff::civil::{Date, date};
use ndarray::Array2;

/// A Monday.
pub const TODAY: Date = date(2018, 12, 31);

pub const RATE: f64 = 0.025;
pub const YIELD: f64 = 0.018;
pub const VOLATILITY: f64 = 0.24;

/// Everything about `A` (50 dollars) and `B` (120 dollars).
pub fn market() -> MarketSnapshot {
    MarketSnapshot::usd(TODAY)
        .with_rate("USD", RATE)
        .and_then(|m| m.with_spot("A", 50.0)?.with_volatility("A", VOLATILITY)?.with_dividend_yield("A", YIELD))
        .and_then(|m| m.with_spot("B", 120.0)?.with_volatility("B", 0.4)?.with_dividend_yield("B", 0.0))
        .unwrap()
}

pub fn call(asset: &str, strike: f64, expiry: Date) -> OptionContract {
    OptionContract::call(asset, strike, expiry, Multiplier::EQUITY).unwrap()
}

pub fn put(asset: &str, strike: f64, expiry: Date) -> OptionContract {
    OptionContract::put(asset, strike, expiry, Multiplier::EQUITY).unwrap()
}

pub fn spot(asset: &str) -> Factor {
    Factor::Spot(AssetId::new(asset).unwrap())
}

pub fn volatility(asset: &str) -> Factor {
    Factor::Volatility(AssetId::new(asset).unwrap())
}

pub fn dividend(asset: &str) -> Factor {
    Factor::Dividend(AssetId::new(asset).unwrap())
}

pub fn rate(currency: &str) -> Factor {
    Factor::Rate(Currency::new(currency).unwrap())
}

pub fn fx(currency: &str) -> Factor {
    Factor::Fx(Currency::new(currency).unwrap())
}

/// Scenarios from a list of columns.
pub fn scenarios(horizon: Horizon, columns: &[(Factor, ShockKind, Vec<f64>)]) -> ScenarioSet {
    let rows = columns[0].2.len();
    let shocks = Array2::from_shape_fn((rows, columns.len()), |(row, column)| columns[column].2[row]);
    let factors = columns.iter().map(|(factor, kind, _)| (factor.clone(), *kind)).collect();
    ScenarioSet::new(TODAY, horizon, factors, shocks).unwrap()
}

/// `count` repeatable numbers in `(-size, size)` that look random.
pub fn wiggle(count: usize, seed: u64, size: f64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| size * (2.0 * next() - 1.0)).collect()
}

/// One unit by the scalar pricing functions.
pub fn price(contract: &OptionContract, spot: f64, time: f64, volatility: f64, rate: f64, dividend_yield: f64) -> f64 {
    let strike = contract.strike();
    let model = BlackScholes::new(BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield }).unwrap();
    match contract.style() {
        ExerciseStyle::European => model.price(contract.kind()),
        ExerciseStyle::American => AmericanMethod::default().price(contract.kind(), &model).unwrap(),
    }
}

pub const KINDS: [OptionKind; 2] = [OptionKind::Call, OptionKind::Put];
