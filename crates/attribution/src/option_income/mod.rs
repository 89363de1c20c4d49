//! What selling options really earned: premium, intrinsic value, assignment and shares apart, from a ledger.
//!
//! The premium is what a seller of options sees first and the least of it: what an assignment costs lies in shares that
//! were bought above the market. Here shares come at their market price, and the difference to the strike is the result
//! of the option. The parts add up to the mark-to-market P&L of the ledger.
//!
//! ```
//! use alluse_attribution::option_income::{Materiality, OptionIncome};
//! use alluse_instruments::ledger::{Action, Event, Ledger, LedgerConfig, Marks};
//! use alluse_instruments::{Instrument, Multiplier, OptionContract};
//! use jiff::civil::date;
//!
//! // A put at 50 is sold for 0.80 and assigned at 47; the share stands at 46 a week later.
//! let put = OptionContract::put("KO", 50.0, date(2024, 1, 19), Multiplier::EQUITY)?;
//! let sold = Instrument::Option(put.clone());
//! let mut ledger = Ledger::new(LedgerConfig::default());
//! for (day, action) in [
//!     (12, Action::Deposit { amount: 5_000.0 }),
//!     (12, Action::Trade { instrument: sold, quantity: -1.0, price: 0.80, fees: 1.0 }),
//!     (19, Action::Assignment { contract: put, contracts: 1.0, spot: 47.0, fees: 0.0 }),
//! ] {
//!     ledger.apply(Event::new(date(2024, 1, day), "income", action).in_group("KO wheel"))?;
//! }
//! let share = Instrument::Share { asset: "KO".to_owned().try_into()? };
//! let end = Marks::new(date(2024, 1, 26)).with_price(share, 46.0)?;
//!
//! let income = OptionIncome::of(&ledger, &Marks::new(date(2024, 1, 1)), &end)?;
//! assert_eq!(income.total.premium_received, 80.0);
//! assert_eq!(income.total.assignment, -300.0); // 47 against 50
//! assert_eq!(income.total.shares, -100.0); // from 47 to 46, not from 50
//! assert_eq!(income.mark_to_market, -321.0);
//! // Premium less fees says +79.
//! let gaps = income.premium_view_misleads(None, Materiality::new(5_000.0, 0.01)?)?;
//! assert_eq!(gaps[0].premium_only, 79.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod gap;
mod lines;
mod parts;
#[cfg(test)]
mod tests;

use alluse_instruments::Instrument;
use alluse_instruments::ledger::{Ledger, Marks};
use alluse_risk_core::labels::LabelTable;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Result;
use lines::Lines;

pub use gap::{GapKind, Materiality, PremiumGap};
pub use parts::IncomeParts;

/// What the positions of a ledger earned in a period, part by part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OptionIncome {
    /// Close at which the period starts.
    pub from: Date,
    /// Close at which it ends.
    pub to: Date,
    /// Every position of the period, and the income of each account and group that belongs to none.
    pub lines: Vec<IncomeLine>,
    /// Their labels, on the axes `account`, `group` and those of the events: the last label that a position had.
    pub labels: LabelTable,
    /// Sum of the lines.
    pub total: IncomeParts,
    /// The P&L by the ledger's own statement, which the parts add up to.
    pub mark_to_market: f64,
    /// The premium view of the ledger: what was realised against cost, open losses hidden and those of assigned shares
    /// counted only when they are sold.
    pub realised: f64,
    /// Mark-to-market P&L less the sum of the parts: rounding.
    pub residual: f64,
    /// Sum of the absolute amounts of the period, against which the residual is small.
    pub turnover: f64,
}

/// One position, or income that belongs to none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncomeLine {
    /// Whose.
    pub account: String,
    /// Of which history.
    pub group: Option<String>,
    /// A share or an option; `None` for dividends, interest and fees without a position.
    pub instrument: Option<Instrument>,
    /// What it earned.
    pub parts: IncomeParts,
    /// What of it was realised against cost, income included.
    pub realised: f64,
}

/// The lines that share a label, in both views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelIncome {
    /// The label, or `unlabelled`.
    pub label: String,
    /// What they earned.
    pub parts: IncomeParts,
    /// Its sum: marked to market.
    pub mark_to_market: f64,
    /// Premiums less fees, and nothing else: the view that misleads.
    pub premium_only: f64,
    /// What was realised against cost.
    pub realised: f64,
}

impl OptionIncome {
    /// What a ledger earned after the close of `from` up to the close of `to`.
    ///
    /// Marks hold a price for everything held at their close, and for the underlying of every option held then: its
    /// intrinsic value splits the mark.
    ///
    /// # Errors
    /// [`Error::Instruments`](crate::Error::Instruments) unless `to` is later than `from`, and for a price that the marks
    /// lack.
    pub fn of(ledger: &Ledger, from: &Marks, to: &Marks) -> Result<Self> {
        let statement = ledger.statement(from, to)?.total;
        let (lines, labels) = Lines::follow(ledger, from, to)?.finish(to)?;
        let mut total = IncomeParts::default();
        lines.iter().for_each(|line| total += line.parts);
        let mark_to_market = statement.mark_to_market.total();
        Ok(Self {
            from: from.date(),
            to: to.date(),
            lines,
            labels,
            total,
            mark_to_market,
            realised: statement.premium_view.total(),
            residual: mark_to_market - total.total(),
            turnover: statement.turnover,
        })
    }

    /// The lines by the labels of an axis, in order of first use, the unlabelled last.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an axis that no line has.
    pub fn by_label(&self, axis: &str) -> Result<Vec<LabelIncome>> {
        let label = |group: alluse_risk_core::labels::Group| {
            let (mut parts, mut realised) = (IncomeParts::default(), 0.0);
            for line in group.rows.iter().map(|&row| &self.lines[row]) {
                parts += line.parts;
                realised += line.realised;
            }
            LabelIncome {
                label: group.name().to_owned(),
                mark_to_market: parts.total(),
                premium_only: parts.premium_only(),
                realised,
                parts,
            }
        };
        Ok(self.labels.group_by(axis)?.into_iter().map(label).collect())
    }
}
