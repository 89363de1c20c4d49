//! What happened to accounts that trade shares and options, event by event, and what it earned.
//!
//! | question | answer |
//! |---|---|
//! | what happened | [`Event`], [`Action`] |
//! | what is held, at which cost | [`Ledger`], [`Holding`], [`Lot`] |
//! | what one event changed | [`Entry`], [`Move`], [`Conversion`], [`CashMove`] |
//! | what a period earned, marked to market and by premium | [`Statement`], [`Pnl`], [`Marks`] |
//! | how put, shares and call became one history | [`WheelHistory`] |
//!
//! Only the events are stored. Everything else follows from them, so that nothing is booked twice.

mod booking;
mod entry;
mod event;
mod fault;
mod holding;
mod journal;
mod marks;
mod pnl;
mod statement;
#[cfg(test)]
mod tests;
mod wheel;

pub use entry::{CashMove, CashPurpose, Conversion, Entry, Move, MoveKind};
pub use event::{Action, Event, OptionTrade, Settlement};
pub use fault::LedgerFault;
pub use holding::{CostBasis, Holding, Lot};
pub use journal::{CashPolicy, Ledger, LedgerConfig};
pub use marks::Marks;
pub use pnl::Pnl;
pub use statement::{AccountStatement, Statement};
pub use wheel::{CycleOutcome, WheelCycle, WheelHistory, WheelState, WheelStep};
