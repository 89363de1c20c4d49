use alluse_instruments::{MarketSnapshot, Multiplier, OptionContract, Revaluation};
use alluse_risk_core::Currency;
use jiff::civil::date;
use ndarray::{Array2, array};
use proptest::prelude::*;

use super::*;
use crate::{CompileOptions, UnmovedVolatility, compile};

fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

fn days(n: i8) -> Vec<Date> {
    (1..=n).map(|day| date(2008, 10, day)).collect()
}

/// A falls from 100 to 80 and recovers to 90; B rises from 40 to 50 and on to 60.
fn prices() -> PricePanel {
    let values = array![[100.0, 40.0], [80.0, 50.0], [90.0, 60.0]];
    PricePanel::new(days(3), vec![asset("A"), asset("B")], values).unwrap()
}

fn market() -> MarketSnapshot {
    MarketSnapshot::usd(date(2018, 12, 31))
        .with_spot("A", 10.0)
        .and_then(|m| m.with_spot("B", 20.0))
        .and_then(|m| m.with_spot("C", 30.0))
        .and_then(|m| m.with_volatility("A", 0.3))
        .and_then(|m| m.with_rate("USD", 0.02))
        .and_then(|m| m.with_dividend_yield_otherwise(0.0))
        .unwrap()
}

fn shares(names: &[&str]) -> Book {
    names.iter().fold(Book::builder(), |builder, name| builder.share(name, 100.0)).build(&market()).unwrap()
}

fn optioned() -> Book {
    let put = OptionContract::put("A", 9.0, date(2019, 3, 15), Multiplier::EQUITY).unwrap().european();
    Book::builder().option(put, 1.0).build(&market()).unwrap()
}

fn played(replay: &Replay, book: &Book, from: i8, to: i8) -> Replayed {
    replay.scenario("window", book, date(2008, 10, from), date(2008, 10, to)).unwrap()
}

#[test]
fn spots_move_from_close_to_close() {
    let replay = Replay::new(prices());
    let book = shares(&["A", "B"]);
    let moves = |from, to| {
        let scenario = played(&replay, &book, from, to).scenario;
        scenario.steps().iter().map(|step| step.shock).collect::<Vec<_>>()
    };
    assert_eq!(moves(1, 2), [Shock::Relative(-0.2), Shock::Relative(0.25)]);
    assert_eq!(moves(1, 3), [Shock::Relative(-0.1), Shock::Relative(0.5)]);
    assert_eq!(moves(2, 3), [Shock::Relative(0.125), Shock::Relative(0.2)]);
    let scenario = played(&replay, &book, 1, 3).scenario;
    assert_eq!(scenario.steps()[1].target, Target::spot("B").unwrap());
    assert_eq!((scenario.name().as_str(), scenario.days()), ("window", 0));
    assert_eq!(scenario.description(), "replay of 2008-10-01 to 2008-10-03, close to close");
    let aged = played(&replay.with_time_roll(TimeRoll::Horizon), &book, 1, 3).scenario;
    assert_eq!(aged.days(), 2);
}

#[test]
fn dates_must_be_those_of_the_history() {
    let replay = Replay::new(prices());
    let play = |from, to| replay.scenario("x", &shares(&["A"]), from, to).unwrap_err();
    let (first, last) = (date(2008, 10, 1), date(2008, 10, 3));
    for wrong in [play(date(2008, 9, 30), last), play(first, date(2008, 10, 4))] {
        assert!(matches!(wrong, Error::Input(CoreError::Unknown { name: "date of the prices", .. })), "{wrong}");
    }
    for wrong in [play(first, first), play(last, first)] {
        assert!(matches!(wrong, Error::Input(CoreError::NotIncreasing { .. })), "{wrong}");
    }
    assert!(replay.scenario(" ", &shares(&["A"]), first, last).is_err());
    let series = SeriesPanel::new(vec![first, date(2008, 10, 2)], vec!["v".into()], array![[1.0], [2.0]]).unwrap();
    let short = Replay::new(prices()).with_series(series).scenario("x", &shares(&["A"]), first, last).unwrap_err();
    assert!(matches!(short, Error::Input(CoreError::Unknown { name: "date of the series", .. })), "{short}");
}

#[test]
fn other_factors_follow_their_drivers() {
    let values = array![[20.0, 2.0, 1.4], [60.0, 1.5, 1.3], [40.0, 1.0, 1.2]];
    let names = ["vix", "yield", "euro"].map(str::to_owned).to_vec();
    let series = SeriesPanel::new(days(3), names, values).unwrap();
    let usd = Factor::Rate(Currency::usd());
    let replay = Replay::new(prices())
        .with_series(series)
        .with_driver(Driver::new(DrivenFactors::EveryVolatility, "vix", ShockKind::Log))
        .and_then(|r| {
            let rate = Driver::new(DrivenFactors::One(usd), "yield", ShockKind::Absolute).with_scale(0.01)?;
            r.with_driver(rate)
        })
        .unwrap();
    let scenario = played(&replay, &optioned(), 1, 2).scenario;
    let steps = scenario.steps();
    assert_eq!(steps.len(), 3); // the dividend yield has no driver and is left out
    assert_eq!(steps[0], Step::new(Target::spot("A").unwrap(), Shock::Relative(-0.2)));
    assert_eq!(steps[1].target, Target::volatility("A").unwrap());
    assert!(matches!(steps[1].shock, Shock::Log(size) if (size - 1.098_612_288_668_109_8).abs() < 1e-15)); // ln 3
    assert_eq!(steps[2].target, Target::rate("USD").unwrap());
    assert!(matches!(steps[2].shock, Shock::Absolute(size) if (size + 0.005).abs() < 1e-17));
    let set = compile(&[scenario], &optioned(), &CompileOptions::default()).unwrap().remove(0);
    assert!(set.revalue(&optioned(), &Revaluation::default()).unwrap().total()[0] > 0.0);

    let euro = Factor::Fx(Currency::new("EUR").unwrap());
    let abroad = market().with_fx("EUR", 1.1).and_then(|m| m.with_quote_currency("B", "EUR")).unwrap();
    let book = Book::builder().share("B", 1.0).build(&abroad).unwrap();
    let error = replay.scenario("x", &book, date(2008, 10, 1), date(2008, 10, 2)).unwrap_err();
    assert!(error.to_string().contains("price of EUR"), "{error}");
    let replay = replay.with_driver(Driver::new(DrivenFactors::One(euro), "euro", ShockKind::Relative)).unwrap();
    let scenario = played(&replay, &book, 1, 2).scenario;
    let fall = scenario.steps().iter().find(|step| step.target == Target::fx("EUR").unwrap()).unwrap().shock;
    assert!(matches!(fall, Shock::Relative(size) if (size + 0.1 / 1.4).abs() < 1e-15));
}

#[test]
fn a_volatility_without_a_driver_is_asked_for_by_the_compiler() {
    let scenario = played(&Replay::new(prices()), &optioned(), 1, 2).scenario;
    let error = compile(std::slice::from_ref(&scenario), &optioned(), &CompileOptions::default()).unwrap_err();
    assert!(error.to_string().contains("volatility of A"), "{error}");
    let hold = CompileOptions::default().with_unmoved_volatility(UnmovedVolatility::Hold);
    assert!(compile(&[scenario], &optioned(), &hold).is_ok());
}

#[test]
fn drivers_need_their_column_and_a_factor_of_the_language() {
    let column = Driver::new(DrivenFactors::EveryVolatility, "none", ShockKind::Log);
    let (from, to) = (date(2008, 10, 1), date(2008, 10, 2));
    let replay = Replay::new(prices()).with_driver(column).unwrap();
    assert!(matches!(replay.scenario("x", &shares(&["A"]), from, to), Err(Error::Input(CoreError::Unknown { .. }))));
    let contract = alluse_risk_core::ContractId::new("A 90").unwrap();
    let one = DrivenFactors::One(Factor::ContractVolatility(contract));
    let refused = Replay::new(prices()).with_driver(Driver::new(one, "vix", ShockKind::Log));
    assert!(matches!(refused, Err(Error::UnknownFactor { .. })));
    // A spot may be driven by a series instead of a price.
    let series = SeriesPanel::new(days(3), vec!["c".into()], array![[1.0], [3.0], [2.0]]).unwrap();
    let spot = Driver::new(DrivenFactors::One(Factor::Spot(asset("C"))), "c", ShockKind::Relative);
    let replay = Replay::new(prices()).with_series(series).with_driver(spot).unwrap();
    assert_eq!(played(&replay, &shares(&["C"]), 1, 3).scenario.steps()[0].shock, Shock::Relative(1.0));
}

#[test]
fn an_asset_of_another_era_needs_a_proxy() {
    let book = shares(&["A", "C"]);
    let (from, to) = (date(2008, 10, 1), date(2008, 10, 2));
    let error = Replay::new(prices()).scenario("x", &book, from, to).unwrap_err();
    assert!(
        matches!(&error, Error::UnknownFactor { factor, .. }
        if factor == "spot of C from 2008-10-01 to 2008-10-02"),
        "{error}"
    );

    let replay = Replay::new(prices()).with_proxy("C", ReplayProxy::Beta { on: asset("B"), beta: -0.5 }).unwrap();
    let replayed = played(&replay, &book, 1, 2);
    assert_eq!(replayed.scenario.steps()[1], Step::new(Target::spot("C").unwrap(), Shock::Relative(-0.125)));
    let report = &replayed.proxies[0];
    assert_eq!((&report.asset, &report.betas[..]), (&asset("C"), &[(asset("B"), -0.5)][..]));
    assert_eq!((report.r_squared, report.observations, report.change), (None, 0, -0.125));
    let says = "the spot of C had no prices and moves by -0.1250: -0.5000 x B, as given";
    assert_eq!(replayed.scenario.assumptions(), [says]);
    // Recorded prices go before a proxy.
    let spare = Replay::new(prices()).with_proxy("A", ReplayProxy::Beta { on: asset("B"), beta: 9.0 }).unwrap();
    assert!(played(&spare, &shares(&["A"]), 1, 2).proxies.is_empty());
    let nowhere = Replay::new(prices()).with_proxy("C", ReplayProxy::Beta { on: asset("Z"), beta: 1.0 }).unwrap();
    let error = nowhere.scenario("x", &book, from, to).unwrap_err();
    assert!(error.to_string().contains("spot of Z"), "{error}");
}

fn later() -> PricePanel {
    let values = array![
        [100.0, 50.0, 20.0],
        [101.0, 51.0, 20.5],
        [99.0, 50.5, 20.1],
        [102.0, 50.0, 20.9],
        [103.0, 52.0, 21.4],
        [100.0, 51.5, 20.6],
        [98.0, 49.0, 19.5],
        [101.0, 50.0, 20.2],
        [104.0, 51.0, 21.3],
        [103.0, 50.5, 20.9]
    ];
    let dates = (1..=10).map(|day| date(2018, 6, day)).collect();
    PricePanel::new(dates, vec![asset("A"), asset("B"), asset("C")], values).unwrap()
}

fn regression(on: &[&str], last: i8) -> ReplayProxy {
    let on = on.iter().map(|name| asset(name)).collect();
    ReplayProxy::Regression { on, from: date(2018, 6, 1), to: date(2018, 6, last) }
}

#[test]
fn a_regression_reports_what_it_found() {
    let proxied = |proxy| Replay::new(prices()).with_fit_prices(later()).with_proxy("C", proxy).unwrap();
    let replayed = played(&proxied(regression(&["A", "B"], 10)), &shares(&["C"]), 1, 2);
    let report = &replayed.proxies[0];
    // numpy.linalg.lstsq on the nine returns with a constant; 1e-12 is far above its rounding.
    for ((on, beta), (name, want)) in
        report.betas.iter().zip([("A", 1.238_886_142_633_376), ("B", 0.436_604_094_867_507)])
    {
        assert_eq!(on.as_str(), name);
        assert!((beta - want).abs() < 1e-12, "{beta} {want}");
    }
    assert!((report.r_squared.unwrap() - 0.962_178_859_724_399).abs() < 1e-12);
    assert_eq!(report.observations, 9);
    let want = 1.238_886_142_633_376 * -0.2 + 0.436_604_094_867_507 * 0.25;
    assert!((report.change - want).abs() < 1e-12);
    let says = &replayed.scenario.assumptions()[0];
    assert!(says.ends_with("1.2389 x A + 0.4366 x B, fitted to 9 returns, R2 0.962"), "{says}");
    // The stated window is the window.
    assert_eq!(played(&proxied(regression(&["A"], 5)), &shares(&["C"]), 1, 2).proxies[0].observations, 4);
}

#[test]
fn hostile_regressions_are_refused() {
    let with = |fit: PricePanel, proxy| {
        let replay = Replay::new(prices()).with_fit_prices(fit).with_proxy("C", proxy).unwrap();
        replay.scenario("x", &shares(&["C"]), date(2008, 10, 1), date(2008, 10, 2))
    };
    let few = with(later(), regression(&["A", "B"], 4)).unwrap_err();
    let enough = CoreError::InsufficientData { name: "regression of a proxy", required: 4, available: 3 };
    assert_eq!(few, Error::Input(enough));
    assert!(with(later(), regression(&["A", "B"], 5)).is_ok());
    assert!(matches!(with(later(), regression(&["Z"], 9)), Err(Error::Input(CoreError::Unknown { .. }))));
    let twice = with(later(), regression(&["A", "A"], 10));
    assert!(matches!(twice, Err(Error::Input(CoreError::Duplicate { .. }))));
    // A regressor that does not vary cannot be told from the constant.
    let dates: Vec<Date> = (1..=6).map(|day| date(2018, 6, day)).collect();
    let flat = array![[1.0, 5.0], [1.0, 6.0], [1.0, 5.0], [1.0, 7.0], [1.0, 5.0], [1.0, 6.0]];
    let flat = PricePanel::new(dates.clone(), vec![asset("A"), asset("C")], flat).unwrap();
    assert!(matches!(with(flat, regression(&["A"], 6)), Err(Error::Input(CoreError::Singular { .. }))));
    // A response that does not vary has no variance to explain.
    for growth in [1.0, 2.0, 1.1] {
        let still = Array2::from_shape_fn((6, 2), |(row, column)| {
            if column == 0 { [5.0, 6.0, 5.0, 7.0, 5.0, 6.0][row] } else { 3.0 * f64::powi(growth, row as i32) }
        });
        let still = PricePanel::new(dates.clone(), vec![asset("A"), asset("C")], still).unwrap();
        let replayed = with(still, regression(&["A"], 6)).unwrap();
        assert_eq!(replayed.proxies[0].r_squared, None, "{growth}");
        assert!(replayed.proxies[0].change.abs() < 1e-12);
        assert!(replayed.scenario.assumptions()[0].contains("5 returns that do not vary"));
    }
    let own = later();
    let without_fit = Replay::new(own).with_proxy("C", regression(&["A"], 10)).unwrap();
    let book = shares(&["C"]);
    assert!(without_fit.scenario("x", &book, date(2018, 6, 1), date(2018, 6, 5)).unwrap().proxies.is_empty());
}

#[test]
fn hostile_proxies_are_refused() {
    let with = |name: &str, proxy| Replay::new(prices()).with_proxy(name, proxy).unwrap_err();
    let beta = |on: &str, beta| ReplayProxy::Beta { on: asset(on), beta };
    assert!(matches!(with(" ", beta("A", 1.0)), Error::Input(CoreError::Empty { .. })));
    for bad in [f64::NAN, f64::NEG_INFINITY] {
        assert!(matches!(with("C", beta("A", bad)), Error::Input(CoreError::OutOfDomain { name: "beta", .. })));
    }
    assert!(matches!(with("C", beta("C", 1.0)), Error::Input(CoreError::Unknown { .. })));
    assert!(matches!(with("C", regression(&[], 5)), Error::Input(CoreError::Empty { .. })));
    assert!(matches!(with("C", regression(&["A", "C"], 5)), Error::Input(CoreError::Unknown { .. })));
    assert!(matches!(with("C", regression(&["A"], 1)), Error::Input(CoreError::NotIncreasing { .. })));
}

#[test]
fn assets_without_a_quote_today_are_not_asked_for_twice() {
    // The position is reported as not valued; its history is not needed.
    let book = Book::builder().share("A", 1.0).share("Q", 1.0).build(&market()).unwrap();
    let replay = Replay::new(prices());
    let error = replay.scenario("x", &book, date(2008, 10, 1), date(2008, 10, 2));
    assert!(error.is_ok(), "{error:?}");
}

proptest! {
    #[test]
    fn a_linear_book_replays_the_sum_of_recorded_moves(
        closes in proptest::collection::vec((1.0..500.0_f64, 1.0..500.0_f64), 3),
        quantities in proptest::collection::vec(-1000.0..1000.0_f64, 3),
    ) {
        let names = ["A", "B", "C"];
        let values = Array2::from_shape_fn((2, 3), |(row, i)| if row == 0 { closes[i].0 } else { closes[i].1 });
        let panel = PricePanel::new(days(2), names.map(asset).to_vec(), values).unwrap();
        prop_assume!(quantities.iter().all(|q| *q != 0.0));
        let builder = names.iter().zip(&quantities).fold(Book::builder(), |b, (name, q)| b.share(name, *q));
        let book = builder.build(&market()).unwrap();
        let scenario = played(&Replay::new(panel), &book, 1, 2).scenario;
        let set = compile(&[scenario], &book, &CompileOptions::default()).unwrap().remove(0);
        let got = book.revalue(set.scenarios()).unwrap().total()[0];
        let terms = (0..3).map(|i| quantities[i] * [10.0, 20.0, 30.0][i] * (closes[i].1 / closes[i].0 - 1.0));
        let (want, size) = terms.fold((0.0, 1.0_f64), |(sum, size), term| (sum + term, size + term.abs()));
        prop_assert!((got - want).abs() <= 1e-12 * size, "{} {}", got, want);
    }
}
