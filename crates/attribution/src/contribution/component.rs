use std::fmt;

use serde::{Deserialize, Serialize};

/// What a piece of profit and loss comes from.
///
/// Every component is a P&L: money received is positive, money paid (a cost, a fee) is negative. Together they are
/// the whole result, so costs, fees and cash stand apart without being left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Component {
    /// Changes of market value, with option premiums marked to market.
    Price,
    /// Dividends and coupons of positions.
    Income,
    /// Commissions, spreads and other costs of trading.
    Cost,
    /// Management, performance and custody fees.
    Fee,
    /// Interest earned or paid on cash.
    CashInterest,
    /// Changes of exchange rates.
    Currency,
    /// Anything else, by name, such as one greek of an option book.
    Named(String),
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Price => "price",
            Self::Income => "income",
            Self::Cost => "cost",
            Self::Fee => "fee",
            Self::CashInterest => "cash interest",
            Self::Currency => "currency",
            Self::Named(name) => name,
        })
    }
}
