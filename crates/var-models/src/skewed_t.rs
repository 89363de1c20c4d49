//! Losses with Hansen's skewed Student t law.
//!
//! ```text
//! g(z) = b k (1 + ((bz + a)/(1 ± λ))²/(η − 2))^(−(η+1)/2)        − left of −a/b, + right of it
//! a = 4λk(η−2)/(η−1)    b² = 1 + 3λ² − a²    k = Γ((η+1)/2) / (√(π(η−2)) Γ(η/2))
//! ```
//! `z` has mean 0 and variance 1; the P&L is `μ + σ z`. Negative `λ` puts the long tail on the side of losses.

use std::f64::consts::PI;

use alluse_risk_core::measures::Spectrum;
use alluse_risk_core::minimise::Descent;
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, FittedVarModel, History, Horizon, LossDistribution, Measure,
    Result as CoreResult, VarModel, moments,
};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::horizon::one_day;
use crate::normal::{asymptotic_interval, loss_at};
use crate::small_matrix::{curvature, invert, quadratic};
use crate::spectral::spectral_of;
use crate::student_t_fit::refuse_ties;
use crate::student_t_law::StandardT;
use crate::{Error, Result};

/// Hansen's law with mean 0 and variance 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandardSkewedT {
    eta: f64,
    lambda: f64,
    a: f64,
    b: f64,
    /// `√((η−2)/η)`: the deviation of a Student t in units of its scale, inverted.
    unit: f64,
}

impl StandardSkewedT {
    /// For `η > 2` and `−1 < λ < 1`, which the caller has checked.
    pub(crate) fn new(eta: f64, lambda: f64) -> Self {
        let log_k = libm::lgamma(0.5 * (eta + 1.0)) - libm::lgamma(0.5 * eta) - 0.5 * (PI * (eta - 2.0)).ln();
        let a = 4.0 * lambda * log_k.exp() * (eta - 2.0) / (eta - 1.0);
        let b = (1.0 + 3.0 * lambda * lambda - a * a).sqrt();
        Self { eta, lambda, a, b, unit: ((eta - 2.0) / eta).sqrt() }
    }

    fn law(self) -> StandardT {
        StandardT::new(self.eta)
    }

    /// Width of the side on which `z` lies.
    fn side(self, z: f64) -> f64 {
        if self.b * z + self.a < 0.0 { 1.0 - self.lambda } else { 1.0 + self.lambda }
    }

    /// The Student t variable that `z` is on its side.
    fn student(self, z: f64) -> f64 {
        (self.b * z + self.a) / (self.side(z) * self.unit)
    }

    pub(crate) fn cdf(self, z: f64) -> f64 {
        let y = self.student(z);
        match y < 0.0 {
            true => (1.0 - self.lambda) * self.law().cdf(y),
            false => 1.0 - (1.0 + self.lambda) * self.law().cdf(-y),
        }
    }

    /// The `z` with probability `p` below it; for `p` near 1 ask [`quantile_beyond`](Self::quantile_beyond).
    pub(crate) fn quantile(self, p: f64) -> CoreResult<f64> {
        let left = 1.0 - self.lambda;
        if p < 0.5 * left {
            return Ok((left * self.unit * self.law().quantile(p / left)? - self.a) / self.b);
        }
        self.quantile_beyond(1.0 - p)
    }

    /// The `z` with probability `u` beyond it.
    pub(crate) fn quantile_beyond(self, u: f64) -> CoreResult<f64> {
        let right = 1.0 + self.lambda;
        if u > 0.5 * right {
            return self.quantile_below_from(1.0 - u);
        }
        Ok((-right * self.unit * self.law().quantile(u / right)? - self.a) / self.b)
    }

    fn quantile_below_from(self, p: f64) -> CoreResult<f64> {
        let left = 1.0 - self.lambda;
        Ok((left * self.unit * self.law().quantile(p / left)? - self.a) / self.b)
    }

    /// `E[z; z ≤ q]`. The mean is zero, so from the other side it is minus the mean beyond.
    pub(crate) fn mean_below(self, q: f64) -> f64 {
        let (y, side, law) = (self.student(q), self.side(q), self.law());
        let tail = law.density(y) * (self.eta + y * y) / (self.eta - 1.0);
        let mass = law.cdf(-y.abs());
        let signed = if y < 0.0 { -1.0 } else { 1.0 };
        // ∓E[student beyond] on a side of mass `side`.
        let beyond = side * (signed * side * self.unit * tail - self.a * mass) / self.b;
        -signed * beyond
    }
}

/// A skewed Student t predictive distribution of the P&L.
///
/// ```
/// use alluse_risk_core::{Confidence, Horizon, LossDistribution};
/// use alluse_var_models::{SkewedTLoss, StudentTLoss};
///
/// // Without skew it is the Student t with the same mean and standard deviation.
/// let skewed = SkewedTLoss::new(0.0, 100.0, 5.0, 0.0, Horizon::DAY)?;
/// let plain = StudentTLoss::with_standard_deviation(0.0, 100.0, 5.0, Horizon::DAY)?;
/// let var = |loss: &dyn LossDistribution| loss.value_at_risk(Confidence::P99).map(|estimate| estimate.value);
/// assert!((var(&skewed)? - var(&plain)?).abs() < 1e-9);
/// // A negative skew makes losses worse.
/// assert!(var(&SkewedTLoss::new(0.0, 100.0, 5.0, -0.2, Horizon::DAY)?)? > var(&plain)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Hansen (1994), *Autoregressive conditional density estimation*, International Economic Review 35, 705–730.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSkewedT")]
pub struct SkewedTLoss {
    mean: f64,
    standard_deviation: f64,
    degrees_of_freedom: f64,
    skew: f64,
    horizon: Horizon,
    fitted: Option<SkewedTFit>,
}

impl SkewedTLoss {
    /// From mean, standard deviation, degrees of freedom η and skew λ of the P&L; gains are positive.
    ///
    /// # Errors
    /// [`Error::Input`] unless the mean is finite, the standard deviation positive and finite, `η > 2` and finite,
    /// and `−1 < λ < 1`.
    pub fn new(
        mean: f64,
        standard_deviation: f64,
        degrees_of_freedom: f64,
        skew: f64,
        horizon: Horizon,
    ) -> Result<Self> {
        if !mean.is_finite() {
            return Err(Error::out_of_domain("mean", "finite", mean));
        }
        if !(standard_deviation > 0.0 && standard_deviation.is_finite()) {
            return Err(Error::out_of_domain("standard_deviation", "positive and finite", standard_deviation));
        }
        if !(degrees_of_freedom > 2.0 && degrees_of_freedom.is_finite()) {
            return Err(Error::out_of_domain("degrees_of_freedom", "above 2 and finite", degrees_of_freedom));
        }
        if !(skew > -1.0 && skew < 1.0) {
            return Err(Error::out_of_domain("skew", "in (-1, 1)", skew));
        }
        Ok(Self { mean, standard_deviation, degrees_of_freedom, skew, horizon, fitted: None })
    }

    /// From a maximum-likelihood fit; answers carry its standard errors.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_fit(fit: &SkewedTFit, horizon: Horizon) -> Result<Self> {
        let loss = Self::new(fit.mean, fit.standard_deviation, fit.degrees_of_freedom, fit.skew, horizon)?;
        Ok(Self { fitted: Some(fit.clone()), ..loss })
    }

    /// Degrees of freedom η.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> f64 {
        self.degrees_of_freedom
    }

    /// Skew λ.
    #[must_use]
    pub fn skew(&self) -> f64 {
        self.skew
    }

    /// The standard law behind it, for draws.
    pub(crate) fn draw(&self, uniform: f64) -> CoreResult<f64> {
        let z = StandardSkewedT::new(self.degrees_of_freedom, self.skew).quantile(uniform)?;
        Ok(self.mean + self.standard_deviation * z)
    }

    /// The law of `mean + factor · (this P&L)`, for a positive factor.
    pub(crate) fn scaled(self, mean: f64, factor: f64) -> Result<Self> {
        let scaled = Self::new(
            mean + factor * self.mean,
            factor * self.standard_deviation,
            self.degrees_of_freedom,
            self.skew,
            self.horizon,
        )?;
        Ok(Self { fitted: self.fitted.map(|fit| fit.scaled(factor)), ..scaled })
    }

    /// `−μ + σ m(η, λ)`, with the delta-method error of a fit where there was one.
    fn estimate(
        &self,
        measure: Measure,
        multiple: impl Fn(StandardSkewedT) -> CoreResult<f64>,
    ) -> CoreResult<Estimate> {
        let (eta, lambda) = (self.degrees_of_freedom, self.skew);
        let m = multiple(StandardSkewedT::new(eta, lambda))?;
        let value = loss_at(-self.mean, self.standard_deviation, m)?;
        let observations = self.fitted.as_ref().map_or(0, |fit| fit.observations);
        let estimate = Estimate::new(value, measure, self.horizon, observations);
        let Some(covariance) = self.fitted.as_ref().and_then(|fit| fit.covariance) else { return Ok(estimate) };
        // The parameters of the fit are (μ, ln σ, ln(η − 2), atanh λ).
        let step = 1e-4_f64;
        let at = |d_eta: f64, d_lambda: f64| {
            multiple(StandardSkewedT::new(2.0 + (eta - 2.0) * d_eta.exp(), (lambda.atanh() + d_lambda).tanh()))
        };
        let by_eta = self.standard_deviation * (at(step, 0.0)? - at(-step, 0.0)?) / (2.0 * step);
        let by_lambda = self.standard_deviation * (at(0.0, step)? - at(0.0, -step)?) / (2.0 * step);
        let variance = quadratic([-1.0, self.standard_deviation * m, by_eta, by_lambda], &covariance);
        if variance.is_nan() || variance <= 0.0 {
            return Ok(estimate);
        }
        let error = variance.sqrt();
        Ok(estimate.with_standard_error(error).with_interval(asymptotic_interval(value, error)))
    }
}

impl LossDistribution for SkewedTLoss {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let measure = Measure::ValueAtRisk { confidence, rule: None };
        self.estimate(measure, |law| Ok(-law.quantile(confidence.tail())?))
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let tail = confidence.tail();
        let measure = Measure::ExpectedShortfall { confidence };
        self.estimate(measure, |law| Ok(-law.mean_below(law.quantile(tail)?) / tail))
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        // A loss quantile at p is minus the P&L quantile beyond which p lies.
        self.estimate(Measure::Spectral { spectrum: spectrum.name() }, |law| {
            spectral_of(spectrum, |p| Ok(-law.quantile_beyond(p)?), |u| Ok(-law.quantile(u)?))
        })
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss.is_nan() {
            return Err(CoreError::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        let z = (-loss - self.mean) / self.standard_deviation;
        Ok((1.0 - StandardSkewedT::new(self.degrees_of_freedom, self.skew).cdf(z)).clamp(0.0, 1.0))
    }
}

/// The stored form, so that a stored distribution is checked when it is read back.
#[derive(Deserialize)]
struct RawSkewedT {
    mean: f64,
    standard_deviation: f64,
    degrees_of_freedom: f64,
    skew: f64,
    horizon: Horizon,
    fitted: Option<SkewedTFit>,
}

impl TryFrom<RawSkewedT> for SkewedTLoss {
    type Error = Error;

    fn try_from(raw: RawSkewedT) -> Result<Self> {
        let loss = Self::new(raw.mean, raw.standard_deviation, raw.degrees_of_freedom, raw.skew, raw.horizon)?;
        Ok(Self { fitted: raw.fitted, ..loss })
    }
}

/// A fitted skewed t.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkewedTFit {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub standard_deviation: f64,
    /// Degrees of freedom η, in (2.01, 200).
    pub degrees_of_freedom: f64,
    /// Skew λ.
    pub skew: f64,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Observations used.
    pub observations: usize,
    /// Whether η stands at an end of its range, within 1 %.
    pub at_bound: bool,
    /// Covariance of the estimates of (mean, ln sd, ln(η − 2), atanh λ) from the observed information; `None`
    /// at a bound.
    pub covariance: Option<[[f64; 4]; 4]>,
}

impl SkewedTFit {
    /// Fewest observations that the fit accepts.
    pub const MIN_OBSERVATIONS: usize = 20;

    const RANGE: (f64, f64) = (2.01, 200.0);

    /// Maximum likelihood.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than [`MIN_OBSERVATIONS`](Self::MIN_OBSERVATIONS), for values that are not
    /// finite, for a constant sample, and when the search does not converge.
    pub fn new(values: ArrayView1<'_, f64>) -> Result<Self> {
        let n = values.len();
        if n < Self::MIN_OBSERVATIONS {
            let required = Self::MIN_OBSERVATIONS;
            return Err(CoreError::InsufficientData { name: "skewed t fit", required, available: n }.into());
        }
        let centre = moments::mean(values)?;
        let unit = moments::variance(values, 0)?.sqrt();
        if !(unit > 1e-14 * centre.abs()) {
            return Err(CoreError::Undefined { name: "skewed t fit", reason: "the sample is constant" }.into());
        }
        refuse_ties("skewed t fit", values, Self::RANGE.0)?;
        let z: Vec<f64> = values.iter().map(|v| (v - centre) / unit).collect();
        let objective = |x: &[f64]| negative_log_likelihood(&z, x) / n as f64;
        let search = Descent::new("skewed t fit");
        let best = [-0.05, 0.05]
            .into_iter()
            .filter_map(|skew: f64| search.minimise(&[0.0, 0.0, eta_inverse(6.0), skew], objective).ok())
            .min_by(|a, b| a.value.total_cmp(&b.value));
        let Some(best) = best else {
            let (name, iterations, residual) = ("skewed t fit", 200, f64::NAN);
            return Err(CoreError::NotConverged { name, iterations, residual }.into());
        };
        let (location, log_scale, shape, skew) = (best.at[0], best.at[1], best.at[2], best.at[3]);
        let eta = eta_of(shape);
        let at_bound = eta < 1.01 * Self::RANGE.0 || eta > 0.99 * Self::RANGE.1;
        let covariance = if at_bound { None } else { covariance(&z, location, log_scale, eta, skew, unit) };
        Ok(Self {
            mean: centre + unit * location,
            standard_deviation: unit * log_scale.exp(),
            degrees_of_freedom: eta,
            skew: skew.tanh(),
            log_likelihood: -best.value * n as f64 - n as f64 * unit.ln(),
            observations: n,
            at_bound,
            covariance,
        })
    }

    fn scaled(mut self, factor: f64) -> Self {
        self.mean *= factor;
        self.standard_deviation *= factor;
        if let Some(covariance) = &mut self.covariance {
            covariance[0].iter_mut().for_each(|entry| *entry *= factor);
            covariance.iter_mut().for_each(|row| row[0] *= factor);
        }
        self
    }
}

/// η as a smooth map of the real line onto its range.
fn eta_of(shape: f64) -> f64 {
    let (low, high) = SkewedTFit::RANGE;
    let (low, high) = ((low - 2.0).ln(), (high - 2.0).ln());
    2.0 + (low + (high - low) / (1.0 + (-shape).exp())).exp()
}

fn eta_inverse(eta: f64) -> f64 {
    let (low, high) = SkewedTFit::RANGE;
    let (low, high) = ((low - 2.0).ln(), (high - 2.0).ln());
    let share = ((eta - 2.0).ln() - low) / (high - low);
    (share / (1.0 - share)).ln()
}

fn negative_log_likelihood(values: &[f64], x: &[f64]) -> f64 {
    of_parameters(values, x[0], x[1], eta_of(x[2]), x[3])
}

fn of_parameters(values: &[f64], location: f64, log_scale: f64, eta: f64, skew: f64) -> f64 {
    let (scale, lambda) = (log_scale.exp(), skew.tanh());
    if !(lambda.abs() < 1.0 && scale > 0.0 && scale.is_finite()) {
        return f64::INFINITY;
    }
    let law = StandardSkewedT::new(eta, lambda);
    // The constant of the density is the same for every value: only the kernel is summed.
    let constant = (law.b / law.unit).ln() + law.law().log_constant() - log_scale;
    let kernel: f64 = values
        .iter()
        .map(|v| {
            let y = law.student((v - location) / scale);
            (y * y / eta).ln_1p()
        })
        .sum();
    0.5 * (eta + 1.0) * kernel - values.len() as f64 * constant
}

fn covariance(values: &[f64], location: f64, log_scale: f64, eta: f64, skew: f64, unit: f64) -> Option<[[f64; 4]; 4]> {
    let log_shape = (eta - 2.0).ln();
    let at = |d: [f64; 4]| {
        let eta = 2.0 + (log_shape + d[2]).exp();
        -of_parameters(values, location + d[0], log_scale + d[1], eta, skew + d[3])
    };
    let mut inverse = invert(curvature([1e-3; 4], at))?;
    inverse[0].iter_mut().for_each(|entry| *entry *= unit);
    inverse.iter_mut().for_each(|row| row[0] *= unit);
    Some(inverse)
}

/// The skewed t model: a maximum-likelihood fit to the P&L of today's exposures over the window.
///
/// It answers for one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParametricSkewedT;

impl ParametricSkewedT {
    fn law(fit: &SkewedTFit, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("skewed t", horizon)?;
        Ok(Box::new(SkewedTLoss::from_fit(fit, horizon)?))
    }
}

impl VarModel for ParametricSkewedT {
    fn name(&self) -> &str {
        "skewed t"
    }

    fn min_observations(&self) -> usize {
        SkewedTFit::MIN_OBSERVATIONS
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        Self::law(&SkewedTFit::new(history.pnl().view())?, horizon)
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        Ok(Some(Box::new(FittedSkewedT(SkewedTFit::new(history.pnl().view())?))))
    }
}

/// A fitted law that stays.
#[derive(Debug)]
struct FittedSkewedT(SkewedTFit);

impl FittedVarModel for FittedSkewedT {
    fn forecast(&self, _: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        ParametricSkewedT::law(&self.0, horizon)
    }
}

#[cfg(test)]
mod tests;
