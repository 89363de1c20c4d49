use ndarray::{Array1, ArrayView1};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, BootstrapError, replicates, summary};
use super::drawdown::{DrawdownKind, DrawdownPath};
use crate::streams::Streams;
use crate::{Confidence, Error, Result, check};

/// Blocks of consecutive returns with random starts and geometric lengths, wrapped around the end of the series.
///
/// A drawdown depends on the order of the returns, so its error cannot come from resampling them one by one.
///
/// # Source
/// Politis and Romano (1994), "The stationary bootstrap".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct StationaryBlocks {
    mean_length: f64,
}

impl StationaryBlocks {
    /// Blocks of `mean_length` returns on average; 1 resamples them one by one.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless it is at least 1 and finite.
    pub fn new(mean_length: f64) -> Result<Self> {
        if mean_length >= 1.0 && mean_length.is_finite() {
            Ok(Self { mean_length })
        } else {
            Err(Error::OutOfDomain { name: "mean block length", expected: "at least 1", value: mean_length })
        }
    }

    /// The places of one resample of `n` rows, so that several series can be resampled together.
    #[must_use]
    pub fn places(self, n: usize, stream: &mut impl Rng) -> Vec<usize> {
        let mut place = 0;
        let ends = 1.0 / self.mean_length;
        (0..n)
            .map(|i| {
                let jump = i == 0 || stream.random::<f64>() < ends;
                let next = if place + 1 == n { 0 } else { place + 1 };
                place = if jump { stream.random_range(0..n) } else { next };
                place
            })
            .collect()
    }

    fn resample(self, returns: ArrayView1<'_, f64>, stream: &mut impl Rng) -> Array1<f64> {
        self.places(returns.len(), stream).into_iter().map(|place| returns[place]).collect()
    }
}

impl DrawdownPath {
    /// Standard error and percentile interval of a drawdown measure of `returns`, by the stationary bootstrap.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for fewer than 2 replicates, the errors of
    /// [`from_returns`](Self::from_returns), and the first error of the statistic.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::Confidence;
    /// use alluse_risk_core::measures::{Bootstrap, DrawdownKind, DrawdownPath, StationaryBlocks};
    /// use ndarray::Array1;
    ///
    /// let returns: Array1<f64> = (0..250).map(|i| 0.01 * f64::from(i % 7) - 0.025).collect();
    /// let kind = DrawdownKind::Compounded;
    /// let deepest = DrawdownPath::bootstrap(
    ///     returns.view(), kind, StationaryBlocks::new(10.0)?, &Bootstrap::new(1).with_replicates(200),
    ///     Confidence::P95, |path| Ok(path.max()),
    /// )?;
    /// assert!(deepest.interval.lower > 0.0 && deepest.standard_error > 0.0);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn bootstrap<F>(
        returns: ArrayView1<'_, f64>,
        kind: DrawdownKind,
        blocks: StationaryBlocks,
        bootstrap: &Bootstrap,
        level: Confidence,
        statistic: F,
    ) -> Result<BootstrapError>
    where
        F: Fn(&Self) -> Result<f64> + Send + Sync,
    {
        bootstrap.check()?;
        check::finite("returns", returns)?;
        let streams = Streams::new(bootstrap.seed);
        let replicate = |index: usize| {
            let drawn = blocks.resample(returns, &mut streams.block(index as u64));
            statistic(&Self::from_returns(drawn.view(), kind)?)
        };
        Ok(summary(replicates(bootstrap.replicates, replicate)?, level))
    }
}

impl TryFrom<f64> for StationaryBlocks {
    type Error = Error;

    fn try_from(mean_length: f64) -> Result<Self> {
        Self::new(mean_length)
    }
}

impl From<StationaryBlocks> for f64 {
    fn from(blocks: StationaryBlocks) -> Self {
        blocks.mean_length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(mean_length: f64, n: usize) -> Array1<f64> {
        let places: Array1<f64> = (0..n).map(|i| i as f64).collect();
        let mut stream = Streams::new(5).block(0);
        StationaryBlocks::new(mean_length).unwrap().resample(places.view(), &mut stream)
    }

    #[test]
    fn blocks_have_the_stated_mean_length() {
        let n = 20_000;
        let drawn = draw(20.0, n);
        let breaks = drawn.windows(2).into_iter().filter(|w| (w[0] + 1.0) % n as f64 != w[1]).count();
        // A break follows each return with probability 1/20; five standard errors of that count.
        let (want, error) = (n as f64 / 20.0, (n as f64 * 0.05 * 0.95).sqrt());
        assert!((breaks as f64 - want).abs() < 5.0 * error, "{breaks}");
    }

    #[test]
    fn every_place_is_equally_likely() {
        // Mean of uniform places: variance (n² − 1)/12, halved in effect by blocks of mean 1.
        let n = 40_000;
        let mean = draw(1.0, n).mean().unwrap();
        let error = n as f64 / 12_f64.sqrt() / (n as f64).sqrt();
        assert!((mean - 0.5 * (n - 1) as f64).abs() < 5.0 * error, "{mean}");
    }

    #[test]
    fn a_steady_climb_has_no_drawdown_and_no_error() {
        let returns = Array1::from_elem(50, 0.01);
        let blocks = StationaryBlocks::new(5.0).unwrap();
        let max = |path: &DrawdownPath| Ok(path.max());
        let kind = DrawdownKind::Compounded;
        let run = |returns: &Array1<f64>, replicates| {
            let bootstrap = Bootstrap::new(1).with_replicates(replicates);
            DrawdownPath::bootstrap(returns.view(), kind, blocks, &bootstrap, Confidence::P95, max)
        };
        let error = run(&returns, 20).unwrap();
        assert_eq!((error.standard_error, error.interval.upper), (0.0, 0.0));
        assert!(matches!(run(&returns, 1), Err(Error::OutOfDomain { name: "replicates", .. })));
        let mut ruined = returns.clone();
        ruined.fill(-1.5);
        assert!(matches!(run(&ruined, 20), Err(Error::ElementOutOfDomain { .. })));
    }

    #[test]
    fn bad_block_lengths_are_refused_by_every_door() {
        for bad in [0.5, 0.0, f64::NAN, f64::INFINITY] {
            assert!(StationaryBlocks::new(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<StationaryBlocks>("0.2").is_err());
        assert_eq!(serde_json::from_str::<StationaryBlocks>("7.5").unwrap(), StationaryBlocks::new(7.5).unwrap());
    }
}
