use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How many return periods make a year. Never guessed from the data.
///
/// ```
/// use alluse_risk_core::Frequency;
///
/// assert_eq!(Frequency::Weekly.periods_per_year(), 52.0);
/// assert_eq!(Frequency::custom(260.0)?.periods_per_year(), 260.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub enum Frequency {
    /// Exchange days, 252 a year.
    Daily,
    /// 52 a year.
    Weekly,
    /// 12 a year.
    Monthly,
    /// 4 a year.
    Quarterly,
    /// Once a year.
    Yearly,
    /// Any other count; made by [`Frequency::custom`].
    Custom(PeriodsPerYear),
}

/// A positive, finite number of periods a year.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct PeriodsPerYear(f64);

impl Frequency {
    /// A frequency of `periods_per_year` periods.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless the number is positive and finite.
    pub fn custom(periods_per_year: f64) -> Result<Self> {
        if periods_per_year > 0.0 && periods_per_year.is_finite() {
            Ok(Self::Custom(PeriodsPerYear(periods_per_year)))
        } else {
            Err(Error::OutOfDomain {
                name: "periods_per_year",
                expected: "positive and finite",
                value: periods_per_year,
            })
        }
    }

    /// Periods in a year.
    #[must_use]
    pub fn periods_per_year(self) -> f64 {
        match self {
            Self::Daily => 252.0,
            Self::Weekly => 52.0,
            Self::Monthly => 12.0,
            Self::Quarterly => 4.0,
            Self::Yearly => 1.0,
            Self::Custom(PeriodsPerYear(periods)) => periods,
        }
    }
}

/// The stored form, so that a stored frequency is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Raw {
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Yearly,
    PeriodsPerYear(f64),
}

impl TryFrom<Raw> for Frequency {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(match raw {
            Raw::Daily => Self::Daily,
            Raw::Weekly => Self::Weekly,
            Raw::Monthly => Self::Monthly,
            Raw::Quarterly => Self::Quarterly,
            Raw::Yearly => Self::Yearly,
            Raw::PeriodsPerYear(periods) => return Self::custom(periods),
        })
    }
}

impl From<Frequency> for Raw {
    fn from(frequency: Frequency) -> Self {
        match frequency {
            Frequency::Daily => Self::Daily,
            Frequency::Weekly => Self::Weekly,
            Frequency::Monthly => Self::Monthly,
            Frequency::Quarterly => Self::Quarterly,
            Frequency::Yearly => Self::Yearly,
            Frequency::Custom(PeriodsPerYear(periods)) => Self::PeriodsPerYear(periods),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_counts_pass() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Frequency::custom(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Frequency>(r#"{"periods_per_year": -3.0}"#).is_err());
    }

    #[test]
    fn serde_round_trip() {
        for frequency in [Frequency::Daily, Frequency::Weekly, Frequency::custom(365.25).unwrap()] {
            let text = serde_json::to_string(&frequency).unwrap();
            assert_eq!(serde_json::from_str::<Frequency>(&text).unwrap(), frequency);
        }
    }
}
