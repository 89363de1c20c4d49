//! How sure a sample quantile is.

use super::quantile::QuantileRule;
use super::sample::LossSample;
use super::tail::Quantiles;
use crate::{Confidence, Interval, IntervalMethod, normal};

/// `√(c(1−c)/n) / f(v)`; `None` where the kernel density has no width or no mass at `v`.
pub(super) fn quantile_error(
    sample: &LossSample,
    quantiles: &mut Quantiles,
    value: f64,
    confidence: Confidence,
) -> Option<f64> {
    let effective = sample.effective_observations();
    let deviation = sample.variance_about(sample.expectation()).sqrt();
    let mut quartile = |p| quantiles.at(QuantileRule::Linear, p);
    let range = (quartile(0.75) - quartile(0.25)) / 1.34;
    // Half of the sample may be tied; Silverman's rule then has only the deviation to go by.
    let scale = if range > 0.0 { deviation.min(range) } else { deviation };
    let bandwidth = 0.9 * scale * effective.powf(-0.2);
    if !(bandwidth > 0.0 && bandwidth.is_finite() && effective > 1.0) {
        return None;
    }
    let kernel = |loss: f64| {
        let u = (loss - value) / bandwidth;
        // Beyond eight bandwidths the kernel is below 1e-14 and not worth an exponential.
        if u.abs() < 8.0 { normal::density(u) } else { 0.0 }
    };
    let density = sample.mean_of(kernel) / bandwidth;
    let error = (confidence.level() * confidence.tail() / effective).sqrt() / density;
    error.is_finite().then_some(error)
}

/// The order statistics with exact binomial coverage; `None` when the sample is too short for them.
pub(super) fn order_statistic_interval(
    sample: &LossSample,
    quantiles: &mut Quantiles,
    confidence: Confidence,
) -> Option<Interval> {
    let level = sample.interval_level();
    // A fraction of an observation does not count: rounding down keeps the promise of coverage.
    let trials = (sample.effective_observations() + 1e-9).floor();
    let (lower, upper) = quantile_ranks(trials as usize, confidence.level(), level)?;
    let mut at = |rank: usize| quantiles.at(QuantileRule::LowerLoss, rank as f64 / trials);
    Some(Interval { lower: at(lower), upper: at(upper), level, method: IntervalMethod::OrderStatistic })
}

/// Ranks `r < s`, counted from 1, with `P(B < r) ≤ δ/2` and `P(B ≥ s) ≤ δ/2` for `B ~ Binomial(n, c)`.
fn quantile_ranks(n: usize, c: f64, level: Confidence) -> Option<(usize, usize)> {
    let miss = 0.5 * level.tail();
    let binomial = Binomial::new(n, c)?;
    let lower = binomial.first_above(miss);
    let upper = n + 1 - Binomial::new(n, 1.0 - c)?.first_above(miss);
    (lower >= 1 && upper <= n).then_some((lower, upper))
}

/// The part of a binomial law that is not negligible.
struct Binomial {
    first: usize,
    masses: Vec<f64>,
}

impl Binomial {
    fn new(n: usize, c: f64) -> Option<Self> {
        if n == 0 {
            return None;
        }
        let odds = c / (1.0 - c);
        let mode = (((n + 1) as f64 * c).floor() as usize).min(n);
        // Masses relative to the mode: the ratios are exact to rounding and need no factorials.
        let ratio_up = |k: usize| (n - k) as f64 / (k + 1) as f64 * odds;
        let mut up = vec![1.0];
        for k in mode..n {
            let next = up[k - mode] * ratio_up(k);
            if next < 1e-20 {
                break;
            }
            up.push(next);
        }
        let mut down = Vec::new();
        let mut mass = 1.0;
        for k in (0..mode).rev() {
            mass /= ratio_up(k);
            if mass < 1e-20 {
                break;
            }
            down.push(mass);
        }
        let first = mode - down.len();
        let mut masses: Vec<f64> = down.into_iter().rev().chain(up).collect();
        let total = crate::sum::compensated(masses.iter().copied());
        masses.iter_mut().for_each(|m| *m /= total);
        Some(Self { first, masses })
    }

    /// The smallest `k` with `P(B ≤ k) > probability`.
    fn first_above(&self, probability: f64) -> usize {
        let mut sum = 0.0;
        let reached = self.masses.iter().position(|mass| {
            sum += mass;
            sum > probability
        });
        self.first + reached.unwrap_or(self.masses.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_agree_with_scipy() {
        // scipy.stats.binom: r = ppf(0.025, n, c) when cdf(r − 1) ≤ 0.025, s − 1 the smallest k with
        // sf(k) ≤ 0.025; see the two conditions in the doc of `quantile_ranks`.
        for (n, c, ranks) in [
            (100, 0.5, Some((40, 61))),
            (500, 0.95, Some((465, 485))),
            (1_000, 0.99, Some((983, 997))),
            (250, 0.99, None),
            (20, 0.05, None),
            (1_000_000, 0.99, Some((989_805, 990_196))),
        ] {
            assert_eq!(quantile_ranks(n, c, Confidence::P95), ranks, "{n} {c}");
        }
        assert_eq!(quantile_ranks(0, 0.5, Confidence::P95), None);
    }
}
