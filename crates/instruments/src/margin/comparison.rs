//! The three requirements side by side, by account.

use serde::{Deserialize, Serialize};

use super::{CashSecured, PortfolioMargin, PortfolioMarginRules, StrategyMargin, StrategyMarginRules};
use crate::{Book, Result};

/// What each method asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarginComparison {
    /// The label, or `unlabelled`.
    pub label: String,
    /// Strategy-based, with the pairing.
    pub strategy_based: StrategyMargin,
    /// Cash for every short put, shares for every short call.
    pub cash_secured: CashSecured,
    /// Portfolio margin, with the risk arrays.
    pub portfolio: PortfolioMargin,
}

/// The requirements of each label of an axis, such as `account`: positions of different labels are never paired and
/// never offset each other. Without an axis the book is one account.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for an axis that no position has, and the errors of the methods.
pub fn compare(
    book: &Book,
    axis: Option<&str>,
    strategy_based: &StrategyMarginRules,
    portfolio: &PortfolioMarginRules,
) -> Result<Vec<MarginComparison>> {
    book.groups(axis)?
        .into_iter()
        .map(|(label, rows)| {
            Ok(MarginComparison {
                strategy_based: strategy_based.requirement_of(book, &rows)?,
                cash_secured: CashSecured::of(book, &rows),
                portfolio: portfolio.requirement_of(book, &rows)?,
                label,
            })
        })
        .collect()
}
