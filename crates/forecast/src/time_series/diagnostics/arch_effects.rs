use alluse_risk_core::inference::LeastSquares;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};
use statrs::function::beta::checked_beta_reg;

use super::chi_square_tail;
use crate::{Error, Result, check};

/// What is taken off a series before it is squared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centre {
    /// Its mean.
    #[default]
    Mean,
    /// Nothing: the series are residuals already.
    Zero,
}

/// A test for conditional variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArchTest {
    /// Lags of the squares.
    pub lags: usize,
    /// `n R²`.
    pub lm_statistic: f64,
    /// Probability of a larger one, χ² with `lags` degrees of freedom.
    pub lm_p_value: f64,
    /// The F statistic of the same regression.
    pub f_statistic: f64,
    /// Probability of a larger one.
    pub f_p_value: f64,
}

/// The test of Engle (1982): squares regressed on a constant and their own lags.
///
/// ```text
/// LM = n R² ~ χ²(q)        F = (R²/q) / ((1 − R²)/(n − q − 1)) ~ F(q, n − q − 1)
/// ```
///
/// `n` counts the rows of the regression.
///
/// # Errors
/// [`Error::Input`] for a series that is not finite or too short, and for squares that are constant.
pub fn arch_lm(series: ArrayView1<'_, f64>, lags: usize, centre: Centre) -> Result<ArchTest> {
    check::finite("series", series)?;
    check::at_least_one("lags", lags)?;
    check::enough("test for conditional variance", lags.saturating_mul(2).saturating_add(3), series.len())?;
    let about = match centre {
        Centre::Mean => series.sum() / series.len() as f64,
        Centre::Zero => 0.0,
    };
    let squares: Array1<f64> = series.iter().map(|value| (value - about) * (value - about)).collect();
    let rows = squares.len() - lags;
    let lagged = Array2::from_shape_fn((rows, lags), |(t, k)| squares[t + lags - 1 - k]);
    let response: Array1<f64> = squares.iter().skip(lags).copied().collect();
    let r_squared = LeastSquares::default().fit(lagged.view(), response.view())?.r_squared()?;
    let degrees = (rows - lags - 1) as f64;
    let lm_statistic = rows as f64 * r_squared;
    let f_statistic = r_squared / lags as f64 / ((1.0 - r_squared) / degrees);
    // P(F > f) is an incomplete beta function of n₂/(n₂ + n₁f) = 1 − R².
    let f_p_value = checked_beta_reg(0.5 * degrees, 0.5 * lags as f64, (1.0 - r_squared).clamp(0.0, 1.0))
        .map_err(|error| Error::undefined("p-value of an F statistic", error.to_string()))?;
    Ok(ArchTest { lags, lm_statistic, lm_p_value: chi_square_tail(lags, lm_statistic)?, f_statistic, f_p_value })
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use alluse_risk_core::streams::Streams;
    use ndarray::array;

    use super::*;

    #[test]
    fn squares_with_memory_are_found_and_others_are_not() {
        let shocks = Streams::new(3).standard_normals(300, 400);
        let rejected = shocks.columns().into_iter().filter(|z| arch_lm(*z, 3, Centre::Mean).unwrap().lm_p_value < 0.05);
        // 20 of 400 are expected; four binomial standard deviations are 17.
        assert!((4..=37).contains(&rejected.count()));
        let plain = Streams::new(4).standard_normals(2_000, 1);
        let plain = plain.column(0);
        let mut last = 0.0;
        let moving: Array1<f64> = plain
            .iter()
            .map(|z| {
                last = (0.4 + 0.6 * last * last as f64).sqrt() * z;
                last
            })
            .collect();
        let test = arch_lm(moving.view(), 4, Centre::Zero).unwrap();
        assert!(test.lm_p_value < 1e-20 && test.f_p_value < 1e-20);
    }

    #[test]
    fn hostile_input() {
        assert_eq!(
            arch_lm(array![1.0, 2.0, 3.0].view(), 1, Centre::Mean).unwrap_err().kind(),
            ErrorKind::InsufficientData
        );
        assert!(arch_lm(Array1::from_elem(30, 2.0).view(), 1, Centre::Zero).is_err());
        assert!(arch_lm(Array1::from_elem(30, 2.0).view(), 0, Centre::Zero).is_err());
    }
}
