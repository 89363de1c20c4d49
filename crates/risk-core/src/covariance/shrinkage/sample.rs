//! Centred returns and their second moments, in units in which fourth powers are safe.

use ndarray::{Array2, ArrayView1, ArrayView2, aview1};

use crate::Result;
use crate::covariance::estimate::{centred, column_means};
use crate::covariance::spectral;
use crate::sum::compensated;

/// Variances between which fourth powers neither overflow nor vanish.
const SAFE: std::ops::Range<f64> = 1e-60..1e60;

/// What targets and intensities are made of.
#[derive(Debug)]
pub(super) struct Sample {
    /// Returns less their means, dates × assets, columns along memory.
    pub(super) deviations: Array2<f64>,
    /// Second moments with divisor `n`.
    pub(super) moments: Array2<f64>,
    /// `n / (n − ddof)`: what turns the moments into the sample covariance.
    pub(super) inflation: f64,
    /// What one unit of the moments is worth.
    unit: f64,
}

impl Sample {
    /// Of returns that are finite, more than `ddof` of them.
    pub(super) fn new(returns: ArrayView2<'_, f64>, ddof: usize) -> Result<Self> {
        let n = returns.nrows();
        let mut deviations = centred(returns, column_means(returns).view());
        let mut moments = spectral::gram(deviations.view())? / n as f64;
        let largest = moments.diag().iter().fold(0.0_f64, |a, v| a.max(*v));
        let mut unit = 1.0;
        if largest > 0.0 && !SAFE.contains(&largest) {
            // An even power of two, so that its root is exact too.
            let half = (libm::ilogb(largest) / 2).clamp(-500, 500);
            deviations *= libm::ldexp(1.0, -half);
            moments = spectral::gram(deviations.view())? / n as f64;
            unit = libm::ldexp(1.0, 2 * half);
        }
        Ok(Self { deviations, moments, inflation: n as f64 / (n - ddof) as f64, unit })
    }

    pub(super) fn observations(&self) -> f64 {
        self.deviations.nrows() as f64
    }

    pub(super) fn assets(&self) -> f64 {
        self.deviations.ncols() as f64
    }

    /// A matrix made of the moments, in the units of the returns.
    pub(super) fn in_units(&self, mut matrix: Array2<f64>) -> Array2<f64> {
        if (self.unit - 1.0).abs() > 0.0 {
            matrix *= self.unit;
        }
        matrix
    }

    /// For every date the sum over assets of a term of the deviation; `term` makes it for an asset.
    pub(super) fn across<F: Fn(f64) -> f64>(&self, term: impl Fn(usize) -> F) -> Vec<f64> {
        let mut sums = vec![0.0; self.deviations.nrows()];
        // Assets outside, dates inside: that is how the deviations lie in memory.
        for (asset, column) in self.deviations.columns().into_iter().enumerate() {
            let term = term(asset);
            sums.iter_mut().zip(column).for_each(|(sum, x)| *sum += term(*x));
        }
        sums
    }

    /// For every asset the mean over dates of a term of the date's `given` and its deviation.
    pub(super) fn along(&self, given: &[f64], term: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let n = self.observations();
        // Terms first, sum second: both loops then run in lanes.
        let mut terms = vec![0.0; given.len()];
        let mean = |column: ArrayView1<'_, f64>| {
            terms.iter_mut().zip(given).zip(column).for_each(|((slot, g), x)| *slot = term(*g, *x));
            aview1(&terms).sum() / n
        };
        self.deviations.columns().into_iter().map(mean).collect()
    }

    /// Mean over dates.
    pub(super) fn mean(&self, values: impl IntoIterator<Item = f64>) -> f64 {
        compensated(values) / self.observations()
    }
}

/// Sum of the squared entries.
pub(super) fn squares(matrix: ArrayView2<'_, f64>) -> f64 {
    compensated(matrix.rows().into_iter().map(|row| row.dot(&row)))
}
