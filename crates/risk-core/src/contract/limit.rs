use serde::{Deserialize, Serialize};

use super::{Estimate, Measure, Status, Verdict};
use crate::RowId;
use crate::labels::LabelSelector;

/// What a limited number may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At most `limit`; a warning from `warn_at` on.
    AtMost {
        /// The limit.
        limit: f64,
        /// Where the warning starts, if anywhere.
        warn_at: Option<f64>,
    },
    /// At least `limit`; a warning from `warn_at` down.
    AtLeast {
        /// The limit.
        limit: f64,
        /// Where the warning starts, if anywhere.
        warn_at: Option<f64>,
    },
}

impl Bound {
    /// Judges a number; NaN is [`Verdict::Unknown`].
    #[must_use]
    pub fn judge(&self, value: f64) -> Verdict {
        let (distance, warning) = match *self {
            Self::AtMost { limit, warn_at } => (limit - value, warn_at.map(|w| w - value)),
            Self::AtLeast { limit, warn_at } => (value - limit, warn_at.map(|w| value - w)),
        };
        if distance.is_nan() {
            Verdict::Unknown
        } else if distance < 0.0 {
            Verdict::Breach
        } else if warning.is_some_and(|w| w < 0.0) {
            Verdict::Warn
        } else {
            Verdict::Pass
        }
    }
}

/// A named limit on a measure of a part of the book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// What the user calls it.
    pub name: String,
    /// What is limited.
    pub measure: Measure,
    /// On which rows.
    pub scope: LabelSelector,
    /// To what.
    pub bound: Bound,
}

impl Limit {
    /// Judges a status. A partial value can prove a breach but never a pass.
    #[must_use]
    pub fn judge(&self, status: &Status<Estimate>) -> Verdict {
        match status {
            Status::Known(estimate) => self.bound.judge(estimate.value),
            Status::Partial { value, .. } => match self.bound.judge(value.value) {
                Verdict::Breach => Verdict::Breach,
                _ => Verdict::Unknown,
            },
            Status::Unknown { .. } => Verdict::Unknown,
        }
    }
}

/// A linear row over the positions, for an optimiser: `lower ≤ Σ coefficient · position ≤ upper`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearRow {
    /// What the row stands for.
    pub name: String,
    /// One coefficient per position that takes part.
    pub coefficients: Vec<(RowId, f64)>,
    /// Lower bound; minus infinity for none.
    pub lower: f64,
    /// Upper bound; infinity for none.
    pub upper: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Confidence, Coverage, Horizon};

    fn limit() -> Limit {
        Limit {
            name: "ES".into(),
            measure: Measure::ExpectedShortfall { confidence: Confidence::P975 },
            scope: LabelSelector::All,
            bound: Bound::AtMost { limit: 100.0, warn_at: Some(80.0) },
        }
    }

    fn estimate(value: f64) -> Estimate {
        Estimate::new(value, limit().measure, Horizon::DAY, 500)
    }

    #[test]
    fn bounds_judge_both_sides_and_nan() {
        let most = limit().bound;
        assert_eq!(most.judge(50.0), Verdict::Pass);
        assert_eq!(most.judge(90.0), Verdict::Warn);
        assert_eq!(most.judge(100.5), Verdict::Breach);
        assert_eq!(most.judge(f64::NAN), Verdict::Unknown);
        let least = Bound::AtLeast { limit: 10.0, warn_at: Some(12.0) };
        assert_eq!(least.judge(9.0), Verdict::Breach);
        assert_eq!(least.judge(11.0), Verdict::Warn);
        assert_eq!(least.judge(13.0), Verdict::Pass);
    }

    #[test]
    fn a_partial_value_never_passes() {
        let partial = |value| Status::with_coverage(estimate(value), Coverage::missing(1, None));
        assert_eq!(limit().judge(&partial(1.0)), Verdict::Unknown);
        assert_eq!(limit().judge(&partial(101.0)), Verdict::Breach);
        assert_eq!(limit().judge(&Status::Known(estimate(1.0))), Verdict::Pass);
        let unknown = Status::Unknown { kind: crate::ErrorKind::Io, reason: String::new() };
        assert_eq!(limit().judge(&unknown), Verdict::Unknown);
    }
}
