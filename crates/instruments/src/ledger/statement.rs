//! Start value + flows + P&L = end value, by account and in total.

use std::collections::BTreeMap;

use alluse_risk_core::Error as CoreError;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::entry::{CashPurpose, MoveKind};
use super::holding::multiplier;
use super::pnl::{Tally, realised};
use super::{Ledger, Marks, Pnl};
use crate::Result;

/// What a period brought, by account and in total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Statement {
    /// Close at which it starts.
    pub from: Date,
    /// Close at which it ends.
    pub to: Date,
    /// Every account, in order of its name.
    pub accounts: Vec<AccountStatement>,
    /// All of them; transfers between them cancel.
    pub total: AccountStatement,
}

/// What a period brought to an account.
///
/// ```text
/// start + external flows + internal transfers + mark-to-market P&L + residual = end
/// mark-to-market P&L − premium view = change of the open result − open result received with transfers
/// ```
///
/// The mark-to-market view comes first: it is what happened. The premium view counts what was realised against cost
/// and hides what is open; assigned shares cost the strike in it, so that their loss appears only when they are sold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountStatement {
    /// Its name; `total` for the sum.
    pub account: String,
    /// Cash and positions at the start.
    pub start_value: f64,
    /// Deposits less withdrawals.
    pub external_flows: f64,
    /// From other accounts less to other accounts, positions at market price.
    pub internal_transfers: f64,
    /// The result: changes of marks, and cash effects of events that are no flows.
    pub mark_to_market: Pnl,
    /// Cash and positions at the end.
    pub end_value: f64,
    /// What the identity leaves unexplained: rounding.
    pub residual: f64,
    /// Only what was realised against cost, open losses hidden.
    pub premium_view: Pnl,
    /// Mark-to-market P&L less premium view.
    pub difference: f64,
    /// Positions at their marks less their cost, at the start.
    pub open_result_start: f64,
    /// The same at the end.
    pub open_result_end: f64,
    /// Open result of positions that came from other accounts, less of those that went.
    pub open_result_received: f64,
    /// Sum of the absolute amounts that entered, against which the residual is small.
    pub turnover: f64,
}

impl AccountStatement {
    /// The residual as a share of the amounts that entered; 0 when there were none.
    #[must_use]
    pub fn relative_residual(&self) -> f64 {
        if self.turnover > 0.0 { self.residual.abs() / self.turnover } else { 0.0 }
    }

    fn add(&mut self, other: &Self) {
        self.start_value += other.start_value;
        self.external_flows += other.external_flows;
        self.internal_transfers += other.internal_transfers;
        self.mark_to_market += other.mark_to_market;
        self.end_value += other.end_value;
        self.premium_view += other.premium_view;
        self.open_result_start += other.open_result_start;
        self.open_result_end += other.open_result_end;
        self.open_result_received += other.open_result_received;
        self.turnover += other.turnover;
    }

    fn finish(mut self) -> Self {
        let explained = self.start_value + self.external_flows + self.internal_transfers + self.mark_to_market.total();
        self.residual = self.end_value - explained;
        self.difference = self.mark_to_market.total() - self.premium_view.total();
        self
    }
}

impl Ledger {
    /// The period after the close of `from` up to the close of `to`.
    ///
    /// The values come from cash balances and holdings, the P&L from prices and quantities of the events; the residual
    /// compares them.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless `to` is later than `from`;
    /// [`Error::MissingQuote`](crate::Error::MissingQuote) for a holding without a mark.
    pub fn statement(&self, from: &Marks, to: &Marks) -> Result<Statement> {
        if to.date() <= from.date() {
            let (name, value) = ("dates of a statement", to.date().to_string());
            return Err(CoreError::NotIncreasing { name, index: 1, value }.into());
        }
        let (start, end) = (self.at(from.date())?, self.at(to.date())?);
        let mut accounts = Accounts::default();
        accounts.value(&start, from, |account, value, open| {
            account.start_value += value;
            account.open_result_start += open;
        })?;
        accounts.value(&end, to, |account, value, open| {
            account.end_value += value;
            account.open_result_end += open;
        })?;
        accounts.results(&start, &end, (from, to))?;
        Ok(accounts.finish(from.date(), to.date()))
    }
}

#[derive(Default)]
struct Accounts(BTreeMap<String, AccountStatement>);

impl Accounts {
    fn of(&mut self, name: &str) -> &mut AccountStatement {
        let new = || AccountStatement { account: name.to_owned(), ..AccountStatement::default() };
        self.0.entry(name.to_owned()).or_insert_with(new)
    }

    /// Hands out value and open result of cash and holdings.
    fn value(
        &mut self,
        ledger: &Ledger,
        marks: &Marks,
        mut take: impl FnMut(&mut AccountStatement, f64, f64),
    ) -> Result<()> {
        for (name, amount) in ledger.cash() {
            let account = self.of(name);
            take(account, amount, 0.0);
            account.turnover += amount.abs();
        }
        for holding in ledger.holdings() {
            let value = holding.value(marks)?;
            let account = self.of(&holding.account);
            take(account, value, value - holding.cost(ledger.config().basis));
            account.turnover += value.abs();
        }
        Ok(())
    }

    fn results(&mut self, start: &Ledger, end: &Ledger, (from, to): (&Marks, &Marks)) -> Result<()> {
        let mut tally = Tally::default();
        let mut premium = BTreeMap::new();
        for holding in start.holdings() {
            tally.open(holding, from)?;
        }
        for entry in &end.entries()[start.entries().len()..] {
            tally.record(entry, |_| true);
            realised(entry, |_| true, &mut premium);
            self.flows(entry);
        }
        for (name, pnl) in tally.close(to)? {
            self.of(&name).mark_to_market = pnl;
        }
        for (name, pnl) in premium {
            self.of(&name).premium_view = pnl;
        }
        Ok(())
    }

    fn flows(&mut self, entry: &super::Entry) {
        for cash in &entry.cash {
            let account = self.of(&cash.account);
            account.turnover += cash.amount.abs();
            match cash.purpose {
                CashPurpose::External => account.external_flows += cash.amount,
                CashPurpose::Internal => account.internal_transfers += cash.amount,
                CashPurpose::Trade | CashPurpose::Dividend | CashPurpose::Interest | CashPurpose::Fees => {}
            }
        }
        for made in &entry.moves {
            let units = made.quantity * multiplier(&made.instrument);
            let account = self.of(&made.account);
            account.turnover += (units * made.price).abs();
            if made.kind == MoveKind::Transfer {
                account.internal_transfers += units * made.price;
                account.open_result_received += units * (made.price - made.booked_price);
            }
        }
    }

    fn finish(self, from: Date, to: Date) -> Statement {
        let mut total = AccountStatement { account: "total".to_owned(), ..AccountStatement::default() };
        self.0.values().for_each(|account| total.add(account));
        let accounts = self.0.into_values().map(AccountStatement::finish).collect();
        Statement { from, to, accounts, total: total.finish() }
    }
}
