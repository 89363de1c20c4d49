use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::quantile::QuantileRule;
use super::sample::LossSample;
use crate::streams::Streams;
use crate::sum::{compensated, mean};
use crate::{Confidence, Error, Interval, IntervalMethod, Result};

/// How to resample for an error statement.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `seed` | required | the same seed gives the same answer on any thread count |
/// | `replicates` | 1,000 | resamples drawn, at least 2 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bootstrap {
    /// Seed of the random streams, one per replicate.
    pub seed: u64,
    /// Number of resamples.
    pub replicates: usize,
}

impl Bootstrap {
    /// A thousand resamples from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, replicates: 1_000 }
    }

    /// With another number of resamples.
    #[must_use]
    pub fn with_replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.replicates >= 2 {
            return Ok(());
        }
        let value = self.replicates as f64;
        Err(Error::OutOfDomain { name: "replicates", expected: "at least 2", value })
    }
}

/// Spread and percentiles of the replicates.
pub(super) fn summary(mut values: Vec<f64>, level: Confidence) -> BootstrapError {
    let count = values.len();
    let centre = mean(values.iter());
    let squares = compensated(values.iter().map(|v| (v - centre) * (v - centre)));
    let standard_error = (squares / (count - 1) as f64).sqrt();
    let miss = 0.5 * level.tail();
    let mut end = |p: f64| super::quantile::select(&mut values, QuantileRule::Linear.place(count, p));
    let interval = Interval { lower: end(miss), upper: end(1.0 - miss), level, method: IntervalMethod::Bootstrap };
    BootstrapError { standard_error, interval }
}

/// What a bootstrap says about a statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BootstrapError {
    /// Standard deviation of the replicates.
    pub standard_error: f64,
    /// Percentile interval at the sample's interval level.
    pub interval: Interval,
}

impl LossSample {
    /// Standard error and percentile interval of any statistic of the sample, by resampling losses
    /// independently with their probabilities.
    ///
    /// Each resample holds as many losses as the sample is worth observations, so overlap and unequal
    /// probabilities widen the interval. A statistic that fails on a resample fails the bootstrap.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for fewer than 2 replicates, and the first error of the statistic.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::{Confidence, measures::{Bootstrap, LossSample}};
    ///
    /// let losses = LossSample::new((0..200).map(|i| f64::from(i % 17)).collect::<Vec<_>>())?;
    /// let confidence = Confidence::new(0.9)?;
    /// let evar = |s: &LossSample| Ok(s.entropic_value_at_risk(confidence)?.value);
    /// let error = losses.bootstrap(&Bootstrap::new(1).with_replicates(100), evar)?;
    /// assert!(error.interval.lower < evar(&losses)? && evar(&losses)? < error.interval.upper);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn bootstrap<F>(&self, bootstrap: &Bootstrap, statistic: F) -> Result<BootstrapError>
    where
        F: Fn(&Self) -> Result<f64> + Send + Sync,
    {
        bootstrap.check()?;
        let cumulative = self.probability_slice().map(|p| {
            let mut sum = 0.0;
            p.iter()
                .map(|p| {
                    sum += p;
                    sum
                })
                .collect::<Vec<f64>>()
        });
        let streams = Streams::new(bootstrap.seed);
        let replicate = |index: usize| statistic(&self.resample(&streams, index, cumulative.as_deref()));
        Ok(summary(replicates(bootstrap.replicates, replicate)?, self.interval_level()))
    }

    fn resample(&self, streams: &Streams, index: usize, cumulative: Option<&[f64]>) -> Self {
        let mut stream = streams.block(index as u64);
        let size = (self.effective_observations().round() as usize).max(1);
        let losses = self.slice();
        let draw = |_| match cumulative {
            None => losses[stream.random_range(0..losses.len())],
            Some(cumulative) => {
                let total = cumulative.last().copied().unwrap_or(1.0);
                let point = stream.random::<f64>() * total;
                losses[cumulative.partition_point(|&c| c <= point).min(losses.len() - 1)]
            }
        };
        self.replaced((0..size).map(draw).collect())
    }
}

#[cfg(feature = "parallel")]
pub(super) fn replicates(count: usize, replicate: impl Fn(usize) -> Result<f64> + Send + Sync) -> Result<Vec<f64>> {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};
    let all: Vec<Result<f64>> = (0..count).into_par_iter().map(replicate).collect();
    all.into_iter().collect()
}

#[cfg(not(feature = "parallel"))]
pub(super) fn replicates(count: usize, replicate: impl Fn(usize) -> Result<f64>) -> Result<Vec<f64>> {
    (0..count).map(replicate).collect()
}
