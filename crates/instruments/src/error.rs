//! The errors of this crate.

use alluse_risk_core::ErrorKind;
use jiff::civil::Date;

use crate::surface::QuoteArbitrage;

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
    /// An ex date that does not come after the day of the snapshot or the ex date before it.
    #[error("the ex date {ex_date} of {name} must come after {after}")]
    ExDate {
        /// The asset.
        name: String,
        /// The ex date.
        ex_date: Date,
        /// What it has to come after.
        after: Date,
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
    /// A strategy template that is none, or terms that do not fit it.
    #[error("strategy {name:?}: {reason}")]
    Strategy {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A position that cannot be a leg of a strategy.
    #[error("leg {id:?} with quantity {quantity}: {reason}")]
    Leg {
        /// The position.
        id: String,
        /// What is wrong.
        reason: &'static str,
        /// Its quantity.
        quantity: f64,
    },
    /// More groups of legs fit the templates than may be considered.
    #[error("the {legs} legs on {underlying} fit together in more than {limit} ways; pair fewer at a time")]
    TooManyGroups {
        /// What the legs are written on.
        underlying: String,
        /// How many legs there are.
        legs: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The integer program behind a pairing was not solved.
    #[error("the legs on {underlying} were not paired: {reason}")]
    Pairing {
        /// What the legs are written on.
        underlying: String,
        /// What the solver said.
        reason: String,
    },
    /// A quote whose bid is above its ask.
    #[error("{contract}: the bid {bid} is above the ask {ask}")]
    CrossedQuote {
        /// The contract.
        contract: String,
        /// What is bid.
        bid: f64,
        /// What is asked.
        ask: f64,
    },
    /// A quote or smile of an expiry that has passed.
    #[error("{contract}: the expiry {expiry} is not ahead of {as_of}")]
    ExpiredQuote {
        /// What was quoted.
        contract: String,
        /// Its expiry.
        expiry: Date,
        /// The date of the quotes.
        as_of: Date,
    },
    /// Quotes that allow a riskless profit at the bid and the ask.
    #[error("{rule} arbitrage of {amount} in the quotes of {}", contracts.join(", "))]
    ArbitrageInQuotes {
        /// The rule that is broken.
        rule: QuoteArbitrage,
        /// The contracts that break it together.
        contracts: Vec<String>,
        /// The profit per unit, in units of price.
        amount: f64,
    },
    /// An expiry whose quotes do not imply a forward price.
    #[error("{expiry}: {pairs} strikes have both a call and a put with a bid; a forward needs 2, or must be given")]
    NoForward {
        /// The expiry.
        expiry: Date,
        /// Strikes with both.
        pairs: usize,
    },
    /// What went wrong with the options of one expiry.
    #[error("options of {expiry}: {error}")]
    AtExpiry {
        /// The expiry.
        expiry: Date,
        /// What went wrong.
        error: Box<Error>,
    },
    /// A volatility surface of another day than the market.
    #[error("the market is of {market}, the volatility surface of {asset} is of {surface}")]
    SurfaceDateMismatch {
        /// The underlying.
        asset: String,
        /// Date of the market snapshot.
        market: Date,
        /// Date of the surface.
        surface: Date,
    },
    /// A delta that no strike has.
    #[error("no strike has a delta of {target}: over all strikes it runs from {lowest} to {highest}")]
    NoStrikeForDelta {
        /// The delta asked for.
        target: f64,
        /// The lowest that was found.
        lowest: f64,
        /// The highest that was found.
        highest: f64,
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
            | Self::ExDate { .. }
            | Self::Expired { .. }
            | Self::ShockOutOfDomain { .. }
            | Self::TooLarge { .. }
            | Self::AsOfMismatch { .. }
            | Self::BelowIntrinsic { .. }
            | Self::Strategy { .. }
            | Self::Leg { .. }
            | Self::TooManyGroups { .. }
            | Self::AboveMaximum { .. }
            | Self::Ledger { .. }
            | Self::CrossedQuote { .. }
            | Self::ExpiredQuote { .. }
            | Self::ArbitrageInQuotes { .. }
            | Self::SurfaceDateMismatch { .. } => ErrorKind::InvalidInput,
            Self::Pairing { .. } => ErrorKind::Numerical,
            Self::NoStrikeForDelta { .. } => ErrorKind::Undefined,
            Self::AtExpiry { error, .. } => error.kind(),
            Self::MissingFactor { .. }
            | Self::MissingQuote { .. }
            | Self::NoScenarios { .. }
            | Self::NoForward { .. } => ErrorKind::InsufficientData,
        }
    }
}
