//! Random histories against a second, naive book-keeping.

use std::collections::BTreeMap;

use alluse_risk_core::AssetId;
use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::ledger::{CostBasis, Holding, Marks, Settlement};
use crate::pricing::OptionKind;

/// What the strategy draws: which kind of event, and numbers to fill it with.
#[derive(Debug, Clone)]
struct Drawn {
    kind: usize,
    account: usize,
    group: usize,
    pick: usize,
    size: f64,
    price: f64,
    days: i8,
}

const ACCOUNTS: [&str; 3] = ["X", "Y", "Z"];
const GROUPS: [Option<&str>; 3] = [None, Some("g"), Some("h")];
const ASSETS: [&str; 2] = ["A", "B"];

fn drawn() -> impl Strategy<Value = Drawn> {
    (0..16_usize, 0..3_usize, 0..3_usize, 0..64_usize, 0.01..1.0_f64, 0.1..200.0_f64, 0..5_i8).prop_map(
        |(kind, account, group, pick, size, price, days)| Drawn { kind, account, group, pick, size, price, days },
    )
}

fn histories() -> impl Strategy<Value = Vec<Drawn>> {
    prop::collection::vec(drawn(), 1..60)
}

fn asset_of(instrument: &Instrument) -> AssetId {
    instrument.underlying().unwrap().clone()
}

fn fresh_option(drawn: &Drawn, today: Date) -> OptionContract {
    let kind = if drawn.pick.is_multiple_of(3) { OptionKind::Call } else { OptionKind::Put };
    let units = Multiplier::new([100.0, 10.0][drawn.pick % 2]).unwrap();
    let expiry = today.saturating_add((1 + (drawn.pick % 12) as i64).days());
    let style = crate::pricing::ExerciseStyle::American;
    OptionContract::new(ASSETS[drawn.pick % 2], kind, style, drawn.price, expiry, units).unwrap()
}

/// The holding that a drawn event uses, if there is one of the kind.
fn picked<'a>(ledger: &'a Ledger, drawn: &Drawn, fits: impl Fn(&Holding) -> bool) -> Option<&'a Holding> {
    let all: Vec<_> = ledger.holdings().filter(|held| fits(held)).collect();
    (!all.is_empty()).then(|| all[drawn.pick % all.len()])
}

fn contract(held: &Holding) -> Option<&OptionContract> {
    match &held.instrument {
        Instrument::Option(contract) => Some(contract),
        _ => None,
    }
}

/// A valid event in the state of the ledger, or none of that kind.
fn event(ledger: &Ledger, drawn: &Drawn, today: Date) -> Option<Event> {
    let new = |action| {
        let event = Event::new(today, ACCOUNTS[drawn.account], action);
        match GROUPS[drawn.group] {
            Some(group) => event.in_group(group),
            None => event,
        }
    };
    let on = |held: &Holding, action| {
        let event = Event::new(today, &held.account, action);
        match &held.group {
            Some(group) => event.in_group(group),
            None => event,
        }
    };
    let Drawn { size, price, .. } = *drawn;
    let fees = size * 3.0;
    let alive = |held: &Holding| contract(held).is_some_and(|c| c.expiry() >= today);
    let share_part = |held: &Holding| if drawn.pick.is_multiple_of(4) { held.quantity } else { held.quantity * size };
    let event = match drawn.kind {
        0 => new(Action::Deposit { amount: price * 100.0 }),
        1 => new(Action::Withdrawal { amount: price }),
        2 => new(Action::Transfer { to: ACCOUNTS[(drawn.account + 1) % 3].to_owned(), amount: price }),
        3 => {
            let held = picked(ledger, drawn, |_| true)?;
            let to = ACCOUNTS[drawn.account];
            if held.account == to {
                return None;
            }
            let (to, instrument) = (to.to_owned(), held.instrument.clone());
            on(held, Action::TransferPosition { to, instrument, quantity: share_part(held), price })
        }
        4 => new(Action::Dividend { asset: ASSETS[drawn.pick % 2].to_owned().try_into().unwrap(), amount: price }),
        5 => new(Action::Interest { amount: size - 0.5 }),
        6 => new(Action::Fee { amount: size }),
        7 | 8 => {
            let quantity = if drawn.pick.is_multiple_of(5) { -100.0 * size } else { 100.0 };
            new(Action::Trade { instrument: share(ASSETS[drawn.pick % 2]), quantity, price, fees })
        }
        9 | 10 => {
            let quantity = if drawn.pick.is_multiple_of(5) { 1.0 } else { -(1.0 + (drawn.pick % 3) as f64) };
            let instrument = option(&fresh_option(drawn, today));
            new(Action::Trade { instrument, quantity, price: size * 5.0, fees })
        }
        11 => {
            let held = picked(ledger, drawn, |held| contract(held).is_none() || alive(held))?;
            let instrument = held.instrument.clone();
            on(held, Action::Trade { instrument, quantity: -1.5 * share_part(held), price: size * 7.0, fees })
        }
        12 => {
            let held = picked(ledger, drawn, |held| contract(held).is_some_and(|c| c.expiry() <= today))?;
            let settlement = match drawn.pick % 2 {
                0 => Settlement::Worthless,
                _ => Settlement::Cash { spot: price },
            };
            on(held, Action::Expiry { contract: contract(held)?.clone(), settlement })
        }
        13 => {
            let held = picked(ledger, drawn, |held| contract(held).is_some())?;
            let (contract, contracts) = (contract(held)?.clone(), share_part(held).abs());
            let action = match held.quantity > 0.0 {
                true => Action::Exercise { contract, contracts, spot: price, fees },
                false => Action::Assignment { contract, contracts, spot: price, fees },
            };
            on(held, action)
        }
        14 => {
            let held = picked(ledger, drawn, |held| alive(held) && held.group.is_some())?;
            let close = side(contract(held)?, -share_part(held), size);
            let open = side(&fresh_option(drawn, today), held.quantity, size * 2.0);
            on(held, Action::Roll { close, open, fees })
        }
        _ => {
            let held = picked(ledger, drawn, |held| contract(held).is_none())?;
            on(held, Action::Split { asset: asset_of(&held.instrument), ratio: [2.0, 3.0, 1.5, 0.5][drawn.pick % 4] })
        }
    };
    Some(event)
}

/// Cash and quantities in units of the underlying, kept without any of the ledger's code.
#[derive(Default)]
struct Naive {
    cash: BTreeMap<String, f64>,
    units: BTreeMap<(String, Option<String>, String), (Instrument, f64)>,
    flows: f64,
}

impl Naive {
    fn pay(&mut self, account: &str, amount: f64) {
        *self.cash.entry(account.to_owned()).or_default() += amount;
    }

    fn get(&mut self, account: &str, event: &Event, what: &Instrument, units: f64) {
        let key = (account.to_owned(), event.group.clone(), name(what));
        self.units.entry(key).or_insert((what.clone(), 0.0)).1 += units;
    }

    fn apply(&mut self, event: &Event) {
        let own = event.account.clone();
        let size = |contract: &OptionContract| contract.multiplier().units();
        match &event.action {
            Action::Trade { instrument: Instrument::Option(contract), quantity, price, fees } => {
                self.pay(&own, -quantity * size(contract) * price - fees);
                self.get(&own, event, &option(contract), quantity * size(contract));
            }
            Action::Trade { instrument, quantity, price, fees } => {
                self.pay(&own, -quantity * price - fees);
                self.get(&own, event, instrument, *quantity);
            }
            Action::Deposit { amount } => {
                self.flows += amount;
                self.pay(&own, *amount);
            }
            Action::Withdrawal { amount } => {
                self.flows -= amount;
                self.pay(&own, -amount);
            }
            Action::Transfer { to, amount } => {
                self.pay(&own, -amount);
                self.pay(to, *amount);
            }
            Action::TransferPosition { to, instrument, quantity, .. } => {
                let units = quantity * units_of(instrument);
                self.get(&own, event, instrument, -units);
                self.get(to, event, instrument, units);
            }
            Action::Dividend { amount, .. } | Action::Interest { amount } => self.pay(&own, *amount),
            Action::Fee { amount } => self.pay(&own, -amount),
            Action::Expiry { contract, settlement } => {
                let key = (own.clone(), event.group.clone(), contract.id().to_string());
                let (_, units) = self.units.remove(&key).unwrap();
                if let Settlement::Cash { spot } = settlement {
                    let worth = match contract.kind() {
                        OptionKind::Call => (spot - contract.strike()).max(0.0),
                        OptionKind::Put => (contract.strike() - spot).max(0.0),
                    };
                    self.pay(&own, units * worth);
                }
            }
            Action::Exercise { contract, contracts, fees, .. } => self.used(event, contract, *contracts, *fees),
            Action::Assignment { contract, contracts, fees, .. }
            | Action::CalledAway { contract, contracts, fees, .. } => {
                self.used(event, contract, -contracts, *fees);
            }
            Action::Roll { close, open, fees } => {
                self.pay(&own, -fees);
                for side in [close, open] {
                    let units = side.quantity * size(&side.contract);
                    self.pay(&own, -units * side.price);
                    self.get(&own, event, &option(&side.contract), units);
                }
            }
            Action::Split { asset, ratio } => self.split(event, asset, *ratio),
        }
    }

    /// `contracts` of a long option, or minus those of a short one.
    fn used(&mut self, event: &Event, contract: &OptionContract, contracts: f64, fees: f64) {
        let units = contracts * contract.multiplier().units();
        let shares = if contract.kind() == OptionKind::Call { units } else { -units };
        self.pay(&event.account, -shares * contract.strike() - fees);
        self.get(&event.account, event, &option(contract), -units);
        self.get(&event.account, event, &share(contract.underlying().as_str()), shares);
    }

    fn split(&mut self, event: &Event, asset: &AssetId, ratio: f64) {
        for ((account, group, old), (instrument, units)) in std::mem::take(&mut self.units) {
            let alive = !matches!(&instrument, Instrument::Option(contract) if contract.expiry() < event.date);
            if account != event.account || asset_of(&instrument) != *asset || !alive {
                self.units.entry((account, group, old)).or_insert((instrument, 0.0)).1 += units;
                continue;
            }
            let new = match &instrument {
                Instrument::Option(old) => option(&adjusted(old, ratio)),
                other => other.clone(),
            };
            self.units.entry((account, group, name(&new))).or_insert((new, 0.0)).1 += units * ratio;
        }
    }
}

fn adjusted(old: &OptionContract, ratio: f64) -> OptionContract {
    let units = old.multiplier().units() * if [2.0, 3.0].contains(&ratio) { 1.0 } else { ratio };
    let (kind, style, strike) = (old.kind(), old.style(), old.strike() / ratio);
    let units = Multiplier::new(units).unwrap();
    OptionContract::new(old.underlying().as_str(), kind, style, strike, old.expiry(), units).unwrap()
}

fn name(instrument: &Instrument) -> String {
    match instrument {
        Instrument::Option(contract) => contract.id().to_string(),
        other => other.to_string(),
    }
}

/// Applies all that is possible.
fn play(history: &[Drawn], basis: CostBasis) -> (Ledger, Naive, Date) {
    let mut ledger = Ledger::new(LedgerConfig::default().with_basis(basis));
    let mut naive = Naive::default();
    let mut today = day(1);
    for drawn in history {
        today = today.saturating_add(i64::from(drawn.days).days());
        if let Some(event) = event(&ledger, drawn, today) {
            naive.apply(&event);
            ledger.apply(event).unwrap();
        }
    }
    (ledger, naive, today)
}

/// Some mark for everything that is held on a day: any will do for an identity.
fn marks(ledger: &Ledger, on: Date, seed: f64) -> Marks {
    let ledger = ledger.as_of(on).unwrap();
    ledger.holdings().fold(Marks::new(on), |marks, held| {
        let name = held.instrument.to_string();
        let wobble = name.bytes().fold(seed, |x, byte| (x * 31.0 + f64::from(byte)) % 97.0);
        marks.with_price(held.instrument.clone(), wobble).unwrap()
    })
}

fn basis() -> impl Strategy<Value = CostBasis> {
    prop_oneof![Just(CostBasis::Fifo), Just(CostBasis::Average)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn start_flows_and_pnl_make_the_end(
        history in histories(), basis in basis(), middle in 0.0..1.0_f64, seed in 0.0..97.0_f64,
    ) {
        let (ledger, naive, last) = play(&history, basis);
        let days = last.duration_since(day(1)).as_hours() / 24;
        let between = day(1).saturating_add(((days as f64 * middle) as i64).days());
        let (start, end) = (Marks::new(date(2024, 2, 29)), marks(&ledger, last, seed));
        let mid = marks(&ledger, between, seed / 2.0);
        let whole = ledger.statement(&start, &end).unwrap();
        let mut periods = vec![whole.clone()];
        periods.push(ledger.statement(&start, &mid).unwrap());
        if between < last {
            periods.push(ledger.statement(&mid, &end).unwrap());
        }
        for statement in &periods {
            for account in statement.accounts.iter().chain([&statement.total]) {
                prop_assert!(account.relative_residual() < 1e-9, "{account:?}");
                let open = account.open_result_end - account.open_result_start - account.open_result_received;
                prop_assert!((account.difference - open).abs() <= 1e-9 * account.turnover, "{account:?}");
            }
            prop_assert!(statement.total.internal_transfers.abs() <= 1e-9 * statement.total.turnover);
        }
        // Periods follow one another without gap or overlap.
        if let [whole, first, second] = &periods[..] {
            let both = first.total.mark_to_market.total() + second.total.mark_to_market.total();
            let apart = whole.total.mark_to_market.total() - both;
            prop_assert!(apart.abs() <= 1e-9 * (first.total.turnover + second.total.turnover));
        }
        // The naive books know nothing of lots or statements.
        for (account, amount) in &naive.cash {
            let got = ledger.cash_of(account).unwrap();
            prop_assert!((got - amount).abs() <= 1e-9 * whole.total.turnover, "{account}: {got} {amount}");
        }
        prop_assert!((whole.total.external_flows - naive.flows).abs() <= 1e-9 * whole.total.turnover);
        for held in ledger.holdings() {
            let key = (held.account.clone(), held.group.clone(), name(&held.instrument));
            let units = naive.units[&key].1;
            prop_assert!((held.units() - units).abs() <= 1e-9 * units.abs().max(1.0));
        }
        let held = naive.units.values().filter(|(_, units)| units.abs() > 1e-6).count();
        prop_assert!(held <= ledger.holdings().count());
    }

    #[test]
    fn cycles_add_up_and_nothing_is_in_two_of_them(history in histories(), basis in basis(), seed in 0.0..97.0_f64) {
        let (ledger, _, last) = play(&history, basis);
        let end = marks(&ledger, last, seed);
        let mut results = 0.0;
        for group in ledger.groups() {
            let wheel = ledger.wheel(group, &end).unwrap();
            let scale = ledger.statement(&Marks::new(date(2024, 2, 29)), &end).unwrap().total.turnover;
            prop_assert!(wheel.residual.abs() <= 1e-9 * scale);
            let events: Vec<usize> = wheel.cycles.iter().flat_map(|cycle| cycle.events.clone()).collect();
            let steps: Vec<usize> = wheel.steps.iter().map(|step| step.index).collect();
            prop_assert_eq!(events, steps);
            let open = wheel.cycles.iter().filter(|cycle| cycle.closed.is_none()).count();
            prop_assert!(open <= 1);
            results += wheel.total.total();
        }
        // Groups and what belongs to none make up the whole, up to rounding.
        if ledger.events().iter().all(|event| event.group.is_some()) && !ledger.events().is_empty() {
            let total = ledger.statement(&Marks::new(date(2024, 2, 29)), &end).unwrap().total;
            prop_assert!((results - total.mark_to_market.total()).abs() <= 1e-9 * total.turnover);
        }
    }

    #[test]
    fn transfers_at_the_mark_earn_nothing(history in histories(), transfers in histories(), seed in 0.0..97.0_f64) {
        let (mut ledger, _, last) = play(&history, CostBasis::Fifo);
        let before = marks(&ledger, last, seed);
        let tomorrow = last.tomorrow().unwrap();
        let after = ledger.holdings().fold(Marks::new(tomorrow), |marks, held| {
            marks.with_price(held.instrument.clone(), before.price(&held.instrument).unwrap()).unwrap()
        });
        for mut drawn in transfers {
            drawn.kind = 2 + drawn.kind % 2;
            let Some(mut event) = event(&ledger, &drawn, tomorrow) else { continue };
            if let Action::TransferPosition { instrument, price, .. } = &mut event.action {
                *price = before.price(instrument).unwrap();
            }
            ledger.apply(event).unwrap();
        }
        let statement = ledger.statement(&before, &after).unwrap();
        for account in statement.accounts.iter().chain([&statement.total]) {
            let total = account.mark_to_market.total();
            prop_assert!(total.abs() <= 1e-9 * account.turnover, "{account:?}");
        }
        let change = statement.total.end_value - statement.total.start_value;
        prop_assert!(change.abs() <= 1e-9 * statement.total.turnover);
    }

    #[test]
    fn storing_refusing_and_replaying_change_nothing(history in histories(), basis in basis(), drawn in drawn()) {
        let (mut ledger, _, last) = play(&history, basis);
        let text = serde_json::to_string(&ledger).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Ledger>(&text).unwrap(), &ledger);
        prop_assert_eq!(&ledger.as_of(last).unwrap(), &ledger);
        for held in ledger.holdings() {
            prop_assert!(held.quantity != 0.0 && !held.lots.is_empty());
            let sum: f64 = held.lots.iter().map(|lot| lot.quantity).sum();
            // Trades enter both in another order, so they agree up to rounding.
            prop_assert!((held.quantity - sum).abs() <= 1e-12 * sum.abs());
            prop_assert!(held.lots.iter().all(|lot| lot.quantity * held.quantity > 0.0));
            prop_assert!(held.lots.windows(2).all(|pair| pair[0].date <= pair[1].date));
        }
        // Cash and positions change by the same money in both accounts of it.
        for entry in ledger.entries() {
            let moved = entry.moves.iter().filter(|made| made.kind != crate::ledger::MoveKind::Transfer);
            let value: f64 = moved.map(|made| made.quantity * made.price * units_of(&made.instrument)).sum();
            let paid = entry.cash.iter().filter(|cash| cash.purpose == crate::ledger::CashPurpose::Trade);
            let paid: f64 = paid.map(|cash| cash.amount).sum();
            prop_assert!((value + paid).abs() <= 1e-9 * (1.0 + paid.abs() + value.abs()) * 1e3);
        }
        let before = ledger.clone();
        let Some(mut event) = event(&ledger, &drawn, last) else { return Ok(()) };
        event.labels.insert("group".to_owned(), "taken".to_owned());
        prop_assert!(ledger.apply(event).is_err());
        prop_assert_eq!(ledger, before);
    }
}

fn units_of(instrument: &Instrument) -> f64 {
    match instrument {
        Instrument::Option(contract) => contract.multiplier().units(),
        _ => 1.0,
    }
}
