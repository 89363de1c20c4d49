//! From a ledger to the days that an explanation needs.

use std::collections::BTreeMap;

use alluse_instruments::ledger::{CashPurpose, Entry, Event, Ledger, Move};
use alluse_instruments::{Book, Instrument, MarketSnapshot};
use alluse_risk_core::RowId;

use super::{ExplainDay, Flow, FlowKind};
use crate::{Error, Result, check};

/// The books of a ledger at the closes of the markets, and between them its events as flows.
///
/// The first book is the opening; positions are named and labelled as in [`Ledger::book`]. Option ends, assignments and
/// exercises are trades at the market price of the moment, so that shares come at what they were worth. Interest and
/// dividends belong to the cash of their account, fees to the position that the event traded, or else to the cash.
///
/// # Errors
/// - [`Error::Input`] for fewer than two markets; [`Error::Invalid`] for markets that do not increase.
/// - [`Error::Instruments`] where the ledger has no book: an option whose end is not booked, another currency.
/// - [`Error::Unsupported`] for a split after the first close.
pub fn ledger_days(ledger: &Ledger, markets: &[MarketSnapshot]) -> Result<(Book, Vec<ExplainDay>)> {
    check::enough("markets of a ledger", 2, markets.len())?;
    let dates: Vec<_> = markets.iter().map(MarketSnapshot::as_of).collect();
    check::increasing("date of a market", &dates)?;
    let mut replayed = Replayed { ledger, so_far: Ledger::new(ledger.config().clone()), next: 0 };
    replayed.until(&markets[0], Splits::Ignored)?;
    let opening = replayed.so_far.book(&markets[0])?;
    let mut days = Vec::with_capacity(markets.len() - 1);
    for market in &markets[1..] {
        let flows = replayed.until(market, Splits::Refused)?;
        days.push(ExplainDay { book: replayed.so_far.book(market)?, flows });
    }
    Ok((opening, days))
}

/// Before the first close a split explains nothing.
#[derive(Clone, Copy, PartialEq)]
enum Splits {
    Ignored,
    Refused,
}

struct Replayed<'a> {
    ledger: &'a Ledger,
    so_far: Ledger,
    next: usize,
}

impl Replayed<'_> {
    /// Applies what happened up to the close of a market.
    fn until(&mut self, market: &MarketSnapshot, splits: Splits) -> Result<Vec<Flow>> {
        let mut flows = Vec::new();
        while let Some(event) = self.ledger.events().get(self.next).filter(|event| event.date <= market.as_of()) {
            let entry = self.so_far.apply(event.clone())?;
            self.next += 1;
            if !entry.conversions.is_empty() && splits == Splits::Refused {
                let what = format!("explaining the split of {} in account {:?}", event.date, event.account);
                return Err(Error::Unsupported { what });
            }
            flows.extend(self.flows(event, &entry)?);
        }
        Ok(flows)
    }

    fn flows(&self, event: &Event, entry: &Entry) -> Result<Vec<Flow>> {
        let labels = |account: &str, group: Option<&str>| {
            let mut labels: BTreeMap<String, String> = event.labels.clone();
            labels.insert("account".to_owned(), account.to_owned());
            if let Some(group) = group {
                labels.insert("group".to_owned(), group.to_owned());
            }
            labels
        };
        let mut flows = Vec::new();
        for made in &entry.moves {
            let Move { instrument, quantity, price, account, group, .. } = made;
            let kind = FlowKind::Trade { instrument: instrument.clone(), quantity: *quantity, price: *price };
            let position = name(account, group.as_deref(), instrument)?;
            flows.push(Flow { position, labels: labels(account, group.as_deref()), kind });
        }
        let currency = &self.ledger.config().currency;
        for cash in &entry.cash {
            let kind = match cash.purpose {
                CashPurpose::Dividend => FlowKind::Dividend { currency: currency.clone(), amount: cash.amount },
                CashPurpose::Interest => FlowKind::Interest { currency: currency.clone(), amount: cash.amount },
                CashPurpose::Fees => FlowKind::Cost { currency: currency.clone(), amount: -cash.amount },
                // The other side of the moves, or no result.
                _ => continue,
            };
            let traded = flows.first().filter(|_| cash.purpose == CashPurpose::Fees).map(|flow| flow.position.clone());
            let position = match traded {
                Some(position) => position,
                None => RowId::new(format!("{} | {currency} cash", cash.account))?,
            };
            flows.push(Flow { position, labels: labels(&cash.account, cash.group.as_deref()), kind });
        }
        Ok(flows)
    }
}

/// The name of a holding's row in the book of a ledger.
fn name(account: &str, group: Option<&str>, instrument: &Instrument) -> Result<RowId> {
    let instrument = match instrument {
        Instrument::Option(contract) => contract.id().to_string(),
        other => other.to_string(),
    };
    Ok(RowId::new(match group {
        Some(group) => format!("{account} | {group} | {instrument}"),
        None => format!("{account} | {instrument}"),
    })?)
}
