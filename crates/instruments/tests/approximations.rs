//! Approximations happen when they are asked for, are as good as they say, and say how good that is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

mod common;

use alluse_instruments::{Book, HeldFixed, Method, OptionContract, Revaluation, TimeRoll};
use alluse_risk_core::{Assumption, Horizon, ScenarioPnl, ScenarioSet, ShockKind};
use common::{call, market, put, rate, scenarios, spot, volatility, wiggle};
use jiff::civil::{Date, date};

const EXPIRY: Date = date(2019, 6, 21);

fn book(contracts: &[OptionContract]) -> Book {
    let add = |builder: alluse_instruments::BookBuilder, (i, contract): (usize, &OptionContract)| {
        builder.option(contract.clone(), -3.0).named(&i.to_string())
    };
    contracts.iter().enumerate().fold(Book::builder(), add).build(&market()).unwrap()
}

fn americans() -> Vec<OptionContract> {
    let near = date(2019, 1, 25);
    vec![put("A", 50.0, EXPIRY), put("A", 56.0, near), call("A", 44.0, EXPIRY), call("A", 52.0, near)]
}

/// A day's moves, with a few crashes among them.
fn moves(count: usize, with_volatility: bool) -> ScenarioSet {
    let mut spots = wiggle(count, 21, 0.08);
    for i in (0..count).step_by(97) {
        spots[i] *= 3.0;
    }
    let mut columns = vec![(spot("A"), ShockKind::Log, spots)];
    if with_volatility {
        columns.push((volatility("A"), ShockKind::Log, wiggle(count, 22, 0.25)));
    }
    scenarios(Horizon::DAY, &columns)
}

fn revalue(book: &Book, set: &ScenarioSet, method: Method) -> ScenarioPnl {
    let revaluation = Revaluation::default().with_held_fixed(HeldFixed::Volatility).with_method(method);
    revaluation.revalue(book, set).unwrap()
}

/// Rows, largest error and sample size, if anything was approximated.
fn approximated(pnl: &ScenarioPnl) -> Option<(usize, f64, usize)> {
    pnl.assumptions().iter().find_map(|assumption| match assumption {
        Assumption::Approximated { rows, measured_error, sampled } => Some((*rows, *measured_error, *sampled)),
        _ => None,
    })
}

fn worst(a: &ScenarioPnl, b: &ScenarioPnl) -> f64 {
    a.values().iter().zip(b.values()).fold(0.0, |worst: f64, (a, b)| worst.max((a - b).abs()))
}

#[test]
fn nothing_is_approximated_unasked() {
    let (book, set) = (book(&americans()), moves(600, true));
    assert_eq!(Revaluation::default(), Revaluation::default().with_method(Method::Exact));
    assert_eq!(approximated(&revalue(&book, &set, Method::default())), None);
}

#[test]
fn the_grid_is_as_good_as_it_says() {
    for with_volatility in [true, false] {
        let (book, set) = (book(&americans()), moves(1_000, with_volatility));
        let exact = revalue(&book, &set, Method::Exact);
        let grid = revalue(&book, &set, Method::Grid { tolerance: 1e-3 });
        let (rows, measured, sampled) = approximated(&grid).unwrap();
        assert!((1..=4).contains(&rows) && sampled == 33 * rows, "{rows} {sampled}");
        let error = worst(&exact, &grid);
        // 300 units on a strike of at most 56.
        assert!(measured <= 1e-3 * 56.0 * 300.0);
        assert!(error > 0.0 && error <= 10.0 * measured.max(1e-9), "{error} {measured}");
    }
}

#[test]
fn the_expansion_is_as_good_as_it_says() {
    let (book, set) = (book(&americans()), moves(1_000, true));
    let exact = revalue(&book, &set, Method::Exact);
    let taylor = revalue(&book, &set, Method::Taylor { tolerance: 0.05 });
    let (rows, measured, sampled) = approximated(&taylor).unwrap();
    assert!((1..=4).contains(&rows) && sampled == 33 * rows, "{rows} {sampled}");
    assert!(measured <= 0.05 * 56.0 * 300.0);
    let error = worst(&exact, &taylor);
    assert!(error > 0.0 && error <= 10.0 * measured, "{error} {measured}");
    // Small moves: second order is enough, the rest is third order.
    let small = |size| {
        scenarios(
            Horizon::DAY,
            &[
                (spot("A"), ShockKind::Log, wiggle(300, 23, size)),
                (volatility("A"), ShockKind::Log, wiggle(300, 24, size)),
            ],
        )
    };
    let off = |size| {
        let set = small(size);
        worst(&revalue(&book, &set, Method::Exact), &revalue(&book, &set, Method::Taylor { tolerance: 1.0 }))
    };
    let (wide, narrow) = (off(0.02), off(0.01));
    assert!(wide < 300.0 * 0.01, "{wide}");
    assert!(narrow < wide / 4.0, "{narrow} {wide}");
}

#[test]
fn a_tolerance_that_cannot_be_met_means_exact() {
    let (book, set) = (book(&americans()), moves(600, true));
    let exact = revalue(&book, &set, Method::Exact);
    for method in [
        Method::Grid { tolerance: 1e-18 },
        Method::Grid { tolerance: -1.0 },
        Method::Grid { tolerance: f64::NAN },
        Method::Taylor { tolerance: 1e-18 },
    ] {
        let pnl = revalue(&book, &set, method);
        assert_eq!(pnl, exact, "{method:?}");
        assert_eq!(approximated(&pnl), None);
    }
}

#[test]
fn european_options_are_exact_on_a_grid() {
    let european: Vec<_> = americans().into_iter().map(OptionContract::european).collect();
    let (book, set) = (book(&european), moves(600, true));
    let exact = revalue(&book, &set, Method::Exact);
    assert_eq!(revalue(&book, &set, Method::Grid { tolerance: 0.1 }), exact);
    assert!(approximated(&revalue(&book, &set, Method::Taylor { tolerance: 1.0 })).is_some());
}

#[test]
fn few_scenarios_and_moving_rates_are_exact() {
    let book = book(&americans());
    for (count, expected) in [(132, false), (133, true)] {
        let pnl = revalue(&book, &moves(count, true), Method::Grid { tolerance: 0.1 });
        assert_eq!(approximated(&pnl).is_some(), expected, "{count}");
    }
    let set = scenarios(
        Horizon::DAY,
        &[(spot("A"), ShockKind::Log, wiggle(150, 25, 0.1)), (rate("USD"), ShockKind::Absolute, wiggle(150, 26, 0.01))],
    );
    let exact = revalue(&book, &set, Method::Exact);
    for method in [Method::Grid { tolerance: 0.1 }, Method::Taylor { tolerance: 1.0 }] {
        assert_eq!(revalue(&book, &set, method), exact);
    }
}

#[test]
fn degenerate_scenarios_fall_back_rather_than_fail() {
    let book = book(&americans());
    let n = 200;
    let spots = || wiggle(n, 27, 0.2);
    let mut ruin = spots();
    ruin[17] = -1.0;
    for columns in [
        // No volatility at all: the expansion would divide by a step of zero.
        vec![(spot("A"), ShockKind::Relative, spots()), (volatility("A"), ShockKind::Relative, vec![-1.0; n])],
        // One scenario in which the share is worth nothing.
        vec![(spot("A"), ShockKind::Relative, ruin)],
        // Every scenario the same.
        vec![(spot("A"), ShockKind::Relative, vec![-0.1; n]), (volatility("A"), ShockKind::Log, vec![0.1; n])],
    ] {
        let set = scenarios(Horizon::DAY, &columns);
        let exact = revalue(&book, &set, Method::Exact);
        assert!(exact.coverage().is_complete());
        for method in [Method::Grid { tolerance: 1e-3 }, Method::Taylor { tolerance: 1e-3 }] {
            let pnl = revalue(&book, &set, method);
            assert!(pnl.coverage().is_complete(), "{method:?}");
            let allowed = approximated(&pnl).map_or(0.0, |(_, measured, _)| 10.0 * measured.max(1e-6));
            assert!(worst(&exact, &pnl) <= allowed, "{method:?}: {} {allowed}", worst(&exact, &pnl));
        }
    }
}

#[test]
fn the_same_holds_by_label() {
    let mut builder = Book::builder();
    for (i, contract) in americans().into_iter().enumerate() {
        builder = builder.option(contract, -3.0).tagged("desk", if i < 2 { "puts" } else { "calls" });
    }
    let (book, set) = (builder.build(&market()).unwrap(), moves(1_000, true));
    let revaluation = Revaluation::default().with_time_roll(TimeRoll::Instant);
    let exact = revaluation.revalue_by(&book, &set, "desk").unwrap();
    let grid = revaluation.with_method(Method::Grid { tolerance: 1e-3 }).revalue_by(&book, &set, "desk").unwrap();
    let (rows, measured, sampled) = approximated(&grid).unwrap();
    assert!((1..=4).contains(&rows) && sampled >= 33 * rows);
    // Two positions in a label: their errors add.
    assert!(worst(&exact, &grid) <= 20.0 * measured);
    assert_eq!(approximated(&exact), None);
}
