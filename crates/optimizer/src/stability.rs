//! How far weights move when the sample they were estimated from is drawn again.

use alluse_risk_core::measures::{QuantileRule, StationaryBlocks, quantile};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Weights};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Bootstrap bands of weights: the stationary bootstrap of Politis and Romano (1994), with replacement of whole rows in
/// blocks of random length, so that what moves together or lingers keeps doing so.
///
/// ```
/// use alluse_optimizer::stability::WeightStability;
/// use alluse_risk_core::{Confidence, Weights};
/// use ndarray::Array2;
///
/// let returns = Array2::from_shape_fn((120, 2), |(t, i)| ((t * (i + 3)) as f64).sin() * 0.01 * (i + 1) as f64);
/// let inverse_volatility = |sample: ndarray::ArrayView2<'_, f64>| {
///     let deviation = sample.std_axis(ndarray::Axis(0), 1.0).mapv(f64::recip);
///     Ok(Weights::new(&deviation / deviation.sum())?)
/// };
/// let bands = WeightStability::new(200, 7)?.bands(returns.view(), Confidence::P95, inverse_volatility)?;
/// assert!(bands.lower[0] <= bands.weights[0] && bands.weights[0] <= bands.upper[0]);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightStability {
    draws: usize,
    seed: u64,
    blocks: StationaryBlocks,
}

/// Weights with the range in which they fall when the sample is drawn again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WeightBands {
    /// From the sample itself.
    pub weights: Vec<f64>,
    /// Lower ends of the central band of this confidence.
    pub lower: Vec<f64>,
    /// Upper ends.
    pub upper: Vec<f64>,
    /// Standard deviation over the draws.
    pub standard_errors: Vec<f64>,
    /// Probability that the band holds a draw's weight.
    pub confidence: Confidence,
    /// Draws that gave weights.
    pub draws: usize,
    /// Draws on which the rule failed, with the first reason.
    pub failed: usize,
    /// The first failure.
    pub first_failure: Option<String>,
    /// Mean one-way turnover between the weights and a draw's: how much of the portfolio is noise.
    pub mean_turnover: f64,
}

impl WeightStability {
    /// This many draws from a seed, in blocks of ten rows on average.
    ///
    /// # Errors
    /// [`Error::Invalid`] for fewer than 20 draws.
    pub fn new(draws: usize, seed: u64) -> Result<Self> {
        if draws < 20 {
            return Err(Error::invalid("draws", format!("{draws} are too few for a band, 20 are the least")));
        }
        Ok(Self { draws, seed, blocks: StationaryBlocks::new(10.0)? })
    }

    /// With blocks of another mean length, 1 for independent rows.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite and at least 1.
    pub fn with_mean_block(mut self, rows: f64) -> Result<Self> {
        self.blocks = StationaryBlocks::new(rows)?;
        Ok(self)
    }

    /// The weights that a rule gives on the returns (rows time), with their bands.
    ///
    /// # Errors
    /// The rule's own error on the sample itself; [`Error::Invalid`] when it fails on more than half of the draws.
    pub fn bands(
        &self,
        returns: ArrayView2<'_, f64>,
        confidence: Confidence,
        rule: impl Fn(ArrayView2<'_, f64>) -> Result<Weights>,
    ) -> Result<WeightBands> {
        let weights = rule(returns)?;
        let n = weights.len();
        let mut drawn: Vec<Weights> = Vec::with_capacity(self.draws);
        let (mut failed, mut first_failure) = (0, None);
        let streams = Streams::new(self.seed);
        for draw in 0..self.draws {
            let rows = self.blocks.places(returns.nrows(), &mut streams.block(draw as u64));
            match rule(returns.select(Axis(0), &rows).view()) {
                Ok(weights) if weights.len() == n => drawn.push(weights),
                Ok(other) => return Err(Error::invalid("rule", format!("it gave {} weights, then {}", n, other.len()))),
                Err(error) => {
                    failed += 1;
                    first_failure.get_or_insert(error.to_string());
                }
            }
        }
        if 2 * failed > self.draws {
            let reason = format!("it failed on {failed} of {} draws, first: {}", self.draws, first_failure.unwrap_or_default());
            return Err(Error::invalid("rule", reason));
        }
        let mut table = Array2::zeros((drawn.len(), n));
        for (mut row, weights) in table.axis_iter_mut(Axis(0)).zip(&drawn) {
            row.assign(&weights.view());
        }
        let end = |probability: f64| {
            let of = |column| quantile(column, probability, QuantileRule::Linear);
            table.axis_iter(Axis(1)).map(of).collect::<alluse_risk_core::Result<Vec<f64>>>()
        };
        let tail = confidence.tail() / 2.0;
        let moved = |row: ndarray::ArrayView1<'_, f64>| (&row - &weights.view()).mapv(f64::abs).sum() / 2.0;
        let mean_turnover = table.axis_iter(Axis(0)).map(moved).sum::<f64>() / drawn.len() as f64;
        Ok(WeightBands {
            lower: end(tail)?,
            upper: end(1.0 - tail)?,
            standard_errors: table.std_axis(Axis(0), 1.0).to_vec(),
            confidence,
            draws: drawn.len(),
            failed,
            first_failure,
            mean_turnover,
            weights: weights.view().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returns() -> Array2<f64> {
        Array2::from_shape_fn((200, 2), |(t, i)| 0.01 * ((t * t * (i + 2)) as f64).sin())
    }

    fn equal(_: ArrayView2<'_, f64>) -> Result<Weights> {
        Ok(Weights::equal(2)?)
    }

    #[test]
    fn a_rule_that_does_not_look_has_no_band() {
        let bands = WeightStability::new(50, 1).unwrap().bands(returns().view(), Confidence::P95, equal).unwrap();
        assert_eq!((bands.lower, bands.upper), (vec![0.5, 0.5], vec![0.5, 0.5]));
        assert_eq!((bands.mean_turnover, bands.draws, bands.failed), (0.0, 50, 0));
    }

    #[test]
    fn the_band_of_a_mean_is_its_standard_error() {
        // The "weight" is the mean of the first column: its bootstrap error is s/√n for independent rows.
        let rule = |sample: ArrayView2<'_, f64>| {
            let mean = sample.column(0).mean().unwrap_or(f64::NAN);
            Ok(Weights::new(vec![mean, 0.0])?)
        };
        let stability = WeightStability::new(4_000, 3).unwrap().with_mean_block(1.0).unwrap();
        let bands = stability.bands(returns().view(), Confidence::P95, rule).unwrap();
        let theory = returns().column(0).std(0.0) / 200.0_f64.sqrt();
        // 4,000 draws know a standard deviation to about 1.1 %; four of those.
        assert!((bands.standard_errors[0] / theory - 1.0).abs() < 0.045);
    }

    #[test]
    fn failures_are_counted_and_too_many_are_an_error() {
        let moody = |threshold: f64| {
            move |sample: ArrayView2<'_, f64>| {
                if sample[[0, 0]] > threshold && sample[[0, 0]] != returns()[[0, 0]] {
                    return Err(Error::invalid("rule", "moody"));
                }
                equal(sample)
            }
        };
        let stability = WeightStability::new(100, 5).unwrap();
        let bands = stability.bands(returns().view(), Confidence::P95, moody(0.008)).unwrap();
        assert!(bands.failed > 0 && bands.failed + bands.draws == 100);
        assert!(stability.bands(returns().view(), Confidence::P95, moody(-0.009)).is_err());
        assert!(WeightStability::new(5, 1).is_err());
    }
}
