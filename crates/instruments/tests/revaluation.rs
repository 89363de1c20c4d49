//! Full revaluation against the pricing functions, one cell at a time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

mod common;

use alluse_instruments::{
    Book, BookBuilder, ExchangeCalendar, HeldFixed, MarketSnapshot, Method, OptionContract, Revaluation, TimeRoll,
};
use alluse_risk_core::{Assumption, Horizon, RowId, ScenarioPnl, ScenarioSet, ShockKind};
use common::{
    RATE, TODAY, VOLATILITY, YIELD, call, dividend, market, price, put, rate, scenarios, spot, volatility, wiggle,
};
use jiff::civil::{Date, date};
use proptest::prelude::*;

fn held() -> Revaluation {
    Revaluation::default().with_held_fixed(HeldFixed::Volatility)
}

fn settled(pnl: &ScenarioPnl) -> Vec<&str> {
    let row = |assumption: &'_ Assumption| matches!(assumption, Assumption::SettledInsideHorizon { .. });
    pnl.assumptions()
        .iter()
        .filter(|a| row(a))
        .map(|a| match a {
            Assumption::SettledInsideHorizon { row } => row.as_str(),
            _ => "",
        })
        .collect()
}

#[test]
fn shares_are_linear_and_cash_stands_still() {
    let book = Book::builder().share("A", 300.0).share("B", -20.0).cash("USD", 1e6).build(&market()).unwrap();
    let moves = [wiggle(40, 1, 0.2), wiggle(40, 2, 0.3)];
    let set = scenarios(
        Horizon::DAY,
        &[(spot("A"), ShockKind::Relative, moves[0].clone()), (spot("B"), ShockKind::Relative, moves[1].clone())],
    );
    let days: Vec<Date> = (0..40).map(|i| date(2018, 1, 1).saturating_add(jiff::Span::new().days(i))).collect();
    let pnl = book.revalue(&set.with_dates(&days).unwrap()).unwrap();
    for (i, (a, b)) in moves[0].iter().zip(&moves[1]).enumerate() {
        // The difference of two prices loses the digits that they share: relative to the value, not the P&L.
        testkit::close(pnl.values()[[0, i]] / 15_000.0, *a, 1e-12);
        testkit::close(pnl.values()[[1, i]] / -2_400.0, *b, 1e-12);
        assert_eq!(pnl.values()[[2, i]], 0.0);
    }
    assert!(pnl.assumptions().is_empty() && pnl.coverage().is_complete());
    assert_eq!(pnl.coverage().notional, Some(15_000.0 + 2_400.0 + 1e6));
    assert_eq!(pnl.ids()[1].as_str(), "2018-01-02");
}

proptest! {
    #[test]
    fn any_linear_book_is_the_sum_of_its_shocks(
        holdings in prop::collection::vec((-1e4..1e4_f64, 0.01..2e3_f64), 1..12),
        shocks in prop::collection::vec(-1.0..3.0_f64, 1..30),
    ) {
        let (mut market, mut builder) = (MarketSnapshot::usd(TODAY), Book::builder());
        let mut columns = Vec::new();
        for (i, (quantity, price)) in holdings.iter().enumerate() {
            let name = format!("S{i}");
            market = market.with_spot(&name, *price).unwrap();
            builder = builder.share(&name, quantity + 0.5_f64.copysign(*quantity));
            columns.push((spot(&name), ShockKind::Relative, shocks.clone()));
        }
        let book = builder.build(&market).unwrap();
        let pnl = book.revalue(&scenarios(Horizon::WEEK, &columns)).unwrap();
        let total = pnl.total();
        for (i, shock) in shocks.iter().enumerate() {
            let (mut sum, mut gross) = (0.0, 0.0);
            for (quantity, price) in &holdings {
                let value = (quantity + 0.5_f64.copysign(*quantity)) * price;
                sum += value * shock;
                gross += value.abs();
            }
            prop_assert!((total[i] - sum).abs() <= 1e-12 * gross, "{} {sum}", total[i]);
        }
    }
}

const EXPIRY: Date = date(2019, 3, 15);

/// Calls and puts, American and European, on `A`.
fn contracts() -> Vec<OptionContract> {
    let mut all = Vec::new();
    for strike in [42.0, 50.0, 61.0] {
        all.extend([call("A", strike, EXPIRY), put("A", strike, EXPIRY)]);
        all.extend([call("A", strike, EXPIRY).european(), put("A", strike, EXPIRY).european()]);
    }
    all
}

fn held_contracts(contracts: &[OptionContract], quantity: f64) -> Book {
    let add = |builder: BookBuilder, (i, contract): (usize, &OptionContract)| {
        builder.option(contract.clone(), quantity).named(&i.to_string())
    };
    contracts.iter().enumerate().fold(Book::builder(), add).build(&market()).unwrap()
}

/// Shocks of spot, volatility, rate and dividend yield; `None` holds still.
struct Shocks {
    spot: (ShockKind, Vec<f64>),
    volatility: Option<(ShockKind, Vec<f64>)>,
    rate: Option<(ShockKind, Vec<f64>)>,
    dividend: Option<(ShockKind, Vec<f64>)>,
}

impl Shocks {
    fn set(&self, horizon: Horizon) -> ScenarioSet {
        let mut columns = vec![(spot("A"), self.spot.0, self.spot.1.clone())];
        for (factor, column) in
            [(volatility("A"), &self.volatility), (rate("USD"), &self.rate), (dividend("A"), &self.dividend)]
        {
            columns.extend(column.as_ref().map(|(kind, shocks)| (factor, *kind, shocks.clone())));
        }
        scenarios(horizon, &columns)
    }

    /// Where a factor stands in a scenario, by the definitions of the three kinds.
    fn moved(now: f64, column: Option<&(ShockKind, Vec<f64>)>, scenario: usize) -> f64 {
        match column {
            None => now,
            Some((ShockKind::Relative, s)) => now + now * s[scenario],
            Some((ShockKind::Absolute, s)) => now + s[scenario],
            Some((ShockKind::Log, s)) => now * s[scenario].exp(),
        }
    }
}

fn each_cell_is_a_price(shocks: &Shocks, tolerance: f64) {
    let contracts = contracts();
    let book = held_contracts(&contracts, -2.0);
    let pnl = held().revalue(&book, &shocks.set(Horizon::WEEK)).unwrap();
    // Five exchange days from Monday 31 December are Monday 7 January: 67 days before expiry.
    let (now, then) = (74.0 / 365.0, 67.0 / 365.0);
    for (row, contract) in contracts.iter().enumerate() {
        let before = price(contract, 50.0, now, VOLATILITY, RATE, YIELD);
        for scenario in 0..shocks.spot.1.len() {
            let after = price(
                contract,
                Shocks::moved(50.0, Some(&shocks.spot), scenario),
                then,
                Shocks::moved(VOLATILITY, shocks.volatility.as_ref(), scenario),
                Shocks::moved(RATE, shocks.rate.as_ref(), scenario),
                Shocks::moved(YIELD, shocks.dividend.as_ref(), scenario),
            );
            let unit = pnl.values()[[row, scenario]] / -200.0;
            assert!((unit - (after - before)).abs() < tolerance * 50.0, "{contract} {scenario}: {unit}");
        }
    }
}

#[test]
fn each_cell_is_the_price_after_the_shock_less_the_price_before() {
    for kind in [ShockKind::Relative, ShockKind::Absolute, ShockKind::Log] {
        let spots = if kind == ShockKind::Absolute { wiggle(20, 3, 15.0) } else { wiggle(20, 3, 0.3) };
        let volatilities = if kind == ShockKind::Absolute { wiggle(20, 4, 0.2) } else { wiggle(20, 4, 0.7) };
        each_cell_is_a_price(
            &Shocks {
                spot: (kind, spots),
                volatility: Some((kind, volatilities)),
                rate: Some((kind, wiggle(20, 5, 0.02))),
                dividend: Some((kind, wiggle(20, 6, 0.015))),
            },
            1e-10,
        );
    }
}

#[test]
fn factors_move_one_at_a_time_too() {
    let spots = || (ShockKind::Relative, wiggle(12, 7, 0.25));
    let log = |size| Some((ShockKind::Log, wiggle(12, 8, size)));
    let absolute = |size| Some((ShockKind::Absolute, wiggle(12, 9, size)));
    each_cell_is_a_price(&Shocks { spot: spots(), volatility: log(0.5), rate: None, dividend: None }, 1e-10);
    each_cell_is_a_price(&Shocks { spot: spots(), volatility: None, rate: absolute(0.02), dividend: None }, 1e-10);
    each_cell_is_a_price(&Shocks { spot: spots(), volatility: None, rate: None, dividend: absolute(0.01) }, 1e-10);
    // One exercise boundary serves every spot.
    each_cell_is_a_price(&Shocks { spot: spots(), volatility: None, rate: None, dividend: None }, 1e-9 / 50.0);
}

#[test]
fn one_boundary_or_one_per_scenario_is_the_same_price() {
    let book = held_contracts(&contracts(), 1.0);
    let spots = (ShockKind::Relative, wiggle(50, 10, 0.4));
    let one = Shocks { spot: spots.clone(), volatility: None, rate: None, dividend: None };
    let each =
        Shocks { spot: spots, volatility: Some((ShockKind::Absolute, vec![0.0; 50])), rate: None, dividend: None };
    let a = held().revalue(&book, &one.set(Horizon::DAY)).unwrap();
    let b = held().revalue(&book, &each.set(Horizon::DAY)).unwrap();
    for (a, b) in a.values().iter().zip(b.values()) {
        assert!((a - b).abs() < 100.0 * 1e-9, "{a} {b}");
    }
}

#[test]
fn a_contract_has_its_own_volatility() {
    let (skewed, flat) = (put("A", 42.0, EXPIRY).european(), put("A", 50.0, EXPIRY).european());
    let market = market().with_contract_volatility(&skewed, 0.35).unwrap();
    let book = Book::builder().option(skewed.clone(), 1.0).option(flat.clone(), 1.0).build(&market).unwrap();
    let set = scenarios(
        Horizon::DAY,
        &[(spot("A"), ShockKind::Log, vec![-0.1]), (volatility("A"), ShockKind::Relative, vec![0.5])],
    );
    let pnl = Revaluation::default().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
    let time = 74.0 / 365.0;
    for (row, (contract, own)) in [(skewed, 0.35), (flat, VOLATILITY)].iter().enumerate() {
        let moved = price(contract, 50.0 * (-0.1_f64).exp(), time, 1.5 * own, RATE, YIELD);
        let unit = moved - price(contract, 50.0, time, *own, RATE, YIELD);
        testkit::close(pnl.values()[[row, 0]], 100.0 * unit, 1e-9);
    }
}

#[test]
fn an_instant_shock_takes_no_time_and_a_horizon_takes_calendar_days() {
    let contract = call("A", 50.0, EXPIRY).european();
    let book = Book::builder().option(contract.clone(), 1.0).build(&market()).unwrap();
    let still = |days| scenarios(Horizon::days(days).unwrap(), &[(spot("A"), ShockKind::Log, vec![0.0])]);
    let unit =
        |revaluation: &Revaluation, days| revaluation.revalue(&book, &still(days)).unwrap().values()[[0, 0]] / 100.0;
    let lost = |calendar_days: f64| {
        let aged = price(&contract, 50.0, (74.0 - calendar_days) / 365.0, VOLATILITY, RATE, YIELD);
        aged - price(&contract, 50.0, 74.0 / 365.0, VOLATILITY, RATE, YIELD)
    };
    testkit::close(unit(&held().with_time_roll(TimeRoll::Instant), 5), 0.0, 1e-12);
    let weekdays = held();
    testkit::close(unit(&weekdays, 1), lost(1.0), 1e-10);
    testkit::close(unit(&weekdays, 4), lost(4.0), 1e-10);
    testkit::close(unit(&weekdays, 5), lost(7.0), 1e-10);
    let closed = held().with_calendar(ExchangeCalendar::weekdays().with_holidays([date(2019, 1, 1)]));
    testkit::close(unit(&closed, 1), lost(2.0), 1e-10);
    testkit::close(unit(&closed, 4), lost(7.0), 1e-10);
}

#[test]
fn options_that_expire_on_the_way_settle_and_their_cash_earns_the_rate() {
    let (inside, last, outside) = (date(2019, 1, 3), date(2019, 1, 7), date(2019, 1, 8));
    let book = Book::builder()
        .option(put("A", 52.0, inside), -3.0)
        .option(call("A", 45.0, last).european(), 2.0)
        .option(call("A", 45.0, outside), 1.0)
        .build(&market())
        .unwrap();
    let set = scenarios(
        Horizon::WEEK,
        &[(spot("A"), ShockKind::Absolute, vec![-10.0, 4.0]), (rate("USD"), ShockKind::Absolute, vec![0.01, 0.0])],
    );
    let pnl = held().revalue(&book, &set).unwrap();
    assert_eq!(settled(&pnl), ["A 2019-01-03 P 52", "A 2019-01-07 C 45"]);
    let now = price(&put("A", 52.0, inside), 50.0, 3.0 / 365.0, VOLATILITY, RATE, YIELD);
    // Twelve dollars on a spot of 40, four days at 3.5 %.
    testkit::close(pnl.values()[[0, 0]], -300.0 * (12.0 * (0.035_f64 * 4.0 / 365.0).exp() - now), 1e-9);
    testkit::close(pnl.values()[[0, 1]], 300.0 * now, 1e-9);
    // On the last day there is nothing left to earn.
    let now = price(&call("A", 45.0, last).european(), 50.0, 7.0 / 365.0, VOLATILITY, RATE, YIELD);
    testkit::close(pnl.values()[[1, 0]], -200.0 * now, 1e-9);
    testkit::close(pnl.values()[[1, 1]], 200.0 * (9.0 - now), 1e-9);
    let instant = held().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
    assert_eq!(settled(&instant), Vec::<&str>::new());
}

#[test]
fn on_its_last_day_an_option_is_worth_its_payoff() {
    let book = Book::builder().option(call("A", 45.0, TODAY), 1.0).option(put("A", 52.0, TODAY), -1.0);
    let book = book.build(&market()).unwrap();
    let set = scenarios(Horizon::DAY, &[(spot("A"), ShockKind::Absolute, vec![-10.0, 5.0])]);
    let pnl = held().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
    assert_eq!(pnl.values().as_slice().unwrap(), [-500.0, 500.0, -1_000.0, 200.0]);
    assert_eq!(settled(&pnl).len(), 2);
    let rolled = held().revalue(&book, &set).unwrap();
    testkit::close(rolled.values()[[1, 0]], -100.0 * (12.0 * (RATE / 365.0).exp() - 2.0), 1e-9);
}

#[test]
fn a_share_can_lose_everything() {
    let book = Book::builder()
        .share("A", 100.0)
        .option(put("A", 50.0, EXPIRY), 1.0)
        .option(put("A", 50.0, EXPIRY).european(), 1.0)
        .named("european")
        .option(call("A", 50.0, EXPIRY), 1.0);
    let book = book.build(&market()).unwrap();
    let set = scenarios(Horizon::DAY, &[(spot("A"), ShockKind::Relative, vec![-1.0, 0.0])]);
    let pnl = held().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
    let time = 74.0 / 365.0;
    let now = |contract: OptionContract| price(&contract, 50.0, time, VOLATILITY, RATE, YIELD);
    assert_eq!(pnl.values()[[0, 0]], -5_000.0);
    testkit::close(pnl.values()[[1, 0]], 100.0 * (50.0 - now(put("A", 50.0, EXPIRY))), 1e-8);
    let european = 50.0 * (-RATE * time).exp() - now(put("A", 50.0, EXPIRY).european());
    testkit::close(pnl.values()[[2, 0]], 100.0 * european, 1e-8);
    testkit::close(pnl.values()[[3, 0]], -100.0 * now(call("A", 50.0, EXPIRY)), 1e-8);
}

/// A mixed book with labels, gaps and more scenarios than two blocks of 512.
fn mixed() -> (Book, ScenarioSet) {
    let market = market().with_reference_price("GONE", 10.0).unwrap().with_spot("STUCK", 5.0).unwrap();
    let book = Book::builder()
        .share("GONE", 7.0)
        .tagged("desk", "one")
        .share("STUCK", 9.0)
        .tagged("desk", "lost")
        .share("GHOST", 9.0)
        .tagged("desk", "lost")
        .share("A", 100.0)
        .tagged("desk", "two")
        .option(put("A", 47.0, EXPIRY), -4.0)
        .tagged("desk", "one")
        .option(call("B", 130.0, EXPIRY).european(), 2.0)
        .cash("USD", 5_000.0)
        .tagged("desk", "two")
        .option(call("B", 110.0, date(2019, 1, 2)), -1.0)
        .tagged("desk", "one")
        .share("NOBODY", 1.0)
        .build(&market)
        .unwrap();
    let n = 1_100;
    let set = scenarios(
        Horizon::WEEK,
        &[
            (spot("A"), ShockKind::Log, wiggle(n, 11, 0.2)),
            (spot("B"), ShockKind::Relative, wiggle(n, 12, 0.3)),
            (volatility("A"), ShockKind::Relative, wiggle(n, 13, 0.4)),
            (volatility("B"), ShockKind::Log, wiggle(n, 14, 0.4)),
        ],
    );
    (book, set)
}

#[test]
fn revaluing_by_label_is_revaluing_and_grouping() {
    let (book, set) = mixed();
    let cube = book.revalue(&set).unwrap();
    let by = Revaluation::default().revalue_by(&book, &set, "desk").unwrap();
    let grouped = cube.group_by("desk").unwrap();
    assert_eq!(by.rows(), grouped.rows());
    assert_eq!(by.unvalued(), grouped.unvalued());
    assert_eq!(by.unvalued().len(), 1);
    assert_eq!(by.unvalued()[0].row.as_str(), "lost");
    assert!(by.unvalued()[0].reason.contains(';'), "both reasons: {}", by.unvalued()[0].reason);
    assert_eq!(by.row_coverage(), grouped.row_coverage());
    assert_eq!(by.coverage(), grouped.coverage());
    assert_eq!(by.labels(), grouped.labels());
    assert_eq!(by.assumptions(), grouped.assumptions());
    assert_eq!((by.ids(), by.horizon(), by.ordering()), (grouped.ids(), grouped.horizon(), grouped.ordering()));
    assert!(by.rows().iter().any(|row| row.as_str() == "unlabelled"));
    let gross = cube.coverage().notional_valued;
    for (a, b) in by.values().iter().zip(grouped.values()) {
        assert!((a - b).abs() <= 1e-12 * gross, "{a} {b}");
    }
    assert!(Revaluation::default().revalue_by(&book, &set, "nothing").is_err());
}

#[test]
fn the_numbers_do_not_depend_on_the_threads() {
    let (book, set) = mixed();
    let run = |threads: usize, method: Method| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let revaluation = Revaluation::default().with_method(method);
        pool.install(|| {
            let text = |pnl: ScenarioPnl| serde_json::to_string(&pnl).unwrap();
            (
                text(revaluation.revalue(&book, &set).unwrap()),
                text(revaluation.revalue_by(&book, &set, "desk").unwrap()),
            )
        })
    };
    for method in [Method::Exact, Method::Grid { tolerance: 1e-4 }] {
        assert_eq!(run(1, method), run(3, method));
    }
}

#[test]
fn the_order_of_positions_is_the_order_of_rows() {
    let contracts = contracts();
    let set = scenarios(
        Horizon::DAY,
        &[(spot("A"), ShockKind::Log, wiggle(70, 15, 0.2)), (volatility("A"), ShockKind::Log, wiggle(70, 16, 0.2))],
    );
    let forward = held_contracts(&contracts, 1.0).revalue(&set).unwrap();
    let mut builder = Book::builder();
    for (i, contract) in contracts.iter().enumerate().rev() {
        builder = builder.option(contract.clone(), 1.0).named(&i.to_string());
    }
    let backward = builder.build(&market()).unwrap().revalue(&set).unwrap();
    let last = contracts.len() - 1;
    for row in 0..=last {
        assert_eq!(forward.rows()[row], backward.rows()[last - row]);
        assert_eq!(forward.values().row(row), backward.values().row(last - row));
    }
}

#[test]
fn what_the_scenarios_say_about_themselves_is_kept() {
    let book = Book::builder().share("A", 1.0).build(&market()).unwrap();
    let set = scenarios(Horizon::TEN_DAYS, &[(spot("A"), ShockKind::Log, vec![0.1, 0.2])]);
    let set = set.with_probabilities(vec![0.25, 0.75]).unwrap().with_overlap(10).unwrap();
    let pnl = book.revalue(&set).unwrap();
    assert_eq!(pnl.probabilities(), set.probabilities());
    assert_eq!((pnl.overlap(), pnl.horizon()), (10, Horizon::TEN_DAYS));
    assert_eq!(pnl.rows(), [RowId::new("A").unwrap()]);
}

#[test]
fn a_revaluation_can_be_stored() {
    let revaluation = held()
        .with_time_roll(TimeRoll::Instant)
        .with_method(Method::Grid { tolerance: 1e-5 })
        .with_calendar(ExchangeCalendar::weekdays().with_holidays([date(2019, 1, 1)]))
        .with_max_cells(17);
    let text = serde_json::to_string(&revaluation).unwrap();
    assert_eq!(serde_json::from_str::<Revaluation>(&text).unwrap(), revaluation);
    assert_ne!(revaluation, Revaluation::default());
    let (book, set) = mixed();
    let pnl = book.revalue(&set).unwrap();
    assert_eq!(serde_json::from_str::<Book>(&serde_json::to_string(&book).unwrap()).unwrap(), book);
    assert_eq!(serde_json::from_str::<ScenarioPnl>(&serde_json::to_string(&pnl).unwrap()).unwrap(), pnl);
}

#[test]
fn options_that_share_a_boundary_are_priced_as_if_alone() {
    let expiry = date(2019, 6, 21);
    let contracts = [put("A", 45.0, expiry), put("A", 52.0, expiry), put("A", 60.0, expiry), call("A", 50.0, expiry)];
    let own = market().with_contract_volatility(&contracts[2], 0.31).unwrap();
    let set = scenarios(
        Horizon::DAY,
        &[
            (spot("A"), ShockKind::Relative, vec![-0.4, -0.1, 0.0, 0.2]),
            (volatility("A"), ShockKind::Relative, vec![1.5, 0.3, -1.0, 0.0]),
        ],
    );
    let mut together = Book::builder();
    for contract in &contracts {
        together = together.option(contract.clone(), -2.0);
    }
    let cube = together.build(&own).unwrap().revalue(&set).unwrap();
    for (row, contract) in contracts.iter().enumerate() {
        let alone = Book::builder().option(contract.clone(), -2.0).build(&own).unwrap().revalue(&set).unwrap();
        assert_eq!(cube.values().row(row), alone.values().row(0), "{contract}");
    }
}
