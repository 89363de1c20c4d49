use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use alluse_risk_core::Error as CoreError;

use super::*;
use crate::{Shock, Target};

#[test]
fn the_catalogue_is_in_order_and_says_each_thing_once() {
    assert!(crises().len() >= 18);
    let names: BTreeSet<&str> = crises().iter().map(|crisis| crisis.name).collect();
    assert_eq!(names.len(), crises().len());
    let starts: Vec<Date> = crises().iter().map(|crisis| crisis.start).collect();
    assert!(starts.windows(2).all(|pair| pair[0] <= pair[1]), "{starts:?}");
    for crisis in crises() {
        assert!(crisis.start < crisis.end, "{}", crisis.name);
        assert!(!crisis.moves.is_empty() && !crisis.title.is_empty(), "{}", crisis.name);
        let factors: BTreeSet<_> = crisis.moves.iter().map(|one| one.factor).collect();
        assert_eq!(factors.len(), crisis.moves.len(), "{}", crisis.name);
        for one in crisis.moves {
            assert!(one.window.is_none_or(|(from, to)| from < to), "{}", crisis.name);
            assert!(!one.source.is_empty());
            match one.change {
                Change::Relative(size) => assert!(size > -1.0 && size < 3.0, "{}", crisis.name),
                Change::Levels { start, end } => {
                    assert_eq!(one.factor, CrisisFactor::VolatilityIndex);
                    assert!(start > 5.0 && end > 5.0 && end < 100.0, "{}", crisis.name);
                }
                Change::BasisPoints(size) => assert!(size.abs() < 1000.0, "{}", crisis.name),
            }
        }
    }
    assert_eq!((crises()[0].start.year(), crises()[crises().len() - 1].start.year()), (1987, 2024));
}

#[test]
fn names_are_found_or_refused() {
    assert_eq!(crisis("covid_2020").unwrap().title, "Covid, from peak to trough");
    assert!(matches!(crisis("covid"), Err(Error::Input(CoreError::Unknown { name: "crisis", .. }))));
    assert_eq!(CrisisFactor::PoundDollar.to_string(), "price of the pound in dollars");
    let labels: BTreeSet<String> =
        crises().iter().flat_map(|crisis| crisis.moves).map(|one| one.factor.to_string()).collect();
    assert_eq!(labels.len(), 12); // every factor is used, and each has its own words
}

type Series = BTreeMap<Date, f64>;

fn series(path: &Path, column: &str) -> Series {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let place = lines.next().unwrap().split(',').position(|name| name == column).unwrap();
    let cell = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        Some((cells[0].parse().unwrap(), cells[place].parse().ok()?))
    };
    lines.filter_map(cell).collect()
}

/// Recomputes the moves of one factor; says which crises the series does not reach.
fn recompute(path: &Path, column: &str, factor: CrisisFactor) -> (usize, Vec<&'static str>) {
    let series = series(path, column);
    let (mut checked, mut beyond) = (0, Vec::new());
    for crisis in crises() {
        let Some(one) = crisis.recorded(factor).filter(|one| one.grade == Grade::A) else { continue };
        let (from, to) = one.window.unwrap_or((crisis.start, crisis.end));
        let (Some(before), Some(after)) = (series.get(&from), series.get(&to)) else {
            beyond.push(crisis.name);
            continue;
        };
        // Half a unit of the last printed digit, and rounding of the decimal fractions.
        match one.change {
            Change::Relative(size) => assert!((after / before - 1.0 - size).abs() <= 0.5e-4 + 1e-12, "{}", crisis.name),
            Change::Levels { start, end } => assert_eq!((start, end), (*before, *after), "{}", crisis.name),
            Change::BasisPoints(size) => {
                assert!((100.0 * (after - before) - size).abs() <= 1e-9, "{}: {size}", crisis.name);
            }
        }
        checked += 1;
    }
    (checked, beyond)
}

fn example(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(name);
    path.exists().then_some(path)
}

#[test]
fn equity_and_nasdaq_moves_are_those_of_the_daily_closes() {
    if let Some(path) = example("sp500_index_daily.csv") {
        let (checked, beyond) = recompute(&path, "SP500", CrisisFactor::Equity);
        assert_eq!(checked, 20);
        // The series runs from 1990 to 2018.
        assert_eq!(beyond, ["crash_of_1987", "black_monday_1987", "covid_2020", "inflation_2022"]);
    }
    if let Some(path) = example("nasdaq_ohlcv_daily.csv") {
        assert_eq!(recompute(&path, "close", CrisisFactor::Nasdaq), (16, vec![]));
    }
}

#[test]
fn volatility_yields_and_oil_are_those_of_the_daily_series() {
    if let Some(path) = testkit::data_file("vix_daily.csv") {
        assert_eq!(recompute(&path, "close", CrisisFactor::VolatilityIndex), (21, vec![]));
    }
    if let Some(path) = testkit::data_file("treasury_par_yields_daily.csv") {
        for (column, factor) in [
            ("m3", CrisisFactor::Treasury3Month),
            ("y2", CrisisFactor::Treasury2Year),
            ("y10", CrisisFactor::Treasury10Year),
        ] {
            assert_eq!(recompute(&path, column, factor), (21, vec![]), "{column}");
        }
    }
    if let Some(path) = testkit::data_file("wti_daily.csv") {
        assert_eq!(recompute(&path, "wti_usd", CrisisFactor::Oil), (22, vec![]));
    }
}

#[test]
fn windows_agree_with_an_independent_table() {
    let Some(path) = testkit::data_file("crisis_windows.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (start, end): (Date, Date) = (cells[0].parse().unwrap(), cells[1].parse().unwrap());
        let Some(crisis) = crises().iter().find(|crisis| crisis.start == start && crisis.end == end) else { continue };
        found += 1;
        let Change::Relative(equity) = crisis.recorded(CrisisFactor::Equity).unwrap().change else { panic!() };
        let want: f64 = cells[4].parse().unwrap();
        assert!((equity - want).abs() <= 0.5e-4, "{}: {equity} {want}", crisis.name);
    }
    assert_eq!(found, 12);
}

fn mapping() -> CrisisMapping {
    CrisisMapping::new(vec![
        CrisisLink::new(Target::spot("AAPL").unwrap(), CrisisFactor::Equity, 1.2),
        CrisisLink::new(Target::volatility("AAPL").unwrap(), CrisisFactor::VolatilityIndex, 0.8),
        CrisisLink::new(Target::rate("USD").unwrap(), CrisisFactor::Treasury2Year, 1.0),
    ])
    .unwrap()
}

fn sizes(scenario: &crate::StressScenario) -> Vec<f64> {
    scenario.steps().iter().map(|step| step.shock.size()).collect()
}

#[test]
fn a_crisis_follows_its_mapping() {
    let scenario = crisis("us_downgrade_2011").unwrap().scenario(&mapping()).unwrap();
    // −16.77 % · 1.2; 17.52 to 48.00 is +173.97 %, · 0.8; −13 basis points.
    for (got, want) in sizes(&scenario).into_iter().zip([-0.20124, 1.391_780_821_917_808, -0.0013]) {
        assert!((got - want).abs() < 1e-12, "{got} {want}");
    }
    assert!(matches!(scenario.steps()[0].shock, Shock::Relative(_)));
    assert!(matches!(scenario.steps()[2].shock, Shock::Absolute(_)));
    assert_eq!(scenario.name().as_str(), "us_downgrade_2011");
    assert_eq!(scenario.description(), "Downgrade of the United States, 2011-07-22 to 2011-08-08");
    let sources = "daily closes of the S&P 500, without dividends; daily closes of the VIX; \
                   daily par yields of the US Treasury";
    assert_eq!(scenario.source(), Some(sources));
    assert!(scenario.assumptions().is_empty());
    assert_eq!(scenario.days(), 0);
    let later = crisis("us_downgrade_2011").unwrap().scenario(&mapping().with_days(11)).unwrap();
    assert_eq!(later.days(), 11);
    assert!(crisis("us_downgrade_2011").unwrap().scenario(&mapping().with_days(10_001)).is_err());
    let points = CrisisLink::new(Target::volatility("AAPL").unwrap(), CrisisFactor::VolatilityIndex, 0.5);
    let points = CrisisMapping::new(vec![points.in_measure(LinkMeasure::Absolute)]).unwrap();
    let scenario = crisis("us_downgrade_2011").unwrap().scenario(&points).unwrap();
    assert!(matches!(scenario.steps()[0].shock, Shock::Absolute(size) if (size - 0.1524).abs() < 1e-15));
}

#[test]
fn what_was_not_recorded_needs_a_proxy_by_name() {
    let crash = crisis("black_monday_1987").unwrap();
    let error = crash.scenario(&mapping()).unwrap_err();
    assert!(
        matches!(&error, Error::UnknownFactor { factor, .. }
        if factor.contains("volatility index") && factor.contains("black_monday_1987")),
        "{error}"
    );
    let volatility = CrisisFactor::VolatilityIndex;
    let given = mapping().with_proxy(volatility, Proxy::Relative(4.0)).unwrap();
    let error = crash.scenario(&given).unwrap_err();
    assert!(error.to_string().contains("2-year"), "{error}");
    let given = given.with_proxy(CrisisFactor::Treasury2Year, Proxy::Absolute(-0.01)).unwrap();
    let scenario = crash.scenario(&given).unwrap();
    for (got, want) in sizes(&scenario).into_iter().zip([-0.342, 3.2, -0.01]) {
        assert!((got - want).abs() < 1e-12, "{got} {want}");
    }
    let says = ["the volatility index moves by a given +4.0000", "the 2-year Treasury yield moves by a given -0.0100"];
    assert_eq!(scenario.assumptions(), says);
    // A number on record goes before its proxy.
    let recorded = crisis("us_downgrade_2011").unwrap().scenario(&given).unwrap();
    assert!(recorded.assumptions().is_empty());

    let borrowed = given.clone().with_proxy(volatility, Proxy::Crisis("brexit_2016".into())).unwrap();
    let scenario = crash.scenario(&borrowed).unwrap();
    assert!((sizes(&scenario)[1] - 0.8 * 6.60 / 17.25).abs() < 1e-12);
    assert!(scenario.assumptions()[0].contains("as in Brexit vote"), "{}", scenario.assumptions()[0]);
    let hollow = given.clone().with_proxy(volatility, Proxy::Crisis("crash_of_1987".into())).unwrap();
    assert!(crash.scenario(&hollow).unwrap_err().to_string().contains("nor does"));
    let wrong = given.with_proxy(volatility, Proxy::Absolute(0.5)).unwrap();
    assert!(crash.scenario(&wrong).unwrap_err().to_string().contains("another measure"));
}

#[test]
fn one_proxy_for_two_links_is_one_assumption_each_size() {
    let link = |name: &str| {
        let target = Target::volatility(name).unwrap();
        CrisisLink::new(target, CrisisFactor::VolatilityIndex, 1.0)
    };
    let mapping = CrisisMapping::new(vec![link("A"), link("B")]).unwrap();
    let mapping = mapping.with_proxy(CrisisFactor::VolatilityIndex, Proxy::Relative(3.0)).unwrap();
    let scenario = crisis("black_monday_1987").unwrap().scenario(&mapping).unwrap();
    assert_eq!((scenario.steps().len(), scenario.assumptions().len()), (2, 1));
    assert_eq!(scenario.source(), None); // no number is on record
}

#[test]
fn hostile_mappings_are_refused() {
    let target = || Target::spot("A").unwrap();
    assert!(matches!(CrisisMapping::new(vec![]), Err(Error::Input(CoreError::Empty { .. }))));
    for beta in [f64::NAN, f64::INFINITY] {
        let link = CrisisLink::new(target(), CrisisFactor::Equity, beta);
        let error = CrisisMapping::new(vec![CrisisLink::new(target(), CrisisFactor::Oil, 1.0), link]).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })), "{error}");
        let proxy = Proxy::Relative(beta);
        assert!(mapping().with_proxy(CrisisFactor::Oil, proxy).is_err());
        assert!(mapping().with_proxy(CrisisFactor::Oil, Proxy::Absolute(beta)).is_err());
    }
    assert!(mapping().with_proxy(CrisisFactor::Oil, Proxy::Crisis("no such".into())).is_err());
    for factor in [
        CrisisFactor::Treasury3Month,
        CrisisFactor::Treasury2Year,
        CrisisFactor::Treasury10Year,
        CrisisFactor::HighYieldSpread,
        CrisisFactor::InvestmentGradeSpread,
    ] {
        let link = CrisisLink::new(target(), factor, 1.0).in_measure(LinkMeasure::Relative);
        assert!(matches!(CrisisMapping::new(vec![link]), Err(Error::Infeasible { .. })), "{factor}");
    }
    // The move of a price in currency is not on record.
    let link = CrisisLink::new(target(), CrisisFactor::Equity, 1.0).in_measure(LinkMeasure::Absolute);
    let absolute = CrisisMapping::new(vec![link]).unwrap();
    assert!(matches!(crises()[0].scenario(&absolute), Err(Error::Infeasible { .. })));
    let text = serde_json::to_string(&mapping()).unwrap();
    assert_eq!(serde_json::from_str::<CrisisMapping>(&text).unwrap(), mapping());
    assert!(serde_json::from_str::<CrisisMapping>(r#"{"links": []}"#).is_err());
    assert!(serde_json::to_string(&crises()[0]).unwrap().contains("\"relative\":-0.335"));
}

#[test]
fn every_crisis_prices_a_book() {
    use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract, Revaluation};

    let day = jiff::civil::date(2018, 12, 31);
    let market = MarketSnapshot::usd(day)
        .with_spot("AAPL", 157.74)
        .and_then(|m| m.with_volatility("AAPL", 0.38))
        .and_then(|m| m.with_rate("USD", 0.0218))
        .and_then(|m| m.with_dividend_yield("AAPL", 0.017))
        .unwrap();
    let put = OptionContract::put("AAPL", 140.0, jiff::civil::date(2019, 2, 15), Multiplier::EQUITY).unwrap();
    let book = Book::builder().share("AAPL", 100.0).option(put, -2.0).build(&market).unwrap();
    let mapping = mapping()
        .with_proxy(CrisisFactor::VolatilityIndex, Proxy::Relative(1.0))
        .and_then(|m| m.with_proxy(CrisisFactor::Treasury2Year, Proxy::Absolute(0.0)))
        .and_then(|m| m.with_proxy(CrisisFactor::Equity, Proxy::Relative(-0.05)))
        .unwrap();
    let scenarios: Vec<_> = crises().iter().map(|crisis| crisis.scenario(&mapping).unwrap()).collect();
    let sets = crate::compile(&scenarios, &book, &crate::CompileOptions::default()).unwrap();
    assert_eq!(sets.len(), 1);
    let pnl = sets[0].revalue(&book, &Revaluation::default()).unwrap();
    assert!(pnl.coverage().is_complete());
    for (crisis, total) in crises().iter().zip(pnl.total()) {
        // In every one of them the index fell: the shares and the short put both lose.
        assert!(total < 0.0, "{}: {total}", crisis.name);
    }
    let proxies = pnl.assumptions().iter().filter(|one| one.to_string().contains("by a given")).count();
    // 1987 twice without volatility and yield; 2020 has both; 2022 without both; 2023 without equity; 2024 without
    // both.
    assert_eq!(proxies, 2 * 2 + 2 + 1 + 2);
}

#[test]
fn an_elasticity_never_leads_below_zero() {
    let link = |beta| CrisisLink::new(Target::spot("A").unwrap(), CrisisFactor::Equity, beta);
    let mapping = |link: CrisisLink| CrisisMapping::new(vec![link]).unwrap();
    let shock =
        |mapping: &CrisisMapping| crisis("financial_crisis_2007").unwrap().scenario(mapping).unwrap().steps()[0].shock;
    // The index lost 56.8 %: with a beta of 2 the relative measure would take the price below zero.
    assert!(matches!(shock(&mapping(link(2.0))), Shock::Relative(x) if x < -1.0));
    let log = shock(&mapping(link(2.0).in_measure(LinkMeasure::Log)));
    let index = crisis("financial_crisis_2007").unwrap().recorded(CrisisFactor::Equity).unwrap().change;
    let Change::Relative(fall) = index else { panic!("{index:?}") };
    assert!(matches!(log, Shock::Log(x) if (x.exp() - (1.0 + fall).powi(2)).abs() < 1e-12));
    let volatility = CrisisLink::new(Target::volatility("A").unwrap(), CrisisFactor::VolatilityIndex, 1.0);
    let both = CrisisMapping::new(vec![volatility.in_measure(LinkMeasure::Log)]).unwrap();
    let lehman = crisis("lehman_2008").unwrap().scenario(&both).unwrap();
    assert!(matches!(lehman.steps()[0].shock, Shock::Log(x) if x > 0.9 && x < 1.1));
    let given = both.with_proxy(CrisisFactor::VolatilityIndex, Proxy::Relative(1.0)).unwrap();
    let black = crisis("black_monday_1987").unwrap().scenario(&given).unwrap();
    assert!(matches!(black.steps()[0].shock, Shock::Log(x) if (x - std::f64::consts::LN_2).abs() < 1e-12));
    let spread = CrisisLink::new(Target::rate("USD").unwrap(), CrisisFactor::Treasury2Year, 1.0);
    assert!(CrisisMapping::new(vec![spread.in_measure(LinkMeasure::Log)]).is_err());
}
