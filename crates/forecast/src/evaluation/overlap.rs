use alluse_risk_core::inference::BartlettLags;
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// How much forecasts over the same horizon from neighbouring origins share their outcomes.
///
/// ```text
/// overlap = ⌈horizon/stride⌉ − 1 later forecasts whose targets reach into this one's
/// ```
///
/// ```
/// use alluse_forecast::evaluation::Overlap;
///
/// // A quarter ahead, every week: twelve later forecasts look at some of the same days.
/// let overlap = Overlap::new(63, 5)?;
/// assert_eq!(overlap.lags(), 12);
/// // Origins 0, 5, 10, …, 195: targets starting at 0, 65 and 130 are disjoint, and so is the one at 195.
/// let origins: Vec<usize> = (0..40).map(|k| 5 * k).collect();
/// assert_eq!(overlap.disjoint(&origins), vec![0, 13, 26, 39]);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overlap {
    /// Rows that a forecast looks ahead.
    pub horizon: usize,
    /// Rows between two origins.
    pub stride: usize,
}

impl Overlap {
    /// From the horizon and the distance of the origins, in rows.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when one of them is zero.
    pub fn new(horizon: usize, stride: usize) -> Result<Self> {
        check::at_least_one("horizon", horizon)?;
        check::at_least_one("stride", stride)?;
        Ok(Self { horizon, stride })
    }

    /// Autocovariances that the overlap makes differ from zero: `⌈horizon/stride⌉ − 1`.
    #[must_use]
    pub fn lags(self) -> usize {
        self.horizon.div_ceil(self.stride.max(1)).saturating_sub(1)
    }

    /// Lags of a Bartlett variance over `n` such outcomes: twice those of the overlap, whose weights fall from 1 and
    /// would leave out half of it, and at least `⌊n^(1/3)⌋` for what else depends in time.
    ///
    /// ```
    /// use alluse_forecast::evaluation::Overlap;
    /// use alluse_risk_core::inference::BartlettLags;
    ///
    /// assert_eq!(Overlap::new(63, 5)?.bartlett_lags(1_000), BartlettLags::Fixed(24));
    /// assert_eq!(Overlap::new(5, 5)?.bartlett_lags(1_000), BartlettLags::Fixed(10));
    /// # Ok::<(), alluse_forecast::Error>(())
    /// ```
    #[must_use]
    pub fn bartlett_lags(self, n: usize) -> BartlettLags {
        BartlettLags::Fixed(BartlettLags::CubeRoot.count(n).max(self.lags().saturating_mul(2)))
    }

    /// Positions of forecasts whose targets have no row in common: the first, and every next one that starts where
    /// the one before has ended. Their number is the effective number of independent outcomes.
    ///
    /// `origins` are the first rows of the targets, increasing.
    #[must_use]
    pub fn disjoint(self, origins: &[usize]) -> Vec<usize> {
        let mut free_from = 0;
        let mut taken = Vec::new();
        for (place, &origin) in origins.iter().enumerate() {
            if origin >= free_from {
                taken.push(place);
                free_from = origin.saturating_add(self.horizon);
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_ahead_nothing_is_shared() {
        let overlap = Overlap::new(1, 1).unwrap();
        assert_eq!((overlap.lags(), overlap.disjoint(&[3, 4, 5]).len()), (0, 3));
        assert_eq!(Overlap::new(21, 21).unwrap().lags(), 0);
        assert_eq!(Overlap::new(22, 21).unwrap().lags(), 1);
        assert_eq!(Overlap::new(252, 1).unwrap().lags(), 251);
        assert_eq!(Overlap::new(5, 1).unwrap().disjoint(&[7, 9, 12, 13, 30]), vec![0, 2, 4]);
        assert!(Overlap::new(0, 1).is_err() && Overlap::new(1, 0).is_err());
        assert!(Overlap::new(3, 1).unwrap().disjoint(&[]).is_empty());
        assert_eq!(Overlap::new(usize::MAX, 1).unwrap().bartlett_lags(9), BartlettLags::Fixed(usize::MAX));
    }
}
