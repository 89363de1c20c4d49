//! Put, shares, call: one history per group, read from the events.

use alluse_risk_core::Error as CoreError;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::event::Action;
use super::holding::PositionKey;
use super::pnl::{Tally, realised};
use super::{Entry, Ledger, Marks, Pnl};
use crate::pricing::OptionKind;
use crate::{Instrument, Result};

/// Where a group stands.
///
/// ```text
/// Flat → CashSecured → Assigned → CoveredCall → CalledAway
///            ↓ expires     ↑ expires   ↓
///          Flat            └───────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WheelState {
    /// Nothing is held.
    Flat,
    /// Short puts.
    CashSecured,
    /// Shares.
    Assigned,
    /// Shares and short calls on at most as many.
    CoveredCall,
    /// Nothing is held, because a call took the shares.
    CalledAway,
    /// Anything else: long options, uncovered calls, puts beside shares.
    Other,
}

/// How a cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CycleOutcome {
    /// It has not.
    Open,
    /// The option expired.
    Expired,
    /// A call took the shares.
    CalledAway,
    /// The position was closed by a trade or in another way.
    Closed,
}

/// A group after one of its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WheelStep {
    /// Place of the event in the ledger.
    pub index: usize,
    /// Its day.
    pub date: Date,
    /// Where the group stands after it.
    pub state: WheelState,
    /// Shares held after it.
    pub shares: f64,
}

/// From the first position of a group until nothing is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WheelCycle {
    /// Day of its first event.
    pub opened: Date,
    /// Day on which the last position went, if it did.
    pub closed: Option<Date>,
    /// How.
    pub outcome: CycleOutcome,
    /// Assignments of puts in it.
    pub assignments: usize,
    /// Rolls in it.
    pub rolls: usize,
    /// Places of its events in the ledger.
    pub events: Vec<usize>,
    /// Marked to market.
    pub mark_to_market: Pnl,
    /// Only what was realised against cost, open losses hidden.
    pub premium_view: Pnl,
}

/// The history of a group. Every event belongs to exactly one cycle, so that the cycles add up to the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WheelHistory {
    /// The group.
    pub group: String,
    /// Where it stood after each of its events.
    pub steps: Vec<WheelStep>,
    /// Its cycles. Income while nothing is held belongs to the cycle before it, or before any to the first.
    pub cycles: Vec<WheelCycle>,
    /// Marked to market, over all its events at once.
    pub total: Pnl,
    /// Total less the sum over the cycles: rounding.
    pub residual: f64,
}

impl Ledger {
    /// Names of all groups, in order.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let names: std::collections::BTreeSet<_> = self.events().iter().filter_map(|e| e.group.as_deref()).collect();
        names.into_iter().collect()
    }

    /// The history of a group over all accounts, up to the close of the marks' day, what is open at its mark.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a group without events by then,
    /// [`Error::MissingQuote`](crate::Error::MissingQuote) for an open position without a mark.
    pub fn wheel(&self, group: &str, marks: &Marks) -> Result<WheelHistory> {
        let until = self.entries().partition_point(|entry| entry.date <= marks.date());
        let mine: Vec<&Entry> = self.entries()[..until].iter().filter(|entry| touches(entry, group)).collect();
        if mine.is_empty() {
            return Err(CoreError::Unknown { name: "group", value: group.to_owned() }.into());
        }
        let steps = self.steps(&mine, group);
        let mut cycles = Vec::new();
        let mut total = Tally::default();
        for (part, closes) in cycles_of(&steps) {
            cycles.push(self.cycle(&mine[part.clone()], closes, group, marks)?);
        }
        mine.iter().for_each(|entry| total.record(entry, |of| of == Some(group)));
        let total = sum(total.close(marks)?);
        let residual = total.total() - cycles.iter().map(|cycle| cycle.mark_to_market.total()).sum::<f64>();
        Ok(WheelHistory { group: group.to_owned(), steps, cycles, total, residual })
    }

    fn steps(&self, entries: &[&Entry], group: &str) -> Vec<WheelStep> {
        let mut held = Held::default();
        let step = |entry: &&Entry| {
            let before = held.state();
            held.record(entry, group);
            let mut state = held.state();
            if state == WheelState::Flat {
                // Income after the call does not undo what the call did.
                let taken = self.takes_shares(entry.index);
                let idle = matches!(before, WheelState::Flat);
                state = match (taken, idle, held.called_away) {
                    (true, false, _) | (false, true, true) => WheelState::CalledAway,
                    _ => WheelState::Flat,
                };
                held.called_away = state == WheelState::CalledAway;
            }
            WheelStep { index: entry.index, date: entry.date, state, shares: held.shares() }
        };
        entries.iter().map(step).collect()
    }

    fn takes_shares(&self, index: usize) -> bool {
        match &self.events()[index].action {
            Action::Assignment { contract, .. } | Action::CalledAway { contract, .. } => {
                contract.kind() == OptionKind::Call
            }
            _ => false,
        }
    }

    fn cycle(&self, entries: &[&Entry], closes: Option<usize>, group: &str, marks: &Marks) -> Result<WheelCycle> {
        let mut tally = Tally::default();
        let mut premium = BTreeMap::new();
        let (mut assignments, mut rolls) = (0, 0);
        for entry in entries {
            tally.record(entry, |of| of == Some(group));
            realised(entry, |of| of == Some(group), &mut premium);
            match &self.events()[entry.index].action {
                Action::Assignment { contract, .. } if contract.kind() == OptionKind::Put => assignments += 1,
                Action::Roll { .. } => rolls += 1,
                _ => {}
            }
        }
        let last = closes.map(|place| entries[place]);
        Ok(WheelCycle {
            opened: entries[0].date,
            closed: last.map(|entry| entry.date),
            outcome: last.map_or(CycleOutcome::Open, |entry| self.outcome(entry.index)),
            assignments,
            rolls,
            events: entries.iter().map(|entry| entry.index).collect(),
            mark_to_market: sum(tally.close(marks)?),
            premium_view: sum(premium),
        })
    }

    fn outcome(&self, index: usize) -> CycleOutcome {
        match &self.events()[index].action {
            Action::Expiry { .. } => CycleOutcome::Expired,
            _ if self.takes_shares(index) => CycleOutcome::CalledAway,
            _ => CycleOutcome::Closed,
        }
    }
}

fn touches(entry: &Entry, group: &str) -> bool {
    let of = |name: &Option<String>| name.as_deref() == Some(group);
    entry.moves.iter().any(|made| of(&made.group))
        || entry.conversions.iter().any(|conversion| of(&conversion.group))
        || entry.cash.iter().any(|cash| of(&cash.group))
}

fn sum(accounts: BTreeMap<String, Pnl>) -> Pnl {
    let mut total = Pnl::default();
    accounts.into_values().for_each(|pnl| total += pnl);
    total
}

/// Which steps make up each cycle, and which of them closed it, counted from its start.
fn cycles_of(steps: &[WheelStep]) -> Vec<(std::ops::Range<usize>, Option<usize>)> {
    let flat = |step: &WheelStep| matches!(step.state, WheelState::Flat | WheelState::CalledAway);
    let mut cycles: Vec<(std::ops::Range<usize>, Option<usize>)> = Vec::new();
    let mut held = false;
    for (place, step) in steps.iter().enumerate() {
        let opens = !held && !flat(step);
        // Before the first position there is no cycle to close: what comes first waits for it.
        let waiting = cycles.len() == 1 && cycles[0].1.is_none() && !held;
        match cycles.last_mut() {
            Some(last) if !opens || waiting => last.0.end = place + 1,
            _ => cycles.push((place..place + 1, None)),
        }
        if let Some(last) = cycles.last_mut()
            && held
            && flat(step)
        {
            last.1 = Some(place - last.0.start);
        }
        held = !flat(step);
    }
    cycles
}

/// What a group holds, by position.
#[derive(Default)]
struct Held {
    positions: BTreeMap<PositionKey, (Instrument, f64, f64)>,
    called_away: bool,
}

impl Held {
    fn record(&mut self, entry: &Entry, group: &str) {
        for made in entry.moves.iter().filter(|made| made.group.as_deref() == Some(group)) {
            let key = PositionKey::new(&made.account, Some(group), &made.instrument);
            let held = self.positions.entry(key).or_insert((made.instrument.clone(), 0.0, 0.0));
            held.1 += made.quantity;
            held.2 = held.2.max(held.1.abs());
        }
        for conversion in entry.conversions.iter().filter(|conversion| conversion.group.as_deref() == Some(group)) {
            let key = |instrument| PositionKey::new(&conversion.account, Some(group), instrument);
            if let Some((_, quantity, largest)) = self.positions.remove(&key(&conversion.from)) {
                let new = self.positions.entry(key(&conversion.to)).or_insert((conversion.to.clone(), 0.0, 0.0));
                new.1 += quantity * conversion.ratio;
                new.2 = new.2.max(largest * conversion.ratio);
            }
        }
        self.positions.retain(|_, (_, quantity, largest)| quantity.abs() > 1e-9 * *largest);
    }

    fn shares(&self) -> f64 {
        let share = |(instrument, quantity, _): &(Instrument, f64, f64)| match instrument {
            Instrument::Share { .. } => *quantity,
            Instrument::Option(_) | Instrument::Cash { .. } => 0.0,
        };
        self.positions.values().map(share).sum()
    }

    fn state(&self) -> WheelState {
        let (mut puts, mut calls, mut other) = (0.0, 0.0, false);
        for (instrument, quantity, _) in self.positions.values() {
            match instrument {
                Instrument::Option(contract) if *quantity < 0.0 => match contract.kind() {
                    OptionKind::Put => puts -= quantity,
                    OptionKind::Call => calls -= quantity * contract.multiplier().units(),
                },
                Instrument::Share { .. } if *quantity > 0.0 => {}
                _ => other = true,
            }
        }
        let shares = self.shares();
        if self.positions.is_empty() {
            WheelState::Flat
        } else if other || (puts > 0.0 && shares + calls > 0.0) || calls > shares * (1.0 + 1e-9) {
            WheelState::Other
        } else if puts > 0.0 {
            WheelState::CashSecured
        } else if calls > 0.0 {
            WheelState::CoveredCall
        } else {
            WheelState::Assigned
        }
    }
}
