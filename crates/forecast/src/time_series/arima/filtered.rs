use std::f64::consts::PI;

use alluse_risk_core::Confidence;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::difference::Differencing;
use super::kalman::Arma;
use super::model::{Arima, ArimaParameters};
use super::polynomial::{autoregressive_product, product};
use crate::time_series::levels::{all_finite, normal_intervals};
use crate::time_series::shocks::Source;
use crate::{Error, Result, check};

/// An [`Arima`] with given parameters that has seen a series: its likelihood, innovations, forecasts and paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct FilteredArima {
    model: Arima,
    parameters: ArimaParameters,
    log_likelihood: f64,
    /// `vₜ/√Fₜ`, in units of the series.
    innovations: Vec<f64>,
    /// The last levels that integration needs.
    tail: Vec<f64>,
    /// Prediction of the next state of the differenced series less its mean.
    state: Vec<f64>,
    /// What the sample leaves unknown about it besides the next shock, in innovation variances.
    unknown: Option<Vec<f64>>,
}

/// A [`FilteredArima`] as it was written, before the parts are known to fit.
#[derive(Deserialize)]
struct Saved {
    model: Arima,
    parameters: ArimaParameters,
    log_likelihood: f64,
    innovations: Vec<f64>,
    tail: Vec<f64>,
    state: Vec<f64>,
    unknown: Option<Vec<f64>>,
}

impl TryFrom<Saved> for FilteredArima {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let Saved { model, parameters, log_likelihood, innovations, tail, state, unknown } = saved;
        model.check()?;
        parameters.check(&model)?;
        let states = state_space(&model, &parameters).states();
        check::length("state", states, state.len())?;
        check::length("unknown", states * states, unknown.as_ref().map_or(states * states, Vec::len))?;
        check::length("tail", model.differencing().lost(), tail.len())?;
        check::finite("innovations", ArrayView1::from(innovations.as_slice()))?;
        Ok(Self { model, parameters, log_likelihood, innovations, tail, state, unknown })
    }
}

/// The state space of a model with these parameters.
pub(super) fn state_space(model: &Arima, parameters: &ArimaParameters) -> Arma {
    let ar = autoregressive_product(&parameters.ar, &parameters.seasonal_ar, model.period);
    Arma::new(&ar, &product(&parameters.ma, &parameters.seasonal_ma, model.period))
}

/// Gaussian log-likelihood of `n` innovations.
pub(super) fn gaussian(n: usize, variance: f64, squares: f64, log_determinant: f64) -> f64 {
    -0.5 * (n as f64 * (2.0 * PI * variance).ln() + log_determinant + squares / variance)
}

impl FilteredArima {
    pub(super) fn new(model: &Arima, levels: ArrayView1<'_, f64>, parameters: &ArimaParameters) -> Result<Self> {
        model.check()?;
        parameters.check(model)?;
        check::finite("levels", levels)?;
        let differencing = model.differencing();
        let lost = differencing.lost();
        check::enough("levels", lost + 1, levels.len())?;
        let levels = levels.to_vec();
        let arma = state_space(model, parameters);
        let Some(mut filter) = arma.start() else {
            return Err(Error::invalid("ar", format!("{:?} is not stationary", arma.ar)));
        };
        let mean = parameters.mean.unwrap_or(0.0);
        let series = differencing.apply(&levels);
        let mut state = vec![0.0; arma.states()];
        let (mut squares, mut log_determinant) = (0.0, 0.0);
        let innovations: Vec<f64> = series
            .iter()
            .map(|w| {
                let f = filter.variance();
                let innovation = filter.observe(&mut state, w - mean) / f.sqrt();
                filter.predict();
                squares += innovation * innovation;
                log_determinant += f.ln();
                innovation
            })
            .collect();
        let log_likelihood = gaussian(series.len(), parameters.innovation_variance, squares, log_determinant);
        if !log_likelihood.is_finite() {
            return Err(alluse_risk_core::Error::Overflow { name: "log-likelihood" }.into());
        }
        let tail = levels[levels.len() - lost..].to_vec();
        let unknown = filter.unknown();
        Ok(Self { model: *model, parameters: parameters.clone(), log_likelihood, innovations, tail, state, unknown })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Arima {
        &self.model
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> &ArimaParameters {
        &self.parameters
    }

    /// Exact Gaussian log-likelihood of the differenced series.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// One-step prediction errors of the differenced series, each divided by the root of its variance in innovation
    /// variances: under the model independent with the innovation variance.
    #[must_use]
    pub fn innovations(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(self.innovations.as_slice())
    }

    /// Mean of each of the next `steps` levels.
    ///
    /// # Errors
    /// [`Error::Input`] for no step, and when a forecast overflows.
    pub fn forecast(&self, steps: usize) -> Result<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        let mut path = vec![0.0; steps];
        let space = (state_space(&self.model, &self.parameters), self.model.differencing().integrator());
        self.walk(&space, self.state.clone(), &vec![0.0; steps], &mut path);
        all_finite("forecast", path)
    }

    /// Variance of the error of each forecast, in squared units of the series: of the shocks to come, and of what a
    /// sample of this length leaves unknown about the shocks before. Parameters count as known.
    ///
    /// ```text
    /// Var = σ² (Σⱼ Ψⱼ² + Gₕ (P − RR') Gₕ')      Ψ, G integrated like the levels
    /// ```
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast).
    pub fn forecast_variance(&self, steps: usize) -> Result<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        let arma = state_space(&self.model, &self.parameters);
        let integrator = self.model.differencing().integrator();
        let still = vec![0.0; self.tail.len()];
        let mut psi = arma.psi(steps);
        Differencing::integrate(&integrator, &still, &mut psi);
        let mut sum = 0.0;
        let mut variance: Vec<f64> = psi
            .iter()
            .map(|weight| {
                sum += weight * weight;
                sum
            })
            .collect();
        if let Some(unknown) = &self.unknown {
            let responses = self.state_responses(&arma, steps, &integrator);
            for (slot, response) in variance.iter_mut().zip(responses.rows()) {
                let rows = unknown.chunks_exact(arma.states()).zip(response);
                *slot += rows.map(|(row, g)| g * response.dot(&ArrayView1::from(row))).sum::<f64>();
            }
        }
        variance.iter_mut().for_each(|value| *value *= self.parameters.innovation_variance);
        all_finite("forecast variance", variance)
    }

    /// Normal central prediction intervals, lower and upper end. Parameters count as known.
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast).
    pub fn intervals(&self, steps: usize, coverage: Confidence) -> Result<Vec<(f64, f64)>> {
        normal_intervals(self.forecast(steps)?.view(), self.forecast_variance(steps)?.view(), coverage)
    }

    /// Simulated paths of the next levels, paths × steps, with the [`Shocks`](crate::time_series::Shocks) of the model.
    ///
    /// # Errors
    /// [`Error::Input`] for no step or no path, and when a path overflows.
    pub fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<Array2<f64>> {
        let deviation = self.parameters.innovation_variance.sqrt();
        let source = Source::new(self.model.shocks, deviation, &self.innovations);
        let root = self.unknown.as_ref().map(|unknown| square_root(unknown, self.state.len()));
        let extra = if root.is_some() { self.state.len() } else { 0 };
        let space = (state_space(&self.model, &self.parameters), self.model.differencing().integrator());
        source.paths((steps, paths), seed, extra, |start, shocks, path| {
            let mut state = self.state.clone();
            if let Some(root) = &root {
                for (slot, row) in state.iter_mut().zip(root.chunks_exact(start.len())) {
                    *slot += deviation * row.iter().zip(start).map(|(a, z)| a * z).sum::<f64>();
                }
            }
            self.walk(&space, state, shocks, path);
        })
    }

    /// The levels that follow when these shocks come.
    fn walk(&self, (arma, integrator): &(Arma, Vec<f64>), mut state: Vec<f64>, shocks: &[f64], path: &mut [f64]) {
        let mean = self.parameters.mean.unwrap_or(0.0);
        let last = state.len() - 1;
        for (slot, shock) in path.iter_mut().zip(shocks) {
            let next = state[0] + shock;
            *slot = mean + next;
            for i in 0..last {
                state[i] = arma.ar[i] * next + state[i + 1] + arma.load[i + 1] * shock;
            }
            state[last] = arma.ar[last] * next;
        }
        Differencing::integrate(integrator, &self.tail, path);
    }

    /// How each level to come answers to each element of the next state, steps × states.
    fn state_responses(&self, arma: &Arma, steps: usize, integrator: &[f64]) -> Array2<f64> {
        let r = arma.states();
        let mut responses = Array2::zeros((steps, r));
        let mut row = vec![0.0; r];
        row[0] = 1.0;
        for mut out in responses.rows_mut() {
            out.iter_mut().zip(&row).for_each(|(slot, value)| *slot = *value);
            let first = row.iter().zip(&arma.ar).map(|(g, phi)| g * phi).sum();
            row.rotate_right(1);
            row[0] = first;
        }
        let still = vec![0.0; self.tail.len()];
        for mut column in responses.columns_mut() {
            let mut series = column.to_vec();
            Differencing::integrate(integrator, &still, &mut series);
            column.assign(&ArrayView1::from(series.as_slice()));
        }
        responses
    }
}

/// Lower triangular root of a positive semidefinite matrix; directions without variance get none.
fn square_root(matrix: &[f64], size: usize) -> Vec<f64> {
    let mut root = vec![0.0; size * size];
    let largest = (0..size).map(|i| matrix[i * size + i]).fold(0.0, f64::max);
    for j in 0..size {
        for i in j..size {
            let done: f64 = (0..j).map(|k| root[i * size + k] * root[j * size + k]).sum();
            let left = matrix[i * size + j] - done;
            if i == j {
                root[j * size + j] = if left > 1e-14 * largest { left.sqrt() } else { 0.0 };
            } else if root[j * size + j] > 0.0 {
                root[i * size + j] = left / root[j * size + j];
            }
        }
    }
    root
}
