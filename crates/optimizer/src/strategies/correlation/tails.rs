//! How two strategies behave together on their worst days.

use alluse_risk_core::{Confidence, Error as Input, Interval, IntervalMethod, normal};
use serde::{Deserialize, Serialize};

use super::estimate::pearson;
use super::normal_theory::{joint_probability, normal_exceedance_correlation};
use crate::Result;

/// The correlation on days when both strategies fall below a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExceedanceCorrelation {
    /// Standard deviations from the mean, of each strategy.
    pub threshold: f64,
    /// Pearson's correlation on those days.
    pub correlation: f64,
    /// What normal returns with the overall correlation would show there.
    pub normal: f64,
    /// Days on which both are at or below the threshold.
    pub observations: usize,
}

/// How often one strategy has a worst day when the other has one.
///
/// ```text
/// λ(q) = #(both among their worst k) / k      k = ⌊q n⌋
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TailDependence {
    /// q, the share of days that count as worst.
    pub share: f64,
    /// λ(q).
    pub coefficient: f64,
    /// Wilson's interval of λ(q), as if the days were independent.
    pub interval: Interval,
    /// What normal returns with the overall correlation would show.
    pub normal: f64,
    /// k, worst days of one strategy.
    pub worst_days: usize,
}

/// Fewer days than this have a correlation that says nothing.
const LEAST_EXCEEDANCES: usize = 5;

/// Of two series of equal length that vary, with their correlation.
pub(super) fn exceedance(x: &[f64], y: &[f64], correlation: f64, threshold: f64) -> Result<ExceedanceCorrelation> {
    let (low_x, low_y) = (level_of(x, threshold), level_of(y, threshold));
    let both = x.iter().zip(y).filter(|(a, b)| **a <= low_x && **b <= low_y);
    let (x, y): (Vec<f64>, Vec<f64>) = both.map(|(a, b)| (*a, *b)).unzip();
    let observations = x.len();
    if observations < LEAST_EXCEEDANCES {
        let (name, required) = ("exceedance correlation", LEAST_EXCEEDANCES);
        return Err(Input::InsufficientData { name, required, available: observations }.into());
    }
    let normal = normal_exceedance_correlation(correlation, threshold)?;
    Ok(ExceedanceCorrelation { threshold, correlation: pearson(&x, &y)?, normal, observations })
}

/// Mean and so many sample standard deviations.
fn level_of(series: &[f64], threshold: f64) -> f64 {
    let n = series.len() as f64;
    let mean = series.iter().sum::<f64>() / n;
    let squares: f64 = series.iter().map(|value| (value - mean).powi(2)).sum();
    mean + threshold * (squares / (n - 1.0)).sqrt()
}

/// Of two series of equal length, with their correlation; days that tie with the worst k count too, and the
/// larger of the two counts divides.
pub(super) fn dependence(
    x: &[f64],
    y: &[f64],
    correlation: f64,
    share: f64,
    level: Confidence,
) -> Result<TailDependence> {
    // The whole number when only rounding separates the product from it: 0.07 · 100 is 7.000000000000001.
    let count = share * x.len() as f64;
    let k = if (count - count.round()).abs() < 1e-9 { count.round() } else { count.floor() } as usize;
    if k == 0 {
        let required = (1.0 / share).ceil() as usize;
        return Err(Input::InsufficientData { name: "tail dependence", required, available: x.len() }.into());
    }
    let (cut_x, cut_y) = (smallest(x, k), smallest(y, k));
    let (mut of_x, mut of_y, mut both) = (0_usize, 0_usize, 0_usize);
    for (a, b) in x.iter().zip(y) {
        let worst = (*a <= cut_x, *b <= cut_y);
        of_x += usize::from(worst.0);
        of_y += usize::from(worst.1);
        both += usize::from(worst.0 && worst.1);
    }
    let worst_days = of_x.max(of_y);
    let coefficient = both as f64 / worst_days as f64;
    let open = 1.0 - f64::EPSILON;
    let normal = joint_probability(normal::quantile(share)?, correlation.clamp(-open, open)) / share;
    let interval = wilson(coefficient, worst_days as f64, level)?;
    Ok(TailDependence { share, coefficient, interval, normal, worst_days })
}

/// The k-th smallest; `1 ≤ k ≤ n`.
fn smallest(series: &[f64], k: usize) -> f64 {
    let mut copy = series.to_vec();
    *copy.select_nth_unstable_by(k - 1, f64::total_cmp).1
}

/// Wilson (1927).
fn wilson(share: f64, n: f64, level: Confidence) -> Result<Interval> {
    let z = normal::quantile(1.0 - 0.5 * level.tail())?;
    let spread = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let (lower, upper) = ((centre - spread).max(0.0), (centre + spread).min(1.0));
    Ok(Interval { lower, upper, level, method: IntervalMethod::Asymptotic })
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::streams::Streams;

    use super::*;

    #[test]
    fn dependence_by_hand() {
        let x: Vec<f64> = (0..20).map(f64::from).collect();
        let mut y = x.clone();
        y.swap(1, 19);
        // Worst four of each: 0, 1, 2, 3 and 0, 2, 3, 19 (which took the second worst).
        let got = dependence(&x, &y, 0.5, 0.2, Confidence::P95).unwrap();
        assert_eq!((got.coefficient, got.worst_days), (0.75, 4));
        let same = dependence(&x, &x, 1.0, 0.2, Confidence::P95).unwrap();
        assert!(same.coefficient == 1.0 && (same.normal - 1.0).abs() < 1e-6);
        assert!(dependence(&x, &y, 0.5, 0.04, Confidence::P95).is_err());
        // Ties with the worst count: ten zeros of twenty.
        let ties: Vec<f64> = (0..20).map(|i| f64::from(i / 10)).collect();
        assert_eq!(dependence(&ties, &ties, 1.0, 0.1, Confidence::P95).unwrap().worst_days, 10);
    }

    #[test]
    fn wilson_agrees_with_a_textbook() {
        // Newcombe (1998), table I: 81 of 263 has the Wilson interval 0.2553 to 0.3662; 0 of 20 has 0 to 0.1611.
        for (hits, n, lower, upper) in [(81.0, 263.0, 0.2553, 0.3662), (0.0, 20.0, 0.0, 0.1611)] {
            let got = wilson(hits / n, n, Confidence::P95).unwrap();
            assert!((got.lower - lower).abs() < 5e-5 && (got.upper - upper).abs() < 5e-5, "{got:?}");
        }
    }

    #[test]
    fn normal_returns_show_what_normal_theory_says() {
        let z = Streams::new(21).standard_normals(100_000, 2);
        let x = z.column(0).to_vec();
        let y: Vec<f64> = z.rows().into_iter().map(|row| 0.6 * row[0] + 0.8 * row[1]).collect();
        let tail = dependence(&x, &y, 0.6, 0.05, Confidence::P99).unwrap();
        assert!(tail.interval.lower < tail.normal && tail.normal < tail.interval.upper, "{tail:?}");
        let corner = exceedance(&x, &y, 0.6, -1.0).unwrap();
        assert!((corner.correlation - corner.normal).abs() < 8.0 / (corner.observations as f64).sqrt(), "{corner:?}");
        assert!(exceedance(&x[..20], &y[..20], 0.6, -2.0).is_err());
    }
}
