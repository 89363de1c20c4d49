//! Which scenarios a tail figure is made of.

use alluse_risk_core::measures::LossSample;
use alluse_risk_core::{Confidence, Error as CoreError};
use ndarray::{Array1, ArrayView1};

use crate::decomposition::VarAllocation;
use crate::{Error, Result};

/// Weights over scenarios that sum to 1.
#[derive(Debug, Clone)]
pub(crate) enum ScenarioWeights {
    /// A few scenarios, the rest weigh nothing.
    Sparse(Vec<(usize, f64)>),
    /// One weight per scenario.
    Dense(Array1<f64>),
}

impl ScenarioWeights {
    pub(crate) fn dot(&self, row: ArrayView1<'_, f64>) -> f64 {
        match self {
            Self::Sparse(weights) => weights.iter().map(|(s, w)| w * row[*s]).sum(),
            Self::Dense(weights) => weights.dot(&row),
        }
    }

    pub(crate) fn mean_of(&self, f: impl Fn(usize) -> f64) -> f64 {
        match self {
            Self::Sparse(weights) => weights.iter().map(|(s, w)| w * f(*s)).sum(),
            Self::Dense(weights) => weights.iter().enumerate().map(|(s, w)| w * f(s)).sum(),
        }
    }
}

/// Weights whose scenarios speak for a VaR of `value`.
pub(crate) fn value_at_risk_weights(
    sample: &LossSample,
    confidence: Confidence,
    value: f64,
    allocation: VarAllocation,
) -> Result<ScenarioWeights> {
    match allocation {
        VarAllocation::VarScenario => Ok(ScenarioWeights::Sparse(sample.quantile_weights(confidence))),
        VarAllocation::NearestScenarios { count } => nearest(sample, confidence, count),
        VarAllocation::Kernel => match kernel(sample, value) {
            Some(weights) => Ok(ScenarioWeights::Dense(weights)),
            // All losses alike: every scenario is the VaR scenario.
            None => Ok(ScenarioWeights::Sparse(sample.quantile_weights(confidence))),
        },
    }
}

/// What raw VaR parts are multiplied by so that they add up to the total.
pub(crate) fn additive_scale(total: f64, raw_sum: f64, allocation: VarAllocation) -> Result<f64> {
    // The parts of the VaR scenario itself add up as they are, and nothing is nothing however it is split.
    if allocation == VarAllocation::VarScenario || (total.abs() <= 0.0 && raw_sum.abs() <= 0.0) {
        return Ok(1.0);
    }
    let scale = total / raw_sum;
    if scale > 0.0 && scale.is_finite() {
        return Ok(scale);
    }
    let reason = "the scenarios around the VaR do not lose on the same side of zero as the VaR";
    Err(CoreError::Undefined { name: "VaR components", reason }.into())
}

/// Weights on the `count` scenarios around the VaR scenario in order of loss, fewer at the ends, in proportion
/// to their probabilities; impossible scenarios do not count.
fn nearest(sample: &LossSample, confidence: Confidence, count: usize) -> Result<ScenarioWeights> {
    if count == 0 {
        return Err(Error::out_of_domain("count of nearest scenarios", "at least 1", 0.0));
    }
    let losses = sample.losses();
    let anchor = sample.quantile_weights(confidence);
    let anchor = anchor.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(losses[a.0].total_cmp(&losses[b.0])));
    let Some((anchor, _)) = anchor.copied() else {
        return Err(CoreError::Empty { name: "VaR scenario" }.into());
    };
    let by_loss = |a: &usize, b: &usize| losses[*a].total_cmp(&losses[*b]).then(a.cmp(b));
    let mut order = possible(sample);
    let place = order.iter().filter(|i| by_loss(i, &anchor).is_lt()).count();
    let first = place.saturating_sub((count - 1) / 2);
    let last = place.saturating_add(count / 2).min(order.len() - 1);
    // Only the neighbourhood of the anchor is needed, and not in order.
    if first > 0 {
        order.select_nth_unstable_by(first, by_loss);
        order.drain(..first);
    }
    let width = last - first + 1;
    if width < order.len() {
        order.select_nth_unstable_by(width - 1, by_loss);
        order.truncate(width);
    }
    let mass: f64 = order.iter().map(|s| probability(sample, *s)).sum();
    Ok(ScenarioWeights::Sparse(order.into_iter().map(|s| (s, probability(sample, s) / mass)).collect()))
}

/// Positions of the scenarios that can happen.
fn possible(sample: &LossSample) -> Vec<usize> {
    (0..sample.len()).filter(|s| probability(sample, *s) > 0.0).collect()
}

/// Probability of a scenario, or 1 for each of equally likely ones.
fn probability(sample: &LossSample, scenario: usize) -> f64 {
    sample.probabilities().map_or(1.0, |p| p[scenario])
}

/// Gaussian kernel weights around `value`, bandwidth `0.9 min(sd, IQR/1.34) n^(−1/5)` over the scenarios that can
/// happen; `None` without spread.
fn kernel(sample: &LossSample, value: f64) -> Option<Array1<f64>> {
    let losses = sample.losses();
    let mut possible: Vec<f64> = possible(sample).into_iter().map(|s| losses[s]).collect();
    let n = possible.len();
    let mean = possible.iter().sum::<f64>() / n as f64;
    let deviation = (possible.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
    let mut quartile = |level: f64| {
        let rank = ((n - 1) as f64 * level) as usize;
        *possible.select_nth_unstable_by(rank, f64::total_cmp).1
    };
    let spread = (quartile(0.75) - quartile(0.25)) / 1.34;
    let scale = if spread > 0.0 { deviation.min(spread) } else { deviation };
    let bandwidth = 0.9 * scale * (n as f64).powf(-0.2);
    if bandwidth.is_nan() || bandwidth <= 0.0 {
        return None;
    }
    let mut weights: Array1<f64> = losses
        .iter()
        .enumerate()
        .map(|(s, loss)| {
            let distance = (loss - value) / bandwidth;
            probability(sample, s) * libm::exp(-0.5 * distance * distance)
        })
        .collect();
    let total = weights.sum();
    if total.is_nan() || total <= 0.0 {
        return None;
    }
    weights /= total;
    Some(weights)
}
