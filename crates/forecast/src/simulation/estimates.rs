//! Numbers from a finite number of paths, with how sure they are.

use alluse_risk_core::sum::CompensatedSum;
use alluse_risk_core::{Confidence, Interval, IntervalMethod};
use serde::{Deserialize, Serialize};

/// The mean over independent paths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SimulatedMean {
    /// The mean.
    pub value: f64,
    /// Its standard error, sample deviation over `√paths`; `None` for a single path.
    pub standard_error: Option<f64>,
    /// How many paths there are.
    pub paths: usize,
}

impl SimulatedMean {
    /// The caller has made sure that there is a path.
    pub(crate) fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let paths = values.len();
        let value = CompensatedSum::of(values.clone()) / paths as f64;
        let standard_error = (paths > 1).then(|| {
            let squares = CompensatedSum::of(values.map(|x| (x - value) * (x - value)));
            (squares / (paths as f64 - 1.0) / paths as f64).sqrt()
        });
        Self { value, standard_error, paths }
    }
}

/// The share of independent paths on which something happens.
///
/// # Source
/// Wilson (1927) for the interval, which does not collapse where the event happens on no path or on all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventProbability {
    /// The share `p`.
    pub probability: f64,
    /// `√(p(1 − p)/n)`; `None` where the event happens on no path or on all, and the sample cannot say.
    pub standard_error: Option<f64>,
    /// Wilson's interval at 95 %.
    pub interval: Interval,
    /// On how many paths the event happens.
    pub hits: usize,
    /// How many paths there are.
    pub paths: usize,
    /// On how many closes the event was looked for: fewer than there are days make the share of an event that may
    /// happen on any day a lower bound.
    pub closes: usize,
}

impl EventProbability {
    /// The caller has made sure that there is a path.
    pub(crate) fn of(happens: impl ExactSizeIterator<Item = bool>, closes: usize) -> Self {
        let paths = happens.len();
        let hits = happens.filter(|happens| *happens).count();
        let (n, p) = (paths as f64, hits as f64 / paths as f64);
        let level = Confidence::P95;
        let z = Interval::asymptotic(0.0, 1.0, level).upper;
        let shrink = 1.0 / (1.0 + z * z / n);
        let centre = (p + 0.5 * z * z / n) * shrink;
        let reach = z * shrink * (p * (1.0 - p) / n + 0.25 * z * z / (n * n)).sqrt();
        // The ends meet 0 and 1 where no path or every path is hit; rounding must not lead past them.
        let lower = if hits == 0 { 0.0 } else { (centre - reach).max(0.0) };
        let upper = if hits == paths { 1.0 } else { (centre + reach).min(1.0) };
        Self {
            probability: p,
            standard_error: (hits > 0 && hits < paths).then(|| (p * (1.0 - p) / n).sqrt()),
            interval: Interval { lower, upper, level, method: IntervalMethod::Asymptotic },
            hits,
            paths,
            closes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_by_hand() {
        let mean = SimulatedMean::of([1.0, 2.0, 3.0, 6.0].into_iter());
        // Sample variance 14/3.
        assert_eq!((mean.value, mean.paths), (3.0, 4));
        assert!((mean.standard_error.unwrap() - (14.0_f64 / 12.0).sqrt()).abs() < 1e-15);
        assert_eq!(SimulatedMean::of([1.0].into_iter()).standard_error, None);
    }

    #[test]
    fn intervals_agree_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(method="wilson"), scipy 1.17.1.
        for (hits, paths, lower, upper) in [
            (0, 100, 0.0, 0.036_993_498_206_985_68),
            (7, 100, 0.034_319_261_067_272_69, 0.137_495_147_390_735_04),
            (50, 50, 0.928_652_400_866_641_2, 1.0),
        ] {
            let event = EventProbability::of((0..paths).map(|i| i < hits), 1);
            let interval = event.interval;
            assert!((interval.lower - lower).abs() < 1e-9 && (interval.upper - upper).abs() < 1e-9, "{event:?}");
            assert_eq!(event.standard_error.is_none(), hits == 0 || hits == paths);
        }
    }
}
