//! What has to be known about a day.

use std::collections::BTreeMap;

use alluse_instruments::{Book, Instrument};
use alluse_risk_core::{Currency, RowId};
use serde::{Deserialize, Serialize};

/// A close and what happened since the close before it.
///
/// Every change of a quantity of shares or options must be a trade among the flows; cash is the other side of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainDay {
    /// Positions and market at the close.
    pub book: Book,
    /// What happened since the close before.
    pub flows: Vec<Flow>,
}

impl ExplainDay {
    /// A day on which nothing was traded, received or paid.
    #[must_use]
    pub fn quiet(book: Book) -> Self {
        Self { book, flows: Vec::new() }
    }
}

/// A trade, an income or a cost of a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The position, by the name it has in the books.
    pub position: RowId,
    /// Labels by axis, for a position that is in neither book: opened and closed on the day.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What.
    pub kind: FlowKind,
}

impl Flow {
    /// A flow without labels of its own.
    #[must_use]
    pub fn new(position: RowId, kind: FlowKind) -> Self {
        Self { position, labels: BTreeMap::new(), kind }
    }
}

/// What happened to a position. Amounts are in the currency that is named, prices per share in that of the instrument;
/// both are converted at the closing rate of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowKind {
    /// Shares or contracts bought (positive) or sold (negative), or an option settled at its settlement price.
    Trade {
        /// A share or an option.
        instrument: Instrument,
        /// Shares or contracts, with sign.
        quantity: f64,
        /// Per share, at least 0.
        price: f64,
    },
    /// A dividend received, negative when owed.
    Dividend {
        /// Of the amount.
        currency: Currency,
        /// In total.
        amount: f64,
    },
    /// Interest received, negative when paid.
    Interest {
        /// Of the amount.
        currency: Currency,
        /// In total.
        amount: f64,
    },
    /// A fee.
    Cost {
        /// Of the amount.
        currency: Currency,
        /// Positive.
        amount: f64,
    },
}
