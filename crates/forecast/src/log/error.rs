use alluse_risk_core::ErrorKind;
use jiff::Timestamp;

/// Why a log refuses an entry, or a line of it cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A forecast made when its target had begun.
    #[error("forecast {id:?} was made at {made_at}, its target began at {opens_at}")]
    MadeTooLate {
        /// The forecast.
        id: String,
        /// When it was made.
        made_at: Timestamp,
        /// When its target began.
        opens_at: Timestamp,
    },
    /// An outcome observed before the target was over.
    #[error("the outcome of {id:?} was observed at {observed_at}, its target ends at {closes_at}")]
    ObservedTooEarly {
        /// The forecast.
        id: String,
        /// When the outcome was observed.
        observed_at: Timestamp,
        /// When the target ends.
        closes_at: Timestamp,
    },
    /// An entry that would stand before an earlier one: backdating.
    #[error("an entry of {time} cannot follow one of {latest}")]
    TimeGoesBack {
        /// Time of the entry.
        time: Timestamp,
        /// Latest time in the log.
        latest: Timestamp,
    },
    /// A second forecast of the same name.
    #[error("forecast {id:?} is in the log already")]
    DuplicateForecast {
        /// The forecast.
        id: String,
    },
    /// A second outcome of the same forecast: the first one stands.
    #[error("forecast {id:?} has its outcome already")]
    DuplicateOutcome {
        /// The forecast.
        id: String,
    },
    /// An outcome without a forecast.
    #[error("no forecast {id:?} in the log")]
    UnknownForecast {
        /// The name that was asked for.
        id: String,
    },
    /// A model without a forecast.
    #[error("no forecast of model {name:?} in the log")]
    UnknownModel {
        /// The name that was asked for.
        name: String,
    },
    /// The first line that is not what was once appended.
    #[error("the log is broken at line {line}: {problem}")]
    Broken {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A log that does not end where it should.
    #[error("the log ends with {found}, expected {expected}")]
    OtherHead {
        /// Hash of the last line that the caller remembers.
        expected: String,
        /// Hash of the last line of the log.
        found: String,
    },
    /// The text could not be read or written.
    #[error("the log cannot be read or written: {problem}")]
    Unreadable {
        /// What went wrong.
        problem: String,
    },
}

impl LogError {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreadable { .. } => ErrorKind::Io,
            _ => ErrorKind::InvalidInput,
        }
    }
}
