use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::symmetry::{symmetric, symmetrize};
use crate::{AssetId, Error, Frequency, Result, check};

/// A covariance matrix per period: square, finite, symmetric, no negative variance.
///
/// Asymmetry up to 1e-12 of the largest absolute entry is rounding and is averaged away. Whether the
/// matrix is positive semidefinite is a question ([`definiteness`](Self::definiteness)) and a policy
/// ([`repaired`](Self::repaired)), not part of this check.
///
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Frequency};
/// use ndarray::array;
///
/// let daily = Covariance::new(array![[1e-4, 3e-5], [3e-5, 4e-4]])?
///     .with_assets(vec![AssetId::new("SPY")?, AssetId::new("QQQ")?])?;
/// assert!((daily.volatilities()[1] - 0.02).abs() < 1e-15);
/// assert!((daily.correlation()?[[0, 1]] - 0.15).abs() < 1e-15);
/// assert!((daily.variance_of(array![0.5, 0.5].view())? - 1.4e-4).abs() < 1e-18);
/// assert!((daily.annualized(Frequency::Daily)?.view()[[0, 0]] - 0.0252).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Covariance {
    assets: Option<Vec<AssetId>>,
    matrix: Array2<f64>,
}

impl Covariance {
    /// # Errors
    /// [`Error::Empty`], [`Error::EntryOutOfDomain`] for an entry that is not finite or a variance
    /// below zero, [`Error::LengthMismatch`] unless square, [`Error::NotSymmetric`].
    pub fn new(matrix: impl Into<Array2<f64>>) -> Result<Self> {
        let mut matrix = matrix.into();
        symmetric("covariance", matrix.view())?;
        if let Some(asset) = matrix.diag().iter().position(|variance| *variance < 0.0) {
            return Err(Error::EntryOutOfDomain {
                name: "covariance",
                row: asset.to_string(),
                column: asset.to_string(),
                expected: "a variance that is not negative",
                value: matrix[[asset, asset]],
            });
        }
        symmetrize(&mut matrix);
        Ok(Self { assets: None, matrix })
    }

    /// `Σᵢⱼ = σᵢ ρᵢⱼ σⱼ`.
    ///
    /// # Errors
    /// [`Error::ElementOutOfDomain`] for a volatility that is negative or not finite; for the
    /// correlation those of [`new`](Self::new), and [`Error::EntryOutOfDomain`] unless its diagonal is
    /// 1 and its entries lie in [−1, 1], to 1e-12.
    pub fn from_correlation(volatilities: ArrayView1<'_, f64>, correlation: ArrayView2<'_, f64>) -> Result<Self> {
        check::finite("volatilities", volatilities)?;
        if let Some(index) = volatilities.iter().position(|v| *v < 0.0) {
            return Err(Error::ElementOutOfDomain {
                name: "volatilities",
                index,
                expected: "not negative",
                value: volatilities[index],
            });
        }
        symmetric("correlation", correlation)?;
        check::length("volatilities", correlation.nrows(), volatilities.len())?;
        let slack = 1e-12;
        for ((row, column), &value) in correlation.indexed_iter() {
            let (fits, expected) = if row == column {
                ((value - 1.0).abs() <= slack, "1 on the diagonal")
            } else {
                (value.abs() <= 1.0 + slack, "in [-1, 1]")
            };
            if !fits {
                let (row, column) = (row.to_string(), column.to_string());
                return Err(Error::EntryOutOfDomain { name: "correlation", row, column, expected, value });
            }
        }
        Self::new(scaled(correlation, volatilities))
    }

    /// With the names of its rows.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one name a row, [`Error::Duplicate`] for a name that
    /// occurs twice.
    pub fn with_assets(mut self, assets: Vec<AssetId>) -> Result<Self> {
        check::length("assets", self.len(), assets.len())?;
        check::unique("asset", assets.iter().map(AssetId::as_str))?;
        self.assets = Some(assets);
        Ok(self)
    }

    /// The names of the rows, where they were given.
    #[must_use]
    pub fn assets(&self) -> Option<&[AssetId]> {
        self.assets.as_deref()
    }

    /// The matrix.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f64> {
        self.matrix.view()
    }

    /// The matrix, owned.
    #[must_use]
    pub fn into_matrix(self) -> Array2<f64> {
        self.matrix
    }

    /// Number of assets, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a covariance is never empty")]
    pub fn len(&self) -> usize {
        self.matrix.nrows()
    }

    /// The diagonal.
    #[must_use]
    pub fn variances(&self) -> Array1<f64> {
        self.matrix.diag().to_owned()
    }

    /// Square roots of the variances.
    #[must_use]
    pub fn volatilities(&self) -> Array1<f64> {
        self.matrix.diag().mapv(f64::sqrt)
    }

    /// `ρᵢⱼ = Σᵢⱼ / (σᵢ σⱼ)`, with a diagonal of exactly 1.
    ///
    /// Entries beyond ±1 by more than rounding are kept: they are what shows that the matrix is not
    /// positive semidefinite.
    ///
    /// # Errors
    /// [`Error::Undefined`] when an asset has no variance.
    pub fn correlation(&self) -> Result<Array2<f64>> {
        let volatilities = self.volatilities();
        if volatilities.iter().any(|v| *v <= 0.0) {
            return Err(Error::Undefined { name: "correlation", reason: "an asset has zero variance" });
        }
        // One division after the other: the product of two small volatilities could vanish.
        let mut correlation = self.matrix.clone();
        for ((row, column), value) in correlation.indexed_iter_mut() {
            let (first, second) = (volatilities[row.max(column)], volatilities[row.min(column)]);
            let ratio = *value / first / second;
            *value = if ratio.abs() <= 1.0 + 4.0 * f64::EPSILON { ratio.clamp(-1.0, 1.0) } else { ratio };
        }
        correlation.diag_mut().fill(1.0);
        check::finite_matrix("correlation", correlation.view())?;
        Ok(correlation)
    }

    /// `w'Σw`: the variance of a portfolio with these weights or currency exposures.
    ///
    /// A result below zero by no more than rounding is 0.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one weight an asset, [`Error::ElementOutOfDomain`] for
    /// a weight that is not finite, [`Error::OutOfDomain`] when the result is negative (the matrix is
    /// not positive semidefinite) or overflows.
    pub fn variance_of(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        check::finite("weights", weights)?;
        check::length("weights", self.len(), weights.len())?;
        let variance = weights.dot(&self.matrix.dot(&weights));
        if variance >= 0.0 && variance.is_finite() {
            return Ok(variance);
        }
        let sizes = weights.mapv(f64::abs);
        let rounding = self.len() as f64 * f64::EPSILON * sizes.dot(&self.matrix.mapv(f64::abs).dot(&sizes));
        if variance < 0.0 && -variance <= rounding {
            return Ok(0.0);
        }
        Err(Error::OutOfDomain { name: "portfolio variance", expected: "finite and not negative", value: variance })
    }

    /// `√(w'Σw)`.
    ///
    /// # Errors
    /// Those of [`variance_of`](Self::variance_of).
    pub fn volatility_of(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        Ok(self.variance_of(weights)?.sqrt())
    }

    /// The covariance of a year: every entry times the periods in it, as if periods were uncorrelated.
    ///
    /// # Errors
    /// [`Error::EntryOutOfDomain`] when an entry overflows.
    pub fn annualized(&self, frequency: Frequency) -> Result<Self> {
        let matrix = &self.matrix * frequency.periods_per_year();
        check::finite_matrix("covariance", matrix.view())?;
        Ok(Self { assets: self.assets.clone(), matrix })
    }

    /// From a multiple of a Gram matrix, which is symmetric with a diagonal of squares already.
    pub(super) fn of_products(matrix: Array2<f64>) -> Result<Self> {
        check::finite_matrix("covariance", matrix.view())?;
        Ok(Self { assets: None, matrix })
    }

    /// The same assets with another matrix, which the caller made symmetric.
    pub(super) fn replaced(&self, matrix: Array2<f64>) -> Result<Self> {
        Ok(Self { assets: self.assets.clone(), ..Self::new(matrix)? })
    }
}

/// `sᵢ mᵢⱼ sⱼ`, exactly symmetric for a symmetric matrix.
pub(super) fn scaled(matrix: ArrayView2<'_, f64>, scales: ArrayView1<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn(matrix.dim(), |(row, column)| {
        matrix[[row, column]] * scales[row.max(column)] * scales[row.min(column)]
    })
}

/// The stored form, so that a stored matrix is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assets: Option<Vec<AssetId>>,
    #[serde(with = "crate::nested::matrix")]
    matrix: Array2<f64>,
}

impl TryFrom<Raw> for Covariance {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let covariance = Self::new(raw.matrix)?;
        match raw.assets {
            Some(assets) => covariance.with_assets(assets),
            None => Ok(covariance),
        }
    }
}

impl From<Covariance> for Raw {
    fn from(covariance: Covariance) -> Self {
        Self { assets: covariance.assets, matrix: covariance.matrix }
    }
}
