//! The ledger: events in their order, and what follows from them.

use std::collections::BTreeMap;

use alluse_risk_core::{Currency, Error as CoreError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::booking::{Draft, Step, draft};
use super::holding::PositionKey;
use super::{CostBasis, Entry, Event, Holding, LedgerFault, Lot, Move};
use crate::{Book, Error, Instrument, MarketSnapshot, Result};

/// Whether cash may fall below zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashPolicy {
    /// Yes: the ledger records what happened.
    #[default]
    Borrowing,
    /// No: an event that needs more cash than its account has is refused.
    NoBorrowing,
}

/// | parameter | default | meaning |
/// |---|---|---|
/// | `currency` | USD | of every price and amount |
/// | `cash` | `Borrowing` | whether cash may fall below zero |
/// | `basis` | `Fifo` | cost against which the premium view measures |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerConfig {
    /// Of every price and amount; another currency needs another ledger.
    pub currency: Currency,
    /// Whether cash may fall below zero.
    pub cash: CashPolicy,
    /// Cost against which the premium view measures.
    pub basis: CostBasis,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self { currency: Currency::usd(), cash: CashPolicy::default(), basis: CostBasis::default() }
    }
}

impl LedgerConfig {
    /// In a currency.
    #[must_use]
    pub fn with_currency(mut self, currency: Currency) -> Self {
        self.currency = currency;
        self
    }

    /// With a cash policy.
    #[must_use]
    pub fn with_cash(mut self, cash: CashPolicy) -> Self {
        self.cash = cash;
        self
    }

    /// With a cost rule.
    #[must_use]
    pub fn with_basis(mut self, basis: CostBasis) -> Self {
        self.basis = basis;
        self
    }
}

/// Events in their order, and the positions and cash that follow from them.
///
/// A put is sold, assigned and its shares are called away, all in one group:
///
/// ```
/// use alluse_instruments::ledger::{Action, Event, Ledger, LedgerConfig, Marks};
/// use alluse_instruments::{Instrument, Multiplier, OptionContract};
/// use jiff::civil::date;
///
/// let put = OptionContract::put("KO", 50.0, date(2024, 1, 19), Multiplier::EQUITY)?;
/// let call = OptionContract::call("KO", 50.0, date(2024, 1, 26), Multiplier::EQUITY)?;
/// let sold = |contract, price| Action::Trade { instrument: Instrument::Option(contract), quantity: -1.0, price, fees: 1.0 };
/// let mut ledger = Ledger::new(LedgerConfig::default());
/// for (day, action) in [
///     (12, Action::Deposit { amount: 5_000.0 }),
///     (12, sold(put.clone(), 0.80)),
///     (19, Action::Assignment { contract: put, contracts: 1.0, spot: 47.0, fees: 0.0 }),
///     (22, sold(call.clone(), 0.30)),
///     (26, Action::CalledAway { contract: call, contracts: 1.0, spot: 51.0, fees: 0.0 }),
/// ] {
///     ledger.apply(Event::new(date(2024, 1, day), "income", action).in_group("KO wheel"))?;
/// }
///
/// let statement = ledger.statement(&Marks::new(date(2024, 1, 1)), &Marks::new(date(2024, 1, 31)))?;
/// let pnl = statement.total.mark_to_market;
/// assert!((pnl.premium - 110.0).abs() < 1e-9); // 80 + 30
/// assert!((pnl.intrinsic - -400.0).abs() < 1e-9); // 50 − 47 at assignment, 51 − 50 when called away
/// assert!((pnl.shares - 400.0).abs() < 1e-9); // from 47 to 51
/// assert!((statement.total.end_value - 5_108.0).abs() < 1e-9); // less 2 of fees
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
///
/// Positions are kept by account, group and instrument, cash by account. Stored are the configuration and the events;
/// reading them back applies each of them again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawLedger", into = "RawLedger")]
pub struct Ledger {
    config: LedgerConfig,
    events: Vec<Event>,
    entries: Vec<Entry>,
    positions: BTreeMap<PositionKey, Holding>,
    cash: BTreeMap<String, f64>,
}

impl Ledger {
    /// Without events.
    #[must_use]
    pub fn new(config: LedgerConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// Books an event, all of it or nothing, and returns what it changed.
    ///
    /// # Errors
    /// [`Error::Ledger`] with the event's index, its account and the [`LedgerFault`]; the ledger is unchanged then.
    pub fn apply(&mut self, event: Event) -> Result<Entry> {
        let index = self.events.len();
        let staged = draft(self, &event).and_then(|draft| self.stage(index, &event, draft));
        let Staged { positions, cash, entry } =
            staged.map_err(|fault| Error::Ledger { index, account: event.account.clone(), fault: Box::new(fault) })?;
        for (key, holding) in positions {
            if holding.lots.is_empty() {
                self.positions.remove(&key);
            } else {
                self.positions.insert(key, holding);
            }
        }
        self.cash.extend(cash);
        self.events.push(event);
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Its rules.
    #[must_use]
    pub fn config(&self) -> &LedgerConfig {
        &self.config
    }

    /// The events, in the order in which they were applied.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What each event changed.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Everything that is held, by account, group and instrument.
    pub fn holdings(&self) -> impl Iterator<Item = &Holding> {
        self.positions.values()
    }

    /// What an account and group hold of an instrument.
    #[must_use]
    pub fn holding(&self, account: &str, group: Option<&str>, instrument: &Instrument) -> Option<&Holding> {
        self.position(&PositionKey::new(account, group, instrument))
    }

    /// The accounts and their cash.
    pub fn cash(&self) -> impl Iterator<Item = (&str, f64)> {
        self.cash.iter().map(|(account, amount)| (account.as_str(), *amount))
    }

    /// Cash of an account that had an event.
    #[must_use]
    pub fn cash_of(&self, account: &str) -> Option<f64> {
        self.cash.get(account).copied()
    }

    /// Day of the last event.
    #[must_use]
    pub fn last_date(&self) -> Option<Date> {
        self.events.last().map(|event| event.date)
    }

    /// The ledger as it stood at the close of a day.
    ///
    /// # Errors
    /// None in practice: its events were accepted before.
    pub fn as_of(&self, date: Date) -> Result<Self> {
        let until = self.events.partition_point(|event| event.date <= date);
        RawLedger { config: self.config.clone(), events: self.events[..until].to_vec() }.try_into()
    }

    /// The positions and the cash at the close of the market's day as a book.
    ///
    /// Every row is named `account | group | instrument` and labelled on the axes `account` and `group` and with the
    /// labels of its events; cash rows are named `account | <currency> cash`. Accounts without cash have no such row.
    ///
    /// # Errors
    /// [`Error::Expired`] when an option has expired by the market's date and its end is not booked;
    /// [`Error::Input`] when the market is in another base currency.
    pub fn book(&self, market: &MarketSnapshot) -> Result<Book> {
        self.same_currency(market)?;
        if self.last_date().is_some_and(|last| last > market.as_of()) {
            return self.as_of(market.as_of())?.book(market);
        }
        let mut builder = Book::builder();
        for holding in self.holdings() {
            builder = match &holding.instrument {
                Instrument::Option(contract) => builder.option(contract.clone(), holding.quantity),
                Instrument::Share { asset } => builder.share(asset.as_str(), holding.quantity),
                Instrument::Cash { currency } => builder.cash(currency.as_str(), holding.quantity),
            };
            builder = builder.named(&holding.name()).tagged("account", &holding.account);
            if let Some(group) = &holding.group {
                builder = builder.tagged("group", group);
            }
            for (axis, label) in &holding.labels {
                builder = builder.tagged(axis, label);
            }
        }
        let currency = self.config.currency.as_str();
        for (account, amount) in self.cash().filter(|(_, amount)| *amount != 0.0) {
            builder = builder.cash(currency, amount).named(&format!("{account} | {currency} cash"));
            builder = builder.tagged("account", account);
        }
        builder.build(market)
    }

    pub(super) fn same_currency(&self, market: &MarketSnapshot) -> Result<()> {
        if *market.base() == self.config.currency {
            return Ok(());
        }
        Err(CoreError::Unknown { name: "base currency of the ledger", value: market.base().to_string() }.into())
    }

    pub(super) fn position(&self, key: &PositionKey) -> Option<&Holding> {
        self.positions.get(key)
    }

    /// Makes the changes on copies.
    fn stage(&self, index: usize, event: &Event, draft: Draft) -> std::result::Result<Staged, LedgerFault> {
        let entry =
            Entry { index, date: event.date, moves: Vec::new(), conversions: Vec::new(), cash: draft.cash.clone() };
        let mut staged = Staged { positions: BTreeMap::new(), cash: BTreeMap::new(), entry };
        staged.cash.insert(event.account.clone(), self.cash_of(&event.account).unwrap_or(0.0));
        for step in draft.steps {
            staged.step(self, event, step)?;
        }
        for part in draft.cash {
            let before = self.cash_of(&part.account).unwrap_or(0.0);
            *staged.cash.entry(part.account).or_insert(before) += part.amount;
        }
        staged.check(self)?;
        Ok(staged)
    }
}

/// Copies of what an event touches.
struct Staged {
    positions: BTreeMap<PositionKey, Holding>,
    cash: BTreeMap<String, f64>,
    entry: Entry,
}

impl Staged {
    fn holding(&mut self, ledger: &Ledger, account: &str, group: Option<&str>, of: &Instrument) -> &mut Holding {
        let key = PositionKey::new(account, group, of);
        let held = || {
            let held = ledger.position(&key).cloned();
            held.unwrap_or_else(|| Holding::new(account, group, of.clone()))
        };
        let held = held();
        self.positions.entry(key).or_insert(held)
    }

    fn step(&mut self, ledger: &Ledger, event: &Event, step: Step) -> std::result::Result<(), LedgerFault> {
        let (basis, group) = (ledger.config.basis, event.group.as_deref());
        match step {
            Step::Trade(mut made, inherits) => {
                let inherited = inherits.map(|of| self.holding(ledger, &event.account, group, &of).labels.clone());
                let holding = self.holding(ledger, &event.account, group, &made.instrument);
                let lot = Lot { date: event.date, quantity: made.quantity, price: made.booked_price };
                made.realised = holding.add(lot, basis);
                holding.labels.extend(inherited.unwrap_or_default());
                holding.labels.extend(event.labels.clone());
                self.entry.moves.push(made);
            }
            Step::Transfer(mut leaving, to) => {
                let mut taken =
                    self.holding(ledger, &event.account, group, &leaving.instrument).take(-leaving.quantity);
                self.cash.entry(to.clone()).or_insert(ledger.cash_of(&to).unwrap_or(0.0));
                leaving.booked_price = taken.cost(basis) / taken.units();
                taken.labels.extend(event.labels.clone());
                let mut arriving = Move { account: to.clone(), quantity: -leaving.quantity, ..leaving.clone() };
                arriving.realised = self.holding(ledger, &to, group, &leaving.instrument).receive(taken, basis);
                self.entry.moves.extend([leaving, arriving]);
            }
            Step::Convert(mut conversion, price) => {
                let (account, group) = (conversion.account.clone(), conversion.group.clone());
                let old = self.holding(ledger, &account, group.as_deref(), &conversion.from);
                let empty = Holding::new(&account, group.as_deref(), conversion.from.clone());
                let moved = std::mem::replace(old, empty).converted(conversion.to.clone(), conversion.ratio, price);
                let target = self.holding(ledger, &account, group.as_deref(), &conversion.to);
                conversion.realised = target.receive(moved, basis);
                self.entry.conversions.push(conversion);
            }
        }
        Ok(())
    }

    /// Nothing may have overflowed, and nobody may have borrowed who must not.
    fn check(&self, ledger: &Ledger) -> std::result::Result<(), LedgerFault> {
        let not_finite = |name, instrument, value| {
            Err(LedgerFault::Value { name, instrument, expected: "small enough for a finite sum", value })
        };
        for holding in self.positions.values() {
            for cost in [holding.cost(CostBasis::Fifo), holding.cost(CostBasis::Average), holding.units()] {
                if !cost.is_finite() {
                    return not_finite("cost", holding.instrument.to_string(), cost);
                }
            }
        }
        for (account, amount) in &self.cash {
            if !amount.is_finite() {
                return not_finite("cash", account.clone(), *amount);
            }
            let available = ledger.cash_of(account).unwrap_or(0.0);
            // Rounding of a sum that should be zero is not a loan.
            let allowance = 1e-12 * (available.abs() + (amount - available).abs());
            if ledger.config.cash == CashPolicy::NoBorrowing && *amount < -allowance {
                return Err(LedgerFault::InsufficientCash { needed: -amount, available });
            }
        }
        Ok(())
    }
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct RawLedger {
    config: LedgerConfig,
    events: Vec<Event>,
}

impl TryFrom<RawLedger> for Ledger {
    type Error = Error;

    fn try_from(RawLedger { config, events }: RawLedger) -> Result<Self> {
        let mut ledger = Self::new(config);
        for event in events {
            ledger.apply(event)?;
        }
        Ok(ledger)
    }
}

impl From<Ledger> for RawLedger {
    fn from(Ledger { config, events, .. }: Ledger) -> Self {
        Self { config, events }
    }
}
