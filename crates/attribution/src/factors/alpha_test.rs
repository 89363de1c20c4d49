use alluse_risk_core::inference::LeastSquares;
use alluse_risk_core::{Error as Input, linalg, moments};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use crate::{Result, check};

const NAME: &str = "test of the alphas";

/// Whether the alphas of several portfolios are zero together: [`grs_test`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrsTest {
    /// Alpha of each portfolio per period.
    pub alphas: Vec<f64>,
    /// The F statistic.
    pub f_statistic: f64,
    /// N and T − N − K.
    pub degrees_of_freedom: (usize, usize),
    /// Probability of a larger statistic when all alphas are zero.
    pub p_value: f64,
}

/// The test of Gibbons, Ross and Shanken that the factors price all portfolios.
///
/// ```text
/// F = (T − N − K)/N · α'Σ⁻¹α / (1 + μ'Ω⁻¹μ)      F(N, T − N − K)
/// ```
///
/// `returns`, shape `(T, N)`, in excess of cash; `factors`, shape `(T, K)`. Σ and Ω are the covariances of residuals
/// and factors with divisor T, μ the factor means. Exact for normal errors that are independent over time.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input): empty or not finite inputs, lengths that differ;
/// [`InsufficientData`](Input::InsufficientData) unless `T > N + K`; [`Collinear`](Input::Collinear) for a factor that
/// others replicate; [`NotPositiveDefinite`](Input::NotPositiveDefinite) when a portfolio is a mix of others.
///
/// # Source
/// Gibbons, Ross and Shanken (1989), "A test of the efficiency of a given portfolio".
pub fn grs_test(returns: ArrayView2<'_, f64>, factors: ArrayView2<'_, f64>) -> Result<GrsTest> {
    check::finite_matrix("returns", returns)?;
    check::finite_matrix("factor returns", factors)?;
    check::length("periods of the factor returns", returns.nrows(), factors.nrows())?;
    let ((periods, portfolios), count) = (returns.dim(), factors.ncols());
    if portfolios == 0 {
        return Err(Input::Empty { name: "returns" }.into());
    }
    check::enough(NAME, portfolios + count + 1, periods)?;
    let mut residuals = Array2::zeros((periods, portfolios));
    let mut alphas = Array1::zeros(portfolios);
    for (j, column) in returns.columns().into_iter().enumerate() {
        let fit = LeastSquares::default().fit(factors, column)?;
        alphas[j] = fit.coefficients()[0];
        residuals.column_mut(j).assign(&fit.residuals());
    }
    let scale = periods as f64;
    let residual_covariance = linalg::gram(residuals.view())? / scale;
    let pricing = alphas.dot(&linalg::solve_positive_definite(residual_covariance.view(), alphas.view())?);
    let means = factors.columns().into_iter().map(moments::mean).collect::<std::result::Result<Array1<f64>, _>>()?;
    let centred = &factors - &means.view().insert_axis(Axis(0));
    let factor_covariance = linalg::gram(centred.view())? / scale;
    let sharpe = means.dot(&linalg::solve_positive_definite(factor_covariance.view(), means.view())?);
    let (above, below) = (portfolios, periods - portfolios - count);
    let f_statistic = check::result(NAME, below as f64 / above as f64 * pricing / (1.0 + sharpe))?;
    let place = below as f64 / (below as f64 + above as f64 * f_statistic.max(0.0));
    let p_value = beta_reg(0.5 * below as f64, 0.5 * above as f64, place);
    Ok(GrsTest { alphas: alphas.to_vec(), f_statistic, degrees_of_freedom: (above, below), p_value })
}
