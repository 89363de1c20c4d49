use alluse_risk_core::covariance::{CorrelationMethod, SampleCorrelation, SampleCovariance};
use alluse_risk_core::{Error as Input, linalg};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// Which matrix is decomposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ComponentMatrix {
    /// The sample covariance, divisor `T − 1`: columns with larger moves count more.
    Covariance,
    /// The correlation: all columns count the same.
    Correlation,
}

/// Which of the two directions of a component is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoadingSign {
    /// The one whose loadings sum to a positive number, as for a market.
    #[default]
    SumPositive,
    /// The one whose last loading is positive, as for the long end of a yield curve.
    LastPositive,
}

/// The uncorrelated forces behind many series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrincipalComponents {
    /// All eigenvalues, descending: the variance of each component.
    pub eigenvalues: Vec<f64>,
    /// Each eigenvalue over the sum of all.
    pub shares: Vec<f64>,
    /// Unit vectors, one row a component, for the components asked for.
    pub loadings: Vec<Vec<f64>>,
    /// The matrix decomposed.
    pub matrix: ComponentMatrix,
    /// Observations.
    pub observations: usize,
}

impl PrincipalComponents {
    /// Of `data`, shape `(T, N)`, one column a series; the loadings of the first `components`.
    ///
    /// ```text
    /// S = U Λ U'      shareₖ = λₖ/Σλ
    /// ```
    ///
    /// A direction whose deciding sum or loading is zero to 1e-12 has its largest loading positive.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input): empty or not finite data; [`InsufficientData`](Input::InsufficientData)
    /// for fewer than two observations; [`OutOfDomain`](Input::OutOfDomain) unless `1 ≤ components ≤ N`;
    /// [`Undefined`](Input::Undefined) for a series that never changes (correlation) or none that does (covariance).
    ///
    /// # Source
    /// Jolliffe (2002), *Principal Component Analysis*.
    pub fn of(
        data: ArrayView2<'_, f64>,
        matrix: ComponentMatrix,
        components: usize,
        sign: LoadingSign,
    ) -> Result<Self> {
        let square = square(data, matrix)?;
        counted(components, data.ncols())?;
        let eigen = linalg::symmetric_eigen(square.view())?;
        let (eigenvalues, shares) = descending(eigen.values.iter().rev())?;
        let loadings = eigen.vectors.columns().into_iter().rev().take(components).map(|column| {
            let decisive = match sign {
                LoadingSign::SumPositive => column.sum(),
                LoadingSign::LastPositive => column[column.len() - 1],
            };
            let turn = if decisive < -1e-12 { -1.0 } else { 1.0 };
            column.iter().map(|loading| turn * loading).collect()
        });
        let loadings = loadings.collect();
        Ok(Self { eigenvalues, shares, loadings, matrix, observations: data.nrows() })
    }
}

/// The share of variance that the first components take up: how tightly the series move together.
///
/// # Errors
/// Those of [`PrincipalComponents::of`].
///
/// # Source
/// Kritzman, Li, Page and Rigobon (2011), "Principal components as a measure of systemic risk", with equal weights
/// of the observations; they use about a fifth of the components.
pub fn absorption_ratio(data: ArrayView2<'_, f64>, matrix: ComponentMatrix, components: usize) -> Result<f64> {
    let square = square(data, matrix)?;
    counted(components, data.ncols())?;
    let values = linalg::symmetric_eigenvalues(square.view())?;
    let (_, shares) = descending(values.iter().rev())?;
    Ok(shares.iter().take(components).sum())
}

fn square(data: ArrayView2<'_, f64>, matrix: ComponentMatrix) -> Result<Array2<f64>> {
    Ok(match matrix {
        ComponentMatrix::Covariance => SampleCovariance::new(1).covariance(data)?.into_matrix(),
        ComponentMatrix::Correlation => SampleCorrelation::new(CorrelationMethod::Pearson).estimate(data)?.correlation,
    })
}

fn counted(components: usize, series: usize) -> Result<()> {
    let expected = "at least 1 and at most the number of series";
    check::ensure((1..=series).contains(&components), "components", expected, components as f64).map(drop)
}

/// Eigenvalues and their shares; what is below zero is rounding.
fn descending<'a>(values: impl Iterator<Item = &'a f64>) -> Result<(Vec<f64>, Vec<f64>)> {
    let values: Vec<f64> = values.map(|value| value.max(0.0)).collect();
    let total: f64 = values.iter().sum();
    if !(total > 0.0) {
        return Err(Input::Undefined { name: "principal components", reason: "no series changes" }.into());
    }
    let shares = values.iter().map(|value| value / total).collect();
    Ok((values, shares))
}
