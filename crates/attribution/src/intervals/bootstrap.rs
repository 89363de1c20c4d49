use alluse_risk_core::inference::optimal_block_length;
use alluse_risk_core::measures::{Bootstrap, StationaryBlocks};
use alluse_risk_core::moments::{QuantileRule, quantile};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Interval, IntervalMethod};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::MetricEstimate;
use crate::{Annualisation, Error, Performance, Result, check};

/// Share of resamples that may be without a value before the interval is refused.
const MOST_UNDEFINED: f64 = 0.05;

/// How long the blocks are that keep dependence over time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BlockLength {
    /// The longer of what Politis and White (2004) find best for the returns and for their squares, which carry the
    /// clusters of volatility.
    #[default]
    Automatic,
    /// Blocks of this mean length.
    Mean(StationaryBlocks),
}

/// Percentile intervals of any metrics by the stationary block bootstrap: each resample is drawn once and all metrics are
/// computed on it.
///
/// | setting | default |
/// |---|---|
/// | resamples and seed | given |
/// | block length | automatic |
/// | level | 95 % |
///
/// ```
/// use alluse_attribution::intervals::{BlockBootstrap, Statistic};
/// use alluse_attribution::{Annualisation, Performance};
/// use alluse_risk_core::{Frequency, measures::Bootstrap};
/// use ndarray::Array1;
///
/// let returns: Array1<f64> = (0..250).map(|i| 0.01 * f64::from(i % 7) - 0.025).collect();
/// let performance = Performance::new(returns.view(), Annualisation::Periods(Frequency::Daily))?;
/// let deepest: &Statistic<'_> = &|resample| Ok(resample.drawdown_path()?.max());
/// let found = BlockBootstrap::new(Bootstrap::new(1).with_replicates(200)).estimates(&performance, &[deepest])?;
/// assert!(found[0].as_ref().is_ok_and(|estimate| estimate.interval.lower > 0.0));
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
///
/// # Source
/// Politis and Romano (1994), "The stationary bootstrap".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlockBootstrap {
    /// Resamples and seed.
    pub bootstrap: Bootstrap,
    /// Block length.
    pub blocks: BlockLength,
    /// Coverage that the intervals promise.
    pub level: Confidence,
}

/// A metric as a function of the performance.
pub type Statistic<'f> = dyn Fn(&Performance<'_>) -> Result<f64> + Sync + 'f;

impl BlockBootstrap {
    /// So many resamples from a seed.
    #[must_use]
    pub fn new(bootstrap: Bootstrap) -> Self {
        Self { bootstrap, blocks: BlockLength::Automatic, level: Confidence::P95 }
    }

    /// With blocks of this mean length.
    #[must_use]
    pub fn with_blocks(mut self, blocks: StationaryBlocks) -> Self {
        self.blocks = BlockLength::Mean(blocks);
        self
    }

    /// With intervals of this level.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// The metrics of a series, each with its interval or the reason why it has none.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than 2 resamples and for fewer than 8 returns.
    pub fn estimates(
        &self,
        performance: &Performance<'_>,
        statistics: &[&Statistic<'_>],
    ) -> Result<Vec<Result<MetricEstimate>>> {
        let returns = performance.returns();
        let annualisation = performance.annualisation();
        let value = |statistic: &&Statistic<'_>| statistic(performance);
        let values: Vec<Result<f64>> = statistics.iter().map(value).collect();
        self.resampled(returns, None, values, |drawn, _, found| {
            let Ok(resample) = Performance::new(drawn, annualisation) else { return };
            for (statistic, found) in statistics.iter().zip(found) {
                *found = statistic(&resample).ok();
            }
        })
    }

    /// The metrics of a series beside its benchmark: both are resampled together, so that what they share stays.
    ///
    /// `statistic` gets the two resamples and the annualisation, and gives one value for each of `N` metrics.
    ///
    /// # Errors
    /// As [`estimates`](Self::estimates); [`Error::Input`] for a benchmark of another length.
    pub fn relative_estimates<const N: usize>(
        &self,
        performance: &Performance<'_>,
        benchmark: ArrayView1<'_, f64>,
        statistic: impl Fn(ArrayView1<'_, f64>, ArrayView1<'_, f64>, Annualisation) -> [Result<f64>; N] + Sync,
    ) -> Result<Vec<Result<MetricEstimate>>> {
        check::length("benchmark", performance.len(), benchmark.len())?;
        check::returns("benchmark", benchmark)?;
        let annualisation = performance.annualisation();
        let values = Vec::from(statistic(performance.returns(), benchmark, annualisation));
        self.resampled(performance.returns(), Some(benchmark), values, |drawn, other, found| {
            for (value, found) in statistic(drawn, other, annualisation).into_iter().zip(found) {
                *found = value.ok();
            }
        })
    }

    fn resampled(
        &self,
        returns: ArrayView1<'_, f64>,
        benchmark: Option<ArrayView1<'_, f64>>,
        values: Vec<Result<f64>>,
        compute: impl Fn(ArrayView1<'_, f64>, ArrayView1<'_, f64>, &mut [Option<f64>]),
    ) -> Result<Vec<Result<MetricEstimate>>> {
        check::enough("block bootstrap", 8, returns.len())?;
        check::enough("bootstrap", 2, self.bootstrap.replicates)?;
        let (blocks, mean_length) = self.block_length(returns)?;
        let streams = Streams::new(self.bootstrap.seed);
        let mut draws: Vec<Vec<f64>> = vec![Vec::with_capacity(self.bootstrap.replicates); values.len()];
        let mut found = vec![None; values.len()];
        let (mut drawn, mut other) = (Array1::zeros(returns.len()), Array1::zeros(benchmark.map_or(0, |b| b.len())));
        for index in 0..self.bootstrap.replicates {
            let places = blocks.places(returns.len(), &mut streams.block(index as u64));
            gather(&mut drawn, returns, &places);
            if let Some(benchmark) = benchmark {
                gather(&mut other, benchmark, &places);
            }
            found.fill(None);
            compute(drawn.view(), other.view(), &mut found);
            for (draws, found) in draws.iter_mut().zip(&found) {
                draws.extend(found.filter(|value: &f64| value.is_finite()));
            }
        }
        let summary = |(value, draws): (Result<f64>, Vec<f64>)| self.summary(value?, draws, returns.len(), mean_length);
        Ok(values.into_iter().zip(draws).map(summary).collect())
    }

    fn block_length(&self, returns: ArrayView1<'_, f64>) -> Result<(StationaryBlocks, f64)> {
        let blocks = match self.blocks {
            BlockLength::Mean(blocks) => blocks,
            BlockLength::Automatic => {
                // A constant series has no autocorrelation to keep; its refusal must not refuse a drawdown.
                let length = |series: ArrayView1<'_, f64>| {
                    optimal_block_length(series).and_then(|best| best.blocks()).map_or(1.0, f64::from)
                };
                let squares = returns.mapv(|r| r * r);
                StationaryBlocks::new(length(returns).max(length(squares.view())))?
            }
        };
        Ok((blocks, f64::from(blocks)))
    }

    fn summary(&self, value: f64, draws: Vec<f64>, observations: usize, dependence: f64) -> Result<MetricEstimate> {
        let undefined_draws = self.bootstrap.replicates - draws.len();
        if undefined_draws as f64 > MOST_UNDEFINED * self.bootstrap.replicates as f64 {
            let reason = format!("it has no value on {undefined_draws} of {} resamples", self.bootstrap.replicates);
            return Err(Error::undefined("interval of a metric", reason));
        }
        let draws = Array1::from(draws);
        let tail = 0.5 * self.level.tail();
        let at = |probability: f64| quantile(draws.view(), probability, QuantileRule::Linear);
        let n = draws.len() as f64;
        let mean = draws.sum() / n;
        let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / (n - 1.0);
        let interval =
            Interval { lower: at(tail)?, upper: at(1.0 - tail)?, level: self.level, method: IntervalMethod::Bootstrap };
        Ok(MetricEstimate {
            value,
            standard_error: variance.sqrt(),
            interval,
            observations,
            dependence,
            undefined_draws,
        })
    }
}

fn gather(into: &mut Array1<f64>, from: ArrayView1<'_, f64>, places: &[usize]) {
    for (value, place) in into.iter_mut().zip(places) {
        *value = from[*place];
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use alluse_risk_core::inference::BartlettLags;
    use ndarray::array;

    use super::*;
    use crate::intervals::smooth;

    const DAILY: Annualisation = Annualisation::Periods(Frequency::Daily);

    fn returns(n: usize) -> Array1<f64> {
        Streams::new(5).standard_normals(1, n).row(0).mapv(|z| 0.0005 + 0.01 * z)
    }

    #[test]
    fn the_error_of_a_mean_agrees_with_the_delta_method() {
        let returns = returns(600);
        let of = Performance::new(returns.view(), DAILY).unwrap();
        let mean: &Statistic<'_> = &|resample| Ok(252.0 * resample.returns().sum() / resample.len() as f64);
        let found = BlockBootstrap::new(Bootstrap::new(11).with_replicates(2000)).estimates(&of, &[mean]).unwrap();
        let found = found[0].as_ref().unwrap();
        let smooth = smooth::annual_mean(&of, BartlettLags::Fixed(0), Confidence::P95).unwrap();
        assert!((found.value - smooth.value).abs() < 1e-12);
        // 2,000 resamples know a standard error to 1.6 %; blocks of a few days add some of their own.
        assert!((found.standard_error / smooth.standard_error - 1.0).abs() < 0.08);
        assert!((found.interval.lower - smooth.interval.lower).abs() < 0.1 * smooth.standard_error * 2.0);
    }

    #[test]
    fn a_series_and_its_benchmark_stay_together() {
        let returns = returns(300);
        let of = Performance::new(returns.view(), DAILY).unwrap();
        let twice = returns.mapv(|r| 2.0 * r);
        let found = BlockBootstrap::new(Bootstrap::new(2).with_replicates(50))
            .relative_estimates(&of, twice.view(), |a, b, _| [Ok(b.sum() - 2.0 * a.sum())])
            .unwrap();
        assert!(found[0].as_ref().unwrap().standard_error < 1e-14);
    }

    #[test]
    fn a_metric_that_is_mostly_undefined_has_no_interval() {
        let returns = returns(100);
        let of = Performance::new(returns.view(), DAILY).unwrap();
        let worst = returns.iter().copied().fold(0.0, f64::min);
        // Defined only on resamples with the worst day, about 63 % of them.
        let picky: &Statistic<'_> = &move |resample: &Performance<'_>| {
            if resample.returns().iter().any(|r| *r == worst) { Ok(1.0) } else { Err(Error::undefined("x", "no")) }
        };
        let bootstrap = BlockBootstrap::new(Bootstrap::new(3).with_replicates(100));
        let found = bootstrap.estimates(&of, &[picky]).unwrap();
        assert!(found[0].as_ref().unwrap_err().to_string().contains("of 100 resamples"));
        assert_eq!(bootstrap.estimates(&of, &[picky]).unwrap(), found);
    }

    #[test]
    fn constant_and_short_series() {
        let constant = Array1::from_elem(20, 0.01);
        let of = Performance::new(constant.view(), DAILY).unwrap();
        let total: &Statistic<'_> = &|resample| Ok(resample.returns().sum());
        let found = BlockBootstrap::new(Bootstrap::new(3).with_replicates(10)).estimates(&of, &[total]).unwrap();
        assert!(found[0].as_ref().unwrap().standard_error < 1e-15);
        let short = array![0.1, 0.2];
        let of = Performance::new(short.view(), DAILY).unwrap();
        assert!(BlockBootstrap::new(Bootstrap::new(3)).estimates(&of, &[total]).is_err());
    }
}
