//! The weighted average of quantile functions.

use alluse_risk_core::measures::Spectrum;
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, Horizon, LossDistribution, Measure, Result as CoreResult,
};

use crate::normal::asymptotic_interval;
use crate::{Error, Result};

/// A distribution whose quantile is the weighted average of the quantiles of its parts.
///
/// ```text
/// VaR = Σ wₖ VaRₖ        ES = Σ wₖ ESₖ        spectral likewise
/// ```
///
/// It is the law of a sum of comonotone parts, so that no diversification between models is claimed. Standard
/// errors are summed with the weights, which is right for perfectly dependent errors and too large otherwise.
#[derive(Debug)]
pub struct CombinedLoss {
    parts: Vec<(f64, Box<dyn LossDistribution>)>,
    horizon: Horizon,
}

impl CombinedLoss {
    /// From weights and distributions over one horizon.
    ///
    /// # Errors
    /// [`Error::Input`] without parts, for weights that are not positive and finite or do not sum to 1, and for
    /// parts that speak about different horizons.
    pub fn new(parts: Vec<(f64, Box<dyn LossDistribution>)>) -> Result<Self> {
        let Some(horizon) = parts.first().map(|(_, part)| part.horizon()) else {
            return Err(CoreError::Empty { name: "parts of a combination" }.into());
        };
        for (index, (weight, part)) in parts.iter().enumerate() {
            if !(*weight > 0.0 && weight.is_finite()) {
                let (name, expected, value) = ("weights", "positive and finite", *weight);
                return Err(CoreError::ElementOutOfDomain { name, index, expected, value }.into());
            }
            if part.horizon() != horizon {
                let value = f64::from(part.horizon().trading_days());
                return Err(Error::out_of_domain("horizon of a part", "that of the others", value));
            }
        }
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        if !((total - 1.0).abs() < 1e-9) {
            return Err(Error::out_of_domain("sum of weights", "1", total));
        }
        Ok(Self { parts, horizon })
    }

    fn averaged(
        &self,
        measure: Measure,
        ask: impl Fn(&dyn LossDistribution) -> CoreResult<Estimate>,
    ) -> CoreResult<Estimate> {
        let answers = self.parts.iter().map(|(weight, part)| Ok((*weight, ask(&**part)?)));
        let answers = answers.collect::<CoreResult<Vec<_>>>()?;
        let value = answers.iter().map(|(weight, answer)| weight * answer.value).sum();
        let observations = answers.iter().map(|(_, answer)| answer.observations).min().unwrap_or(0);
        let estimate = Estimate::new(value, measure, self.horizon, observations);
        let errors: Option<f64> =
            answers.iter().map(|(weight, answer)| answer.standard_error.map(|error| weight * error)).sum();
        Ok(match errors {
            Some(error) => estimate.with_standard_error(error).with_interval(asymptotic_interval(value, error)),
            None => estimate,
        })
    }
}

impl LossDistribution for CombinedLoss {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let measure = Measure::ValueAtRisk { confidence, rule: None };
        self.averaged(measure, |part| part.value_at_risk(confidence))
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        self.averaged(Measure::ExpectedShortfall { confidence }, |part| part.expected_shortfall(confidence))
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        self.averaged(Measure::Spectral { spectrum: spectrum.name() }, |part| part.spectral(spectrum))
    }

    /// The largest level whose value at risk does not exceed the loss, to 2⁻⁴⁰.
    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss.is_nan() {
            return Err(CoreError::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        if let [(_, only)] = self.parts.as_slice() {
            return only.cdf(loss);
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.value_at_risk(Confidence::new(middle)?)?.value <= loss { low = middle } else { high = middle }
        }
        Ok(0.5 * (low + high))
    }
}
