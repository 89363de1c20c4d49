use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::{Failure, backend, gram, normalizer};
use crate::{Error, Result, check};

/// A least squares fit, made by [`least_squares`].
#[derive(Debug, Clone, PartialEq)]
pub struct LeastSquares {
    coefficients: Array1<f64>,
    residuals: Array1<f64>,
    /// `R⁻'`, the inverse of the transposed triangular factor of the regressors.
    inverse_factor: Array2<f64>,
}

/// Coefficients that bring `X β` closest to `y`.
///
/// ```text
/// min ‖y − X β‖²      X = Q R,  R β = Q'y
/// ```
///
/// | argument | shape | |
/// |---|---|---|
/// | `regressors` | `(m, n)` | one row an observation; a constant is a column of ones |
/// | `response` | `(m,)` | |
///
/// # Errors
/// - [`Error::Empty`], [`Error::EntryOutOfDomain`], [`Error::ElementOutOfDomain`] for inputs that are
///   empty or not finite; [`Error::LengthMismatch`] when the lengths differ.
/// - [`Error::InsufficientData`] with fewer observations than regressors.
/// - [`Error::Singular`] when a regressor is a combination of the ones before it to working
///   precision: its distance from their span is at most `m ε` of its length.
///
/// # Source
/// Golub and Van Loan (2013), *Matrix Computations*, §5.3, by Householder reflections.
///
/// # Examples
/// ```
/// use alluse_risk_core::linalg::least_squares;
/// use ndarray::array;
///
/// let line = least_squares(array![[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]].view(), array![1.0, 2.0, 6.0].view())?;
/// assert!((line.coefficients()[0] - 0.5).abs() < 1e-14 && (line.coefficients()[1] - 2.5).abs() < 1e-14);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn least_squares(regressors: ArrayView2<'_, f64>, response: ArrayView1<'_, f64>) -> Result<LeastSquares> {
    const NAME: &str = "regressors";
    check::finite_matrix(NAME, regressors)?;
    check::finite("response", response)?;
    let (m, n) = regressors.dim();
    check::length("response", m, response.len())?;
    check::enough("least squares", n, m)?;

    // Columns of like size make the test for dependence free of units.
    let scales: Array1<f64> = regressors
        .columns()
        .into_iter()
        .map(|column| normalizer(column.iter().fold(0.0_f64, |a, v| a.max(v.abs()))))
        .collect();
    let scaled = &regressors * &scales;
    let lengths = scaled.map_axis(Axis(0), |column| column.dot(&column).sqrt());
    let failed = |failure: Failure| failure.named(NAME, n);
    if lengths.iter().any(|length| *length <= 0.0) {
        return Err(failed(Failure::Dependent));
    }
    let (q, r) = backend::qr(scaled.view()).map_err(failed)?;
    let noise = m as f64 * f64::EPSILON;
    if r.diag().iter().zip(&lengths).any(|(pivot, length)| pivot.abs() <= noise * length || pivot.is_nan()) {
        return Err(failed(Failure::Dependent));
    }
    let mut inverse_factor = backend::solve_lower(r.t(), Array2::eye(n)).map_err(failed)?;
    let projected = q.t().dot(&response).insert_axis(Axis(1));
    let solved = backend::solve_lower_transposed(r.t(), projected).map_err(failed)?;
    let coefficients = solved.remove_axis(Axis(1)) * &scales;
    let residuals = &response - &regressors.dot(&coefficients);
    inverse_factor *= &scales;
    if coefficients.iter().chain(&residuals).chain(&inverse_factor).all(|v| v.is_finite()) {
        Ok(LeastSquares { coefficients, residuals, inverse_factor })
    } else {
        Err(Error::Singular { name: NAME })
    }
}

impl LeastSquares {
    /// One coefficient a regressor.
    #[must_use]
    pub fn coefficients(&self) -> ArrayView1<'_, f64> {
        self.coefficients.view()
    }

    /// Response minus fitted value, one an observation.
    #[must_use]
    pub fn residuals(&self) -> ArrayView1<'_, f64> {
        self.residuals.view()
    }

    /// Sum of the squared residuals.
    #[must_use]
    pub fn residual_sum_of_squares(&self) -> f64 {
        self.residuals.dot(&self.residuals)
    }

    /// `(X'X)⁻¹`; times the residual variance it is the classical covariance of the coefficients.
    ///
    /// # Errors
    /// [`Error::EntryOutOfDomain`] when an entry overflows.
    pub fn inverse_gram(&self) -> Result<Array2<f64>> {
        gram(self.inverse_factor.view())
    }
}
