//! From return histories to weights.

use alluse_risk_core::measures::{DrawdownKind, DrawdownPath};
use alluse_risk_core::{AssetId, Decay, Error as Input, Frequency, HalfLife};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::drawdown::DrawdownScale;
use super::shrinkage::{Shrinkage, ShrunkValue, shrink};
use crate::strategies::shares::proportional;
use crate::strategies::{StrategyReturns, check};
use crate::{Error, Result};

/// The performance that tilts the weights, annualised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PerformanceMeasure {
    /// Mean over standard deviation; error `√((1 + SR²/2)/n)` per period (Lo 2002, independent returns).
    #[default]
    SharpeRatio,
    /// Mean; error `s/√n` per period.
    Mean,
}

/// Where the capital goes that a drawdown frees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreedCapital {
    /// Into cash: the account takes less risk.
    #[default]
    Cash,
    /// To the other strategies.
    Redistribute,
}

/// What one strategy may not exceed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyLimits {
    /// Largest drawdown it is allowed, a positive fraction; `None` for no scaling.
    pub drawdown: Option<f64>,
    /// Largest weight it can take without moving its own prices; `None` for no cap.
    pub capacity: Option<f64>,
}

/// Weights tilted by shrunken performance.
///
/// ```text
/// wᵢ ∝ exp(tilt · (θ̂ᵢ − μ̂)) · dᵢ,    wᵢ ≤ capacityᵢ
/// ```
///
/// `θ̂ᵢ` is the shrunken performance of [`shrink`], `dᵢ` the multiplier of the current drawdown.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `frequency` | required | periods a year, to annualise |
/// | `measure` | Sharpe ratio | what is compared |
/// | `tilt` | 1 | log weight per unit of the annualised measure; 0 for equal weights |
/// | `half_life` | none | age in rows at which a return counts half |
/// | `min_observations` | 24 | fewer effective ones leave a strategy at the common mean; at least 3 |
/// | `drawdown` | none | scale by drawdown, for strategies that have a limit |
/// | `freed` | cash | where that capital goes |
///
/// ```
/// use alluse_optimizer::Universe;
/// use alluse_optimizer::strategies::StrategyReturns;
/// use alluse_optimizer::strategies::performance::{PerformanceWeights, StrategyLimits};
/// use alluse_risk_core::Frequency;
/// use jiff::{ToSpan, civil::date};
///
/// let weeks: Vec<_> = (0..52).map(|i| date(2024, 1, 5) + (7 * i).days()).collect();
/// let column = |lift: f64| (0..52).map(|i| Some(lift + 0.01 * f64::from(i * 7 % 11 - 5))).collect::<Vec<_>>();
/// let names = Universe::named(["puts", "calls"])?;
/// let returns = StrategyReturns::new(weeks, names, vec![column(0.004), column(0.0)])?;
/// let rule = PerformanceWeights::new(Frequency::Weekly);
/// let result = rule.allocate(&returns, &[StrategyLimits::default(); 2])?;
/// // A Sharpe ratio of 0.9 after one year, against 0: hardly more than luck.
/// assert!(result.strategies[0].weight >= result.strategies[1].weight);
/// assert!(result.strategies[0].weight < 0.6);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerformanceWeights {
    frequency: Frequency,
    measure: PerformanceMeasure,
    tilt: f64,
    half_life: Option<HalfLife>,
    min_observations: usize,
    drawdown: Option<DrawdownScale>,
    freed: FreedCapital,
}

/// One strategy: what was found, what it did to the weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StrategyMultiplier {
    /// Which.
    pub strategy: AssetId,
    /// Returns it has.
    pub observations: usize,
    /// What they are worth after decay, from the last row of the table on.
    pub effective_observations: f64,
    /// Its annualised performance and the shrinkage; `None` when the evidence is too thin to be looked at.
    pub performance: Option<ShrunkValue>,
    /// `exp(tilt · (θ̂ − μ̂))`; 1 without evidence.
    pub performance_multiplier: f64,
    /// Its current drawdown, where it counted.
    pub current_drawdown: Option<f64>,
    /// The multiplier of that; 1 without a limit or a scale.
    pub drawdown_multiplier: f64,
    /// Whether the capacity held it down.
    pub at_capacity: bool,
    /// The weight.
    pub weight: f64,
}

/// Weights with their reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PerformanceResult {
    /// The strategies in order.
    pub strategies: Vec<StrategyMultiplier>,
    /// `1 − Σ weights`.
    pub cash: f64,
    /// The shrinkage over the strategies with evidence; `None` when fewer than two have it.
    pub shrinkage: Option<Shrinkage>,
}

/// What the history of one strategy says.
struct Evidence {
    observations: usize,
    effective: f64,
    /// Annualised estimate and its error; `None` when thin.
    estimate: Option<(f64, f64)>,
}

impl PerformanceWeights {
    /// With returns of this frequency.
    #[must_use]
    pub fn new(frequency: Frequency) -> Self {
        let (measure, freed) = Default::default();
        Self { frequency, measure, tilt: 1.0, half_life: None, min_observations: 24, drawdown: None, freed }
    }

    /// With another measure and its tilt, log weight per unit of the annualised measure.
    #[must_use]
    pub fn with_measure(mut self, measure: PerformanceMeasure, tilt: f64) -> Self {
        (self.measure, self.tilt) = (measure, tilt);
        self
    }

    /// With older returns counting less.
    #[must_use]
    pub fn with_half_life(mut self, half_life: HalfLife) -> Self {
        self.half_life = Some(half_life);
        self
    }

    /// With another number of effective observations needed.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.min_observations = min_observations;
        self
    }

    /// Scaled by drawdown.
    #[must_use]
    pub fn with_drawdown(mut self, scale: DrawdownScale, freed: FreedCapital) -> Self {
        (self.drawdown, self.freed) = (Some(scale), freed);
        self
    }

    /// The weights; `limits` has one entry a strategy.
    ///
    /// # Errors
    /// - [`Error::Input`] for a tilt that is not finite and at least 0, fewer than 3 observations needed, a number of
    ///   limits other than that of strategies, a limit out of range, and, where a drawdown counts, a strategy that
    ///   lost everything;
    /// - [`Error::Undefined`] for a strategy with enough returns that are all the same;
    /// - [`Error::Numerical`] when the tilt overflows.
    pub fn allocate(&self, returns: &StrategyReturns, limits: &[StrategyLimits]) -> Result<PerformanceResult> {
        self.check(returns, limits)?;
        let evidence: Result<Vec<_>> = (0..limits.len()).map(|i| self.evidence(returns, i)).collect();
        let evidence = evidence?;
        let (performance, shrinkage) = shrunken(&evidence)?;
        let mut strategies = Vec::with_capacity(limits.len());
        for (i, (found, value)) in evidence.iter().zip(performance).enumerate() {
            let mean = shrinkage.as_ref().map_or(0.0, |s| s.mean);
            let performance_multiplier = value.map_or(1.0, |v| libm::exp(self.tilt * (v.shrunk - mean)));
            let current_drawdown = self.current_drawdown(returns, i, limits[i])?;
            let drawdown_multiplier = match (&self.drawdown, current_drawdown, limits[i].drawdown) {
                (Some(scale), Some(now), Some(limit)) => scale.multiplier(now, limit)?,
                _ => 1.0,
            };
            strategies.push(StrategyMultiplier {
                strategy: returns.names()[i].clone(),
                observations: found.observations,
                effective_observations: found.effective,
                performance: value,
                performance_multiplier,
                current_drawdown,
                drawdown_multiplier,
                at_capacity: false,
                weight: 0.0,
            });
        }
        let cash = self.place(&mut strategies, limits)?;
        Ok(PerformanceResult { strategies, cash, shrinkage })
    }

    fn check(&self, returns: &StrategyReturns, limits: &[StrategyLimits]) -> Result<()> {
        check::within("tilt", self.tilt, 0.0, f64::MAX, "finite and at least 0")?;
        check::within("minimum observations", self.min_observations as f64, 3.0, f64::MAX, "at least 3")?;
        check::length("limits", returns.names().len(), limits.len())?;
        let capacities: Vec<f64> = limits.iter().map(|limit| limit.capacity.unwrap_or(1.0)).collect();
        check::elements("capacities", "finite and at least 0", &capacities, |c| c >= 0.0 && c.is_finite())?;
        let drawdowns: Vec<f64> = limits.iter().map(|limit| limit.drawdown.unwrap_or(1.0)).collect();
        check::elements("drawdown limits", "positive and finite", &drawdowns, |d| d > 0.0 && d.is_finite())
    }

    fn evidence(&self, returns: &StrategyReturns, position: usize) -> Result<Evidence> {
        let decay = self.half_life.map_or(1.0, |half_life| Decay::from(half_life).value());
        let aged: Vec<(f64, f64)> =
            returns.with_ages(position).map(|(age, value)| (libm::pow(decay, age as f64), value)).collect();
        let observations = aged.len();
        let total: f64 = aged.iter().map(|(w, _)| w).sum();
        let squares: f64 = aged.iter().map(|(w, _)| w * w).sum();
        // Kish's size, times the weight of the newest return: what ended long ago is no longer evidence.
        let newest = aged.last().map_or(0.0, |(w, _)| *w);
        let effective = if squares > 0.0 { total * total / squares * newest } else { 0.0 };
        if effective < self.min_observations as f64 {
            return Ok(Evidence { observations, effective, estimate: None });
        }
        let mean = aged.iter().map(|(w, r)| w * r).sum::<f64>() / total;
        let variance = aged.iter().map(|(w, r)| w * (r - mean).powi(2)).sum::<f64>() / (total - squares / total);
        let constant = aged.windows(2).all(|pair| pair[0].1.total_cmp(&pair[1].1).is_eq());
        if constant || !(variance > 0.0) {
            let reason = format!("{} earned {mean} in each of {observations} periods", returns.names()[position]);
            return Err(Error::Undefined { what: "performance", reason });
        }
        Ok(Evidence { observations, effective, estimate: Some(self.annualised(mean, variance.sqrt(), effective)) })
    }

    /// Estimate and error a year.
    fn annualised(&self, mean: f64, deviation: f64, n: f64) -> (f64, f64) {
        let periods = self.frequency.periods_per_year();
        match self.measure {
            PerformanceMeasure::SharpeRatio => {
                let ratio = mean / deviation;
                (ratio * periods.sqrt(), ((1.0 + 0.5 * ratio * ratio) / n * periods).sqrt())
            }
            PerformanceMeasure::Mean => (mean * periods, deviation * periods / n.sqrt()),
        }
    }

    fn current_drawdown(&self, returns: &StrategyReturns, i: usize, limits: StrategyLimits) -> Result<Option<f64>> {
        let series = returns.observed(i);
        if self.drawdown.is_none() || limits.drawdown.is_none() || series.is_empty() {
            return Ok(None);
        }
        let path = DrawdownPath::from_returns(ArrayView1::from(&series), DrawdownKind::Compounded)?;
        Ok(path.drawdowns().iter().next_back().copied())
    }

    /// Sets the weights; what is left is cash.
    fn place(&self, strategies: &mut [StrategyMultiplier], limits: &[StrategyLimits]) -> Result<f64> {
        let tilted: f64 = strategies.iter().map(|s| s.performance_multiplier).sum();
        if !(tilted > 0.0 && tilted.is_finite()) {
            let reason = format!("the performance multipliers sum to {tilted}: the tilt {} is too large", self.tilt);
            return Err(Error::Numerical { method: "performance weights", reason });
        }
        let wanted: Vec<f64> =
            strategies.iter().map(|s| s.performance_multiplier / tilted * s.drawdown_multiplier).collect();
        let upper: Vec<f64> = limits.iter().map(|limit| limit.capacity.unwrap_or(1.0).min(1.0)).collect();
        let budget = match self.freed {
            FreedCapital::Cash => wanted.iter().sum::<f64>(),
            FreedCapital::Redistribute => 1.0,
        };
        let room: f64 = wanted.iter().zip(&upper).filter(|(want, _)| **want > 0.0).map(|(_, most)| most).sum();
        let weights = proportional(&wanted, &vec![0.0; wanted.len()], &upper, budget.min(1.0).min(room))?;
        for ((strategy, weight), most) in strategies.iter_mut().zip(&weights).zip(&upper) {
            (strategy.weight, strategy.at_capacity) = (*weight, *weight >= *most && *most < 1.0);
        }
        Ok((1.0 - weights.iter().sum::<f64>()).max(0.0))
    }
}

/// The shrunken estimates in the order of the evidence.
fn shrunken(evidence: &[Evidence]) -> Result<(Vec<Option<ShrunkValue>>, Option<Shrinkage>)> {
    let (estimates, errors): (Vec<f64>, Vec<f64>) = evidence.iter().filter_map(|e| e.estimate).unzip();
    if estimates.len() < 2 {
        return Ok((vec![None; evidence.len()], None));
    }
    if let Some(index) = errors.iter().position(|error| !error.is_finite()) {
        let (name, expected, value) = ("standard errors", "finite", errors[index]);
        return Err(Input::ElementOutOfDomain { name, index, expected, value }.into());
    }
    let shrinkage = shrink(&estimates, &errors)?;
    let mut values = shrinkage.values.iter().copied();
    let performance = evidence.iter().map(|e| e.estimate.and_then(|_| values.next())).collect();
    Ok((performance, Some(shrinkage)))
}

#[cfg(test)]
mod tests;
