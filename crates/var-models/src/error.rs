//! The errors of this crate.

use alluse_risk_core::ErrorKind;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input that `risk-core` refused.
    #[error(transparent)]
    Input(#[from] alluse_risk_core::Error),
    /// A model that speaks about one period was asked about more of them without a named rule.
    #[error(
        "{model} answers for {model_days} exchange day(s), not {asked_days}; name a horizon rule or use scenarios over the horizon"
    )]
    Horizon {
        /// The model.
        model: &'static str,
        /// What it answers for.
        model_days: u32,
        /// What was asked.
        asked_days: u32,
    },
    /// A tail so heavy that its mean does not exist.
    #[error("expected shortfall is infinite with {degrees_of_freedom} degrees of freedom")]
    InfiniteMean {
        /// Degrees of freedom of the Student t.
        degrees_of_freedom: f64,
    },
    /// A generalised Pareto tail so heavy that its mean does not exist.
    #[error("expected shortfall is infinite with a tail shape xi of {xi}")]
    InfiniteTailMean {
        /// Shape of the tail, at least 1.
        xi: f64,
    },
    /// A book whose pricing failed.
    #[error(transparent)]
    Pricing(#[from] alluse_instruments::Error),
    /// A forecast for a book of which only a part could be valued.
    #[error("positions without a value: {unvalued}")]
    Incomplete {
        /// Which, and why.
        unvalued: String,
    },
    /// A measure that this decomposition does not know.
    #[error("no decomposition of {measure}")]
    NotDecomposable {
        /// The measure.
        measure: String,
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
            Self::InfiniteMean { .. } | Self::InfiniteTailMean { .. } => ErrorKind::Undefined,
            Self::Pricing(error) => error.kind(),
            Self::Incomplete { .. } => ErrorKind::InsufficientData,
            Self::Horizon { .. } | Self::NotDecomposable { .. } => ErrorKind::Unsupported,
        }
    }
}

/// So that models can fail behind the traits of `risk-core`.
impl From<Error> for alluse_risk_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Input(error) => error,
            other => Self::Model { kind: other.kind(), message: other.to_string() },
        }
    }
}
