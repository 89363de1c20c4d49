use std::collections::BTreeMap;

use alluse_instruments::Instrument;
use alluse_instruments::ledger::{Action, CashPurpose, Entry, Event, Ledger, Marks, MoveKind};
use jiff::civil::Date;

use super::{AccountGroup, AccountHistory, CashFlow, FlowKind, FlowTiming, Transfer, Valuation};
use crate::{Result, check};

impl AccountGroup {
    /// The accounts of a ledger, valued at the closes of `marks`, with the flows that are booked in between.
    ///
    /// Deposits and withdrawals are external flows, transfers of cash and of positions (at their market value) are
    /// transfers, [`Action::Fee`] is a management fee. Fees of trades, dividends and interest belong to the result.
    /// `timing` says when on its day a flow is taken to happen.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for fewer than two marks or dates that do not increase;
    /// [`Error::Instruments`](crate::Error::Instruments) for a holding without a mark;
    /// [`Error::Invalid`](crate::Error::Invalid) for a ledger without accounts on the dates of the marks.
    pub fn from_ledger(ledger: &Ledger, marks: &[Marks], timing: FlowTiming) -> Result<Self> {
        check::enough("marks", 2, marks.len())?;
        let dates: Vec<Date> = marks.iter().map(Marks::date).collect();
        check::increasing("date of the marks", &dates)?;
        let mut values: BTreeMap<String, Vec<Valuation>> = BTreeMap::new();
        for (index, pair) in marks.windows(2).enumerate() {
            let statement = ledger.statement(&pair[0], &pair[1])?;
            for account in statement.accounts {
                let valuations = values.entry(account.account).or_insert_with(|| {
                    // An account that opens later was worth nothing before.
                    dates[..=index].iter().map(|&date| Valuation::new(date, 0.0)).collect()
                });
                if index == 0 {
                    valuations[0].value = account.start_value;
                }
                valuations.push(Valuation::new(dates[index + 1], account.end_value));
            }
        }
        let mut flows = Flows { timing, own: BTreeMap::new(), transfers: Vec::new() };
        let (start, end) = (dates[0], dates[dates.len() - 1]);
        for (entry, event) in ledger.entries().iter().zip(ledger.events()) {
            if entry.date > start && entry.date <= end {
                flows.book(entry, event);
            }
        }
        let accounts = values.into_iter().map(|(name, valuations)| {
            let own = flows.own.remove(&name).unwrap_or_default();
            AccountHistory::new(name, valuations, own)
        });
        let accounts = accounts.collect::<Result<Vec<_>>>()?;
        Self::new(accounts, flows.transfers)
    }
}

struct Flows {
    timing: FlowTiming,
    own: BTreeMap<String, Vec<CashFlow>>,
    transfers: Vec<Transfer>,
}

impl Flows {
    fn book(&mut self, entry: &Entry, event: &Event) {
        for cash in &entry.cash {
            let kind = match (cash.purpose, &event.action) {
                (CashPurpose::External, _) => FlowKind::External,
                (CashPurpose::Fees, Action::Fee { .. }) => FlowKind::Fee,
                _ => continue,
            };
            let flow = CashFlow { date: entry.date, amount: cash.amount, timing: self.timing, kind };
            self.own.entry(cash.account.clone()).or_default().push(flow);
        }
        match &event.action {
            Action::Transfer { to, amount } => self.transfer(entry.date, &event.account, to, *amount),
            Action::TransferPosition { to, .. } => {
                for made in entry.moves.iter().filter(|made| made.kind == MoveKind::Transfer && made.account == *to) {
                    let multiplier = match &made.instrument {
                        Instrument::Option(contract) => contract.multiplier().units(),
                        Instrument::Share { .. } | Instrument::Cash { .. } => 1.0,
                    };
                    self.transfer(entry.date, &event.account, to, made.quantity * multiplier * made.price);
                }
            }
            _ => {}
        }
    }

    fn transfer(&mut self, date: Date, from: &str, to: &str, amount: f64) {
        self.transfers.push(Transfer::new(date, from, to, amount, self.timing));
    }
}
