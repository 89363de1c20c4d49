//! What is missing is named and counted; it never becomes a number.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

mod common;

use alluse_instruments::{Book, BookBuilder, Error, HeldFixed, MarketSnapshot, Revaluation, TimeRoll};
use alluse_risk_core::{Assumption, ErrorKind, Factor, Horizon, ScenarioPnl, ScenarioSet, ShockKind};
use common::{
    RATE, TODAY, VOLATILITY, YIELD, call, dividend, fx, market, price, put, rate, scenarios, spot, volatility,
};
use jiff::civil::{Date, date};
use proptest::prelude::*;

const EXPIRY: Date = date(2019, 3, 15);

fn crash() -> ScenarioSet {
    scenarios(
        Horizon::DAY,
        &[
            (spot("A"), ShockKind::Relative, vec![-0.1, 0.0, 0.1]),
            (spot("B"), ShockKind::Relative, vec![-0.2, 0.0, 0.1]),
            (volatility("A"), ShockKind::Relative, vec![0.5, 0.0, -0.1]),
            (volatility("B"), ShockKind::Relative, vec![0.5, 0.0, -0.1]),
        ],
    )
}

/// Which of the inputs of `A` to leave out.
#[derive(Debug, Clone, Copy, Default)]
struct Without {
    spot: bool,
    reference: bool,
    volatility: bool,
    rate: bool,
    dividend: bool,
}

impl Without {
    fn market(self) -> MarketSnapshot {
        let mut market = MarketSnapshot::usd(TODAY).with_spot("B", 120.0).unwrap().with_volatility("B", 0.4).unwrap();
        market = market.with_dividend_yield("B", 0.0).unwrap();
        if !self.spot {
            market = market.with_spot("A", 50.0).unwrap();
        }
        if !self.reference {
            market = market.with_reference_price("A", 40.0).unwrap();
        }
        if !self.volatility {
            market = market.with_volatility("A", VOLATILITY).unwrap();
        }
        if !self.rate {
            market = market.with_rate("USD", RATE).unwrap();
        }
        if !self.dividend {
            market = market.with_dividend_yield("A", YIELD).unwrap();
        }
        market
    }
}

/// The put on `A` is the row in question.
fn positions() -> BookBuilder {
    Book::builder()
        .option(put("A", 50.0, EXPIRY), -2.0)
        .tagged("desk", "options")
        .share("B", 10.0)
        .tagged("desk", "shares")
        .cash("USD", 800.0)
}

fn revalued(market: &MarketSnapshot) -> ScenarioPnl {
    positions().build(market).unwrap().revalue(&crash()).unwrap()
}

fn only_unvalued(pnl: &ScenarioPnl) -> (&str, ErrorKind, &str) {
    assert_eq!(pnl.unvalued().len(), 1, "{:?}", pnl.unvalued());
    let unvalued = &pnl.unvalued()[0];
    (unvalued.row.as_str(), unvalued.kind, unvalued.reason.as_str())
}

#[test]
fn each_missing_input_is_the_reason() {
    let all = Without::default();
    for (without, reason) in [
        (Without { spot: true, ..all }, "no price of A in the market snapshot"),
        (Without { volatility: true, ..all }, "no volatility of A 2019-03-15 P 50 in the market snapshot"),
        (Without { rate: true, ..all }, "no rate of USD in the market snapshot"),
        (Without { dividend: true, ..all }, "no dividend yield of A in the market snapshot"),
    ] {
        let pnl = revalued(&without.market());
        assert_eq!(only_unvalued(&pnl), ("A 2019-03-15 P 50", ErrorKind::InsufficientData, reason));
        assert_eq!(pnl.rows().len(), 2);
        assert_eq!(pnl.coverage().position_share(), Some(2.0 / 3.0));
        // 200 units at the spot of 50, or at the reference of 40 where the spot is what is missing.
        let missing = if without.spot { 8_000.0 } else { 10_000.0 };
        assert_eq!(pnl.coverage().notional_share(), Some(2_000.0 / (2_000.0 + missing)));
        // The labels move along with the row to the end.
        assert_eq!(pnl.labels().label(0, "desk").unwrap(), Some("shares"));
        assert_eq!(pnl.labels().label(2, "desk").unwrap(), Some("options"));
        let book = positions().build(&without.market()).unwrap();
        for grouped in
            [pnl.group_by("desk").unwrap(), Revaluation::default().revalue_by(&book, &crash(), "desk").unwrap()]
        {
            assert_eq!(only_unvalued(&grouped), ("options", ErrorKind::InsufficientData, reason));
            assert_eq!(grouped.coverage(), pnl.coverage());
        }
    }
}

#[test]
fn without_any_price_the_notional_share_is_unknown() {
    let pnl = revalued(&Without { spot: true, reference: true, ..Without::default() }.market());
    assert_eq!(pnl.coverage().position_share(), Some(2.0 / 3.0));
    assert_eq!(pnl.coverage().notional_share(), None);
    assert_eq!(pnl.coverage().notional, None);
}

#[test]
fn a_price_without_scenarios_is_a_reason_too() {
    let market = market().with_spot("C", 30.0).unwrap();
    let book = Book::builder().share("C", 10.0).share("A", 1.0).build(&market).unwrap();
    let pnl = book.revalue(&crash()).unwrap();
    let reason = "the scenarios say nothing about the spot of C";
    assert_eq!(only_unvalued(&pnl), ("C", ErrorKind::InsufficientData, reason));
    assert_eq!(pnl.coverage().notional_share(), Some(50.0 / 350.0));
}

#[test]
fn a_model_that_does_not_apply_today_is_a_reason() {
    // q < r < 0: the exercise region of the put has two boundaries.
    let market = MarketSnapshot::usd(TODAY)
        .with_spot("A", 50.0)
        .and_then(|m| m.with_volatility("A", 0.3)?.with_rate("USD", -0.01)?.with_dividend_yield("A", -0.03))
        .unwrap();
    let book = Book::builder().option(put("A", 50.0, EXPIRY), 1.0).share("A", 100.0).build(&market).unwrap();
    let pnl = book.revalue(&crash()).unwrap();
    let (row, kind, reason) = only_unvalued(&pnl);
    assert_eq!((row, kind), ("A 2019-03-15 P 50", ErrorKind::Unsupported), "{reason}");
    assert_eq!(pnl.coverage().notional_share(), Some(0.5));
    assert_eq!(book.exposure().1, pnl.coverage());
}

#[test]
fn a_model_that_fails_in_one_scenario_drops_the_row_only() {
    let book = Book::builder()
        .share("A", 100.0)
        .tagged("desk", "one")
        .option(put("A", 50.0, EXPIRY), 1.0)
        .tagged("desk", "one")
        .option(call("A", 50.0, EXPIRY), 1.0)
        .tagged("desk", "two")
        .build(&market())
        .unwrap();
    let set = scenarios(
        Horizon::DAY,
        &[
            (spot("A"), ShockKind::Relative, vec![0.0, -0.1]),
            (volatility("A"), ShockKind::Relative, vec![0.0, 0.1]),
            (rate("USD"), ShockKind::Absolute, vec![0.0, -0.04]),
            (dividend("A"), ShockKind::Absolute, vec![0.0, -0.05]),
        ],
    );
    let pnl = book.revalue(&set).unwrap();
    let (row, kind, _) = only_unvalued(&pnl);
    assert_eq!((row, kind), ("A 2019-03-15 P 50", ErrorKind::Unsupported));
    assert_eq!(pnl.rows().iter().map(|r| r.as_str()).collect::<Vec<_>>(), ["A", "A 2019-03-15 C 50"]);
    assert_eq!(pnl.values()[[0, 1]], -500.0);
    assert_eq!(pnl.labels().label(1, "desk").unwrap(), Some("two"));
    assert_eq!(pnl.labels().label(2, "desk").unwrap(), Some("one"));
    let by = Revaluation::default().revalue_by(&book, &set, "desk").unwrap();
    assert_eq!(by.values().row(0), pnl.values().row(0));
    assert_eq!(by.row_coverage(), pnl.group_by("desk").unwrap().row_coverage());
}

#[test]
fn volatility_must_move_or_be_held_by_name() {
    let book = positions().build(&market()).unwrap();
    let set = scenarios(
        Horizon::DAY,
        &[(spot("A"), ShockKind::Relative, vec![-0.1]), (spot("B"), ShockKind::Relative, vec![-0.1])],
    );
    let factor = volatility("A").to_string();
    assert_eq!(book.revalue(&set).unwrap_err(), Error::MissingFactor { factor: factor.clone() });
    let by = Revaluation::default().revalue_by(&book, &set, "desk");
    assert_eq!(by.unwrap_err(), Error::MissingFactor { factor });
    let pnl = Revaluation::default().with_held_fixed(HeldFixed::Volatility).revalue(&book, &set).unwrap();
    let held: Vec<Factor> = pnl
        .assumptions()
        .iter()
        .filter_map(|a| match a {
            Assumption::HeldFixed { factor } => Some(factor.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(held.len(), 3);
    for factor in [volatility("A"), dividend("A"), rate("USD")] {
        assert!(held.contains(&factor), "{factor}");
    }
}

#[test]
fn rates_and_dividends_without_scenarios_are_recorded() {
    let held = |set: &ScenarioSet| {
        let pnl = positions().build(&market()).unwrap().revalue(set).unwrap();
        pnl.assumptions().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let words = |factor: Factor| format!("{factor} held fixed");
    assert_eq!(held(&crash()), [words(rate("USD")), words(dividend("A"))]);
    let mut columns = vec![
        (spot("A"), ShockKind::Relative, vec![0.1]),
        (spot("B"), ShockKind::Relative, vec![0.1]),
        (volatility("A"), ShockKind::Relative, vec![0.1]),
        (rate("USD"), ShockKind::Absolute, vec![0.0]),
    ];
    assert_eq!(held(&scenarios(Horizon::DAY, &columns)), [words(dividend("A"))]);
    columns.push((dividend("A"), ShockKind::Absolute, vec![0.0]));
    assert_eq!(held(&scenarios(Horizon::DAY, &columns)), Vec::<String>::new());
}

/// `A` quoted in euros.
fn abroad() -> MarketSnapshot {
    let market = market().with_quote_currency("A", "EUR").unwrap();
    market.with_rate("EUR", 0.01).unwrap().with_fx("EUR", 1.1).unwrap()
}

#[test]
fn another_currency_moves_by_its_own_factor() {
    let book = Book::builder()
        .share("A", 100.0)
        .option(put("A", 50.0, EXPIRY), 1.0)
        .cash("EUR", 1_000.0)
        .share("B", 1.0)
        .build(&abroad())
        .unwrap();
    let set = scenarios(
        Horizon::DAY,
        &[
            (spot("A"), ShockKind::Relative, vec![-0.1, 0.0]),
            (spot("B"), ShockKind::Relative, vec![0.0, 0.0]),
            (volatility("A"), ShockKind::Relative, vec![0.0, 0.0]),
            (fx("EUR"), ShockKind::Absolute, vec![-0.1, 0.2]),
        ],
    );
    let pnl = Revaluation::default().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
    testkit::close(pnl.values()[[0, 0]], 4_500.0 - 5_500.0, 1e-9);
    testkit::close(pnl.values()[[0, 1]], 6_500.0 - 5_500.0, 1e-9);
    // The euro rate discounts, not the dollar's.
    let unit = |spot| price(&put("A", 50.0, EXPIRY), spot, 74.0 / 365.0, VOLATILITY, 0.01, YIELD);
    testkit::close(pnl.values()[[1, 0]], 100.0 * (unit(45.0) - 1.1 * unit(50.0)), 1e-8);
    testkit::close(pnl.values()[[1, 1]], 100.0 * (1.3 - 1.1) * unit(50.0), 1e-8);
    testkit::close(pnl.values()[[2, 0]], -100.0, 1e-9);
    testkit::close(pnl.values()[[2, 1]], 200.0, 1e-9);
    assert_eq!(pnl.values().row(3).to_vec(), [0.0, 0.0]);
    testkit::close(pnl.row_coverage()[0].notional_valued, 5_500.0, 1e-9);
    let (exposure, _) = book.exposure();
    let delta = book.exposures()[1].1.known().unwrap().dollar_delta;
    testkit::close(exposure.dollar_delta, 5_500.0 + delta + 120.0, 1e-9);
}

#[test]
fn another_currency_without_factor_or_quote() {
    let set = scenarios(Horizon::DAY, &[(spot("A"), ShockKind::Relative, vec![-0.1])]);
    let share = || Book::builder().share("A", 1.0).cash("USD", 5.0);
    let error = share().build(&abroad()).unwrap().revalue(&set).unwrap_err();
    assert_eq!(error, Error::MissingFactor { factor: fx("EUR").to_string() });
    let without_quote = market().with_quote_currency("A", "EUR").unwrap();
    let book = share().build(&without_quote).unwrap();
    let pnl = book.revalue(&set).unwrap();
    assert_eq!(only_unvalued(&pnl), ("A", ErrorKind::InsufficientData, "no price of EUR in the market snapshot"));
    assert_eq!(pnl.coverage().notional_share(), None);
    assert!(book.exposures()[0].1.known().is_none());
    let to_nothing = scenarios(
        Horizon::DAY,
        &[(spot("A"), ShockKind::Relative, vec![-0.1]), (fx("EUR"), ShockKind::Relative, vec![-1.0])],
    );
    let error = share().build(&abroad()).unwrap().revalue(&to_nothing).unwrap_err();
    assert!(matches!(error, Error::ShockOutOfDomain { expected: "positive", value: 0.0, .. }), "{error}");
    // The base in itself is 1 and nothing else.
    assert!(matches!(market().with_fx("USD", 1.2), Err(Error::Market { what: "fx", .. })));
    assert!(market().with_fx("USD", 1.0).is_ok());
    let text = serde_json::to_string(&abroad()).unwrap().replace(r#""EUR":1.1"#, r#""USD":1.1"#);
    assert!(serde_json::from_str::<MarketSnapshot>(&text).is_err());
}

#[test]
fn shocks_below_zero_name_the_scenario_and_the_factor() {
    let book = positions().share("A", 1.0).build(&market()).unwrap();
    let run = |factor: Factor, kind: ShockKind, shocks: Vec<f64>| {
        let still = vec![0.0; shocks.len()];
        let mut columns: Vec<_> = [spot("A"), spot("B"), volatility("A")]
            .into_iter()
            .filter(|f| *f != factor)
            .map(|f| (f, ShockKind::Relative, still.clone()))
            .collect();
        columns.push((factor, kind, shocks));
        book.revalue(&scenarios(Horizon::DAY, &columns))
    };
    let error = run(spot("A"), ShockKind::Absolute, vec![1.0, -50.5]).unwrap_err();
    let factor = spot("A").to_string();
    let expected = "at least 0";
    assert_eq!(error, Error::ShockOutOfDomain { scenario: "2".to_owned(), factor, expected, value: -0.5 });
    assert!(run(spot("A"), ShockKind::Absolute, vec![1.0, -50.0]).is_ok(), "zero is a price");
    let error = run(volatility("A"), ShockKind::Absolute, vec![0.0, 0.1, -0.25]).unwrap_err();
    let Error::ShockOutOfDomain { scenario, factor, value, .. } = error else { unreachable!("{error}") };
    assert_eq!((scenario.as_str(), factor), ("3", volatility("A").to_string()));
    testkit::close(value, -0.01, 1e-12);
    assert!(run(volatility("A"), ShockKind::Absolute, vec![-VOLATILITY]).is_ok(), "zero is a volatility");
    assert!(run(volatility("A"), ShockKind::Relative, vec![-1.0]).is_ok());
    for factor in [spot("A"), volatility("A")] {
        let error = run(factor, ShockKind::Log, vec![0.0, 800.0]).unwrap_err();
        assert!(matches!(error, Error::ShockOutOfDomain { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn dates_must_agree() {
    let market = MarketSnapshot::usd(date(2018, 12, 28)).with_spot("A", 50.0).unwrap();
    let book = Book::builder().share("A", 1.0).build(&market).unwrap();
    let error = book.revalue(&crash()).unwrap_err();
    assert_eq!(error, Error::AsOfMismatch { market: date(2018, 12, 28), scenarios: TODAY });
}

#[test]
fn too_large_a_cube_is_refused_at_its_first_cell_too_many() {
    let book = positions().build(&market()).unwrap();
    let limited = |max_cells| Revaluation::default().with_max_cells(max_cells);
    assert!(limited(9).revalue(&book, &crash()).is_ok());
    let error = limited(8).revalue(&book, &crash()).unwrap_err();
    assert_eq!(error, Error::TooLarge { cells: 9, limit: 8 });
    let error = limited(8).revalue_by(&book, &crash(), "desk").unwrap_err();
    assert_eq!(error, Error::TooLarge { cells: 9, limit: 8 });
    assert!(limited(9).revalue_by(&book, &crash(), "desk").is_ok());
}

#[test]
fn an_empty_book_says_nothing() {
    let book = Book::builder().build(&market()).unwrap();
    let pnl = book.revalue(&crash()).unwrap();
    assert_eq!((pnl.rows().len(), pnl.coverage().position_share()), (0, None));
    assert!(pnl.losses().is_err());
}

fn gaps() -> impl Strategy<Value = Without> {
    prop::array::uniform5(any::<bool>()).prop_map(|[spot, reference, volatility, rate, dividend]| Without {
        spot,
        reference,
        volatility,
        rate,
        dividend,
    })
}

proptest! {
    #[test]
    fn taking_inputs_away_never_raises_the_coverage(some in gaps(), more in gaps()) {
        let fewer = Without {
            spot: some.spot || more.spot,
            reference: some.reference || more.reference,
            volatility: some.volatility || more.volatility,
            rate: some.rate || more.rate,
            dividend: some.dividend || more.dividend,
        };
        let pnl = |without: Without| {
            let book = positions().share("A", 5.0).option(call("B", 100.0, EXPIRY), 1.0).build(&without.market()).unwrap();
            let pnl = book.revalue(&crash()).unwrap();
            let (_, exposed) = book.exposure();
            (pnl.rows().len() + pnl.unvalued().len(), pnl.coverage(), exposed)
        };
        let ((rows, before, exposed), (fewer_rows, after, _)) = (pnl(some), pnl(fewer));
        prop_assert_eq!((rows, fewer_rows), (5, 5));
        prop_assert_eq!(before, exposed);
        prop_assert_eq!((before.positions, after.positions), (5, 5));
        prop_assert!(after.positions_valued <= before.positions_valued);
        prop_assert!(after.notional_valued <= before.notional_valued);
        prop_assert!(before.notional.is_some() || after.notional.is_none());
    }
}
