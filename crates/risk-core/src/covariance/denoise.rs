use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::correlation::pearson;
use super::detone::{detoned, on_sample_volatilities, rescaled};
use super::estimate::{checked, varying};
use super::marchenko_pastur::{NoiseFit, fit, upper_edge};
use super::{CovarianceEstimate, CovarianceEstimator, spectral};
use crate::{Error, Result};

/// What becomes of the eigenvalues that are noise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoiseTreatment {
    /// Each is replaced by their mean.
    #[default]
    ConstantResidual,
    /// Each is replaced by zero: the result is singular.
    ZeroResidual,
    /// The correlations that they make are multiplied by `alpha`, their diagonal stays.
    TargetedShrinkage {
        /// What is kept of them, in [0, 1].
        alpha: f64,
    },
}

/// The variance of the part of standardised returns that is noise, on which the Marchenko-Pastur edge depends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoiseVariance {
    /// A known share, in (0, 1]; at 1 the edge is that of returns without any signal.
    Given(f64),
    /// The value in (0, 1) at which the noise density is nearest, in squares over 1000 equal steps of its
    /// support, to a Gaussian kernel density of the eigenvalues. The least is looked for over the whole interval;
    /// a descent from 0.5, as other packages do, can stop in a valley before it.
    KernelFit {
        /// Standard deviation of the kernel, positive.
        bandwidth: f64,
    },
}

impl Default for NoiseVariance {
    fn default() -> Self {
        Self::Given(1.0)
    }
}

/// The covariance with the noise in its correlations removed.
///
/// ```text
/// R = Σ λₖ uₖ uₖ'      noise: λ ≤ v (1 + √(k/n))²
///
/// constant residual     noise λ → their mean, then scaled back to a unit diagonal
/// zero residual         noise λ → 0, then scaled back to a unit diagonal
/// targeted shrinkage    C₀ + α C₁ + (1 − α) diag C₁,   C₀ of the signal, C₁ of the noise
///
/// Σᵢⱼ = R*ᵢⱼ σᵢ σⱼ
/// ```
///
/// `R` is the sample correlation, `σ` the sample deviations (divisor `n − 1`). All three are positive semidefinite.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `treatment` | `ConstantResidual` | what becomes of noise | `alpha`: [0, 1] |
/// | `noise_variance` | `Given(1)` | see [`NoiseVariance`] | (0, 1], bandwidth positive |
/// | `components_removed` | 0 | largest components of the denoised correlation taken out at the end | below assets |
///
/// The first agrees with skfolio's `DenoiseCovariance` at a kernel fit with bandwidth 0.01, all three with
/// Riskfolio-Lib. Components are taken out of the denoised correlation, not the sample's, so the result stays
/// positive semidefinite; see [`DetonedCovariance`](super::DetonedCovariance).
///
/// # Source
/// Marčenko and Pastur (1967); Laloux, Cizeau, Bouchaud and Potters (1999); López de Prado (2020), *Machine
/// Learning for Asset Managers*, §2.4–2.6.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::DenoisedCovariance;
/// use alluse_risk_core::streams::Streams;
///
/// // Two hundred dates of twenty assets that share one factor.
/// let noise = Streams::new(3).standard_normals(200, 20);
/// let returns = &noise + &noise.column(0).insert_axis(ndarray::Axis(1));
/// let denoised = DenoisedCovariance::default().denoise(returns.view())?;
/// assert_eq!(denoised.noise_components, 19);
/// assert!((denoised.edge - (1.0 + 0.1_f64.sqrt()).powi(2)).abs() < 1e-14);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct DenoisedCovariance {
    treatment: NoiseTreatment,
    noise_variance: NoiseVariance,
    components_removed: usize,
}

/// A denoised covariance and what was taken for noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Denoised {
    /// The covariance and its diagnostics.
    pub estimate: CovarianceEstimate,
    /// Its correlation matrix.
    #[serde(with = "crate::nested::matrix")]
    pub correlation: Array2<f64>,
    /// Eigenvalues of the sample correlation, ascending.
    pub eigenvalues: Vec<f64>,
    /// The noise variance.
    pub noise_variance: f64,
    /// Whether a fit ended at an end of (0, 1): the eigenvalues then do not look like noise of any variance, and
    /// the edge is only a convention.
    pub fit_at_bound: bool,
    /// Largest eigenvalue that counts as noise.
    pub edge: f64,
    /// How many eigenvalues are noise.
    pub noise_components: usize,
}

impl DenoisedCovariance {
    /// With this treatment of noise, of variance 1.
    #[must_use]
    pub fn new(treatment: NoiseTreatment) -> Self {
        Self { treatment, ..Self::default() }
    }

    /// With another noise variance.
    #[must_use]
    pub fn with_noise_variance(mut self, noise_variance: NoiseVariance) -> Self {
        self.noise_variance = noise_variance;
        self
    }

    /// Without this many of the largest components of the denoised correlation: the market tone.
    #[must_use]
    pub fn with_components_removed(mut self, count: usize) -> Self {
        self.components_removed = count;
        self
    }

    /// The denoised covariance and what was taken for noise.
    ///
    /// # Errors
    /// - [`Error::OutOfDomain`] for a noise variance outside (0, 1], a bandwidth that is not positive and finite,
    ///   an `alpha` outside [0, 1], or as many components taken out as there are assets.
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] with fewer than two observations.
    /// - [`Error::Undefined`] when an asset's returns are all the same, when zero residual leaves nothing of an
    ///   asset, or when a kernel fit meets as many assets as observations.
    /// - [`Error::NotConverged`] from the eigenvalues; [`Error::Unsupported`] without the features `linalg` and
    ///   `lapack`.
    pub fn denoise(&self, returns: ArrayView2<'_, f64>) -> Result<Denoised> {
        self.check()?;
        checked("denoised covariance", returns, 2)?;
        varying("denoised covariance", returns)?;
        let (n, assets) = returns.dim();
        let sample = pearson(returns)?;
        let eigen = spectral::eigen("correlation", sample.view())?;
        let eigenvalues = eigen.values.to_vec();
        let NoiseFit { variance, at_bound } = match self.noise_variance {
            NoiseVariance::Given(variance) => NoiseFit { variance, at_bound: false },
            NoiseVariance::KernelFit { bandwidth } => fit(&eigenvalues, n, bandwidth)?,
        };
        let edge = upper_edge(variance, assets, n);
        let noise_components = eigenvalues.iter().filter(|value| **value <= edge).count();
        let mut correlation = self.treated(sample, &eigen, noise_components)?;
        if self.components_removed > 0 {
            correlation = detoned(correlation.view(), self.components_removed)?;
        }
        Ok(Denoised {
            estimate: on_sample_volatilities(returns, correlation.view(), self.components_removed)?,
            correlation,
            eigenvalues,
            noise_variance: variance,
            fit_at_bound: at_bound,
            edge,
            noise_components,
        })
    }

    /// The denoised covariance with its diagnostics.
    ///
    /// # Errors
    /// Those of [`denoise`](Self::denoise).
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        Ok(self.denoise(returns)?.estimate)
    }

    fn check(&self) -> Result<()> {
        let refused = |name, expected, value| Err(Error::OutOfDomain { name, expected, value });
        match self.noise_variance {
            NoiseVariance::Given(v) if !(v > 0.0 && v <= 1.0) => return refused("noise variance", "in (0, 1]", v),
            NoiseVariance::KernelFit { bandwidth } if !(bandwidth > 0.0 && bandwidth.is_finite()) => {
                return refused("bandwidth", "positive and finite", bandwidth);
            }
            _ => {}
        }
        match self.treatment {
            NoiseTreatment::TargetedShrinkage { alpha } if !(0.0..=1.0).contains(&alpha) => {
                refused("alpha", "in [0, 1]", alpha)
            }
            _ => Ok(()),
        }
    }

    /// The correlation with its first `noise` eigenvalues treated.
    fn treated(&self, sample: Array2<f64>, eigen: &spectral::SymmetricEigen, noise: usize) -> Result<Array2<f64>> {
        if noise == 0 {
            return Ok(sample);
        }
        let with_noise_at = |level: f64| {
            let mut values = eigen.values.clone();
            values.iter_mut().take(noise).for_each(|value| *value = level);
            rescaled(spectral::recompose(eigen, values.view())?)
        };
        match self.treatment {
            NoiseTreatment::ConstantResidual => {
                with_noise_at(crate::sum::compensated(eigen.values.iter().take(noise).copied()) / noise as f64)
            }
            NoiseTreatment::ZeroResidual => with_noise_at(0.0),
            NoiseTreatment::TargetedShrinkage { alpha } => {
                let mut values = eigen.values.clone();
                values.iter_mut().skip(noise).for_each(|value| *value = 0.0);
                let mut shrunk = sample - spectral::recompose(eigen, values.view())? * (1.0 - alpha);
                shrunk.diag_mut().fill(1.0);
                Ok(shrunk)
            }
        }
    }
}

impl CovarianceEstimator for DenoisedCovariance {
    fn name(&self) -> &str {
        match self.treatment {
            NoiseTreatment::ConstantResidual => "denoised, constant residual",
            NoiseTreatment::ZeroResidual => "denoised, zero residual",
            NoiseTreatment::TargetedShrinkage { .. } => "denoised, targeted shrinkage",
        }
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}
