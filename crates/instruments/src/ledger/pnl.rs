//! What a period earned, from the changes of positions alone.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};

use serde::{Deserialize, Serialize};

use super::entry::{CashPurpose, MoveKind};
use super::holding::{PositionKey, multiplier};
use super::{Conversion, Entry, Holding, Marks, Move};
use crate::{Instrument, Result};

/// A result in its parts; gains are positive, fees negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pnl {
    /// Options: premium received less premium paid. Marked to market, open options count with the change of their
    /// marks too.
    pub premium: f64,
    /// Options that were exercised, assigned or cash settled: market price against strike at that moment.
    pub intrinsic: f64,
    /// Shares: marked to market, from the market price at which they came.
    pub shares: f64,
    /// Dividends.
    pub dividends: f64,
    /// Interest.
    pub interest: f64,
    /// Fees, as a negative number.
    pub fees: f64,
}

impl Pnl {
    /// The sum of the parts.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.parts().iter().map(|(_, amount)| amount).sum()
    }

    /// The parts with their names, in the order in which they are added.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, f64); 6] {
        [
            ("premium", self.premium),
            ("intrinsic", self.intrinsic),
            ("shares", self.shares),
            ("dividends", self.dividends),
            ("interest", self.interest),
            ("fees", self.fees),
        ]
    }

    /// Where the result of trading an instrument belongs.
    fn traded(&mut self, instrument: &Instrument) -> &mut f64 {
        match instrument {
            Instrument::Option(_) => &mut self.premium,
            Instrument::Share { .. } | Instrument::Cash { .. } => &mut self.shares,
        }
    }
}

impl AddAssign for Pnl {
    fn add_assign(&mut self, other: Self) {
        self.premium += other.premium;
        self.intrinsic += other.intrinsic;
        self.shares += other.shares;
        self.dividends += other.dividends;
        self.interest += other.interest;
        self.fees += other.fees;
    }
}

impl Sub for Pnl {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            premium: self.premium - other.premium,
            intrinsic: self.intrinsic - other.intrinsic,
            shares: self.shares - other.shares,
            dividends: self.dividends - other.dividends,
            interest: self.interest - other.interest,
            fees: self.fees - other.fees,
        }
    }
}

/// One position over a period: what it would have cost at the prices at which it was measured.
#[derive(Debug, Clone)]
struct Line {
    instrument: Instrument,
    quantity: f64,
    /// Largest quantity so far, to tell rounding from a position.
    largest: f64,
    paid: f64,
    intrinsic: f64,
}

impl Line {
    fn new(instrument: Instrument) -> Self {
        Self { instrument, quantity: 0.0, largest: 0.0, paid: 0.0, intrinsic: 0.0 }
    }

    fn add(&mut self, quantity: f64, price: f64) {
        self.quantity += quantity;
        self.largest = self.largest.max(self.quantity.abs());
        self.paid += quantity * price * multiplier(&self.instrument);
    }

    fn close(&self, marks: &Marks) -> Result<Pnl> {
        let left = if self.quantity.abs() > 1e-9 * self.largest {
            self.quantity * multiplier(&self.instrument) * marks.known(&self.instrument)?
        } else {
            0.0
        };
        let mut pnl = Pnl { intrinsic: self.intrinsic, ..Pnl::default() };
        *pnl.traded(&self.instrument) = left - self.paid - self.intrinsic;
        Ok(pnl)
    }
}

/// Follows positions and income through entries. It never looks at cash balances, so that it can be held against
/// them.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    lines: BTreeMap<PositionKey, Line>,
    income: BTreeMap<String, Pnl>,
}

impl Tally {
    /// Starts with a holding at its mark.
    pub(super) fn open(&mut self, holding: &Holding, marks: &Marks) -> Result<()> {
        let price = marks.known(&holding.instrument)?;
        self.line(&holding.account, holding.group.as_deref(), &holding.instrument).add(holding.quantity, price);
        Ok(())
    }

    /// Records what an entry did to the groups that are asked for.
    pub(super) fn record(&mut self, entry: &Entry, of: impl Fn(Option<&str>) -> bool) {
        for made in entry.moves.iter().filter(|made| of(made.group.as_deref())) {
            let line = self.line(&made.account, made.group.as_deref(), &made.instrument);
            line.add(made.quantity, made.price);
            if made.kind == MoveKind::Settlement {
                line.intrinsic -= made.quantity * made.price * multiplier(&made.instrument);
            }
        }
        for conversion in entry.conversions.iter().filter(|conversion| of(conversion.group.as_deref())) {
            self.convert(conversion);
        }
        for cash in entry.cash.iter().filter(|cash| of(cash.group.as_deref())) {
            let income = self.income.entry(cash.account.clone()).or_default();
            income_of(income, cash.purpose, cash.amount);
        }
    }

    /// The result by account, with what is left at its mark.
    pub(super) fn close(&self, marks: &Marks) -> Result<BTreeMap<String, Pnl>> {
        let mut results = self.income.clone();
        for (key, line) in &self.lines {
            *results.entry(key.account.clone()).or_default() += line.close(marks)?;
        }
        Ok(results)
    }

    fn line(&mut self, account: &str, group: Option<&str>, instrument: &Instrument) -> &mut Line {
        let key = PositionKey::new(account, group, instrument);
        self.lines.entry(key).or_insert_with(|| Line::new(instrument.clone()))
    }

    fn convert(&mut self, conversion: &Conversion) {
        let Conversion { account, group, from, to, ratio, .. } = conversion;
        let old = self.lines.remove(&PositionKey::new(account, group.as_deref(), from));
        let line = self.line(account, group.as_deref(), to);
        if let Some(old) = old {
            line.quantity += old.quantity * ratio;
            line.largest = line.largest.max(old.largest * ratio);
            line.paid += old.paid;
            line.intrinsic += old.intrinsic;
        }
    }
}

fn income_of(pnl: &mut Pnl, purpose: CashPurpose, amount: f64) {
    match purpose {
        CashPurpose::Dividend => pnl.dividends += amount,
        CashPurpose::Interest => pnl.interest += amount,
        CashPurpose::Fees => pnl.fees += amount,
        CashPurpose::Trade | CashPurpose::External | CashPurpose::Internal => {}
    }
}

/// The premium view: what entries realised against cost, by account.
pub(super) fn realised(entry: &Entry, of: impl Fn(Option<&str>) -> bool, into: &mut BTreeMap<String, Pnl>) {
    for made in entry.moves.iter().filter(|made| of(made.group.as_deref())) {
        let pnl = into.entry(made.account.clone()).or_default();
        let intrinsic = booked_intrinsic(made);
        pnl.intrinsic += intrinsic;
        *pnl.traded(&made.instrument) += made.realised - intrinsic;
    }
    for conversion in entry.conversions.iter().filter(|conversion| of(conversion.group.as_deref())) {
        *into.entry(conversion.account.clone()).or_default().traded(&conversion.to) += conversion.realised;
    }
    for cash in entry.cash.iter().filter(|cash| of(cash.group.as_deref())) {
        income_of(into.entry(cash.account.clone()).or_default(), cash.purpose, cash.amount);
    }
}

/// Only cash settlement books intrinsic value; an assignment hides it in the cost of the shares.
fn booked_intrinsic(made: &Move) -> f64 {
    match made.kind {
        MoveKind::Settlement => -made.quantity * made.booked_price * multiplier(&made.instrument),
        MoveKind::Trade | MoveKind::Transfer => 0.0,
    }
}
