use serde::{Deserialize, Serialize};

use super::AverageDailyVolume;
use crate::{Error, Result, check};

/// A sale or purchase whose price impact is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trade {
    /// Units; the sign does not matter.
    pub units: f64,
    /// Units traded on an average day by everyone.
    pub volume: AverageDailyVolume,
    /// Volatility of a day's return.
    pub daily_volatility: f64,
    /// Days the trade is spread over, in volume time.
    pub duration: Option<f64>,
    /// Units in existence.
    pub outstanding: Option<f64>,
}

impl Trade {
    /// A trade of `units` against this volume, at this volatility of a day's return.
    #[must_use]
    pub fn new(units: f64, volume: AverageDailyVolume, daily_volatility: f64) -> Self {
        Self { units, volume, daily_volatility, duration: None, outstanding: None }
    }

    /// Spread over this many days.
    #[must_use]
    pub fn with_duration(mut self, days: f64) -> Self {
        self.duration = Some(days);
        self
    }

    /// In a share with this many units in existence.
    #[must_use]
    pub fn with_outstanding(mut self, units: f64) -> Self {
        self.outstanding = Some(units);
        self
    }

    /// Units over a day's volume.
    fn size(&self) -> Result<f64> {
        check::finite_number("units", self.units)?;
        if !(self.daily_volatility >= 0.0 && self.daily_volatility.is_finite()) {
            let value = self.daily_volatility;
            return Err(Error::OutOfDomain { name: "daily volatility", expected: "finite and not negative", value });
        }
        Ok(self.units.abs() / self.volume.units())
    }
}

/// What a trade loses to its own price impact, as fractions of its value at the price before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImpactCost {
    /// How far the price stays moved; `None` where the model does not tell.
    pub permanent: Option<f64>,
    /// How far each unit trades from the price around it; `None` where the model does not tell.
    pub temporary: Option<f64>,
    /// What the trade costs in all.
    pub cost: f64,
}

/// `cost = Y σ (q/V)^δ`: the square-root law when δ is a half.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `coefficient` | 1 | Y | positive, finite |
/// | `exponent` | 1/2 | δ; Almgren and others (2005) found 3/5 | (0, 1] |
///
/// # Source
/// Torre (1997), *BARRA Market Impact Model Handbook*; Tóth and others (2011), "Anomalous price impact".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
pub struct PowerLawImpact {
    coefficient: f64,
    exponent: f64,
}

impl Default for PowerLawImpact {
    fn default() -> Self {
        Self { coefficient: 1.0, exponent: 0.5 }
    }
}

impl PowerLawImpact {
    /// # Errors
    /// [`Error::OutOfDomain`] for a number outside the ranges above.
    pub fn new(coefficient: f64, exponent: f64) -> Result<Self> {
        if !(exponent > 0.0 && exponent <= 1.0) {
            return Err(Error::OutOfDomain { name: "impact exponent", expected: "in (0, 1]", value: exponent });
        }
        Ok(Self { coefficient: positive("impact coefficient", coefficient)?, exponent })
    }

    fn cost(self, trade: &Trade) -> Result<ImpactCost> {
        let cost = self.coefficient * trade.daily_volatility * trade.size()?.powf(self.exponent);
        finished(ImpactCost { permanent: None, temporary: None, cost })
    }
}

/// The cost of a trade spread evenly over time, as estimated on US shares.
///
/// ```text
/// permanent   I = γ σ (X/V) (Θ/V)^¼
/// temporary   K = η σ (X/(V T))^⅗
/// cost        J = I/2 + K
/// ```
///
/// X units, V a day's volume, Θ units outstanding, T days of trading, σ the volatility of a day.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `permanent` | 0.314 | γ | positive, finite |
/// | `temporary` | 0.142 | η | positive, finite |
///
/// # Source
/// Almgren, Thum, Hauptmann and Li (2005), "Direct estimation of equity market impact".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
pub struct AlmgrenImpact {
    permanent: f64,
    temporary: f64,
}

impl Default for AlmgrenImpact {
    fn default() -> Self {
        Self { permanent: 0.314, temporary: 0.142 }
    }
}

impl AlmgrenImpact {
    /// # Errors
    /// [`Error::OutOfDomain`] unless both are positive and finite.
    pub fn new(permanent: f64, temporary: f64) -> Result<Self> {
        let permanent = positive("permanent impact coefficient", permanent)?;
        Ok(Self { permanent, temporary: positive("temporary impact coefficient", temporary)? })
    }

    fn cost(self, trade: &Trade) -> Result<ImpactCost> {
        let size = trade.size()?;
        let duration = positive("duration", known(trade.duration, "the duration is unknown")?)?;
        let outstanding =
            positive("units outstanding", known(trade.outstanding, "the units outstanding are unknown")?)?;
        let turnover = outstanding / trade.volume.units();
        let permanent = self.permanent * trade.daily_volatility * size * turnover.powf(0.25);
        let temporary = self.temporary * trade.daily_volatility * (size / duration).powf(0.6);
        let cost = 0.5 * permanent + temporary;
        finished(ImpactCost { permanent: Some(permanent), temporary: Some(temporary), cost })
    }
}

/// How a trade moves the price it gets.
///
/// ```
/// use alluse_risk_core::liquidity::{AlmgrenImpact, AverageDailyVolume, ImpactModel, PowerLawImpact, Trade};
///
/// // A quarter of a day's volume at 2 % a day: 1 % by the square-root law.
/// let trade = Trade::new(250_000.0, AverageDailyVolume::new(1e6)?, 0.02);
/// let square_root = ImpactModel::PowerLaw(PowerLawImpact::default());
/// assert!((square_root.cost(&trade)?.cost - 0.01).abs() < 1e-15);
///
/// // Almgren and others (2005): a tenth of a day's volume in IBM, traded over half a day, costs 18 basis points.
/// let trade = Trade::new(656_100.0, AverageDailyVolume::new(6.561e6)?, 0.0157);
/// let trade = trade.with_duration(0.5).with_outstanding(1.728e9);
/// assert!((ImpactModel::Almgren(AlmgrenImpact::default()).cost(&trade)?.cost - 18e-4).abs() < 0.5e-4);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImpactModel {
    /// A power of the size in units of a day's volume.
    PowerLaw(PowerLawImpact),
    /// Permanent and temporary impact.
    Almgren(AlmgrenImpact),
}

impl Default for ImpactModel {
    fn default() -> Self {
        Self::PowerLaw(PowerLawImpact::default())
    }
}

impl ImpactModel {
    /// The cost of a trade.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for units that are not finite, a volatility that is negative, a duration or a
    /// number outstanding that is not positive; [`Error::Undefined`] when the model needs one that the trade
    /// does not state; [`Error::Overflow`].
    pub fn cost(&self, trade: &Trade) -> Result<ImpactCost> {
        match self {
            Self::PowerLaw(model) => model.cost(trade),
            Self::Almgren(model) => model.cost(trade),
        }
    }
}

fn positive(name: &'static str, value: f64) -> Result<f64> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(Error::OutOfDomain { name, expected: "positive and finite", value })
    }
}

fn known(value: Option<f64>, reason: &'static str) -> Result<f64> {
    value.ok_or(Error::Undefined { name: "impact cost", reason })
}

fn finished(cost: ImpactCost) -> Result<ImpactCost> {
    if cost.cost.is_finite() { Ok(cost) } else { Err(Error::Overflow { name: "impact cost" }) }
}

impl TryFrom<(f64, f64)> for PowerLawImpact {
    type Error = Error;

    fn try_from((coefficient, exponent): (f64, f64)) -> Result<Self> {
        Self::new(coefficient, exponent)
    }
}

impl From<PowerLawImpact> for (f64, f64) {
    fn from(model: PowerLawImpact) -> Self {
        (model.coefficient, model.exponent)
    }
}

impl TryFrom<(f64, f64)> for AlmgrenImpact {
    type Error = Error;

    fn try_from((permanent, temporary): (f64, f64)) -> Result<Self> {
        Self::new(permanent, temporary)
    }
}

impl From<AlmgrenImpact> for (f64, f64) {
    fn from(model: AlmgrenImpact) -> Self {
        (model.permanent, model.temporary)
    }
}
