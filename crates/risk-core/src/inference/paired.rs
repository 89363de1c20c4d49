use ndarray::{Array1, Array2, ArrayView1};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::block_means::BlockLengths;
use crate::measures::{Bootstrap, QuantileRule, StationaryBlocks, quantile};
use crate::streams::Streams;
use crate::sum::{compensated, mean};
use crate::{Confidence, Error, Interval, IntervalMethod, Result, check};

const NAME: &str = "paired bootstrap";

/// Replicates per random stream.
const CHUNK: usize = 32;

/// What a paired bootstrap says about the difference of a statistic: the answer of [`paired_bootstrap`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairedDifference {
    /// The statistic of the first series.
    pub first: f64,
    /// That of the second.
    pub second: f64,
    /// First less second.
    pub difference: f64,
    /// Standard deviation of the replicates.
    pub standard_error: f64,
    /// Two-sided: `(1 + #{|Δ* − Δ| ≥ |Δ|})/(B + 1)`.
    pub p_value: f64,
    /// Pairs of returns.
    pub observations: usize,
    /// The resampled differences, in the order of drawing.
    pub replicates: Vec<f64>,
}

impl PairedDifference {
    /// The percentile interval of the difference.
    ///
    /// # Errors
    /// None for a result of [`paired_bootstrap`]; [`Error::Empty`] for a stored one without replicates.
    pub fn interval(&self, level: Confidence) -> Result<Interval> {
        let miss = 0.5 * level.tail();
        let (lower, upper) = (self.percentile(miss)?, self.percentile(1.0 - miss)?);
        Ok(Interval { lower, upper, level, method: IntervalMethod::Bootstrap })
    }

    /// What the difference is above with this confidence, one-sided: a percentile of the replicates.
    ///
    /// # Errors
    /// Those of [`interval`](Self::interval).
    pub fn lower_bound(&self, confidence: Confidence) -> Result<f64> {
        self.percentile(confidence.tail())
    }

    /// What the difference is below with this confidence, one-sided.
    ///
    /// # Errors
    /// Those of [`interval`](Self::interval).
    pub fn upper_bound(&self, confidence: Confidence) -> Result<f64> {
        self.percentile(confidence.level())
    }

    fn percentile(&self, probability: f64) -> Result<f64> {
        quantile(ndarray::aview1(&self.replicates), probability, QuantileRule::Linear)
    }
}

/// Compares any statistic of two series of the same dates by the stationary bootstrap: both are resampled at the same
/// dates, so their dependence on each other stays, and in blocks, so does that on the past.
///
/// | argument          | shape  | meaning                                                                       |
/// |-------------------|--------|-------------------------------------------------------------------------------|
/// | `first`, `second` | `(n,)` | returns                                                                       |
/// | `statistic`       |        | of a series, such as a volatility, an expected shortfall, a certainty equivalent |
/// | `blocks`          |        | their mean length, such as [`optimal_block_length`](super::optimal_block_length) |
/// | `bootstrap`       |        | seed and number of replicates                                                 |
///
/// A statistic that fails on a resample fails the test.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a return that is not finite.
/// - [`Error::InsufficientData`] for fewer than 2 pairs, [`Error::OutOfDomain`] for fewer than 2 replicates.
/// - The first error of the statistic, and [`Error::Overflow`] for a difference that is not finite.
///
/// # Source
/// Politis and Romano (1994); Efron and Tibshirani (1993), chapter 13, for the percentile interval.
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::paired_bootstrap;
/// use alluse_risk_core::measures::{Bootstrap, LossSample, StationaryBlocks};
/// use alluse_risk_core::{Confidence, streams::Streams};
///
/// let z = Streams::new(3).standard_normals(400, 2);
/// let (calm, wild) = (z.column(0).mapv(|z| 0.01 * z), z.column(1).mapv(|z| 0.02 * z));
/// let test = paired_bootstrap(
///     calm.view(),
///     wild.view(),
///     |returns| Ok(LossSample::from_returns(returns)?.expected_shortfall(Confidence::P975)?.value),
///     StationaryBlocks::new(5.0)?,
///     &Bootstrap::new(1).with_replicates(500),
/// )?;
/// assert!(test.upper_bound(Confidence::P95)? < 0.0 && test.p_value < 0.05);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn paired_bootstrap<F>(
    first: ArrayView1<'_, f64>,
    second: ArrayView1<'_, f64>,
    statistic: F,
    blocks: StationaryBlocks,
    bootstrap: &Bootstrap,
) -> Result<PairedDifference>
where
    F: Fn(ArrayView1<'_, f64>) -> Result<f64> + Send + Sync,
{
    bootstrap.check()?;
    check::finite("first returns", first)?;
    check::length("second returns", first.len(), second.len())?;
    check::finite("second returns", second)?;
    check::enough(NAME, 2, first.len())?;
    let of = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| {
        let (a, b) = (statistic(a)?, statistic(b)?);
        if (a - b).is_finite() { Ok((a, b)) } else { Err(Error::Overflow { name: "difference of a statistic" }) }
    };
    let (value_a, value_b) = of(first, second)?;
    let lengths = BlockLengths::new(blocks);
    let mut drawn = Array2::zeros((bootstrap.replicates, 1));
    Streams::new(bootstrap.seed).try_fill_chunks(&mut drawn, CHUNK, |_, stream, mut rows| {
        let (mut a, mut b) = (Array1::zeros(first.len()), Array1::zeros(first.len()));
        for value in &mut rows {
            resample(first, second, &lengths, stream, (&mut a, &mut b));
            let (a, b) = of(a.view(), b.view())?;
            *value = a - b;
        }
        Ok(())
    })?;
    let replicates = drawn.into_raw_vec_and_offset().0;
    let difference = value_a - value_b;
    let as_far = replicates.iter().filter(|d| (**d - difference).abs() >= difference.abs()).count();
    let centre = mean(replicates.iter());
    let squares = compensated(replicates.iter().map(|d| (d - centre) * (d - centre)));
    Ok(PairedDifference {
        first: value_a,
        second: value_b,
        difference,
        standard_error: (squares / (replicates.len() - 1) as f64).sqrt(),
        p_value: (as_far + 1) as f64 / (replicates.len() + 1) as f64,
        observations: first.len(),
        replicates,
    })
}

/// Fills both series with the same dates, block after block around the end.
fn resample(
    first: ArrayView1<'_, f64>,
    second: ArrayView1<'_, f64>,
    lengths: &BlockLengths,
    stream: &mut impl Rng,
    (a, b): (&mut Array1<f64>, &mut Array1<f64>),
) {
    let n = first.len();
    let mut filled = 0;
    while filled < n {
        let start = stream.random_range(0..n);
        let length = lengths.draw(stream).min(n - filled);
        for step in 0..length {
            let date = (start + step) % n;
            a[filled + step] = first[date];
            b[filled + step] = second[date];
        }
        filled += length;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::moments;

    fn volatility(returns: ArrayView1<'_, f64>) -> Result<f64> {
        moments::standard_deviation(returns, 1)
    }

    fn blocks(length: f64) -> StationaryBlocks {
        StationaryBlocks::new(length).unwrap()
    }

    /// Means of independent normals: the error of their difference is √(2(1 − ρ)/n), and a bootstrap of 4,000
    /// replicates is within five standard errors 1/√8,000 of it, give or take the sample's own variance.
    #[test]
    fn the_error_of_a_mean_is_known() {
        let (n, rho) = (2_000, 0.8_f64);
        let z = Streams::new(6).standard_normals(n, 2);
        let a = z.column(0).to_owned();
        let b = Array1::from_shape_fn(n, |t| rho * z[[t, 0]] + (1.0 - rho * rho).sqrt() * z[[t, 1]]);
        let bootstrap = Bootstrap::new(2).with_replicates(4_000);
        let got = paired_bootstrap(a.view(), b.view(), moments::mean, blocks(1.0), &bootstrap).unwrap();
        let spread = moments::standard_deviation((&a - &b).view(), 0).unwrap();
        let want = spread / (n as f64).sqrt();
        assert!((got.standard_error / want - 1.0).abs() < 5.0 / 8_000_f64.sqrt(), "{}", got.standard_error / want);
        assert!((spread - (2.0 * (1.0 - rho)).sqrt()).abs() < 0.05);
    }

    #[test]
    fn bounds_are_percentiles_of_the_replicates() {
        let a = array![0.1, -0.2, 0.3, 0.0, 0.2, -0.1];
        let got = paired_bootstrap(a.view(), (&a * 0.5).view(), volatility, blocks(2.0), &Bootstrap::new(1)).unwrap();
        // Half the volatility in every resample.
        for replicate in &got.replicates {
            assert!(*replicate >= 0.0);
        }
        let interval = got.interval(Confidence::P90).unwrap();
        assert_eq!(interval.lower, got.lower_bound(Confidence::P95).unwrap());
        assert_eq!(interval.upper, got.upper_bound(Confidence::P95).unwrap());
        assert!(interval.lower < got.difference && got.difference < interval.upper);
        let text = serde_json::to_string(&got).unwrap();
        assert_eq!(serde_json::from_str::<PairedDifference>(&text).unwrap(), got);
    }

    #[test]
    fn the_same_series_twice_does_not_differ() {
        let a = array![0.1, -0.2, 0.3];
        let got = paired_bootstrap(a.view(), a.view(), moments::mean, blocks(2.0), &Bootstrap::new(1)).unwrap();
        assert_eq!((got.difference, got.standard_error, got.p_value), (0.0, 0.0, 1.0));
    }

    #[test]
    fn hostile_input() {
        let (a, short) = (array![0.1, -0.2, 0.3], array![0.1]);
        let run = |a: &Array1<f64>, b: &Array1<f64>, replicates| {
            let bootstrap = Bootstrap::new(1).with_replicates(replicates);
            paired_bootstrap(a.view(), b.view(), moments::mean, blocks(1.0), &bootstrap).unwrap_err()
        };
        assert!(matches!(run(&a, &short, 10), Error::LengthMismatch { .. }));
        assert!(matches!(run(&short, &short, 10), Error::InsufficientData { .. }));
        assert!(matches!(run(&array![], &array![], 10), Error::Empty { .. }));
        assert!(matches!(run(&a, &array![0.0, f64::NAN, 0.0], 10), Error::ElementOutOfDomain { index: 1, .. }));
        assert!(matches!(run(&a, &a, 1), Error::OutOfDomain { .. }));
        assert!(matches!(
            run(&array![1e308, 1e308, 1e308], &array![-1e308, -1e308, -1e308], 9),
            Error::Overflow { .. }
        ));
        let fails = |_: ArrayView1<'_, f64>| Err(Error::Singular { name: "statistic" });
        let error = paired_bootstrap(a.view(), a.view(), fails, blocks(1.0), &Bootstrap::new(1));
        assert_eq!(error, Err(Error::Singular { name: "statistic" }));
    }
}
