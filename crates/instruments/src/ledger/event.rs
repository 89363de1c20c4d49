//! What can happen to an account, as data.

use std::collections::BTreeMap;

use alluse_risk_core::AssetId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Instrument, OptionContract};

/// Something that happened to an account on a day.
///
/// Plain data: [`Ledger::apply`](super::Ledger::apply) checks it. Positions of one `group` are one history: a put
/// that was sold, the shares it brought and the calls sold on them.
///
/// ```
/// use alluse_instruments::ledger::{Action, Event};
/// use jiff::civil::date;
///
/// let event = Event::new(date(2024, 1, 2), "GEN", Action::Deposit { amount: 50_000.0 }).tagged("source", "owner");
/// let text = serde_json::to_string(&event)?;
/// assert!(text.contains(r#""action":{"type":"deposit","amount":50000.0}"#));
/// assert_eq!(serde_json::from_str::<Event>(&text)?, event);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The day on which it was booked.
    pub date: Date,
    /// In which account; free text.
    pub account: String,
    /// Which history it belongs to, if any.
    #[serde(default)]
    pub group: Option<String>,
    /// Label by axis, carried by the positions that it touches; the axes `account` and `group` are taken.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What happened.
    pub action: Action,
}

impl Event {
    /// An event without group and labels.
    #[must_use]
    pub fn new(date: Date, account: &str, action: Action) -> Self {
        Self { date, account: account.to_owned(), group: None, labels: BTreeMap::new(), action }
    }

    /// As part of a history.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }

    /// With a label.
    #[must_use]
    pub fn tagged(mut self, axis: &str, label: &str) -> Self {
        self.labels.insert(axis.to_owned(), label.to_owned());
        self
    }
}

/// What happened. Amounts are money of the ledger's currency, prices are per share (not per contract), fees are
/// positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Shares or options bought (positive) or sold (negative).
    Trade {
        /// A share or an option.
        instrument: Instrument,
        /// Shares or contracts.
        quantity: f64,
        /// Per share.
        price: f64,
        /// Positive.
        #[serde(default)]
        fees: f64,
    },
    /// Money from outside.
    Deposit {
        /// Positive.
        amount: f64,
    },
    /// Money to the outside.
    Withdrawal {
        /// Positive.
        amount: f64,
    },
    /// Money to another account of the ledger.
    Transfer {
        /// The receiving account.
        to: String,
        /// Positive.
        amount: f64,
    },
    /// A position, or part of one, to the same group of another account. Lots keep their dates and costs.
    TransferPosition {
        /// The receiving account.
        to: String,
        /// A share or an option.
        instrument: Instrument,
        /// What leaves, with the sign of what is held.
        quantity: f64,
        /// The market price per share at which the accounts are measured; no money moves.
        price: f64,
    },
    /// A dividend, negative when owed on a short position.
    Dividend {
        /// On which share.
        asset: AssetId,
        /// In total, not per share.
        amount: f64,
    },
    /// Interest, negative when paid.
    Interest {
        /// In total.
        amount: f64,
    },
    /// A charge that belongs to no trade.
    Fee {
        /// Positive.
        amount: f64,
    },
    /// The end of all contracts that the account and group hold of an option.
    Expiry {
        /// The option.
        contract: OptionContract,
        /// How.
        settlement: Settlement,
    },
    /// The holder's use of a long option: a call buys, a put sells shares at the strike.
    Exercise {
        /// The option.
        contract: OptionContract,
        /// How many, positive.
        contracts: f64,
        /// Market price of the share then.
        spot: f64,
        /// Positive.
        #[serde(default)]
        fees: f64,
    },
    /// The use of a short option by its holder: a put brings, a call takes shares at the strike.
    Assignment {
        /// The option.
        contract: OptionContract,
        /// How many, positive.
        contracts: f64,
        /// Market price of the share then.
        spot: f64,
        /// Positive.
        #[serde(default)]
        fees: f64,
    },
    /// The assignment of a call whose shares are held in the same account and group.
    CalledAway {
        /// The call.
        contract: OptionContract,
        /// How many, positive.
        contracts: f64,
        /// Market price of the share then.
        spot: f64,
        /// Positive.
        #[serde(default)]
        fees: f64,
    },
    /// One option closed and another opened in its place, on the same side; needs a group, which links them.
    Roll {
        /// Closes what is held, or part of it.
        close: OptionTrade,
        /// Opens.
        open: OptionTrade,
        /// Of both together, positive.
        #[serde(default)]
        fees: f64,
    },
    /// A split: every share of the account becomes `ratio` shares. Whole ratios multiply the option contracts, others
    /// their multipliers; strikes are divided.
    Split {
        /// Of which share.
        asset: AssetId,
        /// New shares per old share.
        ratio: f64,
    },
}

/// One side of a roll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionTrade {
    /// The option.
    pub contract: OptionContract,
    /// Contracts bought (positive) or sold (negative).
    pub quantity: f64,
    /// Per share.
    pub price: f64,
}

/// How an option ends that nobody exercises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Settlement {
    /// Without payment.
    Worthless,
    /// The intrinsic value is paid in money.
    Cash {
        /// Settlement price of the underlying.
        spot: f64,
    },
}
