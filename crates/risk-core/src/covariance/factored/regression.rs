use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::{FactorCovariance, FactorRegressionEstimate, ResidualFloor};
use crate::covariance::SampleCovariance;
use crate::covariance::estimate::column_means;
use crate::linalg::least_squares;
use crate::{Error, Result, check};

/// What is taken from the number of observations in the divisor of a residual variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResidualDdof {
    /// The number of regressors, `K + 1`: unbiased.
    #[default]
    Regressors,
    /// This number. With the `ddof` of the factors, the model has exactly the sample variances.
    Given(usize),
}

/// A factor covariance by least squares of each asset on given factor returns, with a constant.
///
/// ```text
/// rᵢₜ = αᵢ + Bᵢ fₜ + eᵢₜ      F = cov(f)      Dᵢ = Σₜ eᵢₜ² / (T − ddof)
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `factor_ddof` | 1 | taken from `T` in the divisor of `F` | below `T` |
/// | `residual_ddof` | `K + 1` | taken from `T` in the divisor of `D` | below `T` |
/// | `floor` | refuse | what happens to a residual variance of zero | |
///
/// Residuals of different assets count as uncorrelated.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::FactorRegression;
/// use ndarray::array;
///
/// // 1 % + twice the market + an error that neither explains.
/// let market = array![[0.00], [0.01], [0.02], [0.03]];
/// let returns = array![[0.011], [0.029], [0.049], [0.071]];
/// let fitted = FactorRegression::default().estimate(returns.view(), market.view())?;
/// assert!((fitted.intercepts[0] - 0.01).abs() < 1e-15);
/// assert!((fitted.covariance.loadings()[[0, 0]] - 2.0).abs() < 1e-13);
/// assert!((fitted.covariance.residual_variances()[0] - 4e-6 / 2.0).abs() < 1e-18);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FactorRegression {
    factor_ddof: usize,
    residual_ddof: ResidualDdof,
    floor: ResidualFloor,
}

impl Default for FactorRegression {
    fn default() -> Self {
        Self { factor_ddof: 1, residual_ddof: ResidualDdof::default(), floor: ResidualFloor::default() }
    }
}

impl FactorRegression {
    /// With the divisor `T − ddof` for the factors' covariance.
    #[must_use]
    pub fn with_factor_ddof(mut self, ddof: usize) -> Self {
        self.factor_ddof = ddof;
        self
    }

    /// With another divisor for the residual variances.
    #[must_use]
    pub fn with_residual_ddof(mut self, ddof: ResidualDdof) -> Self {
        self.residual_ddof = ddof;
        self
    }

    /// With another policy for residual variances of zero.
    #[must_use]
    pub fn with_floor(mut self, floor: ResidualFloor) -> Self {
        self.floor = floor;
        self
    }

    /// The model from returns `(T, N)` and factor returns `(T, K)` of the same dates.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for returns that are not finite,
    ///   [`Error::LengthMismatch`] unless both have `T` rows.
    /// - [`Error::InsufficientData`] with fewer than `K + 2` observations or not more than a `ddof`.
    /// - [`Error::Singular`] when a factor is a combination of the others and a constant.
    /// - [`Error::ElementOutOfDomain`] for a residual variance that the policy refuses, [`Error::OutOfDomain`]
    ///   for a floor that is not a share or a variance.
    pub fn estimate(
        &self,
        returns: ArrayView2<'_, f64>,
        factors: ArrayView2<'_, f64>,
    ) -> Result<FactorRegressionEstimate> {
        check::finite_matrix("returns", returns)?;
        check::finite_matrix("factors", factors)?;
        let (t, k) = factors.dim();
        check::length("returns", t, returns.nrows())?;
        let ddof = match self.residual_ddof {
            ResidualDdof::Regressors => k + 1,
            ResidualDdof::Given(ddof) => ddof,
        };
        check::enough("factor regression", (k + 2).max(ddof.saturating_add(1)), t)?;
        let factor_covariance = SampleCovariance::new(self.factor_ddof).covariance(factors)?;
        let fit = Fit::new(returns, factors)?;
        let divisor = t - ddof;
        let residuals = &fit.residual_squares / divisor as f64;
        let variances = &fit.total_squares / divisor as f64;
        let (residuals, raised) = self.floor.apply(residuals, &variances)?;
        let r_squared = fit.residual_squares.iter().zip(&fit.total_squares);
        Ok(FactorRegressionEstimate {
            covariance: FactorCovariance::new(fit.loadings, factor_covariance, residuals)?,
            intercepts: fit.intercepts.to_vec(),
            r_squared: r_squared.map(|(e, y)| (*y > 0.0).then(|| 1.0 - e / y)).collect(),
            observations: t,
            residual_degrees_of_freedom: divisor,
            raised,
        })
    }
}

struct Fit {
    loadings: Array2<f64>,
    intercepts: Array1<f64>,
    residual_squares: Array1<f64>,
    total_squares: Array1<f64>,
}

impl Fit {
    fn new(returns: ArrayView2<'_, f64>, factors: ArrayView2<'_, f64>) -> Result<Self> {
        let ((t, k), n) = (factors.dim(), returns.ncols());
        let mut design = Array2::ones((t, k + 1));
        design.columns_mut().into_iter().skip(1).zip(factors.columns()).for_each(|(mut to, from)| to.assign(&from));
        let mut fit = Self {
            loadings: Array2::zeros((n, k)),
            intercepts: Array1::zeros(n),
            residual_squares: Array1::zeros(n),
            total_squares: Array1::zeros(n),
        };
        let means = column_means(returns);
        for (asset, column) in returns.columns().into_iter().enumerate() {
            let line = least_squares(design.view(), column)?;
            let (intercept, slopes) = line.coefficients().split_at(Axis(0), 1);
            fit.intercepts[asset] = intercept[0];
            fit.loadings.row_mut(asset).assign(&slopes);
            fit.total_squares[asset] = column.iter().map(|r| (r - means[asset]).powi(2)).sum();
            // Rounding of the fit leaves residuals where there are none.
            let left = line.residual_sum_of_squares();
            fit.residual_squares[asset] = if fit.total_squares[asset] > 0.0 { left } else { 0.0 };
        }
        if fit.residual_squares.iter().chain(&fit.total_squares).all(|v| v.is_finite()) {
            Ok(fit)
        } else {
            Err(Error::Overflow { name: "variance of a factor model" })
        }
    }
}
