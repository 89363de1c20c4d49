//! Turnover that does not pay for itself.

use alluse_risk_core::Weights;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::region::{NoTradeRegion, Setting};
use crate::rebalance::check::{length, positive, sum};
use crate::{Error, Result, RiskModel};

/// What happens to the other trades when one is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// They stay as proposed; cash takes the difference. This finds the trades that do not pay.
    OthersKept,
    /// They are chosen anew, within bounds and cash. A proposal that goes too far everywhere then counts whole.
    OthersResolved,
}

/// A trade and what taking it back would change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemovedTrade {
    /// Position of the asset, counted from 0.
    pub asset: usize,
    /// Weight bought, negative when sold.
    pub change: f64,
    /// Net utility lost by taking it back, per period; `None` when the others cannot do without it.
    ///
    /// Not above zero when the trade is unnecessary.
    pub lost: Option<f64>,
}

/// How much of a proposal is traded for nothing.
///
/// ```text
/// unnecessary = Σ |change| of trades that lose nothing when taken back / Σ |change|
/// excess      = (turnover − least turnover with net utility within ε of the best) / turnover
/// ```
///
/// Both are 0 when nothing is traded; the excess is also 0 when the proposal trades less than the least.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnnecessaryTurnover {
    /// One-way turnover of the proposal.
    pub turnover: f64,
    /// Share of it in trades that lose nothing when taken back one at a time.
    pub unnecessary: f64,
    /// Each trade.
    pub trades: Vec<RemovedTrade>,
    /// The best net utility within bounds and cash.
    pub best_utility: f64,
    /// Net utility of the proposal.
    pub utility: f64,
    /// The least one-way turnover with net utility within the tolerance of the best.
    pub least_turnover: f64,
    /// Share of the turnover beyond the least.
    pub excess: f64,
}

/// Halvings of the penalty at which turnover is least; each is a solve.
const STEPS: usize = 60;

/// Penalties so many times larger than every slope leave only the trades that bounds and cash ask for.
const DOMINANT: f64 = 10.0;

impl NoTradeRegion {
    /// How much of a proposed rebalancing is traded for nothing, by the utility and the costs of this region.
    ///
    /// `tolerance` is in utility per period of the risk model: 1e-4 is one basis point a period.
    ///
    /// # Errors
    /// [`Error::Input`] for a tolerance that is not positive, and those of [`solve`](Self::solve).
    pub fn unnecessary_turnover(
        &self,
        held: &Weights,
        proposed: &Weights,
        target: &Weights,
        risk: &RiskModel,
        removal: Removal,
        tolerance: f64,
    ) -> Result<UnnecessaryTurnover> {
        length("proposed weights", held.len(), proposed.len())?;
        positive("tolerance", tolerance)?;
        let setting = Setting::new(self, held, target, risk)?;
        let x = proposed.view().to_owned();
        let trades = removed(&setting, &x, removal)?;
        let moved = sum(trades.iter().map(|it| it.change.abs()));
        let idle = trades.iter().filter(|it| it.lost.is_some_and(|lost| lost <= 0.0));
        let share = |part: f64| if moved > 0.0 { part / moved } else { 0.0 };
        let unnecessary = share(sum(idle.map(|it| it.change.abs())));
        let (best, least) = least(&setting, tolerance)?;
        let turnover = 0.5 * moved;
        let excess = share(2.0 * (turnover - least).max(0.0));
        let (best_utility, utility) = (-best, -setting.value(&x));
        Ok(UnnecessaryTurnover { turnover, unnecessary, trades, best_utility, utility, least_turnover: least, excess })
    }
}

fn removed(setting: &Setting<'_>, x: &Array1<f64>, removal: Removal) -> Result<Vec<RemovedTrade>> {
    let value = setting.value(x);
    let mut trades = Vec::new();
    for (asset, (after, held)) in x.iter().zip(setting.held).enumerate() {
        let change = after - held;
        if change == 0.0 {
            continue;
        }
        let without = match removal {
            Removal::OthersKept => {
                let mut other = x.clone();
                other[asset] = *held;
                Some(setting.value(&other))
            }
            Removal::OthersResolved => setting.fixed(asset, *held, (0.0, x))?.map(|point| setting.value(&point.x)),
        };
        trades.push(RemovedTrade { asset, change, lost: without.map(|other| other - value) });
    }
    Ok(trades)
}

/// The smallest objective, and the least turnover within the tolerance of it.
///
/// A penalty μ on turnover traces the frontier of both; the objective grows with μ.
fn least(setting: &Setting<'_>, tolerance: f64) -> Result<(f64, f64)> {
    let turnover = |x: &Array1<f64>| 0.5 * sum(x.iter().zip(setting.held).map(|(x, h)| (x - h).abs()));
    let at = |penalty, (guess, start): (f64, &Array1<f64>)| {
        setting.best(&setting.lower, &setting.upper, penalty, (guess, start))
    };
    let mut low = at(0.0, (0.0, &setting.held.to_owned()))?;
    let best = setting.value(&low.x);
    let (mut low_penalty, mut high_penalty) = (0.0, tolerance.max(1e-9));
    let rate = setting.region.rates.iter().fold(0.0_f64, |a, b| a.max(*b));
    let dominant = DOMINANT * (setting.size.above_slopes() + rate / setting.region.periods);
    loop {
        if low_penalty > dominant {
            return Ok((best, turnover(&low.x)));
        }
        let high = match at(high_penalty, (low.multiplier, &low.x)) {
            Ok(point) => point,
            // Cash that must be spent exactly is not spent at any penalty.
            Err(Error::Infeasible { .. }) => break,
            Err(other) => return Err(other),
        };
        if setting.value(&high.x) - best > tolerance {
            break;
        }
        let still = turnover(&high.x) == 0.0;
        (low, low_penalty, high_penalty) = (high, high_penalty, 2.0 * high_penalty);
        if still {
            return Ok((best, 0.0));
        }
    }
    for _ in 0..STEPS {
        let middle = 0.5 * (low_penalty + high_penalty);
        match at(middle, (low.multiplier, &low.x)) {
            Ok(point) if setting.value(&point.x) - best <= tolerance => (low, low_penalty) = (point, middle),
            Ok(_) | Err(Error::Infeasible { .. }) => high_penalty = middle,
            Err(other) => return Err(other),
        }
    }
    Ok((best, turnover(&low.x)))
}
