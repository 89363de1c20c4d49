//! The minimum correlation algorithm.

use alluse_risk_core::{Weights, normal};
use ndarray::{Array1, Array2};

use super::inverse::{normalised, varying};
use crate::{Error, Result, RiskModel};

/// Spread of the correlations below which they are all the same to rounding.
const SAME: f64 = 1e-12;

/// Weights that lean away from assets correlated with the others.
///
/// ```text
/// Aᵢⱼ = 1 − Φ((ρᵢⱼ − m) / s),  Aᵢᵢ = 0      m, s mean and sample deviation of the correlations of all pairs
/// rᵢ = rank of Σⱼ Aᵢⱼ, the largest first, over the sum of ranks;  ties share the mean of their ranks
/// x = A r over its sum,      wᵢ ∝ xᵢ / σᵢ
/// ```
///
/// One asset has weight 1. A model in factors is multiplied out, since every pair counts.
///
/// # Errors
/// [`Error::Undefined`] for an asset without variance, for two assets (one pair has no deviation) and when all
/// correlations are the same.
///
/// # Source
/// Varadi, Kapler, Bee and Rittenhouse (2012), *The minimum correlation algorithm*.
pub fn minimum_correlation(model: &RiskModel) -> Result<Weights> {
    let volatilities = varying("minimum correlation", model)?.mapv(f64::sqrt);
    let assets = model.len();
    if assets == 1 {
        return Ok(Weights::equal(1)?);
    }
    let correlation = match model {
        RiskModel::Dense(matrix) => matrix.correlation()?,
        RiskModel::Factored(factors) => factors.to_dense()?.correlation()?,
    };
    let adjusted = adjusted(&correlation)?;
    let ranks = descending_ranks(&adjusted.sum_axis(ndarray::Axis(1)));
    let share = &ranks / ranks.sum();
    normalised(normalised(adjusted.dot(&share))?.view().to_owned() / volatilities)
}

fn adjusted(correlation: &Array2<f64>) -> Result<Array2<f64>> {
    let n = correlation.nrows();
    let pairs: Vec<f64> = (0..n).flat_map(|i| (0..i).map(move |j| correlation[[i, j]])).collect();
    let count = pairs.len() as f64;
    let mean = pairs.iter().sum::<f64>() / count;
    let deviation = (pairs.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / (count - 1.0)).sqrt();
    if !(deviation > SAME) {
        let reason = format!("{} pairs of assets have correlations with deviation {deviation:e}", pairs.len());
        return Err(Error::Undefined { what: "minimum correlation", reason });
    }
    Ok(Array2::from_shape_fn((n, n), |(i, j)| {
        // The upper tail of the lower correlation: exactly symmetric.
        let z = (correlation[[i.max(j), i.min(j)]] - mean) / deviation;
        if i == j { 0.0 } else { normal::cdf(-z) }
    }))
}

/// Rank 1 for the largest; equal values, to rounding, share the mean of their ranks.
fn descending_ranks(values: &Array1<f64>) -> Array1<f64> {
    let tied = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let mut ranks = Array1::zeros(values.len());
    let mut rest = order.as_slice();
    let mut before = 0;
    while let Some(&first) = rest.first() {
        let run = rest.iter().take_while(|&&i| tied(values[i], values[first])).count().max(1);
        let (group, later) = rest.split_at(run);
        group.iter().for_each(|&i| ranks[i] = before as f64 + 0.5 * (run as f64 + 1.0));
        (rest, before) = (later, before + run);
    }
    ranks
}
