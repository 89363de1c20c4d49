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
    }
}
