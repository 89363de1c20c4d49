use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check, sum};

/// Units traded on an average day: positive and finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct AverageDailyVolume(f64);

impl AverageDailyVolume {
    /// # Errors
    /// [`Error::OutOfDomain`] unless it is positive and finite.
    pub fn new(units: f64) -> Result<Self> {
        if units > 0.0 && units.is_finite() {
            Ok(Self(units))
        } else {
            Err(Error::OutOfDomain { name: "average daily volume", expected: "positive and finite", value: units })
        }
    }

    /// The mean of daily volumes; days without a trade count.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::ElementOutOfDomain`] for a volume that is negative or not finite,
    /// [`Error::OutOfDomain`] when nothing was traded at all.
    pub fn of(volumes: ArrayView1<'_, f64>) -> Result<Self> {
        check::finite("volumes", volumes)?;
        if let Some(index) = volumes.iter().position(|v| *v < 0.0) {
            let value = volumes[index];
            return Err(Error::ElementOutOfDomain { name: "volumes", index, expected: "not negative", value });
        }
        Self::new(sum::mean(volumes.iter()))
    }

    /// Units a day.
    #[must_use]
    pub fn units(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for AverageDailyVolume {
    type Error = Error;

    fn try_from(units: f64) -> Result<Self> {
        Self::new(units)
    }
}

impl From<AverageDailyVolume> for f64 {
    fn from(volume: AverageDailyVolume) -> Self {
        volume.0
    }
}

/// The share of a day's volume that a seller takes part in, in (0, 1].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Participation(f64);

impl Participation {
    /// # Errors
    /// [`Error::OutOfDomain`] unless it is in (0, 1].
    pub fn new(share: f64) -> Result<Self> {
        if share > 0.0 && share <= 1.0 {
            Ok(Self(share))
        } else {
            Err(Error::OutOfDomain { name: "participation", expected: "in (0, 1]", value: share })
        }
    }

    /// The share.
    #[must_use]
    pub fn share(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Participation {
    type Error = Error;

    fn try_from(share: f64) -> Result<Self> {
        Self::new(share)
    }
}

impl From<Participation> for f64 {
    fn from(participation: Participation) -> Self {
        participation.0
    }
}

/// Days until a position is sold or bought back: `|units| / (participation · volume)`, a fraction included.
///
/// # Errors
/// [`Error::OutOfDomain`] for units that are not finite, [`Error::Overflow`].
pub fn days_to_liquidate(units: f64, volume: AverageDailyVolume, participation: Participation) -> Result<f64> {
    check::finite_number("units", units)?;
    let days = units.abs() / volume.units() / participation.share();
    if days.is_finite() { Ok(days) } else { Err(Error::Overflow { name: "days to liquidate" }) }
}
