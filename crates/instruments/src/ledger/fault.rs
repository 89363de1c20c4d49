//! Why an event is refused.

use jiff::civil::Date;

/// What is wrong with an event.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerFault {
    /// A name without a letter.
    #[error("the {name} is blank")]
    Blank {
        /// Of what.
        name: &'static str,
    },
    /// A label or axis that the ledger needs for itself.
    #[error("the label {label:?} on the axis {axis:?} is reserved")]
    Reserved {
        /// The axis.
        axis: String,
        /// The label.
        label: String,
    },
    /// A number outside its domain.
    #[error("{name} of {instrument} must be {expected}, got {value}")]
    Value {
        /// Which number.
        name: &'static str,
        /// Of what.
        instrument: String,
        /// The domain, in words.
        expected: &'static str,
        /// What was given.
        value: f64,
    },
    /// An event from before its predecessor.
    #[error("its date {date} is before {previous}, that of the previous event")]
    OutOfOrder {
        /// Its date.
        date: Date,
        /// That of the event before.
        previous: Date,
    },
    /// An instrument that the action cannot have.
    #[error("{instrument} is not {expected}")]
    WrongInstrument {
        /// What was given.
        instrument: String,
        /// What would do.
        expected: &'static str,
    },
    /// More than is held on the side that the action needs, or nothing.
    #[error("{asked} of {instrument} asked for, {held} held (negative: short)")]
    NotHeld {
        /// Of what.
        instrument: String,
        /// How much the action needs, with its sign.
        asked: f64,
        /// How much there is.
        held: f64,
    },
    /// A trade in an option that no longer exists.
    #[error("{instrument} expired on {expiry}, before {date}")]
    Expired {
        /// The option.
        instrument: String,
        /// Its last day.
        expiry: Date,
        /// Day of the event.
        date: Date,
    },
    /// An expiry, or an exercise of a European option, before its day.
    #[error("{instrument} cannot end on {date}, before its expiry on {expiry}")]
    BeforeExpiry {
        /// The option.
        instrument: String,
        /// Its last day.
        expiry: Date,
        /// Day of the event.
        date: Date,
    },
    /// A roll without the group that links its sides.
    #[error("a roll needs a group")]
    NoGroup,
    /// A roll whose sides do not match.
    #[error("a roll opens on the side that it closes: {closed} closed, {opened} opened")]
    RollSides {
        /// Contracts traded to close.
        closed: f64,
        /// Contracts traded to open.
        opened: f64,
    },
    /// A transfer to the account that it comes from.
    #[error("a transfer needs another account")]
    SameAccount,
    /// Money that is not there, where borrowing is not allowed.
    #[error("it needs {needed} more cash than the {available} there is")]
    InsufficientCash {
        /// What would be missing.
        needed: f64,
        /// Cash before the event.
        available: f64,
    },
}
