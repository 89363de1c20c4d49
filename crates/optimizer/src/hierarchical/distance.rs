//! How far apart two assets are.

use alluse_risk_core::{Covariance, Error as Core, linalg};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How far a correlation may lie beyond ±1 and still count as rounding.
const ROUNDING: f64 = 1e-10;

/// A correlation this close to 1 is 1: below it the square root turns rounding into a distance of 1e-8.
const ONE: f64 = 4.0 * f64::EPSILON;

/// Squared distances below this share of the two squared norms are computed anew from the differences.
const CANCELLATION: f64 = 1.0 / 64.0;

/// The distance on which assets are clustered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Distance {
    /// `dᵢⱼ = √((1 − ρᵢⱼ)/2)`, as most libraries do.
    Correlation,
    /// The Euclidean distance between columns i and j of that matrix, as López de Prado (2016) does.
    #[default]
    EuclideanOfCorrelationDistance,
}

/// Distances between assets: symmetric, finite, not negative, zero on the diagonal.
///
/// ```
/// use alluse_optimizer::hierarchical::{Distance, DistanceMatrix};
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// let covariance = Covariance::new(array![[0.04, 0.03], [0.03, 0.09]])?; // ρ = 0.5
/// let distances = DistanceMatrix::of(&covariance, Distance::Correlation)?;
/// assert!((distances.view()[[0, 1]] - 0.5).abs() < 1e-15); // √((1 − 0.5)/2)
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DistanceMatrix(Array2<f64>);

impl DistanceMatrix {
    /// From distances of any kind.
    ///
    /// # Errors
    /// [`Error::Input`] unless the matrix is square, symmetric, finite, not negative and zero on its diagonal.
    pub fn new(distances: impl Into<Array2<f64>>) -> Result<Self> {
        let distances = distances.into();
        square("distances", distances.view())?;
        for ((row, column), &value) in distances.indexed_iter() {
            let expected = if row == column { "0 on the diagonal" } else { "finite and not negative" };
            if !(value >= 0.0 && value.is_finite()) || (row == column && value > 0.0) {
                return Err(entry("distances", (row, column), expected, value));
            }
        }
        symmetric("distances", distances.view(), 0.0)?;
        Ok(Self(distances))
    }

    /// The distances of the assets of a covariance.
    ///
    /// # Errors
    /// [`Error::Input`] naming the asset for a variance that is not positive; otherwise those of
    /// [`from_correlation`](Self::from_correlation).
    pub fn of(covariance: &Covariance, distance: Distance) -> Result<Self> {
        let scales = inverse_volatilities(covariance)?;
        let matrix = covariance.view();
        let correlation = |row: usize, values: ArrayView1<'_, f64>, out: &mut [f64]| {
            let own = scales[row];
            for ((out, value), other) in out.iter_mut().zip(values).zip(&scales) {
                *out = value * own * other;
            }
        };
        Self::build(matrix, correlation, distance)
    }

    /// The distances that belong to a correlation matrix.
    ///
    /// Entries beyond ±1 by at most 1e-10 are rounding and become ±1; one within four units of rounding of 1 is 1.
    /// Euclidean distances come from a matrix product of centred columns; pairs so close that it would lose digits
    /// are computed from their differences. What is left is a relative error of `64 n ε` in the worst case.
    ///
    /// # Errors
    /// [`Error::Input`] unless the matrix is square, finite, symmetric to 1e-12, and 1 on its diagonal to 1e-12, and
    /// for an entry beyond ±1: such a matrix is not positive semidefinite.
    pub fn from_correlation(correlation: ArrayView2<'_, f64>, distance: Distance) -> Result<Self> {
        square("correlation", correlation)?;
        for (asset, &value) in correlation.diag().iter().enumerate() {
            if !((value - 1.0).abs() <= 1e-12) {
                return Err(entry("correlation", (asset, asset), "1 on the diagonal", value));
            }
        }
        symmetric("correlation", correlation, 1e-12)?;
        let copy = |_: usize, values: ArrayView1<'_, f64>, out: &mut [f64]| {
            for (out, value) in out.iter_mut().zip(values) {
                *out = *value;
            }
        };
        Self::build(correlation, copy, distance)
    }

    /// Row by row, the part left of the diagonal; `correlate` turns a row of the matrix into correlations.
    fn build(
        matrix: ArrayView2<'_, f64>,
        correlate: impl Fn(usize, ArrayView1<'_, f64>, &mut [f64]),
        distance: Distance,
    ) -> Result<Self> {
        let n = matrix.nrows();
        let mut distances = vec![0.0; n * n];
        for (row, (out, values)) in distances.chunks_exact_mut(n.max(1)).zip(matrix.rows()).enumerate() {
            let out = &mut out[..row];
            correlate(row, values, out);
            let inside = out.iter().fold(true, |inside, rho| inside & (rho.abs() <= 1.0 + ROUNDING));
            if !inside {
                let beyond = out.iter().position(|rho| !(rho.abs() <= 1.0 + ROUNDING)).unwrap_or(0);
                return Err(entry("correlation", (row, beyond), "in [-1, 1]", out[beyond]));
            }
            for value in out {
                let gap = 1.0 - value.max(-1.0);
                *value = if gap <= ONE { 0.0 } else { (0.5 * gap).sqrt() };
            }
        }
        let shape = |error: ndarray::ShapeError| Error::invalid("distances", error.to_string());
        let distances = mirrored(Array2::from_shape_vec((n, n), distances).map_err(shape)?);
        match distance {
            Distance::Correlation => Ok(Self(distances)),
            Distance::EuclideanOfCorrelationDistance => Ok(Self(between_columns(distances.view())?)),
        }
    }

    /// From the coordinates of points, one a row: their Euclidean distances.
    ///
    /// # Errors
    /// [`Error::Input`] without points or coordinates and for a coordinate that is not finite.
    pub fn between_points(points: ArrayView2<'_, f64>) -> Result<Self> {
        Ok(Self(between_columns(points.t())?))
    }

    /// The matrix.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f64> {
        self.0.view()
    }

    /// Number of assets, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a distance matrix is never empty")]
    pub fn len(&self) -> usize {
        self.0.nrows()
    }
}

/// `1/σᵢ`, or which asset has no variance.
pub(super) fn inverse_volatilities(covariance: &Covariance) -> Result<Array1<f64>> {
    let variances = covariance.variances();
    match variances.iter().position(|v| !(*v > 0.0)) {
        None => Ok(variances.mapv(|v| 1.0 / v.sqrt())),
        Some(index) => {
            let (name, expected, value) = ("variances", "positive", variances[index]);
            Err(Core::ElementOutOfDomain { name, index, expected, value }.into())
        }
    }
}

/// Euclidean distances between the columns of a matrix.
fn between_columns(columns: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    // A common shift changes no distance, and without it every squared distance is a small difference of large norms.
    let Some(centre) = columns.mean_axis(Axis(1)) else {
        return Err(Core::Empty { name: "coordinates" }.into());
    };
    let centred = &columns - &centre.insert_axis(Axis(1));
    let products = linalg::gram(centred.view())?;
    let norms = products.diag().to_owned();
    // Points along memory, for the pairs that are computed anew.
    let points = centred.t().as_standard_layout().into_owned();
    let mut distances = Array2::zeros(products.dim());
    for (row, (mut out, products)) in distances.rows_mut().into_iter().zip(products.rows()).enumerate() {
        for column in 0..row {
            let sum = norms[row] + norms[column];
            let squared = sum - 2.0 * products[column];
            let sure = squared > CANCELLATION * sum;
            out[column] = if sure { squared.sqrt() } else { apart(points.row(row), points.row(column)) };
        }
    }
    Ok(mirrored(distances))
}

fn apart(first: ArrayView1<'_, f64>, second: ArrayView1<'_, f64>) -> f64 {
    Zip::from(first).and(second).fold(0.0, |sum, a, b| sum + (a - b) * (a - b)).sqrt()
}

/// Side of the square tiles in which a triangle is mirrored.
const TILE: usize = 16;

/// The symmetric matrix of a lower triangle.
fn mirrored(mut lower: Array2<f64>) -> Array2<f64> {
    let n = lower.nrows();
    // Tile by tile: writing a whole column at once would miss the cache at every entry.
    for (top, left) in (0..n).step_by(TILE).flat_map(|top| (0..=top).step_by(TILE).map(move |left| (top, left))) {
        for row in top..(top + TILE).min(n) {
            for column in left..(left + TILE).min(row) {
                lower[[column, row]] = lower[[row, column]];
            }
        }
    }
    lower
}

fn square(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<()> {
    let (expected, got) = matrix.dim();
    if expected == 0 {
        return Err(Core::Empty { name }.into());
    }
    if expected == got { Ok(()) } else { Err(Core::LengthMismatch { name, expected, got }.into()) }
}

fn symmetric(name: &'static str, matrix: ArrayView2<'_, f64>, slack: f64) -> Result<()> {
    for ((row, column), &value) in matrix.indexed_iter().filter(|((row, column), _)| column < row) {
        let difference = (value - matrix[[column, row]]).abs();
        if !value.is_finite() {
            return Err(entry(name, (row, column), "finite", value));
        }
        if !(difference <= slack) {
            return Err(Core::NotSymmetric { name, row, column, difference }.into());
        }
    }
    Ok(())
}

fn entry(name: &'static str, (row, column): (usize, usize), expected: &'static str, value: f64) -> Error {
    Core::EntryOutOfDomain { name, row: row.to_string(), column: column.to_string(), expected, value }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use testkit::close;

    #[test]
    fn correlation_distances_by_hand() {
        let rho = array![[1.0, 0.5, -1.0], [0.5, 1.0, 0.28], [-1.0, 0.28, 1.0]];
        let d = DistanceMatrix::from_correlation(rho.view(), Distance::Correlation).unwrap();
        assert_eq!(d.view(), array![[0.0, 0.5, 1.0], [0.5, 0.0, 0.6], [1.0, 0.6, 0.0]]);
        let dd = DistanceMatrix::from_correlation(rho.view(), Distance::EuclideanOfCorrelationDistance).unwrap();
        // Columns (0, .5, 1), (.5, 0, .6): differences −.5, .5, .4.
        close(dd.view()[[0, 1]], 0.66_f64.sqrt(), 1e-15);
        close(dd.view()[[2, 0]], (1.0 + 0.01 + 1.0_f64).sqrt(), 1e-15);
    }

    #[test]
    fn near_duplicates_keep_their_digits() {
        // Two points 1e-7 apart, the others 1 away: the product of columns alone would return about 1e-8 of noise.
        let points = array![[0.0, 0.0], [1e-7, 0.0], [1.0, 0.0], [0.0, 1.0]];
        let d = DistanceMatrix::between_points(points.view()).unwrap();
        assert!((d.view()[[0, 1]] / 1e-7 - 1.0).abs() < 1e-8);
    }

    #[test]
    fn rounding_beyond_one_is_one_and_more_is_refused() {
        let of =
            |rho: f64| DistanceMatrix::from_correlation(array![[1.0, rho], [rho, 1.0]].view(), Distance::Correlation);
        assert_eq!(of(1.0 + 1e-12).unwrap().view()[[0, 1]], 0.0);
        assert_eq!(of(1.0 - f64::EPSILON).unwrap().view()[[0, 1]], 0.0);
        assert_eq!(of(-1.0 - 1e-12).unwrap().view()[[0, 1]], 1.0);
        for bad in [1.0 + 1e-8, -1.001, f64::NAN, f64::INFINITY] {
            assert!(matches!(of(bad), Err(Error::Input(Core::EntryOutOfDomain { name: "correlation", .. }))), "{bad}");
        }
    }

    #[test]
    fn hostile_distances_are_refused() {
        let refused = |m: Array2<f64>| DistanceMatrix::new(m).unwrap_err();
        assert!(matches!(refused(Array2::zeros((0, 0))), Error::Input(Core::Empty { .. })));
        assert!(matches!(refused(Array2::zeros((2, 3))), Error::Input(Core::LengthMismatch { .. })));
        assert!(matches!(refused(array![[0.0, 1.0], [2.0, 0.0]]), Error::Input(Core::NotSymmetric { .. })));
        for (at, value) in [([0, 1], -1.0), ([0, 1], f64::NAN), ([1, 1], 1.0), ([0, 1], f64::INFINITY)] {
            let mut m = array![[0.0, 1.0], [1.0, 0.0]];
            m[at] = value;
            assert!(matches!(refused(m), Error::Input(Core::EntryOutOfDomain { .. })), "{value}");
        }
        let still = Covariance::new(array![[1.0, 0.0], [0.0, 0.0]]).unwrap();
        assert!(matches!(
            DistanceMatrix::of(&still, Distance::Correlation),
            Err(Error::Input(Core::ElementOutOfDomain { name: "variances", index: 1, .. }))
        ));
    }
}
