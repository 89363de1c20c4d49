use alluse_risk_core::{Error as Input, FittedVolatility, Result as CoreResult, VolatilityModel};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::fitted::FittedGarch;
use super::layout::Layout;
use super::parameters::GarchParameters;
use super::recursion::Sample;
use super::search;
use crate::innovations::Innovations;
use crate::{Error, Result, check};

/// How the variance follows from past residuals `e` and past variances `h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VarianceEquation {
    /// `h = ω + Σ αᵢ e²₋ᵢ + Σ γⱼ e²₋ⱼ 1{e₋ⱼ < 0} + Σ βₖ h₋ₖ`: ARCH, GARCH and GJR.
    #[default]
    Garch,
    /// The same in standard deviations: `√h = ω + Σ αᵢ |e₋ᵢ| + Σ γⱼ |e₋ⱼ| 1{e₋ⱼ < 0} + Σ βₖ √h₋ₖ`.
    Tarch,
    /// `ln h = ω + Σ αᵢ (|z₋ᵢ| − √(2/π)) + Σ γⱼ z₋ⱼ + β ln h₋₁`, `z = e/√h`. The constant is that of the normal for every
    /// law.
    Egarch,
    /// `h^(δ/2) = ω + Σ αᵢ (|e₋ᵢ| − γᵢ e₋ᵢ)^δ + Σ βₖ h₋ₖ^(δ/2)`.
    Aparch,
}

impl VarianceEquation {
    /// The variance that a state of the recursion stands for; `power` is that of the power model.
    pub(super) fn variance(self, state: f64, power: f64) -> f64 {
        match self {
            Self::Garch => state,
            Self::Tarch => state * state,
            Self::Egarch => libm::exp(state),
            Self::Aparch => libm::pow(state, 2.0 / power),
        }
    }
}

/// What the returns move about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MeanEquation {
    /// Zero.
    Zero,
    /// A constant.
    #[default]
    Constant,
    /// A constant and the last `lags` returns: `rₜ = c + Σ φₖ rₜ₋ₖ + eₜ`. The first `lags` returns are given.
    Autoregressive {
        /// Number of lags.
        lags: usize,
    },
}

impl MeanEquation {
    pub(super) fn lags(self) -> usize {
        match self {
            Self::Autoregressive { lags } => lags,
            _ => 0,
        }
    }

    pub(super) fn has_constant(self) -> bool {
        !matches!(self, Self::Zero)
    }
}

/// The squared residual and the variance `b` that stand for those before the sample; an asymmetric term counts `b/2`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InitialVariance {
    /// `Σ wᵢ eᵢ²` over the first 75 residuals about the sample mean, `wᵢ ∝ 0.94^i` (`|eᵢ|` in a model of standard
    /// deviations).
    #[default]
    Backcast,
    /// The mean square of all residuals at the current parameters (mean absolute value in a model of standard
    /// deviations). A log-variance starts at its logarithm itself.
    MeanSquare,
}

/// A model of the GARCH family.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `mean` | constant | what the returns move about |
/// | `innovations` | normal | law of the standardised residuals |
/// | `initial_variance` | backcast | what stands for the time before the sample |
/// | `starts` | 2, of the log and power models 4 | best points of a grid from which a search begins |
///
/// Returns are brought to variance 1 before the search and parameters back after it, so that decimals and percent give
/// the same fit.
///
/// # Source
/// Bollerslev (1986); Glosten, Jagannathan and Runkle (1993); Nelson (1991); Zakoian (1994); Ding, Granger and Engle
/// (1993).
///
/// # Examples
/// ```
/// use alluse_forecast::volatility::Garch;
/// use alluse_risk_core::streams::Streams;
///
/// let returns = Streams::new(3).standard_normals(600, 1);
/// let fitted = Garch::new(1, 1).estimate(returns.column(0))?;
/// assert!(fitted.parameters().persistence() < 1.0);
/// assert!(fitted.certificate().is_some_and(|certificate| certificate.gradient < 1e-4));
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Garch {
    pub(super) equation: VarianceEquation,
    pub(super) arch: usize,
    pub(super) asymmetry: usize,
    pub(super) garch: usize,
    pub(super) mean: MeanEquation,
    pub(super) innovations: Innovations,
    pub(super) initial: InitialVariance,
    pub(super) starts: Option<usize>,
}

impl Default for Garch {
    fn default() -> Self {
        Self::new(1, 1)
    }
}

impl Garch {
    /// Fewest returns that a fit accepts, beyond the lags of its equations.
    pub const MIN_OBSERVATIONS: usize = 30;

    fn of(equation: VarianceEquation, arch: usize, asymmetry: usize, garch: usize) -> Self {
        Self {
            equation,
            arch,
            asymmetry,
            garch,
            mean: MeanEquation::default(),
            innovations: Innovations::default(),
            initial: InitialVariance::default(),
            starts: None,
        }
    }

    /// ARCH(p).
    #[must_use]
    pub fn arch(arch: usize) -> Self {
        Self::of(VarianceEquation::Garch, arch, 0, 0)
    }

    /// GARCH(p, q).
    #[must_use]
    pub fn new(arch: usize, garch: usize) -> Self {
        Self::of(VarianceEquation::Garch, arch, 0, garch)
    }

    /// GJR(p, o, q).
    #[must_use]
    pub fn gjr(arch: usize, asymmetry: usize, garch: usize) -> Self {
        Self::of(VarianceEquation::Garch, arch, asymmetry, garch)
    }

    /// TARCH(p, o, q), in standard deviations.
    #[must_use]
    pub fn tarch(arch: usize, asymmetry: usize, garch: usize) -> Self {
        Self::of(VarianceEquation::Tarch, arch, asymmetry, garch)
    }

    /// EGARCH(p, o, q); at most one lagged log-variance.
    #[must_use]
    pub fn egarch(arch: usize, asymmetry: usize, garch: usize) -> Self {
        Self::of(VarianceEquation::Egarch, arch, asymmetry, garch)
    }

    /// APARCH(p, o, q): the first o of the p powers are asymmetric.
    #[must_use]
    pub fn aparch(arch: usize, asymmetry: usize, garch: usize) -> Self {
        Self::of(VarianceEquation::Aparch, arch, asymmetry, garch)
    }

    /// With another mean.
    #[must_use]
    pub fn with_mean(mut self, mean: MeanEquation) -> Self {
        self.mean = mean;
        self
    }

    /// With another law.
    #[must_use]
    pub fn with_innovations(mut self, innovations: Innovations) -> Self {
        self.innovations = innovations;
        self
    }

    /// With another start of the recursion.
    #[must_use]
    pub fn with_initial_variance(mut self, initial: InitialVariance) -> Self {
        self.initial = initial;
        self
    }

    /// With another number of searches.
    #[must_use]
    pub fn with_starts(mut self, starts: usize) -> Self {
        self.starts = Some(starts);
        self
    }

    /// Maximum likelihood.
    ///
    /// # Errors
    /// [`Error::Input`] for orders that make no model, fewer than [`MIN_OBSERVATIONS`](Self::MIN_OBSERVATIONS) returns
    /// beyond the lags, returns that are not finite, and a search that does not converge; [`Error::Undefined`] for
    /// returns that are constant.
    pub fn estimate(&self, returns: ArrayView1<'_, f64>) -> Result<FittedGarch> {
        let layout = self.checked(returns)?;
        check::enough("GARCH fit", Self::MIN_OBSERVATIONS + self.mean.lags() + layout.presample, returns.len())?;
        search::estimate(self, &layout, returns)
    }

    /// At given parameters and with the presample that belongs to them.
    pub(super) fn continued(
        &self,
        returns: ArrayView1<'_, f64>,
        parameters: &GarchParameters,
        backcast: f64,
    ) -> Result<FittedGarch> {
        let layout = self.checked(returns)?;
        check::enough("returns", self.mean.lags() + 1, returns.len())?;
        parameters.check(&layout)?;
        let sample = Sample::new(&layout, returns.iter().copied().collect())?.with_backcast(backcast);
        FittedGarch::along(*self, parameters.clone(), &sample)
    }

    /// The model along a series at given parameters.
    ///
    /// A backcast is made from the series; [`FittedVolatility::filter`] keeps that of the fit, so that volatilities do not
    /// depend on what comes later.
    ///
    /// # Errors
    /// [`Error::Input`] for parameters that are not those of this model or make a variance that is not positive, and
    /// for returns that are not finite.
    pub fn at(&self, returns: ArrayView1<'_, f64>, parameters: &GarchParameters) -> Result<FittedGarch> {
        let layout = self.checked(returns)?;
        check::enough("returns", self.mean.lags() + 1, returns.len())?;
        parameters.check(&layout)?;
        let sample = Sample::new(&layout, returns.iter().copied().collect())?;
        FittedGarch::along(*self, parameters.clone(), &sample)
    }

    fn checked(&self, returns: ArrayView1<'_, f64>) -> Result<Layout> {
        check::finite("returns", returns)?;
        let unsupported = |what: &str| Err(Error::Unsupported { what: what.into() });
        if self.arch == 0 && !(self.equation == VarianceEquation::Egarch && self.asymmetry > 0) {
            return Err(Input::OutOfDomain { name: "ARCH order", expected: "at least 1", value: 0.0 }.into());
        }
        if self.starts == Some(0) {
            return Err(Input::OutOfDomain { name: "starts", expected: "at least 1", value: 0.0 }.into());
        }
        if self.equation == VarianceEquation::Egarch && self.garch > 1 {
            return unsupported("an EGARCH with more than one lagged log-variance");
        }
        if self.equation != VarianceEquation::Egarch && self.asymmetry > self.arch {
            return unsupported("more asymmetric than symmetric lags");
        }
        Ok(Layout::new(self))
    }
}

impl VolatilityModel for Garch {
    fn fit(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        match self.estimate(returns) {
            Ok(fitted) => Ok(Box::new(fitted)),
            Err(error) => Err(error.into()),
        }
    }
}
