//! The P&L cube against independent pricing, and what happens to what cannot be priced.

#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests compare exact numbers, and helpers fail loudly")]

mod common;

use alluse_instruments::pricing::{AmericanMethod, BlackScholes, BlackScholesInputs, ExerciseStyle};
use alluse_instruments::{
    Book, Error, ExchangeCalendar, HeldFixed, MarketSnapshot, Method, Multiplier, OptionContract, Revaluation,
    TimeRoll,
};
use alluse_risk_core::{
    Assumption, ErrorKind, Factor, Horizon, Ordering, ScenarioId, ScenarioPnl, ScenarioSet, ShockKind,
};
use common::{
    asset, call, currency, friday, many, market, near, pnl_of, put, row, scenarios, spot, volatility,
};
use jiff::civil::{Date, date};
use ndarray::{Array2, array};
use proptest::prelude::*;

const RELATIVE: ShockKind = ShockKind::Relative;
const EXPIRY: Date = date(2024, 6, 21);

fn instant() -> Revaluation {
    Revaluation::default().with_time_roll(TimeRoll::Instant)
}

fn holding() -> Revaluation {
    Revaluation::default().with_held_fixed(HeldFixed::Volatility)
}

/// Scalar price from a day on.
fn price(contract: &OptionContract, day: Date, spot: f64, volatility: f64, rate: f64, dividend_yield: f64) -> f64 {
    let days = (contract.expiry() - day).get_days();
    let model = BlackScholes::new(BlackScholesInputs {
        spot,
        strike: contract.strike(),
        time: f64::from(days) / 365.0,
        volatility,
        rate,
        dividend_yield,
    })
    .unwrap();
    match contract.style() {
        ExerciseStyle::European => model.price(contract.kind()),
        ExerciseStyle::American => AmericanMethod::default().price(contract.kind(), &model).unwrap(),
    }
}

fn held(factor: Factor) -> Assumption {
    Assumption::HeldFixed { factor }
}

// Linear positions.

#[test]
fn shares_follow_dated_returns_and_cash_does_not_move() {
    let book = Book::builder().share("A", -7.0).share("B", 300.0).cash("USD", 1e6).build(&market()).unwrap();
    let set = scenarios(&[(spot("A"), RELATIVE), (spot("B"), RELATIVE)], &[&[0.01, -0.2], &[-1.0, 0.5]])
        .with_dates(&[date(2024, 2, 1), date(2024, 2, 2)])
        .unwrap();
    let pnl = book.revalue(&set).unwrap();
    for (name, want) in [("A", [-7.0, 700.0]), ("B", [-2_400.0, 6_000.0]), ("USD cash", [0.0, 0.0])] {
        for (got, want) in pnl_of(&pnl, name).iter().zip(want) {
            near(*got, want, 1e-12 * 12_000.0);
        }
    }
    assert_eq!(pnl_of(&pnl, "USD cash"), [0.0, 0.0]);
    assert_eq!(pnl.ordering(), Ordering::Dated);
    assert_eq!(pnl.ids()[1].as_str(), "2024-02-02");
    assert_eq!(pnl.horizon(), Horizon::DAY);
    assert!(pnl.assumptions().is_empty());
    assert_eq!(pnl.coverage().notional_share(), Some(1.0));
    assert_eq!(pnl.coverage().notional, Some(700.0 + 12_000.0 + 1e6));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_linear_book_is_linear(
        held in prop::collection::vec((0.01_f64..5_000.0, prop_oneof![-1e6_f64..-1e-3, 1e-3_f64..1e6]), 1..8),
        seed in prop::collection::vec(-1.0_f64..3.0, 1..40),
        kind in prop::sample::select(vec![ShockKind::Relative, ShockKind::Log, ShockKind::Absolute]),
    ) {
        let name = |i: usize| format!("S{i}");
        let mut market = MarketSnapshot::usd(friday());
        let mut book = Book::builder();
        for (i, (price, units)) in held.iter().enumerate() {
            market = market.with_spot(&name(i), *price).unwrap();
            book = book.share(&name(i), *units);
        }
        let factors = (0..held.len()).map(|i| (spot(&name(i)), kind)).collect();
        let shocks = Array2::from_shape_fn((seed.len(), held.len()), |(s, i)| {
            let shock = seed[(s + i) % seed.len()];
            if kind == ShockKind::Absolute { shock.abs() } else { shock }
        });
        let set = ScenarioSet::new(friday(), Horizon::DAY, factors, shocks.clone()).unwrap();
        let pnl = book.build(&market).unwrap().revalue(&set).unwrap();
        prop_assert_eq!(pnl.rows().len(), held.len());
        for ((s, i), shock) in shocks.indexed_iter() {
            let (price, units) = held[i];
            let want = units * match kind {
                ShockKind::Relative => price * shock,
                ShockKind::Absolute => *shock,
                ShockKind::Log => price * shock.exp_m1(),
            };
            let tolerance = 1e-12 * units.abs() * price * (1.0 + shock.exp());
            prop_assert!((pnl.values()[[i, s]] - want).abs() <= tolerance, "{} {}", pnl.values()[[i, s]], want);
        }
    }
}

// Options.

#[test]
fn every_cell_is_an_independent_price() {
    let contracts = [
        put("A", 95.0, EXPIRY),
        call("A", 110.0, EXPIRY),
        put("A", 100.0, EXPIRY).european(),
        call("A", 90.0, EXPIRY).european(),
    ];
    let mut builder = Book::builder();
    for (i, contract) in contracts.iter().enumerate() {
        builder = builder.option(contract.clone(), [2.0, -3.0, -1.0, 4.0][i]).named(&i.to_string());
    }
    // One contract has a volatility of its own, and the shocks of the underlying move that.
    let market = market().with_contract_volatility(&contracts[1], 0.4).unwrap();
    let book = builder.build(&market).unwrap();
    let rows: [&[f64]; 4] = [&[-0.1, 0.2, 0.01, 0.005], &[0.3, -0.15, -0.02, 0.0], &[0.0; 4], &[-0.6, 0.5, 0.03, -0.01]];
    for spot_kind in [ShockKind::Relative, ShockKind::Log, ShockKind::Absolute] {
        for kind in [ShockKind::Relative, ShockKind::Log, ShockKind::Absolute] {
            let factors = [
                (spot("A"), spot_kind),
                (volatility("A"), kind),
                (Factor::Rate(currency("USD")), ShockKind::Absolute),
                (Factor::Dividend(asset("A")), ShockKind::Absolute),
            ];
            let moved = |kind, value: f64, shock: f64| match kind {
                ShockKind::Relative => value + value * shock,
                ShockKind::Absolute => value + shock,
                ShockKind::Log => value * shock.exp(),
            };
            for (roll, day) in [(TimeRoll::Instant, friday()), (TimeRoll::Horizon, date(2024, 3, 4))] {
                let pnl = Revaluation::default().with_time_roll(roll).revalue(&book, &scenarios(&factors, &rows)).unwrap();
                assert!(pnl.assumptions().is_empty());
                for (i, contract) in contracts.iter().enumerate() {
                    let own = if i == 1 { 0.4 } else { 0.3 };
                    let now = price(contract, friday(), 100.0, own, 0.05, 0.02);
                    for (s, shock) in rows.iter().enumerate() {
                        let spot = moved(spot_kind, 100.0, shock[0]);
                        let then =
                            price(contract, day, spot, moved(kind, own, shock[1]), 0.05 + shock[2], 0.02 + shock[3]);
                        let units = book.positions()[i].units();
                        near(pnl_of(&pnl, &i.to_string())[s] / units, then - now, 1e-10 * 100.0);
                    }
                }
            }
        }
    }
}

#[test]
fn one_boundary_or_one_a_scenario_is_the_same_number() {
    let book = Book::builder()
        .option(put("A", 105.0, EXPIRY), -1.0)
        .option(call("A", 95.0, EXPIRY), 1.0)
        .build(&market())
        .unwrap();
    let moves: Vec<f64> = (0..41).map(|i| -0.5 + 0.025 * f64::from(i)).collect();
    let fixed: Vec<&[f64]> = moves.chunks(1).collect();
    let pairs: Vec<f64> = moves.iter().flat_map(|m| [*m, 0.0]).collect();
    let moving: Vec<&[f64]> = pairs.chunks(2).collect();
    let one = holding().revalue(&book, &scenarios(&[(spot("A"), RELATIVE)], &fixed)).unwrap();
    let factors = [(spot("A"), RELATIVE), (volatility("A"), RELATIVE)];
    let each = Revaluation::default().revalue(&book, &scenarios(&factors, &moving)).unwrap();
    for (a, b) in one.values().iter().zip(each.values()) {
        near(*a, *b, 1e-9 * 100.0);
    }
}

#[test]
fn a_share_can_lose_everything() {
    let european = put("A", 95.0, EXPIRY).european();
    let book = Book::builder()
        .share("A", 10.0)
        .option(put("A", 95.0, EXPIRY), 1.0)
        .option(european.clone(), 1.0)
        .named("european")
        .option(call("A", 95.0, EXPIRY), 1.0)
        .named("call")
        .build(&market())
        .unwrap();
    for kind in [(RELATIVE, -1.0), (ShockKind::Absolute, -100.0)] {
        let set = scenarios(&[(spot("A"), kind.0), (volatility("A"), RELATIVE)], &[&[kind.1, 0.5]]);
        let pnl = instant().revalue(&book, &set).unwrap();
        assert_eq!(pnl_of(&pnl, "A"), [-1_000.0]);
        let now = |contract: &OptionContract| price(contract, friday(), 100.0, 0.3, 0.05, 0.02);
        let american = put("A", 95.0, EXPIRY);
        near(pnl_of(&pnl, "A 2024-06-21 P 95")[0] / 100.0, 95.0 - now(&american), 1e-10);
        let discounted = 95.0 * (-0.05_f64 * 112.0 / 365.0).exp();
        near(pnl_of(&pnl, "european")[0] / 100.0, discounted - now(&european), 1e-10);
        near(pnl_of(&pnl, "call")[0] / 100.0, -now(&call("A", 95.0, EXPIRY)), 1e-10);
    }
}

#[test]
fn a_volatility_of_zero_is_a_price_too() {
    let book = Book::builder()
        .option(put("A", 120.0, EXPIRY), 1.0)
        .option(put("A", 120.0, EXPIRY).european(), 1.0)
        .named("european")
        .build(&market())
        .unwrap();
    let factors = [(spot("A"), RELATIVE), (volatility("A"), RELATIVE)];
    let pnl = instant().revalue(&book, &scenarios(&factors, &[&[0.0, -1.0]])).unwrap();
    let years = 112.0 / 365.0;
    // Without movement the American put is exercised at once, the European one pays strike less forward.
    let american = 20.0 - price(&put("A", 120.0, EXPIRY), friday(), 100.0, 0.3, 0.05, 0.02);
    near(pnl_of(&pnl, "A 2024-06-21 P 120")[0] / 100.0, american, 1e-10);
    let forward_intrinsic = 120.0 * (-0.05_f64 * years).exp() - 100.0 * (-0.02_f64 * years).exp();
    let now = price(&put("A", 120.0, EXPIRY).european(), friday(), 100.0, 0.3, 0.05, 0.02);
    near(pnl_of(&pnl, "european")[0] / 100.0, forward_intrinsic - now, 1e-10);
}

// Time.

fn quiet(horizon: Horizon) -> ScenarioSet {
    let factors = vec![(spot("A"), RELATIVE), (volatility("A"), RELATIVE)];
    ScenarioSet::new(friday(), horizon, factors, array![[0.0, 0.0]]).unwrap()
}

#[test]
fn a_quiet_day_is_worth_its_theta() {
    let book = Book::builder().option(put("A", 95.0, EXPIRY), -1.0).build(&market()).unwrap();
    let still = instant().revalue(&book, &quiet(Horizon::DAY)).unwrap();
    assert_eq!(still.values()[[0, 0]], 0.0);
    let (exposure, _) = book.exposure();
    let weekend = Revaluation::default().revalue(&book, &quiet(Horizon::DAY)).unwrap().values()[[0, 0]];
    // Three calendar days out of 112: theta itself changes by a few percent meanwhile.
    assert!(weekend > 0.0 && (weekend / (3.0 * exposure.theta_per_day()) - 1.0).abs() < 0.03);
}

#[test]
fn a_horizon_counts_exchange_days() {
    let contract = put("A", 95.0, EXPIRY);
    let book = Book::builder().option(contract.clone(), 1.0).build(&market()).unwrap();
    let closed = ExchangeCalendar::weekdays().with_holidays([date(2024, 3, 4), date(2024, 3, 5)]);
    for (calendar, horizon, end) in [
        (ExchangeCalendar::weekdays(), Horizon::DAY, date(2024, 3, 4)),
        (closed.clone(), Horizon::DAY, date(2024, 3, 6)),
        (ExchangeCalendar::weekdays(), Horizon::TEN_DAYS, date(2024, 3, 15)),
        (closed, Horizon::WEEK, date(2024, 3, 12)),
    ] {
        let pnl = Revaluation::default().with_calendar(calendar).revalue(&book, &quiet(horizon)).unwrap();
        let want = price(&contract, end, 100.0, 0.3, 0.05, 0.02) - price(&contract, friday(), 100.0, 0.3, 0.05, 0.02);
        near(pnl.values()[[0, 0]] / 100.0, want, 1e-10);
    }
}

#[test]
fn an_expiry_inside_the_horizon_settles_on_the_last_price() {
    let inside = put("A", 105.0, date(2024, 3, 6));
    let at_end = call("A", 80.0, date(2024, 3, 8)).european();
    let after = put("A", 105.0, date(2024, 3, 11));
    let book = Book::builder()
        .option(inside.clone(), 1.0)
        .named("inside")
        .option(at_end.clone(), -1.0)
        .named("at end")
        .option(after.clone(), 1.0)
        .named("after")
        .build(&market())
        .unwrap();
    let factors = vec![
        (spot("A"), RELATIVE),
        (volatility("A"), RELATIVE),
        (Factor::Rate(currency("USD")), ShockKind::Absolute),
    ];
    let set =
        ScenarioSet::new(friday(), Horizon::WEEK, factors, array![[-0.2, 0.5, 0.10], [0.3, 0.0, 0.0]]).unwrap();
    let pnl = Revaluation::default().revalue(&book, &set).unwrap();
    let now = |contract: &OptionContract| price(contract, friday(), 100.0, 0.3, 0.05, 0.02);
    // Friday to Wednesday's expiry, and the 25 earn 15 % for the two days that are left.
    let carried = 25.0 * (0.15_f64 * 2.0 / 365.0).exp();
    let got = pnl_of(&pnl, "inside");
    near(got[0] / 100.0, carried - now(&inside), 1e-10);
    near(got[1] / 100.0, -now(&inside), 1e-10);
    let got = pnl_of(&pnl, "at end");
    near(got[0] / -100.0, -now(&at_end), 1e-10);
    near(got[1] / -100.0, 50.0 - now(&at_end), 1e-10);
    let then = price(&after, date(2024, 3, 8), 80.0, 0.45, 0.15, 0.02);
    near(pnl_of(&pnl, "after")[0] / 100.0, then - now(&after), 1e-10);
    let settled = |name| Assumption::SettledInsideHorizon { row: row(name) };
    assert_eq!(pnl.assumptions(), [held(Factor::Dividend(asset("A"))), settled("inside"), settled("at end")]);
    // Nothing settles when the shock comes at once.
    let at_once = instant().revalue(&book, &set).unwrap();
    assert_eq!(at_once.assumptions(), [held(Factor::Dividend(asset("A")))]);
}

#[test]
fn on_the_expiry_day_an_option_is_its_payoff() {
    let book = Book::builder().option(put("A", 105.0, friday()), 2.0).build(&market()).unwrap();
    let set = scenarios(&[(spot("A"), RELATIVE)], &[&[-0.1], &[0.1], &[0.0]]);
    let pnl = holding().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
    for (got, want) in pnl.values().iter().zip([2_000.0, -1_000.0, 0.0]) {
        near(*got, want, 1e-9);
    }
    let carried = (0.05_f64 * 3.0 / 365.0).exp();
    let pnl = holding().revalue(&book, &set).unwrap();
    for (got, want) in pnl.values().iter().zip([15.0 * carried - 5.0, -5.0, 5.0 * carried - 5.0]) {
        near(*got, 200.0 * want, 1e-9);
    }
    let row = book.positions()[0].id.clone();
    assert!(pnl.assumptions().contains(&Assumption::SettledInsideHorizon { row }));
}

// What is missing.

/// Removes one input from a market that has them all for A; B is complete.
fn without(what: &str) -> MarketSnapshot {
    let mut market = MarketSnapshot::usd(friday()).with_spot("B", 40.0).unwrap();
    if what != "price" && what != "price and reference" {
        market = market.with_spot("A", 100.0).unwrap();
    }
    if what == "price" {
        market = market.with_reference_price("A", 90.0).unwrap();
    }
    if what != "volatility" {
        market = market.with_volatility("A", 0.3).unwrap();
    }
    if what != "rate" {
        market = market.with_rate("USD", 0.05).unwrap();
    }
    if what != "dividend yield" {
        market = market.with_dividend_yield("A", 0.02).unwrap();
    }
    market
}

#[test]
fn what_cannot_be_valued_stays_with_its_reason() {
    let set = scenarios(
        &[(spot("A"), RELATIVE), (spot("B"), RELATIVE), (volatility("A"), RELATIVE)],
        &[&[-0.1, 0.1, 0.0], &[0.2, 0.0, 0.1]],
    );
    let builder = || {
        Book::builder()
            .option(put("A", 95.0, EXPIRY), -2.0)
            .named("put")
            .tagged("strategy", "puts")
            .share("B", 100.0)
            .tagged("strategy", "shares")
            .cash("USD", 1_000.0)
    };
    for (what, reason, notional) in [
        ("price", "no price of A in the market snapshot", Some(18_000.0)),
        ("price and reference", "no price of A in the market snapshot", None),
        ("volatility", "no volatility of A 2024-06-21 P 95 in the market snapshot", Some(20_000.0)),
        ("rate", "no rate of USD in the market snapshot", Some(20_000.0)),
        ("dividend yield", "no dividend yield of A in the market snapshot", Some(20_000.0)),
    ] {
        let book = builder().build(&without(what)).unwrap();
        let pnl = Revaluation::default().revalue(&book, &set).unwrap();
        assert_eq!(pnl.rows(), [row("B"), row("USD cash")], "{what}");
        let [unvalued] = pnl.unvalued() else { panic!("{what}") };
        assert_eq!((unvalued.row.as_str(), unvalued.reason.as_str()), ("put", reason));
        assert_eq!(unvalued.kind, ErrorKind::InsufficientData);
        let coverage = pnl.coverage();
        assert_eq!(coverage.position_share(), Some(2.0 / 3.0));
        assert_eq!(coverage.notional_valued, 5_000.0);
        assert_eq!(coverage.notional_share(), notional.map(|n| 5_000.0 / (5_000.0 + n)), "{what}");
        // Labels go with their rows, to the end.
        let labels: Vec<_> = (0..3).map(|i| pnl.labels().label(i, "strategy").unwrap()).collect();
        assert_eq!(labels, [Some("shares"), None, Some("puts")]);
        for grouped in [
            pnl.group_by("strategy").unwrap(),
            Revaluation::default().revalue_by(&book, &set, "strategy").unwrap(),
        ] {
            assert_eq!(grouped.rows(), [row("shares"), row("unlabelled")]);
            assert_eq!((grouped.unvalued()[0].row.as_str(), &grouped.unvalued()[0].reason), ("puts", &unvalued.reason));
            assert_eq!(grouped.coverage(), coverage);
        }
    }
}

#[test]
fn a_price_without_scenarios_is_no_price() {
    let book = Book::builder().share("A", 1.0).share("B", 100.0).build(&market()).unwrap();
    let pnl = book.revalue(&scenarios(&[(spot("A"), RELATIVE)], &[&[0.1]])).unwrap();
    assert_eq!(pnl.unvalued()[0].reason, "the scenarios say nothing about the spot of B");
    assert_eq!(pnl.coverage().notional_share(), Some(100.0 / 4_100.0));
}

#[test]
fn a_region_without_a_model_is_said() {
    // An American put with dividend yield below a negative rate.
    let market = market().with_rate("USD", -0.01).unwrap().with_dividend_yield("A", -0.03).unwrap();
    let contract = put("A", 95.0, EXPIRY);
    let book = Book::builder()
        .option(contract.clone(), -1.0)
        .named("american")
        .option(contract.european(), -1.0)
        .named("european")
        .build(&market)
        .unwrap();
    let factors = [(spot("A"), RELATIVE), (volatility("A"), RELATIVE)];
    let pnl = book.revalue(&scenarios(&factors, &[&[0.1, 0.0]])).unwrap();
    assert_eq!(pnl.rows(), [row("european")]);
    assert_eq!(pnl.unvalued()[0].kind, ErrorKind::Unsupported);
    assert!(pnl.unvalued()[0].reason.contains("two boundaries"), "{}", pnl.unvalued()[0].reason);
}

#[test]
fn a_scenario_without_a_model_takes_the_row_and_no_other() {
    let rate = (Factor::Rate(currency("USD")), ShockKind::Absolute);
    let market = market().with_dividend_yield("A", -0.03).unwrap();
    let book = Book::builder()
        .share("A", 1.0)
        .tagged("x", "one")
        .option(put("A", 95.0, EXPIRY), -1.0)
        .named("put")
        .tagged("x", "one")
        .option(put("A", 95.0, EXPIRY).european(), -1.0)
        .named("european")
        .tagged("x", "two")
        .build(&market)
        .unwrap();
    let mut rows = vec![vec![0.01, 0.0, 0.0]; 700];
    rows[650][2] = -0.06;
    let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let set = scenarios(&[(spot("A"), RELATIVE), (volatility("A"), RELATIVE), rate], &rows);
    let pnl = instant().revalue(&book, &set).unwrap();
    assert_eq!(pnl.rows(), [row("A"), row("european")]);
    assert_eq!(pnl.unvalued()[0].row, row("put"));
    near(pnl_of(&pnl, "A")[650], 1.0, 1e-12);
    assert!(pnl_of(&pnl, "european")[650] < pnl_of(&pnl, "european")[649]);
    let by = instant().revalue_by(&book, &set, "x").unwrap();
    same_groups(&by, &pnl.group_by("x").unwrap(), 1e-12 * 19_100.0);
    near(by.values()[[0, 650]], 1.0, 1e-12);
}

/// The same labelled rows, whatever their order.
fn same_groups(got: &ScenarioPnl, want: &ScenarioPnl, tolerance: f64) {
    assert_eq!(got.rows().len(), want.rows().len());
    for (i, name) in want.rows().iter().enumerate() {
        let j = got.rows().iter().position(|r| r == name).unwrap();
        for (a, b) in got.values().row(j).iter().zip(want.values().row(i)) {
            near(*a, *b, tolerance);
        }
        assert_eq!(got.row_coverage()[j].positions, want.row_coverage()[i].positions);
        assert_eq!(got.row_coverage()[j].positions_valued, want.row_coverage()[i].positions_valued);
        assert_eq!(got.labels().label(j, "x").unwrap(), want.labels().label(i, "x").unwrap());
    }
    let sorted = |pnl: &ScenarioPnl| {
        let mut all: Vec<_> =
            pnl.unvalued().iter().map(|u| (u.row.to_string(), u.kind, u.reason.clone(), u.coverage.positions)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    };
    assert_eq!(sorted(got), sorted(want));
    assert_eq!(got.coverage().positions_valued, want.coverage().positions_valued);
    assert_eq!(got.assumptions(), want.assumptions());
    assert_eq!(got.ids(), want.ids());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn taking_inputs_away_never_raises_coverage_nor_loses_rows(present in prop::collection::vec(any::<bool>(), 7), drop in 0_usize..7) {
        let build = |present: &[bool]| {
            let mut market = MarketSnapshot::usd(friday()).with_spot("B", 40.0).unwrap();
            if present[0] { market = market.with_spot("A", 100.0).unwrap(); }
            if present[1] { market = market.with_reference_price("A", 100.0).unwrap(); }
            if present[2] { market = market.with_volatility("A", 0.3).unwrap(); }
            if present[3] { market = market.with_rate("USD", 0.05).unwrap(); }
            if present[4] { market = market.with_dividend_yield("A", 0.02).unwrap(); }
            if present[5] { market = market.with_volatility("B", 0.3).unwrap(); }
            if present[6] { market = market.with_dividend_yield("B", 0.02).unwrap(); }
            Book::builder()
                .share("A", 10.0).tagged("x", "one")
                .option(put("A", 95.0, EXPIRY), -1.0).tagged("x", "two")
                .option(call("A", 95.0, EXPIRY).european(), -1.0)
                .option(call("B", 45.0, EXPIRY), -1.0).tagged("x", "two")
                .share("B", 10.0).tagged("x", "three")
                .build(&market)
                .unwrap()
        };
        let factors = [(spot("A"), RELATIVE), (spot("B"), RELATIVE), (volatility("A"), RELATIVE), (volatility("B"), RELATIVE)];
        let set = scenarios(&factors, &[&[-0.1, 0.1, 0.0, 0.2], &[0.2, 0.0, 0.1, -0.3]]);
        let mut fewer = present.clone();
        fewer[drop] = false;
        let (book, poorer) = (build(&present), build(&fewer));
        let (before, after) = (book.revalue(&set).unwrap(), poorer.revalue(&set).unwrap());
        let (exposed, exposed_after) = (book.exposure().1, poorer.exposure().1);
        for (before, after) in [(before.coverage(), after.coverage()), (exposed, exposed_after)] {
            prop_assert_eq!(after.positions, 5);
            prop_assert!(after.positions_valued <= before.positions_valued);
            // A share that was unknown stays unknown; one that is known does not grow.
            match (before.notional_share(), after.notional_share()) {
                (Some(before), Some(after)) => prop_assert!(after <= before + 1e-12),
                (None, after) => prop_assert_eq!(after, None),
                (Some(_), None) => {}
            }
        }
        prop_assert_eq!(after.rows().len() + after.unvalued().len(), 5);
        prop_assert_eq!(after.coverage(), exposed_after);
        // Rows that still have a value have the same one.
        for name in after.rows() {
            prop_assert_eq!(pnl_of(&after, name.as_str()), pnl_of(&before, name.as_str()));
        }
        same_groups(&Revaluation::default().revalue_by(&poorer, &set, "x").unwrap(), &after.group_by("x").unwrap(), 1e-8);
    }
}

#[test]
fn a_volatility_that_does_not_move_must_be_asked_for() {
    let book = Book::builder().option(put("A", 95.0, EXPIRY), -1.0).build(&market()).unwrap();
    let set = scenarios(&[(spot("A"), RELATIVE)], &[&[-0.1]]);
    let error = book.revalue(&set).unwrap_err();
    assert_eq!(error, Error::MissingFactor { factor: "volatility of A".into() });
    assert_eq!(error.kind(), ErrorKind::InsufficientData);
    let pnl = holding().revalue(&book, &set).unwrap();
    let rate = Factor::Rate(currency("USD"));
    let fixed = [volatility("A"), rate.clone(), Factor::Dividend(asset("A"))];
    assert_eq!(pnl.assumptions(), fixed.map(held));
    // Only what does not move is recorded.
    let set = scenarios(&[(spot("A"), RELATIVE), (rate, ShockKind::Absolute)], &[&[-0.1, 0.0]]);
    let pnl = holding().revalue(&book, &set).unwrap();
    assert_eq!(pnl.assumptions(), [volatility("A"), Factor::Dividend(asset("A"))].map(held));
}

// Currencies.

#[test]
fn another_currency_needs_its_price_and_its_path() {
    let euro = Factor::Fx(currency("EUR"));
    let market = market().with_spot("E", 50.0).unwrap().with_quote_currency("E", "EUR").unwrap();
    let market = market.with_volatility("E", 0.2).unwrap().with_dividend_yield("E", 0.0).unwrap();
    let market = market.with_rate("EUR", 0.03).unwrap();
    let contract = call("E", 50.0, EXPIRY).european();
    let build = |market: &MarketSnapshot| {
        Book::builder()
            .share("E", 10.0)
            .cash("EUR", 100.0)
            .option(contract.clone(), 1.0)
            .named("call")
            .share("B", 1.0)
            .build(market)
            .unwrap()
    };
    let factors = [(spot("E"), RELATIVE), (spot("B"), RELATIVE), (volatility("E"), RELATIVE), (euro, RELATIVE)];
    let set = scenarios(&factors, &[&[0.1, 0.0, 0.0, -0.2], &[0.0, 0.0, 0.0, 0.0]]);
    // No quote: not valued.
    let pnl = instant().revalue(&build(&market), &set).unwrap();
    assert_eq!(pnl.rows(), [row("B")]);
    assert!(pnl.unvalued().iter().all(|u| u.reason == "no price of EUR in the market snapshot"));
    assert_eq!(pnl.coverage().notional_share(), None);
    // A quote and a path: both moves count, and their product.
    let quoted = market.with_fx("EUR", 1.25).unwrap();
    let book = build(&quoted);
    let pnl = instant().revalue(&book, &set).unwrap();
    for (name, want) in [("E", 10.0 * (55.0 - 62.5)), ("EUR cash", 100.0 - 125.0)] {
        near(pnl_of(&pnl, name)[0], want, 1e-10);
        near(pnl_of(&pnl, name)[1], 0.0, 1e-10);
    }
    let (now, then) = (price(&contract, friday(), 50.0, 0.2, 0.03, 0.0), price(&contract, friday(), 55.0, 0.2, 0.03, 0.0));
    near(pnl_of(&pnl, "call")[0], 100.0 * (then - now * 1.25), 1e-8);
    assert_eq!(pnl.coverage().notional, Some(625.0 + 125.0 + 6_250.0 + 40.0));
    // A quote without a path is refused.
    let still = scenarios(&factors[..3], &[&[0.1, 0.0, 0.0]]);
    assert_eq!(instant().revalue(&book, &still).unwrap_err(), Error::MissingFactor { factor: "price of EUR".into() });
}

// Refusals.

#[test]
fn shocks_that_leave_the_domain_name_scenario_and_factor() {
    let book = Book::builder()
        .option(put("A", 95.0, EXPIRY), -1.0)
        .option(call("A", 95.0, EXPIRY), -1.0)
        .cash("EUR", 1.0)
        .build(
            &market()
                .with_contract_volatility(&call("A", 95.0, EXPIRY), 0.1)
                .unwrap()
                .with_fx("EUR", 1.0)
                .unwrap(),
        )
        .unwrap();
    let absolute = ShockKind::Absolute;
    let euro = Factor::Fx(currency("EUR"));
    let refused = |kinds: [ShockKind; 3], shocks: [f64; 3]| {
        let factors = [(spot("A"), kinds[0]), (volatility("A"), kinds[1]), (euro.clone(), kinds[2])];
        let ids = ["calm", "crash"].map(|id| ScenarioId::new(id).unwrap()).to_vec();
        let set = scenarios(&factors, &[&[0.0, 0.0, 0.0], &shocks]).with_ids(ids, Ordering::Named).unwrap();
        instant().revalue(&book, &set)
    };
    for (kinds, shocks, want, after) in [
        ([absolute, RELATIVE, RELATIVE], [-100.5, 0.0, 0.0], "spot of A", -0.5),
        // 0.3 of the underlying could bear this, the 0.1 of the call cannot.
        ([absolute, absolute, RELATIVE], [0.0, -0.15, 0.0], "volatility of A", -0.05),
        ([RELATIVE, ShockKind::Log, RELATIVE], [0.0, 1_000.0, 0.0], "volatility of A", f64::INFINITY),
        ([ShockKind::Log, RELATIVE, RELATIVE], [1_000.0, 0.0, 0.0], "spot of A", f64::INFINITY),
        ([RELATIVE, RELATIVE, RELATIVE], [0.0, 0.0, -1.0], "price of EUR", 0.0),
    ] {
        let error = refused(kinds, shocks).unwrap_err();
        let Error::ShockOutOfDomain { scenario, factor, value, .. } = &error else { panic!("{error}") };
        assert_eq!((scenario.as_str(), factor.as_str()), ("crash", want));
        assert!(*value == after || (value - after).abs() < 1e-12, "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert!(refused([absolute, absolute, absolute], [-100.0, -0.1, -0.5]).is_ok());
}

#[test]
fn scenarios_of_another_day_are_refused() {
    let book = Book::builder().share("A", 1.0).build(&market()).unwrap();
    let monday = date(2024, 3, 4);
    let set = ScenarioSet::new(monday, Horizon::DAY, vec![(spot("A"), RELATIVE)], array![[0.0]]).unwrap();
    let want = Error::AsOfMismatch { market: friday(), scenarios: monday };
    assert_eq!(book.revalue(&set).unwrap_err(), want);
}

#[test]
fn a_cube_that_does_not_fit_is_refused() {
    let book = Book::builder()
        .share("A", 1.0)
        .tagged("x", "y")
        .share("B", 1.0)
        .tagged("x", "y")
        .build(&market())
        .unwrap();
    let set = many(10);
    let tight = Revaluation::default().with_max_cells(19);
    assert_eq!(tight.revalue(&book, &set).unwrap_err(), Error::TooLarge { cells: 20, limit: 19 });
    assert!(tight.revalue_by(&book, &set, "x").is_ok());
    assert!(tight.clone().with_max_cells(20).revalue(&book, &set).is_ok());
    let tighter = tight.with_max_cells(9);
    assert_eq!(tighter.revalue_by(&book, &set, "x").unwrap_err(), Error::TooLarge { cells: 10, limit: 9 });
    assert!(matches!(tighter.revalue_by(&book, &set, "z"), Err(Error::Input(_))));
}

// Groups, threads, order.

/// Every kind of row: valued, unvalued with and without a reference, labelled and not.
fn mixed() -> Book {
    let market = market().with_reference_price("C", 10.0).unwrap();
    Book::builder()
        .share("C", 5.0)
        .tagged("x", "late")
        .option(put("A", 95.0, EXPIRY), -3.0)
        .tagged("x", "puts")
        .share("D", 2.0)
        .tagged("x", "lost")
        .share("C", 1.0)
        .named("more C")
        .tagged("x", "lost")
        .option(call("B", 45.0, EXPIRY).european(), 2.0)
        .share("B", 10.0)
        .tagged("x", "late")
        .option(put("B", 38.0, EXPIRY).european(), -2.0)
        .tagged("x", "puts")
        .option(put("B", 38.0, friday()), -2.0)
        .tagged("x", "puts")
        .cash("USD", 5.0)
        .build(&market)
        .unwrap()
}

#[test]
fn groups_block_by_block_are_the_grouped_cube() {
    let book = mixed();
    for count in [1, 511, 512, 513, 1_300] {
        let set = many(count);
        let cube = Revaluation::default().revalue(&book, &set).unwrap();
        let by = Revaluation::default().revalue_by(&book, &set, "x").unwrap();
        // Gross: 30,000 of A and about 25,000 of B.
        same_groups(&by, &cube.group_by("x").unwrap(), 1e-12 * 55_000.0);
        assert_eq!(by.coverage().positions, 9);
        assert_eq!(by.unvalued()[0].reason, "no price of D in the market snapshot; no price of C in the market snapshot");
    }
}

#[test]
fn no_number_depends_on_the_threads() {
    let book = mixed();
    let set = many(1_100);
    for method in [Method::Exact, Method::Grid { tolerance: 1e-4 }] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let config = Revaluation::default().with_method(method);
            pool.install(|| (config.revalue(&book, &set).unwrap(), config.revalue_by(&book, &set, "x").unwrap()))
        };
        let (one, three) = (run(1), run(3));
        let bits = |pnl: &ScenarioPnl| pnl.values().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&one.0), bits(&three.0));
        assert_eq!(bits(&one.1), bits(&three.1));
        assert_eq!(one, three);
    }
}

#[test]
fn permuting_positions_permutes_rows() {
    let held = [("A", put("A", 95.0, EXPIRY)), ("B", call("B", 45.0, EXPIRY).european()), ("C", call("A", 120.0, EXPIRY))];
    let build = |order: [usize; 3]| {
        let add = |b: alluse_instruments::BookBuilder, i: usize| b.option(held[i].1.clone(), 1.5).named(held[i].0);
        order.into_iter().fold(Book::builder(), add).build(&market()).unwrap()
    };
    let set = many(50);
    let (forward, back) = (build([0, 1, 2]).revalue(&set).unwrap(), build([2, 0, 1]).revalue(&set).unwrap());
    for (name, _) in &held {
        assert_eq!(pnl_of(&forward, name), pnl_of(&back, name));
    }
    assert_eq!(back.rows(), [row("C"), row("A"), row("B")]);
}

#[test]
fn an_empty_book_has_an_empty_cube() {
    let pnl = Book::builder().build(&market()).unwrap().revalue(&many(3)).unwrap();
    assert_eq!((pnl.rows().len(), pnl.ids().len()), (0, 3));
    assert!(pnl.losses().is_err());
}

#[test]
fn probabilities_and_overlap_are_handed_on() {
    let book = Book::builder().share("A", 1.0).tagged("x", "y").build(&market()).unwrap();
    let set = many(2).with_probabilities(array![0.25, 0.75]).unwrap().with_overlap(3).unwrap();
    for pnl in [book.revalue(&set).unwrap(), Revaluation::default().revalue_by(&book, &set, "x").unwrap()] {
        assert_eq!(pnl.probabilities().unwrap(), array![0.25, 0.75]);
        assert_eq!(pnl.overlap(), 3);
        assert_eq!(pnl.ordering(), Ordering::Exchangeable);
    }
}

#[test]
fn the_configuration_survives_storage() {
    let config = Revaluation::default()
        .with_time_roll(TimeRoll::Instant)
        .with_calendar(ExchangeCalendar::weekdays().with_holidays([date(2024, 3, 29)]))
        .with_method(Method::Grid { tolerance: 1e-4 })
        .with_held_fixed(HeldFixed::Volatility)
        .with_max_cells(1_000);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Revaluation>(&text).unwrap(), config);
    assert_ne!(config, Revaluation::default());
    let mini = Multiplier::new(10.0).unwrap();
    assert_eq!(OptionContract::put("A", 95.0, EXPIRY, mini).unwrap().multiplier().units(), 10.0);
}
