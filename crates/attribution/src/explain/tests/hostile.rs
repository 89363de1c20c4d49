//! What is refused, one wrong thing at a time.

use alluse_instruments::{Book, Instrument, MarketSnapshot, OptionContract};
use alluse_risk_core::{Currency, ErrorKind, RowId};
use jiff::civil::{Date, date};

use crate::explain::{ExplainDay, ExplainMethod, Flow, FlowKind, PnlExplainer, SigmaRule, ledger_days};

fn book(on: Date, shares: f64) -> Book {
    let market = MarketSnapshot::usd(on).with_spot("A", 50.0).unwrap();
    Book::builder().share("A", shares).build(&market).unwrap()
}

fn refuse(explainer: PnlExplainer, days: &[ExplainDay]) -> String {
    let error = explainer.explain(&book(date(2024, 1, 2), 1.0), days).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InsufficientData), "{error:?}");
    error.to_string()
}

fn flows(kinds: impl IntoIterator<Item = FlowKind>) -> Vec<ExplainDay> {
    let flow = |kind| Flow::new(RowId::new("A").unwrap(), kind);
    vec![ExplainDay { book: book(date(2024, 1, 3), 1.0), flows: kinds.into_iter().map(flow).collect() }]
}

#[test]
fn parameters() {
    let good = flows([]);
    let path = |order, tolerance, max_panels| {
        PnlExplainer::default().with_method(ExplainMethod::PathIntegrated { order, tolerance, max_panels })
    };
    for (explainer, name) in [
        (path(1, 1e-7, 9), "order"),
        (path(33, 1e-7, 9), "order"),
        (path(8, 0.0, 9), "tolerance"),
        (path(8, f64::NAN, 9), "tolerance"),
        (path(8, 1e-7, 0), "max panels"),
        (PnlExplainer::default().with_tail_sigmas(f64::NAN), "tail sigmas"),
        (PnlExplainer::default().with_sigma(SigmaRule::Trailing { moves: 1 }), "trailing moves"),
    ] {
        assert!(refuse(explainer, &good).starts_with(name));
    }
    assert!(refuse(PnlExplainer::default(), &[]).contains("days to explain"));
}

#[test]
fn days_and_flows() {
    let plain = PnlExplainer::default();
    let earlier = ExplainDay::quiet(book(date(2024, 1, 2), 1.0));
    assert!(refuse(plain, &[earlier]).contains("does not come after that of 2024-01-02"));
    let unexplained = ExplainDay::quiet(book(date(2024, 1, 3), 2.0));
    assert!(refuse(plain, &[unexplained]).contains("1 held, 0 traded, but 2 at the close"));
    let euro = MarketSnapshot::new(date(2024, 1, 3), Currency::new("EUR").unwrap());
    let euro = ExplainDay::quiet(Book::builder().share("A", 1.0).build(&euro).unwrap());
    assert!(refuse(plain, &[euro]).contains("USD becomes EUR"));

    let share = || Instrument::Share { asset: "A".to_owned().try_into().unwrap() };
    let usd = Currency::usd;
    let trade = |instrument, quantity, price| FlowKind::Trade { instrument, quantity, price };
    for (kind, part) in [
        (trade(share(), f64::NAN, 1.0), "quantity must be finite"),
        (trade(share(), 1.0, -1.0), "price must be at least 0"),
        (trade(Instrument::Cash { currency: usd() }, 1.0, 1.0), "not in USD cash"),
        (FlowKind::Dividend { currency: usd(), amount: f64::INFINITY }, "amount must be finite"),
        (FlowKind::Interest { currency: usd(), amount: f64::NAN }, "amount must be finite"),
        (FlowKind::Cost { currency: usd(), amount: -1.0 }, "cost must be at least 0"),
    ] {
        let message = refuse(plain, &flows([kind]));
        assert!(message.starts_with("flow 0 of position \"A\"") && message.contains(part), "{message}");
    }
    let other = Instrument::Share { asset: "B".to_owned().try_into().unwrap() };
    assert!(refuse(plain, &flows([trade(other, 1.0, 1.0)])).contains("it is A, the trade is in B"));
}

#[test]
fn ledgers() {
    use alluse_instruments::ledger::{Action, Event, Ledger, LedgerConfig};
    let mut ledger = Ledger::new(LedgerConfig::default());
    let days = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)];
    let market = |on| MarketSnapshot::usd(on).with_spot("A", 50.0).unwrap();
    let asset = || "A".to_owned().try_into().unwrap();
    let bought =
        Action::Trade { instrument: Instrument::Share { asset: asset() }, quantity: 2.0, price: 50.0, fees: 0.0 };
    ledger.apply(Event::new(days[0], "X", bought)).unwrap();
    ledger.apply(Event::new(days[1], "X", Action::Split { asset: asset(), ratio: 2.0 })).unwrap();
    let markets: Vec<MarketSnapshot> = days.map(market).to_vec();
    assert_eq!(ledger_days(&ledger, &markets).unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(ledger_days(&ledger, &markets[1..]).is_ok());
    assert_eq!(ledger_days(&ledger, &markets[..1]).unwrap_err().kind(), ErrorKind::InsufficientData);
    assert!(ledger_days(&ledger, &[markets[1].clone(), markets[0].clone()]).is_err());
    let put = OptionContract::put("A", 50.0, days[1], alluse_instruments::Multiplier::EQUITY).unwrap();
    let sold = Action::Trade { instrument: Instrument::Option(put), quantity: -1.0, price: 1.0, fees: 0.0 };
    ledger.apply(Event::new(days[1], "X", sold)).unwrap();
    let error = ledger_days(&ledger, &markets[1..]).unwrap_err();
    assert!(error.to_string().contains("expired on 2024-01-03"), "{error}");
}
