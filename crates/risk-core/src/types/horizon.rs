use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A risk horizon in exchange days.
///
/// ```
/// use alluse_risk_core::Horizon;
///
/// assert_eq!(Horizon::days(10)?.trading_days(), 10);
/// assert!(Horizon::days(0).is_err());
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Horizon(u32);

impl Horizon {
    /// One exchange day.
    pub const DAY: Self = Self(1);
    /// Five exchange days.
    pub const WEEK: Self = Self(5);
    /// Ten exchange days, the classic regulatory horizon.
    pub const TEN_DAYS: Self = Self(10);

    /// # Errors
    /// [`Error::OutOfDomain`] for zero days.
    pub fn days(trading_days: u32) -> Result<Self> {
        if trading_days > 0 {
            Ok(Self(trading_days))
        } else {
            Err(Error::OutOfDomain { name: "horizon", expected: "at least one exchange day", value: 0.0 })
        }
    }

    /// Exchange days.
    #[must_use]
    pub fn trading_days(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Horizon {
    type Error = Error;

    fn try_from(trading_days: u32) -> Result<Self> {
        Self::days(trading_days)
    }
}

impl From<Horizon> for u32 {
    fn from(horizon: Horizon) -> Self {
        horizon.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_cannot_make_a_zero_horizon() {
        assert!(serde_json::from_str::<Horizon>("0").is_err());
        assert_eq!(serde_json::from_str::<Horizon>("10").unwrap(), Horizon::TEN_DAYS);
    }
}
