//! Seeded random streams that give the same numbers on any thread count.
//!
//! Paths are drawn in blocks of [`BLOCK`]; each block has a stream of its own, so which thread draws it
//! does not matter. The block size is part of the contract: changing it changes every simulated number.

use ndarray::{Array2, ArrayViewMut2, Axis};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

/// Paths per stream.
pub const BLOCK: usize = 1_024;

/// A family of independent streams, one per block of paths.
///
/// ```
/// use alluse_risk_core::streams::Streams;
/// use rand::RngExt;
///
/// let streams = Streams::new(42);
/// let first: u64 = streams.block(0).random();
/// assert_eq!(first, streams.block(0).random::<u64>());
/// assert_ne!(first, streams.block(1).random::<u64>());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The family that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream of block number `index`: ChaCha8, the block number as its stream number.
    #[must_use]
    pub fn block(&self, index: u64) -> ChaCha8Rng {
        let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
        stream.set_stream(index);
        stream
    }

    /// Fills a matrix, paths × dimensions, block by block: `fill` gets the stream and the rows of a block.
    pub fn fill_blocks<F>(&self, paths: &mut Array2<f64>, fill: F)
    where
        F: Fn(&mut ChaCha8Rng, ArrayViewMut2<'_, f64>) + Send + Sync,
    {
        let one = |(index, rows): (usize, ArrayViewMut2<'_, f64>)| fill(&mut self.block(index as u64), rows);
        #[cfg(feature = "parallel")]
        {
            use rayon::iter::{ParallelBridge, ParallelIterator};
            paths.axis_chunks_iter_mut(Axis(0), BLOCK).enumerate().par_bridge().for_each(one);
        }
        #[cfg(not(feature = "parallel"))]
        paths.axis_chunks_iter_mut(Axis(0), BLOCK).enumerate().for_each(one);
    }

    /// Independent standard normals, paths × dimensions.
    #[must_use]
    pub fn standard_normals(&self, paths: usize, dimensions: usize) -> Array2<f64> {
        let mut normals = Array2::zeros((paths, dimensions));
        self.fill_blocks(&mut normals, |stream, mut rows| rows.iter_mut().for_each(|z| *z = normal(stream)));
        normals
    }
}

fn normal(stream: &mut impl Rng) -> f64 {
    StandardNormal.sample(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_does_not_depend_on_how_many_there_are() {
        let streams = Streams::new(7);
        let many = streams.standard_normals(3 * BLOCK + 5, 2);
        let few = streams.standard_normals(BLOCK, 2);
        assert_eq!(many.view().split_at(Axis(0), BLOCK).0, few);
    }

    #[test]
    fn moments_are_those_of_the_normal() {
        let z = Streams::new(1).standard_normals(100_000, 1);
        // Five standard errors: 1/√n for the mean, √(2/n) for the variance.
        assert!(z.mean().unwrap().abs() < 5.0 / 100_000_f64.sqrt());
        assert!((z.var(0.0) - 1.0).abs() < 5.0 * (2.0 / 100_000_f64).sqrt());
    }
}
