//! The errors of this crate.

use alluse_risk_core::ErrorKind;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong in this crate, with the offending name and value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input that `risk-core` refused.
    #[error(transparent)]
    Input(#[from] alluse_risk_core::Error),
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
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Input(error) => error.kind(),
            Self::BelowIntrinsic { .. } | Self::AboveMaximum { .. } => ErrorKind::InvalidInput,
        }
    }
}
