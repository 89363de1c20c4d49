use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// No end.
    Unbounded,
    /// The number does not belong to it.
    Open(f64),
    /// The number belongs to it.
    Closed(f64),
}

impl Edge {
    pub(super) fn at(self) -> Option<f64> {
        match self {
            Self::Unbounded => None,
            Self::Open(x) | Self::Closed(x) => Some(x),
        }
    }
}

/// The numbers between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Lower end.
    pub lower: Edge,
    /// Upper end.
    pub upper: Edge,
}

impl Range {
    /// Every number.
    pub const ALL: Self = Self { lower: Edge::Unbounded, upper: Edge::Unbounded };

    /// `x > lower`.
    #[must_use]
    pub fn above(lower: f64) -> Self {
        Self { lower: Edge::Open(lower), upper: Edge::Unbounded }
    }

    /// `x ≥ lower`.
    #[must_use]
    pub fn at_least(lower: f64) -> Self {
        Self { lower: Edge::Closed(lower), upper: Edge::Unbounded }
    }

    /// `x < upper`.
    #[must_use]
    pub fn below(upper: f64) -> Self {
        Self { lower: Edge::Unbounded, upper: Edge::Open(upper) }
    }

    /// `x ≤ upper`.
    #[must_use]
    pub fn at_most(upper: f64) -> Self {
        Self { lower: Edge::Unbounded, upper: Edge::Closed(upper) }
    }

    /// `lower ≤ x ≤ upper`.
    #[must_use]
    pub fn closed(lower: f64, upper: f64) -> Self {
        Self { lower: Edge::Closed(lower), upper: Edge::Closed(upper) }
    }

    /// `lower ≤ x < upper`.
    #[must_use]
    pub fn from_to(lower: f64, upper: f64) -> Self {
        Self { lower: Edge::Closed(lower), upper: Edge::Open(upper) }
    }

    /// `lower < x ≤ upper`.
    #[must_use]
    pub fn after_to(lower: f64, upper: f64) -> Self {
        Self { lower: Edge::Open(lower), upper: Edge::Closed(upper) }
    }

    /// Whether a number lies in it; NaN and the infinities never do.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        let above = match self.lower {
            Edge::Unbounded => true,
            Edge::Open(lower) => x > lower,
            Edge::Closed(lower) => x >= lower,
        };
        let below = match self.upper {
            Edge::Unbounded => true,
            Edge::Open(upper) => x < upper,
            Edge::Closed(upper) => x <= upper,
        };
        x.is_finite() && above && below
    }

    /// Whether it covers all numbers strictly between two ends, of which it has none inside; `None` is no end.
    pub(super) fn covers(&self, from: Option<f64>, to: Option<f64>) -> bool {
        let low = match (self.lower.at(), from) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(lower), Some(from)) => lower <= from,
        };
        let high = match (self.upper.at(), to) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(upper), Some(to)) => upper >= to,
        };
        low && high
    }

    pub(super) fn check(&self, variable: &str) -> Result<()> {
        let ends = [self.lower.at(), self.upper.at()];
        let empty = match (self.lower, self.upper) {
            (Edge::Closed(lower), Edge::Closed(upper)) => lower > upper,
            _ => matches!(ends, [Some(lower), Some(upper)] if lower >= upper),
        };
        if empty || ends.into_iter().flatten().any(|end| !end.is_finite()) {
            let reason = format!("the range {self} holds nothing or has an end that is not finite");
            return Err(Error::invalid(format!("variable {variable:?}"), reason));
        }
        Ok(())
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Edge::Closed(lower), Edge::Closed(upper)) = (self.lower, self.upper)
            && lower.total_cmp(&upper).is_eq()
        {
            return write!(f, "{{{lower}}}");
        }
        match self.lower {
            Edge::Unbounded => f.write_str("(-∞, ")?,
            Edge::Open(lower) => write!(f, "({lower}, ")?,
            Edge::Closed(lower) => write!(f, "[{lower}, ")?,
        }
        match self.upper {
            Edge::Unbounded => f.write_str("∞)"),
            Edge::Open(upper) => write!(f, "{upper})"),
            Edge::Closed(upper) => write!(f, "{upper}]"),
        }
    }
}
