//! A proportional trading cost, with its unit in the name of each constructor.

use serde::{Deserialize, Serialize};

use crate::Result;

/// A proportional cost of one trade, one way: the fraction of the value traded that is lost.
///
/// Buying and later selling the same value pays it twice; that is the round-trip rate. In serde it is the one-way
/// fraction, so 5 basis points are `0.0005`.
///
/// # Examples
/// ```
/// use alluse_optimizer::OneWayRate;
///
/// let rate = OneWayRate::from_basis_points(5.0)?;
/// assert!((rate.cost_of(-20_000.0) - 10.0).abs() < 1e-12); // sales pay it too
/// assert_eq!(rate, OneWayRate::from_round_trip_basis_points(10.0)?);
/// assert!(OneWayRate::from_fraction(5.0).is_err()); // basis points given as a fraction
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct OneWayRate(f64);

impl OneWayRate {
    /// No cost.
    pub const ZERO: Self = Self(0.0);

    /// From the fraction lost on one trade: 0.0005 is 5 basis points.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless it is in [0, 1).
    pub fn from_fraction(fraction: f64) -> Result<Self> {
        Self::checked("one-way rate as a fraction", "in [0, 1)", fraction, fraction)
    }

    /// From the basis points lost on one trade.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless they are in [0, 10000).
    pub fn from_basis_points(basis_points: f64) -> Result<Self> {
        Self::checked("one-way rate in basis points", "in [0, 10000)", basis_points, basis_points / 1e4)
    }

    /// From the basis points lost by buying and selling again, half of them on each side.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless they are in [0, 20000).
    pub fn from_round_trip_basis_points(basis_points: f64) -> Result<Self> {
        Self::checked("round-trip rate in basis points", "in [0, 20000)", basis_points, basis_points / 2e4)
    }

    /// From a quoted spread relative to the mid price, `(ask − bid)/mid`: each trade pays half of it.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless it is in [0, 2).
    pub fn from_relative_spread(spread: f64) -> Result<Self> {
        Self::checked("relative spread", "in [0, 2)", spread, spread / 2.0)
    }

    /// As a fraction of the value traded.
    #[must_use]
    pub fn fraction(self) -> f64 {
        self.0
    }

    /// In basis points of the value traded.
    #[must_use]
    pub fn basis_points(self) -> f64 {
        self.0 * 1e4
    }

    /// The cost of trading this value, whatever its sign.
    #[must_use]
    pub fn cost_of(self, value: f64) -> f64 {
        self.0 * value.abs()
    }

    fn checked(name: &'static str, expected: &'static str, value: f64, fraction: f64) -> Result<Self> {
        if (0.0..1.0).contains(&fraction) {
            Ok(Self(fraction))
        } else {
            Err(alluse_risk_core::Error::OutOfDomain { name, expected, value }.into())
        }
    }
}

impl TryFrom<f64> for OneWayRate {
    type Error = crate::Error;

    fn try_from(fraction: f64) -> Result<Self> {
        Self::from_fraction(fraction)
    }
}

impl From<OneWayRate> for f64 {
    fn from(rate: OneWayRate) -> Self {
        rate.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_gives_the_same_rate() -> Result<()> {
        let rate = OneWayRate::from_fraction(0.0025)?;
        assert_eq!(OneWayRate::from_basis_points(25.0)?, rate);
        assert_eq!(OneWayRate::from_round_trip_basis_points(50.0)?, rate);
        assert_eq!(OneWayRate::from_relative_spread(0.005)?, rate);
        assert_eq!((rate.fraction(), rate.basis_points()), (0.0025, 25.0));
        Ok(())
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for bad in [-1e-9, 1.0, f64::NAN, f64::INFINITY] {
            assert!(OneWayRate::from_fraction(bad).is_err(), "{bad}");
            assert!(OneWayRate::from_basis_points(bad * 1e4).is_err(), "{bad}");
            assert!(OneWayRate::from_round_trip_basis_points(bad * 2e4).is_err(), "{bad}");
            assert!(OneWayRate::from_relative_spread(bad * 2.0).is_err(), "{bad}");
        }
    }

    #[test]
    fn serde_checks_too() {
        let rate: OneWayRate = serde_json::from_str("0.0005").unwrap();
        assert_eq!(serde_json::to_string(&rate).unwrap(), "0.0005");
        assert!(serde_json::from_str::<OneWayRate>("5").is_err());
        assert!(serde_json::from_str::<OneWayRate>("-0.1").is_err());
    }
}
