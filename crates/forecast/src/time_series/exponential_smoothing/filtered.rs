use std::f64::consts::PI;

use alluse_risk_core::Confidence;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::model::{ExponentialSmoothing, Season, SmoothingParameters, SmoothingState};
use super::recursion::Recursion;
use crate::time_series::levels::{SIMULATED, all_finite, normal_intervals, simulated_intervals};
use crate::time_series::shocks::Source;
use crate::{Error, Result, check};

/// An [`ExponentialSmoothing`] with given constants and initial states that has seen a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct FilteredSmoothing {
    model: ExponentialSmoothing,
    parameters: SmoothingParameters,
    initial: SmoothingState,
    last: SmoothingState,
    innovations: Vec<f64>,
    sum_of_squares: f64,
    log_likelihood: f64,
}

/// A [`FilteredSmoothing`] as it was written, before the parts are known to fit.
#[derive(Deserialize)]
struct Saved {
    model: ExponentialSmoothing,
    parameters: SmoothingParameters,
    initial: SmoothingState,
    last: SmoothingState,
    innovations: Vec<f64>,
    sum_of_squares: f64,
    log_likelihood: f64,
}

impl TryFrom<Saved> for FilteredSmoothing {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let Saved { model, parameters, initial, last, innovations, sum_of_squares, log_likelihood } = saved;
        model.check_choices()?;
        parameters.check(&model)?;
        initial.check(&model)?;
        last.check(&model)?;
        check::finite("innovations", ArrayView1::from(innovations.as_slice()))?;
        Ok(Self { model, parameters, initial, last, innovations, sum_of_squares, log_likelihood })
    }
}

impl FilteredSmoothing {
    pub(super) fn new(
        model: &ExponentialSmoothing,
        levels: ArrayView1<'_, f64>,
        parameters: &SmoothingParameters,
        initial: &SmoothingState,
    ) -> Result<Self> {
        model.check(levels)?;
        parameters.check(model)?;
        initial.check(model)?;
        let mut recursion = Recursion::new(model, parameters, initial);
        let mut innovations = Vec::with_capacity(levels.len());
        let (mut squares, mut sum_of_squares, mut log_scale) = (0.0, 0.0, 0.0);
        for (index, level) in levels.iter().enumerate() {
            let next = recursion.one_step();
            if model.multiplies() && !(next > 0.0) {
                let reason = format!("the one-step forecast of levels[{index}] is {next}");
                return Err(Error::undefined("likelihood of a multiplicative error", reason));
            }
            let error = level - next;
            recursion.update(next, error);
            let innovation = if model.multiplies() { error / next } else { error };
            log_scale += if model.multiplies() { next.ln() } else { 0.0 };
            squares += innovation * innovation;
            sum_of_squares += error * error;
            innovations.push(innovation);
        }
        if !(squares > 0.0) {
            return Err(Error::undefined("likelihood of exponential smoothing", "the model makes no error"));
        }
        let n = levels.len() as f64;
        let log_likelihood = -0.5 * n * ((2.0 * PI * squares / n).ln() + 1.0) - log_scale;
        if !log_likelihood.is_finite() {
            return Err(alluse_risk_core::Error::Overflow { name: "log-likelihood" }.into());
        }
        let (parameters, last) = (*parameters, recursion.state(model));
        let initial = initial.clone();
        Ok(Self { model: *model, parameters, initial, last, innovations, sum_of_squares, log_likelihood })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ExponentialSmoothing {
        &self.model
    }

    /// Its smoothing constants.
    #[must_use]
    pub fn parameters(&self) -> &SmoothingParameters {
        &self.parameters
    }

    /// The states before the first observation.
    #[must_use]
    pub fn initial(&self) -> &SmoothingState {
        &self.initial
    }

    /// The states after the last observation.
    #[must_use]
    pub fn last(&self) -> &SmoothingState {
        &self.last
    }

    /// `εₜ`: one-step errors, relative ones when the error multiplies.
    #[must_use]
    pub fn innovations(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(self.innovations.as_slice())
    }

    /// Sum of the squared one-step errors `yₜ − μₜ`, in squared units of the series.
    #[must_use]
    pub fn sum_of_squares(&self) -> f64 {
        self.sum_of_squares
    }

    /// `σ²`, the mean of the squared innovations: its maximum likelihood estimate.
    #[must_use]
    pub fn innovation_variance(&self) -> f64 {
        self.innovations.iter().map(|e| e * e).sum::<f64>() / self.innovations.len() as f64
    }

    /// Gaussian log-likelihood at the best innovation variance, given the initial states.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Point forecast of each of the next `steps` levels: what comes when every future error is zero. It is the mean,
    /// except with a multiplicative season more than a period ahead, where the two are close.
    ///
    /// # Errors
    /// [`Error::Input`] for no step, and when a forecast overflows.
    pub fn forecast(&self, steps: usize) -> Result<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        let mut path = vec![0.0; steps];
        self.walk(&vec![0.0; steps], &mut path);
        all_finite("forecast", path)
    }

    /// Variance of the error of each forecast, in squared units of the series. Constants and states count as known.
    ///
    /// ```text
    /// additive error         vₕ = σ² (1 + Σ cⱼ²)                           j = 1 … h − 1
    /// multiplicative error   vₕ = (1 + σ²) θₕ − μₕ²,   θₕ = μₕ² + σ² Σ cⱼ² θₕ₋ⱼ
    /// cⱼ = α + β (φ + … + φʲ) + γ [m divides j]
    /// ```
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast); [`Error::Unsupported`] for a multiplicative season, whose paths can be simulated.
    ///
    /// # Source
    /// Hyndman, Koehler, Ord and Snyder (2008), §6.3 and table 6.2.
    pub fn forecast_variance(&self, steps: usize) -> Result<Array1<f64>> {
        if self.model.season == Season::Multiplicative {
            let what = "the forecast variance of a multiplicative season: simulate it".to_owned();
            return Err(Error::Unsupported { what });
        }
        let mean = self.forecast(steps)?;
        let SmoothingParameters { level, trend, season, damping } = self.parameters;
        let (mut power, mut damped) = (1.0, 0.0);
        let squares: Vec<f64> = (1..steps)
            .map(|j| {
                power *= damping.unwrap_or(1.0);
                damped += power;
                let seasonal = if j % self.model.period == 0 { season.unwrap_or(0.0) } else { 0.0 };
                (level + trend.unwrap_or(0.0) * damped + seasonal).powi(2)
            })
            .collect();
        let variance = self.innovation_variance();
        let mut theta: Vec<f64> = Vec::with_capacity(steps);
        for mu in &mean {
            let carried = |weights: &[f64]| -> f64 {
                if self.model.multiplies() {
                    weights.iter().zip(theta.iter().rev()).map(|(c, t)| c * t).sum()
                } else {
                    weights.iter().sum()
                }
            };
            let carried = carried(&squares[..theta.len()]);
            theta.push(if self.model.multiplies() { mu * mu + variance * carried } else { variance * (1.0 + carried) });
        }
        if self.model.multiplies() {
            theta.iter_mut().zip(&mean).for_each(|(t, mu)| *t = (1.0 + variance) * *t - mu * mu);
        }
        all_finite("forecast variance", theta)
    }

    /// Central prediction intervals: normal ones, or with a multiplicative season the quantiles of 10,000 simulated
    /// paths. Constants and states count as known.
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast).
    pub fn intervals(&self, steps: usize, coverage: Confidence) -> Result<Vec<(f64, f64)>> {
        if self.model.season == Season::Multiplicative {
            return simulated_intervals(&self.simulate(steps, SIMULATED, 1)?, coverage);
        }
        normal_intervals(self.forecast(steps)?.view(), self.forecast_variance(steps)?.view(), coverage)
    }

    /// Simulated paths of the next levels, paths × steps, with the [`Shocks`](crate::time_series::Shocks) of the model.
    ///
    /// # Errors
    /// [`Error::Input`] for no step or no path, and when a path overflows.
    pub fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<Array2<f64>> {
        let source = Source::new(self.model.shocks, self.innovation_variance().sqrt(), &self.innovations);
        source.paths((steps, paths), seed, 0, |_, shocks, path| self.walk(shocks, path))
    }

    fn walk(&self, shocks: &[f64], path: &mut [f64]) {
        let mut recursion = Recursion::new(&self.model, &self.parameters, &self.last);
        for (slot, shock) in path.iter_mut().zip(shocks) {
            let next = recursion.one_step();
            let error = if self.model.multiplies() { next * shock } else { *shock };
            *slot = next + error;
            recursion.update(next, error);
        }
    }
}
