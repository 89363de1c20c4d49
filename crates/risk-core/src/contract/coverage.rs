use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How much of a book a number speaks for.
///
/// A position that cannot be valued still counts in both totals: with its last valid or declared
/// reference price. Where it has neither, the notional share is unknown.
///
/// ```
/// use alluse_risk_core::Coverage;
///
/// let coverage = Coverage::complete(3, 1_000.0).and(Coverage::missing(1, Some(250.0)));
/// assert!(!coverage.is_complete());
/// assert_eq!(coverage.notional_share(), Some(0.8));
/// assert_eq!(coverage.and(Coverage::missing(1, None)).notional_share(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Positions that were valued.
    pub positions_valued: usize,
    /// All positions.
    pub positions: usize,
    /// Gross notional of the valued positions, in base currency.
    pub notional_valued: f64,
    /// Gross notional of all positions; `None` when a position has no price at all.
    pub notional: Option<f64>,
}

impl Coverage {
    /// Every one of `positions` was valued.
    #[must_use]
    pub fn complete(positions: usize, gross_notional: f64) -> Self {
        Self { positions_valued: positions, positions, notional_valued: gross_notional, notional: Some(gross_notional) }
    }

    /// None of `positions` was valued; `gross_notional` at reference prices where they exist.
    #[must_use]
    pub fn missing(positions: usize, gross_notional: Option<f64>) -> Self {
        Self { positions_valued: 0, positions, notional_valued: 0.0, notional: gross_notional }
    }

    /// A sample that stands for itself, such as a return series.
    #[must_use]
    pub fn single() -> Self {
        Self::complete(1, 1.0)
    }

    /// The coverage of two disjoint parts together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            positions_valued: self.positions_valued + other.positions_valued,
            positions: self.positions + other.positions,
            notional_valued: self.notional_valued + other.notional_valued,
            notional: self.notional.zip(other.notional).map(|(a, b)| a + b),
        }
    }

    /// Refuses a part that exceeds its whole, and notionals that are negative or not finite.
    pub(super) fn check(&self) -> Result<()> {
        if self.positions_valued > self.positions {
            let value = self.positions_valued as f64;
            return Err(Error::OutOfDomain { name: "positions valued", expected: "at most all positions", value });
        }
        let valid = |notional: f64| notional >= 0.0 && notional.is_finite();
        for value in [Some(self.notional_valued), self.notional].into_iter().flatten() {
            if !valid(value) {
                return Err(Error::OutOfDomain { name: "gross notional", expected: "at least 0 and finite", value });
            }
        }
        // Both are sums, taken in orders that may differ: rounding may put the part above the whole.
        if self.notional.is_some_and(|whole| self.notional_valued > whole * (1.0 + 1e-9)) {
            let value = self.notional_valued;
            return Err(Error::OutOfDomain { name: "notional valued", expected: "at most the whole notional", value });
        }
        Ok(())
    }

    /// Whether every position was valued.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.positions_valued == self.positions
    }

    /// Positions valued over all; `None` for an empty book.
    #[must_use]
    pub fn position_share(&self) -> Option<f64> {
        (self.positions > 0).then(|| self.positions_valued as f64 / self.positions as f64)
    }

    /// Gross notional valued over all; `None` when the total is unknown or zero.
    #[must_use]
    pub fn notional_share(&self) -> Option<f64> {
        self.notional.filter(|total| *total > 0.0).map(|total| self.notional_valued / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_book_has_no_share() {
        assert_eq!(Coverage::complete(0, 0.0).position_share(), None);
        assert_eq!(Coverage::complete(0, 0.0).notional_share(), None);
    }

    #[test]
    fn a_missing_position_lowers_both_shares() {
        let coverage = Coverage::complete(1, 60.0).and(Coverage::missing(1, Some(40.0)));
        assert_eq!(coverage.position_share(), Some(0.5));
        assert_eq!(coverage.notional_share(), Some(0.6));
    }
}
