//! A small market and the scenarios that the integration tests share.

#![allow(dead_code, reason = "every test file uses its own part")]

use alluse_instruments::{MarketSnapshot, Multiplier, OptionContract};
use alluse_risk_core::{AssetId, Currency, Factor, Horizon, RowId, ScenarioPnl, ScenarioSet, ShockKind};
use jiff::civil::{Date, date};
use ndarray::Array2;

/// A Friday.
pub fn friday() -> Date {
    date(2024, 3, 1)
}

pub fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

pub fn currency(name: &str) -> Currency {
    Currency::new(name).unwrap()
}

pub fn spot(name: &str) -> Factor {
    Factor::Spot(asset(name))
}

pub fn volatility(name: &str) -> Factor {
    Factor::Volatility(asset(name))
}

pub fn row(name: &str) -> RowId {
    RowId::new(name).unwrap()
}

pub fn put(name: &str, strike: f64, expiry: Date) -> OptionContract {
    OptionContract::put(name, strike, expiry, Multiplier::EQUITY).unwrap()
}

pub fn call(name: &str, strike: f64, expiry: Date) -> OptionContract {
    OptionContract::call(name, strike, expiry, Multiplier::EQUITY).unwrap()
}

/// A and B with everything an option needs.
pub fn market() -> MarketSnapshot {
    MarketSnapshot::usd(friday())
        .with_spot("A", 100.0)
        .unwrap()
        .with_spot("B", 40.0)
        .unwrap()
        .with_volatility("A", 0.3)
        .unwrap()
        .with_volatility("B", 0.5)
        .unwrap()
        .with_rate("USD", 0.05)
        .unwrap()
        .with_dividend_yield("A", 0.02)
        .unwrap()
        .with_dividend_yield("B", 0.0)
        .unwrap()
}

/// One-day scenarios, a row for each.
pub fn scenarios(factors: &[(Factor, ShockKind)], rows: &[&[f64]]) -> ScenarioSet {
    let flat: Vec<f64> = rows.iter().flat_map(|row| row.iter().copied()).collect();
    let shocks = Array2::from_shape_vec((rows.len(), factors.len()), flat).unwrap();
    ScenarioSet::new(friday(), Horizon::DAY, factors.to_vec(), shocks).unwrap()
}

/// Moves of spot and volatility of A and B without a pattern: a low-discrepancy walk.
pub fn many(count: usize) -> ScenarioSet {
    let factors =
        ["A", "B"].map(|a| [(spot(a), ShockKind::Relative), (volatility(a), ShockKind::Log)]).concat();
    let steps = [0.754_877_666, 0.569_840_291, 0.324_717_957, 0.819_172_513];
    let shocks = Array2::from_shape_fn((count, 4), |(i, j)| {
        let uniform = (0.5 + steps[j] * (i + 1) as f64).fract() - 0.5;
        if j % 2 == 0 { 0.4 * uniform } else { 0.8 * uniform }
    });
    ScenarioSet::new(friday(), Horizon::DAY, factors, shocks).unwrap()
}

/// The P&L of a row that must have been valued.
pub fn pnl_of(pnl: &ScenarioPnl, name: &str) -> Vec<f64> {
    let index = pnl.rows().iter().position(|r| r.as_str() == name).unwrap();
    pnl.values().row(index).to_vec()
}

/// `|got − want|` within a tolerance, with both in the message.
#[track_caller]
pub fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "got {got}, want {want}, apart by {:e}", (got - want).abs());
}
