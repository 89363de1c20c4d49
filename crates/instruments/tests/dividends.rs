//! Options on shares with cash dividends against other people's numbers, and books that hold them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

mod common;

use alluse_instruments::pricing::{
    BlackScholes, CashDividend, DividendModel, DividendOption, DividendSchedule, Drift, ExerciseStyle, GridSize,
    OptionKind,
};
use alluse_instruments::{Book, Error, HeldFixed, MarketSnapshot, Method, OptionContract, Revaluation, TimeRoll};
use alluse_risk_core::{Assumption, Horizon, ScenarioPnl, ShockKind};
use common::{TODAY, call, fx, put, rate, scenarios, spot, volatility, wiggle};
use jiff::civil::{Date, date};
use serde_json::Value;

fn option(row: &Value) -> DividendOption {
    let part = |name: &str| row[name].clone();
    let model: BlackScholes = serde_json::from_value(part("inputs")).unwrap();
    let schedule: DividendSchedule = serde_json::from_value(part("dividends")).unwrap();
    let kind: OptionKind = serde_json::from_value(part("kind")).unwrap();
    let style: ExerciseStyle = serde_json::from_value(part("style")).unwrap();
    let dividends: DividendModel = serde_json::from_value(part("model")).unwrap();
    DividendOption::new(kind, style, &model, &schedule, dividends).unwrap()
}

// 1e-5 of the strike is what the default grid promises; the rest is what QuantLib's two grids leave open.
#[test]
fn prices_match_quantlib() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("golden/dividends.json")).unwrap();
    assert_eq!(rows.len(), 40);
    for row in rows {
        let (want, spread) = (row["price"].as_f64().unwrap(), row["spread"].as_f64().unwrap());
        let tolerance = 1e-5 * row["inputs"]["strike"].as_f64().unwrap() + 1.5 * spread;
        let got = option(&row).price().unwrap();
        assert!((got - want).abs() < tolerance, "{got} {want} {spread}: {row}");
    }
}

// Prices by quadrature are exact: 1e-5 of the strike is all ours. So are the probabilities; the grid places the edge of
// the exercise region within a fraction of a node, and a whole node would be worth 5e-3.
#[test]
fn prices_and_probabilities_match_quadrature() {
    let golden: Value = serde_json::from_str(include_str!("golden/dividends_exact.json")).unwrap();
    for row in golden["exact"].as_array().unwrap() {
        let option = option(row);
        let (got, want) = (option.price().unwrap(), row["price"].as_f64().unwrap());
        assert!((got - want).abs() < 1e-5 * row["inputs"]["strike"].as_f64().unwrap(), "{got} {want}: {row}");
        probabilities(&option, row, 2e-3);
    }
}

// Only the total has a limit: a put on a share without yield is exercised up to the last moment, so what is left for
// expiry is one step of whatever grid it is, here as in the tree. The nodes of the tree are 1/32 of a deviation apart,
// which is worth up to 5e-3.
#[test]
fn probabilities_of_puts_match_a_tree() {
    let golden: Value = serde_json::from_str(include_str!("golden/dividends_exact.json")).unwrap();
    for row in golden["tree"].as_array().unwrap() {
        let option = option(row);
        for (drift, name) in [(Drift::RiskNeutral, "neutral"), (real_drift(row), "real")] {
            let got = option.exercise_probability(drift).unwrap();
            let want: f64 = row[name].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
            assert!((got.total - want).abs() < 5e-3, "{name} {got:?}: {row}");
            let fine =
                option.clone().with_grid_size(GridSize::new(256, 800).unwrap()).exercise_probability(drift).unwrap();
            assert!((fine.total - got.total).abs() < 3e-3, "{name} {got:?} {fine:?}");
            // It goes with the root of the step, which is a quarter.
            assert!(fine.at_expiry < 0.6 * got.at_expiry && got.at_expiry < 0.02, "{name} {got:?} {fine:?}");
        }
    }
}

fn real_drift(row: &Value) -> Drift {
    Drift::RealWorld { annual: row["drift"].as_f64().unwrap() }
}

fn probabilities(option: &DividendOption, row: &Value, tolerance: f64) {
    for (drift, name) in [(Drift::RiskNeutral, "neutral"), (real_drift(row), "real")] {
        let got = option.exercise_probability(drift).unwrap();
        let [early, at_expiry] = [0, 1].map(|i| row[name][i].as_f64().unwrap());
        assert!((got.early - early).abs() < tolerance, "{name} {got:?}: {row}");
        assert!((got.at_expiry - at_expiry).abs() < tolerance, "{name} {got:?}: {row}");
        assert!((got.total - early - at_expiry).abs() < tolerance, "{name} {got:?}: {row}");
    }
}

/// Ex on 4 January (inside a horizon of a week) and on 15 March.
const EX: [(Date, f64); 2] = [(date(2019, 1, 4), 0.5), (date(2019, 3, 15), 0.6)];
const EXPIRY: Date = date(2019, 6, 21);

fn market() -> MarketSnapshot {
    common::market().with_dividends("A", EX.to_vec()).unwrap()
}

/// The option on its own, with the dividends after `from`, by the pricing functions.
fn alone(contract: &OptionContract, spot: f64, volatility: f64, from: Date, model: DividendModel) -> f64 {
    let years = |day: Date| f64::from(day.duration_since(from).as_hours() as i32) / 24.0 / 365.0;
    let ahead = EX.iter().filter(|(ex_date, _)| *ex_date > from && *ex_date <= contract.expiry());
    let ahead = ahead.map(|(ex_date, amount)| CashDividend { ex_time: years(*ex_date), amount: *amount }).collect();
    let inputs = alluse_instruments::pricing::BlackScholesInputs {
        spot,
        strike: contract.strike(),
        time: years(contract.expiry()),
        volatility,
        rate: common::RATE,
        dividend_yield: common::YIELD,
    };
    let schedule = DividendSchedule::new(ahead).unwrap();
    let inputs = BlackScholes::new(inputs).unwrap();
    DividendOption::new(contract.kind(), contract.style(), &inputs, &schedule, model).unwrap().price().unwrap()
}

fn texts(pnl: &ScenarioPnl) -> Vec<String> {
    pnl.assumptions().iter().map(ToString::to_string).collect()
}

#[test]
fn values_and_exposures_know_the_dividends() {
    let contract = call("A", 48.0, EXPIRY);
    for model in [DividendModel::Escrowed, DividendModel::Spot] {
        let with = market().with_dividend_model(model);
        let book = Book::builder().option(contract.clone(), 2.0).build(&with).unwrap();
        let (exposure, coverage) = book.exposure();
        assert!(coverage.is_complete());
        let value = |spot| 200.0 * alone(&contract, spot, common::VOLATILITY, TODAY, model);
        assert!((exposure.market_value - value(50.0)).abs() < 1e-9);
        let slope = (value(50.5) - value(49.5)) * 50.0;
        assert!((exposure.dollar_delta - slope).abs() < 2e-3 * slope, "{exposure:?} {slope}");
        let bend = (value(51.0) - 2.0 * value(50.0) + value(49.0)) * 2_500.0;
        assert!((exposure.dollar_gamma - bend).abs() < 5e-3 * bend, "{exposure:?} {bend}");
        assert!(exposure.vega > 0.0 && exposure.theta < 0.0 && exposure.rho > 0.0);
    }
    // Without a yield the option stays unvalued, whatever is known of the cash.
    let bare = MarketSnapshot::usd(TODAY).with_rate("USD", 0.02).unwrap();
    let bare = bare.with_spot("A", 50.0).and_then(|m| m.with_volatility("A", 0.2)?.with_dividends("A", EX.to_vec()));
    let book = Book::builder().option(contract, 1.0).build(&bare.unwrap()).unwrap();
    assert!(!book.exposure().1.is_complete());
    // Before the first ex date nothing changes.
    let short = call("A", 48.0, date(2019, 1, 3));
    let value = |market: &MarketSnapshot| {
        Book::builder().option(short.clone(), 1.0).build(market).unwrap().exposure().0.market_value
    };
    assert_eq!(value(&market()), value(&common::market()));
}

#[test]
fn more_dividends_than_share_is_a_position_without_value() {
    let market = common::market().with_dividends("A", vec![(date(2019, 3, 15), 51.0)]).unwrap();
    let contract = put("A", 48.0, EXPIRY);
    let book = Book::builder().option(contract.clone(), 1.0).build(&market).unwrap();
    let (_, coverage) = book.exposure();
    assert!(!coverage.is_complete());
    let spot_model = market.with_dividend_model(DividendModel::Spot);
    let (exposure, coverage) = Book::builder().option(contract, 1.0).build(&spot_model).unwrap().exposure();
    assert!(coverage.is_complete() && exposure.market_value > 4_000.0);
}

#[test]
fn a_cube_holds_the_prices_of_its_scenarios() {
    let shocks = vec![-0.9, -0.3, -0.02, 0.0, 0.0, 0.05, 0.4];
    let contracts = [call("A", 48.0, EXPIRY), put("A", 55.0, EXPIRY), call("A", 48.0, EXPIRY).european()];
    for model in [DividendModel::Escrowed, DividendModel::Spot] {
        for (roll, end) in [(TimeRoll::Instant, TODAY), (TimeRoll::Horizon, date(2019, 1, 7))] {
            let config = Revaluation::default().with_held_fixed(HeldFixed::Volatility).with_time_roll(roll);
            let builder = contracts.iter().fold(Book::builder(), |builder, contract| {
                let style = if contract.style() == ExerciseStyle::European { "european" } else { "american" };
                builder.option(contract.clone(), -1.0).named(&format!("{contract} {style}"))
            });
            let book = builder.build(&market().with_dividend_model(model)).unwrap();
            let set = scenarios(Horizon::WEEK, &[(spot("A"), ShockKind::Relative, shocks.clone())]);
            let pnl = config.revalue(&book, &set).unwrap();
            for (row, contract) in contracts.iter().enumerate() {
                let now = alone(contract, 50.0, common::VOLATILITY, TODAY, model);
                for (column, shock) in shocks.iter().enumerate() {
                    let then = alone(contract, 50.0 * (1.0 + shock), common::VOLATILITY, end, model);
                    let (got, want) = (pnl.values()[[row, column]], -100.0 * (then - now));
                    assert!((got - want).abs() < 1e-7, "{contract} {model:?} {roll:?} {shock}: {got} {want}");
                }
            }
            let name = if model == DividendModel::Spot { "spot" } else { "escrowed" };
            let notes = texts(&pnl);
            assert_eq!(notes.iter().filter(|text| text.contains(&format!("by the {name} model"))).count(), 3);
            let crossed = notes.iter().filter(|text| text.contains("1 of them inside the horizon")).count();
            assert_eq!(crossed, if roll == TimeRoll::Horizon { 3 } else { 0 });
            assert_eq!(pnl, config.revalue(&book, &set).unwrap());
        }
    }
}

#[test]
fn volatilities_rates_and_yields_that_move_are_told_apart() {
    let set = scenarios(
        Horizon::DAY,
        &[
            (spot("A"), ShockKind::Relative, vec![0.1, 0.1, -0.1, -0.1, 0.1]),
            (volatility("A"), ShockKind::Absolute, vec![0.0, 0.1, 0.0, 0.1, -common::VOLATILITY]),
        ],
    );
    let contract = put("A", 52.0, EXPIRY);
    let book = Book::builder().option(contract.clone(), 1.0).build(&market()).unwrap();
    let pnl = Revaluation::default().with_time_roll(TimeRoll::Instant).revalue(&book, &set).unwrap();
    let value = |spot, volatility| alone(&contract, spot, volatility, TODAY, DividendModel::Escrowed);
    let now = value(50.0, common::VOLATILITY);
    for (column, (spot, volatility)) in
        [(55.0, 0.24), (55.0, 0.34), (45.0, 0.24), (45.0, 0.34), (55.0, 0.0)].into_iter().enumerate()
    {
        let want = 100.0 * (value(spot, volatility) - now);
        assert!((pnl.values()[[0, column]] - want).abs() < 1e-7, "{column}");
    }
    let moved = scenarios(
        Horizon::DAY,
        &[(spot("A"), ShockKind::Relative, vec![0.0, 0.0]), (rate("USD"), ShockKind::Absolute, vec![0.0, 0.02])],
    );
    let config = Revaluation::default().with_time_roll(TimeRoll::Instant).with_held_fixed(HeldFixed::Volatility);
    let pnl = config.revalue(&book, &moved).unwrap();
    assert!(pnl.values()[[0, 0]].abs() < 1e-9 && pnl.values()[[0, 1]] < -5.0, "{:?}", pnl.values());
}

#[test]
fn a_share_receives_what_goes_ex_inside_the_horizon() {
    let book =
        Book::builder().share("A", 100.0).option(call("A", 48.0, date(2019, 1, 3)), 1.0).build(&market()).unwrap();
    let pnl = |horizon| {
        let set = scenarios(horizon, &[(spot("A"), ShockKind::Relative, vec![-0.1, 0.0])]);
        Revaluation::default().with_held_fixed(HeldFixed::Volatility).revalue(&book, &set).unwrap()
    };
    // Three exchange days after Monday the 31st is Thursday; the ex date is the Friday.
    let before = pnl(Horizon::days(3).unwrap());
    assert!((before.values()[[0, 0]] + 500.0).abs() < 1e-9 && before.values()[[0, 1]] == 0.0);
    assert!(!texts(&before).iter().any(|text| text.contains("dividend of")));
    let on = pnl(Horizon::days(4).unwrap());
    assert!((on.values()[[0, 0]] + 450.0).abs() < 1e-9 && (on.values()[[0, 1]] - 50.0).abs() < 1e-9);
    let is_note =
        |a: &Assumption| matches!(a, Assumption::Note { text } if text.starts_with("A: a cash dividend of 0.5"));
    assert_eq!(on.assumptions().iter().filter(|a| is_note(a)).count(), 1);
    let settled = on.assumptions().iter().filter(|a| matches!(a, Assumption::SettledInsideHorizon { .. })).count();
    assert_eq!(settled, 1);
}

#[test]
fn dividends_in_foreign_money_are_worth_what_it_is_worth_then() {
    let market = market().with_quote_currency("A", "EUR").unwrap().with_fx("EUR", 1.2).unwrap();
    let book = Book::builder().share("A", -10.0).build(&market).unwrap();
    let set = scenarios(
        Horizon::WEEK,
        &[(spot("A"), ShockKind::Relative, vec![0.0]), (fx("EUR"), ShockKind::Relative, vec![0.5])],
    );
    let pnl = book.revalue(&set).unwrap();
    // Short ten: owes 50.5 each at 1.8 instead of 50 at 1.2.
    assert!((pnl.values()[[0, 0]] + 10.0 * (50.5 * 1.8 - 50.0 * 1.2)).abs() < 1e-9);
}

#[test]
fn a_grid_stays_within_its_tolerance() {
    let count = 400;
    let set = scenarios(
        Horizon::DAY,
        &[
            (spot("A"), ShockKind::Relative, wiggle(count, 1, 0.2)),
            (volatility("A"), ShockKind::Relative, wiggle(count, 2, 0.3)),
        ],
    );
    let european = call("A", 50.0, EXPIRY).european();
    let book = Book::builder()
        .option(put("A", 50.0, EXPIRY), 1.0)
        .option(european, 1.0)
        .build(&market().with_dividend_model(DividendModel::Spot));
    let book = book.unwrap();
    let exact = Revaluation::default().revalue(&book, &set).unwrap();
    let grid = Revaluation::default().with_method(Method::Grid { tolerance: 1e-4 }).revalue(&book, &set).unwrap();
    let rows = grid.assumptions().iter().find_map(|a| match a {
        Assumption::Approximated { rows, .. } => Some(*rows),
        _ => None,
    });
    assert_eq!(rows, Some(2));
    for (grid, exact) in grid.values().iter().zip(exact.values()) {
        assert!((grid - exact).abs() < 100.0 * 50.0 * 2e-4, "{grid} {exact}");
    }
    let by_label = Revaluation::default().revalue_by(
        &Book::builder().option(put("A", 50.0, EXPIRY), 1.0).tagged("desk", "x").build(book.market()).unwrap(),
        &set,
        "desk",
    );
    for (sum, one) in by_label.unwrap().values().iter().zip(exact.values()) {
        assert!((sum - one).abs() < 1e-9);
    }
}

#[test]
fn bad_dividends_never_enter_a_market() {
    let late = common::market().with_dividends("A", vec![EX[1], EX[0]]);
    assert!(matches!(late, Err(Error::ExDate { .. })));
    let text = late.unwrap_err().to_string();
    assert_eq!(text, "the ex date 2019-01-04 of A must come after 2019-03-15");
}
