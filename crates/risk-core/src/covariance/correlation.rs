use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::estimate::{centred, checked, column_means, diagnose, rank_flags, varying};
use super::kendall::{Ordered, tau_b};
use super::ranks::average_ranks;
use super::{CovarianceFlag, spectral};
use crate::{Error, Result, check};

/// Which correlation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrelationMethod {
    /// Of the returns: linear dependence.
    #[default]
    Pearson,
    /// Of their ranks, ties averaged: monotone dependence.
    Spearman,
    /// Kendall's tau-b: concordant less discordant pairs, corrected for ties.
    KendallTauB,
}

/// A correlation matrix estimated from returns.
///
/// ```text
/// pearson   ρ = Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² Σ (y − ȳ)²)
/// spearman  the same of the ranks
/// kendall   τ_b = (C − D) / √((N − Tₓ)(N − T_y))
/// ```
///
/// All three are positive semidefinite on complete data and agree with SciPy's `pearsonr`, `spearmanr`
/// and `kendalltau`.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{CorrelationMethod, SampleCorrelation};
/// use ndarray::array;
///
/// let returns = array![[0.01, 0.02], [0.02, 0.10], [0.03, 0.11], [0.04, 0.01]];
/// let tau = SampleCorrelation::new(CorrelationMethod::KendallTauB).estimate(returns.view())?;
/// assert!(tau.correlation[[0, 1]].abs() < 1e-15); // three pairs agree, three do not
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleCorrelation {
    method: CorrelationMethod,
}

/// An estimated correlation matrix and how far it can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrelationEstimate {
    /// The correlation matrix, its diagonal exactly 1.
    #[serde(with = "crate::nested::matrix")]
    pub correlation: Array2<f64>,
    /// Which correlation it is.
    pub method: CorrelationMethod,
    /// Rows of returns used.
    pub observations: usize,
    /// Largest over smallest eigenvalue; `None` when the matrix is singular, and without the features
    /// `linalg` and `lapack`.
    pub condition_number: Option<f64>,
    /// What to know before inverting it.
    pub flags: Vec<CovarianceFlag>,
}

impl SampleCorrelation {
    /// With this kind of correlation.
    #[must_use]
    pub fn new(method: CorrelationMethod) -> Self {
        Self { method }
    }

    /// The correlation matrix with its diagnostics.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] with fewer than two observations.
    /// - [`Error::Undefined`] when an asset's returns are all the same.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CorrelationEstimate> {
        checked("correlation", returns, 2)?;
        varying("correlation", returns)?;
        let correlation = match self.method {
            CorrelationMethod::Pearson => pearson(returns)?,
            CorrelationMethod::Spearman => pearson(ranked(returns).view())?,
            CorrelationMethod::KendallTauB => kendall(returns),
        };
        let (n, assets) = returns.dim();
        // Signs of all pairs span more than the returns do: tau is not bound to rank n − 1.
        let rank = if self.method == CorrelationMethod::KendallTauB { assets } else { n - 1 };
        let mut flags = rank_flags(assets, rank);
        let condition_number = diagnose(correlation.view(), &mut flags)?;
        Ok(CorrelationEstimate { correlation, method: self.method, observations: n, condition_number, flags })
    }
}

/// Of returns that [`varying`] has passed.
pub(super) fn pearson(returns: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let mut deviations = centred(returns, column_means(returns).view());
    for mut column in deviations.columns_mut() {
        // By the largest first, so that squares neither overflow nor vanish.
        let largest = column.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        column /= largest;
        let length = column.dot(&column).sqrt();
        column /= length;
    }
    check::finite_matrix("deviations", deviations.view())
        .map_err(|_| Error::Undefined { name: "correlation", reason: "an asset's returns are all the same" })?;
    let mut correlation = spectral::gram(deviations.view())?;
    correlation.mapv_inplace(|rho| rho.clamp(-1.0, 1.0));
    correlation.diag_mut().fill(1.0);
    Ok(correlation)
}

fn ranked(returns: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut ranks = Array2::zeros(returns.dim());
    for (column, mut slot) in returns.columns().into_iter().zip(ranks.axis_iter_mut(Axis(1))) {
        slot.assign(&Array1::from(average_ranks(&column.to_vec())));
    }
    ranks
}

fn kendall(returns: ArrayView2<'_, f64>) -> Array2<f64> {
    let series: Vec<Ordered> = returns.columns().into_iter().map(|column| Ordered::new(column.to_vec())).collect();
    let mut correlation = Array2::eye(series.len());
    for row in 0..series.len() {
        for column in 0..row {
            let tau = tau_b(&series[row], &series[column]).clamp(-1.0, 1.0);
            correlation[[row, column]] = tau;
            correlation[[column, row]] = tau;
        }
    }
    correlation
}
