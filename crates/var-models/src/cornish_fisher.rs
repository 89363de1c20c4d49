//! The Cornish-Fisher expansion as a model.

use alluse_risk_core::measures::{
    CornishFisher, ExpansionDomain, ExpansionOrder, LossSample, ShortfallFloor, Spectrum,
};
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, History, Horizon, LossDistribution, Measure, Result as CoreResult,
    VarModel, normal,
};
use serde::{Deserialize, Serialize};

use crate::spectral::spectral_of;
use crate::{HorizonRule, Result};

/// A predictive distribution given by its Cornish-Fisher quantile.
///
/// Standard errors are not stated: bootstrap the sample for them.
#[derive(Debug, Clone, PartialEq)]
pub struct CornishFisherLoss {
    expansion: CornishFisher,
    floor: ShortfallFloor,
    horizon: Horizon,
    observations: usize,
}

impl CornishFisherLoss {
    /// From an expansion of the P&L over the horizon.
    #[must_use]
    pub fn new(expansion: CornishFisher, horizon: Horizon) -> Self {
        Self { expansion, floor: ShortfallFloor::default(), horizon, observations: 0 }
    }

    /// With or without a floor under expected shortfall.
    #[must_use]
    pub fn with_floor(mut self, floor: ShortfallFloor) -> Self {
        self.floor = floor;
        self
    }

    /// The expansion.
    #[must_use]
    pub fn expansion(&self) -> CornishFisher {
        self.expansion
    }

    fn estimate(&self, value: f64, measure: Measure) -> CoreResult<Estimate> {
        if !value.is_finite() {
            return Err(CoreError::Overflow { name: "loss" });
        }
        Ok(Estimate::new(value, measure, self.horizon, self.observations))
    }

    /// The loss where the normal quantile of the return is `z`.
    fn loss_at(&self, z: f64) -> CoreResult<f64> {
        Ok(self.expansion.at_multiplier(-z, ExpansionOrder::Fourth)?.value_at_risk)
    }
}

impl LossDistribution for CornishFisherLoss {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        self.estimate(self.expansion.value_at_risk(confidence), Measure::ValueAtRisk { confidence, rule: None })
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let value = self.expansion.expected_shortfall(confidence, self.floor);
        self.estimate(value, Measure::ExpectedShortfall { confidence })
    }

    /// The integral of the expanded quantile. For the spectrum of expected shortfall it is the tail mean of the
    /// quantile, not the Edgeworth formula of [`expected_shortfall`](LossDistribution::expected_shortfall).
    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        let value =
            spectral_of(spectrum, |p| self.loss_at(-normal::quantile(p)?), |u| self.loss_at(normal::quantile(u)?))?;
        self.estimate(value, Measure::Spectral { spectrum: spectrum.name() })
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss.is_nan() {
            return Err(CoreError::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        let (s, k) = (self.expansion.skewness(), self.expansion.excess_kurtosis());
        if !CornishFisher::is_monotone(s, k) {
            let reason = "the expansion is no quantile function";
            return Err(CoreError::Undefined { name: "Cornish-Fisher cdf", reason });
        }
        if !(self.expansion.standard_deviation() > 0.0) {
            return Ok(f64::from(u8::from(loss >= -self.expansion.mean())));
        }
        // The loss falls as z rises; beyond ±38 the normal law has no mass left in floating point.
        let (mut low, mut high) = (-38.0, 38.0);
        for _ in 0..200 {
            let middle: f64 = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.loss_at(middle)? > loss { low = middle } else { high = middle }
        }
        Ok(normal::cdf(-0.5 * (low + high)))
    }
}

/// The Cornish-Fisher model: mean, variance, skewness and kurtosis of the P&L over the window.
///
/// It refuses to forecast from a window whose skewness and kurtosis lie outside the domain in which the
/// expansion is a quantile function, unless [`ExpansionDomain::Unchecked`] is named.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `domain` | `Monotone` | what happens outside the domain |
/// | `floor` | `ValueAtRisk` | whether expected shortfall may fall below value at risk |
/// | `horizon_rule` | `OneDayOnly` | what happens beyond one day; the square-root rule divides skewness by √h and kurtosis by h |
/// | `min_observations` | 100 | fewest observations accepted |
///
/// # Source
/// Cornish & Fisher (1938); Maillard (2012) for the domain; Boudt, Peterson & Croux (2008) for the tail mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParametricCornishFisher {
    domain: ExpansionDomain,
    floor: ShortfallFloor,
    horizon_rule: HorizonRule,
    min_observations: usize,
}

impl Default for ParametricCornishFisher {
    fn default() -> Self {
        Self {
            domain: ExpansionDomain::default(),
            floor: ShortfallFloor::default(),
            horizon_rule: HorizonRule::default(),
            min_observations: 100,
        }
    }
}

impl ParametricCornishFisher {
    /// With another answer outside the domain.
    #[must_use]
    pub fn with_domain(mut self, domain: ExpansionDomain) -> Self {
        self.domain = domain;
        self
    }

    /// With or without a floor under expected shortfall.
    #[must_use]
    pub fn with_floor(mut self, floor: ShortfallFloor) -> Self {
        self.floor = floor;
        self
    }

    /// With a rule for horizons beyond one day.
    #[must_use]
    pub fn with_horizon_rule(mut self, rule: HorizonRule) -> Self {
        self.horizon_rule = rule;
        self
    }

    /// With another least number of observations.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.min_observations = min_observations.max(1);
        self
    }

    fn expansion(&self, losses: &LossSample, horizon: Horizon) -> Result<CornishFisher> {
        let (mean, volatility) = self.horizon_rule.factors("Cornish-Fisher", horizon)?;
        let day = losses.cornish_fisher(ExpansionDomain::Unchecked)?;
        Ok(CornishFisher::new(
            day.mean() * mean,
            day.standard_deviation() * volatility,
            day.skewness() / volatility,
            day.excess_kurtosis() / (volatility * volatility),
            self.domain,
        )?)
    }
}

impl VarModel for ParametricCornishFisher {
    fn name(&self) -> &str {
        "Cornish-Fisher"
    }

    fn min_observations(&self) -> usize {
        self.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let (available, required) = (history.dates().len(), self.min_observations);
        if available < required {
            return Err(CoreError::InsufficientData { name: "Cornish-Fisher", required, available });
        }
        let losses = LossSample::new(history.pnl().mapv_into(|gain| 0.0 - gain))?;
        let expansion = self.expansion(&losses, horizon)?;
        let loss = CornishFisherLoss { expansion, floor: self.floor, horizon, observations: available };
        Ok(Box::new(loss))
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;

    use super::*;

    fn loss() -> CornishFisherLoss {
        let expansion = CornishFisher::new(0.001, 0.01, -0.3, 1.0, ExpansionDomain::Monotone).unwrap();
        CornishFisherLoss::new(expansion, Horizon::DAY)
    }

    #[test]
    fn golden_figures() {
        // The expanded quantile and its tail integral with mpmath at 25 digits.
        let var = loss().value_at_risk(Confidence::P975).unwrap().value;
        assert!((var - 0.0205760874499132).abs() < 1e-15, "{var}");
        let tail = loss().spectral(&Spectrum::expected_shortfall(Confidence::P975)).unwrap().value;
        assert!((tail - 0.0270462699571912).abs() < 1e-11, "{tail}");
        // The Edgeworth tail mean is another expansion: close for small moments, not the same.
        let es = loss().expected_shortfall(Confidence::P975).unwrap().value;
        assert!((es / tail - 1.0).abs() < 0.1 && es != tail, "{es} {tail}");
        assert_eq!(loss().horizon(), Horizon::DAY);
    }

    #[test]
    fn the_cdf_inverts_the_quantile() {
        for level in [0.01, 0.5, 0.9, 0.975, 0.9999] {
            let c = Confidence::new(level).unwrap();
            let var = loss().value_at_risk(c).unwrap().value;
            assert!((loss().cdf(var).unwrap() - level).abs() < 1e-13, "{level}");
        }
        assert!(loss().cdf(f64::NAN).is_err());
        assert!(loss().cdf(1e9).unwrap() == 1.0 && loss().cdf(-1e9).unwrap() < 1e-300);
        let certain = CornishFisher::new(2.0, 0.0, 0.0, 0.0, ExpansionDomain::Monotone).unwrap();
        let certain = CornishFisherLoss::new(certain, Horizon::DAY);
        assert_eq!((certain.cdf(-2.0).unwrap(), certain.cdf(-2.1).unwrap()), (1.0, 0.0));
    }

    #[test]
    fn outside_the_domain_only_the_quantile_answers() {
        let bent = CornishFisher::new(0.0, 1.0, -3.0, 2.0, ExpansionDomain::Unchecked).unwrap();
        let bent = CornishFisherLoss::new(bent, Horizon::DAY).with_floor(ShortfallFloor::None);
        assert!(bent.value_at_risk(Confidence::P99).is_ok());
        assert_eq!(bent.cdf(1.0).unwrap_err().kind(), ErrorKind::Undefined);
        assert!(bent.spectral(&Spectrum::expected_shortfall(Confidence::P95)).is_err());
        let huge = CornishFisher::new(0.0, f64::MAX, 0.0, 0.0, ExpansionDomain::Monotone).unwrap();
        let huge = CornishFisherLoss::new(huge, Horizon::DAY);
        assert_eq!(huge.value_at_risk(Confidence::P99).unwrap_err().kind(), ErrorKind::Numerical);
        assert_eq!(huge.expansion().standard_deviation(), f64::MAX);
    }
}
