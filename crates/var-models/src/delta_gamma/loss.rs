//! The loss distribution of a delta-gamma book.

use alluse_risk_core::measures::Spectrum;
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, Horizon, LossDistribution, Measure, Result as CoreResult, normal,
};
use serde::{Deserialize, Serialize};

use super::expansion::Expansion;
use super::form::Form;
use super::inversion::{self, Tails};
use super::{quantile, saddlepoint};
use crate::Result;
use crate::spectral::spectral_of;

/// How the law of a quadratic form is evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeltaGammaMethod {
    /// Inversion of the characteristic function along a bent path; relative error below 1e-8 in both tails.
    #[default]
    Inversion,
    /// Lugannani and Rice's approximation: one root a probability, a relative error of a percent or so.
    Saddlepoint,
    /// Four exact cumulants and a polynomial; refused where the polynomial does not increase.
    CornishFisher,
}

/// A loss `a + Σ (bⱼ yⱼ + λⱼ yⱼ²)` in independent standard normals.
///
/// ```
/// use alluse_risk_core::{Confidence, Horizon, LossDistribution};
/// use alluse_var_models::DeltaGammaLoss;
///
/// // The chi-square law with three degrees of freedom: its 95 % quantile is 7.814728.
/// let loss = DeltaGammaLoss::from_quadratic(0.0, &[0.0; 3], &[1.0; 3], Horizon::DAY)?;
/// assert!((loss.value_at_risk(Confidence::P95)?.value - 7.814_727_903_251_178).abs() < 1e-10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct DeltaGammaLoss {
    constant: f64,
    slopes: Vec<f64>,
    curvatures: Vec<f64>,
    method: DeltaGammaMethod,
    horizon: Horizon,
    form: Form,
    mirrored: Form,
}

impl DeltaGammaLoss {
    /// From the coefficients of the loss: `constant + Σ (slope · y + curvature · y²)`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for coefficients that are not finite, of different number, or so large
    /// that the variance overflows.
    pub fn from_quadratic(constant: f64, slopes: &[f64], curvatures: &[f64], horizon: Horizon) -> Result<Self> {
        if !constant.is_finite() {
            return Err(crate::Error::out_of_domain("constant", "finite", constant));
        }
        if slopes.len() != curvatures.len() {
            let (expected, got) = (slopes.len(), curvatures.len());
            return Err(CoreError::LengthMismatch { name: "curvatures", expected, got }.into());
        }
        for (name, values) in [("slopes", slopes), ("curvatures", curvatures)] {
            if let Some(index) = values.iter().position(|v| !v.is_finite()) {
                let value = values[index];
                return Err(CoreError::ElementOutOfDomain { name, index, expected: "finite", value }.into());
            }
        }
        let form = Form::new(constant, slopes, curvatures);
        if !form.variance().is_finite() {
            return Err(CoreError::Overflow { name: "variance of the delta-gamma loss" }.into());
        }
        let mirrored = form.negated();
        let (slopes, curvatures) = (slopes.to_vec(), curvatures.to_vec());
        Ok(Self { constant, slopes, curvatures, method: DeltaGammaMethod::default(), horizon, form, mirrored })
    }

    /// With another way to evaluate the law.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input), kind `Undefined`, when the Cornish-Fisher expansion of these cumulants is
    /// not a quantile function.
    pub fn with_method(mut self, method: DeltaGammaMethod) -> Result<Self> {
        if method == DeltaGammaMethod::CornishFisher {
            Expansion::new(&self.form)?;
        }
        self.method = method;
        Ok(self)
    }

    /// How the law is evaluated.
    #[must_use]
    pub fn method(&self) -> DeltaGammaMethod {
        self.method
    }

    /// Exact cumulant of the loss: 1 is its mean, 2 its variance; from 3 on divided by powers of the standard deviation
    /// they are skewness and excess kurtosis.
    ///
    /// ```text
    /// κ₁ = a + Σ λ      κ_r = Σ [(r−1)! 2^(r−1) λ^r + r! 2^(r−3) b² λ^(r−2)]
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for order zero or beyond 20, and when the result overflows.
    pub fn cumulant(&self, order: u32) -> Result<f64> {
        if order == 0 || order > 20 {
            return Err(crate::Error::out_of_domain("order of the cumulant", "from 1 to 20", f64::from(order)));
        }
        let value = self.form.cumulant(order);
        if value.is_finite() { Ok(value) } else { Err(CoreError::Overflow { name: "cumulant" }.into()) }
    }

    pub(crate) fn constant(&self) -> f64 {
        self.constant
    }

    pub(crate) fn form_slopes(&self) -> &[f64] {
        &self.slopes
    }

    pub(crate) fn form_curvatures(&self) -> &[f64] {
        &self.curvatures
    }

    /// The exponential tilt under which the mean loss is `loss`, and `K` there.
    pub(crate) fn tilt_to(&self, loss: f64) -> (f64, f64) {
        let theta = self.form.saddlepoint(loss);
        (theta, self.form.cumulants_at(theta).value)
    }

    /// Loss with mass `tail` above it.
    fn upper(&self, tail: f64) -> CoreResult<f64> {
        self.quantile_of(&self.form, tail)
    }

    /// Loss with mass `mass` below it: the same of the mirrored form.
    fn lower(&self, mass: f64) -> CoreResult<f64> {
        Ok(-self.quantile_of(&self.mirrored, mass)?)
    }

    fn quantile_of(&self, form: &Form, tail: f64) -> CoreResult<f64> {
        match self.method {
            DeltaGammaMethod::Inversion => quantile::upper(form, tail, |x| inversion::tails(form, x)),
            DeltaGammaMethod::Saddlepoint => quantile::upper(form, tail, |x| saddlepoint::tails(form, x)),
            DeltaGammaMethod::CornishFisher => Ok(Expansion::new(form)?.at(-normal::quantile(tail)?)),
        }
    }

    fn tails(&self, x: f64) -> CoreResult<Tails> {
        match self.method {
            DeltaGammaMethod::Saddlepoint => saddlepoint::tails(&self.form, x),
            _ => inversion::tails(&self.form, x),
        }
    }

    fn estimate(&self, value: f64, measure: Measure) -> CoreResult<Estimate> {
        if value.is_finite() {
            Ok(Estimate::new(value, measure, self.horizon, 0))
        } else {
            Err(CoreError::Overflow { name: "delta-gamma loss" })
        }
    }

    fn quantile_at(&self, confidence: Confidence) -> CoreResult<f64> {
        if confidence.level() < 0.5 { self.lower(confidence.level()) } else { self.upper(confidence.tail()) }
    }
}

impl LossDistribution for DeltaGammaLoss {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        self.estimate(self.quantile_at(confidence)?, Measure::ValueAtRisk { confidence, rule: None })
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let tail = confidence.tail();
        let value = if self.method == DeltaGammaMethod::CornishFisher {
            Expansion::new(&self.form)?.beyond(-normal::quantile(tail)?, tail)
        } else {
            let quantile = self.quantile_at(confidence)?;
            quantile + self.tails(quantile)?.excess / tail
        };
        self.estimate(value, Measure::ExpectedShortfall { confidence })
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        let value = spectral_of(spectrum, |p| self.lower(p), |u| self.upper(u))?;
        self.estimate(value, Measure::Spectral { spectrum: spectrum.name() })
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss.is_nan() {
            return Err(CoreError::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        if loss.is_infinite() {
            return Ok(f64::from(u8::from(loss > 0.0)));
        }
        match self.method {
            DeltaGammaMethod::CornishFisher => Ok(Expansion::new(&self.form)?.below(loss)),
            _ => Ok(self.tails(loss)?.below.clamp(0.0, 1.0)),
        }
    }
}

/// The stored form, so that a stored distribution is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    constant: f64,
    slopes: Vec<f64>,
    curvatures: Vec<f64>,
    method: DeltaGammaMethod,
    horizon: Horizon,
}

impl TryFrom<Stored> for DeltaGammaLoss {
    type Error = crate::Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::from_quadratic(stored.constant, &stored.slopes, &stored.curvatures, stored.horizon)?
            .with_method(stored.method)
    }
}

impl From<DeltaGammaLoss> for Stored {
    fn from(loss: DeltaGammaLoss) -> Self {
        let DeltaGammaLoss { constant, slopes, curvatures, method, horizon, .. } = loss;
        Self { constant, slopes, curvatures, method, horizon }
    }
}
