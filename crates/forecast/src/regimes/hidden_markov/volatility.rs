//! The model as one of conditional volatility.

use alluse_risk_core::{Error as CoreError, FittedVolatility, Result as CoreResult, VolatilityModel};
use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1};
use serde::{Deserialize, Serialize};

use super::parameters::Forward;
use super::{HiddenMarkov, RegimeFilter};
use crate::{Error, Result, check};

/// Conditional mean and volatility by the predicted state probabilities: element `t` uses data before `t`.
///
/// ```text
/// mₜ = Σₖ pₖ μₖ        hₜ = Σₖ pₖ (σₖ² + (μₖ − mₜ)²)        pₖ = P(sₜ = k | data before t)
/// ```
///
/// The standardised returns of this model are not identically distributed (they are mixtures); as a
/// [`FittedVolatility`] its simulation scales given shocks by `mₜ` and `hₜ` and lets the filter see the outcome.
/// [`FittedPaths`](crate::simulation::FittedPaths) simulates the mixture itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegimeVolatility {
    mean: Vec<f64>,
    volatility: Vec<f64>,
    filter: RegimeFilter,
}

impl RegimeVolatility {
    pub(super) fn new(pass: Forward) -> Self {
        let parameters = pass.filter.parameters();
        let predicted = pass.log_predicted.mapv(libm::exp);
        let mean = predicted.rows().into_iter().map(|p| parameters.mixture_mean(p)).collect();
        let volatility = predicted.rows().into_iter().map(|p| parameters.mixture_variance(p).sqrt()).collect();
        Self { mean, volatility, filter: pass.filter }
    }

    /// Along a series, with given parameters.
    ///
    /// # Errors
    /// As [`HiddenMarkovParameters::decode`](super::HiddenMarkovParameters::decode).
    pub fn along(parameters: &super::HiddenMarkovParameters, series: ArrayView1<'_, f64>) -> Result<Self> {
        Ok(Self::new(parameters.forward(series)?))
    }

    /// The filter at the end of the series.
    #[must_use]
    pub fn regime_filter(&self) -> &RegimeFilter {
        &self.filter
    }
}

impl RegimeFilter {
    /// State probabilities of each of the next `steps` periods, steps × states.
    ///
    /// # Errors
    /// [`Error::Input`] for no step.
    pub fn forecast_probabilities(&self, steps: usize) -> Result<Array2<f64>> {
        check::at_least_one("steps", steps)?;
        let mut ahead = Array2::zeros((steps, self.parameters().states().len()));
        let mut state = self.predicted();
        for mut row in ahead.rows_mut() {
            row.assign(&state);
            state = self.parameters().transition().step(state.view());
        }
        Ok(ahead)
    }

    /// Expected value of each of the next `steps` observations.
    ///
    /// # Errors
    /// [`Error::Input`] for no step.
    pub fn forecast_mean(&self, steps: usize) -> Result<Array1<f64>> {
        let ahead = self.forecast_probabilities(steps)?;
        Ok(ahead.rows().into_iter().map(|p| self.parameters().mixture_mean(p)).collect())
    }

    /// Variance of each of the next `steps` observations.
    ///
    /// # Errors
    /// [`Error::Input`] for no step.
    pub fn forecast_variance(&self, steps: usize) -> Result<Array1<f64>> {
        let ahead = self.forecast_probabilities(steps)?;
        Ok(ahead.rows().into_iter().map(|p| self.parameters().mixture_variance(p)).collect())
    }
}

impl VolatilityModel for HiddenMarkov {
    fn fit(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        let fitted = HiddenMarkov::fit(self, returns).map_err(core)?;
        Ok(Box::new(fitted.ex_ante().clone()))
    }
}

impl FittedVolatility for RegimeVolatility {
    fn mean(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(&self.mean)
    }

    fn volatility(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(&self.volatility)
    }

    fn forecast_mean(&self, steps: usize) -> CoreResult<Array1<f64>> {
        self.filter.forecast_mean(steps).map_err(core)
    }

    fn forecast_variance(&self, steps: usize) -> CoreResult<Array1<f64>> {
        self.filter.forecast_variance(steps).map_err(core)
    }

    fn filter(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        Ok(Box::new(Self::along(self.filter.parameters(), returns).map_err(core)?))
    }

    fn simulate(&self, z: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) -> CoreResult<()> {
        check::length("path", z.len(), out.len()).map_err(core)?;
        let mut filter = self.filter.clone();
        for (slot, shock) in out.iter_mut().zip(z) {
            *slot = filter.predicted_mean() + filter.predicted_variance().sqrt() * shock;
            filter.observe(*slot).map_err(core)?;
        }
        Ok(())
    }
}

/// The error in the words of the contract, which has fewer.
fn core(error: Error) -> CoreError {
    match error {
        Error::Input(error) => error,
        Error::NotConverged { method, iterations, residual } => {
            CoreError::NotConverged { name: method, iterations, residual }
        }
        Error::Undefined { what, .. } => {
            CoreError::Undefined { name: what, reason: "the series is constant, or a state is left without a variance" }
        }
        _ => CoreError::Undefined { name: "a hidden Markov model", reason: "its parameters contradict each other" },
    }
}
