//! Linear shrinkage toward a structured target.

mod intensity;
mod sample;
mod target;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use self::sample::Sample;
use self::target::Target;
use super::estimate::{checked, still_assets, varying};
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, CovarianceFlag};
use crate::{Error, Result};

/// What the sample covariance is drawn toward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShrinkageTarget {
    /// The mean variance on the diagonal, zero elsewhere.
    #[default]
    ScaledIdentity,
    /// The sample variances, and covariances by one factor: the cross-sectional mean of the returns.
    SingleFactor,
    /// The sample variances, and the mean correlation for every pair.
    ConstantCorrelation,
}

/// How far toward the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShrinkageIntensity {
    /// The least expected squared error, estimated without a distribution in mind.
    #[default]
    LedoitWolf,
    /// Oracle approximating shrinkage for normal returns; toward the scaled identity only.
    Oas,
    /// This weight of the target, in [0, 1].
    Fixed(f64),
}

/// The sample covariance drawn toward a target that has few parameters.
///
/// ```text
/// Σ = (1 − t) S + t F      S = X'X / (n − ddof),  X the returns less their means
///
/// F  scaled identity       (tr S / k) I
///    single factor         bᵢ bⱼ / var f off the diagonal, f the mean return of the assets, b their covariance with it
///    constant correlation  ρ̄ σᵢ σⱼ off the diagonal, ρ̄ the mean correlation
///
/// t  Ledoit-Wolf           clamp((π − ρ) / (n γ), 0, 1)
///    OAS                   min(1, (A + q²) / ((n + 1)(A − q²/k))),  A = Σ S² / k²,  q = tr S / k
/// ```
///
/// `π` is the asymptotic variance of the entries of `S`, `ρ` their covariance with those of `F` (zero for the
/// scaled identity) and `γ = ‖S − F‖²`. It takes one product `X'X`; the fourth moments are sums over rows.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `target` | `ScaledIdentity` | what is drawn toward | |
/// | `intensity` | `LedoitWolf` | how far | fixed: [0, 1] |
/// | `ddof` | 0 | taken from the number of observations in the divisor of `S` | below `n` |
///
/// The Ledoit-Wolf intensities of the scaled identity and of the single factor are those of divisor `n` at any
/// `ddof`; that of the constant correlation mixes both divisors as PyPortfolioOpt does, and is the paper's at
/// `ddof` 0. Scaled identity and OAS agree with scikit-learn at `ddof` 0. Every target is positive
/// semidefinite, so the result is too.
///
/// # Source
/// Ledoit and Wolf (2004), *Journal of Multivariate Analysis* 88, for the identity; (2003), *Journal of
/// Empirical Finance* 10, for the factor; (2004), *Journal of Portfolio Management* 30, for the correlation.
/// Chen, Wiesel, Eldar and Hero (2010), *IEEE Transactions on Signal Processing* 58, for OAS.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{LinearShrinkage, ShrinkageIntensity, ShrinkageTarget};
/// use ndarray::array;
///
/// let returns = array![[0.02, 0.01], [-0.02, -0.01]];
/// let half = LinearShrinkage::new(ShrinkageTarget::ScaledIdentity).with_intensity(ShrinkageIntensity::Fixed(0.5));
/// let estimate = half.estimate(returns.view())?;
/// // Half of [[4, 2], [2, 1]] and half of 2.5 I, in units of 1e-4.
/// assert!((estimate.covariance.view()[[0, 0]] - 3.25e-4).abs() < 1e-18);
/// assert!((estimate.covariance.view()[[0, 1]] - 1e-4).abs() < 1e-18);
/// assert_eq!(estimate.shrinkage, Some(0.5));
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LinearShrinkage {
    target: ShrinkageTarget,
    intensity: ShrinkageIntensity,
    ddof: usize,
}

/// A shrunk covariance without diagnostics, and how far it was drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinearlyShrunk {
    /// The covariance per period.
    pub covariance: Covariance,
    /// Weight of the target, in [0, 1].
    pub shrinkage: f64,
}

impl LinearShrinkage {
    /// Toward this target, by Ledoit-Wolf, with divisor `n`.
    #[must_use]
    pub fn new(target: ShrinkageTarget) -> Self {
        Self { target, ..Self::default() }
    }

    /// With another intensity.
    #[must_use]
    pub fn with_intensity(mut self, intensity: ShrinkageIntensity) -> Self {
        self.intensity = intensity;
        self
    }

    /// With the divisor `n − ddof`.
    #[must_use]
    pub fn with_ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// The shrunk covariance alone: the diagnostics of [`estimate`](Self::estimate) need its eigenvalues, which
    /// cost more than all the rest.
    ///
    /// # Errors
    /// - [`Error::OutOfDomain`] for a fixed intensity outside [0, 1].
    /// - [`Error::Unsupported`] for OAS toward another target than the scaled identity.
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite or whose square
    ///   overflows.
    /// - [`Error::InsufficientData`] with fewer than two observations or not more than `ddof`.
    /// - [`Error::Undefined`] toward a constant correlation when an asset's returns are all the same, toward a
    ///   single factor when the mean of the assets does not vary.
    pub fn shrink(&self, returns: ArrayView2<'_, f64>) -> Result<LinearlyShrunk> {
        if let ShrinkageIntensity::Fixed(value) = self.intensity
            && !(0.0..=1.0).contains(&value)
        {
            return Err(Error::OutOfDomain { name: "shrinkage", expected: "in [0, 1]", value });
        }
        if self.intensity == ShrinkageIntensity::Oas && self.target != ShrinkageTarget::ScaledIdentity {
            return Err(Error::Unsupported { what: "OAS toward another target than the scaled identity" });
        }
        checked("shrunk covariance", returns, self.ddof.saturating_add(1).max(2))?;
        if self.target == ShrinkageTarget::ConstantCorrelation {
            varying("constant correlation", returns)?;
        }
        let sample = Sample::new(returns, self.ddof)?;
        let target = Target::of(self.target, &sample)?;
        let shrinkage = match self.intensity {
            ShrinkageIntensity::Fixed(value) => value,
            ShrinkageIntensity::Oas => intensity::oas(&sample, &target),
            ShrinkageIntensity::LedoitWolf => intensity::ledoit_wolf(&sample, &target),
        };
        let matrix = target.mixed(&sample, shrinkage);
        Ok(LinearlyShrunk { covariance: Covariance::of_products(sample.in_units(matrix))?, shrinkage })
    }

    /// The shrunk covariance with its diagnostics. An asset that did not move is flagged even where its variance
    /// is no longer zero.
    ///
    /// # Errors
    /// Those of [`shrink`](Self::shrink), and [`Error::NotConverged`] from the eigenvalues.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        let LinearlyShrunk { covariance, shrinkage } = self.shrink(returns)?;
        let (n, assets) = returns.dim();
        let rank = if shrinkage > 0.0 { assets } else { n - 1 };
        let mut estimate = CovarianceEstimate::new(covariance, n, n as f64, rank)?;
        for asset in still_assets(returns) {
            let flag = CovarianceFlag::ZeroVariance { asset };
            if !estimate.flags.contains(&flag) {
                estimate.flags.push(flag);
            }
        }
        estimate.shrinkage = Some(shrinkage);
        Ok(estimate)
    }
}

impl CovarianceEstimator for LinearShrinkage {
    fn name(&self) -> &str {
        match (self.target, self.intensity) {
            (_, ShrinkageIntensity::Oas) => "oas",
            (ShrinkageTarget::ScaledIdentity, _) => "shrinkage to scaled identity",
            (ShrinkageTarget::SingleFactor, _) => "shrinkage to single factor",
            (ShrinkageTarget::ConstantCorrelation, _) => "shrinkage to constant correlation",
        }
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}
