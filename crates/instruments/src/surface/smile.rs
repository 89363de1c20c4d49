//! The smile of one expiry, whatever its form.

use serde::{Deserialize, Serialize};

use super::{SplineSmile, Svi, check};
use crate::Result;

/// Total variance at a log-moneyness with its two derivatives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VariancePoint {
    /// `w`.
    pub variance: f64,
    /// `dw/dk`.
    pub slope: f64,
    /// `d²w/dk²`.
    pub curvature: f64,
}

impl VariancePoint {
    /// `share · self + (1 − share) · other`, in every part.
    pub(super) fn mix(self, other: Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| share * a + (1.0 - share) * b;
        Self {
            variance: mix(self.variance, other.variance),
            slope: mix(self.slope, other.slope),
            curvature: mix(self.curvature, other.curvature),
        }
    }

    pub(super) fn scaled(self, by: f64) -> Self {
        Self { variance: by * self.variance, slope: by * self.slope, curvature: by * self.curvature }
    }

    /// Durrleman's function: negative where the price of a butterfly is.
    ///
    /// ```text
    /// g(k) = (1 − k w′/(2w))² − (w′²/4)(1/w + 1/4) + w″/2
    /// ```
    ///
    /// The density of the price at expiry is `g` times a positive factor.
    ///
    /// # Source
    /// Durrleman (2005); Gatheral and Jacquier (2014), lemma 2.2.
    #[must_use]
    pub fn butterfly(&self, log_moneyness: f64) -> f64 {
        let Self { variance, slope, curvature } = *self;
        let tilt = 1.0 - 0.5 * log_moneyness * slope / variance;
        tilt * tilt - 0.25 * slope * slope * (1.0 / variance + 0.25) + 0.5 * curvature
    }
}

/// The smile of one expiry: total variance by log-moneyness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Smile {
    /// Five parameters.
    Svi(Svi),
    /// A curve through given points.
    Spline(SplineSmile),
    /// One volatility for all strikes.
    Flat(FlatSmile),
}

/// One total variance for all strikes, positive and finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct FlatSmile(f64);

impl FlatSmile {
    /// # Errors
    /// `OutOfDomain` unless positive and finite.
    pub fn new(total_variance: f64) -> Result<Self> {
        check::positive("total variance", total_variance)?;
        Ok(Self(total_variance))
    }
}

impl TryFrom<f64> for FlatSmile {
    type Error = crate::Error;

    fn try_from(total_variance: f64) -> Result<Self> {
        Self::new(total_variance)
    }
}

impl From<FlatSmile> for f64 {
    fn from(smile: FlatSmile) -> Self {
        smile.0
    }
}

impl Smile {
    /// A smile without a slope: `volatility` per √year over `time` years.
    ///
    /// # Errors
    /// `OutOfDomain` unless both are positive and finite.
    pub fn flat(volatility: f64, time: f64) -> Result<Self> {
        check::positive("volatility", volatility)?;
        check::positive("time", time)?;
        Ok(Self::Flat(FlatSmile::new(volatility * volatility * time)?))
    }

    /// Total variance and its derivatives.
    #[must_use]
    pub fn at(&self, log_moneyness: f64) -> VariancePoint {
        match self {
            Self::Svi(svi) => svi.at(log_moneyness),
            Self::Spline(spline) => spline.at(log_moneyness),
            Self::Flat(FlatSmile(variance)) => VariancePoint { variance: *variance, slope: 0.0, curvature: 0.0 },
        }
    }

    /// Total variance.
    #[must_use]
    pub fn total_variance(&self, log_moneyness: f64) -> f64 {
        self.at(log_moneyness).variance
    }

    /// Slopes that the total variance tends to on the low and the high side, outwards: both at least 0 in a
    /// positive smile.
    #[must_use]
    pub fn wing_slopes(&self) -> (f64, f64) {
        match self {
            Self::Svi(svi) => svi.wing_slopes(),
            Self::Spline(spline) => spline.wing_slopes(),
            Self::Flat(_) => (0.0, 0.0),
        }
    }
}

impl From<Svi> for Smile {
    fn from(svi: Svi) -> Self {
        Self::Svi(svi)
    }
}

impl From<SplineSmile> for Smile {
    fn from(spline: SplineSmile) -> Self {
        Self::Spline(spline)
    }
}
