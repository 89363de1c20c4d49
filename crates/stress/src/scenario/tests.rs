use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract, Revaluation, TimeRoll};
use alluse_risk_core::{
    AssetId, Assumption, ContractId, Currency, Error as CoreError, Factor, Horizon, Ordering, ScenarioPnl, ShockKind,
};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn option(strike: f64, month: i8) -> OptionContract {
    OptionContract::put("A", strike, date(2019, month, 18), Multiplier::EQUITY).unwrap().european()
}

fn near() -> OptionContract {
    option(80.0, 1)
}

fn far() -> OptionContract {
    option(100.0, 6)
}

fn market() -> MarketSnapshot {
    MarketSnapshot::usd(date(2018, 12, 31))
        .with_spot("A", 100.0)
        .unwrap()
        .with_spot("B", 50.0)
        .unwrap()
        .with_volatility("A", 0.25)
        .unwrap()
        .with_contract_volatility(&near(), 0.40)
        .unwrap()
        .with_rate("USD", 0.02)
        .unwrap()
        .with_dividend_yield_otherwise(0.01)
        .unwrap()
}

fn book_in(market: &MarketSnapshot) -> Book {
    Book::builder()
        .share("A", 10.0)
        .tagged("sector", "tech")
        .share("B", 20.0)
        .tagged("sector", "food")
        .option(near(), -1.0)
        .option(far(), 2.0)
        .tagged("sector", "tech")
        .cash("USD", 500.0)
        .build(market)
        .unwrap()
}

fn book() -> Book {
    book_in(&market())
}

fn every_spot(shock: Shock) -> Step {
    Step::new(Target::Spot(Assets::Every), shock)
}

fn spot(asset: &str, shock: Shock) -> Step {
    Step::new(Target::spot(asset).unwrap(), shock)
}

fn every_volatility(shock: Shock) -> Step {
    Step::new(Target::volatility_of(Assets::Every), shock)
}

fn bucket(moneyness: Span, tenor_days: Span, shock: Shock) -> Step {
    Step::new(Target::Volatility { assets: Assets::Every, moneyness, tenor_days }, shock)
}

fn scenario(steps: Vec<Step>) -> StressScenario {
    StressScenario::new("s", steps).unwrap()
}

fn hold() -> CompileOptions {
    CompileOptions::default().with_unmoved_volatility(UnmovedVolatility::Hold)
}

fn compiled(steps: Vec<Step>) -> CompiledSet {
    compile(&[scenario(steps)], &book(), &hold()).unwrap().remove(0)
}

fn refused(steps: Vec<Step>) -> Error {
    compile(&[scenario(steps)], &book(), &hold()).unwrap_err()
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

fn spot_of(name: &str) -> Factor {
    Factor::Spot(asset(name))
}

fn shock_of(set: &CompiledSet, factor: &Factor) -> Option<(ShockKind, f64)> {
    set.scenarios().column(factor).map(|(kind, shocks)| (kind, shocks[0]))
}

fn pnl_of(set: &CompiledSet, book: &Book) -> ScenarioPnl {
    set.revalue(book, &Revaluation::default()).unwrap()
}

fn notes(set: &CompiledSet) -> String {
    set.assumptions().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_scenario_must_say_something_finite() {
    assert!(matches!(StressScenario::new(" ", vec![every_spot(Shock::Log(0.1))]), Err(Error::Input(_))));
    assert!(matches!(StressScenario::new("s", vec![]), Err(Error::Scenario { .. })));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for shock in [
            Shock::Relative(bad),
            Shock::Absolute(bad),
            Shock::Log(bad),
            Shock::StandardDeviations(bad),
            Shock::Level(bad),
        ] {
            let error = StressScenario::new("s", vec![every_spot(Shock::Log(0.1)), every_spot(shock)]).unwrap_err();
            assert!(error.to_string().contains("step 2, spot of every asset"), "{error}");
        }
    }
    let fine = scenario(vec![every_spot(Shock::Log(0.1))]);
    assert_eq!(fine.clone().with_days(10_000).unwrap().days(), 10_000);
    assert!(matches!(fine.clone().with_days(10_001), Err(Error::Scenario { .. })));
    assert!(StressScenario::new("s", vec![every_spot(Shock::Log(0.1)); 10_000]).is_ok());
    assert!(StressScenario::new("s", vec![every_spot(Shock::Log(0.1)); 10_001]).is_err());
    for weight in [-0.01, 1.01, f64::NAN] {
        let stress = CorrelationStress { toward: CorrelationGoal::One, weight };
        assert!(fine.clone().with_correlation(stress).is_err(), "{weight}");
    }
    for weight in [0.0, 1.0] {
        let stress = CorrelationStress { toward: CorrelationGoal::Matrix("crisis".into()), weight };
        assert!(fine.clone().with_correlation(stress).is_ok(), "{weight}");
    }
    let nameless = CorrelationStress { toward: CorrelationGoal::Matrix(" ".into()), weight: 0.5 };
    assert!(fine.with_correlation(nameless).is_err());
}

#[test]
fn what_was_said_can_be_asked() {
    let stress = CorrelationStress { toward: CorrelationGoal::One, weight: 0.5 };
    let full = scenario(vec![every_spot(Shock::Log(0.1))])
        .with_description("d")
        .with_source("o")
        .with_days(3)
        .unwrap()
        .with_correlation(stress.clone())
        .unwrap()
        .with_assumption("x")
        .with_assumption("y");
    assert_eq!((full.name().as_str(), full.description(), full.source(), full.days()), ("s", "d", Some("o"), 3));
    assert_eq!(full.correlation(), Some(&stress));
    assert_eq!(full.assumptions(), ["x", "y"]);
    assert_eq!(full.steps().len(), 1);
}

#[test]
fn steps_apply_in_the_order_written() {
    // 100 · 0.9 − 5 = 85; (100 − 5) · 0.9 = 85.5.
    let first = compiled(vec![spot("A", Shock::Relative(-0.1)), spot("A", Shock::Absolute(-5.0))]);
    let second = compiled(vec![spot("A", Shock::Absolute(-5.0)), spot("A", Shock::Relative(-0.1))]);
    let change = |set| shock_of(set, &spot_of("A")).unwrap().1;
    assert!((change(&first) + 0.15).abs() < 1e-15, "{}", change(&first));
    assert!((change(&second) + 0.145).abs() < 1e-15, "{}", change(&second));
    let to = compiled(vec![spot("A", Shock::Relative(-0.1)), spot("A", Shock::Level(120.0))]);
    assert!((change(&to) - 0.2).abs() < 1e-15);
    // ln 2 and then a half of it.
    let log = compiled(vec![spot("A", Shock::Log(std::f64::consts::LN_2)), spot("A", Shock::Relative(-0.5))]);
    assert!(change(&log).abs() < 1e-15);
    let log = compiled(vec![spot("A", Shock::Log(std::f64::consts::LN_2))]);
    assert!((change(&log) - 1.0).abs() < 1e-15);
}

#[test]
fn rates_and_yields_move_by_differences() {
    let usd = Factor::Rate(Currency::usd());
    let rate = |steps: Vec<Shock>| {
        let steps = steps.into_iter().map(|shock| Step::new(Target::rate("USD").unwrap(), shock)).collect();
        let (kind, shock) = shock_of(&compiled(steps), &usd).unwrap();
        assert_eq!(kind, ShockKind::Absolute);
        shock
    };
    assert_eq!(rate(vec![Shock::Absolute(-0.05)]), -0.05); // a rate may be negative
    assert!((rate(vec![Shock::Relative(0.5)]) - 0.01).abs() < 1e-17);
    assert!((rate(vec![Shock::Absolute(0.02), Shock::Relative(0.5)]) - 0.04).abs() < 1e-17);
    assert!((rate(vec![Shock::Log(std::f64::consts::LN_2)]) - 0.02).abs() < 1e-17);
    assert!((rate(vec![Shock::Absolute(0.02), Shock::Log(std::f64::consts::LN_2)]) - 0.06).abs() < 1e-16);
    assert!((rate(vec![Shock::Absolute(1.0), Shock::Level(0.0)]) + 0.02).abs() < 1e-17);
    let set = compiled(vec![Step::new(Target::DividendYield(Assets::Every), Shock::Absolute(0.005))]);
    assert_eq!(shock_of(&set, &Factor::Dividend(asset("A"))), Some((ShockKind::Absolute, 0.005)));
    // No option is written on B, so nothing depends on its dividends.
    assert_eq!(shock_of(&set, &Factor::Dividend(asset("B"))), None);
    let none = compiled(vec![Step::new(Target::DividendYield(Assets::One(asset("B"))), Shock::Absolute(0.005))]);
    assert!(notes(&none).contains("step 1, dividend yield of B, moves nothing"), "{}", notes(&none));
}

#[test]
fn a_compiled_scenario_is_worth_what_the_moved_market_is_worth() {
    let steps = vec![
        every_spot(Shock::Relative(-0.2)),
        bucket(Span::new(None, Some(0.9)).unwrap(), Span::ALL, Shock::Absolute(0.2)),
        bucket(Span::new(Some(0.9), None).unwrap(), Span::ALL, Shock::Relative(0.5)),
        Step::new(Target::Rate(Currencies::Every), Shock::Absolute(-0.01)),
        Step::new(Target::DividendYield(Assets::Every), Shock::Level(0.03)),
    ];
    let set = compile(&[scenario(steps)], &book(), &CompileOptions::default()).unwrap().remove(0);
    assert_eq!(set.time_roll(), TimeRoll::Instant);
    let moved = MarketSnapshot::usd(date(2018, 12, 31))
        .with_spot("A", 80.0)
        .and_then(|m| m.with_spot("B", 40.0))
        .and_then(|m| m.with_contract_volatility(&near(), 0.60))
        .and_then(|m| m.with_contract_volatility(&far(), 0.375))
        .and_then(|m| m.with_rate("USD", 0.01))
        .and_then(|m| m.with_dividend_yield_otherwise(0.03))
        .unwrap();
    let want = book_in(&moved).exposure().0.market_value - book().exposure().0.market_value;
    let pnl = pnl_of(&set, &book());
    // Both roads price by the same model; only rounding of thousands separates them.
    testkit::close(pnl.total()[0], want, 1e-9);
    assert!(pnl.coverage().is_complete());
    assert_eq!(pnl.ids()[0].as_str(), "s");
    let by_label = set.revalue_by(&book(), &Revaluation::default(), "sector").unwrap();
    testkit::close(by_label.total()[0], want, 1e-9);
    assert!(set.revalue_by(&book(), &Revaluation::default(), "no such axis").is_err());
}

#[test]
fn volatility_columns_are_by_asset_where_contracts_move_alike() {
    let by_asset = Factor::Volatility(asset("A"));
    let of = |contract: &OptionContract| Factor::ContractVolatility(contract.id());
    let alike = compiled(vec![every_volatility(Shock::Relative(0.5))]);
    assert_eq!(shock_of(&alike, &by_asset), Some((ShockKind::Relative, 0.5)));
    assert_eq!(shock_of(&alike, &of(&near())), None);
    // Ten points are a quarter of 40 and two fifths of 25.
    let apart = compiled(vec![every_volatility(Shock::Absolute(0.1))]);
    assert_eq!(shock_of(&apart, &by_asset), None);
    assert!((shock_of(&apart, &of(&near())).unwrap().1 - 0.25).abs() < 1e-15);
    assert!((shock_of(&apart, &of(&far())).unwrap().1 - 0.4).abs() < 1e-15);
    let near_only = bucket(Span::ALL, Span::new(None, Some(18.0)).unwrap(), Shock::Relative(1.0));
    let set = compiled(vec![near_only]);
    assert_eq!(shock_of(&set, &of(&near())).unwrap().1, 1.0); // 18 days to the expiry
    assert_eq!(shock_of(&set, &of(&far())).unwrap().1, 0.0);
    let nearer = compiled(vec![bucket(Span::ALL, Span::new(None, Some(17.9)).unwrap(), Shock::Relative(1.0))]);
    assert_eq!(shock_of(&nearer, &by_asset).unwrap().1, 0.0);
    assert!(notes(&nearer).contains("moves nothing"));
    // The bucket is where the strike is today, not after an earlier step.
    let after = compiled(vec![
        spot("A", Shock::Relative(-0.2)),
        bucket(Span::between(1.0, 1.0).unwrap(), Span::ALL, Shock::Relative(1.0)),
    ]);
    assert_eq!(shock_of(&after, &of(&far())).unwrap().1, 1.0);
    assert_eq!(shock_of(&after, &of(&near())).unwrap().1, 0.0);
}

#[test]
fn one_scenario_that_splits_contracts_splits_them_for_its_group() {
    let first = StressScenario::new("flat", vec![every_volatility(Shock::Relative(0.5))]).unwrap();
    let second = StressScenario::new("apart", vec![every_volatility(Shock::Level(0.5))]).unwrap();
    let set = compile(&[first, second], &book(), &hold()).unwrap().remove(0);
    let (kind, shocks) = set.scenarios().column(&Factor::ContractVolatility(near().id())).unwrap();
    assert_eq!((kind, shocks[0]), (ShockKind::Relative, 0.5));
    assert!((shocks[1] - 0.25).abs() < 1e-15);
}

#[test]
fn scenarios_are_grouped_by_the_time_they_take() {
    let make = |name: &str, days| {
        let steps = vec![every_spot(Shock::Relative(-0.1)), every_volatility(Shock::Relative(0.2))];
        StressScenario::new(name, steps).unwrap().with_days(days).unwrap()
    };
    let list = [make("slow", 10), make("now", 0), make("also slow", 10), make("a day", 1)];
    let sets = compile(&list, &book(), &CompileOptions::default()).unwrap();
    let days: Vec<u32> = sets.iter().map(CompiledSet::days).collect();
    assert_eq!(days, [0, 1, 10]);
    let rolls: Vec<_> = sets.iter().map(CompiledSet::time_roll).collect();
    assert_eq!(rolls, [TimeRoll::Instant, TimeRoll::Horizon, TimeRoll::Horizon]);
    let horizons: Vec<_> = sets.iter().map(|set| set.scenarios().horizon()).collect();
    assert_eq!(horizons, [Horizon::DAY, Horizon::DAY, Horizon::TEN_DAYS]);
    let slow = sets[2].scenarios();
    assert_eq!(slow.ids().iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["slow", "also slow"]);
    assert_eq!((slow.ordering(), slow.as_of()), (Ordering::Named, date(2018, 12, 31)));
    // The same shock with a day of decay is another number.
    let values: Vec<f64> = sets.iter().map(|set| pnl_of(set, &book()).total()[0]).collect();
    assert!(values[0] != values[1] && values[1] != values[2]);
    // A caller's own time roll does not change a shock that happens now.
    let ageing = Revaluation::default().with_time_roll(TimeRoll::Horizon);
    assert_eq!(sets[0].revalue(&book(), &ageing).unwrap().total()[0], values[0]);
}

#[test]
fn standard_deviations_grow_with_the_square_root_of_time() {
    let options = hold().with_volatilities(
        FactorVolatilities::default()
            .with(spot_of("A"), ShockKind::Relative, 0.01)
            .and_then(|v| v.with(Factor::Volatility(asset("A")), ShockKind::Absolute, 0.005))
            .and_then(|v| v.with(Factor::ContractVolatility(far().id()), ShockKind::Log, 0.1))
            .and_then(|v| v.with(Factor::Rate(Currency::usd()), ShockKind::Absolute, 0.0005))
            .unwrap(),
    );
    let set = |days, step| {
        let scenario = scenario(vec![step]).with_days(days).unwrap();
        compile(&[scenario], &book(), &options).map(|mut sets| sets.remove(0))
    };
    let z = Shock::StandardDeviations(-3.0);
    for (days, want) in [(0, -0.03), (1, -0.03), (9, -0.09)] {
        let got = shock_of(&set(days, spot("A", z)).unwrap(), &spot_of("A")).unwrap().1;
        assert!((got - want).abs() < 1e-16, "{days}: {got}");
    }
    let rate = set(4, Step::new(Target::rate("USD").unwrap(), Shock::StandardDeviations(2.0))).unwrap();
    assert!((shock_of(&rate, &Factor::Rate(Currency::usd())).unwrap().1 - 0.002).abs() < 1e-17);
    // A contract has its own volatility of volatility, or that of its underlying.
    let up = set(0, every_volatility(Shock::StandardDeviations(2.0))).unwrap();
    let near = shock_of(&up, &Factor::ContractVolatility(near().id())).unwrap().1;
    let far = shock_of(&up, &Factor::ContractVolatility(far().id())).unwrap().1;
    assert!((near - 0.01 / 0.40).abs() < 1e-16);
    assert!((far - 0.221_402_758_160_169_83).abs() < 1e-15); // e^0.2 − 1
    let error = set(0, every_spot(z)).unwrap_err();
    assert!(matches!(&error, Error::UnknownFactor { factor, .. } if factor.contains("spot of B")), "{error}");
    assert!(error.to_string().contains("step 1"), "{error}");
}

#[test]
fn a_volatility_that_should_move_is_asked_for() {
    let strict = |steps| compile(&[scenario(steps)], &book(), &CompileOptions::default());
    let error = strict(vec![spot("A", Shock::Relative(-0.2))]).unwrap_err();
    assert!(matches!(&error, Error::Scenario { message, .. } if message.contains("volatility of A")), "{error}");
    // Only some of its contracts is not enough either.
    let low = || bucket(Span::new(None, Some(0.9)).unwrap(), Span::ALL, Shock::Relative(0.1));
    let high = || bucket(Span::new(Some(0.9), None).unwrap(), Span::ALL, Shock::Relative(0.0));
    let error = strict(vec![spot("A", Shock::Relative(-0.2)), low()]).unwrap_err();
    assert!(error.to_string().contains("volatility of A 2019-06-18 P 100"), "{error}");
    // A zero says that it is meant to stay.
    assert!(strict(vec![spot("A", Shock::Relative(-0.2)), low(), high()]).is_ok());
    // No option on B; a rate alone moves no price.
    assert!(strict(vec![spot("B", Shock::Relative(-0.2))]).is_ok());
    assert!(strict(vec![Step::new(Target::rate("USD").unwrap(), Shock::Absolute(0.01))]).is_ok());
    assert!(strict(vec![spot("A", Shock::Relative(0.0))]).is_ok());

    let held = compiled(vec![spot("A", Shock::Relative(-0.2))]);
    let whole = Assumption::HeldFixed { factor: Factor::Volatility(asset("A")) };
    assert!(held.assumptions().contains(&whole));
    assert!(pnl_of(&held, &book()).assumptions().contains(&whole));
    let part = compiled(vec![spot("A", Shock::Relative(-0.2)), low()]);
    let contract = Assumption::HeldFixed { factor: Factor::ContractVolatility(far().id()) };
    assert!(part.assumptions().contains(&contract) && !part.assumptions().contains(&whole));
}

#[test]
fn shocks_out_of_the_domain_name_scenario_step_factor_and_value() {
    let where_to = |steps| match refused(steps) {
        Error::ShockOutOfDomain { scenario, step, factor, value, .. } => {
            assert_eq!(scenario, "s");
            (step, factor, value)
        }
        other => panic!("{other}"),
    };
    let fine = || spot("B", Shock::Relative(-0.5));
    assert_eq!(where_to(vec![fine(), spot("A", Shock::Relative(-1.0))]), (2, "spot of A".into(), 0.0));
    assert_eq!(where_to(vec![spot("A", Shock::Absolute(-100.0))]), (1, "spot of A".into(), 0.0));
    assert_eq!(where_to(vec![spot("A", Shock::Level(-3.0))]).0, 1);
    // What a later step would repair is wrong all the same.
    assert_eq!(where_to(vec![spot("A", Shock::Absolute(-101.0)), spot("A", Shock::Level(90.0))]).0, 1);
    assert_eq!(where_to(vec![spot("A", Shock::Log(1000.0))]).2, f64::INFINITY);
    let (step, factor, value) = where_to(vec![every_volatility(Shock::Absolute(-0.3))]);
    assert_eq!((step, factor.as_str()), (1, "volatility of A 2019-06-18 P 100 european x100"));
    assert!((value + 0.05).abs() < 1e-15);
    let rate = vec![Step::new(Target::rate("USD").unwrap(), Shock::Log(1000.0))];
    assert_eq!(where_to(rate).2, f64::INFINITY);
    assert!(compile(&[scenario(vec![spot("A", Shock::Relative(-0.999))])], &book(), &hold()).is_ok());
}

#[test]
fn unknown_names_are_refused_with_scenario_and_step() {
    let label = |axis: &str, label: &str| Assets::Labelled { axis: axis.into(), label: label.into() };
    let by = Shock::Relative(0.1);
    for (target, named) in [
        (Target::spot("Z").unwrap(), "Z"),
        (Target::volatility("Z").unwrap(), "Z"),
        (Target::DividendYield(Assets::One(asset("Z"))), "Z"),
        (Target::Spot(label("sector", "banks")), "sector = banks"),
        (Target::Spot(label("country", "tech")), "country = tech"),
        (Target::rate("EUR").unwrap(), "rate of EUR"),
        (Target::fx("EUR").unwrap(), "price of EUR"),
        (Target::fx("USD").unwrap(), "price of USD"),
    ] {
        let error = refused(vec![spot("A", by), Step::new(target, by)]);
        assert!(matches!(error, Error::UnknownFactor { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(named) && text.contains("scenario \"s\", step 2"), "{text}");
    }
}

#[test]
fn labels_choose_assets_and_the_price_moves_for_all_of_them() {
    let tech = Assets::Labelled { axis: "sector".into(), label: "tech".into() };
    let set = compiled(vec![Step::new(Target::Spot(tech.clone()), Shock::Relative(-0.1))]);
    assert_eq!(shock_of(&set, &spot_of("A")).unwrap().1, -0.1);
    assert_eq!(shock_of(&set, &spot_of("B")).unwrap().1, 0.0);
    assert!(notes(&set).contains("held where they are: spot of B"), "{}", notes(&set));
    // Both puts are written on A, whatever label they carry themselves.
    let up = compiled(vec![Step::new(Target::volatility_of(tech), Shock::Relative(0.3))]);
    assert_eq!(shock_of(&up, &Factor::Volatility(asset("A"))).unwrap().1, 0.3);
}

#[test]
fn currencies_of_the_book_move_and_the_base_does_not() {
    let market = market().with_fx("EUR", 1.1).unwrap().with_spot("S", 20.0).unwrap();
    let market = market.with_quote_currency("S", "EUR").unwrap().with_rate("EUR", -0.003).unwrap();
    let book = Book::builder().share("S", 100.0).cash("USD", 1.0).build(&market).unwrap();
    let fall = scenario(vec![Step::new(Target::Fx(Currencies::Every), Shock::Relative(-0.1))]);
    let set = compile(&[fall], &book, &CompileOptions::default()).unwrap().remove(0);
    let eur = Factor::Fx(Currency::new("EUR").unwrap());
    assert_eq!(shock_of(&set, &eur), Some((ShockKind::Relative, -0.1)));
    assert!(set.scenarios().column(&Factor::Fx(Currency::usd())).is_none());
    testkit::close(pnl_of(&set, &book).total()[0], -0.1 * 100.0 * 20.0 * 1.1, 1e-12);
    // A scenario that forgets the currency still prices, and says so.
    let down = scenario(vec![spot("S", Shock::Relative(-0.5))]);
    let set = compile(&[down], &book, &CompileOptions::default()).unwrap().remove(0);
    testkit::close(pnl_of(&set, &book).total()[0], -1100.0, 1e-12);
    assert!(notes(&set).contains("price of EUR"), "{}", notes(&set));
    let up = scenario(vec![Step::new(Target::Rate(Currencies::Every), Shock::Absolute(0.01))]);
    let set = compile(&[up], &book, &CompileOptions::default()).unwrap().remove(0);
    assert_eq!(shock_of(&set, &Factor::Rate(Currency::new("EUR").unwrap())).unwrap().1, 0.01);
    assert_eq!(shock_of(&set, &Factor::Rate(Currency::usd())).unwrap().1, 0.01);
}

#[test]
fn positions_without_quotes_are_reported_and_may_not_be_named() {
    let odd = OptionContract::call("C", 10.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap();
    let market = market().with_spot("C", 10.0).unwrap();
    let book = Book::builder().share("A", 1.0).share("Z", 1.0).option(odd, 1.0).build(&market).unwrap();
    let crash = vec![every_spot(Shock::Relative(-0.1)), every_volatility(Shock::Relative(0.5))];
    let set = compile(&[scenario(crash)], &book, &CompileOptions::default()).unwrap().remove(0);
    let pnl = pnl_of(&set, &book);
    testkit::close(pnl.total()[0], -10.0, 1e-12);
    assert_eq!(pnl.unvalued().len(), 2);
    for (target, named) in
        [(Target::spot("Z").unwrap(), "spot of Z"), (Target::volatility("C").unwrap(), "volatility of C 2019")]
    {
        let error = compile(&[scenario(vec![Step::new(target, Shock::Relative(0.1))])], &book, &hold()).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn a_book_of_money_does_not_move() {
    let book = Book::builder().cash("USD", 100.0).build(&MarketSnapshot::usd(date(2018, 12, 31))).unwrap();
    let set = compile(&[scenario(vec![every_spot(Shock::Relative(-0.1))])], &book, &hold()).unwrap().remove(0);
    assert_eq!(pnl_of(&set, &book).total()[0], 0.0);
    assert!(notes(&set).contains("moves nothing"));
}

#[test]
fn lists_are_not_empty_and_names_are_unique() {
    assert!(matches!(compile(&[], &book(), &hold()), Err(Error::Input(CoreError::Empty { .. }))));
    let one = scenario(vec![spot("B", Shock::Log(0.1))]);
    let late = one.clone().with_days(5).unwrap();
    let twice = compile(&[one, late], &book(), &hold());
    assert!(matches!(twice, Err(Error::Input(CoreError::Duplicate { first: 0, second: 1, .. }))));
}

#[test]
fn a_correlation_stress_is_not_lost() {
    let stress = CorrelationStress { toward: CorrelationGoal::One, weight: 0.5 };
    let plain = scenario(vec![spot("B", Shock::Relative(-0.1))]);
    let stressed = plain.clone().with_correlation(stress).unwrap();
    let strict = CompileOptions::default();
    assert!(matches!(compile(std::slice::from_ref(&stressed), &book(), &strict), Err(Error::Scenario { .. })));
    let allowed = strict.clone().with_correlation(CorrelationHandling::Propagated);
    // It has no effect on direct shocks.
    assert_eq!(compile(&[stressed], &book(), &allowed).unwrap(), compile(&[plain], &book(), &strict).unwrap());
}

#[test]
fn assumptions_of_scenarios_reach_the_result_once() {
    let make = |name: &str| {
        let steps = vec![spot("B", Shock::Relative(-0.1))];
        StressScenario::new(name, steps).unwrap().with_assumption("a guess")
    };
    let set = compile(&[make("x"), make("y")], &book(), &CompileOptions::default()).unwrap().remove(0);
    let pnl = pnl_of(&set, &book());
    let guesses: Vec<String> = pnl.assumptions().iter().map(ToString::to_string).collect();
    let guesses: Vec<&String> = guesses.iter().filter(|text| text.contains("a guess")).collect();
    assert_eq!(guesses, ["modelled input: scenario \"x\": a guess", "modelled input: scenario \"y\": a guess"]);
    assert!(
        notes(&set).contains("held where they are: spot of A, rate of USD, dividend yield of A"),
        "{}",
        notes(&set)
    );
    let unique: std::collections::BTreeSet<String> = pnl.assumptions().iter().map(ToString::to_string).collect();
    assert_eq!(unique.len(), pnl.assumptions().len());
}

#[test]
fn long_lists_of_what_is_held_are_cut() {
    let names: Vec<String> = (10..23).map(|i| format!("S{i}")).collect();
    let empty = MarketSnapshot::usd(date(2018, 12, 31));
    let market = names.iter().try_fold(empty, |market, name| market.with_spot(name, 1.0)).unwrap();
    let builder = names.iter().fold(Book::builder(), |builder, name| builder.share(name, 1.0));
    let book = builder.build(&market).unwrap();
    let held = |moved: usize| {
        let steps = names[..moved].iter().map(|name| spot(name, Shock::Relative(0.1))).collect();
        notes(&compile(&[scenario(steps)], &book, &hold()).unwrap()[0])
    };
    assert!(held(1).ends_with("spot of S20 and 2 more"), "{}", held(1));
    assert!(held(3).ends_with("spot of S22"), "{}", held(3));
    assert!(!held(3).contains("more"));
}

#[test]
fn a_stored_set_is_checked() {
    let steps = vec![every_spot(Shock::Relative(-0.1)), every_volatility(Shock::Relative(0.2))];
    let set = compile(&[scenario(steps).with_days(7).unwrap()], &book(), &hold()).unwrap().remove(0);
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(serde_json::from_str::<CompiledSet>(&text).unwrap(), set);
    assert!(serde_json::from_str::<CompiledSet>(&text.replace("\"days\":7", "\"days\":6")).is_err());
    let options = serde_json::to_string(&hold()).unwrap();
    assert_eq!(serde_json::from_str::<CompileOptions>(&options).unwrap(), hold());
    fn shared<T: Send + Sync>() {}
    shared::<(CompiledSet, StressScenario, CompileOptions)>();
}

#[test]
fn contracts_are_compiled_once_however_often_they_are_held() {
    let builder = Book::builder().option(near(), 1.0).named("x").option(near(), -1.0).named("y").option(far(), 1.0);
    let book = builder.build(&market()).unwrap();
    let set = compile(&[scenario(vec![every_volatility(Shock::Absolute(0.1))])], &book, &hold()).unwrap().remove(0);
    assert!((shock_of(&set, &Factor::ContractVolatility(near().id())).unwrap().1 - 0.25).abs() < 1e-15);
    let pnl = pnl_of(&set, &book);
    assert!(pnl.values()[[0, 0]] > 0.0);
    assert_eq!(pnl.values()[[0, 0]], -pnl.values()[[1, 0]]);
    let unknown = Factor::ContractVolatility(ContractId::new("none").unwrap());
    assert_eq!(shock_of(&set, &unknown), None);
}

#[test]
fn a_bucket_of_moneyness_needs_a_price() {
    let market = MarketSnapshot::usd(date(2018, 12, 31)).with_volatility("A", 0.25).unwrap();
    let book = Book::builder().option(far(), 1.0).build(&market).unwrap();
    let moved = |step: Step| {
        let set = compile(&[scenario(vec![step])], &book, &hold()).unwrap().remove(0);
        shock_of(&set, &Factor::Volatility(asset("A"))).unwrap().1
    };
    assert_eq!(moved(bucket(Span::new(Some(0.0), None).unwrap(), Span::ALL, Shock::Relative(0.5))), 0.0);
    assert_eq!(moved(every_volatility(Shock::Relative(0.5))), 0.5);
}

proptest! {
    #[test]
    fn a_single_shock_comes_out_as_it_was_written(size in -0.99..5.0_f64) {
        let set = compiled(vec![every_spot(Shock::Relative(size)), every_volatility(Shock::Relative(size))]);
        prop_assert_eq!(shock_of(&set, &spot_of("A")), Some((ShockKind::Relative, size)));
        prop_assert_eq!(shock_of(&set, &Factor::Volatility(asset("A"))), Some((ShockKind::Relative, size)));
    }

    #[test]
    fn logarithms_add_and_order_does_not_matter_among_fractions(a in -0.9..2.0_f64, b in -0.9..2.0_f64) {
        let change = |steps| shock_of(&compiled(steps), &spot_of("A")).unwrap().1;
        let logs = change(vec![spot("A", Shock::Log(a)), spot("A", Shock::Log(b))]);
        let sum = change(vec![spot("A", Shock::Log(a + b))]);
        prop_assert!((logs - sum).abs() < 1e-13 * (1.0 + sum.abs()));
        let one = change(vec![spot("A", Shock::Relative(a)), spot("A", Shock::Relative(b))]);
        let other = change(vec![spot("A", Shock::Relative(b)), spot("A", Shock::Relative(a))]);
        prop_assert!((one - other).abs() < 1e-15 * (1.0 + one.abs()) * 8.0);
    }

    #[test]
    fn shares_lose_their_fraction(fall in -0.99..1.0_f64, quantity in 1.0..1e6_f64) {
        let book = Book::builder().share("B", quantity).build(&market()).unwrap();
        let set = compile(&[scenario(vec![every_spot(Shock::Relative(fall))])], &book, &hold()).unwrap().remove(0);
        let want = quantity * 50.0 * fall;
        prop_assert!((book.revalue(set.scenarios()).unwrap().total()[0] - want).abs() <= 1e-12 * quantity * 50.0);
    }
}
