//! Sobol points: sequences that fill the unit cube more evenly than random numbers do.
//!
//! The first `2^m` points put equally many points into every elementary interval of the right size, which makes
//! averages over them converge almost like `1/n` where random points give `1/√n`. Randomised points keep that
//! property, are uniform each, and independent randomisations measure the error.
//!
//! ```
//! use alluse_risk_core::sobol::{Scrambling, Sobol};
//!
//! // The mean of u₁u₂ is 1/4; 4,096 points give it to five digits.
//! let points = Sobol::new(2, Scrambling::Nested { seed: 1 })?.points(0, 4_096)?;
//! let mean = points.rows().into_iter().map(|u| u[0] * u[1]).sum::<f64>() / 4_096.0;
//! assert!((mean - 0.25).abs() < 1e-5);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod directions;
mod inverse;
mod scramble;

use ndarray::{Array2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How the digits of Sobol points are randomised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scrambling {
    /// Not at all: the points of the textbooks, 32 digits, the first of them the origin.
    #[default]
    None,
    /// Nested uniform scrambling, 52 digits: every digit is flipped by a bit of its own for every string of
    /// digits before it. Variances fall faster than `1/n²` for smooth functions.
    Nested {
        /// Seed of the flips.
        seed: u64,
    },
    /// The same flips in every point, 52 digits: cheaper, without the gain in the rate.
    DigitalShift {
        /// Seed of the flips.
        seed: u64,
    },
}

/// A Sobol sequence in up to [`Sobol::MAX_DIMENSIONS`] dimensions, in Gray-code order.
///
/// Point `i` depends on nothing but `i`, so blocks can be made in any order. Take whole powers of two of points
/// from a multiple of it: other counts are valid but lose the balance.
///
/// # Source
/// Sobol (1967); direction numbers new-joe-kuo-6 of Joe and Kuo (2008); nested scrambling of Owen (1995).
///
/// # Examples
/// ```
/// use alluse_risk_core::sobol::{Scrambling, Sobol};
///
/// let points = Sobol::new(2, Scrambling::None)?.points(0, 4)?;
/// assert_eq!(points, ndarray::array![[0.0, 0.0], [0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sobol {
    columns: Vec<directions::Columns>,
    keys: Vec<u64>,
    scrambling: Scrambling,
}

impl Sobol {
    /// Dimensions that there are direction numbers for.
    pub const MAX_DIMENSIONS: usize = directions::DIMENSIONS;

    /// Points that a sequence has.
    pub const MAX_POINTS: u64 = 1 << directions::BITS;

    /// # Errors
    /// [`Error::OutOfDomain`] for no dimension or more than there are direction numbers for.
    pub fn new(dimensions: usize, scrambling: Scrambling) -> Result<Self> {
        if dimensions == 0 || dimensions > Self::MAX_DIMENSIONS {
            let value = dimensions as f64;
            return Err(Error::OutOfDomain { name: "Sobol dimensions", expected: "from 1 to 4096", value });
        }
        let keys = match scrambling {
            Scrambling::None => vec![0; dimensions],
            Scrambling::Nested { seed } | Scrambling::DigitalShift { seed } => {
                (0..dimensions).map(|dimension| scramble::key(seed, dimension)).collect()
            }
        };
        Ok(Self { columns: directions::columns(dimensions), keys, scrambling })
    }

    /// Number of coordinates, never zero.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.columns.len()
    }

    /// The randomisation.
    #[must_use]
    pub fn scrambling(&self) -> Scrambling {
        self.scrambling
    }

    /// Points `first`, `first + 1`, …, points × dimensions: inside `(0, 1)` when randomised, in `[0, 1)` when not.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] beyond the end of the sequence.
    pub fn points(&self, first: u64, count: usize) -> Result<Array2<f64>> {
        let mut points = Array2::zeros((count, self.dimensions()));
        self.fill(first, points.view_mut())?;
        Ok(points)
    }

    /// Standard normals `Φ⁻¹(u)` of the same points, by the inverse of the distribution function.
    ///
    /// # Errors
    /// As [`points`](Self::points); [`Error::Unsupported`] for unrandomised points, whose origin has no quantile.
    pub fn standard_normals(&self, first: u64, count: usize) -> Result<Array2<f64>> {
        if self.scrambling == Scrambling::None {
            return Err(Error::Unsupported { what: "normals from Sobol points without scrambling" });
        }
        let mut points = self.points(first, count)?;
        points.mapv_inplace(inverse::normal_quantile);
        Ok(points)
    }

    /// Writes points from `first` on into rows of `out`.
    ///
    /// # Errors
    /// As [`points`](Self::points); [`Error::LengthMismatch`] unless `out` has one column a dimension.
    pub fn fill(&self, first: u64, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
        crate::check::length("Sobol points columns", self.dimensions(), out.ncols())?;
        let count = out.nrows() as u64;
        if first.checked_add(count).is_none_or(|end| end > Self::MAX_POINTS) {
            let value = first as f64 + count as f64;
            return Err(Error::OutOfDomain { name: "end of the Sobol points", expected: "at most 2^32", value });
        }
        let mut digits = self.digits_at(first);
        for (index, mut row) in (first..).zip(out.rows_mut()) {
            for ((out, digits), key) in row.iter_mut().zip(&digits).zip(&self.keys) {
                *out = self.coordinate(*digits, *key);
            }
            // The Gray codes of neighbours differ in one bit; the last point of the sequence has no successor.
            let changed = (index + 1).trailing_zeros() as usize;
            if changed < directions::BITS {
                digits.iter_mut().zip(&self.columns).for_each(|(digits, columns)| *digits ^= columns[changed]);
            }
        }
        Ok(())
    }

    fn digits_at(&self, index: u64) -> Vec<u32> {
        let gray = index ^ index >> 1;
        let chosen = |columns: &directions::Columns| {
            let bits = columns.iter().enumerate().filter(|(k, _)| gray >> k & 1 == 1);
            bits.fold(0, |digits, (_, column)| digits ^ column)
        };
        self.columns.iter().map(chosen).collect()
    }

    fn coordinate(&self, digits: u32, key: u64) -> f64 {
        match self.scrambling {
            Scrambling::None => f64::from(digits) / Self::MAX_POINTS as f64,
            Scrambling::Nested { .. } => scramble::middle(scramble::nested(digits, key)),
            Scrambling::DigitalShift { .. } => scramble::middle(scramble::shifted(digits, key)),
        }
    }
}

#[cfg(test)]
mod tests;
