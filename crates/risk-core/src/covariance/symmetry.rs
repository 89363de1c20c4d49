//! The check that a matrix is square, finite and symmetric.

use ndarray::{Array2, ArrayView2};

use crate::{Error, Result, check};

/// Largest asymmetry that counts as rounding, as a share of the largest absolute entry.
const ASYMMETRY: f64 = 1e-12;

/// Rows and columns of a tile: two of them fit the nearest cache.
const TILE: usize = 32;

/// Refuses a matrix that is empty, not square, not finite, or not symmetric.
pub(crate) fn symmetric(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<()> {
    check::finite_matrix(name, matrix)?;
    check::length(name, matrix.nrows(), matrix.ncols())?;
    let largest = matrix.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let n = matrix.nrows();
    let (mut worst, mut place) = (0.0, (0, 0));
    // Tile by tile: reading the mirror of a whole row would miss the cache at every entry.
    for (top, left) in (0..n).step_by(TILE).flat_map(|top| (top..n).step_by(TILE).map(move |left| (top, left))) {
        for row in top..(top + TILE).min(n) {
            for column in left.max(row + 1)..(left + TILE).min(n) {
                let difference = (matrix[[row, column]] - matrix[[column, row]]).abs();
                if difference > worst {
                    (worst, place) = (difference, (row, column));
                }
            }
        }
    }
    if worst > ASYMMETRY * largest {
        return Err(Error::NotSymmetric { name, row: place.0, column: place.1, difference: worst });
    }
    Ok(())
}

/// Replaces each pair of mirrored entries by its mean.
pub(crate) fn symmetrize(matrix: &mut Array2<f64>) {
    for row in 0..matrix.nrows() {
        for column in 0..row {
            // Halves first: the sum of two large entries could overflow.
            let mean = 0.5 * matrix[[row, column]] + 0.5 * matrix[[column, row]];
            matrix[[row, column]] = mean;
            matrix[[column, row]] = mean;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_worst_pair_is_named() {
        let matrix = array![[1.0, 0.1, 0.2], [0.1 + 1e-9, 1.0, 0.3], [0.2, 0.3 + 1e-6, 1.0]];
        let Err(Error::NotSymmetric { row: 1, column: 2, difference, .. }) = symmetric("m", matrix.view()) else {
            panic!("must be refused at (1, 2)")
        };
        assert!((difference - 1e-6).abs() < 1e-12);
    }

    #[test]
    fn every_tile_is_read() {
        for (row, column) in [(0, 1), (30, 31), (31, 32), (5, 69), (64, 69), (68, 69)] {
            let mut matrix = Array2::<f64>::eye(70);
            matrix[[column, row]] = 0.5;
            let want = Error::NotSymmetric { name: "m", row, column, difference: 0.5 };
            assert_eq!(symmetric("m", matrix.view()), Err(want));
        }
    }

    #[test]
    fn rounding_passes_relative_to_the_largest_entry() {
        assert!(symmetric("m", array![[1.0, 0.5], [0.5 + 0.9e-12, 1.0]].view()).is_ok());
        assert!(symmetric("m", array![[1.0, 0.5], [0.5 + 1.2e-12, 1.0]].view()).is_err());
        assert!(symmetric("m", array![[1e-6, 0.5e-6], [0.5e-6 + 1.2e-18, 1e-6]].view()).is_err());
    }

    #[test]
    fn shapes_and_values_are_checked() {
        assert_eq!(symmetric("m", Array2::zeros((0, 0)).view()), Err(Error::Empty { name: "m" }));
        assert!(matches!(symmetric("m", Array2::zeros((2, 3)).view()), Err(Error::LengthMismatch { .. })));
        assert!(matches!(symmetric("m", array![[f64::NAN]].view()), Err(Error::EntryOutOfDomain { .. })));
    }

    #[test]
    fn symmetrizing_keeps_huge_entries_finite() {
        let mut matrix = array![[1.0, f64::MAX], [f64::MAX, 1.0]];
        symmetrize(&mut matrix);
        assert_eq!(matrix[[0, 1]], f64::MAX);
    }
}
