//! Estimators of scatter that a few wild returns do not move far.

mod student_t;
mod tyler;

pub use student_t::{DegreesOfFreedom, DegreesOfFreedomStatus, MultivariateStudentT, StudentTScatter};
pub use tyler::{ScatterCentre, ScatterScale, TylerFit, TylerScatter};

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::covariance::spectral;
use crate::linalg::{Cholesky, gram};
use crate::{Error, Result};

/// A scatter by its Cholesky factor, and rows seen in its units.
struct Whitened {
    factor: Cholesky,
    /// Squared Mahalanobis lengths of the rows.
    lengths: Array1<f64>,
}

impl Whitened {
    fn new(scatter: ArrayView2<'_, f64>, rows: ArrayView2<'_, f64>) -> Result<Self> {
        let factor = Cholesky::named("scatter", scatter)?;
        let whitened = factor.solve_lower(rows.t())?;
        Ok(Self { factor, lengths: whitened.map_axis(Axis(0), |column| column.dot(&column)) })
    }

    /// `‖L⁻¹ N L⁻ᵀ − I‖ / √p`: how far the next scatter is from this one, the same in all directions and
    /// units. A scatter on its way to a singular one shrinks by the same factor at every step: this sees it,
    /// a difference of entries would not.
    fn change_to(&self, next: ArrayView2<'_, f64>) -> Result<f64> {
        let half = self.factor.solve_lower(next)?;
        let mut ratio = self.factor.solve_lower(half.t())?;
        ratio.diag_mut().mapv_inplace(|v| v - 1.0);
        Ok(spectral::frobenius(ratio.iter()) / (next.nrows() as f64).sqrt())
    }
}

/// `Σ wᵢ xᵢ xᵢ'`.
fn weighted_products(rows: ArrayView2<'_, f64>, weights: ArrayView1<'_, f64>) -> Result<Array2<f64>> {
    gram((&rows * &weights.mapv(f64::sqrt).insert_axis(Axis(1))).view())
}

/// The middle value; the mean of the two middle ones of an even number.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if even { 0.5 * below.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 0.5 * upper } else { upper }
}

fn tolerance(value: f64) -> Result<f64> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(Error::OutOfDomain { name: "tolerance", expected: "in (0, 1)", value })
    }
}

#[cfg(test)]
mod tests;
