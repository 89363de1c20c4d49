use serde::{Deserialize, Serialize};

use super::Coverage;
use crate::ErrorKind;

/// A value, a value that speaks for part of the book, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status<T> {
    /// Computed on everything.
    Known(T),
    /// Computed on a part.
    Partial {
        /// The value on that part.
        value: T,
        /// How much the part is.
        coverage: Coverage,
    },
    /// Not computed.
    Unknown {
        /// The kind of the obstacle.
        kind: ErrorKind,
        /// The obstacle in words.
        reason: String,
    },
}

impl<T> Status<T> {
    /// `Known` on full coverage, `Partial` otherwise.
    pub fn with_coverage(value: T, coverage: Coverage) -> Self {
        if coverage.is_complete() { Self::Known(value) } else { Self::Partial { value, coverage } }
    }

    /// The value, whole or partial; `None` when unknown.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Known(value) | Self::Partial { value, .. } => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// The value only when it speaks for everything.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Partial { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// The outcome of a check. What could not be checked is not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Inside the limit.
    Pass,
    /// Inside, but close.
    Warn,
    /// Outside.
    Breach,
    /// Could not be checked; counts as a breach unless the caller's policy says otherwise.
    Unknown,
}

impl Verdict {
    /// Whether the check failed: a breach, or no answer.
    #[must_use]
    pub fn fails_closed(self) -> bool {
        matches!(self, Self::Breach | Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_is_not_known() {
        let status = Status::with_coverage(1.0, Coverage::missing(1, None));
        assert_eq!(status.value(), Some(&1.0));
        assert_eq!(status.known(), None);
        assert_eq!(Status::with_coverage(2.0, Coverage::single()).known(), Some(&2.0));
        let unknown: Status<f64> = Status::Unknown { kind: ErrorKind::Undefined, reason: "no data".into() };
        assert_eq!(unknown.value(), None);
        assert_eq!(unknown.known(), None);
    }

    #[test]
    fn unknown_fails_closed() {
        assert!(Verdict::Unknown.fails_closed() && Verdict::Breach.fails_closed());
        assert!(!Verdict::Pass.fails_closed() && !Verdict::Warn.fails_closed());
    }
}
