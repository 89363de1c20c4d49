use std::f64::consts::PI;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::{Intercept, NAME, StandardErrors};
use crate::inference::StudentEstimate;
use crate::sum::compensated;
use crate::{Error, Result, check, linalg};

/// A fitted regression: [`LeastSquares::fit`](super::LeastSquares::fit).
///
/// `n` observations, `k` coefficients with the constant first, residuals `e`.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    intercept: Intercept,
    terms: Vec<String>,
    design: Array2<f64>,
    response: Array1<f64>,
    coefficients: Array1<f64>,
    residuals: Array1<f64>,
    inverse_gram: Array2<f64>,
    /// `n xₜ'(X'X)⁻¹ eₜ`: the coefficients are, to first order, the mean of these above the truth.
    influences: Array2<f64>,
    residual_squares: f64,
}

/// What a report says about a regression: [`Regression::summary`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegressionSummary {
    /// Names of the coefficients, the constant first.
    pub terms: Vec<String>,
    /// The coefficients with their errors, in the same order.
    pub coefficients: Vec<StudentEstimate>,
    /// What the errors allow for.
    pub standard_errors: StandardErrors,
    /// Observations.
    pub observations: usize,
    /// See [`Regression::r_squared`].
    pub r_squared: f64,
    /// See [`Regression::adjusted_r_squared`].
    pub adjusted_r_squared: f64,
    /// See [`Regression::residual_volatility`].
    pub residual_volatility: f64,
    /// See [`Regression::log_likelihood`].
    pub log_likelihood: f64,
    /// See [`Regression::durbin_watson`].
    pub durbin_watson: f64,
    /// See [`Regression::condition_number`].
    pub condition_number: f64,
}

/// A test that several coefficients are zero together: [`Regression::joint_test`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WaldTest {
    /// `b'V⁻¹b/q`.
    pub f_statistic: f64,
    /// Coefficients tested.
    pub restrictions: usize,
    /// `n − k`.
    pub degrees_of_freedom: usize,
    /// Probability that an F variable exceeds the statistic.
    pub p_value: f64,
}

impl Regression {
    pub(super) fn new(
        intercept: Intercept,
        terms: Vec<String>,
        design: Array2<f64>,
        response: ArrayView1<'_, f64>,
        solved: &linalg::LeastSquares,
    ) -> Result<Self> {
        let inverse_gram = solved.inverse_gram()?;
        let residuals = solved.residuals().to_owned();
        let n = design.nrows() as f64;
        let mut influences = design.dot(&inverse_gram);
        influences.rows_mut().into_iter().zip(&residuals).for_each(|(mut row, e)| row *= n * e);
        check::finite_matrix("influences", influences.view())?;
        let residual_squares = compensated(residuals.iter().map(|e| e * e));
        let coefficients = solved.coefficients().to_owned();
        let response = response.to_owned();
        Ok(Self {
            intercept,
            terms,
            design,
            response,
            coefficients,
            residuals,
            inverse_gram,
            influences,
            residual_squares,
        })
    }

    /// Names of the coefficients: `"constant"` first where there is one.
    #[must_use]
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// The coefficients, in the order of the terms.
    #[must_use]
    pub fn coefficients(&self) -> ArrayView1<'_, f64> {
        self.coefficients.view()
    }

    /// Response minus fitted value, one an observation.
    #[must_use]
    pub fn residuals(&self) -> ArrayView1<'_, f64> {
        self.residuals.view()
    }

    /// `X β̂`.
    #[must_use]
    pub fn fitted(&self) -> Array1<f64> {
        &self.response - &self.residuals
    }

    /// Number of observations n.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.residuals.len()
    }

    /// `n − k`.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> usize {
        self.observations() - self.terms.len()
    }

    /// What each observation adds to the coefficients, times n: shape `(n, k)`, column means zero. The variance of a
    /// coefficient is the long-run variance of its column over n.
    #[must_use]
    pub fn influences(&self) -> ArrayView2<'_, f64> {
        self.influences.view()
    }

    /// A coefficient by position, with its standard error and t test.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a position that does not exist, and those of [`combination`](Self::combination).
    pub fn coefficient(&self, index: usize, errors: StandardErrors) -> Result<StudentEstimate> {
        self.position(index)?;
        let error = match errors {
            StandardErrors::Classical => self.residual_volatility()? * self.inverse_gram[[index, index]].sqrt(),
            _ => self.measured(errors, self.influences.column(index))?,
        };
        StudentEstimate::new(self.coefficients[index], error, self.degrees_of_freedom() as f64)
    }

    /// A weighted sum of the coefficients, with its standard error and t test; the degrees of freedom are `n − k` for
    /// every kind of error, which is wider than the normal and what R's `coeftest` does.
    ///
    /// # Errors
    /// - [`Error::LengthMismatch`], [`Error::ElementOutOfDomain`] unless there is one finite weight a coefficient.
    /// - [`Error::Undefined`] when the regressors fit the response exactly, or the error is zero.
    /// - [`Error::InsufficientData`] with fewer observations than lags, [`Error::OutOfDomain`] for a bandwidth that
    ///   is not positive.
    pub fn combination(&self, weights: ArrayView1<'_, f64>, errors: StandardErrors) -> Result<StudentEstimate> {
        check::finite("weights of the coefficients", weights)?;
        check::length("weights of the coefficients", self.terms.len(), weights.len())?;
        let error = match errors {
            StandardErrors::Classical => {
                self.residual_volatility()? * weights.dot(&self.inverse_gram.dot(&weights)).max(0.0).sqrt()
            }
            _ => self.measured(errors, self.influences.dot(&weights).view())?,
        };
        StudentEstimate::new(weights.dot(&self.coefficients), error, self.degrees_of_freedom() as f64)
    }

    fn measured(&self, errors: StandardErrors, influences: ArrayView1<'_, f64>) -> Result<f64> {
        self.inexact()?;
        errors.of_influences(influences, self.terms.len())
    }

    /// Covariance of the coefficients, shape `(k, k)`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for [`StandardErrors::Hac`], whose bandwidth belongs to one coefficient;
    /// [`Error::Undefined`] when the regressors fit the response exactly; [`Error::InsufficientData`] with fewer
    /// observations than lags.
    pub fn covariance(&self, errors: StandardErrors) -> Result<Array2<f64>> {
        let volatility = self.residual_volatility()?;
        match errors {
            StandardErrors::Classical => Ok(&self.inverse_gram * (volatility * volatility)),
            _ => errors.covariance(self.influences.view(), self.terms.len()),
        }
    }

    /// Whether the coefficients at these positions are zero together.
    ///
    /// ```text
    /// F = b'V⁻¹b/q      b the q coefficients, V their covariance; F(q, n − k) when they are zero
    /// ```
    ///
    /// # Errors
    /// [`Error::Empty`] without positions, [`Error::OutOfDomain`] for one that does not exist, those of
    /// [`covariance`](Self::covariance), and [`Error::NotPositiveDefinite`] when V cannot be inverted, as when a
    /// position is given twice.
    pub fn joint_test(&self, positions: &[usize], errors: StandardErrors) -> Result<WaldTest> {
        if positions.is_empty() {
            return Err(Error::Empty { name: "positions" });
        }
        positions.iter().try_for_each(|&index| self.position(index))?;
        let covariance = self.covariance(errors)?;
        let part = covariance.select(Axis(0), positions).select(Axis(1), positions);
        let b = self.coefficients.select(Axis(0), positions);
        let (q, d) = (positions.len(), self.degrees_of_freedom());
        let f_statistic = b.dot(&linalg::solve_positive_definite(part.view(), b.view())?) / q as f64;
        if !f_statistic.is_finite() {
            return Err(Error::Overflow { name: "Wald statistic" });
        }
        let place = d as f64 / (d as f64 + q as f64 * f_statistic.max(0.0));
        let p_value = beta_reg(0.5 * d as f64, 0.5 * q as f64, place);
        Ok(WaldTest { f_statistic, restrictions: q, degrees_of_freedom: d, p_value })
    }

    /// `1 − e'e/S`, S the squares of the response about its mean, or about zero without a constant.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a constant response, or one of zeros without a constant.
    pub fn r_squared(&self) -> Result<f64> {
        Ok(1.0 - self.residual_squares / self.total_squares()?)
    }

    /// `1 − (1 − R²) m/(n − k)`, m being n − 1, or n without a constant.
    ///
    /// # Errors
    /// As [`r_squared`](Self::r_squared).
    pub fn adjusted_r_squared(&self) -> Result<f64> {
        let whole = self.observations() - usize::from(self.intercept == Intercept::Included);
        Ok(1.0 - (1.0 - self.r_squared()?) * whole as f64 / self.degrees_of_freedom() as f64)
    }

    /// `√(e'e/(n − k))`, in units of the response.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the regressors fit the response exactly: what is left is rounding.
    pub fn residual_volatility(&self) -> Result<f64> {
        self.inexact()?;
        Ok((self.residual_squares / self.degrees_of_freedom() as f64).sqrt())
    }

    /// Of normal errors with variance `e'e/n`: `−n/2 (ln(2π e'e/n) + 1)`.
    ///
    /// # Errors
    /// As [`residual_volatility`](Self::residual_volatility).
    pub fn log_likelihood(&self) -> Result<f64> {
        self.inexact()?;
        let n = self.observations() as f64;
        Ok(-0.5 * n * (libm::log(2.0 * PI * self.residual_squares / n) + 1.0))
    }

    /// `Σ (eₜ − eₜ₋₁)²/e'e`: near 2 without autocorrelation, below with a positive one.
    ///
    /// # Errors
    /// As [`residual_volatility`](Self::residual_volatility).
    pub fn durbin_watson(&self) -> Result<f64> {
        self.inexact()?;
        let steps = self.residuals.iter().skip(1).zip(&self.residuals).map(|(now, last)| (now - last) * (now - last));
        Ok(compensated(steps) / self.residual_squares)
    }

    /// Largest over smallest singular value of the regressors with the constant, unscaled.
    ///
    /// # Errors
    /// [`Error::NotConverged`] when the eigenvalue iteration gives up.
    pub fn condition_number(&self) -> Result<f64> {
        // The smallest value from the inverse, where it is the largest: squaring does not lose it there.
        let largest = |matrix: ArrayView2<'_, f64>| -> Result<f64> {
            Ok(linalg::symmetric_eigenvalues(matrix)?.iter().fold(0.0_f64, |a, v| a.max(*v)))
        };
        let gram = linalg::gram(self.design.view())?;
        Ok((largest(gram.view())?.sqrt()) * largest(self.inverse_gram.view())?.sqrt())
    }

    /// Everything a report prints.
    ///
    /// # Errors
    /// Those of the parts.
    pub fn summary(&self, errors: StandardErrors) -> Result<RegressionSummary> {
        Ok(RegressionSummary {
            terms: self.terms.clone(),
            coefficients: (0..self.terms.len()).map(|index| self.coefficient(index, errors)).collect::<Result<_>>()?,
            standard_errors: errors,
            observations: self.observations(),
            r_squared: self.r_squared()?,
            adjusted_r_squared: self.adjusted_r_squared()?,
            residual_volatility: self.residual_volatility()?,
            log_likelihood: self.log_likelihood()?,
            durbin_watson: self.durbin_watson()?,
            condition_number: self.condition_number()?,
        })
    }

    fn position(&self, index: usize) -> Result<()> {
        if index < self.terms.len() {
            return Ok(());
        }
        Err(Error::OutOfDomain {
            name: "position of a coefficient",
            expected: "below their number",
            value: index as f64,
        })
    }

    fn total_squares(&self) -> Result<f64> {
        let reason = match self.intercept {
            Intercept::Included => "the response is constant",
            Intercept::Excluded => "the response is zero",
        };
        let undefined = Err(Error::Undefined { name: "R²", reason });
        let level = match self.intercept {
            Intercept::Included => crate::sum::mean(self.response.iter()),
            Intercept::Excluded => 0.0,
        };
        let first = self.response[0];
        if self.intercept == Intercept::Included && self.response.iter().all(|y| y.total_cmp(&first).is_eq()) {
            return undefined;
        }
        let total = compensated(self.response.iter().map(|y| (y - level) * (y - level)));
        if total > 0.0 { Ok(total) } else { undefined }
    }

    /// Refuses residuals that are nothing but rounding.
    fn inexact(&self) -> Result<()> {
        let rounding = 8.0 * self.terms.len() as f64 * f64::EPSILON * self.response.dot(&self.response).sqrt();
        if self.residual_squares.sqrt() > rounding {
            Ok(())
        } else {
            Err(Error::Undefined { name: NAME, reason: "the regressors fit the response exactly" })
        }
    }
}
