//! Returns of accounts into and out of which money flows.
//!
//! | question | answer |
//! |---|---|
//! | what did the manager earn, whatever the owner moved? | [`AccountHistory::time_weighted`] |
//! | the same without a valuation at every flow | [`AccountHistory::modified_dietz`], [`AccountHistory::linked_dietz`] |
//! | what did the owner's money earn? | [`AccountHistory::money_weighted`], [`irr`], [`irr_per_period`] |
//! | what did several accounts earn together? | [`AccountGroup`]: transfers between them are no flows |
//! | the same from booked events | [`AccountGroup::from_ledger`] |
//!
//! # Conventions
//! A valuation is the value at the close of its day, with every flow of the day in it. A flow at the
//! [start](FlowTiming::Start) of a day earns the return of that day, one at its [end](FlowTiming::End) does not.
//! Amounts are positive when money comes into the account.
//!
//! ```
//! use alluse_attribution::cash_flows::{AccountHistory, CashFlow, FeeBasis, FlowTiming, Valuation};
//! use jiff::civil::date;
//!
//! let values = [(date(2024, 1, 1), 100.0), (date(2024, 1, 15), 160.0), (date(2024, 1, 31), 176.0)];
//! let account = AccountHistory::new(
//!     "income",
//!     values.map(|(day, value)| Valuation::new(day, value)).to_vec(),
//!     vec![CashFlow::external(date(2024, 1, 15), 50.0, FlowTiming::End)],
//! )?;
//! let earned = account.time_weighted(FeeBasis::Net)?;
//! assert!((earned.total_return - (1.1 * 1.1 - 1.0)).abs() < 1e-14); // 110/100 and 176/160
//! assert_eq!(earned.gain.gain, 26.0); // 100 + 50 + 26 = 176
//! # Ok::<(), alluse_attribution::Error>(())
//! ```

mod dietz;
mod flow;
mod gain;
mod group;
mod history;
mod irr;
mod ledger;
mod roots;
#[cfg(test)]
mod tests;
mod time_weighted;

pub use dietz::{DietzPeriod, LinkedDietz};
pub use flow::{CashFlow, FeeBasis, FlowKind, FlowTiming, Transfer, Valuation};
pub use gain::GainIdentity;
pub use group::AccountGroup;
pub use history::AccountHistory;
pub use irr::{Irr, Payment, irr, irr_per_period};
pub use time_weighted::{SubPeriod, TimeWeighted};
