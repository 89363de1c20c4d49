//! Scenarios from history: windows, drivers, alignment, what is held fixed.

#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests compare exact numbers, and helpers fail loudly")]

use alluse_risk_core::panel::{DrivenFactors, Driver, HistoricalScenarios, MissingFactor, PricePanel, SeriesPanel};
use alluse_risk_core::{AssetId, Currency, Error, Factor, Horizon, Ordering, ScenarioSource, ShockKind};
use jiff::civil::{Date, date};
use ndarray::array;
use testkit::close;

fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

fn spot(name: &str) -> Factor {
    Factor::Spot(asset(name))
}

fn volatility(name: &str) -> Factor {
    Factor::Volatility(asset(name))
}

fn days(days: &[i8]) -> Vec<Date> {
    days.iter().map(|day| date(2024, 1, *day)).collect()
}

fn prices() -> PricePanel {
    PricePanel::new(
        days(&[2, 3, 4, 5]),
        vec![asset("A"), asset("B")],
        array![[100.0, 50.0], [110.0, 40.0], [99.0, 60.0], [99.0, 30.0]],
    )
    .unwrap()
}

fn series() -> SeriesPanel {
    SeriesPanel::new(
        days(&[2, 3, 4, 5]),
        vec!["vix".into(), "yield_pct".into(), "eur".into()],
        array![[20.0, 4.00, 1.0], [40.0, 4.25, 1.25], [20.0, 3.75, 1.0], [10.0, 3.75, 1.5]],
    )
    .unwrap()
}

fn every(factors: DrivenFactors, column: &str, kind: ShockKind) -> Driver {
    Driver::new(factors, column, kind)
}

fn full() -> HistoricalScenarios {
    HistoricalScenarios::new(prices())
        .with_series(series())
        .unwrap()
        .with_driver(every(DrivenFactors::EveryVolatility, "vix", ShockKind::Log))
        .unwrap()
        .with_driver(every(DrivenFactors::EveryRate, "yield_pct", ShockKind::Absolute).with_scale(0.01).unwrap())
        .unwrap()
        .with_driver(every(DrivenFactors::One(Factor::Fx(Currency::new("EUR").unwrap())), "eur", ShockKind::Relative))
        .unwrap()
}

#[test]
fn one_day_windows_by_hand() {
    let factors =
        [spot("B"), volatility("A"), Factor::Rate(Currency::usd()), Factor::Fx(Currency::new("EUR").unwrap())];
    let set = full().scenarios(&factors, Horizon::DAY).unwrap();
    let ln2 = std::f64::consts::LN_2;
    let want = array![[-0.2, ln2, 0.0025, 0.25], [0.5, -ln2, -0.005, -0.2], [-0.5, -ln2, 0.0, 0.5]];
    set.shocks().iter().zip(&want).for_each(|(got, want)| close(*got, *want, 1.2e-16));
    let kinds: Vec<ShockKind> = set.factors().iter().map(|(_, kind)| *kind).collect();
    assert_eq!(kinds, [ShockKind::Relative, ShockKind::Log, ShockKind::Absolute, ShockKind::Relative]);
    assert_eq!(set.factors().iter().map(|(factor, _)| factor.clone()).collect::<Vec<_>>(), factors);
    assert_eq!(set.ids().iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["2024-01-03", "2024-01-04", "2024-01-05"]);
    assert_eq!((set.ordering(), set.overlap()), (Ordering::Dated, 1));
    assert_eq!((set.as_of(), set.horizon()), (date(2024, 1, 5), Horizon::DAY));
    assert!(set.probabilities().is_none());
}

#[test]
fn longer_windows_overlap() {
    let two = Horizon::days(2).unwrap();
    let set = full().scenarios(&[spot("A"), volatility("A")], two).unwrap();
    let want = array![[-0.01, 0.0], [-0.1, -2.0 * std::f64::consts::LN_2]];
    set.shocks().iter().zip(&want).for_each(|(got, want)| close(*got, *want, 1.2e-16));
    assert_eq!(set.ids().iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["2024-01-04", "2024-01-05"]);
    assert_eq!((set.ordering(), set.overlap(), set.horizon()), (Ordering::Exchangeable, 2, two));
    // A single window overlaps with nothing.
    let three = full().scenarios(&[spot("A")], Horizon::days(3).unwrap()).unwrap();
    assert_eq!((three.len(), three.overlap()), (1, 1));
    assert_eq!(three.ordering(), Ordering::Exchangeable);
    let few = |required, available| Error::InsufficientData { name: "historical scenarios", required, available };
    assert_eq!(full().scenarios(&[spot("A")], Horizon::days(4).unwrap()).unwrap_err(), few(1, 0));
    assert_eq!(full().scenarios(&[spot("A")], Horizon::days(u32::MAX).unwrap()).unwrap_err(), few(1, 0));
    assert_eq!(full().last(3).unwrap().scenarios(&[spot("A")], two).unwrap_err(), few(3, 2));
}

#[test]
fn the_last_windows_only() {
    let set = full().last(2).unwrap().scenarios(&[spot("A")], Horizon::DAY).unwrap();
    let want = array![[-0.1], [0.0]];
    set.shocks().iter().zip(&want).for_each(|(got, want)| close(*got, *want, 1e-16));
    assert_eq!(set.ids()[0].as_str(), "2024-01-04");
    assert!(full().last(3).unwrap().scenarios(&[spot("A")], Horizon::DAY).is_ok());
    assert!(full().last(4).unwrap().scenarios(&[spot("A")], Horizon::DAY).is_err());
    assert!(matches!(full().last(0), Err(Error::OutOfDomain { .. })));
}

#[test]
fn what_nothing_drives_is_an_error_unless_held_fixed_by_name() {
    let plain = HistoricalScenarios::new(prices());
    let unknown = |value: &str| Error::Unknown { name: "factor", value: value.into() };
    let factors = [spot("A"), volatility("A"), Factor::Rate(Currency::usd()), Factor::Dividend(asset("B"))];
    let ask = |source: &HistoricalScenarios, factor: &Factor| {
        source.scenarios(std::slice::from_ref(factor), Horizon::DAY).unwrap_err()
    };
    assert_eq!(ask(&plain, &factors[1]), unknown("volatility of A"));
    assert_eq!(ask(&plain, &factors[2]), unknown("rate of USD"));
    assert_eq!(ask(&plain, &factors[3]), unknown("dividend yield of B"));
    assert_eq!(plain.held_fixed(&factors).unwrap_err(), unknown("volatility of A"));

    let held = plain.with_missing_factor(MissingFactor::HoldFixed);
    assert_eq!(held.held_fixed(&factors).unwrap(), factors[1..]);
    let set = held.scenarios(&factors, Horizon::DAY).unwrap();
    assert_eq!(set.factors(), [(spot("A"), ShockKind::Relative)]);
    assert!(set.column(&factors[1]).is_none());
    // A spot or a currency never stands still by default of data, and nothing at all is no scenario set.
    assert_eq!(ask(&held, &spot("C")), Error::Unknown { name: "asset", value: "C".into() });
    assert_eq!(ask(&held, &Factor::Fx(Currency::usd())), unknown("price of USD"));
    assert_eq!(ask(&held, &factors[1]), Error::Empty { name: "factors" });
    assert!(matches!(held.scenarios(&[spot("A"), spot("A")], Horizon::DAY), Err(Error::Duplicate { .. })));
    assert_eq!(full().held_fixed(&factors[..3]).unwrap(), []);
}

#[test]
fn one_factor_goes_before_every_factor() {
    let driven = full()
        .with_driver(every(DrivenFactors::One(volatility("B")), "vix", ShockKind::Relative).with_scale(0.5).unwrap())
        .unwrap()
        .with_driver(every(DrivenFactors::One(spot("A")), "eur", ShockKind::Relative))
        .unwrap()
        .with_driver(every(DrivenFactors::EveryDividend, "yield_pct", ShockKind::Absolute))
        .unwrap();
    let factors = [volatility("B"), volatility("A"), spot("A"), Factor::Dividend(asset("A"))];
    let set = driven.scenarios(&factors, Horizon::DAY).unwrap();
    let first = set.shocks().row(0).to_vec();
    let want = [0.5, std::f64::consts::LN_2, 0.25, 0.25];
    first.iter().zip(want).for_each(|(got, want)| close(*got, want, 1.2e-16));
}

#[test]
fn drivers_are_checked_when_they_are_set() {
    let driver = || every(DrivenFactors::EveryVolatility, "vix", ShockKind::Log);
    let unknown = |value: &str| Error::Unknown { name: "column", value: value.into() };
    assert_eq!(HistoricalScenarios::new(prices()).with_driver(driver()).unwrap_err(), unknown("vix"));
    let bad = every(DrivenFactors::EveryDividend, "vxn", ShockKind::Log);
    assert_eq!(full().with_driver(bad).unwrap_err(), unknown("vxn"));
    assert!(matches!(full().with_driver(driver()), Err(Error::Duplicate { first: 0, second: 3, .. })));
    for scale in [f64::NAN, f64::INFINITY] {
        assert!(matches!(driver().with_scale(scale), Err(Error::OutOfDomain { .. })));
    }
    let other = SeriesPanel::new(days(&[2, 3]), vec!["x".into()], array![[1.0], [2.0]]).unwrap();
    assert_eq!(full().with_series(other).unwrap_err(), unknown("vix"));
    let apart = SeriesPanel::new(days(&[20]), vec!["x".into()], array![[1.0]]).unwrap();
    assert!(matches!(HistoricalScenarios::new(prices()).with_series(apart), Err(Error::Empty { .. })));
    let set = driver().with_scale(2.0).unwrap();
    assert_eq!((set.column(), set.kind(), set.scale()), ("vix", ShockKind::Log, 2.0));
}

#[test]
fn a_level_that_is_not_positive_has_no_relative_change() {
    let levels =
        SeriesPanel::new(days(&[2, 3, 4, 5]), vec!["r".into()], array![[0.01], [0.0], [-0.01], [0.02]]).unwrap();
    let source = |kind| {
        HistoricalScenarios::new(prices())
            .with_series(levels.clone())
            .unwrap()
            .with_driver(every(DrivenFactors::EveryRate, "r", kind))
            .unwrap()
            .scenarios(&[Factor::Rate(Currency::usd())], Horizon::DAY)
    };
    for kind in [ShockKind::Relative, ShockKind::Log] {
        let error = source(kind).unwrap_err();
        let at_zero = matches!(&error, Error::EntryOutOfDomain { row, column, value, .. }
            if row == "2024-01-03" && column == "r" && *value == 0.0);
        assert!(at_zero, "{error}");
    }
    let shocks = source(ShockKind::Absolute).unwrap().shocks().to_owned();
    shocks.iter().zip([-0.01, -0.01, 0.03]).for_each(|(got, want)| close(*got, want, 1e-17));
}

#[test]
fn series_are_cut_to_common_dates_and_the_cut_is_told() {
    let vix =
        SeriesPanel::new(days(&[1, 2, 4, 5, 8]), vec!["vix".into()], array![[9.0], [20.0], [40.0], [20.0], [9.0]]);
    let source = HistoricalScenarios::new(prices()).with_series(vix.unwrap()).unwrap();
    assert_eq!(source.prices().dates(), days(&[2, 4, 5]));
    assert_eq!(source.series().unwrap().dates(), days(&[2, 4, 5]));
    assert_eq!(source.dropped_price_dates(), days(&[3]));
    assert_eq!(source.dropped_series_dates(), days(&[1, 8]));
    let set = source.scenarios(&[spot("A")], Horizon::DAY).unwrap();
    close(set.shocks()[[0, 0]], -0.01, 1e-16); // 100 to 99, over the date that was dropped
    // New series replace the old; prices that are gone stay gone, and the report still names them.
    let again = SeriesPanel::new(days(&[2, 3, 5]), vec!["x".into()], array![[1.0], [2.0], [3.0]]).unwrap();
    let source = source.with_series(again).unwrap();
    assert_eq!(source.prices().dates(), days(&[2, 5]));
    assert_eq!(source.dropped_price_dates(), days(&[3, 4]));
    assert_eq!(source.dropped_series_dates(), days(&[3]));
}

#[test]
fn serde_round_trip_and_check() {
    let cut = SeriesPanel::new(days(&[2, 4, 5, 8]), vec!["vix".into()], array![[20.0], [40.0], [20.0], [9.0]]).unwrap();
    let sources = [
        HistoricalScenarios::new(prices()),
        full().last(2).unwrap().with_missing_factor(MissingFactor::HoldFixed),
        HistoricalScenarios::new(prices()).with_series(cut).unwrap(),
    ];
    for source in &sources {
        let text = serde_json::to_string(source).unwrap();
        assert_eq!(&serde_json::from_str::<HistoricalScenarios>(&text).unwrap(), source);
    }
    let text = serde_json::to_string(&sources[1]).unwrap();
    for (from, to) in [
        ("\"column\":\"vix\"", "\"column\":\"vxn\""),
        ("\"scale\":0.01", "\"scale\":null"),
        ("\"last\":2", "\"last\":0"),
        ("[[20.0,4.0,1.0]", "[[20.0,4.0]"),
        ("[[100.0,", "[[-100.0,"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(serde_json::from_str::<HistoricalScenarios>(&text.replacen(from, to, 1)).is_err(), "{from}");
    }
}

#[test]
fn sources_are_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&full());
    let boxed: Box<dyn ScenarioSource> = Box::new(full());
    assert_eq!(boxed.scenarios(&[spot("A")], Horizon::DAY).unwrap().len(), 3);
}
