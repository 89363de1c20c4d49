use alluse_risk_core::liquidity::{AverageDailyVolume, SpreadModel};
use alluse_risk_core::{Error as CoreError, RowId, Status};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A position with what is known about its market.
///
/// What is not stated is unknown: its cost is then unknown too, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPosition")]
pub struct LiquidPosition {
    pub(super) row: RowId,
    pub(super) value: f64,
    pub(super) volatility: f64,
    pub(super) mean: f64,
    pub(super) spread: Option<SpreadModel>,
    pub(super) volume: Option<Tradable>,
}

/// Units held against units traded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Tradable {
    pub(super) units: f64,
    pub(super) volume: AverageDailyVolume,
    pub(super) outstanding: Option<f64>,
}

impl LiquidPosition {
    /// A position worth `value` at mid prices (negative when short), with the volatility of a day's return.
    ///
    /// # Errors
    /// [`Error::Input`] unless the value is finite and the volatility finite and not negative.
    pub fn new(row: RowId, value: f64, volatility: f64) -> Result<Self> {
        finite("value", value)?;
        if !(volatility >= 0.0 && volatility.is_finite()) {
            return Err(Error::out_of_domain("volatility", "finite and not negative", volatility));
        }
        Ok(Self { row, value, volatility, mean: 0.0, spread: None, volume: None })
    }

    /// With the mean of a day's return.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite.
    pub fn with_mean(mut self, mean: f64) -> Result<Self> {
        self.mean = finite("mean", mean)?;
        Ok(self)
    }

    /// With the law of its relative spread.
    #[must_use]
    pub fn with_spread(mut self, spread: SpreadModel) -> Self {
        self.spread = Some(spread);
        self
    }

    /// With the units held and the units traded on an average day.
    ///
    /// # Errors
    /// [`Error::Input`] unless the units are finite and not zero.
    pub fn with_volume(mut self, units: f64, volume: AverageDailyVolume) -> Result<Self> {
        if !(units.abs() > 0.0 && units.is_finite()) {
            return Err(Error::out_of_domain("units", "finite and not zero", units));
        }
        self.volume = Some(Tradable { units, volume, outstanding: None });
        Ok(self)
    }

    /// With the number of units in existence, which [`AlmgrenImpact`](alluse_risk_core::liquidity::AlmgrenImpact)
    /// wants; after [`with_volume`](Self::with_volume).
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite; undefined without a volume.
    pub fn with_outstanding(mut self, units: f64) -> Result<Self> {
        if !(units > 0.0 && units.is_finite()) {
            return Err(Error::out_of_domain("units outstanding", "positive and finite", units));
        }
        match &mut self.volume {
            Some(volume) => volume.outstanding = Some(units),
            None => {
                let reason = "the volume is to be stated first";
                return Err(CoreError::Undefined { name: "units outstanding", reason }.into());
            }
        }
        Ok(self)
    }
}

fn finite(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::out_of_domain(name, "finite", value)) }
}

/// The stored form, so that a stored position is checked when it is read back.
#[derive(Deserialize)]
struct RawPosition {
    row: RowId,
    value: f64,
    volatility: f64,
    mean: f64,
    spread: Option<SpreadModel>,
    volume: Option<Tradable>,
}

impl TryFrom<RawPosition> for LiquidPosition {
    type Error = Error;

    fn try_from(raw: RawPosition) -> Result<Self> {
        let mut position = Self::new(raw.row, raw.value, raw.volatility)?.with_mean(raw.mean)?;
        position.spread = raw.spread;
        if let Some(Tradable { units, volume, outstanding }) = raw.volume {
            position = position.with_volume(units, volume)?;
            if let Some(outstanding) = outstanding {
                position = position.with_outstanding(outstanding)?;
            }
        }
        Ok(position)
    }
}

/// The liquidity-adjusted value at risk of one position in its parts; money, losses positive.
///
/// ```text
/// total = price risk + horizon cost + spread cost + impact cost
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PositionLiquidity {
    /// Which position.
    pub row: RowId,
    /// Its value at mid prices.
    pub value: f64,
    /// Value at risk of a day at mid prices.
    pub price_risk: f64,
    /// Half of the worst spread.
    pub spread_cost: Status<f64>,
    /// What the sale loses to its own impact; `None` when it was not asked for.
    pub impact_cost: Option<Status<f64>>,
    /// Value at risk while the position is sold, less that of a day; `None` when it was not asked for.
    pub horizon_cost: Option<Status<f64>>,
    /// Days that the sale takes; `None` when it was not asked for.
    pub days: Option<Status<f64>>,
    /// The sum; known only when every part is.
    pub total: Status<f64>,
}
