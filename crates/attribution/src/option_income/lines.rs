//! Positions followed through the events of a period.

use std::collections::{BTreeMap, BTreeSet};

use alluse_instruments::ledger::{
    CashMove, CashPurpose, Conversion, Entry, Event, Holding, Ledger, Marks, Move, MoveKind,
};
use alluse_instruments::{Error as Priced, Instrument, OptionContract};
use alluse_risk_core::labels::LabelTable;

use super::{IncomeLine, IncomeParts};
use crate::Result;

/// Account, group and instrument; no instrument for income without a position.
type Key = (String, Option<String>, Option<String>);
type Labels = BTreeMap<String, String>;

#[derive(Debug, Default)]
struct Line {
    instrument: Option<Instrument>,
    quantity: f64,
    /// Largest quantity so far, to tell rounding from a position.
    largest: f64,
    parts: IncomeParts,
    realised: f64,
    labels: Labels,
}

pub(super) struct Lines {
    lines: BTreeMap<Key, Line>,
}

impl Lines {
    /// Replays the ledger: holdings at the start at their marks, then every event up to the end.
    pub(super) fn follow(ledger: &Ledger, from: &Marks, to: &Marks) -> Result<Self> {
        let mut lines = Self { lines: BTreeMap::new() };
        let mut replayed = ledger.as_of(from.date())?;
        for holding in replayed.holdings() {
            lines.open(holding, from)?;
        }
        let until = ledger.events().iter().skip(replayed.events().len()).take_while(|event| event.date <= to.date());
        for event in until {
            let entry = replayed.apply(event.clone())?;
            lines.record(event, &entry, &replayed);
        }
        Ok(lines)
    }

    fn line(&mut self, account: &str, group: Option<&str>, instrument: Option<&Instrument>) -> &mut Line {
        let key = (account.to_owned(), group.map(ToOwned::to_owned), instrument.map(name));
        self.lines.entry(key).or_insert_with(|| Line { instrument: instrument.cloned(), ..Line::default() })
    }

    fn open(&mut self, holding: &Holding, marks: &Marks) -> Result<()> {
        let line = self.line(&holding.account, holding.group.as_deref(), Some(&holding.instrument));
        line.quantity = holding.quantity;
        line.largest = holding.quantity.abs();
        line.labels = holding.labels.clone();
        line.value(marks, -1.0)
    }

    fn record(&mut self, event: &Event, entry: &Entry, after: &Ledger) {
        for made in &entry.moves {
            let settles = matches!(event.action, alluse_instruments::ledger::Action::Expiry { .. });
            let line = self.line(&made.account, made.group.as_deref(), Some(&made.instrument));
            line.trade(made, settles);
            let held = after.holding(&made.account, made.group.as_deref(), &made.instrument);
            line.labels.extend(held.map_or_else(|| event.labels.clone(), |held| held.labels.clone()));
        }
        for conversion in &entry.conversions {
            self.convert(conversion);
        }
        for cash in &entry.cash {
            self.income(event, entry, cash);
        }
    }

    fn convert(&mut self, conversion: &Conversion) {
        let Conversion { account, group, from, to, ratio, realised, .. } = conversion;
        let key = (account.clone(), group.clone(), Some(name(from)));
        let old = self.lines.remove(&key);
        let line = self.line(account, group.as_deref(), Some(to));
        line.realised += realised;
        if let Some(old) = old {
            line.quantity += old.quantity * ratio;
            line.largest = line.largest.max(old.largest * ratio);
            line.parts += old.parts;
            line.realised += old.realised;
            line.labels.extend(old.labels);
        }
    }

    /// Fees belong to what the event traded, other income to the account and group.
    fn income(&mut self, event: &Event, entry: &Entry, cash: &CashMove) {
        let traded = entry.moves.first().filter(|_| cash.purpose == CashPurpose::Fees).map(|made| &made.instrument);
        let amount = cash.amount;
        let mut parts = IncomeParts::default();
        match cash.purpose {
            CashPurpose::Dividend => parts.dividends = amount,
            CashPurpose::Interest => parts.interest = amount,
            CashPurpose::Fees => parts.fees = amount,
            // The other side of the moves, or no result.
            _ => return,
        }
        let line = self.line(&cash.account, cash.group.as_deref(), traded);
        line.parts += parts;
        line.realised += amount;
        line.labels.extend(event.labels.clone());
    }

    /// The lines with what is open at its marks, and their labels.
    pub(super) fn finish(self, to: &Marks) -> Result<(Vec<IncomeLine>, LabelTable)> {
        let mut labels = LabelTable::new(self.lines.len());
        let accounts = self.lines.keys().map(|(account, ..)| Some(account.clone())).collect();
        let groups: Vec<_> = self.lines.keys().map(|(_, group, _)| group.clone()).collect();
        labels = labels.with_axis("account", accounts)?.with_axis("group", groups)?;
        let axes: BTreeSet<&String> = self.lines.values().flat_map(|line| line.labels.keys()).collect();
        for axis in axes {
            labels =
                labels.with_axis(axis, self.lines.values().map(|line| line.labels.get(axis).cloned()).collect())?;
        }
        let close = |((account, group, _), mut line): (Key, Line)| {
            line.value(to, 1.0)?;
            let Line { instrument, parts, realised, .. } = line;
            Ok(IncomeLine { account, group, instrument, parts, realised })
        };
        Ok((self.lines.into_iter().map(close).collect::<Result<_>>()?, labels))
    }
}

impl Line {
    fn trade(&mut self, made: &Move, expires: bool) {
        self.quantity += made.quantity;
        self.largest = self.largest.max(self.quantity.abs());
        self.realised += made.realised;
        let money = -made.quantity * made.price * multiplier(&made.instrument);
        let parts = &mut self.parts;
        match (&made.instrument, made.kind) {
            (Instrument::Option(_), MoveKind::Settlement) if expires => parts.cash_settlement += money,
            (Instrument::Option(_), MoveKind::Settlement) => parts.assignment += money,
            (Instrument::Option(_), MoveKind::Transfer) => parts.transfers += money,
            (Instrument::Option(_), _) if money > 0.0 => parts.premium_received += money,
            (Instrument::Option(_), _) => parts.premium_paid += money,
            _ => parts.shares += money,
        }
    }

    /// Adds what is held at its marks, with a sign: options split into intrinsic and time value.
    fn value(&mut self, marks: &Marks, sign: f64) -> Result<()> {
        let Some(instrument) = self.instrument.as_ref().filter(|_| self.quantity.abs() > 1e-9 * self.largest) else {
            return Ok(());
        };
        let price = known(marks, instrument)?;
        let units = sign * self.quantity * multiplier(instrument);
        match instrument {
            Instrument::Option(contract) => {
                let intrinsic = contract.intrinsic(underlying(marks, contract)?);
                self.parts.open_intrinsic += units * intrinsic;
                self.parts.open_time_value += units * (price - intrinsic);
            }
            Instrument::Share { .. } | Instrument::Cash { .. } => self.parts.shares += units * price,
        }
        Ok(())
    }
}

fn underlying(marks: &Marks, contract: &OptionContract) -> Result<f64> {
    known(marks, &Instrument::Share { asset: contract.underlying().clone() })
}

fn known(marks: &Marks, instrument: &Instrument) -> Result<f64> {
    let missing = || Priced::MissingQuote { what: "mark", name: instrument.to_string() };
    Ok(marks.price(instrument).ok_or_else(missing)?)
}

fn multiplier(instrument: &Instrument) -> f64 {
    match instrument {
        Instrument::Option(contract) => contract.multiplier().units(),
        Instrument::Cash { .. } | Instrument::Share { .. } => 1.0,
    }
}

fn name(instrument: &Instrument) -> String {
    match instrument {
        Instrument::Option(contract) => contract.id().to_string(),
        other => other.to_string(),
    }
}
