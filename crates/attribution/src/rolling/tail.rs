//! Quantiles and tail means of every window, from a window that is kept sorted.

use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{QuantileRule, quantile};
use ndarray::{Array1, ArrayView1};

use super::RollingValues;
use crate::{Result, check};

pub(super) fn value_at_risk(
    returns: ArrayView1<'_, f64>,
    window: usize,
    confidence: Confidence,
    rule: QuantileRule,
) -> Result<RollingValues> {
    // The quantile of 0, 1, 2, … is the position of the quantile, under every rule.
    let positions: Array1<f64> = (0..window).map(|i| i as f64).collect();
    let position = quantile(positions.view(), confidence.level(), rule)?;
    let (low, share) = (position.floor(), position - position.floor());
    let low = low as usize;
    Ok(collect("value at risk", returns, window, |losses| {
        let next = losses.get(low + 1).copied().unwrap_or(losses[low]);
        losses[low] + share * (next - losses[low])
    }))
}

pub(super) fn expected_shortfall(returns: ArrayView1<'_, f64>, window: usize, confidence: Confidence) -> RollingValues {
    let mass = confidence.tail_count(window);
    let whole = (mass.floor() as usize).min(window);
    let part = mass - whole as f64;
    collect("expected shortfall", returns, window, |losses| {
        let tail: f64 = losses[window - whole..].iter().sum();
        let boundary = if part > 0.0 && whole < window { part * losses[window - whole - 1] } else { 0.0 };
        (tail + boundary) / mass
    })
}

/// A number of the ascending losses of every window.
fn collect(
    metric: &'static str,
    returns: ArrayView1<'_, f64>,
    window: usize,
    of: impl Fn(&[f64]) -> f64,
) -> RollingValues {
    // Subtracting from zero keeps the loss of a zero return from becoming −0.
    let losses: Vec<f64> = returns.iter().map(|r| 0.0 - r).collect();
    let mut sorted = losses[..window].to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut values = RollingValues::new(metric, window - 1, losses.len() + 1 - window);
    values.push(check::result(metric, of(&sorted)));
    for (leaving, arriving) in losses.iter().zip(&losses[window..]) {
        replace(&mut sorted, *leaving, *arriving);
        values.push(check::result(metric, of(&sorted)));
    }
    values
}

/// Takes one value out and puts another one in, moving only what lies between.
fn replace(sorted: &mut [f64], leaving: f64, arriving: f64) {
    let out = sorted.partition_point(|value| *value < leaving);
    let into = sorted.partition_point(|value| *value < arriving);
    if into > out {
        sorted.copy_within(out + 1..into, out);
        sorted[into - 1] = arriving;
    } else {
        sorted.copy_within(into..out, into + 1);
        sorted[into] = arriving;
    }
}
