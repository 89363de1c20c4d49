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

#[cfg(test)]
mod tests {
    use alluse_risk_core::{Confidence, ErrorKind};
    use ndarray::{Array1, array};

    use super::super::GeneralizedPareto;
    use super::super::pareto_tail::tests::losses;
    use super::*;

    #[test]
    fn mean_excesses_by_hand() {
        let points = mean_excesses(array![10.0, 1.0, 4.0, 4.0, -2.0].view()).unwrap();
        let seen: Vec<_> = points.iter().map(|p| (p.threshold, p.exceedances, p.mean_excess)).collect();
        assert_eq!(seen, vec![(-2.0, 4, 6.75), (1.0, 3, 5.0), (4.0, 1, 6.0)]);
        assert_eq!(points[2].standard_error, None);
        // Deviations 4, −2, −2: variance 24/2, over three.
        assert!((points[1].standard_error.unwrap() - 2.0).abs() < 1e-14);
        assert!(mean_excesses(array![3.0, 3.0].view()).unwrap().is_empty());
    }

    #[test]
    fn mean_excesses_of_a_heavy_tail_rise_on_a_line() {
        let law = GeneralizedPareto::new(0.2, 1.0).unwrap();
        let sample: Array1<f64> = (0..20_000).map(|i| law.quantile((f64::from(i) + 0.5) / 2e4).unwrap()).collect();
        for point in mean_excesses(sample.view()).unwrap().iter().filter(|p| p.exceedances > 2_000) {
            let want = (1.0 + 0.2 * point.threshold) / 0.8;
            assert!((point.mean_excess / want - 1.0).abs() < 0.01, "{point:?}");
        }
    }

    #[test]
    fn the_hill_plot_is_hill_at_every_count() {
        let losses = losses();
        let plot = hill_plot(losses.view(), 60).unwrap();
        assert_eq!(plot.len(), 60);
        for (k, point) in plot.iter().enumerate() {
            assert_eq!(*point, Hill::estimate(losses.view(), k + 1).unwrap());
        }
        // Nothing is known from equal losses; the plot starts after them.
        let tied = hill_plot(array![5.0, 5.0, 3.0, 1.0].view(), 3).unwrap();
        assert_eq!(tied.iter().map(Hill::tail_count).collect::<Vec<_>>(), vec![2, 3]);
    }

    #[test]
    fn stability_fits_agree_with_mpmath() {
        // As in the tests of the tail: mpmath's fit at the 75 % quantile, and the variance of β − ξu from its
        // covariance.
        let threshold = 0.633_015_900_011_749;
        let points = parameter_stability(losses().view(), &PeaksOverThreshold::default(), &[threshold, 0.0]).unwrap();
        assert_eq!((points[0].threshold, points[0].exceedances), (threshold, 50));
        assert!((points[0].xi - 0.120_313_845_284_990_64).abs() < 1e-9);
        assert!((points[0].modified_scale - 0.727_858_306_068_682_3).abs() < 1e-9);
        assert!((points[0].modified_scale_standard_error.unwrap() - 0.245_842_663_339_549).abs() < 1e-8);
        assert_eq!(points[1].exceedances, 100);
        assert!(points[1].xi_standard_error.unwrap() < points[0].xi_standard_error.unwrap());
    }

    #[test]
    fn hostile_input() {
        assert_eq!(mean_excesses(Array1::zeros(0).view()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(mean_excesses(array![1.0].view()).unwrap_err().kind(), ErrorKind::InsufficientData);
        assert_eq!(mean_excesses(array![1.0, f64::NAN].view()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(hill_plot(array![1.0, -1.0].view(), 1).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(hill_plot(array![1.0, 2.0].view(), 2).unwrap_err().kind(), ErrorKind::InsufficientData);
        let model = PeaksOverThreshold::default().with_threshold(TailThreshold::Quantile(Confidence::P90));
        let far = parameter_stability(losses().view(), &model, &[0.1, 2.0]);
        assert_eq!(far.unwrap_err().kind(), ErrorKind::InsufficientData);
    }
}
