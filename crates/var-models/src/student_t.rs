//! Losses with a Student t law.
//!
//! ```text
//! VaR = −m + s q        ES = −m + s f(q)/(1 − c) · (ν + q²)/(ν − 1)        q = t_ν⁻¹(c)
//! ```
//! with `m` the location and `s` the scale of the P&L; its standard deviation is `s √(ν/(ν−2))`.

use alluse_risk_core::measures::Spectrum;
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, FittedVarModel, History, Horizon, LossDistribution, Measure,
    Result as CoreResult, VarModel,
};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::normal::{asymptotic_interval, loss_at};
use crate::spectral::spectral_of_symmetric;
use crate::student_t_fit::{StudentTFit, fit};
use crate::student_t_law::StandardT;
use crate::{Error, HorizonRule, Result};

/// A Student t predictive distribution of the P&L.
///
/// ```
/// use alluse_risk_core::{Confidence, Horizon, LossDistribution};
/// use alluse_var_models::StudentTLoss;
///
/// // McNeil, Frey & Embrechts: the same variance as the normal, four degrees of freedom.
/// let sd = 10_000.0 * 0.2 / 250_f64.sqrt();
/// let loss = StudentTLoss::with_standard_deviation(0.0, sd, 4.0, Horizon::DAY)?;
/// assert!((loss.value_at_risk(Confidence::P99)?.value - 335.1).abs() < 0.05);
/// assert!((loss.expected_shortfall(Confidence::P99)?.value - 466.9).abs() < 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawStudentT")]
pub struct StudentTLoss {
    location: f64,
    scale: f64,
    degrees_of_freedom: f64,
    horizon: Horizon,
    fitted: Option<StudentTFit>,
}

impl StudentTLoss {
    /// From location, scale and degrees of freedom of the P&L over the horizon; gains are positive.
    ///
    /// # Errors
    /// [`Error::Input`] unless the location is finite and the other two positive and finite.
    pub fn new(location: f64, scale: f64, degrees_of_freedom: f64, horizon: Horizon) -> Result<Self> {
        if !location.is_finite() {
            return Err(Error::out_of_domain("location", "finite", location));
        }
        for (name, value) in [("scale", scale), ("degrees_of_freedom", degrees_of_freedom)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::out_of_domain(name, "positive and finite", value));
            }
        }
        Ok(Self { location, scale, degrees_of_freedom, horizon, fitted: None })
    }

    /// From mean and standard deviation, `s = σ √((ν−2)/ν)`.
    ///
    /// # Errors
    /// [`Error::Input`] as [`new`](Self::new), and unless there are more than two degrees of freedom.
    pub fn with_standard_deviation(
        mean: f64,
        standard_deviation: f64,
        degrees_of_freedom: f64,
        horizon: Horizon,
    ) -> Result<Self> {
        if !(degrees_of_freedom > 2.0 && degrees_of_freedom.is_finite()) {
            return Err(Error::out_of_domain("degrees_of_freedom", "above 2 and finite", degrees_of_freedom));
        }
        let scale = standard_deviation * ((degrees_of_freedom - 2.0) / degrees_of_freedom).sqrt();
        Self::new(mean, scale, degrees_of_freedom, horizon)
    }

    /// From a maximum-likelihood fit; answers carry its standard errors.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_fit(fit: &StudentTFit, horizon: Horizon) -> Result<Self> {
        let loss = Self::new(fit.location, fit.scale, fit.degrees_of_freedom, horizon)?;
        Ok(Self { fitted: Some(fit.clone()), ..loss })
    }

    /// The same law `by` further on the side of gains.
    pub(crate) fn shifted(self, by: f64) -> Result<Self> {
        let loss = Self::new(self.location + by, self.scale, self.degrees_of_freedom, self.horizon)?;
        Ok(Self { fitted: self.fitted, ..loss })
    }

    /// Location of the P&L.
    #[must_use]
    pub fn location(&self) -> f64 {
        self.location
    }

    /// Scale of the P&L.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Degrees of freedom.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> f64 {
        self.degrees_of_freedom
    }

    /// `−m + k s` for a multiplier of the caller's.
    ///
    /// # Errors
    /// [`Error::Input`] unless the multiplier is finite, and for a loss beyond the range of numbers.
    pub fn loss_at_multiplier(&self, multiplier: f64) -> Result<f64> {
        loss_at(-self.location, self.scale, multiplier)
    }

    /// `−m + s k(ν)`, with the delta-method error of a fit where there was one.
    fn estimate(&self, measure: Measure, multiplier: impl Fn(f64) -> CoreResult<f64>) -> CoreResult<Estimate> {
        let nu = self.degrees_of_freedom;
        let k = multiplier(nu)?;
        let value = self.loss_at_multiplier(k)?;
        let observations = self.fitted.as_ref().map_or(0, |fit| fit.observations);
        let estimate = Estimate::new(value, measure, self.horizon, observations);
        let Some(covariance) = self.fitted.as_ref().and_then(|fit| fit.covariance) else { return Ok(estimate) };
        // The parameters of the fit are (m, ln s, ln ν).
        let step = 1e-4;
        let slope = self.scale * (multiplier(nu * f64::exp(step))? - multiplier(nu * f64::exp(-step))?) / (2.0 * step);
        let gradient = [-1.0, self.scale * k, slope];
        let variance: f64 =
            (0..3).map(|i| (0..3).map(|j| gradient[i] * covariance[i][j] * gradient[j]).sum::<f64>()).sum();
        if variance.is_nan() || variance <= 0.0 {
            return Ok(estimate);
        }
        let error = variance.sqrt();
        Ok(estimate.with_standard_error(error).with_interval(asymptotic_interval(value, error)))
    }
}

impl LossDistribution for StudentTLoss {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let measure = Measure::ValueAtRisk { confidence, rule: None };
        self.estimate(measure, |nu| StandardT::new(nu).quantile(confidence.level()))
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        if self.degrees_of_freedom <= 1.0 {
            return Err(Error::InfiniteMean { degrees_of_freedom: self.degrees_of_freedom }.into());
        }
        self.estimate(Measure::ExpectedShortfall { confidence }, |nu| {
            let law = StandardT::new(nu);
            let q = law.quantile(confidence.level())?;
            Ok(law.density(q) / confidence.tail() * (nu + q * q) / (nu - 1.0))
        })
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        if self.degrees_of_freedom <= 1.0 {
            return Err(Error::InfiniteMean { degrees_of_freedom: self.degrees_of_freedom }.into());
        }
        self.estimate(Measure::Spectral { spectrum: spectrum.name() }, |nu| {
            let law = StandardT::new(nu);
            spectral_of_symmetric(spectrum, |p| law.quantile(p))
        })
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss.is_nan() {
            return Err(CoreError::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        Ok(StandardT::new(self.degrees_of_freedom).cdf((loss + self.location) / self.scale))
    }
}

/// The stored form, so that a stored distribution is checked when it is read back.
#[derive(Deserialize)]
struct RawStudentT {
    location: f64,
    scale: f64,
    degrees_of_freedom: f64,
    horizon: Horizon,
    fitted: Option<StudentTFit>,
}

impl TryFrom<RawStudentT> for StudentTLoss {
    type Error = Error;

    fn try_from(raw: RawStudentT) -> Result<Self> {
        let loss = Self::new(raw.location, raw.scale, raw.degrees_of_freedom, raw.horizon)?;
        Ok(Self { fitted: raw.fitted, ..loss })
    }
}

/// The Student t model: a maximum-likelihood fit to the P&L of today's exposures over the window.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `horizon_rule` | `OneDayOnly` | what happens beyond one day |
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ParametricStudentT {
    horizon_rule: HorizonRule,
}

impl ParametricStudentT {
    /// With a rule for horizons beyond one day. The sum of t variables is not a t; the rule keeps the
    /// degrees of freedom and so overstates the tail of long horizons.
    #[must_use]
    pub fn with_horizon_rule(mut self, rule: HorizonRule) -> Self {
        self.horizon_rule = rule;
        self
    }

    /// Fits location, scale and degrees of freedom to returns or P&L.
    ///
    /// # Errors
    /// As [`StudentTFit`] describes.
    pub fn fit(&self, pnl: ArrayView1<'_, f64>) -> Result<StudentTFit> {
        fit(pnl)
    }

    fn law(&self, fit: &StudentTFit, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let (mean_factor, volatility_factor) = self.horizon_rule.factors("student t", horizon)?;
        let scaled = fit.scaled(mean_factor, volatility_factor);
        Ok(Box::new(StudentTLoss::from_fit(&scaled, horizon)?))
    }
}

impl VarModel for ParametricStudentT {
    fn name(&self) -> &str {
        "student t"
    }

    fn min_observations(&self) -> usize {
        StudentTFit::MIN_OBSERVATIONS
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        self.law(&ParametricStudentT::fit(self, history.pnl().view())?, horizon)
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        let fit = ParametricStudentT::fit(self, history.pnl().view())?;
        Ok(Some(Box::new(FittedStudentT { model: self.clone(), fit })))
    }
}

/// A fitted law that stays: the law of the P&L of the exposures that it was fitted to.
#[derive(Debug)]
struct FittedStudentT {
    model: ParametricStudentT,
    fit: StudentTFit,
}

impl FittedVarModel for FittedStudentT {
    fn forecast(&self, _: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        self.model.law(&self.fit, horizon)
    }
}
