use serde::{Deserialize, Serialize};

use crate::types::confidence::snap;
use crate::{Error, Result};

/// How a position shrinks while it is sold, and so how much price risk is left.
///
/// With T days to liquidate, against holding the whole position for one day:
///
/// | path | variance | mean |
/// |---|---|---|
/// | [`DailySlices`](Self::DailySlices) | `T(1 + 1/T)(2 + 1/T)/6` | `(T + 1)/2` |
/// | [`Continuous`](Self::Continuous) | `T/3` | `T/2` |
///
/// Daily returns count as independent with one law.
///
/// # Source
/// Jorion (2007), *Value at Risk*, §13.4; Almgren and Chriss (2000), "Optimal execution of portfolio
/// transactions", for the linear path.
///
/// # Examples
/// ```
/// use alluse_risk_core::liquidity::LiquidationPath;
///
/// // Held whole on the first day, half on the second: 1 + 1/4.
/// assert!((LiquidationPath::DailySlices.variance_factor(2.0)? - 1.25).abs() < 1e-15);
/// assert_eq!(LiquidationPath::Continuous.variance_factor(6.0)?, 2.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LiquidationPath {
    /// Equal slices at the end of each day; a part of a day counts as one, and nothing is gone before the
    /// first evening.
    #[default]
    DailySlices,
    /// Without pause at a constant rate.
    Continuous,
}

impl LiquidationPath {
    /// Variance of the loss while selling, over that of one day of the whole position.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless the days are finite and not negative.
    pub fn variance_factor(self, days: f64) -> Result<f64> {
        let days = self.counted(days)?;
        Ok(match self {
            Self::DailySlices => (days + 1.0) * (2.0 + 1.0 / days) / 6.0,
            Self::Continuous => days / 3.0,
        })
    }

    /// Mean of the loss while selling, over that of one day of the whole position.
    ///
    /// # Errors
    /// Those of [`variance_factor`](Self::variance_factor).
    pub fn mean_factor(self, days: f64) -> Result<f64> {
        let days = self.counted(days)?;
        Ok(match self {
            Self::DailySlices => 0.5 * (days + 1.0),
            Self::Continuous => 0.5 * days,
        })
    }

    fn counted(self, days: f64) -> Result<f64> {
        if !(days >= 0.0 && days.is_finite()) {
            let expected = "finite and not negative";
            return Err(Error::OutOfDomain { name: "days to liquidate", expected, value: days });
        }
        Ok(match self {
            Self::DailySlices => snap(days).ceil().max(1.0),
            Self::Continuous => days,
        })
    }
}
