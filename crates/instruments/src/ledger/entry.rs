//! What one event changed.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Instrument;

/// What an event changed, all of it together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// Place of the event in the ledger, from 0.
    pub index: usize,
    /// Its day.
    pub date: Date,
    /// Changes of positions.
    pub moves: Vec<Move>,
    /// Positions that continue in other units.
    pub conversions: Vec<Conversion>,
    /// Changes of cash.
    pub cash: Vec<CashMove>,
}

/// A change of a position.
///
/// An assignment is a settlement of the option at `±(spot − strike)` and a delivery of shares at `spot`; booked, the
/// option ends at 0 and the shares change hands at the strike. Both add up to the same money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Move {
    /// Whose.
    pub account: String,
    /// Of which history.
    pub group: Option<String>,
    /// Of what.
    pub instrument: Instrument,
    /// Shares or contracts that came (positive) or went (negative).
    pub quantity: f64,
    /// Market price per share.
    pub price: f64,
    /// Price per share that the cost of lots is made of.
    pub booked_price: f64,
    /// Why.
    pub kind: MoveKind,
    /// What closing realised against cost: money, by the ledger's cost rule.
    pub realised: f64,
}

/// Why a position changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MoveKind {
    /// Bought or sold, or delivered.
    Trade,
    /// Ended at its intrinsic value: expiry, exercise, assignment.
    Settlement,
    /// Changed accounts.
    Transfer,
}

/// A position that continues as another one of the same value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conversion {
    /// Whose.
    pub account: String,
    /// Of which history.
    pub group: Option<String>,
    /// What it was.
    pub from: Instrument,
    /// What it is.
    pub to: Instrument,
    /// New quantity per old quantity.
    pub ratio: f64,
    /// What netting against a position that was there already realised.
    pub realised: f64,
}

/// A change of cash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CashMove {
    /// Whose.
    pub account: String,
    /// Of which history.
    pub group: Option<String>,
    /// Received (positive) or paid (negative).
    pub amount: f64,
    /// Why.
    pub purpose: CashPurpose,
}

/// Why cash changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CashPurpose {
    /// The other side of the moves of positions.
    Trade,
    /// A dividend.
    Dividend,
    /// Interest.
    Interest,
    /// Fees.
    Fees,
    /// From or to the outside: no result.
    External,
    /// From or to another account: no result.
    Internal,
}
