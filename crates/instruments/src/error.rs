//! The errors of this crate.

use alluse_risk_core::ErrorKind;
use jiff::civil::Date;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong in this crate, with the offending name and value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input that `risk-core` refused.
    #[error(transparent)]
    Input(#[from] alluse_risk_core::Error),
    /// A market quote outside its domain.
    #[error("{what} of {name} must be {expected}, got {value}")]
    Market {
        /// What was quoted.
        what: &'static str,
        /// For which asset, contract or currency.
        name: String,
        /// The domain, in words.
        expected: &'static str,
        /// What was given.
        value: f64,
    },
    /// A position in an option that had expired before the valuation date.
    #[error("position {position:?}: the option expired on {expiry}, before the valuation date {as_of}")]
    Expired {
        /// The position.
        position: String,
        /// Its expiry.
        expiry: Date,
        /// The valuation date.
        as_of: Date,
    },
    /// The scenarios do not move a factor that the book depends on.
    #[error("the scenarios say nothing about the {factor}; hold it fixed by name, or add it")]
    MissingFactor {
        /// The factor.
        factor: String,
    },
    /// A shock that leads outside the domain of its factor.
    #[error("scenario {scenario}: the {factor} would become {value}, which is not {expected}")]
    ShockOutOfDomain {
        /// The scenario.
        scenario: String,
        /// The factor.
        factor: String,
        /// The domain, in words.
        expected: &'static str,
        /// Where the shock leads.
        value: f64,
    },
    /// The market snapshot lacks a quote that a question needs.
    #[error("no {what} of {name} in the market snapshot")]
    MissingQuote {
        /// What is missing.
        what: &'static str,
        /// For which asset, contract or currency.
        name: String,
    },
    /// The scenarios do not move the price of a position.
    #[error("the scenarios say nothing about the spot of {name}")]
    NoScenarios {
        /// The asset.
        name: String,
    },
    /// Scenarios that start on another day than the market.
    #[error("the market is of {market}, the scenarios start from {scenarios}")]
    AsOfMismatch {
        /// Date of the market snapshot.
        market: Date,
        /// Date from which the scenarios start.
        scenarios: Date,
    },
    /// A matrix that would not fit.
    #[error("the P&L cube would have {cells} cells, more than the limit of {limit}; group it by label instead")]
    TooLarge {
        /// Positions × scenarios.
        cells: usize,
        /// The limit in force.
        limit: usize,
    },
    /// A price that no volatility can explain because it is too low.
    #[error("price {price} is below the intrinsic value {bound}")]
    BelowIntrinsic {
        /// The price that was given.
        price: f64,
        /// The lowest price of this option, at zero volatility.
        bound: f64,
    },
    /// A price that no volatility can explain because it is too high.
    #[error("price {price} is not below {bound}, the limit for infinite volatility")]
    AboveMaximum {
        /// The price that was given.
        price: f64,
        /// The price that infinite volatility would approach.
        bound: f64,
    },
    /// An event that a ledger refused; nothing of it was booked.
    #[error("event {index}, account {account:?}: {fault}")]
    Ledger {
        /// Place of the event in the ledger, from 0.
        index: usize,
        /// Its account.
        account: String,
        /// What is wrong with it.
        fault: Box<crate::ledger::LedgerFault>,
    },
}

impl Error {
    pub(crate) fn out_of_domain(name: &'static str, expected: &'static str, value: f64) -> Self {
        Self::Input(alluse_risk_core::Error::OutOfDomain { name, expected, value })
    }

    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Input(error) => error.kind(),
            Self::Market { .. }
            | Self::Expired { .. }
            | Self::ShockOutOfDomain { .. }
            | Self::TooLarge { .. }
            | Self::AsOfMismatch { .. }
            | Self::BelowIntrinsic { .. }
            | Self::AboveMaximum { .. }
            | Self::Ledger { .. } => ErrorKind::InvalidInput,
            Self::MissingFactor { .. } | Self::MissingQuote { .. } | Self::NoScenarios { .. } => {
                ErrorKind::InsufficientData
            }
        }
    }
}
