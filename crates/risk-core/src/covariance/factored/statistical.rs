use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
use serde::{Deserialize, Serialize};

use super::{FactorCovariance, ResidualFloor, StatisticalFactorEstimate};
use crate::covariance::Covariance;
use crate::covariance::estimate::{centred, checked, column_means};
use crate::linalg::{gram, matmul, negligible, symmetric_eigen};
use crate::{Error, Result, check};

/// What the principal components are taken of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorScaling {
    /// The covariance: volatile assets weigh more.
    #[default]
    Covariance,
    /// The correlation; loadings are scaled back to returns.
    Correlation,
}

/// A factor covariance from the first principal components of the returns.
///
/// ```text
/// S = U diag(λ) U'      B = U_K      F = diag(λ_K)      Dᵢ = Sᵢᵢ − (B F B')ᵢᵢ
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `factors` | required | components kept | 1 to the number of assets, below `T` |
/// | `scaling` | covariance | of the covariance or the correlation | |
/// | `ddof` | 1 | taken from `T` in the divisor | below `T` |
/// | `floor` | refuse | what happens to a residual variance of zero | |
///
/// The largest absolute loading of each factor is positive. The diagonal of the model is that of the sample
/// covariance. With more assets than observations the components come from the `T × T` products, so nothing
/// of size `N × N` is formed.
///
/// # Source
/// Connor and Korajczyk (1988), "Risk and return in an equilibrium APT".
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::StatisticalFactors;
/// use ndarray::array;
///
/// let returns = array![[0.01, 0.02, 0.00], [-0.01, -0.03, 0.01], [0.03, 0.04, 0.02], [0.00, 0.01, -0.01]];
/// let fitted = StatisticalFactors::new(1).estimate(returns.view())?;
/// assert_eq!(fitted.covariance.factors(), 1);
/// assert!(fitted.explained_share > 0.5 && fitted.explained_share < 1.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StatisticalFactors {
    factors: usize,
    scaling: FactorScaling,
    ddof: usize,
    floor: ResidualFloor,
}

impl StatisticalFactors {
    /// With this many components.
    #[must_use]
    pub fn new(factors: usize) -> Self {
        Self { factors, scaling: FactorScaling::default(), ddof: 1, floor: ResidualFloor::default() }
    }

    /// Of the covariance or of the correlation.
    #[must_use]
    pub fn with_scaling(mut self, scaling: FactorScaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// With the divisor `T − ddof`.
    #[must_use]
    pub fn with_ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// With another policy for residual variances of zero.
    #[must_use]
    pub fn with_floor(mut self, floor: ResidualFloor) -> Self {
        self.floor = floor;
        self
    }

    /// The model from returns `(T, N)`.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for returns that are not finite.
    /// - [`Error::OutOfDomain`] for no factors, more factors than assets, or a floor that is not a share or a
    ///   variance; [`Error::InsufficientData`] with not more observations than factors or `ddof`.
    /// - [`Error::Undefined`] when fewer components than asked have variance, or an asset has none and the
    ///   correlation is wanted.
    /// - [`Error::ElementOutOfDomain`] for a residual variance that the policy refuses.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<StatisticalFactorEstimate> {
        const NAME: &str = "statistical factors";
        checked(NAME, returns, self.factors.max(self.ddof).saturating_add(1).max(2))?;
        let (t, n) = returns.dim();
        if self.factors == 0 || self.factors > n {
            let expected = "from 1 to the number of assets";
            return Err(Error::OutOfDomain { name: NAME, expected, value: self.factors as f64 });
        }
        let mut rows = centred(returns, column_means(returns).view());
        rows /= ((t - self.ddof) as f64).sqrt();
        let variances = squares(&rows);
        check::finite("variances", variances.view())?;
        let scales = match self.scaling {
            FactorScaling::Covariance => Array1::ones(n),
            FactorScaling::Correlation => variances.mapv(f64::sqrt),
        };
        if scales.iter().any(|s| *s <= 0.0) {
            return Err(Error::Undefined { name: NAME, reason: "an asset's returns are all the same" });
        }
        rows /= &scales;
        let (eigenvalues, vectors) = components(rows.view(), self.factors)?;
        let scores = matmul(rows.view(), vectors.view())?;
        let residuals = squares(&(&rows - &matmul(scores.view(), vectors.t())?)) * &scales * &scales;
        let (residuals, raised) = self.floor.apply(residuals, &variances)?;
        let loadings = vectors * scales.view().insert_axis(Axis(1));
        let factor_covariance = Covariance::new(Array2::from_diag(&eigenvalues))?;
        Ok(StatisticalFactorEstimate {
            covariance: FactorCovariance::new(loadings, factor_covariance, residuals)?,
            explained_share: eigenvalues.sum() / squares(&rows).sum(),
            eigenvalues: eigenvalues.to_vec(),
            observations: t,
            raised,
        })
    }
}

fn squares(rows: &Array2<f64>) -> Array1<f64> {
    rows.map_axis(Axis(0), |column| column.dot(&column))
}

/// The `k` largest eigenvalues of `X'X`, descending, and their vectors.
fn components(rows: ArrayView2<'_, f64>, k: usize) -> Result<(Array1<f64>, Array2<f64>)> {
    let dual = rows.ncols() > rows.nrows();
    let eigen = symmetric_eigen(if dual { gram(rows.t())? } else { gram(rows)? }.view())?;
    let last = eigen.values.len();
    let kept = Slice::from(last - k..);
    let mut values = eigen.values.slice_axis(Axis(0), kept).to_owned();
    let mut vectors = eigen.vectors.slice_axis(Axis(1), kept).to_owned();
    values.invert_axis(Axis(0));
    vectors.invert_axis(Axis(1));
    if values[k - 1] <= negligible(eigen.values.view()) {
        let reason = "fewer components than asked have variance";
        return Err(Error::Undefined { name: "statistical factors", reason });
    }
    if dual {
        // X'X has the eigenvectors X'v/√λ of those of X X'.
        vectors = matmul(rows.t(), vectors.view())? / &values.mapv(f64::sqrt);
        vectors.columns_mut().into_iter().for_each(|mut column| {
            let largest = column.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
            if column.iter().find(|v| v.abs() >= largest * (1.0 - 1e-8)).is_some_and(|v| *v < 0.0) {
                column.mapv_inplace(|v| -v);
            }
        });
    }
    Ok((values, vectors))
}
