use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A confidence level, always on the high side: 0.99 asks about the worst 1 %.
///
/// ```
/// use alluse_risk_core::Confidence;
///
/// let confidence = Confidence::new(0.975)?;
/// assert!((confidence.tail() - 0.025).abs() < 1e-15);
/// assert!(Confidence::new(1.0).is_err());
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Confidence(f64);

impl Confidence {
    /// 90 %.
    pub const P90: Self = Self(0.90);
    /// 95 %.
    pub const P95: Self = Self(0.95);
    /// 97.5 %, the level of the Basel market-risk expected shortfall.
    pub const P975: Self = Self(0.975);
    /// 99 %.
    pub const P99: Self = Self(0.99);

    /// # Errors
    /// [`Error::OutOfDomain`] unless `0 < level < 1`; NaN is refused too.
    pub fn new(level: f64) -> Result<Self> {
        if level > 0.0 && level < 1.0 {
            Ok(Self(level))
        } else {
            Err(Error::OutOfDomain { name: "confidence", expected: "in (0, 1)", value: level })
        }
    }

    /// The level itself.
    #[must_use]
    pub fn level(self) -> f64 {
        self.0
    }

    /// The tail mass, `1 − level`.
    #[must_use]
    pub fn tail(self) -> f64 {
        1.0 - self.0
    }

    /// How many of `n` equally likely losses lie in the tail, a fraction included.
    ///
    /// A count within 1e-9 of a whole number is that number: `(1 − 0.99) · 500` is
    /// `5.000000000000004` in floating point, and the tail must hold five losses, not six.
    #[must_use]
    pub fn tail_count(self, n: usize) -> f64 {
        snap(self.tail() * n as f64)
    }
}

/// The nearest whole number when only rounding separates the value from it.
pub(crate) fn snap(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() < 1e-9 { whole } else { value }
}

impl TryFrom<f64> for Confidence {
    type Error = Error;

    fn try_from(level: f64) -> Result<Self> {
        Self::new(level)
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_and_nan_are_refused() {
        for level in [0.0, 1.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(Confidence::new(level), Err(Error::OutOfDomain { .. })), "{level}");
        }
    }

    #[test]
    fn serde_cannot_get_round_the_check() {
        assert!(serde_json::from_str::<Confidence>("1.5").is_err());
        assert_eq!(serde_json::from_str::<Confidence>("0.99").unwrap(), Confidence::P99);
    }

    #[test]
    fn whole_tail_counts_are_whole() {
        assert_eq!(Confidence::P99.tail_count(500), 5.0);
        assert_eq!(Confidence::P95.tail_count(20), 1.0);
        assert!((Confidence::P975.tail_count(2_500) - 62.5).abs() < 1e-12);
    }
}
