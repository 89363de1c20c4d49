//! Where the tail begins.

use alluse_risk_core::measures::{QuantileRule, quantile};
use alluse_risk_core::{Confidence, Error as CoreError};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::pareto_tail::{ParetoTail, ParetoTailFit};
use super::{GeneralizedPareto, GeneralizedParetoFit};
use crate::{Error, Result};

/// Where the tail begins. Losses strictly above the threshold are its exceedances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TailThreshold {
    /// At a sample quantile of the losses, Hyndman-Fan type 7.
    Quantile(Confidence),
    /// At a given loss, in the unit of the losses.
    Loss(f64),
}

impl TailThreshold {
    /// The threshold for a sample of losses.
    ///
    /// # Errors
    /// [`Error::Input`] for no losses, for one that is not finite, and for a threshold that is not finite.
    pub fn of(self, losses: ArrayView1<'_, f64>) -> Result<f64> {
        match self {
            Self::Quantile(confidence) => Ok(quantile(losses, confidence.level(), QuantileRule::Linear)?),
            Self::Loss(loss) if loss.is_finite() => Ok(loss),
            Self::Loss(loss) => Err(Error::out_of_domain("threshold", "finite", loss)),
        }
    }
}

/// Peaks over a threshold: losses as they were below it, a generalised Pareto law above.
///
/// ```text
/// VaR = u + β/ξ ((n (1 − c)/N)^(−ξ) − 1)        ES = (VaR + β − ξ u)/(1 − ξ)
/// ```
/// with `N` of `n` losses above the threshold `u`.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `threshold` | 90 % quantile | where the tail begins |
/// | `min_exceedances` | 50 | fewest losses above it accepted; at least 10 |
///
/// As a model of a book it fits the losses of today's exposures and answers for one day. Fitted, it keeps the
/// law of the day of the fit. Standard errors are those of the delta method and take the losses for
/// independent; a forecast that follows the volatility is [`ConditionalPeaksOverThreshold`].
///
/// [`ConditionalPeaksOverThreshold`]: crate::ConditionalPeaksOverThreshold
///
/// # Source
/// McNeil (1997), "Estimating the tails of loss severity distributions using extreme value theory"; McNeil,
/// Frey and Embrechts, *Quantitative Risk Management*, §5.2.
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::{GeneralizedPareto, PeaksOverThreshold};
/// use ndarray::Array1;
///
/// // A thousand quantiles of a law whose tail has the shape 0.25.
/// let law = GeneralizedPareto::new(0.25, 1.0)?;
/// let losses: Array1<f64> = (0..1_000).map(|i| law.quantile((f64::from(i) + 0.5) / 1e3)).collect::<Result<_, _>>()?;
/// let fitted = PeaksOverThreshold::default().estimate(losses.view())?;
/// assert_eq!(fitted.tail.exceedances(), 100);
/// let (got, want) = (fitted.tail.value_at_risk(Confidence::P99)?, law.quantile(0.99)?);
/// assert!((got / want - 1.0).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Raw")]
pub struct PeaksOverThreshold {
    threshold: TailThreshold,
    min_exceedances: usize,
}

impl Default for PeaksOverThreshold {
    fn default() -> Self {
        Self { threshold: TailThreshold::Quantile(Confidence::P90), min_exceedances: 50 }
    }
}

impl PeaksOverThreshold {
    /// With another threshold.
    #[must_use]
    pub fn with_threshold(mut self, threshold: TailThreshold) -> Self {
        self.threshold = threshold;
        self
    }

    /// With another least number of exceedances; at least [`GeneralizedParetoFit::MIN_EXCESSES`].
    #[must_use]
    pub fn with_min_exceedances(mut self, min_exceedances: usize) -> Self {
        self.min_exceedances = min_exceedances.max(GeneralizedParetoFit::MIN_EXCESSES);
        self
    }

    /// Fits the tail of a sample of losses.
    ///
    /// # Errors
    /// [`Error::Input`] for losses that are missing or not finite, with
    /// [`InsufficientData`](CoreError::InsufficientData) for too few exceedances, and as
    /// [`GeneralizedPareto::fit`].
    pub fn estimate(&self, losses: ArrayView1<'_, f64>) -> Result<ParetoTailFit> {
        let (threshold, excesses) = self.excesses(losses)?;
        let fit = GeneralizedPareto::fit(excesses.as_slice().into())?;
        let tail = ParetoTail::from_fit(threshold, &fit, losses.len())?;
        Ok(ParetoTailFit::new(tail, fit, excesses))
    }

    /// The threshold, and the losses above it less the threshold.
    fn excesses(&self, losses: ArrayView1<'_, f64>) -> Result<(f64, Vec<f64>)> {
        if losses.is_empty() {
            return Err(CoreError::Empty { name: "losses" }.into());
        }
        if let Some(index) = losses.iter().position(|loss| !loss.is_finite()) {
            let value = losses[index];
            return Err(CoreError::ElementOutOfDomain { name: "losses", index, expected: "finite", value }.into());
        }
        let threshold = self.threshold.of(losses)?;
        let values: Vec<f64> = losses.iter().filter(|loss| **loss > threshold).map(|loss| loss - threshold).collect();
        if values.len() < self.min_exceedances {
            let (required, available) = (self.min_exceedances, values.len());
            return Err(
                CoreError::InsufficientData { name: "exceedances of the threshold", required, available }.into()
            );
        }
        Ok((threshold, values))
    }

    /// Fewest losses among which there can be enough exceedances.
    pub(super) fn min_losses(&self) -> usize {
        match self.threshold {
            TailThreshold::Quantile(confidence) => {
                let least = self.min_exceedances as f64 / confidence.tail();
                // 50/(1 − 0.9) is a little more than 500 in floating point.
                (least * (1.0 - 1e-12)).ceil() as usize
            }
            TailThreshold::Loss(_) => self.min_exceedances,
        }
    }
}

/// The stored form, so that the least number of exceedances keeps its own bound.
#[derive(Deserialize)]
struct Raw {
    threshold: TailThreshold,
    min_exceedances: usize,
}

impl From<Raw> for PeaksOverThreshold {
    fn from(raw: Raw) -> Self {
        Self::default().with_threshold(raw.threshold).with_min_exceedances(raw.min_exceedances)
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};

    use super::*;

    #[test]
    fn thresholds() {
        let losses = array![4.0, 1.0, 3.0, 2.0, 5.0];
        assert_eq!(TailThreshold::Quantile(Confidence::new(0.75).unwrap()).of(losses.view()).unwrap(), 4.0);
        assert_eq!(TailThreshold::Loss(2.5).of(losses.view()).unwrap(), 2.5);
        for loss in [f64::NAN, f64::INFINITY] {
            assert_eq!(TailThreshold::Loss(loss).of(losses.view()).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn losses_at_the_threshold_do_not_exceed_it() {
        let losses = tail(500);
        let fitted = PeaksOverThreshold::default()
            .with_threshold(TailThreshold::Loss(losses[449]))
            .estimate(losses.view())
            .unwrap();
        assert_eq!(fitted.tail.exceedances(), 50);
        assert_eq!(fitted.excesses().len(), 50);
        assert_eq!(fitted.excesses()[0], losses[450] - losses[449]);
    }

    #[test]
    fn the_number_of_exceedances_that_is_needed() {
        let model = PeaksOverThreshold::default();
        assert_eq!(model.min_losses(), 500);
        assert_eq!(model.clone().with_threshold(TailThreshold::Loss(0.0)).min_losses(), 50);
        assert_eq!(model.clone().with_threshold(TailThreshold::Quantile(Confidence::P95)).min_losses(), 1_000);
        assert_eq!(model.clone().with_min_exceedances(3).min_losses(), 100);
        assert_eq!(model.clone().with_min_exceedances(12).min_losses(), 120);
        // Five hundred have fifty above their 90 % quantile, 499 have as many, 490 have 49.
        assert_eq!(model.estimate(tail(500).view()).unwrap().tail.exceedances(), 50);
        let error = model.estimate(tail(490).view()).unwrap_err();
        let Error::Input(CoreError::InsufficientData { required, available, .. }) = error else { panic!("{error}") };
        assert_eq!((required, available), (50, 49));
    }

    fn tail(n: usize) -> Array1<f64> {
        let law = GeneralizedPareto::new(0.2, 1.0).unwrap();
        (0..n).map(|i| law.quantile((i as f64 + 0.5) / n as f64).unwrap()).collect()
    }

    #[test]
    fn hostile_samples() {
        let model = PeaksOverThreshold::default();
        assert_eq!(model.estimate(Array1::zeros(0).view()), Err(CoreError::Empty { name: "losses" }.into()));
        let constant = model.estimate(Array1::from_elem(1_000, 0.01).view()).unwrap_err();
        assert_eq!(constant.kind(), ErrorKind::InsufficientData);
        for threshold in [TailThreshold::Loss(0.1), TailThreshold::Quantile(Confidence::P90)] {
            let mut bad = tail(600);
            bad[3] = f64::NAN;
            let error = model.clone().with_threshold(threshold).estimate(bad.view()).unwrap_err();
            assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { name: "losses", index: 3, .. })));
        }
    }

    #[test]
    fn settings_are_stored() {
        let model = PeaksOverThreshold::default().with_threshold(TailThreshold::Loss(0.5)).with_min_exceedances(70);
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<PeaksOverThreshold>(&text).unwrap(), model);
        let low: PeaksOverThreshold = serde_json::from_str(&text.replace("70", "1")).unwrap();
        assert_eq!(low.min_losses(), GeneralizedParetoFit::MIN_EXCESSES);
    }
}
