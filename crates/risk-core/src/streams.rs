//! Seeded random streams that give the same numbers on any thread count.
//!
//! Paths are drawn in blocks of [`BLOCK`]; each block has a stream of its own, so which thread draws it
//! does not matter. The block size is part of the contract: changing it changes every simulated number.

use ndarray::{Array2, ArrayViewMut2, Axis};
pub use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::Result;

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

    /// A seed of its own for part number `index`, such as one randomisation of a point set.
    #[must_use]
    pub fn derived_seed(&self, index: u64) -> u64 {
        self.block(index).next_u64()
    }

    /// Fills a matrix, paths × dimensions, block by block: `fill` gets the stream and the rows of a block.
    pub fn fill_blocks<F>(&self, paths: &mut Array2<f64>, fill: F)
    where
        F: Fn(&mut ChaCha8Rng, ArrayViewMut2<'_, f64>) + Send + Sync,
    {
        let infallible = |_: usize, stream: &mut ChaCha8Rng, rows: ArrayViewMut2<'_, f64>| {
            fill(stream, rows);
            Ok(())
        };
        // Nothing can fail in there, and `BLOCK` is not zero.
        let _ = self.try_fill_chunks(paths, BLOCK, infallible);
    }

    /// Fills a matrix, paths × dimensions, in chunks of `rows` paths: `fill` gets the number of the chunk, its
    /// stream and its rows.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`](crate::Error::OutOfDomain) for chunks of no row; of the errors of `fill`, that of the
    /// first chunk that failed.
    pub fn try_fill_chunks<F>(&self, paths: &mut Array2<f64>, rows: usize, fill: F) -> Result<()>
    where
        F: Fn(usize, &mut ChaCha8Rng, ArrayViewMut2<'_, f64>) -> Result<()> + Send + Sync,
    {
        if rows == 0 {
            return Err(crate::Error::OutOfDomain { name: "rows of a chunk", expected: "at least 1", value: 0.0 });
        }
        let one = |(index, rows): (usize, ArrayViewMut2<'_, f64>)| {
            fill(index, &mut self.block(index as u64), rows).map_err(|error| (index, error))
        };
        let chunks = paths.axis_chunks_iter_mut(Axis(0), rows).enumerate();
        #[cfg(feature = "parallel")]
        let failed = {
            use rayon::iter::{ParallelBridge, ParallelIterator};
            // Whichever thread is first: the smallest index is the answer.
            chunks.par_bridge().filter_map(|chunk| one(chunk).err()).min_by_key(|(index, _)| *index)
        };
        #[cfg(not(feature = "parallel"))]
        let failed = chunks.filter_map(|chunk| one(chunk).err()).min_by_key(|(index, _)| *index);
        failed.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Independent standard normals, paths × dimensions.
    #[must_use]
    pub fn standard_normals(&self, paths: usize, dimensions: usize) -> Array2<f64> {
        let mut normals = Array2::zeros((paths, dimensions));
        self.fill_blocks(&mut normals, |stream, mut rows| match rows.as_slice_mut() {
            Some(block) => fill_standard_normals(stream, block),
            None => rows.rows_mut().into_iter().for_each(|mut row| {
                let mut buffer = vec![0.0; row.len()];
                fill_standard_normals(stream, &mut buffer);
                row.iter_mut().zip(buffer).for_each(|(z, drawn)| *z = drawn);
            }),
        });
        normals
    }
}

/// Fills `out` with the next independent standard normals of a stream.
///
/// ```
/// use alluse_risk_core::streams::{Streams, fill_standard_normals};
///
/// let mut z = [0.0; 1_000];
/// fill_standard_normals(&mut Streams::new(1).block(0), &mut z);
/// assert!(z.iter().sum::<f64>().abs() < 4.0 * 1_000_f64.sqrt());
/// ```
pub fn fill_standard_normals(stream: &mut impl Rng, out: &mut [f64]) {
    out.iter_mut().for_each(|z| *z = StandardNormal.sample(stream));
}

/// Fills `out` with the next independent chi-square variables of a stream.
///
/// # Errors
/// [`Error::OutOfDomain`](crate::Error::OutOfDomain) unless the degrees of freedom are positive and finite.
pub fn fill_chi_squares(stream: &mut impl Rng, degrees_of_freedom: f64, out: &mut [f64]) -> Result<()> {
    let refused = || {
        let expected = "positive and finite";
        crate::Error::OutOfDomain { name: "degrees of freedom", expected, value: degrees_of_freedom }
    };
    if !degrees_of_freedom.is_finite() {
        return Err(refused());
    }
    let law = ChiSquared::new(degrees_of_freedom).map_err(|_| refused())?;
    out.iter_mut().for_each(|value| *value = law.sample(stream));
    Ok(())
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
    fn the_first_error_is_reported() {
        let fail = |index: usize, _: &mut ChaCha8Rng, _: ArrayViewMut2<'_, f64>| {
            if index < 2 { Ok(()) } else { Err(crate::Error::Overflow { name: ["", "", "third", "fourth"][index] }) }
        };
        let error = Streams::new(1).try_fill_chunks(&mut Array2::zeros((4, 1)), 1, fail).unwrap_err();
        assert_eq!(error, crate::Error::Overflow { name: "third" });
        assert!(Streams::new(1).try_fill_chunks(&mut Array2::zeros((4, 1)), 0, |_, _, _| Ok(())).is_err());
    }

    #[test]
    fn chunks_know_their_number_and_their_stream() {
        let mut rows = Array2::zeros((5, 1));
        let fill = |index: usize, stream: &mut ChaCha8Rng, mut rows: ArrayViewMut2<'_, f64>| {
            let value = index as f64 + 10.0 * stream.get_stream() as f64 + 100.0 * rows.nrows() as f64;
            rows.fill(value);
            Ok(())
        };
        Streams::new(1).try_fill_chunks(&mut rows, 2, fill).unwrap();
        assert_eq!(rows.into_raw_vec_and_offset().0, [200.0, 200.0, 211.0, 211.0, 122.0]);
    }

    #[test]
    fn the_first_draws_of_a_seed_are_pinned() {
        // Our own output: a changed stream is a changelog entry.
        let first: Vec<f64> = Streams::new(42).standard_normals(2, 2).into_iter().collect();
        assert_eq!(first, PINNED);
    }

    const PINNED: [f64; 4] =
        [0.477_981_238_351_021_74, 1.334_070_610_231_807_8, -0.210_866_683_271_030_28, 0.476_346_923_808_821_3];

    #[test]
    fn chi_squares_have_their_moments() {
        let mut draws = [0.0; 40_000];
        fill_chi_squares(&mut Streams::new(8).block(0), 5.0, &mut draws).unwrap();
        // Mean 5, variance 10, fourth central moment 12·5·(5 + 4) = 540: four standard errors.
        let mean = draws.iter().sum::<f64>() / 40_000.0;
        assert!((mean - 5.0).abs() < 4.0 * (10.0_f64 / 40_000.0).sqrt(), "{mean}");
        let variance = draws.iter().map(|x| (x - 5.0).powi(2)).sum::<f64>() / 40_000.0;
        assert!((variance - 10.0).abs() < 4.0 * ((540.0 - 100.0) / 40_000.0_f64).sqrt(), "{variance}");
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(fill_chi_squares(&mut Streams::new(8).block(0), bad, &mut draws).is_err(), "{bad}");
        }
    }

    #[test]
    fn derived_seeds_differ() {
        let streams = Streams::new(3);
        assert_ne!(streams.derived_seed(0), streams.derived_seed(1));
        assert_ne!(streams.derived_seed(0), Streams::new(4).derived_seed(0));
        assert_eq!(streams.derived_seed(9), Streams::new(3).derived_seed(9));
    }

    #[test]
    fn moments_are_those_of_the_normal() {
        let z = Streams::new(1).standard_normals(100_000, 1);
        // Five standard errors: 1/√n for the mean, √(2/n) for the variance.
        assert!(z.mean().unwrap().abs() < 5.0 / 100_000_f64.sqrt());
        assert!((z.var(0.0) - 1.0).abs() < 5.0 * (2.0 / 100_000_f64).sqrt());
    }
}
