//! Histories small enough to do by hand.

use alluse_risk_core::AssetId;

use super::*;
use crate::ledger::{CostBasis, Marks, MoveKind, Pnl, Settlement, Statement};
use crate::pricing::{BlackScholes, BlackScholesInputs, OptionKind};
use crate::{Book, MarketSnapshot};

fn asset() -> AssetId {
    "A".to_owned().try_into().unwrap()
}

fn marks(on: i8, prices: &[(Instrument, f64)]) -> Marks {
    prices
        .iter()
        .fold(Marks::new(day(on)), |marks, (instrument, price)| marks.with_price(instrument.clone(), *price).unwrap())
}

/// From nothing.
fn whole(ledger: &Ledger, end: &Marks) -> Statement {
    ledger.statement(&Marks::new(date(2024, 2, 29)), end).unwrap()
}

#[track_caller]
fn pnl(got: Pnl, want: [f64; 6]) {
    for ((name, got), want) in got.parts().into_iter().zip(want) {
        assert!((got - want).abs() < 1e-9, "{name}: {got}, want {want}");
    }
    testkit::close(got.total(), want.iter().sum(), 1e-12);
}

#[test]
fn an_assigned_put_loses_in_the_market_and_not_in_the_premium_view() {
    // One put at 50 sold for 2; assigned at 44; the share is at 41 at the end.
    let put = put(50.0, day(15));
    let ledger = history([
        (1, Action::Deposit { amount: 5_000.0 }),
        (1, Action::Trade { instrument: option(&put), quantity: -1.0, price: 2.0, fees: 3.0 }),
        (15, Action::Assignment { contract: put.clone(), contracts: 1.0, spot: 44.0, fees: 5.0 }),
        (18, Action::Dividend { asset: asset(), amount: 25.0 }),
        (18, Action::Interest { amount: 4.0 }),
        (19, Action::Fee { amount: 1.0 }),
    ]);
    let statement = whole(&ledger, &marks(20, &[(share("A"), 41.0)]));
    let total = &statement.total;
    pnl(total.mark_to_market, [200.0, -600.0, -300.0, 25.0, 4.0, -9.0]);
    pnl(total.premium_view, [200.0, 0.0, 0.0, 25.0, 4.0, -9.0]);
    assert_eq!((total.start_value, total.external_flows, total.end_value), (0.0, 5_000.0, 4_320.0));
    testkit::close(total.difference, -900.0, 1e-12); // 100 shares at 41 that cost 50
    testkit::close(total.open_result_end, -900.0, 1e-12);
    assert_eq!((total.open_result_start, total.open_result_received), (0.0, 0.0));
    assert!(total.residual.abs() < 1e-9);

    let held = ledger.holding("X", Some("g"), &share("A")).unwrap();
    assert_eq!((held.quantity, held.average_price, held.lots[0].price), (100.0, 50.0, 50.0));
    assert_eq!(held.cost(CostBasis::Fifo), 5_000.0);
    let moves = &ledger.entries()[2].moves;
    assert_eq!((moves[0].kind, moves[0].quantity, moves[0].price), (MoveKind::Settlement, 1.0, 6.0));
    assert_eq!((moves[0].booked_price, moves[0].realised), (0.0, 200.0));
    assert_eq!((moves[1].kind, moves[1].quantity, moves[1].price), (MoveKind::Trade, 100.0, 44.0));
    assert_eq!(moves[1].booked_price, 50.0);
    assert_eq!(ledger.entries()[2].cash[0].amount, -5_000.0);
}

#[test]
fn a_period_starts_at_its_marks() {
    let put = put(50.0, day(15));
    let ledger = history([
        (1, Action::Deposit { amount: 5_000.0 }),
        (1, sell(&put, 1.0, 2.0)),
        (15, Action::Assignment { contract: put.clone(), contracts: 1.0, spot: 44.0, fees: 0.0 }),
    ]);
    let from = marks(8, &[(option(&put), 3.5)]);
    let statement = ledger.statement(&from, &marks(20, &[(share("A"), 41.0)])).unwrap();
    let account = &statement.accounts[0];
    assert_eq!(account.account, "X");
    assert_eq!((account.start_value, account.external_flows, account.end_value), (4_850.0, 0.0, 4_300.0));
    pnl(account.mark_to_market, [350.0, -600.0, -300.0, 0.0, 0.0, 0.0]);
    pnl(account.premium_view, [200.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!((account.open_result_start, account.open_result_end), (-150.0, -900.0));
    testkit::close(account.difference, -750.0, 1e-12);
    // What came later does not change what was: the same period stated in the middle of the history.
    let earlier = ledger.as_of(day(8)).unwrap();
    assert_eq!(earlier.events().len(), 2);
    let until = ledger.statement(&Marks::new(date(2024, 2, 29)), &from).unwrap();
    assert_eq!(until, whole(&earlier, &from));
    assert_eq!(until.total.end_value, ledger.value(&from).unwrap());
}

#[test]
fn the_four_deliveries_go_the_right_way() {
    // (kind, quantity held, spot, shares that come, intrinsic result)
    let cases = [
        (OptionKind::Put, -1.0, 44.0, 100.0, -600.0),
        (OptionKind::Put, 1.0, 44.0, -100.0, 600.0),
        (OptionKind::Call, -1.0, 56.0, -100.0, -600.0),
        (OptionKind::Call, 1.0, 56.0, 100.0, 600.0),
        // Against the market's favour the other side gains.
        (OptionKind::Put, -1.0, 51.0, 100.0, 100.0),
        (OptionKind::Call, 1.0, 49.0, 100.0, -100.0),
    ];
    for (kind, held, spot, shares, intrinsic) in cases {
        let contract = if kind == OptionKind::Put { put(50.0, day(15)) } else { call(50.0, day(15)) };
        let ends = match held > 0.0 {
            true => Action::Exercise { contract: contract.clone(), contracts: 1.0, spot, fees: 0.0 },
            false => Action::Assignment { contract: contract.clone(), contracts: 1.0, spot, fees: 0.0 },
        };
        let ledger = history([(1, trade(option(&contract), held, 1.0)), (15, ends)]);
        let delivered = ledger.holding("X", Some("g"), &share("A")).unwrap();
        assert_eq!((delivered.quantity, delivered.average_price), (shares, 50.0), "{kind:?} {held}");
        assert!(ledger.holding("X", Some("g"), &option(&contract)).is_none());
        let total = whole(&ledger, &marks(15, &[(share("A"), spot)])).total;
        pnl(total.mark_to_market, [-held * 100.0, intrinsic, 0.0, 0.0, 0.0, 0.0]);
        testkit::close(ledger.cash_of("X").unwrap(), -held * 100.0 - shares * 50.0, 1e-12);
    }
}

#[test]
fn expiries_pay_what_they_are_worth() {
    let put = put(50.0, day(15)).european();
    for (settlement, intrinsic) in [
        (Settlement::Worthless, 0.0),
        (Settlement::Cash { spot: 46.0 }, -800.0),
        (Settlement::Cash { spot: 51.0 }, 0.0),
        (Settlement::Cash { spot: 0.0 }, -10_000.0),
    ] {
        let end = Action::Expiry { contract: put.clone(), settlement };
        let ledger = history([(1, sell(&put, 2.0, 1.5)), (15, end)]);
        assert_eq!(ledger.holdings().count(), 0);
        let total = whole(&ledger, &Marks::new(day(15))).total;
        pnl(total.mark_to_market, [300.0, intrinsic, 0.0, 0.0, 0.0, 0.0]);
        // Cash settlement is money, so that the premium view has it too.
        pnl(total.premium_view, [300.0, intrinsic, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(total.end_value, 300.0 + intrinsic);
        assert_eq!(total.difference, 0.0);
    }
}

#[test]
fn partial_assignments_leave_the_rest() {
    let put = put(50.0, day(15));
    let ledger = history([(1, sell(&put, 3.0, 1.0)), (12, assigned(&put, 1.0, 45.0))]);
    assert_eq!(ledger.holding("X", Some("g"), &option(&put)).unwrap().quantity, -2.0);
    let total = whole(&ledger, &marks(12, &[(share("A"), 45.0), (option(&put), 5.2)])).total;
    // 100 kept of the assigned one, and 2 · 100 · (1 − 5.2) of the others.
    pnl(total.mark_to_market, [100.0 - 840.0, -500.0, 0.0, 0.0, 0.0, 0.0]);
    pnl(total.premium_view, [100.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_roll_closes_and_opens_and_carries_the_labels() {
    let (near, far) = (put(50.0, day(15)), put(48.0, day(22)));
    let mut ledger = Ledger::new(LedgerConfig::default());
    let event = |on, action| Event::new(day(on), "X", action).in_group("g");
    ledger.apply(event(1, sell(&near, 2.0, 1.0)).tagged("strategy", "wheel").tagged("week", "1")).unwrap();
    let roll = Action::Roll { close: side(&near, 2.0, 3.0), open: side(&far, -1.0, 4.0), fees: 2.5 };
    ledger.apply(event(14, roll).tagged("week", "2")).unwrap();
    assert!(ledger.holding("X", Some("g"), &option(&near)).is_none());
    let held = ledger.holding("X", Some("g"), &option(&far)).unwrap();
    assert_eq!(held.quantity, -1.0);
    assert_eq!(held.labels["strategy"], "wheel");
    assert_eq!(held.labels["week"], "2");
    assert_eq!(held.name(), "X | g | A 2024-03-22 P 48 american x100");
    let total = whole(&ledger, &marks(14, &[(option(&far), 4.25)])).total;
    pnl(total.mark_to_market, [-400.0 - 25.0, 0.0, 0.0, 0.0, 0.0, -2.5]);
    pnl(total.premium_view, [-400.0, 0.0, 0.0, 0.0, 0.0, -2.5]);
    ledger.apply(event(20, assigned(&far, 1.0, 45.0))).unwrap();
    assert_eq!(ledger.holding("X", Some("g"), &share("A")).unwrap().labels["strategy"], "wheel");
}

#[test]
fn transfers_are_flows_and_keep_costs() {
    let mut ledger = history([(1, Action::Deposit { amount: 9_000.0 }), (1, trade(share("A"), 100.0, 50.0))]);
    let from_x = |on, action| Event::new(day(on), "X", action).in_group("g");
    ledger.apply(from_x(4, Action::Transfer { to: "Y".to_owned(), amount: 1_500.0 })).unwrap();
    let to = "Y".to_owned();
    let moved = Action::TransferPosition { to, instrument: share("A"), quantity: 40.0, price: 56.0 };
    ledger.apply(from_x(8, moved)).unwrap();
    let statement = whole(&ledger, &marks(15, &[(share("A"), 60.0)]));
    let [x, y] = &statement.accounts[..] else { panic!() };
    assert_eq!((x.account.as_str(), y.account.as_str()), ("X", "Y"));
    assert_eq!((x.internal_transfers, y.internal_transfers), (-3_740.0, 3_740.0));
    assert_eq!((x.external_flows, y.external_flows), (9_000.0, 0.0));
    pnl(x.mark_to_market, [0.0, 0.0, 600.0 + 240.0, 0.0, 0.0, 0.0]);
    pnl(y.mark_to_market, [0.0, 0.0, 160.0, 0.0, 0.0, 0.0]);
    pnl(y.premium_view, [0.0; 6]);
    assert_eq!((x.end_value, y.end_value), (2_500.0 + 3_600.0, 1_500.0 + 2_400.0));
    assert_eq!((x.open_result_received, y.open_result_received), (-240.0, 240.0));
    assert_eq!((x.open_result_end, y.open_result_end), (600.0, 400.0));
    let lot = ledger.holding("Y", Some("g"), &share("A")).unwrap().lots[0];
    assert_eq!((lot.date, lot.price, lot.quantity), (day(1), 50.0, 40.0));
    assert_eq!((statement.total.internal_transfers, statement.total.open_result_received), (0.0, 0.0));
    pnl(statement.total.mark_to_market, [0.0, 0.0, 1_000.0, 0.0, 0.0, 0.0]);
    assert_eq!(statement.total.account, "total");
}

#[test]
fn splits_change_units_and_not_value() {
    let put = put(60.0, day(22));
    let opened = [(1, trade(share("A"), 100.0, 90.0)), (1, sell(&put, 2.0, 6.0))];
    // 3 for 1: contracts multiply; 3 for 2 and 1 for 2: multipliers do.
    for (ratio, contracts, multiplier) in [(3.0, -6.0, 100.0), (1.5, -2.0, 150.0), (0.5, -2.0, 50.0)] {
        let mut ledger = history(opened.clone());
        ledger.apply(Event::new(day(8), "X", Action::Split { asset: asset(), ratio })).unwrap();
        let units = Multiplier::new(multiplier).unwrap();
        let adjusted = OptionContract::put("A", 60.0 / ratio, day(22), units).unwrap();
        let held = ledger.holding("X", Some("g"), &option(&adjusted)).unwrap();
        assert_eq!(held.quantity, contracts);
        testkit::close(held.cost(CostBasis::Fifo), -1_200.0, 1e-12);
        testkit::close(held.cost(CostBasis::Average), -1_200.0, 1e-12);
        let shares = ledger.holding("X", Some("g"), &share("A")).unwrap();
        assert_eq!(shares.quantity, 100.0 * ratio);
        assert_eq!(ledger.holdings().count(), 2);
        assert!(ledger.entries()[2].moves.is_empty() && ledger.entries()[2].cash.is_empty());

        let from = marks(4, &[(share("A"), 96.0), (option(&put), 5.0)]);
        let to = marks(9, &[(share("A"), 96.0 / ratio), (option(&adjusted), 5.0 / ratio)]);
        let total = ledger.statement(&from, &to).unwrap().total;
        assert!(total.mark_to_market.parts().iter().all(|(_, part)| part.abs() < 1e-9), "{total:?}");
        assert_eq!(total.premium_view.total(), 0.0);
        // And later gains are measured from there.
        let up = marks(15, &[(share("A"), 97.0 / ratio), (option(&adjusted), 4.0 / ratio)]);
        pnl(ledger.statement(&from, &up).unwrap().total.mark_to_market, [200.0, 0.0, 100.0, 0.0, 0.0, 0.0]);
    }
}

#[test]
fn a_split_spares_other_assets_accounts_and_the_dead() {
    let mut ledger = history([
        (1, trade(share("A"), 100.0, 90.0)),
        (1, trade(share("B"), 100.0, 90.0)),
        (1, sell(&put(60.0, day(5)), 1.0, 6.0)),
        (1, sell(&put(60.0, day(8)), 1.0, 6.0)),
    ]);
    ledger.apply(Event::new(day(1), "Y", trade(share("A"), 10.0, 90.0))).unwrap();
    ledger.apply(Event::new(day(8), "X", Action::Split { asset: asset(), ratio: 2.0 })).unwrap();
    let quantity = |account, group, instrument| ledger.holding(account, group, &instrument).unwrap().quantity;
    assert_eq!(quantity("X", Some("g"), share("A")), 200.0);
    assert_eq!(quantity("X", Some("g"), share("B")), 100.0);
    assert_eq!(quantity("Y", None, share("A")), 10.0);
    assert_eq!(quantity("X", Some("g"), option(&put(60.0, day(5)))), -1.0);
    assert_eq!(quantity("X", Some("g"), option(&put(30.0, day(8)))), -2.0);
}

#[test]
fn a_split_nets_against_what_was_there() {
    // Two short puts at 60 become four at 30, of which one long at 30 closes one: bought at 1, sold at 6 / 2.
    let (old, new) = (put(60.0, day(22)), put(30.0, day(22)));
    let mut ledger = history([(1, sell(&old, 2.0, 6.0)), (4, trade(option(&new), 1.0, 1.0))]);
    ledger.apply(Event::new(day(8), "X", Action::Split { asset: asset(), ratio: 2.0 })).unwrap();
    let halved = put(15.0, day(22));
    assert_eq!(ledger.holding("X", Some("g"), &option(&new)).unwrap().quantity, -4.0);
    assert_eq!(ledger.holding("X", Some("g"), &option(&halved)).unwrap().quantity, 2.0);
}

#[test]
fn average_and_fifo_share_the_total() {
    for (basis, realised) in [(CostBasis::Fifo, 400.0), (CostBasis::Average, 300.0)] {
        let mut ledger = Ledger::new(LedgerConfig::default().with_basis(basis));
        for (on, quantity, price) in [(1, 10.0, 10.0), (4, 10.0, 30.0), (5, -10.0, 50.0)] {
            ledger.apply(Event::new(day(on), "X", trade(share("A"), quantity, price))).unwrap();
        }
        let total = whole(&ledger, &marks(8, &[(share("A"), 50.0)])).total;
        pnl(total.mark_to_market, [0.0, 0.0, 600.0, 0.0, 0.0, 0.0]);
        pnl(total.premium_view, [0.0, 0.0, realised, 0.0, 0.0, 0.0]);
        assert_eq!(total.open_result_end, 600.0 - realised);
        assert_eq!(ledger.config().basis, basis);
    }
}

#[test]
fn a_ledger_becomes_a_book() {
    let put = put(50.0, day(22));
    let mut ledger = Ledger::new(LedgerConfig::default());
    let deposit = |account| Event::new(day(1), account, Action::Deposit { amount: 5_000.0 });
    ledger.apply(deposit("X")).unwrap();
    ledger.apply(deposit("Y")).unwrap();
    ledger.apply(Event::new(day(1), "Y", Action::Withdrawal { amount: 5_000.0 })).unwrap();
    let sold = Event::new(day(4), "X", sell(&put, 1.0, 1.0)).in_group("g").tagged("strategy", "wheel");
    ledger.apply(sold).unwrap();
    ledger.apply(Event::new(day(5), "X", trade(share("A"), 7.0, 52.0))).unwrap();
    let market = |on| {
        let market = MarketSnapshot::usd(day(on)).with_spot("A", 53.0).unwrap().with_volatility("A", 0.3).unwrap();
        market.with_rate("USD", 0.0).unwrap().with_dividend_yield("A", 0.0).unwrap()
    };
    let book: Book = ledger.book(&market(8)).unwrap();
    let names: Vec<_> = book.positions().iter().map(|p| (p.id.to_string(), p.quantity)).collect();
    let want = [
        ("X | A".to_owned(), 7.0),
        ("X | g | A 2024-03-22 P 50 american x100".to_owned(), -1.0),
        ("X | USD cash".to_owned(), 4_736.0),
    ];
    assert_eq!(names, want);
    let labels = |row| ["account", "group", "strategy"].map(|axis| book.labels().label(row, axis).unwrap());
    assert_eq!(labels(0), [Some("X"), None, None]);
    assert_eq!(labels(1), [Some("X"), Some("g"), Some("wheel")]);
    assert_eq!(labels(2), [Some("X"), None, None]);
    assert_eq!(book.assignment_obligations()[0].amount, 5_000.0);
    // The book as of an earlier day has what was held then.
    assert_eq!(ledger.book(&market(4)).unwrap().positions().len(), 2);

    let marks = ledger.marks(&market(8)).unwrap();
    assert_eq!((marks.date(), marks.price(&share("A"))), (day(8), Some(53.0)));
    // With no rate and no dividend the American put is worth the European one.
    let inputs = BlackScholesInputs {
        spot: 53.0,
        strike: 50.0,
        time: 14.0 / 365.0,
        volatility: 0.3,
        rate: 0.0,
        dividend_yield: 0.0,
    };
    let european = BlackScholes::new(inputs).unwrap().price(OptionKind::Put);
    testkit::close(marks.price(&option(&put)).unwrap(), european, 1e-9);
    let value = ledger.value(&marks).unwrap();
    testkit::close(value, book.exposure().0.market_value, 1e-12);
    assert_eq!(marks.price(&Instrument::Cash { currency: alluse_risk_core::Currency::usd() }), Some(1.0));
}

#[test]
fn accessors_and_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Ledger>();
    let currency = alluse_risk_core::Currency::new("EUR").unwrap();
    let ledger = Ledger::new(LedgerConfig::default().with_currency(currency.clone()));
    assert_eq!(ledger.config().currency, currency);
    assert_eq!((ledger.last_date(), ledger.cash_of("X"), ledger.cash().count()), (None, None, 0));
    let empty = whole(&ledger, &Marks::new(day(1)));
    assert!(empty.accounts.is_empty());
    assert_eq!((empty.total.residual, empty.total.relative_residual()), (0.0, 0.0));
    let some = history([(1, Action::Deposit { amount: 3.0 }), (4, Action::Withdrawal { amount: 1.0 })]);
    assert_eq!(some.cash().collect::<Vec<_>>(), [("X", 2.0)]);
    assert_eq!(some.last_date(), Some(day(4)));
    assert_eq!(some.groups(), ["g"]);
    let total = whole(&some, &Marks::new(day(5))).total;
    assert_eq!((total.external_flows, total.end_value, total.turnover), (2.0, 2.0, 6.0));
    let wrong = crate::ledger::AccountStatement { residual: -3.0, turnover: 6.0, ..total };
    assert_eq!(wrong.relative_residual(), 0.5);
}

#[test]
fn pnl_arithmetic() {
    let ledger = history([(1, Action::Interest { amount: 4.0 }), (1, Action::Fee { amount: 1.0 })]);
    let mut one = whole(&ledger, &Marks::new(day(1))).total.mark_to_market;
    let other = one;
    one += other;
    pnl(one, [0.0, 0.0, 0.0, 0.0, 8.0, -2.0]);
    pnl(one - other, [0.0, 0.0, 0.0, 0.0, 4.0, -1.0]);
    let names: Vec<_> = one.parts().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["premium", "intrinsic", "shares", "dividends", "interest", "fees"]);
}
