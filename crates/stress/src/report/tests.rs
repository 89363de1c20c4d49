use alluse_instruments::margin::{MarginRates, PortfolioMarginRules, StrategyMarginRules};
use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
use alluse_risk_core::labels::LabelSelector;
use alluse_risk_core::{Bound, Limit, Measure, ScenarioId, Status, Verdict};
use jiff::civil::{Date, date};

use super::*;
use crate::{Assets, Error, Shock, Step, Target};

const TODAY: Date = date(2018, 12, 31);

fn market() -> MarketSnapshot {
    MarketSnapshot::usd(TODAY)
        .with_spot("A", 100.0)
        .and_then(|m| m.with_spot("B", 50.0)?.with_volatility("A", 0.25)?.with_rate("USD", 0.02))
        .and_then(|m| m.with_dividend_yield_otherwise(0.0))
        .unwrap()
}

fn put(strike: f64, expiry: Date) -> OptionContract {
    OptionContract::put("A", strike, expiry, Multiplier::EQUITY).unwrap()
}

fn book() -> Book {
    Book::builder()
        .cash("USD", 20_000.0)
        .tagged("account", "one")
        .option(put(95.0, date(2019, 1, 4)), -2.0)
        .tagged("account", "one")
        .option(put(90.0, date(2019, 2, 15)), -1.0)
        .tagged("account", "two")
        .share("B", 100.0)
        .tagged("account", "two")
        .build(&market())
        .unwrap()
}

fn shock(name: &str, spot: f64, volatility: f64, days: u32) -> StressScenario {
    let steps = vec![
        Step::new(Target::Spot(Assets::Every), Shock::Relative(spot)),
        Step::new(Target::volatility_of(Assets::Every), Shock::Relative(volatility)),
    ];
    StressScenario::new(name, steps).unwrap().with_days(days).unwrap()
}

fn limit(name: &str, scenario: Option<&str>, scope: LabelSelector, most: f64) -> Limit {
    let scenario = scenario.map(|name| ScenarioId::new(name).unwrap());
    let bound = Bound::AtMost { limit: most, warn_at: Some(0.8 * most) };
    Limit { name: name.to_owned(), measure: Measure::StressLoss { scenario }, scope, bound }
}

fn test() -> StressTest {
    StressTest::new(vec![shock("week", -0.08, 0.5, 5), shock("crash", -0.20, 1.5, 0), shock("calm", 0.0, 0.0, 0)])
        .unwrap()
        .with_axes(&["account"])
}

/// The value of a book where every position has one.
fn value(book: &Book) -> f64 {
    book.exposures().iter().map(|(id, status)| status.known().unwrap_or_else(|| panic!("{id}")).market_value).sum()
}

#[test]
fn pnl_is_the_change_in_value_of_the_shocked_book() {
    let report = test().with_greeks_after().run(&book()).unwrap();
    assert_eq!(report.scenarios.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["week", "crash", "calm"]);
    let crash = report.scenario("crash").unwrap();
    // The same market built by hand, and the book valued in it.
    let shocked = MarketSnapshot::usd(TODAY)
        .with_spot("A", 80.0)
        .and_then(|m| m.with_spot("B", 40.0)?.with_volatility("A", 0.625)?.with_rate("USD", 0.02))
        .and_then(|m| m.with_dividend_yield_otherwise(0.0))
        .unwrap();
    let want = value(&book().with_market(shocked).unwrap()) - value(&book());
    assert!((crash.pnl.known().unwrap() - want).abs() < 1e-8, "{:?} {want}", crash.pnl);
    assert!(report.scenario("calm").unwrap().pnl.known().unwrap().abs() < 1e-9);
    let parts: f64 = crash.by_label[0].labels.iter().map(|(_, pnl)| *pnl.known().unwrap()).sum();
    assert!((parts - want).abs() < 1e-8);
    assert_eq!(crash.worst_positions[0].0.as_str(), "A 2019-01-04 P 95");
    assert!(crash.worst_positions.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    let greeks = crash.greeks_after.as_ref().unwrap().known().unwrap();
    assert_eq!(greeks.iter().map(|g| g.label.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    // 200 short puts, deep in the money: about the delta of 200 shares at 80.
    assert!((greeks[0].exposure.dollar_delta - 16_000.0).abs() < 500.0, "{greeks:?}");
    assert_eq!(report.ranked()[0].name.as_str(), "crash");
    assert_eq!(report.verdict, Verdict::Pass, "no limit, no breach");
}

#[test]
fn options_that_expire_on_the_way_settle_and_need_no_margin() {
    let rates = MarginRates::maintenance();
    let (strategy, portfolio) = (StrategyMarginRules::new(rates.clone()), PortfolioMarginRules::new(rates));
    let report = test().with_margin(Some("account"), strategy, portfolio).run(&book()).unwrap();
    let week = report.scenario("week").unwrap();
    let accounts = week.margin_after.as_ref().unwrap().known().unwrap();
    // The put of account one expired on January 4, in the money by 3: its shares are cash in the report.
    assert_eq!(accounts[0].label, "one");
    assert_eq!(accounts[0].strategy_based.requirement, Status::Known(0.0));
    assert!(*accounts[1].strategy_based.requirement.known().unwrap() > 0.0);
    let cash = week.assignment.known().unwrap();
    // Expired on Friday; the scenario ends on Monday, with three days of interest on the payment.
    let interest = (0.02_f64 * 3.0 / 365.0).exp();
    assert!((cash.cash - (20_000.0 - 600.0 * interest)).abs() < 1e-6, "{cash:?}");
    assert_eq!((cash.in_the_money, cash.every_short_put, cash.shortfall), (0.0, 9_000.0, 0.0));
    let crash = report.scenario("crash").unwrap().assignment.known().copied().unwrap();
    assert_eq!((crash.in_the_money, crash.cash), (28_000.0, 20_000.0));
    assert_eq!(crash.shortfall, 8_000.0);
    assert!(week.assumptions.iter().any(|a| matches!(a, Assumption::SettledInsideHorizon { .. })));
}

#[test]
fn limits_judge_scenarios_and_scopes() {
    let two = LabelSelector::is("account", "two");
    let limits = vec![
        limit("book", None, LabelSelector::All, 5_000.0),
        limit("two in the crash", Some("crash"), two, 1_700.0),
        limit("nobody", None, LabelSelector::is("account", "nine"), 1.0),
    ];
    let report = test().with_limits(limits).unwrap().run(&book()).unwrap();
    let verdicts = |name: &str| {
        let list = &report.scenario(name).unwrap().verdicts;
        list.iter().map(|v| (v.limit.as_str(), v.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(verdicts("calm"), [("book", Verdict::Pass), ("nobody", Verdict::Unknown)]);
    let crash = verdicts("crash");
    // Account two: 1,000 on the shares and about 1,100 on the put.
    assert_eq!(crash[1], ("two in the crash", Verdict::Breach));
    assert_eq!(report.verdict, Verdict::Breach);
    let loss = report.scenario("crash").unwrap().verdicts[1].loss.known().copied().unwrap();
    assert!(loss > 1_900.0 && loss < 2_400.0, "{loss}");
    let late = limit("x", Some("nonsense"), LabelSelector::All, 1.0);
    assert!(matches!(test().with_limits(vec![late]), Err(Error::Scenario { .. })));
    let other = Limit { measure: Measure::WorstLoss, ..limit("x", None, LabelSelector::All, 1.0) };
    assert!(test().with_limits(vec![other]).is_err());
}

#[test]
fn a_position_without_a_price_never_passes() {
    let book = Book::builder()
        .share("A", 1.0)
        .option(OptionContract::put("B", 50.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap(), -1.0)
        .build(&market())
        .unwrap();
    let limits = vec![limit("book", None, LabelSelector::All, 1e6)];
    let rates = MarginRates::maintenance();
    let report = test()
        .with_axes(&[])
        .with_limits(limits)
        .unwrap()
        .with_margin(None, StrategyMarginRules::new(rates.clone()), PortfolioMarginRules::new(rates))
        .with_greeks_after()
        .run(&book)
        .unwrap();
    let crash = report.scenario("crash").unwrap();
    assert!(matches!(&crash.pnl, Status::Partial { value, .. } if (value + 20.0).abs() < 1e-9));
    assert_eq!(crash.verdicts[0].verdict, Verdict::Unknown);
    assert_eq!(report.verdict, Verdict::Unknown);
    assert_eq!(crash.unvalued[0].row.as_str(), "B 2019-01-18 P 50");
    let accounts = crash.margin_after.as_ref().unwrap().known().unwrap();
    assert!(matches!(accounts[0].strategy_based.requirement, Status::Partial { .. }));
    assert!(matches!(crash.greeks_after, Some(Status::Partial { .. })));
    // Nothing valued at all: unknown, not zero.
    let nothing = Book::builder().share("C", 1.0).build(&market()).unwrap();
    let report = StressTest::new(vec![shock("calm", 0.0, 0.0, 0)]).unwrap().run(&nothing).unwrap();
    assert!(matches!(report.scenarios[0].pnl, Status::Unknown { .. }));
}

#[test]
fn the_report_is_json_and_back() {
    let rates = MarginRates::maintenance();
    let report = test()
        .with_margin(None, StrategyMarginRules::new(rates.clone()), PortfolioMarginRules::new(rates))
        .with_greeks_after()
        .run(&book())
        .unwrap();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<StressReport>(&text).unwrap(), report);
    assert_eq!(test().run(&book()).unwrap(), test().run(&book()).unwrap());
}

#[test]
fn a_scenario_speaks_of_its_own_assumptions() {
    let noted = |name: &str| shock(name, -0.1, 0.2, 0).with_assumption(&format!("about {name}"));
    let report = StressTest::new(vec![noted("one"), noted("two")]).unwrap().run(&book()).unwrap();
    for (result, other) in report.scenarios.iter().zip(["two", "one"]) {
        let texts: Vec<String> = result.assumptions.iter().map(ToString::to_string).collect();
        assert!(texts.iter().any(|text| text.contains(&format!("about {}", result.name))), "{texts:?}");
        assert!(!texts.iter().any(|text| text.contains(&format!("about {other}"))), "{texts:?}");
    }
}

#[test]
fn malformed_tests_are_refused() {
    assert!(StressTest::new(vec![]).is_err());
    assert!(StressTest::new(vec![shock("a", 0.0, 0.0, 0), shock("a", 0.0, 0.0, 0)]).is_err());
    assert!(test().with_axes(&["nonsense"]).run(&book()).is_err());
    assert!(test().with_worst_positions(0).run(&book()).unwrap().scenarios[0].worst_positions.is_empty());
}
