//! The book after a scenario is the book that the cube priced.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

mod common;

use alluse_instruments::{Book, Error, HeldFixed, MarketSnapshot, Revaluation, TimeRoll};
use alluse_risk_core::{Factor, Horizon, ScenarioSet, ShockKind};
use common::{TODAY, call, market, put, rate, scenarios, spot, volatility};
use jiff::civil::{Date, date};
use proptest::prelude::*;

const FAR: Date = date(2019, 6, 21);
const WEEK: Date = date(2019, 1, 4);

fn value(book: &Book) -> f64 {
    book.exposures().iter().map(|(_, status)| status.known().unwrap().market_value).sum()
}

fn book(market: &MarketSnapshot) -> Book {
    Book::builder()
        .cash("USD", 1_000.0)
        .share("B", 30.0)
        .tagged("desk", "shares")
        .option(put("A", 48.0, FAR), -3.0)
        .tagged("desk", "options")
        .option(call("A", 52.0, FAR).european(), 2.0)
        .tagged("desk", "options")
        .option(put("A", 49.0, WEEK), -1.0)
        .tagged("desk", "week")
        .build(market)
        .unwrap()
}

fn set(spot_move: f64, volatility_move: f64, rate_move: f64, horizon: Horizon) -> ScenarioSet {
    scenarios(
        horizon,
        &[
            (spot("A"), ShockKind::Relative, vec![0.0, spot_move]),
            (spot("B"), ShockKind::Log, vec![0.0, 0.5 * spot_move]),
            (volatility("A"), ShockKind::Absolute, vec![0.0, volatility_move]),
            (rate("USD"), ShockKind::Absolute, vec![0.0, rate_move]),
            (volatility("B"), ShockKind::Relative, vec![0.0, 0.0]),
        ],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn values_differ_by_the_pnl_of_the_cube(spot_move in -0.5..0.5_f64, vol in -0.1..0.8_f64, rate_move in -0.01..0.03_f64) {
        let book = book(&market());
        let set = set(spot_move, vol, rate_move, Horizon::DAY);
        let cube = Revaluation::default().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
        let after = book.after(&set, 1, TODAY).unwrap();
        prop_assert!(after.settled.is_empty());
        prop_assert!((value(&after.book) - value(&book) - cube.total()[1]).abs() < 1e-8);
        let whole = Revaluation::default().revalue(&book, &set).unwrap();
        // The next weekday: the calendar of the test has no holidays.
        let tomorrow = book.after(&set, 1, date(2019, 1, 1)).unwrap();
        prop_assert!((value(&tomorrow.book) - value(&book) - whole.total()[1]).abs() < 1e-8);
    }
}

#[test]
fn what_expires_on_the_way_is_settled_and_gone() {
    let book = book(&market());
    let set = set(-0.10, 0.05, 0.0, Horizon::WEEK);
    let after = book.after(&set, 1, date(2019, 1, 7)).unwrap();
    assert_eq!(after.settled.len(), 1);
    let (id, cash) = &after.settled[0];
    assert_eq!(id.as_str(), "A 2019-01-04 P 49");
    // 49 against 45, three days of interest.
    assert!((cash + 400.0 * (0.025_f64 * 3.0 / 365.0).exp()).abs() < 1e-9);
    assert_eq!(after.book.positions().len(), 4);
    assert!(after.book.labels().group_by("desk").unwrap().iter().all(|group| group.name() != "week"));
    let cube = Revaluation::default().revalue(&book, &set).unwrap();
    assert!((value(&after.book) + cash - value(&book) - cube.total()[1]).abs() < 1e-8);
}

#[test]
fn volatility_of_a_contract_and_dividends_come_along() {
    let market = market()
        .with_dividends("B", vec![(date(2019, 1, 2), 1.5), (date(2019, 3, 1), 1.0)])
        .and_then(|m| m.with_contract_volatility(&put("A", 48.0, FAR), 0.4))
        .unwrap();
    let book = book(&market);
    let own = Factor::ContractVolatility(put("A", 48.0, FAR).id());
    let set = scenarios(
        Horizon::WEEK,
        &[
            (spot("A"), ShockKind::Relative, vec![-0.1]),
            (spot("B"), ShockKind::Relative, vec![0.0]),
            (volatility("A"), ShockKind::Relative, vec![0.5]),
            (own, ShockKind::Absolute, vec![0.1]),
        ],
    );
    let after = book.after(&set, 0, date(2019, 1, 7)).unwrap();
    assert_eq!(after.dividends, 45.0); // 30 shares
    let then = after.book.market();
    assert!((then.volatility(&put("A", 48.0, FAR)).unwrap() - 0.5).abs() < 1e-15);
    assert!((then.volatility(&call("A", 52.0, FAR).european()).unwrap() - 0.36).abs() < 1e-15);
    let asset = "B".to_owned().try_into().unwrap();
    assert_eq!(then.dividends(&asset), [(date(2019, 3, 1), 1.0)]);
    let cube = Revaluation::default().with_held_fixed(HeldFixed::Volatility).revalue(&book, &set).unwrap();
    let settled: f64 = after.settled.iter().map(|(_, cash)| cash).sum();
    let change = value(&after.book) + settled + after.dividends - value(&book);
    assert!((change - cube.total()[0]).abs() < 1e-8, "{change} {}", cube.total()[0]);
}

#[test]
fn one_wrong_thing_at_a_time() {
    let book = book(&market());
    let set = set(-0.10, 0.0, 0.0, Horizon::DAY);
    assert!(book.after(&set, 2, TODAY).is_err());
    assert!(matches!(book.after(&set, 0, date(2018, 12, 28)), Err(Error::AsOfMismatch { .. })));
    let late = market_of(date(2019, 1, 2));
    let moved = book.clone().with_market(late).unwrap();
    assert!(matches!(moved.after(&set, 0, date(2019, 1, 2)), Err(Error::AsOfMismatch { .. })));
    let ruin = scenarios(
        Horizon::DAY,
        &[
            (spot("A"), ShockKind::Relative, vec![-1.0]),
            (spot("B"), ShockKind::Relative, vec![0.0]),
            (volatility("A"), ShockKind::Relative, vec![0.0]),
        ],
    );
    assert!(matches!(book.after(&ruin, 0, TODAY), Err(Error::Market { what: "spot", .. })));
}

fn market_of(day: Date) -> MarketSnapshot {
    MarketSnapshot::usd(day)
}
