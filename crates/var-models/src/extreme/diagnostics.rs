//! What to look at before a threshold is chosen.

use ndarray::{ArrayView1, aview1};
use serde::{Deserialize, Serialize};

use super::hill::{Hill, at, descending};
use super::{PeaksOverThreshold, TailThreshold};
use crate::Result;

/// Mean of the excesses over one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MeanExcess {
    /// The threshold, one of the losses.
    pub threshold: f64,
    /// Losses above it.
    pub exceedances: usize,
    /// Mean of what they exceed it by.
    pub mean_excess: f64,
    /// Standard error of that mean; `None` for a single exceedance.
    pub standard_error: Option<f64>,
}

/// The mean excess over every loss but the largest, thresholds ascending: `e(u) = mean(L − u | L > u)`.
///
/// Over a threshold where the generalised Pareto law holds the points lie on a line of slope `ξ/(1 − ξ)`:
/// rising for a heavy tail, level for an exponential one.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for fewer than two losses and for one that is not finite.
///
/// # Source
/// Davison and Smith (1990), "Models for exceedances over high thresholds".
///
/// ```
/// use alluse_var_models::mean_excesses;
/// use ndarray::array;
///
/// let points = mean_excesses(array![3.0, 1.0, 2.0, 6.0, 2.0].view())?;
/// assert_eq!(points[1].threshold, 2.0); // ties are one threshold
/// assert_eq!((points[1].exceedances, points[1].mean_excess), (2, 2.5)); // 1 and 4
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn mean_excesses(losses: ArrayView1<'_, f64>) -> Result<Vec<MeanExcess>> {
    let count = losses.len().saturating_sub(1).max(1);
    let largest = descending(losses, count)?;
    let mut points = Vec::with_capacity(largest.len());
    // Mean and squared deviations of the losses above the threshold, updated as it descends.
    let (mut mean, mut squares) = (largest[0], 0.0);
    for (k, pair) in largest.windows(2).enumerate() {
        let (above, threshold) = (pair[0], pair[1]);
        let exceedances = k + 1;
        if k > 0 {
            let deviation = above - mean;
            mean += deviation / exceedances as f64;
            squares += deviation * (above - mean);
        }
        if above > threshold {
            let n = exceedances as f64;
            let standard_error = (exceedances > 1).then(|| (squares / (n - 1.0) / n).sqrt());
            points.push(MeanExcess { threshold, exceedances, mean_excess: mean - threshold, standard_error });
        }
    }
    points.reverse();
    Ok(points)
}

/// Hill's estimate for every number of tail losses from 1 to `largest_count`, without those that do not exist:
/// where the largest losses are all equal.
///
/// # Errors
/// As [`Hill::estimate`] at `largest_count`.
pub fn hill_plot(losses: ArrayView1<'_, f64>, largest_count: usize) -> Result<Vec<Hill>> {
    let largest = descending(losses, largest_count)?;
    // The lowest threshold is the one that can fail to be positive.
    at(&largest, losses.len(), largest_count)?;
    Ok((1..=largest_count).filter_map(|k| at(&largest, losses.len(), k).ok()).collect())
}

/// The generalised Pareto fit over one threshold, in quantities that do not depend on the threshold when the law
/// holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThresholdFit {
    /// The threshold.
    pub threshold: f64,
    /// Losses above it.
    pub exceedances: usize,
    /// Shape of the tail.
    pub xi: f64,
    /// Standard error of the shape.
    pub xi_standard_error: Option<f64>,
    /// `β − ξ u`, the scale brought back to a threshold of zero.
    pub modified_scale: f64,
    /// Standard error of the modified scale.
    pub modified_scale_standard_error: Option<f64>,
}

/// The fit of `model` over each of `thresholds`, to see from where on the shape stays level.
///
/// # Errors
/// As [`PeaksOverThreshold::estimate`] at any of the thresholds.
///
/// # Source
/// Coles (2001), *An Introduction to Statistical Modeling of Extreme Values*, §4.3.4.
pub fn parameter_stability(
    losses: ArrayView1<'_, f64>,
    model: &PeaksOverThreshold,
    thresholds: &[f64],
) -> Result<Vec<ThresholdFit>> {
    let at = |threshold: &f64| {
        let threshold = *threshold;
        let fit = model.clone().with_threshold(TailThreshold::Loss(threshold)).estimate(losses)?.fit;
        let variance = fit.covariance.map(|[[xi, cross], [_, beta]]| {
            let gradient = [-threshold, 1.0];
            let first = aview1(&gradient);
            let moved = [xi * gradient[0] + cross * gradient[1], cross * gradient[0] + beta * gradient[1]];
            first.dot(&aview1(&moved))
        });
        Ok(ThresholdFit {
            threshold,
            exceedances: fit.observations,
            xi: fit.law.xi(),
            xi_standard_error: fit.xi_standard_error(),
            modified_scale: fit.law.beta() - fit.law.xi() * threshold,
            modified_scale_standard_error: variance.map(f64::sqrt),
        })
    };
    thresholds.iter().map(at).collect()
}
