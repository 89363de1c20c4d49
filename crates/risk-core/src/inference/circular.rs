//! The studentised circular block bootstrap behind [`DifferenceTest`](super::DifferenceTest).

use ndarray::Array2;
use rand::{Rng, RngExt};

use super::difference::{ComparedStatistic, Standardised};
use crate::measures::Bootstrap;
use crate::streams::Streams;
use crate::{Error, Result};

const NAME: &str = "studentised bootstrap";

/// Replicates per random stream.
const CHUNK: usize = 64;

/// `|Δ* − Δ|/s*` of every replicate.
pub(super) fn studentised(
    pair: &[Standardised; 2],
    statistic: ComparedStatistic,
    difference: f64,
    block: usize,
    bootstrap: &Bootstrap,
) -> Result<Vec<f64>> {
    bootstrap.check()?;
    let n = pair[0].scores.len();
    if block == 0 {
        return Err(Error::OutOfDomain { name: "block", expected: "at least 1", value: 0.0 });
    }
    crate::check::enough(NAME, block.saturating_mul(2), n)?;
    let sums = [BlockSums::new(&pair[0].scores, block), BlockSums::new(&pair[1].scores, block)];
    let mut drawn = Array2::zeros((bootstrap.replicates, 1));
    Streams::new(bootstrap.seed).try_fill_chunks(&mut drawn, CHUNK, |_, stream, mut rows| {
        let mut starts = vec![0; n / block];
        for value in &mut rows {
            draw(&mut starts, n, stream);
            let [a, b] = [0, 1].map(|side| Resample::new(&sums[side], &starts, pair[side].ratio));
            *value = distance(statistic, &a?, &b?, pair, difference)?;
        }
        Ok(())
    })?;
    Ok(drawn.into_raw_vec_and_offset().0)
}

fn draw(starts: &mut [usize], n: usize, stream: &mut impl Rng) {
    starts.iter_mut().for_each(|start| *start = stream.random_range(0..n));
}

/// Sums of the scores and of their squares over the block from every start, around the end of the series.
struct BlockSums {
    block: usize,
    sums: Vec<[f64; 2]>,
}

impl BlockSums {
    fn new(scores: &[f64], block: usize) -> Self {
        let n = scores.len();
        let mut running = Vec::with_capacity(n + block + 1);
        let mut sum = [0.0; 2];
        running.push(sum);
        for score in scores.iter().chain(scores).take(n + block) {
            sum = [sum[0] + score, sum[1] + score * score];
            running.push(sum);
        }
        let sums = running.iter().zip(&running[block..]).take(n).map(|(s, e)| [e[0] - s[0], e[1] - s[1]]).collect();
        Self { block, sums }
    }
}

/// One resampled series, as the sums of its blocks.
struct Resample {
    /// Sharpe ratio.
    ratio: f64,
    /// Variance over that of the sample.
    variance: f64,
    /// For each block, the sums of the new scores and of their squares less one.
    blocks: Vec<[f64; 2]>,
    observations: f64,
}

impl Resample {
    fn new(sums: &BlockSums, starts: &[usize], ratio: f64) -> Result<Self> {
        let size = sums.block as f64;
        let observations = size * starts.len() as f64;
        let total = starts.iter().fold([0.0; 2], |t, &s| [t[0] + sums.sums[s][0], t[1] + sums.sums[s][1]]);
        let mean = total[0] / observations;
        let variance = total[1] / observations - mean * mean;
        // Scores have variance one; what is left of less than this is rounding of the running sums.
        if variance <= 1e-10 {
            return Err(Error::Undefined { name: NAME, reason: "a resample has no variance" });
        }
        let deviation = variance.sqrt();
        let blocks = starts.iter().map(|&start| {
            let [first, second] = sums.sums[start];
            let centred = second - 2.0 * mean * first + size * mean * mean;
            [(first - size * mean) / deviation, centred / variance - size]
        });
        Ok(Self { ratio: (ratio + mean) / deviation, variance, blocks: blocks.collect(), observations })
    }

    /// The statistic less that of the sample.
    fn change(&self, statistic: ComparedStatistic, sample: &Standardised) -> f64 {
        match statistic {
            ComparedStatistic::SharpeRatio => self.ratio - sample.ratio,
            ComparedStatistic::LogVariance => libm::log(self.variance),
        }
    }

    /// Sum of the influences over one block.
    fn influence(&self, statistic: ComparedStatistic, [first, squares]: [f64; 2]) -> f64 {
        match statistic {
            ComparedStatistic::SharpeRatio => first - 0.5 * self.ratio * squares,
            ComparedStatistic::LogVariance => squares,
        }
    }
}

fn distance(
    statistic: ComparedStatistic,
    a: &Resample,
    b: &Resample,
    pair: &[Standardised; 2],
    difference: f64,
) -> Result<f64> {
    let change = a.change(statistic, &pair[0]) - b.change(statistic, &pair[1]);
    // Ψ* = (1/l) Σ ζ²/block over l blocks, and s*² = Ψ*/(l · block).
    let squares: f64 = a
        .blocks
        .iter()
        .zip(&b.blocks)
        .map(|(a_sums, b_sums)| {
            let sum = a.influence(statistic, *a_sums) - b.influence(statistic, *b_sums);
            sum * sum
        })
        .sum();
    let error = squares.sqrt() / a.observations;
    if error > f64::EPSILON * (1.0 + difference.abs()) {
        Ok(change.abs() / error)
    } else {
        Err(Error::Undefined { name: NAME, reason: "a resample leaves no error of the difference" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_sums_wrap_around() {
        let sums = BlockSums::new(&[1.0, 2.0, 4.0, 8.0], 3);
        assert_eq!(sums.sums, [[7.0, 21.0], [14.0, 84.0], [13.0, 81.0], [11.0, 69.0]]);
    }
}
