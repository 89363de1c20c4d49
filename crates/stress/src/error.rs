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
    /// A book that could not be revalued.
    #[error(transparent)]
    Pricing(#[from] alluse_instruments::Error),
    /// A scenario text that is not one.
    #[error("line {line}, column {column}: {message}")]
    Read {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A scenario that says something impossible.
    #[error("scenario {scenario:?}: {message}")]
    Scenario {
        /// Its name.
        scenario: String,
        /// What is wrong with it.
        message: String,
    },
    /// A shock that leads outside the domain of its factor.
    #[error("scenario {scenario:?}, shock {step}: the {factor} would become {value}, which is not {expected}")]
    ShockOutOfDomain {
        /// The scenario.
        scenario: String,
        /// Place of the shock in the scenario, from 1.
        step: usize,
        /// The factor.
        factor: String,
        /// The domain, in words.
        expected: &'static str,
        /// Where the shock leads.
        value: f64,
    },
    /// A factor that a question needs and nobody supplied.
    #[error("{what} does not know the {factor}")]
    UnknownFactor {
        /// What was asked.
        what: &'static str,
        /// The factor.
        factor: String,
    },
    /// Factors that move together so exactly that they cannot be shocked apart.
    #[error("the shocked factors are collinear: {names}")]
    Collinear {
        /// Which.
        names: String,
    },
    /// No scenario does what was asked.
    #[error("{what}: {reason}")]
    Infeasible {
        /// What was asked.
        what: &'static str,
        /// Why there is no answer.
        reason: String,
    },
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Input(error) => error.kind(),
            Self::Pricing(error) => error.kind(),
            Self::Read { .. } | Self::Scenario { .. } | Self::ShockOutOfDomain { .. } | Self::Collinear { .. } => {
                ErrorKind::InvalidInput
            }
            Self::UnknownFactor { .. } => ErrorKind::InsufficientData,
            Self::Infeasible { .. } => ErrorKind::Infeasible,
        }
    }
}

/// So that scenario sources can fail behind the trait of `risk-core`.
impl From<Error> for alluse_risk_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Input(error) => error,
            other => Self::Model { kind: other.kind(), message: other.to_string() },
        }
    }
}
