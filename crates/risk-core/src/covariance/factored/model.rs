use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::FactorInverse;
use crate::covariance::Covariance;
use crate::linalg::{SymmetricEigen, matmul, negligible};
use crate::{AssetId, Error, Frequency, Result, check};

/// A covariance matrix per period as a few factors and one residual variance an asset.
///
/// ```text
/// Σ = B F B' + D      B: N × K,  F: K × K positive semidefinite,  D diagonal, not negative
/// ```
///
/// With `K` factors a product with Σ costs `O(NK)` and a solve `O(NK²)`; the `N × N` matrix is never
/// formed, except by [`to_dense`](Self::to_dense).
///
/// # Source
/// Woodbury (1950) for the inverse; Grinold and Kahn (2000), *Active Portfolio Management*, chapter 3.
///
/// # Examples
/// ```
/// use alluse_risk_core::Covariance;
/// use alluse_risk_core::covariance::FactorCovariance;
/// use ndarray::array;
///
/// let market = Covariance::new(array![[0.04]])?;
/// let model = FactorCovariance::new(array![[1.0], [1.5]], market, array![0.01, 0.02])?;
/// // Long the market twice over: (0.5 + 0.75)² · 0.04 + 0.25 · 0.03.
/// assert!((model.variance_of(array![0.5, 0.5].view())? - 0.07).abs() < 1e-15);
/// let x = model.solve(array![0.11, 0.17].view())?;
/// assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] - 1.0).abs() < 1e-12); // Σ has rows (0.05, 0.06) and (0.06, 0.11)
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct FactorCovariance {
    assets: Option<Vec<AssetId>>,
    loadings: Array2<f64>,
    factor_covariance: Covariance,
    residual_variances: Array1<f64>,
    /// `G = B F^½`, so that `Σ = G G' + D`.
    root: Array2<f64>,
}

/// The volatility of a portfolio under a factor model and its two additive decompositions.
///
/// ```text
/// σ = √(w'Σw)     marginalᵢ = (Σw)ᵢ / σ     Σᵢ wᵢ marginalᵢ = σ
/// x = B'w         factorₖ = xₖ (F x)ₖ / σ     residualᵢ = Dᵢ wᵢ² / σ     Σₖ factorₖ + Σᵢ residualᵢ = σ
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorRisk {
    /// σ.
    pub volatility: f64,
    /// `x'F x`.
    pub factor_variance: f64,
    /// `Σᵢ Dᵢ wᵢ²`.
    pub residual_variance: f64,
    /// Change of σ per unit of weight, one an asset.
    pub marginal: Vec<f64>,
    /// Weight times marginal, one an asset.
    pub contributions: Vec<f64>,
    /// `B'w`, one a factor.
    pub factor_exposures: Vec<f64>,
    /// Parts of σ that come from the factors.
    pub factor_contributions: Vec<f64>,
    /// Parts of σ that are an asset's own.
    pub residual_contributions: Vec<f64>,
}

impl FactorCovariance {
    /// From loadings `(N, K)`, the factors' covariance `(K, K)` and residual variances `(N,)`.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`], [`Error::ElementOutOfDomain`] for parts that are empty,
    ///   not finite, or a residual variance below zero.
    /// - [`Error::LengthMismatch`] when the parts do not fit.
    /// - [`Error::NotPositiveSemidefinite`] for the factors' covariance.
    /// - [`Error::Overflow`] when a variance is too large for a number.
    pub fn new(
        loadings: impl Into<Array2<f64>>,
        factor_covariance: Covariance,
        residual_variances: impl Into<Array1<f64>>,
    ) -> Result<Self> {
        let (loadings, residual_variances) = (loadings.into(), residual_variances.into());
        check::finite_matrix("loadings", loadings.view())?;
        check::length("loadings of an asset", factor_covariance.len(), loadings.ncols())?;
        check::finite("residual variances", residual_variances.view())?;
        check::length("residual variances", loadings.nrows(), residual_variances.len())?;
        if let Some(index) = residual_variances.iter().position(|d| *d < 0.0) {
            let value = residual_variances[index];
            let expected = "not negative";
            return Err(Error::ElementOutOfDomain { name: "residual variances", index, expected, value });
        }
        let root = matmul(loadings.view(), root_of(&factor_covariance)?.view())?;
        let model = Self { assets: None, loadings, factor_covariance, residual_variances, root };
        if model.variances().iter().all(|v| v.is_finite()) {
            Ok(model)
        } else {
            Err(Error::Overflow { name: "variance of a factor model" })
        }
    }

    /// With the names of the assets.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one name an asset, [`Error::Duplicate`] for a name that occurs
    /// twice.
    pub fn with_assets(mut self, assets: Vec<AssetId>) -> Result<Self> {
        check::length("assets", self.len(), assets.len())?;
        check::unique("asset", assets.iter().map(AssetId::as_str))?;
        self.assets = Some(assets);
        Ok(self)
    }

    /// The names of the assets, where they were given.
    #[must_use]
    pub fn assets(&self) -> Option<&[AssetId]> {
        self.assets.as_deref()
    }

    /// `B`.
    #[must_use]
    pub fn loadings(&self) -> ArrayView2<'_, f64> {
        self.loadings.view()
    }

    /// `F`.
    #[must_use]
    pub fn factor_covariance(&self) -> &Covariance {
        &self.factor_covariance
    }

    /// The diagonal of `D`.
    #[must_use]
    pub fn residual_variances(&self) -> ArrayView1<'_, f64> {
        self.residual_variances.view()
    }

    /// Number of assets, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a factor model is never empty")]
    pub fn len(&self) -> usize {
        self.loadings.nrows()
    }

    /// Number of factors, never zero.
    #[must_use]
    pub fn factors(&self) -> usize {
        self.loadings.ncols()
    }

    /// The diagonal of Σ.
    #[must_use]
    pub fn variances(&self) -> Array1<f64> {
        self.root.map_axis(Axis(1), |row| row.dot(&row)) + &self.residual_variances
    }

    /// Square roots of the variances.
    #[must_use]
    pub fn volatilities(&self) -> Array1<f64> {
        self.variances().mapv(f64::sqrt)
    }

    /// `Σ x`.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`] unless there is one element an asset,
    /// [`Error::ElementOutOfDomain`] when one is not finite, [`Error::Overflow`].
    pub fn product(&self, x: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        self.check_vector(x)?;
        let product = self.root.dot(&self.root.t().dot(&x)) + &self.residual_variances * &x;
        if product.iter().all(|v| v.is_finite()) { Ok(product) } else { Err(Error::Overflow { name: "product" }) }
    }

    /// `w'Σw`, a sum of squares: never negative.
    ///
    /// # Errors
    /// Those of [`product`](Self::product).
    pub fn variance_of(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        let (factor, residual) = self.split(weights)?;
        Ok(factor + residual)
    }

    /// `√(w'Σw)`.
    ///
    /// # Errors
    /// Those of [`product`](Self::product).
    pub fn volatility_of(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        Ok(self.variance_of(weights)?.sqrt())
    }

    /// The volatility of a portfolio with its parts by asset and by factor.
    ///
    /// # Errors
    /// Those of [`product`](Self::product), and [`Error::Undefined`] when the portfolio has no variance.
    pub fn risk_of(&self, weights: ArrayView1<'_, f64>) -> Result<FactorRisk> {
        let (factor_variance, residual_variance) = self.split(weights)?;
        let volatility = (factor_variance + residual_variance).sqrt();
        if volatility <= 0.0 {
            return Err(Error::Undefined { name: "marginal risk", reason: "the portfolio has no variance" });
        }
        let marginal = self.product(weights)? / volatility;
        let exposures = self.loadings.t().dot(&weights);
        let spread = self.factor_covariance.view().dot(&exposures);
        Ok(FactorRisk {
            volatility,
            factor_variance,
            residual_variance,
            contributions: (&weights * &marginal).to_vec(),
            marginal: marginal.to_vec(),
            factor_contributions: (&exposures * &spread / volatility).to_vec(),
            factor_exposures: exposures.to_vec(),
            residual_contributions: (&self.residual_variances * &weights * weights / volatility).to_vec(),
        })
    }

    /// `Σ⁻¹` in its factors, for solves and the determinant.
    ///
    /// # Errors
    /// [`Error::ElementOutOfDomain`] when a residual variance is zero, and those of the factorisation.
    pub fn inverse(&self) -> Result<FactorInverse> {
        FactorInverse::new(self.root.view(), self.residual_variances.view())
    }

    /// `Σ⁻¹ x`. For more than one right-hand side take [`inverse`](Self::inverse) once.
    ///
    /// # Errors
    /// Those of [`inverse`](Self::inverse) and [`FactorInverse::solve`].
    pub fn solve(&self, x: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        self.inverse()?.solve(x)
    }

    /// Natural logarithm of the determinant of Σ.
    ///
    /// # Errors
    /// Those of [`inverse`](Self::inverse).
    pub fn log_determinant(&self) -> Result<f64> {
        Ok(self.inverse()?.log_determinant())
    }

    /// `G = B F^½`, `(N, K)`: with independent standard normals `z` and `u`, `G z + √D u` has covariance Σ.
    #[must_use]
    pub fn sampling_root(&self) -> ArrayView2<'_, f64> {
        self.root.view()
    }

    /// Turns independent standard normals, paths × (factors + assets), into draws with covariance Σ, paths ×
    /// assets.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::EntryOutOfDomain`] for normals that are not finite, [`Error::LengthMismatch`]
    /// unless there is one column a factor and then one an asset.
    pub fn correlate(&self, normals: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        check::finite_matrix("normals", normals)?;
        check::length("normals of a path", self.factors() + self.len(), normals.ncols())?;
        let (common, own) = normals.split_at(Axis(1), self.factors());
        let mut draws = matmul(common, self.root.t())?;
        draws += &(&own * &self.residual_variances.mapv(f64::sqrt));
        Ok(draws)
    }

    /// The covariance of a year: `F` and `D` times the periods in it.
    ///
    /// # Errors
    /// [`Error::EntryOutOfDomain`], [`Error::ElementOutOfDomain`] or [`Error::Overflow`] when an entry overflows.
    pub fn annualized(&self, frequency: Frequency) -> Result<Self> {
        let factors = self.factor_covariance.annualized(frequency)?;
        let residuals = &self.residual_variances * frequency.periods_per_year();
        Ok(Self { assets: self.assets.clone(), ..Self::new(self.loadings.clone(), factors, residuals)? })
    }

    /// The `N × N` matrix: `N²` numbers, so only by name.
    ///
    /// # Errors
    /// [`Error::EntryOutOfDomain`] when an entry overflows.
    pub fn to_dense(&self) -> Result<Covariance> {
        let mut matrix = crate::linalg::gram(self.root.t())?;
        matrix.diag_mut().zip_mut_with(&self.residual_variances, |v, d| *v += d);
        let covariance = Covariance::new(matrix)?;
        match &self.assets {
            Some(assets) => covariance.with_assets(assets.clone()),
            None => Ok(covariance),
        }
    }

    fn check_vector(&self, x: ArrayView1<'_, f64>) -> Result<()> {
        check::finite("weights", x)?;
        check::length("weights", self.len(), x.len())
    }

    fn split(&self, weights: ArrayView1<'_, f64>) -> Result<(f64, f64)> {
        self.check_vector(weights)?;
        let common = self.root.t().dot(&weights);
        let own: f64 = self.residual_variances.iter().zip(weights).map(|(d, w)| d * w * w).sum();
        let factor = common.dot(&common);
        if (factor + own).is_finite() { Ok((factor, own)) } else { Err(Error::Overflow { name: "portfolio variance" }) }
    }
}

/// `F^½` with one column an eigenvector; refuses an indefinite matrix.
fn root_of(covariance: &Covariance) -> Result<Array2<f64>> {
    const NAME: &str = "factor covariance";
    let SymmetricEigen { values, vectors, .. } = SymmetricEigen::named(NAME, covariance.view())?;
    if values[0] < -negligible(values.view()) {
        return Err(Error::NotPositiveSemidefinite { name: NAME, smallest_eigenvalue: values[0] });
    }
    Ok(vectors * &values.mapv(|value| value.max(0.0).sqrt()))
}

/// The stored form, so that a stored model is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assets: Option<Vec<AssetId>>,
    #[serde(with = "crate::nested::matrix")]
    loadings: Array2<f64>,
    factor_covariance: Covariance,
    residual_variances: Vec<f64>,
}

impl TryFrom<Raw> for FactorCovariance {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let model = Self::new(raw.loadings, raw.factor_covariance, raw.residual_variances)?;
        match raw.assets {
            Some(assets) => model.with_assets(assets),
            None => Ok(model),
        }
    }
}

impl From<FactorCovariance> for Raw {
    fn from(model: FactorCovariance) -> Self {
        Self {
            assets: model.assets,
            loadings: model.loadings,
            factor_covariance: model.factor_covariance,
            residual_variances: model.residual_variances.to_vec(),
        }
    }
}
