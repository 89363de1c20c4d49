//! Books with trades, income, currencies, ends of options and gaps, by hand.

use alluse_instruments::{Book, Instrument, MarketSnapshot, Multiplier, OptionContract};
use alluse_risk_core::{Currency, RowId};
use jiff::civil::{Date, date};

use crate::explain::{ExplainDay, ExplainMethod, Flow, FlowKind, MoveSize, PnlExplain, PnlExplainer};

const FRIDAY: Date = date(2024, 1, 12);
const MONDAY: Date = date(2024, 1, 15);

fn row(name: &str) -> RowId {
    RowId::new(name).unwrap()
}

fn share(asset: &str) -> Instrument {
    Instrument::Share { asset: asset.to_owned().try_into().unwrap() }
}

fn trade(position: &str, instrument: Instrument, quantity: f64, price: f64) -> Flow {
    Flow::new(row(position), FlowKind::Trade { instrument, quantity, price })
}

fn market(on: Date, spot: f64) -> MarketSnapshot {
    let market = MarketSnapshot::usd(on).with_spot("A", spot).unwrap().with_volatility("A", 0.3).unwrap();
    market.with_rate("USD", 0.05).unwrap().with_dividend_yield("A", 0.0).unwrap()
}

fn both(open: &Book, day: &ExplainDay) -> [PnlExplain; 2] {
    [ExplainMethod::Taylor, ExplainMethod::default()]
        .map(|method| PnlExplainer::default().with_method(method).explain(open, std::slice::from_ref(day)).unwrap())
}

/// 100 shares from 50 to 52, 20 of them sold at 53, a dividend of 30, a fee of 1: 160 + 60 + 30 − 1.
#[test]
fn shares_trades_income_and_costs() {
    let open = Book::builder().share("A", 100.0).cash("USD", 10.0).build(&market(FRIDAY, 50.0)).unwrap();
    let cash = 10.0 + 20.0 * 53.0 + 30.0 - 1.0 + 500.0; // 500 from outside
    let book = Book::builder().share("A", 80.0).cash("USD", cash).build(&market(MONDAY, 52.0)).unwrap();
    let usd = Currency::usd();
    let flows = vec![
        trade("A", share("A"), -20.0, 53.0),
        Flow::new(row("A"), FlowKind::Dividend { currency: usd.clone(), amount: 30.0 }),
        Flow::new(row("A"), FlowKind::Cost { currency: usd, amount: 1.0 }),
    ];
    for explained in both(&open, &ExplainDay { book, flows }) {
        let day = &explained.days[0];
        let e = day.sums.effects;
        assert_eq!((e.delta, e.trading, e.dividends, e.costs), (200.0, 20.0, 30.0, -1.0));
        assert_eq!((day.sums.actual, day.sums.residual), (249.0, 0.0));
        assert_eq!(day.external_flows, Some(500.0));
        assert_eq!((day.start_value, day.end_value), (5_010.0, 80.0 * 52.0 + cash));
    }
}

/// A share that costs 100 yen at 0.01 dollars, then 110 at 0.012: 0.32 a share, of which 0.11 by price and 0.21 by
/// currency when both move together.
#[test]
fn currencies() {
    let yen = |on, spot, fx| {
        let market = MarketSnapshot::usd(on).with_spot("J", spot).unwrap().with_quote_currency("J", "JPY").unwrap();
        market.with_fx("JPY", fx).unwrap().with_rate("JPY", 0.0).unwrap().with_volatility("J", 0.2).unwrap()
    };
    let build = |market: &MarketSnapshot| Book::builder().share("J", 100.0).cash("JPY", 1_000.0).build(market).unwrap();
    let (open, close) = (build(&yen(FRIDAY, 100.0, 0.01)), build(&yen(MONDAY, 110.0, 0.012)));
    for explained in both(&open, &ExplainDay::quiet(close.clone())) {
        let e = explained.days[0].sums.effects;
        assert!((e.delta - 11.0).abs() < 1e-12 && (e.fx - (21.0 + 2.0)).abs() < 1e-12, "{e:?}");
        assert!(explained.days[0].sums.residual.abs() < 1e-12);
    }
    // An option in yen: what is left unexplained does not grow by the currency.
    let put = OptionContract::put("J", 105.0, date(2024, 3, 15), Multiplier::EQUITY).unwrap().european();
    let quoted = |market: MarketSnapshot| market.with_dividend_yield("J", 0.0).unwrap();
    let open = Book::builder().option(put.clone(), -2.0).build(&quoted(yen(FRIDAY, 100.0, 0.01))).unwrap();
    let close = open.clone().with_market(quoted(yen(MONDAY, 110.0, 0.012))).unwrap();
    let [taylor, path] = both(&open, &ExplainDay::quiet(close));
    let change = path.days[0].end_value - path.days[0].start_value;
    assert!((path.total.actual - change).abs() < 1e-12 && path.total.residual.abs() < 1e-5);
    assert!(path.total.effects.fx < 0.0 && taylor.total.effects.fx < 0.0);
}

/// Written on Friday for 0.80 over the close's price, assigned on Monday at 47 against 50: −300 + what it was worth.
#[test]
fn assignment_within_the_day() {
    let put = OptionContract::put("A", 50.0, MONDAY, Multiplier::EQUITY).unwrap();
    let open = Book::builder().option(put.clone(), -1.0).build(&market(FRIDAY, 49.0)).unwrap();
    let worth = -open.exposure().0.market_value;
    let name = put.to_string();
    let book = Book::builder().share("A", 100.0).build(&market(MONDAY, 47.0)).unwrap();
    let flows = vec![trade(&name, Instrument::Option(put.clone()), 1.0, 3.0), trade("A", share("A"), 100.0, 47.0)];
    for explained in both(&open, &ExplainDay { book, flows }) {
        assert!((explained.total.actual - (worth - 300.0)).abs() < 1e-9);
        assert!(explained.total.effects.trading.abs() < 1e-12); // settled at the close's intrinsic value
        assert!(explained.assumptions.iter().any(|note| note.to_string().starts_with("1 options end")));
    }
    let [_, path] = both(
        &open,
        &ExplainDay {
            book: Book::builder().build(&market(MONDAY, 47.0)).unwrap(),
            flows: vec![trade(&name, Instrument::Option(put), 1.0, 3.5)],
        },
    );
    // Settled half a dollar dearer than the path says.
    assert!((path.total.effects.trading + 50.0).abs() < 1e-9, "{:?}", path.total);
    assert!(path.total.residual.abs() < 1e-3);
}

/// An option that ends on the Saturday between two closes: at the spot of the path a third of the way.
#[test]
fn an_end_between_closes() {
    let put = OptionContract::put("A", 50.0, date(2024, 1, 13), Multiplier::EQUITY).unwrap();
    let open = Book::builder().option(put.clone(), 1.0).build(&market(FRIDAY, 49.0)).unwrap();
    let worth = open.exposure().0.market_value;
    // From 49 to 46: 48 on Saturday.
    let book = Book::builder().build(&market(MONDAY, 46.0)).unwrap();
    let flows = vec![trade(&put.to_string(), Instrument::Option(put), -1.0, 2.0)];
    let [_, path] = both(&open, &ExplainDay { book, flows });
    assert!((path.total.actual - (200.0 - worth)).abs() < 1e-9 && path.total.effects.trading.abs() < 1e-9);
    assert!(path.total.residual.abs() < 1e-3);
}

/// Opened and closed between two closes, in neither book: a row of its own, with the labels of its flows.
#[test]
fn a_round_trip_within_the_day() {
    let empty = |on| Book::builder().cash("USD", 1.0).tagged("desk", "c").build(&market(on, 50.0)).unwrap();
    let mut bought = trade("day trade", share("A"), 10.0, 49.0);
    bought.labels.insert("desk".to_owned(), "d".to_owned());
    let flows = vec![bought, trade("day trade", share("A"), -10.0, 51.0)];
    let [_, path] = both(&empty(FRIDAY), &ExplainDay { book: empty(MONDAY), flows });
    assert_eq!((path.total.actual, path.total.effects.trading), (20.0, 20.0));
    let labels = path.by_label("desk").unwrap();
    assert_eq!(
        labels.iter().map(|l| (l.label.as_str(), l.total.actual)).collect::<Vec<_>>(),
        [("c", 0.0), ("d", 20.0)]
    );
}

/// What lacks a quote is unknown and counted; the rest goes on.
#[test]
fn positions_without_quotes_are_reported() {
    let call = OptionContract::call("B", 10.0, date(2024, 6, 21), Multiplier::EQUITY).unwrap();
    let with_b = |market: MarketSnapshot| market.with_spot("B", 10.0).unwrap(); // no volatility of B
    let build = |on, spot| {
        let book = Book::builder().share("A", 100.0).option(call.clone(), 1.0);
        book.build(&with_b(market(on, spot))).unwrap()
    };
    let [_, path] = both(&build(FRIDAY, 50.0), &ExplainDay::quiet(build(MONDAY, 51.0)));
    assert_eq!(path.rows.len(), 2);
    let unknown = path.rows.iter().find(|row| row.outcome.known().is_none()).unwrap();
    assert_eq!(unknown.position.as_str(), "B 2024-06-21 C 10");
    assert_eq!((path.coverage.positions_valued, path.coverage.positions), (1, 2));
    assert_eq!(path.coverage.notional_share(), Some(5_000.0 / 6_000.0));
    assert_eq!(path.total.actual, 100.0);
    assert!(matches!(&path.days[0].size, MoveSize::Unclassified { reason } if reason == "B has no volatility"));
}

/// 30 % a year is 1.89 % a day: 50 to 51 is 1.05 of it, 50 to 52 is 2.08.
#[test]
fn days_are_sized_by_their_volatility() {
    let size = |to| {
        let build = |on, spot| Book::builder().share("A", 1.0).build(&market(on, spot)).unwrap();
        both(&build(FRIDAY, 50.0), &ExplainDay::quiet(build(MONDAY, to)))[0].days[0].size.clone()
    };
    assert!(matches!(size(51.0), MoveSize::Common { sigmas } if (sigmas - 1.0479).abs() < 1e-4));
    assert!(matches!(size(52.0), MoveSize::Tail { sigmas, .. } if (sigmas - 2.0754).abs() < 1e-4));
}
