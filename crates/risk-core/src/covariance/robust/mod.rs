//! Estimators of scatter that a few wild returns do not move far.

mod student_t;
mod tyler;

pub use student_t::{DegreesOfFreedom, DegreesOfFreedomStatus, MultivariateStudentT, StudentTScatter};
pub use tyler::{ScatterCentre, ScatterScale, TylerFit, TylerScatter};

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::linalg::{Cholesky, gram};
use crate::{Error, Result};

/// Squared Mahalanobis lengths of the rows, and the log-determinant of the scatter.
fn distances(scatter: ArrayView2<'_, f64>, rows: ArrayView2<'_, f64>) -> Result<(Array1<f64>, f64)> {
    let factor = Cholesky::named("scatter", scatter)?;
    let whitened = factor.solve_lower(rows.t())?;
    Ok((whitened.map_axis(Axis(0), |column| column.dot(&column)), factor.log_determinant()))
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
