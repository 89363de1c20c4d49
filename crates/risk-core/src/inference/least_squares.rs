use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check, linalg};

mod errors;
mod regression;
#[cfg(test)]
mod tests;

pub use errors::StandardErrors;
pub use regression::{Regression, RegressionSummary, WaldTest};

const NAME: &str = "regression";

/// Whether a regression has a constant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intercept {
    /// A column of ones before the regressors; its coefficient is the first.
    #[default]
    Included,
    /// None: R² is about zero, not about the mean.
    Excluded,
}

/// Regression by ordinary least squares.
///
/// ```text
/// y = X β + e      β̂ = (X'X)⁻¹ X'y
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `intercept` | included | whether `X` starts with a column of ones |
/// | `names` | `"0"`, `"1"`, … | what the regressors are called in results and errors |
///
/// Standard errors are a choice of the reader, not of the fit: see [`StandardErrors`].
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{LeastSquares, StandardErrors};
/// use ndarray::array;
///
/// let market = array![[0.01], [-0.02], [0.03], [0.00], [-0.01]];
/// let fund = array![0.012, -0.016, 0.026, 0.001, -0.008];
/// let fit = LeastSquares::default().with_names(["market"]).fit(market.view(), fund.view())?;
/// let beta = fit.coefficient(1, StandardErrors::Hc1)?;
/// assert!((beta.value - 0.85811).abs() < 1e-5 && beta.p_value < 0.01);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LeastSquares {
    /// Whether there is a constant.
    pub intercept: Intercept,
    /// Names of the regressors, without the constant; empty for their positions.
    pub names: Vec<String>,
}

impl LeastSquares {
    /// With or without a constant.
    #[must_use]
    pub fn new(intercept: Intercept) -> Self {
        Self { intercept, names: Vec::new() }
    }

    /// With names of the regressors, one a column.
    #[must_use]
    pub fn with_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// The regression of `response`, shape `(n,)`, on `regressors`, shape `(n, k)`, one row an observation.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`], [`Error::ElementOutOfDomain`] for inputs that are empty or not
    ///   finite; [`Error::LengthMismatch`] when the lengths differ or there is not one name a regressor.
    /// - [`Error::InsufficientData`] unless there are more observations than coefficients.
    /// - [`Error::Collinear`] with the name of the first regressor that is a combination of the constant and the
    ///   regressors before it to working precision.
    ///
    /// # Source
    /// Greene (2018), *Econometric Analysis*, chapters 3 and 4.
    pub fn fit(&self, regressors: ArrayView2<'_, f64>, response: ArrayView1<'_, f64>) -> Result<Regression> {
        check::finite_matrix("regressors", regressors)?;
        check::finite("response", response)?;
        let (n, regressor_count) = regressors.dim();
        check::length("response", n, response.len())?;
        let terms = self.terms(regressor_count)?;
        check::enough(NAME, terms.len() + 1, n)?;
        let design = match self.intercept {
            Intercept::Excluded => regressors.to_owned(),
            Intercept::Included => concatenate(Axis(1), &[Array2::ones((n, 1)).view(), regressors])
                .map_err(|_| Error::LengthMismatch { name: "regressors", expected: n, got: regressors.nrows() })?,
        };
        let solved = linalg::least_squares(design.view(), response).map_err(|error| match error {
            Error::Singular { .. } => dependent(design.view(), &terms),
            other => other,
        })?;
        Regression::new(self.intercept, terms, design, response, &solved)
    }

    /// Names of the coefficients.
    fn terms(&self, regressors: usize) -> Result<Vec<String>> {
        let names: Vec<String> = if self.names.is_empty() {
            (0..regressors).map(|index| index.to_string()).collect()
        } else {
            check::length("names of the regressors", regressors, self.names.len())?;
            check::unique("regressor", self.names.iter().map(String::as_str))?;
            self.names.clone()
        };
        let constant = (self.intercept == Intercept::Included).then(|| CONSTANT.to_owned());
        Ok(constant.into_iter().chain(names).collect())
    }
}

/// What the constant is called.
const CONSTANT: &str = "constant";

/// Looks for the column that made a design singular: the one that the others before it leave least of.
fn dependent(design: ArrayView2<'_, f64>, terms: &[String]) -> Error {
    let mut basis: Vec<Array1<f64>> = Vec::new();
    let mut worst = (f64::INFINITY, 0);
    for (index, column) in design.columns().into_iter().enumerate() {
        let largest = column.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        if largest == 0.0 {
            worst = (0.0, index);
            break;
        }
        let mut rest = column.mapv(|v| v / largest);
        let length = rest.dot(&rest).sqrt();
        // Twice is enough to be orthogonal to rounding.
        for _ in 0..2 {
            for direction in &basis {
                let along = direction.dot(&rest);
                rest.scaled_add(-along, direction);
            }
        }
        let left = rest.dot(&rest).sqrt();
        if left / length < worst.0 {
            worst = (left / length, index);
        }
        if left > 0.0 {
            basis.push(rest / left);
        }
    }
    Error::Collinear { name: "regressors", column: terms.get(worst.1).cloned().unwrap_or_default() }
}
