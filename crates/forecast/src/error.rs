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
    /// An input that `instruments` refused.
    #[error(transparent)]
    Instruments(#[from] alluse_instruments::Error),
    /// An entry that a log of forecasts refused, or a broken log.
    #[error(transparent)]
    Log(#[from] crate::log::LogError),
    /// An input that contradicts itself or another one.
    #[error("{what}: {reason}")]
    Invalid {
        /// The input, by name.
        what: String,
        /// What is wrong with it, with the numbers.
        reason: String,
    },
    /// A question without an answer on this input.
    #[error("{what} is undefined: {reason}")]
    Undefined {
        /// What was asked for.
        what: &'static str,
        /// Why it has no answer here, with the numbers.
        reason: String,
    },
    /// An iteration stopped short of its tolerance.
    #[error("{method} stopped after {iterations} iterations with residual {residual:e}")]
    NotConverged {
        /// The method.
        method: &'static str,
        /// Iterations made.
        iterations: usize,
        /// What was left.
        residual: f64,
    },
    /// Something that does not exist for this combination of inputs.
    #[error("unsupported: {what}")]
    Unsupported {
        /// What was asked for.
        what: String,
    },
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Input(error) => error.kind(),
            Self::Instruments(error) => error.kind(),
            Self::Log(error) => error.kind(),
            Self::Invalid { .. } => ErrorKind::InvalidInput,
            Self::Undefined { .. } => ErrorKind::Undefined,
            Self::NotConverged { .. } => ErrorKind::NotConverged,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
        }
    }

    /// An input that contradicts itself or another one.
    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), reason: reason.into() }
    }

    /// A question without an answer on this input.
    pub(crate) fn undefined(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Undefined { what, reason: reason.into() }
    }
}

/// Behind a trait of the contract the error of `risk-core` is what callers know.
impl From<Error> for alluse_risk_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Input(error) => error,
            other => Self::Model { kind: other.kind(), message: other.to_string() },
        }
    }
}
