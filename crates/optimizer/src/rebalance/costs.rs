//! What executing trades costs, in currency.

use std::collections::BTreeMap;

use alluse_risk_core::AssetId;
use alluse_risk_core::liquidity::{AverageDailyVolume, ImpactModel, Trade};
use serde::{Deserialize, Serialize};

use super::check::{finished, finite, not_negative, sum};
use super::{Holdings, Instrument};
use crate::{Error, OneWayRate, Result};

/// Price impact of an asset's trades, by one of the models of `risk_core::liquidity`.
///
/// With the default square-root law a trade of value `x` costs `Y σ |x|^{3/2} / √ADV`, volumes in currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MarketImpact {
    /// The model.
    pub model: ImpactModel,
    /// Units of the asset traded on an average day by everyone.
    pub volume: AverageDailyVolume,
    /// Volatility of a day's return.
    pub daily_volatility: f64,
}

/// The costs of trading one asset.
///
/// ```text
/// commission = max(minimum commission, per order + per unit · |units|)
/// cost       = commission + k |value| + q value² + impact
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `proportional` | 0 | k: half spread and proportional fees, one way | [`OneWayRate`] |
/// | `quadratic` | 0 | q, per unit of currency: at 1e-9, a million costs a thousand | not negative |
/// | `impact` | none | price impact of large trades | |
/// | `per_order` | 0 | currency for each order | not negative |
/// | `per_unit` | 0 | currency for each share or contract, whatever its multiplier | not negative |
/// | `minimum_commission` | 0 | the least commission of an order, in currency | not negative |
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawCosts", into = "RawCosts")]
pub struct AssetCosts {
    proportional: OneWayRate,
    quadratic: f64,
    impact: Option<MarketImpact>,
    per_order: f64,
    per_unit: f64,
    minimum_commission: f64,
}

impl AssetCosts {
    /// A proportional cost and nothing else.
    #[must_use]
    pub fn proportional(rate: OneWayRate) -> Self {
        Self { proportional: rate, ..Self::default() }
    }

    /// With `q value²`.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite and not negative.
    pub fn with_quadratic(mut self, per_currency: f64) -> Result<Self> {
        self.quadratic = not_negative("quadratic cost", per_currency)?;
        Ok(self)
    }

    /// With price impact.
    ///
    /// # Errors
    /// [`Error::Input`] unless its volatility is finite and not negative.
    pub fn with_impact(mut self, impact: MarketImpact) -> Result<Self> {
        not_negative("daily volatility", impact.daily_volatility)?;
        self.impact = Some(impact);
        Ok(self)
    }

    /// With a fixed fee an order, in currency.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite and not negative.
    pub fn with_per_order(mut self, currency: f64) -> Result<Self> {
        self.per_order = not_negative("cost per order", currency)?;
        Ok(self)
    }

    /// With a fee for each share or contract, in currency.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite and not negative.
    pub fn with_per_unit(mut self, currency: f64) -> Result<Self> {
        self.per_unit = not_negative("cost per unit", currency)?;
        Ok(self)
    }

    /// With a least commission an order, in currency.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite and not negative.
    pub fn with_minimum_commission(mut self, currency: f64) -> Result<Self> {
        self.minimum_commission = not_negative("minimum commission", currency)?;
        Ok(self)
    }

    /// The proportional part.
    #[must_use]
    pub fn rate(&self) -> OneWayRate {
        self.proportional
    }

    /// The cost of trading this many units; nothing for no units.
    ///
    /// # Errors
    /// [`Error::Input`] for units that are not finite, for what the impact model refuses, and on overflow.
    pub fn cost(&self, instrument: &Instrument, units: f64) -> Result<CostBreakdown> {
        finite("units", units)?;
        if units == 0.0 {
            return Ok(CostBreakdown::default());
        }
        let value = finished("trade value", instrument.value_of(units))?.abs();
        let commission = (self.per_order + self.per_unit * units.abs()).max(self.minimum_commission);
        let impact = match &self.impact {
            None => 0.0,
            Some(it) => it.model.cost(&Trade::new(units, it.volume, it.daily_volatility))?.cost * value,
        };
        let (proportional, quadratic) = (self.proportional.cost_of(value), self.quadratic * value * value);
        let total = finished("trading cost", sum([commission, proportional, quadratic, impact]))?;
        Ok(CostBreakdown { commission, proportional, quadratic, impact, total })
    }
}

/// The cost of one trade, in currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CostBreakdown {
    /// Fees for the order and its units, at least the minimum commission.
    pub commission: f64,
    /// Half spread and proportional fees.
    pub proportional: f64,
    /// `q value²`.
    pub quadratic: f64,
    /// Price impact.
    pub impact: f64,
    /// All of it.
    pub total: f64,
}

/// The costs of trading each asset: one schedule, and others for the assets that differ.
///
/// # Examples
/// ```
/// use alluse_optimizer::OneWayRate;
/// use alluse_optimizer::rebalance::{AssetCosts, Instrument, TradingCosts};
///
/// let costs = TradingCosts::new(AssetCosts::proportional(OneWayRate::from_basis_points(2.0)?))
///     .with_asset("SPY put", AssetCosts::default().with_per_unit(0.65)?)?;
/// let put = Instrument::new("SPY put", 4.0)?.with_multiplier(100.0)?;
/// assert!((costs.cost(&put, -10.0)?.total - 6.5).abs() < 1e-12);
///
/// let spy = Instrument::new("SPY", 500.0)?;
/// let list = costs.cost_of(&[(&spy, 10.0), (&put, -10.0)])?;
/// assert!((list.total - 7.5).abs() < 1e-12 && list.traded == 9_000.0);
/// assert!((list.basis_points.unwrap() - 7.5 / 0.9).abs() < 1e-9);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TradingCosts {
    usual: AssetCosts,
    #[serde(default)]
    by_asset: BTreeMap<AssetId, AssetCosts>,
}

impl TradingCosts {
    /// The same schedule for every asset.
    #[must_use]
    pub fn new(usual: AssetCosts) -> Self {
        Self { usual, by_asset: BTreeMap::new() }
    }

    /// With another schedule for one asset.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty name.
    pub fn with_asset(mut self, asset: impl Into<String>, costs: AssetCosts) -> Result<Self> {
        self.by_asset.insert(AssetId::new(asset)?, costs);
        Ok(self)
    }

    /// The schedule of an asset.
    #[must_use]
    pub fn of(&self, asset: &AssetId) -> &AssetCosts {
        self.by_asset.get(asset).unwrap_or(&self.usual)
    }

    /// The proportional rates of the assets of a book, in its order.
    #[must_use]
    pub fn rates(&self, holdings: &Holdings) -> Vec<OneWayRate> {
        holdings.positions().iter().map(|held| self.of(held.instrument.asset()).rate()).collect()
    }

    /// The cost of one trade.
    ///
    /// # Errors
    /// Those of [`AssetCosts::cost`].
    pub fn cost(&self, instrument: &Instrument, units: f64) -> Result<CostBreakdown> {
        self.of(instrument.asset()).cost(instrument, units)
    }

    /// The cost of a list of trades, each an instrument and signed units.
    ///
    /// # Errors
    /// Those of [`AssetCosts::cost`].
    pub fn cost_of(&self, trades: &[(&Instrument, f64)]) -> Result<TradeListCost> {
        let each: Vec<_> = trades.iter().map(|(it, units)| self.cost(it, *units)).collect::<Result<_>>()?;
        let total = finished("trading cost", sum(each.iter().map(|cost| cost.total)))?;
        let traded = finished("value traded", sum(trades.iter().map(|(it, units)| it.value_of(*units).abs())))?;
        let basis_points = (traded > 0.0).then(|| total / traded * 1e4);
        Ok(TradeListCost { each, total, traded, basis_points })
    }
}

/// The cost of a list of trades.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TradeListCost {
    /// Of each trade.
    pub each: Vec<CostBreakdown>,
    /// In all, in currency.
    pub total: f64,
    /// Value bought and sold, in currency.
    pub traded: f64,
    /// The total in basis points of the value traded; `None` when nothing is traded.
    pub basis_points: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct RawCosts {
    proportional: OneWayRate,
    quadratic: f64,
    impact: Option<MarketImpact>,
    per_order: f64,
    per_unit: f64,
    minimum_commission: f64,
}

impl TryFrom<RawCosts> for AssetCosts {
    type Error = Error;

    fn try_from(raw: RawCosts) -> Result<Self> {
        let costs = Self::proportional(raw.proportional)
            .with_quadratic(raw.quadratic)?
            .with_per_order(raw.per_order)?
            .with_per_unit(raw.per_unit)?
            .with_minimum_commission(raw.minimum_commission)?;
        raw.impact.map_or(Ok(costs.clone()), |impact| costs.with_impact(impact))
    }
}

impl From<AssetCosts> for RawCosts {
    fn from(costs: AssetCosts) -> Self {
        let AssetCosts { proportional, quadratic, impact, per_order, per_unit, minimum_commission } = costs;
        Self { proportional, quadratic, impact, per_order, per_unit, minimum_commission }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alluse_risk_core::liquidity::PowerLawImpact;

    #[test]
    fn a_schedule_worked_by_hand() -> Result<()> {
        // 300 shares at 40: value 12,000. Commission 1 + 300 × 0.005 = 2.5, below the minimum of 4.
        // 10 bp of 12,000 is 12; 1e-7 × 12,000² = 14.4.
        // A quarter of the volume of 1,200 shares at 2 % a day: √0.25 × 2 % = 1 % of 12,000 = 120.
        let impact = MarketImpact {
            model: ImpactModel::PowerLaw(PowerLawImpact::default()),
            volume: AverageDailyVolume::new(1_200.0)?,
            daily_volatility: 0.02,
        };
        let costs = AssetCosts::proportional(OneWayRate::from_basis_points(10.0)?)
            .with_quadratic(1e-7)?
            .with_per_order(1.0)?
            .with_per_unit(0.005)?
            .with_minimum_commission(4.0)?
            .with_impact(impact)?;
        let share = Instrument::new("A", 40.0)?;
        for units in [300.0, -300.0] {
            let cost = costs.cost(&share, units)?;
            assert_eq!(cost.commission, 4.0);
            for (got, want) in
                [(cost.proportional, 12.0), (cost.quadratic, 14.4), (cost.impact, 120.0), (cost.total, 150.4)]
            {
                assert!((got - want).abs() < 1e-12, "{cost:?}");
            }
        }
        assert_eq!(costs.cost(&share, 0.0)?, CostBreakdown::default());
        assert_eq!(costs.cost(&share, 1_000.0)?.commission, 6.0);
        Ok(())
    }

    #[test]
    fn nothing_traded_has_no_basis_points() -> Result<()> {
        let list = TradingCosts::default().cost_of(&[(&Instrument::new("A", 1.0)?, 0.0)])?;
        assert_eq!((list.total, list.traded, list.basis_points), (0.0, 0.0, None));
        Ok(())
    }

    #[test]
    fn bad_numbers_are_refused_at_every_door() -> Result<()> {
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(AssetCosts::default().with_quadratic(bad).is_err());
            assert!(AssetCosts::default().with_per_order(bad).is_err());
            assert!(AssetCosts::default().with_per_unit(bad).is_err());
            assert!(AssetCosts::default().with_minimum_commission(bad).is_err());
        }
        assert!(serde_json::from_str::<AssetCosts>(r#"{"per_order": -1}"#).is_err());
        assert!(serde_json::from_str::<AssetCosts>(r#"{"per_ordr": 1}"#).is_err());
        let share = Instrument::new("A", 1e300)?;
        assert!(AssetCosts::default().cost(&share, f64::NAN).is_err());
        assert!(AssetCosts::default().cost(&share, 1e10).is_err());
        assert!(AssetCosts::default().with_quadratic(1.0)?.cost(&share, 1.0).is_err());
        Ok(())
    }

    #[test]
    fn schedules_survive_json() -> Result<()> {
        let costs = TradingCosts::new(AssetCosts::proportional(OneWayRate::from_basis_points(2.0)?))
            .with_asset("P", AssetCosts::default().with_per_unit(0.65)?)?;
        let text = serde_json::to_string(&costs).unwrap();
        assert_eq!(serde_json::from_str::<TradingCosts>(&text).unwrap(), costs);
        Ok(())
    }
}
