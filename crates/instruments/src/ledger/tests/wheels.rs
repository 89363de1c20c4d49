//! Histories by group.

use super::*;
use crate::ledger::{CycleOutcome, Marks, Settlement, WheelState};

fn expired(contract: &OptionContract) -> Action {
    Action::Expiry { contract: contract.clone(), settlement: Settlement::Worthless }
}

fn called(contract: &OptionContract, contracts: f64, spot: f64) -> Action {
    Action::CalledAway { contract: contract.clone(), contracts, spot, fees: 0.0 }
}

fn dividend(amount: f64) -> Action {
    Action::Dividend { asset: "A".to_owned().try_into().unwrap(), amount }
}

#[test]
fn a_full_turn_and_a_beginning() {
    use WheelState::{Assigned, CalledAway, CashSecured, CoveredCall, Flat};
    let (first, second) = (put(50.0, day(5)), put(50.0, day(12)));
    let (weak, strong) = (call(50.0, day(19)), call(48.0, day(26)));
    let last = put(45.0, date(2024, 4, 5));
    let ledger = history([
        (1, sell(&first, 1.0, 1.0)),
        (5, expired(&first)),
        (6, sell(&second, 1.0, 1.5)),
        (12, assigned(&second, 1.0, 46.0)),
        (13, sell(&weak, 1.0, 0.7)),
        (19, expired(&weak)),
        (20, sell(&strong, 1.0, 0.9)),
        (22, dividend(30.0)),
        (26, called(&strong, 1.0, 49.0)),
        (27, dividend(5.0)),
        (28, sell(&last, 1.0, 0.6)),
    ]);
    let marks = Marks::new(day(29)).with_price(option(&last), 0.5).unwrap();
    let wheel = ledger.wheel("g", &marks).unwrap();
    let states: Vec<_> = wheel.steps.iter().map(|step| step.state).collect();
    let want = [
        CashSecured,
        Flat,
        CashSecured,
        Assigned,
        CoveredCall,
        Assigned,
        CoveredCall,
        CoveredCall,
        CalledAway,
        CalledAway,
        CashSecured,
    ];
    assert_eq!(states, want);
    assert_eq!((wheel.steps[3].shares, wheel.steps[8].shares), (100.0, 0.0));
    assert_eq!((wheel.steps[8].index, wheel.steps[8].date), (8, day(26)));

    let [put_only, turn, open] = &wheel.cycles[..] else { panic!("{:?}", wheel.cycles) };
    assert_eq!((put_only.outcome, put_only.opened, put_only.closed), (CycleOutcome::Expired, day(1), Some(day(5))));
    assert_eq!((turn.outcome, turn.opened, turn.closed), (CycleOutcome::CalledAway, day(6), Some(day(26))));
    assert_eq!((open.outcome, open.opened, open.closed), (CycleOutcome::Open, day(28), None));
    assert_eq!((put_only.assignments, turn.assignments, open.assignments), (0, 1, 0));
    assert_eq!(turn.events, [2, 3, 4, 5, 6, 7, 8, 9]);
    testkit::close(put_only.mark_to_market.total(), 100.0, 1e-12);
    // Premiums 150 + 70 + 90, the shares bought at 50 and sold at 48, dividends 35.
    testkit::close(turn.mark_to_market.total(), 310.0 - 200.0 + 35.0, 1e-12);
    testkit::close(turn.mark_to_market.intrinsic, -400.0 - 100.0, 1e-12);
    testkit::close(turn.mark_to_market.shares, 300.0, 1e-12);
    testkit::close(turn.premium_view.shares, -200.0, 1e-12);
    testkit::close(open.mark_to_market.total(), 10.0, 1e-12);
    testkit::close(open.premium_view.total(), 0.0, 1e-12);
    testkit::close(wheel.total.total(), 100.0 + 145.0 + 10.0, 1e-12);
    assert!(wheel.residual.abs() < 1e-9);

    let text = serde_json::to_string(&wheel).unwrap();
    assert_eq!(serde_json::from_str::<crate::ledger::WheelHistory>(&text).unwrap(), wheel);

    // Half way, the shares are open.
    let half = ledger.wheel("g", &Marks::new(day(12)).with_price(share("A"), 46.0).unwrap()).unwrap();
    assert_eq!(half.steps.len(), 4);
    assert_eq!(half.cycles[1].outcome, CycleOutcome::Open);
    testkit::close(half.total.total(), 100.0 + 150.0 - 400.0, 1e-12);
}

#[test]
fn other_positions_are_called_other() {
    let states = |actions: Vec<Action>| {
        let ledger = history(actions.into_iter().map(|action| (1, action)));
        let marks = Marks::new(day(2)).with_price(share("A"), 1.0).unwrap();
        let options = [put(50.0, day(5)), call(50.0, day(5)), call(55.0, day(5))];
        let marks = options.iter().fold(marks, |marks, o| marks.with_price(option(o), 1.0).unwrap());
        ledger.wheel("g", &marks).unwrap().steps.last().unwrap().state
    };
    let (p, c) = (put(50.0, day(5)), call(50.0, day(5)));
    assert_eq!(states(vec![trade(option(&p), 1.0, 1.0)]), WheelState::Other);
    assert_eq!(states(vec![sell(&c, 1.0, 1.0)]), WheelState::Other);
    assert_eq!(states(vec![trade(share("A"), -1.0, 1.0)]), WheelState::Other);
    assert_eq!(states(vec![trade(share("A"), 100.0, 1.0), sell(&c, 1.0, 1.0)]), WheelState::CoveredCall);
    assert_eq!(states(vec![trade(share("A"), 300.0, 1.0), sell(&c, 1.0, 1.0)]), WheelState::CoveredCall);
    assert_eq!(states(vec![trade(share("A"), 99.0, 1.0), sell(&c, 1.0, 1.0)]), WheelState::Other);
    assert_eq!(states(vec![trade(share("A"), 100.0, 1.0), sell(&p, 1.0, 1.0)]), WheelState::Other);
    assert_eq!(states(vec![sell(&p, 1.0, 1.0), sell(&c, 1.0, 1.0)]), WheelState::Other);
    assert_eq!(states(vec![trade(share("A"), 100.0, 1.0)]), WheelState::Assigned);
    let naked = vec![sell(&c, 1.0, 1.0), assigned(&c, 1.0, 60.0), trade(share("A"), 100.0, 60.0)];
    assert_eq!(states(naked), WheelState::Flat);
}

#[test]
fn rolls_stay_in_their_cycle_and_sales_close_it() {
    let (near, far) = (put(50.0, day(5)), put(48.0, day(12)));
    let ledger = history([
        (1, Action::Fee { amount: 1.0 }),
        (1, dividend(2.0)),
        (1, sell(&near, 1.0, 1.0)),
        (4, Action::Roll { close: side(&near, 1.0, 2.0), open: side(&far, -1.0, 3.0), fees: 0.0 }),
        (12, assigned(&far, 1.0, 47.0)),
        (13, trade(share("A"), -40.0, 49.0)),
        (14, trade(share("A"), -60.0, 49.0)),
        (15, Action::Fee { amount: 4.0 }),
        (18, sell(&put(40.0, day(19)), 1.0, 1.0)),
        (19, trade(option(&put(40.0, day(19))), 1.0, 0.5)),
    ]);
    let wheel = ledger.wheel("g", &Marks::new(day(22))).unwrap();
    let [turn, second] = &wheel.cycles[..] else { panic!("{:?}", wheel.cycles) };
    assert_eq!((turn.rolls, turn.assignments, turn.outcome), (1, 1, CycleOutcome::Closed));
    assert_eq!((turn.opened, turn.closed), (day(1), Some(day(14))));
    assert_eq!(turn.events, [0, 1, 2, 3, 4, 5, 6, 7]);
    testkit::close(turn.mark_to_market.total(), 100.0 - 200.0 + 300.0 + 100.0 - 5.0 + 2.0, 1e-12);
    assert_eq!((second.outcome, second.closed, second.rolls), (CycleOutcome::Closed, Some(day(19)), 0));
    testkit::close(second.mark_to_market.total(), 50.0, 1e-12);
    assert_eq!(wheel.steps.last().unwrap().state, WheelState::Flat);
}

#[test]
fn a_group_that_never_held_anything_has_one_cycle() {
    let ledger = history([(1, Action::Interest { amount: 3.0 }), (4, Action::Interest { amount: 2.0 })]);
    let wheel = ledger.wheel("g", &Marks::new(day(4))).unwrap();
    assert_eq!(wheel.cycles.len(), 1);
    assert_eq!((wheel.cycles[0].outcome, wheel.cycles[0].closed), (CycleOutcome::Open, None));
    assert_eq!((wheel.total.total(), wheel.residual), (5.0, 0.0));
}

#[test]
fn groups_are_apart_and_may_change_accounts() {
    let put = put(50.0, day(15));
    let mut ledger = history([(1, sell(&put, 1.0, 1.0))]);
    let other = Event::new(day(1), "X", sell(&put, 5.0, 1.0)).in_group("h");
    ledger.apply(other).unwrap();
    let to = "Y".to_owned();
    let moved = Action::TransferPosition { to, instrument: option(&put), quantity: -1.0, price: 2.0 };
    ledger.apply(Event::new(day(4), "X", moved).in_group("g")).unwrap();
    ledger.apply(Event::new(day(15), "Y", assigned(&put, 1.0, 45.0)).in_group("g")).unwrap();
    let asset = "A".to_owned().try_into().unwrap();
    ledger.apply(Event::new(day(18), "Y", Action::Split { asset, ratio: 2.0 })).unwrap();
    assert_eq!(ledger.groups(), ["g", "h"]);
    let marks = Marks::new(day(19)).with_price(share("A"), 20.0).unwrap();
    let wheel = ledger.wheel("g", &marks).unwrap();
    assert_eq!(wheel.steps.len(), 4); // the split too
    assert_eq!(wheel.steps[3].shares, 200.0);
    assert_eq!(wheel.cycles.len(), 1);
    // 100 of premium, shares that cost 5,000 worth 4,000.
    testkit::close(wheel.total.total(), -900.0, 1e-12);
    testkit::close(wheel.cycles[0].premium_view.total(), 100.0, 1e-12);
}
