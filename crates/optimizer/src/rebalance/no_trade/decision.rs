//! Why an asset is traded or not.

use serde::{Deserialize, Serialize};

use super::budget::Point;
use super::region::Setting;
use crate::Result;

/// Why an asset is traded or not. Utilities are per period and costs are spread over the periods of the region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TradeDecision {
    /// The trade is worth its cost.
    Traded {
        /// Weight bought, negative when sold.
        change: f64,
        /// Its cost, spread over the periods.
        cost: f64,
        /// What net utility loses when this trade is forbidden and the others are chosen anew; `None` when they
        /// cannot meet bounds and cash without it.
        gain: Option<f64>,
    },
    /// A trade would cost more than it brings.
    Kept {
        /// Weight that would have to be bought to reach the target, negative for a sale.
        shortfall: f64,
        /// What one more unit of weight towards the target brings.
        marginal_gain: f64,
        /// What it costs; not below the marginal gain.
        marginal_cost: f64,
        /// Comparison with going all the way to the target in this asset, the others chosen anew.
        ///
        /// `None` when bounds or cash do not allow that.
        alternative: Option<KeptAlternative>,
    },
}

/// What going to the target in one asset would change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeptAlternative {
    /// Cost saved by not doing it, over all assets.
    pub cost_saved: f64,
    /// Utility given up before costs; never more than the cost saved.
    pub utility_given_up: f64,
}

pub(super) fn decide(setting: &Setting<'_>, point: &Point) -> Result<Vec<TradeDecision>> {
    (0..point.x.len())
        .map(|index| {
            let change = point.x[index] - setting.held[index];
            if change == 0.0 { kept(setting, point, index) } else { traded(setting, point, index, change) }
        })
        .collect()
}

fn traded(setting: &Setting<'_>, point: &Point, index: usize, change: f64) -> Result<TradeDecision> {
    let without = setting.fixed(index, setting.held[index], (point.multiplier, &point.x))?;
    let gain = without.map(|other| setting.value(&other.x) - setting.value(&point.x));
    Ok(TradeDecision::Traded { change, cost: setting.charges(&point.x)[index], gain })
}

fn kept(setting: &Setting<'_>, point: &Point, index: usize) -> Result<TradeDecision> {
    let shortfall = setting.target[index] - setting.held[index];
    let slope = setting.slope(index, point);
    let marginal_cost = (1.0 / setting.region.periods + point.multiplier) * setting.region.rates[index];
    let target = setting.target[index];
    let inside = setting.lower[index] <= target && target <= setting.upper[index];
    let other = if inside { setting.fixed(index, target, (point.multiplier, &point.x))? } else { None };
    let charged = |x: &ndarray::Array1<f64>| crate::rebalance::check::sum(setting.charges(x));
    let alternative = other.map(|it| KeptAlternative {
        cost_saved: charged(&it.x) - charged(&point.x),
        utility_given_up: setting.tracking(&point.x) - setting.tracking(&it.x),
    });
    Ok(TradeDecision::Kept { shortfall, marginal_gain: slope.abs(), marginal_cost, alternative })
}
