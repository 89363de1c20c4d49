//! Losses with a normal law.
//!
//! ```text
//! VaR = −μ + z σ        ES = −μ + σ φ(z)/(1 − c)        z = Φ⁻¹(c)
//! ```
//! with `μ` and `σ` the mean and standard deviation of the P&L (or return).

use alluse_risk_core::measures::Spectrum;
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, History, Horizon, Interval, IntervalMethod, LossDistribution, Measure,
    Result as CoreResult, VarModel, moments, normal,
};
use serde::{Deserialize, Serialize};

use crate::spectral::spectral_of_symmetric;
use crate::{Error, HorizonRule, Result};

/// A normal predictive distribution of the P&L.
///
/// ```
/// use alluse_risk_core::{Confidence, Horizon, LossDistribution};
/// use alluse_var_models::NormalLoss;
///
/// // McNeil, Frey & Embrechts: 10,000 at 20 % a year over 250 days.
/// let loss = NormalLoss::new(0.0, 10_000.0 * 0.2 / 250_f64.sqrt(), Horizon::DAY)?;
/// assert!((loss.value_at_risk(Confidence::P95)?.value - 208.1).abs() < 0.05);
/// assert!((loss.expected_shortfall(Confidence::P95)?.value - 260.9).abs() < 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawNormal")]
pub struct NormalLoss {
    mean: f64,
    standard_deviation: f64,
    horizon: Horizon,
    observations: Option<usize>,
}

impl NormalLoss {
    /// From the mean and standard deviation of the P&L over the horizon; gains are positive.
    ///
    /// # Errors
    /// [`Error::Input`] unless the mean is finite and the standard deviation finite and not negative.
    pub fn new(mean: f64, standard_deviation: f64, horizon: Horizon) -> Result<Self> {
        if !mean.is_finite() {
            return Err(Error::out_of_domain("mean", "finite", mean));
        }
        if !(standard_deviation >= 0.0 && standard_deviation.is_finite()) {
            return Err(Error::out_of_domain("standard_deviation", "finite and at least 0", standard_deviation));
        }
        Ok(Self { mean, standard_deviation, horizon, observations: None })
    }

    /// Says from how many observations the two were estimated, so that answers carry standard errors.
    #[must_use]
    pub fn with_observations(mut self, observations: usize) -> Self {
        self.observations = Some(observations);
        self
    }

    /// Mean of the P&L.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation of the P&L.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        self.standard_deviation
    }

    /// `−μ + k σ` for a multiplier of the caller's, such as the 1.65 or 2.33 of older texts.
    ///
    /// # Errors
    /// [`Error::Input`] unless the multiplier is finite, and for a loss beyond the range of numbers.
    pub fn loss_at_multiplier(&self, multiplier: f64) -> Result<f64> {
        loss_at(-self.mean, self.standard_deviation, multiplier)
    }

    fn estimate(&self, multiplier: f64, measure: Measure) -> CoreResult<Estimate> {
        let value = self.loss_at_multiplier(multiplier)?;
        let estimate = Estimate::new(value, measure, self.horizon, self.observations.unwrap_or(0));
        let Some(n) = self.observations.filter(|n| *n > 1) else { return Ok(estimate) };
        // Mean and variance estimates are independent, with variances σ²/n and σ⁴·2/n.
        let error = self.standard_deviation * ((1.0 + 0.5 * multiplier * multiplier) / n as f64).sqrt();
        Ok(estimate.with_standard_error(error).with_interval(asymptotic_interval(value, error)))
    }
}

/// `centre + k · scale`, checked.
pub(crate) fn loss_at(centre: f64, scale: f64, multiplier: f64) -> Result<f64> {
    if !multiplier.is_finite() {
        return Err(Error::out_of_domain("multiplier", "finite", multiplier));
    }
    let loss = centre + multiplier * scale;
    if loss.is_finite() { Ok(loss) } else { Err(CoreError::Overflow { name: "loss" }.into()) }
}

/// The 95 % interval that belongs to a standard error.
pub(crate) fn asymptotic_interval(value: f64, standard_error: f64) -> Interval {
    /// Φ⁻¹(0.975).
    const Z: f64 = 1.959_963_984_540_054;
    Interval {
        lower: value - Z * standard_error,
        upper: value + Z * standard_error,
        level: Confidence::P95,
        method: IntervalMethod::Asymptotic,
    }
}

impl LossDistribution for NormalLoss {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let z = normal::quantile(confidence.level())?;
        self.estimate(z, Measure::ValueAtRisk { confidence, rule: None })
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let z = normal::quantile(confidence.level())?;
        self.estimate(normal::density(z) / confidence.tail(), Measure::ExpectedShortfall { confidence })
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        let multiplier = spectral_of_symmetric(spectrum, normal::quantile)?;
        self.estimate(multiplier, Measure::Spectral { spectrum: spectrum.name() })
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss.is_nan() {
            return Err(CoreError::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        if self.standard_deviation == 0.0 {
            return Ok(f64::from(u8::from(loss >= -self.mean)));
        }
        Ok(normal::cdf((loss + self.mean) / self.standard_deviation))
    }
}

/// The stored form, so that a stored distribution is checked when it is read back.
#[derive(Deserialize)]
struct RawNormal {
    mean: f64,
    standard_deviation: f64,
    horizon: Horizon,
    observations: Option<usize>,
}

impl TryFrom<RawNormal> for NormalLoss {
    type Error = Error;

    fn try_from(raw: RawNormal) -> Result<Self> {
        let loss = Self::new(raw.mean, raw.standard_deviation, raw.horizon)?;
        Ok(Self { observations: raw.observations, ..loss })
    }
}

/// The normal model: mean and standard deviation of the P&L of today's exposures over the window.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `ddof` | 1 | divisor of the variance is `n − ddof` |
/// | `horizon_rule` | `OneDayOnly` | what happens beyond one day |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParametricNormal {
    ddof: usize,
    horizon_rule: HorizonRule,
}

impl Default for ParametricNormal {
    fn default() -> Self {
        Self { ddof: 1, horizon_rule: HorizonRule::default() }
    }
}

impl ParametricNormal {
    /// With the divisor `n − ddof` in the variance.
    #[must_use]
    pub fn with_ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// With a rule for horizons beyond one day.
    #[must_use]
    pub fn with_horizon_rule(mut self, rule: HorizonRule) -> Self {
        self.horizon_rule = rule;
        self
    }
}

impl VarModel for ParametricNormal {
    fn name(&self) -> &str {
        "normal"
    }

    fn min_observations(&self) -> usize {
        self.ddof + 1
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let (mean_factor, volatility_factor) = self.horizon_rule.factors("normal", horizon)?;
        let pnl = history.pnl();
        let mean = moments::mean(pnl.view())?;
        let volatility = moments::variance(pnl.view(), self.ddof)?.sqrt();
        let loss = NormalLoss::new(mean * mean_factor, volatility * volatility_factor, horizon)?;
        Ok(Box::new(loss.with_observations(pnl.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplier_of_hulls_technical_note() {
        // Hull, technical note 10: mean −0.2, standard deviation 2.2, 2.33 deviations.
        let loss = NormalLoss::new(-0.2, 2.2, Horizon::DAY).unwrap();
        assert!((loss.loss_at_multiplier(2.33).unwrap() - 5.326).abs() < 1e-12);
        assert!(loss.loss_at_multiplier(f64::INFINITY).is_err());
    }

    #[test]
    fn the_cdf_inverts_the_quantile() {
        let loss = NormalLoss::new(0.3, 1.7, Horizon::DAY).unwrap();
        let var = loss.value_at_risk(Confidence::P99).unwrap();
        assert!((loss.cdf(var.value).unwrap() - 0.99).abs() < 1e-14);
        assert!(loss.cdf(f64::NAN).is_err());
        assert_eq!(loss.horizon(), Horizon::DAY);
        assert_eq!(var.standard_error, None);
    }

    #[test]
    fn a_loss_beyond_the_range_of_numbers_is_an_error() {
        let huge = NormalLoss::new(0.0, f64::MAX, Horizon::DAY).unwrap();
        let error = huge.value_at_risk(Confidence::P99).unwrap_err();
        assert_eq!(error, CoreError::Overflow { name: "loss" });
    }

    #[test]
    fn certain_money_loses_nothing_but_its_mean() {
        let certain = NormalLoss::new(2.0, 0.0, Horizon::DAY).unwrap();
        assert_eq!(certain.value_at_risk(Confidence::P99).unwrap().value, -2.0);
        assert_eq!(certain.cdf(-2.0).unwrap(), 1.0);
        assert_eq!(certain.cdf(-2.1).unwrap(), 0.0);
    }

    #[test]
    fn the_standard_error_is_that_of_a_simulation() {
        // 400 samples of 250 standard normals: the spread of the estimates against the stated error, which
        // has itself a relative error of 1/√(2·400) ≈ 3.5 %; four of those are allowed.
        let draws = alluse_risk_core::streams::Streams::new(3).standard_normals(400, 250);
        let estimates: Vec<f64> = draws
            .rows()
            .into_iter()
            .map(|row| {
                let (mean, sd) = (moments::mean(row).unwrap(), moments::variance(row, 1).unwrap().sqrt());
                NormalLoss::new(mean, sd, Horizon::DAY).unwrap().value_at_risk(Confidence::P99).unwrap().value
            })
            .collect();
        let spread = moments::variance(ndarray::ArrayView1::from(&estimates), 1).unwrap().sqrt();
        let stated = NormalLoss::new(0.0, 1.0, Horizon::DAY).unwrap().with_observations(250);
        let stated = stated.value_at_risk(Confidence::P99).unwrap().standard_error.unwrap();
        assert!((spread / stated - 1.0).abs() < 0.14, "{spread} against {stated}");
    }

    #[test]
    fn bad_parameters_are_refused_by_every_door() {
        assert!(NormalLoss::new(f64::NAN, 1.0, Horizon::DAY).is_err());
        for sd in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(NormalLoss::new(0.0, sd, Horizon::DAY).is_err(), "{sd}");
        }
        let good = NormalLoss::new(0.0, 1.5, Horizon::DAY).unwrap();
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<NormalLoss>(&text).unwrap(), good);
        assert!(serde_json::from_str::<NormalLoss>(&text.replace("1.5", "-1.5")).is_err());
    }
}
