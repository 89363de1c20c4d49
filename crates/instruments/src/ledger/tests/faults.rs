//! One wrong thing at a time.

use jiff::civil::date;

use super::*;
use crate::ledger::{CashPolicy, LedgerFault as Fault, Marks, Settlement};
use crate::{Error, MarketSnapshot};

/// Cash, 2 short puts, 1 short call, 150 shares and 3 long European calls, all of group `g`.
fn ledger() -> Ledger {
    history([
        (1, Action::Deposit { amount: 1_000.0 }),
        (1, sell(&put(50.0, day(15)), 2.0, 1.0)),
        (1, trade(share("A"), 150.0, 50.0)),
        (1, sell(&call(55.0, day(15)), 2.0, 1.0)),
        (4, trade(option(&long()), 3.0, 2.0)),
    ])
}

fn long() -> OptionContract {
    call(45.0, day(22)).european()
}

/// The fault, after making sure that nothing was booked.
fn refused(event: Event) -> Fault {
    let mut ledger = ledger();
    let before = ledger.clone();
    let error = ledger.apply(event).unwrap_err();
    assert_eq!(ledger, before);
    assert_eq!(error.kind(), alluse_risk_core::ErrorKind::InvalidInput);
    let Error::Ledger { index, fault, .. } = error else { panic!("{error}") };
    assert_eq!(index, 5);
    *fault
}

fn fault(on: i8, action: Action) -> Fault {
    refused(Event::new(day(on), "X", action).in_group("g"))
}

const BAD: [f64; 4] = [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

fn exercise(contract: &OptionContract, contracts: f64, spot: f64, fees: f64) -> Action {
    Action::Exercise { contract: contract.clone(), contracts, spot, fees }
}

fn called(contract: &OptionContract, contracts: f64) -> Action {
    Action::CalledAway { contract: contract.clone(), contracts, spot: 60.0, fees: 0.0 }
}

fn roll(close: OptionTrade, open: OptionTrade) -> Action {
    Action::Roll { close, open, fees: 0.0 }
}

#[test]
fn numbers_outside_their_domain_are_named() {
    let asset = || "A".to_owned().try_into().unwrap();
    let to = || "Y".to_owned();
    for value in BAD {
        let positive_ones = [
            ("amount", Action::Deposit { amount: value }),
            ("amount", Action::Withdrawal { amount: value }),
            ("amount", Action::Transfer { to: to(), amount: value }),
            ("fee", Action::Fee { amount: value }),
            ("contracts", assigned(&put(50.0, day(15)), value, 40.0)),
            ("contracts", exercise(&long(), value, 40.0, 0.0)),
            ("contracts", called(&call(55.0, day(15)), value)),
            ("market price", assigned(&put(50.0, day(15)), 1.0, value)),
            ("ratio", Action::Split { asset: asset(), ratio: value }),
            ("price", trade(share("A"), 1.0, value)),
            ("fees", Action::Trade { instrument: share("A"), quantity: 1.0, price: 1.0, fees: value }),
            ("fees", Action::Assignment { contract: put(50.0, day(15)), contracts: 1.0, spot: 1.0, fees: value }),
            ("price", Action::TransferPosition { to: to(), instrument: share("A"), quantity: 1.0, price: value }),
            ("price", roll(side(&put(50.0, day(15)), 1.0, value), side(&put(45.0, day(22)), -1.0, 1.0))),
            ("price", roll(side(&put(50.0, day(15)), 1.0, 1.0), side(&put(45.0, day(22)), -1.0, value))),
            (
                "settlement price",
                Action::Expiry { contract: put(50.0, day(15)), settlement: Settlement::Cash { spot: value } },
            ),
        ];
        for (expected, action) in positive_ones {
            let Fault::Value { name, value: got, .. } = fault(22, replaced_expiry(action.clone())) else {
                panic!("{action:?}")
            };
            assert_eq!(name, expected);
            assert!(got == value || (got.is_nan() && value.is_nan()));
        }
    }
    for value in [0.0, f64::NAN, f64::INFINITY] {
        for (expected, action) in [
            ("quantity", trade(share("A"), value, 1.0)),
            ("dividend", Action::Dividend { asset: asset(), amount: value }),
            ("interest", Action::Interest { amount: value }),
            ("quantity", Action::TransferPosition { to: to(), instrument: share("A"), quantity: value, price: 1.0 }),
            ("quantity", roll(side(&put(50.0, day(15)), value, 1.0), side(&put(45.0, day(22)), -1.0, 1.0))),
            ("quantity", roll(side(&put(50.0, day(15)), 1.0, 1.0), side(&put(45.0, day(22)), value, 1.0))),
            ("amount", Action::Deposit { amount: value }),
            ("contracts", assigned(&put(50.0, day(15)), value, 40.0)),
            ("market price", assigned(&put(50.0, day(15)), 1.0, value)),
        ] {
            let Fault::Value { name, .. } = fault(15, action.clone()) else { panic!("{action:?}") };
            assert_eq!(name, expected);
        }
    }
}

/// Trades of the roll are of options alive on the 22nd.
fn replaced_expiry(action: Action) -> Action {
    match action {
        Action::Roll { mut close, open, fees } => {
            close.contract = put(50.0, day(22));
            Action::Roll { close, open, fees }
        }
        other => other,
    }
}

#[test]
fn names_are_needed_and_some_are_taken() {
    let deposit = || Action::Deposit { amount: 1.0 };
    assert_eq!(refused(Event::new(day(5), " ", deposit())), Fault::Blank { name: "account" });
    assert_eq!(refused(Event::new(day(5), "X", deposit()).in_group("")), Fault::Blank { name: "group" });
    let tagged = |axis, label| refused(Event::new(day(5), "X", deposit()).tagged(axis, label));
    assert_eq!(tagged("", "a"), Fault::Blank { name: "axis of a label" });
    assert_eq!(tagged("a", " "), Fault::Blank { name: "label" });
    for (axis, label) in [("account", "a"), ("group", "a"), ("a", "unlabelled")] {
        assert_eq!(tagged(axis, label), Fault::Reserved { axis: axis.to_owned(), label: label.to_owned() });
    }
    let transfer = |to: &str| fault(5, Action::Transfer { to: to.to_owned(), amount: 1.0 });
    assert_eq!(transfer(" "), Fault::Blank { name: "receiving account" });
    assert_eq!(transfer("X"), Fault::SameAccount);
    let to = "X".to_owned();
    let own = Action::TransferPosition { to, instrument: share("A"), quantity: 1.0, price: 1.0 };
    assert_eq!(fault(5, own), Fault::SameAccount);
}

#[test]
fn time_runs_forward() {
    let early = Fault::OutOfOrder { date: day(3), previous: day(4) };
    assert_eq!(fault(3, Action::Deposit { amount: 1.0 }), early);
    let mut ledger = ledger();
    assert!(ledger.apply(Event::new(day(4), "X", Action::Deposit { amount: 1.0 })).is_ok());
}

#[test]
fn expired_and_unexpired() {
    let worthless = |contract| Action::Expiry { contract, settlement: Settlement::Worthless };
    let early = |fault: Fault| matches!(fault, Fault::BeforeExpiry { .. });
    assert!(early(fault(14, worthless(put(50.0, day(15))))));
    assert!(early(fault(21, exercise(&long(), 1.0, 50.0, 0.0))));
    let late = |fault: Fault| matches!(fault, Fault::Expired { .. });
    assert!(late(fault(16, sell(&put(50.0, day(15)), 1.0, 1.0))));
    assert!(late(fault(16, roll(side(&put(50.0, day(15)), 1.0, 1.0), side(&put(45.0, day(22)), -1.0, 1.0)))));
    assert!(late(fault(16, roll(side(&put(50.0, day(22)), 1.0, 1.0), side(&put(45.0, day(15)), -1.0, 1.0)))));
    // On the day itself all of it is allowed.
    for action in [worthless(put(50.0, day(15))), sell(&put(50.0, day(15)), 1.0, 1.0)] {
        assert!(ledger().apply(Event::new(day(15), "X", action).in_group("g")).is_ok());
    }
    let action = exercise(&long(), 1.0, 50.0, 0.0);
    assert!(ledger().apply(Event::new(day(22), "X", action).in_group("g")).is_ok());
    let not_held = worthless(put(49.0, day(15)));
    assert!(matches!(fault(15, not_held), Fault::NotHeld { held: 0.0, .. }));
}

#[test]
fn what_is_not_held_cannot_be_used() {
    let not_held = |asked: f64, held: f64, fault: Fault| match fault {
        Fault::NotHeld { asked: a, held: h, .. } => assert_eq!((a, h), (asked, held)),
        other => panic!("{other}"),
    };
    not_held(-3.0, -2.0, fault(5, assigned(&put(50.0, day(15)), 3.0, 40.0)));
    not_held(-1.0, 3.0, fault(22, assigned(&long(), 1.0, 40.0))); // of a long
    not_held(1.0, -2.0, fault(5, exercise(&put(50.0, day(15)), 1.0, 40.0, 0.0))); // of a short
    not_held(4.0, 3.0, fault(22, exercise(&long(), 4.0, 50.0, 0.0)));
    not_held(200.0, 150.0, fault(5, called(&call(55.0, day(15)), 2.0))); // 200 shares for 2 calls
    not_held(-3.0, -2.0, fault(5, roll(side(&put(50.0, day(15)), 3.0, 1.0), side(&put(45.0, day(22)), -3.0, 1.0))));
    let to = "Y".to_owned();
    let moved = |quantity| Action::TransferPosition { to: to.clone(), instrument: share("A"), quantity, price: 1.0 };
    not_held(151.0, 150.0, fault(5, moved(151.0)));
    not_held(-1.0, 150.0, fault(5, moved(-1.0)));
    not_held(1.0, 0.0, fault(5, Action::Split { asset: "B".to_owned().try_into().unwrap(), ratio: 2.0 }));
    // Positions belong to their group.
    let elsewhere = Event::new(day(5), "X", assigned(&put(50.0, day(15)), 1.0, 40.0)).in_group("h");
    not_held(-1.0, 0.0, refused(elsewhere));
}

#[test]
fn instruments_and_rolls_must_make_sense() {
    let cash = Instrument::Cash { currency: alluse_risk_core::Currency::usd() };
    assert!(matches!(fault(5, trade(cash, 1.0, 1.0)), Fault::WrongInstrument { .. }));
    assert!(matches!(fault(5, called(&put(50.0, day(15)), 1.0)), Fault::WrongInstrument { .. }));
    let both = roll(side(&put(50.0, day(15)), 1.0, 1.0), side(&put(45.0, day(22)), 1.0, 1.0));
    assert_eq!(fault(5, both), Fault::RollSides { closed: 1.0, opened: 1.0 });
    let lonely = roll(side(&put(50.0, day(15)), 1.0, 1.0), side(&put(45.0, day(22)), -1.0, 1.0));
    assert_eq!(refused(Event::new(day(5), "X", lonely)), Fault::NoGroup);
}

#[test]
fn sums_that_overflow_are_refused() {
    let huge = Fault::Value { name: "cash", instrument: "X".to_owned(), expected: "", value: f64::INFINITY };
    let Fault::Value { name, .. } = fault(5, trade(share("B"), -1e300, 1e300)) else { panic!() };
    assert_eq!(name, "cost");
    let mut ledger = history([(1, Action::Deposit { amount: f64::MAX })]);
    let error = ledger.apply(Event::new(day(1), "X", Action::Deposit { amount: f64::MAX })).unwrap_err();
    let Error::Ledger { fault, index: 1, .. } = error else { panic!() };
    assert_eq!(std::mem::discriminant(&*fault), std::mem::discriminant(&huge));
    assert!(fault.to_string().starts_with("cash of X"), "{fault}");
    for ratio in [1e308, 1.5e-320] {
        let Fault::Value { name, .. } =
            self::fault(5, Action::Split { asset: "A".to_owned().try_into().unwrap(), ratio })
        else {
            panic!()
        };
        assert!(["ratio", "cost"].contains(&name), "{name}");
    }
}

#[test]
fn borrowing_is_a_matter_of_policy() {
    let strict = || {
        let mut ledger = Ledger::new(LedgerConfig::default().with_cash(CashPolicy::NoBorrowing));
        ledger.apply(Event::new(day(1), "X", Action::Deposit { amount: 100.0 })).unwrap();
        ledger
    };
    for action in [
        Action::Withdrawal { amount: 100.5 },
        Action::Transfer { to: "Y".to_owned(), amount: 100.5 },
        trade(share("A"), 1.0, 100.5),
        Action::Fee { amount: 100.5 },
        Action::Trade { instrument: share("A"), quantity: 1.0, price: 100.0, fees: 0.5 },
    ] {
        let mut ledger = strict();
        let error = ledger.apply(Event::new(day(1), "X", action.clone())).unwrap_err();
        let Error::Ledger { fault, .. } = error else { panic!() };
        assert_eq!(*fault, Fault::InsufficientCash { needed: 0.5, available: 100.0 });
        assert_eq!(ledger, strict());
        let mut lenient = history([(1, Action::Deposit { amount: 100.0 })]);
        assert!(lenient.apply(Event::new(day(1), "X", action)).is_ok());
        assert_eq!(lenient.cash_of("X"), Some(-0.5));
    }
    assert!(strict().apply(Event::new(day(1), "X", Action::Withdrawal { amount: 100.0 })).is_ok());
    // 0.1 + 0.2 deposited and 0.3 spent is no loan.
    let mut ledger = Ledger::new(LedgerConfig::default().with_cash(CashPolicy::NoBorrowing));
    for action in [0.1, 0.7, 0.1].map(|amount| Action::Deposit { amount }) {
        ledger.apply(Event::new(day(1), "X", action)).unwrap();
    }
    assert!(ledger.cash_of("X").unwrap() < 0.9);
    assert!(ledger.apply(Event::new(day(1), "X", Action::Withdrawal { amount: 0.9 })).is_ok());
}

#[test]
fn questions_without_an_answer() {
    let ledger = ledger();
    let all = |on| {
        let marks = Marks::new(day(on)).with_price(share("A"), 50.0).unwrap();
        let options = [put(50.0, day(15)), call(55.0, day(15)), long()];
        options.iter().fold(marks, |marks, contract| marks.with_price(option(contract), 1.0).unwrap())
    };
    assert!(matches!(ledger.statement(&all(9), &all(9)), Err(Error::Input(_))));
    assert!(matches!(ledger.statement(&all(9), &all(8)), Err(Error::Input(_))));
    let missing = |result: Result<(), Error>| matches!(result, Err(Error::MissingQuote { what: "mark", .. }));
    assert!(missing(ledger.statement(&Marks::new(day(4)), &all(9)).map(drop)));
    assert!(missing(ledger.statement(&all(4), &Marks::new(day(9))).map(drop)));
    assert!(missing(ledger.value(&Marks::new(day(9))).map(drop)));
    assert!(missing(ledger.wheel("g", &Marks::new(day(9))).map(drop)));
    assert!(matches!(ledger.wheel("h", &all(9)), Err(Error::Input(alluse_risk_core::Error::Unknown { .. }))));
    assert!(ledger.statement(&all(4), &all(9)).is_ok());

    let euro = MarketSnapshot::new(day(9), alluse_risk_core::Currency::new("EUR").unwrap());
    assert!(matches!(ledger.book(&euro), Err(Error::Input(_))));
    let dollars = || MarketSnapshot::usd(day(9)).with_spot("A", 50.0).unwrap().with_fx("EUR", 1.1).unwrap();
    assert!(matches!(ledger.marks(&dollars()), Err(Error::MissingQuote { .. })));
    let foreign = dollars().with_quote_currency("A", "EUR").unwrap();
    assert!(matches!(ledger.marks(&foreign), Err(Error::Input(_))));
    let late = MarketSnapshot::usd(date(2024, 3, 16)).with_spot("A", 50.0).unwrap();
    assert!(matches!(ledger.book(&late), Err(Error::Expired { .. })));
    for bad in BAD {
        assert!(matches!(Marks::new(day(9)).with_price(share("A"), bad), Err(Error::Market { what: "mark", .. })));
    }
    assert!(Marks::new(day(9)).with_price(share("A"), 0.0).is_ok());
}

#[test]
fn stored_events_are_checked_again() {
    let ledger = ledger();
    let text = serde_json::to_string(&ledger).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    for (good, bad) in [
        ("\"quantity\":150.0", "\"quantity\":0.0"),
        ("2024-03-04", "2024-02-04"),
        ("\"amount\":1000.0", "\"amount\":-1000.0"),
        ("\"deposit\"", "\"gift\""),
    ] {
        let changed = text.replace(good, bad);
        assert_ne!(changed, text);
        assert!(serde_json::from_str::<Ledger>(&changed).is_err(), "{bad}");
    }
    let marks = Marks::new(day(9)).with_price(share("A"), 50.25).unwrap();
    let text = serde_json::to_string(&marks).unwrap();
    assert_eq!(serde_json::from_str::<Marks>(&text).unwrap(), marks);
    assert!(serde_json::from_str::<Marks>(&text.replace("50.25", "-50.25")).is_err());
}

#[test]
fn faults_read_as_sentences() {
    let mut ledger = ledger();
    let event = Event::new(day(5), "X", assigned(&put(50.0, day(15)), 3.0, 40.0)).in_group("g");
    assert_eq!(
        ledger.apply(event).unwrap_err().to_string(),
        "event 5, account \"X\": -3 of A 2024-03-15 P 50 asked for, -2 held (negative: short)"
    );
}
