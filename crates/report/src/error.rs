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
    /// A question that `attribution` could not answer.
    #[error(transparent)]
    Attribution(#[from] alluse_attribution::Error),
    /// An input that contradicts itself or another one.
    #[error("{what}: {reason}")]
    Invalid {
        /// The input, by name.
        what: String,
        /// What is wrong with it, with the numbers.
        reason: String,
    },
    /// A chart that could not be drawn.
    #[error("chart {chart:?} could not be drawn: {reason}")]
    Drawing {
        /// Its title.
        chart: String,
        /// Why.
        reason: String,
    },
    /// A form that the document could not be written in.
    #[error("the report could not be written as {form}: {reason}")]
    Writing {
        /// HTML, JSON, …
        form: &'static str,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Input(error) => error.kind(),
            Self::Attribution(error) => error.kind(),
            Self::Invalid { .. } => ErrorKind::InvalidInput,
            Self::Drawing { .. } => ErrorKind::Numerical,
            Self::Writing { .. } => ErrorKind::Io,
        }
    }

    /// An input that contradicts itself or another one.
    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), reason: reason.into() }
    }
}
