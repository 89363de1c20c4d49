use alluse_instruments::Instrument;
use alluse_instruments::ledger::{Action, Event, Ledger, LedgerConfig, Marks};
use alluse_risk_core::{ErrorKind, Frequency};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::{Error, Result};

fn history(values: &[(Date, f64)], flows: Vec<CashFlow>) -> Result<AccountHistory> {
    AccountHistory::new("a", values.iter().map(|&(day, value)| Valuation::new(day, value)).collect(), flows)
}

/// Bacon (2008), section 2.4: 74.2 at the end of December, 37.1 comes in on 14 January, 104.4 at the end of January;
/// worth 67.0 just before the flow.
fn bacon(timing: FlowTiming) -> AccountHistory {
    let values = [(date(2006, 12, 31), 74.2), (date(2007, 1, 14), 67.0 + 37.1), (date(2007, 1, 31), 104.4)];
    history(&values, vec![CashFlow::external(date(2007, 1, 14), 37.1, timing)]).unwrap()
}

#[test]
fn bacon_example() {
    let (from, to) = (date(2006, 12, 31), date(2007, 1, 31));
    let end = bacon(FlowTiming::End);
    // Published as −7.30 %, −7.21 % and −9.44 %.
    close(end.modified_dietz(from, to, FeeBasis::Net).unwrap().return_rate, -0.0730, 5e-5);
    close(bacon(FlowTiming::Start).modified_dietz(from, to, FeeBasis::Net).unwrap().return_rate, -0.0721, 5e-5);
    let exact = end.time_weighted(FeeBasis::Net).unwrap();
    close(exact.total_return, -0.0944, 5e-5);
    close(exact.gain.gain, -6.9, 1e-13);
    // Sub-periods that end at the flow make the linked Dietz return exact.
    close(end.linked_dietz(&[], FeeBasis::Net).unwrap().total_return, exact.total_return, 1e-15);
    let money = end.money_weighted(FeeBasis::Net).unwrap();
    // scipy brentq on −74.2 − 37.1 x^(14/31) + 104.4 x = 0 over the month
    close(money.total_return, -0.072_714_609_534_896_36, 1e-14);
}

#[test]
fn dietz_of_a_flow_in_the_middle() {
    // Two years without a leap day, 100 → 300, 50 in the middle: 150 on 125 of average capital is 120 %.
    let values = [(date(2021, 12, 31), 100.0), (date(2023, 12, 31), 300.0)];
    let account = history(&values, vec![CashFlow::external(date(2022, 12, 31), 50.0, FlowTiming::End)]).unwrap();
    let dietz = account.modified_dietz(values[0].0, values[1].0, FeeBasis::Net).unwrap();
    assert_eq!((dietz.average_capital, dietz.return_rate, dietz.gain.gain), (125.0, 1.2, 150.0));
    assert_eq!(dietz.gain.residual, 0.0);
    // The exact return needs the value in the middle, and says so.
    let error = account.time_weighted(FeeBasis::Net).unwrap_err();
    assert_eq!(
        error.to_string(),
        "valuations of a: none at the close of 2022-12-31: needed for the flow of 50 on 2022-12-31"
    );
}

#[test]
fn spreadsheet_example() {
    // The documentation of Excel's XIRR: 0.373362535; scipy 1.17 brentq: 0.37336253351883164.
    let payments = [
        (date(2008, 1, 1), -10_000.0),
        (date(2008, 3, 1), 2_750.0),
        (date(2008, 10, 30), 4_250.0),
        (date(2009, 2, 15), 3_250.0),
        (date(2009, 4, 1), 2_750.0),
    ];
    let mut payments = payments.map(|(day, amount)| Payment::new(day, amount)).to_vec();
    let rate = irr(&payments).unwrap();
    assert!(rate.is_unique());
    close(rate.rate, 0.373_362_533_518_831_64, 1e-14);
    payments.reverse();
    assert_eq!(irr(&payments).unwrap(), rate);
}

#[test]
fn rates_agree_with_brentq() {
    // scipy 1.17 brentq(xtol=1e-16); alternating flows with balances that stay positive.
    let start = date(2015, 1, 5);
    let mut payments = vec![Payment::new(start, -1_000.0), Payment::new(date(2018, 1, 5), 1_500.0)];
    payments.extend((0..20).map(|i| {
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        Payment::new(start + (37 * (i + 1)).days(), sign * f64::from(50 + 7 * i))
    }));
    let rate = irr(&payments).unwrap();
    assert!(rate.is_unique());
    close(rate.rate, 0.126_223_487_190_916_67, 1e-13);
    let week = irr(&[Payment::new(date(2024, 1, 2), -100.0), Payment::new(date(2024, 1, 9), 100.7)]).unwrap();
    close(week.rate, 0.438_683_458_614_981, 1e-13);
    close(week.total_return, 0.007, 1e-15);
    let crash = irr(&[Payment::new(date(2020, 1, 1), -100.0), Payment::new(date(2021, 1, 1), 3.0)]).unwrap();
    close(crash.rate, -0.969_711_195_949_617_6, 1e-14);
}

#[test]
fn several_rates_are_all_reported() {
    // (1+r) ∈ {1.0, 2.0, 3.0}: Σ = −1 + 6x − 11x² + 6x³
    let rates = irr_per_period(&[-1.0, 6.0, -11.0, 6.0]).unwrap();
    assert!(rates.rate.abs() < 1e-13);
    let others: Vec<f64> = rates.other_roots.clone();
    assert_eq!(others.len(), 2);
    // Ascending in the rate.
    close(others[0], 1.0, 1e-12);
    close(others[1], 2.0, 1e-12);
    // The pump of Lorie and Savage: 25 % and 400 %.
    let pump = irr_per_period(&[-1_600.0, 10_000.0, -10_000.0]).unwrap();
    close(pump.rate, 0.25, 1e-13);
    close(pump.other_roots[0], 4.0, 1e-13);
    let none = irr_per_period(&[100.0, -180.0, 100.0]).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Undefined);
}

#[test]
fn rates_that_do_not_exist_are_undefined() {
    let day = date(2024, 1, 1);
    let kind = |payments: &[(Date, f64)]| {
        let payments: Vec<Payment> = payments.iter().map(|&(day, amount)| Payment::new(day, amount)).collect();
        irr(&payments).unwrap_err().kind()
    };
    let later = date(2024, 6, 1);
    assert_eq!(kind(&[(day, -1.0), (later, -1.0)]), ErrorKind::Undefined);
    assert_eq!(kind(&[(day, -1.0), (day, 2.0)]), ErrorKind::Undefined);
    assert_eq!(kind(&[(day, 0.0), (later, 0.0)]), ErrorKind::Undefined);
    assert_eq!(kind(&[(day, -1.0)]), ErrorKind::InsufficientData);
    assert_eq!(kind(&[(day, -1.0), (later, f64::NAN)]), ErrorKind::InvalidInput);
    assert_eq!(kind(&[(day, -1e-300), (date(2024, 1, 2), 1e300)]), ErrorKind::Numerical);
    let alternating: Vec<f64> = (0..1_000).map(|i| if i % 2 == 0 { 100.0 } else { -101.0 }).collect();
    assert_eq!(irr_per_period(&alternating).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_flow_at_the_start_of_a_day_earns_the_day() {
    // Friday's close, a deposit before Monday's open.
    let values = [(date(2024, 1, 5), 100.0), (date(2024, 1, 8), 165.0)];
    let start = CashFlow::external(date(2024, 1, 8), 50.0, FlowTiming::Start);
    let account = history(&values, vec![start.clone()]).unwrap();
    close(account.time_weighted(FeeBasis::Net).unwrap().total_return, 0.1, 1e-15);
    // On Tuesday it needs Monday's close.
    let values = [(date(2024, 1, 5), 100.0), (date(2024, 1, 9), 165.0)];
    let error = history(&values, vec![CashFlow { date: date(2024, 1, 9), ..start }]).unwrap();
    let error = error.time_weighted(FeeBasis::Net).unwrap_err().to_string();
    assert!(error.contains("none at the close of 2024-01-08"), "{error}");
}

#[test]
fn fees_are_a_result_or_a_flow() {
    let values = [(date(2023, 1, 1), 100.0), (date(2024, 1, 1), 108.0)];
    let account = history(&values, vec![CashFlow::fee(date(2024, 1, 1), 2.0)]).unwrap();
    let net = account.time_weighted(FeeBasis::Net).unwrap();
    let gross = account.time_weighted(FeeBasis::Gross).unwrap();
    close(net.total_return, 0.08, 1e-15);
    close(gross.total_return, 0.10, 1e-15);
    assert_eq!((net.gain.flows, gross.gain.flows, gross.gain.gain), (0.0, -2.0, 10.0));
    close(gross.annual_return().unwrap(), 0.10, 1e-15); // 365 days
    close(account.money_weighted(FeeBasis::Gross).unwrap().rate, 0.10, 1e-14);
}

#[test]
fn hostile_histories_are_refused() {
    let (one, two) = (date(2024, 1, 1), date(2024, 1, 2));
    assert_eq!(history(&[(one, 1.0)], vec![]).unwrap_err().kind(), ErrorKind::InsufficientData);
    assert!(history(&[(one, 1.0), (one, 1.0)], vec![]).unwrap_err().to_string().contains("occurs twice"));
    assert!(history(&[(one, 1.0), (two, f64::NAN)], vec![]).unwrap_err().to_string().contains("valuations[1]"));
    let flow = |day, amount| vec![CashFlow::external(day, amount, FlowTiming::End)];
    let error = history(&[(one, 1.0), (two, 1.0)], flow(date(2024, 1, 3), 5.0)).unwrap_err();
    assert!(error.to_string().contains("a flow of 5 on 2024-01-03"), "{error}");
    assert!(history(&[(one, 1.0), (two, 1.0)], flow(two, f64::INFINITY)).is_err());
    let undefined = |values: &[f64], flows| {
        let values: Vec<(Date, f64)> = [one, two].into_iter().zip(values.iter().copied()).collect();
        history(&values, flows).unwrap().time_weighted(FeeBasis::Net).unwrap_err().to_string()
    };
    assert!(undefined(&[0.0, 5.0], vec![]).contains("capital of 0"));
    assert!(undefined(&[-3.0, 5.0], vec![]).contains("capital of -3"));
    assert!(undefined(&[10.0, -5.0], vec![]).contains("lost more than everything"));
    assert!(undefined(&[0.0, 5.0], flow(two, 5.0)).contains("never invested"));
    let total = history(&[(one, 10.0), (two, 0.0)], vec![]).unwrap().time_weighted(FeeBasis::Net).unwrap();
    assert_eq!(total.total_return, -1.0);
    let emptied = history(&[(one, 10.0), (two, 1.0)], flow(two, -20.0)).unwrap();
    assert!(emptied.modified_dietz(two, one, FeeBasis::Net).is_err());
    let text = serde_json::to_string(&emptied).unwrap();
    assert_eq!(serde_json::from_str::<AccountHistory>(&text).unwrap(), emptied);
    assert!(serde_json::from_str::<AccountHistory>(&text.replace("2024-01-02", "2023-01-02")).is_err());
}

#[test]
fn a_group_names_what_is_missing() {
    let days = [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)];
    let account = |name: &str, values: &[(usize, f64)]| {
        AccountHistory::new(name, values.iter().map(|&(d, v)| Valuation::new(days[d], v)).collect(), vec![]).unwrap()
    };
    let whole = || account("a", &[(0, 10.0), (1, 10.0), (2, 10.0)]);
    let refuse = |accounts, transfers| AccountGroup::new(accounts, transfers).unwrap_err().to_string();
    let transfer = |from, to, amount| Transfer::new(days[1], from, to, amount, FlowTiming::End);
    assert!(refuse(vec![], vec![]).contains("accounts is empty"));
    assert!(refuse(vec![whole(), whole()], vec![]).contains("occurs twice"));
    assert!(refuse(vec![whole()], vec![transfer("a", "b", 1.0)]).contains("no account \"b\""));
    assert!(refuse(vec![whole()], vec![transfer("a", "a", 1.0)]).contains("to itself"));
    let gap = account("b", &[(0, 1.0), (2, 1.0)]);
    assert!(refuse(vec![whole(), gap.clone()], vec![]).contains("valuations of b: none at the close of 2024-01-02"));
    // It appears with money out of nowhere.
    let late = account("b", &[(1, 1.0), (2, 1.0)]);
    assert!(refuse(vec![whole(), late.clone()], vec![]).contains("none at the close of 2024-01-01"));
    // It vanishes with money in it.
    let lost = account("b", &[(0, 1.0), (1, 1.0)]);
    assert!(refuse(vec![whole(), lost], vec![]).contains("none at the close of 2024-01-03"));
    let group = AccountGroup::new(vec![whole(), late], vec![transfer("a", "b", 1.0)]).unwrap();
    assert!(group.account("c").is_err() && group.consolidated("x", &[]).is_err());
    assert!(group.consolidated("x", &["a", "a"]).is_err());
    let text = serde_json::to_string(&group).unwrap();
    assert_eq!(serde_json::from_str::<AccountGroup>(&text).unwrap(), group);
}

#[test]
fn a_ledger_becomes_accounts() {
    let share = Instrument::Share { asset: "KO".to_owned().try_into().unwrap() };
    let mut ledger = Ledger::new(LedgerConfig::default());
    let trade = |quantity| Action::Trade { instrument: share.clone(), quantity, price: 50.0, fees: 1.0 };
    for (day, account, action) in [
        (2, "GEN", Action::Deposit { amount: 50_000.0 }),
        (2, "GEN", trade(500.0)),
        (9, "GEN", Action::Transfer { to: "NEW".to_owned(), amount: 5_000.0 }),
        (
            9,
            "GEN",
            Action::TransferPosition { to: "NEW".to_owned(), instrument: share.clone(), quantity: 100.0, price: 60.0 },
        ),
        (16, "NEW", Action::Fee { amount: 20.0 }),
    ] {
        ledger.apply(Event::new(date(2024, 1, day), account, action)).unwrap();
    }
    let marks = [(2, 50.0), (9, 60.0), (16, 66.0)]
        .map(|(day, price)| Marks::new(date(2024, 1, day)).with_price(share.clone(), price).unwrap());
    let group = AccountGroup::from_ledger(&ledger, &marks, FlowTiming::End).unwrap();
    assert_eq!(group.names().collect::<Vec<_>>(), ["GEN", "NEW"]);
    let gen_ = group.account("GEN").unwrap().time_weighted(FeeBasis::Net).unwrap();
    // 49,999 → 54,999 before 11,000 leave; 43,999 → 43,999 + 400 · 6
    close(gen_.total_return, 54_999.0 / 49_999.0 * (46_399.0 / 43_999.0) - 1.0, 1e-14);
    assert_eq!(gen_.gain.flows, -11_000.0);
    let new = group.account("NEW").unwrap();
    close(new.time_weighted(FeeBasis::Net).unwrap().total_return, 580.0 / 11_000.0, 1e-14);
    close(new.time_weighted(FeeBasis::Gross).unwrap().total_return, 600.0 / 11_000.0, 1e-14);
    let total = group.total().unwrap().time_weighted(FeeBasis::Net).unwrap();
    close(total.total_return, 57_979.0 / 49_999.0 - 1.0, 1e-14);
    assert_eq!((total.gain.flows, total.gain.residual), (0.0, 0.0));
    let series = group.account("NEW").unwrap().time_weighted(FeeBasis::Net).unwrap().series(Frequency::Weekly).unwrap();
    assert_eq!((series.start(), series.len()), (Some(date(2024, 1, 9)), 1));
    let bare = [Marks::new(date(2024, 1, 2)), Marks::new(date(2024, 1, 9))];
    assert!(matches!(AccountGroup::from_ledger(&ledger, &bare, FlowTiming::End), Err(Error::Instruments(_))));
    assert!(AccountGroup::from_ledger(&ledger, &marks[..1], FlowTiming::End).is_err());
}

/// The surplus over 50,000 opens an account for half of it; later everything is merged back.
#[test]
fn a_fork_and_a_merge_earn_nothing() {
    let day = |d: i8| date(2024, 3, d);
    let account = |name: &str, values: &[(i8, f64)]| {
        AccountHistory::new(name, values.iter().map(|&(d, v)| Valuation::new(day(d), v)).collect(), vec![]).unwrap()
    };
    let group = AccountGroup::new(
        vec![
            // 10 %, of which 2,500 leave; 0 %; 2 % and 2,600 come; −1 %.
            account("GEN", &[(1, 50_000.0), (8, 52_500.0), (15, 52_500.0), (22, 56_150.0), (29, 55_588.5)]),
            // 4 %, 0 %, closed.
            account("NEW", &[(8, 2_500.0), (15, 2_600.0), (22, 0.0)]),
        ],
        vec![
            Transfer::new(day(8), "GEN", "NEW", 2_500.0, FlowTiming::End),
            Transfer::new(day(22), "NEW", "GEN", 2_600.0, FlowTiming::End),
        ],
    )
    .unwrap();
    let earned = |name: &str| group.account(name).unwrap().time_weighted(FeeBasis::Net).unwrap();
    close(earned("GEN").total_return, 1.1 * 1.02 * 0.99 - 1.0, 1e-14);
    let new = earned("NEW");
    close(new.total_return, 0.04, 1e-14);
    assert_eq!((new.invested_days, new.sub_periods.len(), new.gain.gain, new.gain.end), (14, 4, 100.0, 0.0));
    assert!(new.annual_return().is_err());
    let series = new.series(Frequency::Weekly).unwrap();
    assert_eq!((series.start(), series.dates()), (Some(day(8)), &[day(15), day(22)][..]));
    let total = group.total().unwrap().time_weighted(FeeBasis::Net).unwrap();
    close(total.total_return, 55_588.5 / 50_000.0 - 1.0, 1e-14);
    assert_eq!((total.gain.flows, total.gain.gain), (0.0, 5_588.5));
    // An account that is empty for a while has no series, and no return then.
    let gap = account("gap", &[(1, 100.0), (8, 0.0), (15, 0.0), (22, 100.0), (29, 110.0)]);
    let flows =
        vec![CashFlow::external(day(8), -100.0, FlowTiming::End), CashFlow::external(day(22), 100.0, FlowTiming::End)];
    let gap =
        AccountHistory::new("gap", gap.valuations().to_vec(), flows).unwrap().time_weighted(FeeBasis::Net).unwrap();
    close(gap.total_return, 0.1, 1e-15);
    let error = gap.series(Frequency::Weekly).unwrap_err().to_string();
    assert!(error.contains("empty from 2024-03-08 to 2024-03-15"), "{error}");
}

#[test]
fn hundreds_of_sign_changes_are_no_obstacle() {
    // Ends of one sign, so that no shortcut applies. With x = 1/(1 + rate), −100 (1 − x⁴⁰⁰) + 101 x (1 − x³⁹⁸) = 0;
    // bisection with 60 decimal digits, the other zero is the reciprocal.
    let amounts: Vec<f64> = (0..399).map(|i| if i % 2 == 0 { -100.0 } else { 101.0 }).collect();
    let rates = irr_per_period(&amounts).unwrap();
    let mut all: Vec<f64> = rates.other_roots.iter().copied().chain([rates.rate]).collect();
    all.sort_by(f64::total_cmp);
    assert_eq!(all.len(), 2);
    close(all[0], -0.009467932220541393, 1e-14);
    close(all[1], 0.009558430795447425, 1e-14);
}

const ACCOUNTS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
struct Story {
    starts: Vec<f64>,
    returns: Vec<Vec<f64>>,
    deposits: Vec<(usize, f64)>,
    /// Day, from, to, share of what is there.
    transfers: Vec<(usize, usize, usize, f64)>,
    timing: FlowTiming,
}

fn stories() -> impl Strategy<Value = Story> {
    let days = 8_usize;
    (
        prop::collection::vec(10_000.0_f64..500_000.0, 3),
        prop::collection::vec(prop::collection::vec(-0.2_f64..0.2, days), 3),
        prop::collection::vec((0..days, -1_000.0_f64..20_000.0), 0..4),
        prop::collection::vec((0..days, 0_usize..3, 1_usize..3, 0.0_f64..0.9), 0..6),
        prop::bool::ANY,
    )
        .prop_map(|(starts, returns, deposits, transfers, start)| Story {
            starts,
            returns,
            deposits,
            transfers: transfers.into_iter().map(|(d, from, by, share)| (d, from, (from + by) % 3, share)).collect(),
            timing: if start { FlowTiming::Start } else { FlowTiming::End },
        })
}

/// Lives through a story; `same` gives all accounts the returns of the first.
fn live(story: &Story, same: bool, with_transfers: bool) -> AccountGroup {
    let day = |d: usize| date(2024, 1, 1) + i64::try_from(d).unwrap().days();
    let mut values = story.starts.clone();
    let mut valuations: Vec<Vec<Valuation>> = values.iter().map(|v| vec![Valuation::new(day(0), *v)]).collect();
    let mut flows: Vec<Vec<CashFlow>> = vec![vec![]; 3];
    let mut transfers = vec![];
    for d in 0..story.returns[0].len() {
        let mut move_money = |values: &mut Vec<f64>| {
            for &(_, amount) in story.deposits.iter().filter(|(at, _)| *at == d) {
                values[0] += amount;
                flows[0].push(CashFlow::external(day(d + 1), amount, story.timing));
            }
            for &(_, from, to, share) in story.transfers.iter().filter(|t| with_transfers && t.0 == d) {
                let amount = share * values[from];
                values[from] -= amount;
                values[to] += amount;
                transfers.push(Transfer::new(day(d + 1), ACCOUNTS[from], ACCOUNTS[to], amount, story.timing));
            }
        };
        if story.timing == FlowTiming::Start {
            move_money(&mut values);
        }
        for (k, value) in values.iter_mut().enumerate() {
            *value *= 1.0 + story.returns[if same { 0 } else { k }][d];
        }
        if story.timing == FlowTiming::End {
            move_money(&mut values);
        }
        for (k, value) in values.iter().enumerate() {
            valuations[k].push(Valuation::new(day(d + 1), *value));
        }
    }
    let accounts = ACCOUNTS.iter().zip(valuations.into_iter().zip(flows));
    let accounts = accounts.map(|(name, (v, f))| AccountHistory::new(*name, v, f).unwrap()).collect();
    AccountGroup::new(accounts, transfers).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Accounts that earn the same are together what they are without any transfer; and whatever flows, an account's
    /// time-weighted return is what it earned.
    #[test]
    fn transfers_earn_nothing(story in stories()) {
        let want = story.returns[0].iter().map(|r| 1.0 + r).product::<f64>() - 1.0;
        let (moved, left) = (live(&story, true, true), live(&story, true, false));
        let total = |group: &AccountGroup| group.total().unwrap().time_weighted(FeeBasis::Net).unwrap();
        prop_assert!((total(&moved).total_return - want).abs() < 1e-12);
        prop_assert!((total(&left).total_return - want).abs() < 1e-12);
        let dietz = |group: &AccountGroup| group.total().unwrap().linked_dietz(&[], FeeBasis::Net).unwrap().total_return;
        prop_assert!((dietz(&moved) - dietz(&left)).abs() < 1e-12);
        let owner = |group: &AccountGroup| group.total().unwrap().money_weighted(FeeBasis::Net);
        if let (Ok(a), Ok(b)) = (owner(&moved), owner(&left)) {
            prop_assert!((a.total_return - b.total_return).abs() < 1e-10);
        }
        let apart = live(&story, false, true);
        for (k, name) in ACCOUNTS.iter().enumerate() {
            let got = apart.account(name).unwrap().time_weighted(FeeBasis::Net).unwrap();
            let want = story.returns[k].iter().map(|r| 1.0 + r).product::<f64>() - 1.0;
            prop_assert!((got.total_return - want).abs() < 1e-11, "{} {}", got.total_return, want);
            prop_assert!(got.gain.relative_residual() < 1e-12);
        }
    }

    /// The gains of the accounts are the gain of all, and of every node of the tree.
    #[test]
    fn gains_add_up(story in stories()) {
        let group = live(&story, false, true);
        let gain = |name: &str, of: &[&str]| {
            let node = group.consolidated(name, of).unwrap().time_weighted(FeeBasis::Net).unwrap().gain;
            assert!(node.relative_residual() < 1e-12);
            node
        };
        let (a, b, c) = (gain("a", &["a"]), gain("b", &["b"]), gain("c", &["c"]));
        let (ab, all) = (gain("ab", &["a", "b"]), gain("all", &["c", "a", "b"]));
        prop_assert!((a.gain + b.gain - ab.gain).abs() < 1e-12 * (a.turnover + b.turnover));
        prop_assert!((ab.gain + c.gain - all.gain).abs() < 1e-12 * (ab.turnover + c.turnover));
        let external: f64 = story.deposits.iter().map(|(_, amount)| amount).sum();
        prop_assert!((all.flows - external).abs() < 1e-9);
    }

    /// The rate makes the present value zero, and constant returns make it that return.
    #[test]
    fn money_weighted_return_of_a_constant_return(rate in -0.4_f64..1.5, flows in prop::collection::vec((1_i64..1000, -60.0_f64..100.0), 0..10)) {
        let start = date(2020, 1, 1);
        let end = start + 1_000.days();
        let grow = |days: f64| (1.0 + rate).powf(days / 365.0);
        let value = 1_000.0 * grow(1_000.0) + flows.iter().map(|(d, f)| f * grow((1_000 - d) as f64)).sum::<f64>();
        let flows = flows.iter().map(|(d, f)| CashFlow::external(start + d.days(), *f, FlowTiming::End)).collect();
        let account = history(&[(start, 1_000.0), (end, value)], flows).unwrap();
        let got = account.money_weighted(FeeBasis::Net).unwrap();
        let all: Vec<f64> = got.other_roots.iter().copied().chain([got.rate]).collect();
        prop_assert!(all.iter().any(|r| (r - rate).abs() < 1e-9 * (1.0 + rate)), "{} in {:?}", rate, got);
    }
}
