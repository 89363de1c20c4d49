//! Expected variances after the sample.

use alluse_risk_core::streams::{BLOCK, Streams};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::fitted::FittedGarch;
use super::model::VarianceEquation;
use crate::{Error, Result, check};

/// Which share of the variance counts as that of negative shocks where the equation is asymmetric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AsymmetryShare {
    /// That of the law: one half unless it is skewed.
    #[default]
    OfLaw,
    /// One half, as common software counts it for every law.
    Half,
}

/// Futures behind a forecast that has no closed form.
const PATHS: usize = 20 * BLOCK;

impl FittedGarch {
    /// Expected variance of each of the next `steps` returns.
    ///
    /// Closed forms of GARCH and GJR of any order and of TARCH and EGARCH of order one; the power model and the higher
    /// orders by the mean over 20,480 simulated futures with a fixed seed (see
    /// [`simulated_forecast`](Self::simulated_forecast) for its error).
    ///
    /// # Errors
    /// [`Error::Input`] for no step; [`Error::Undefined`] for an EGARCH beyond the first step whose law has no
    /// exponential moments: with Student t shocks the expected variance is infinite, whatever a simulation says.
    pub fn forecast(&self, steps: usize) -> Result<Array1<f64>> {
        self.forecast_with(steps, AsymmetryShare::OfLaw)
    }

    /// The same with another share of negative shocks.
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast).
    pub fn forecast_with(&self, steps: usize, share: AsymmetryShare) -> Result<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        if steps == 1 {
            return Ok(Array1::from_elem(1, self.next_variance()));
        }
        let of_order_one = self.parameters.alpha.len() <= 1 && self.parameters.gamma.len() <= 1;
        let of_order_one = of_order_one && self.parameters.beta.len() <= 1;
        match self.parameters.equation {
            VarianceEquation::Garch => Ok(self.linear(steps, share)),
            VarianceEquation::Tarch if of_order_one => Ok(self.deviations(steps)),
            VarianceEquation::Egarch if !self.parameters.law.has_exponential_moments() => {
                Err(Error::undefined("the expected variance", "these shocks have no exponential moments"))
            }
            VarianceEquation::Egarch if of_order_one => Ok(self.logarithms(steps)),
            _ => Ok(self.simulated_forecast(steps, PATHS, 1)?.0),
        }
    }

    /// Variance of the sum of the next `steps` returns, taken as uncorrelated in time.
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast).
    pub fn cumulative_forecast(&self, steps: usize) -> Result<f64> {
        Ok(self.forecast(steps)?.sum())
    }

    /// Mean variance of each of the next `steps` returns over simulated futures, and its standard error.
    ///
    /// # Errors
    /// [`Error::Input`] for no step or fewer than two paths; [`Error::Undefined`] when a future leaves the numbers.
    pub fn simulated_forecast(&self, steps: usize, paths: usize, seed: u64) -> Result<(Array1<f64>, Array1<f64>)> {
        check::at_least_one("steps", steps)?;
        check::enough("paths of a simulated forecast", 2, paths)?;
        let (mut sum, mut squares) = (Array1::<f64>::zeros(steps), Array1::<f64>::zeros(steps));
        let streams = Streams::new(seed);
        let mut shocks = vec![0.0; steps];
        for first in (0..paths).step_by(BLOCK) {
            let mut stream = streams.block((first / BLOCK) as u64);
            for _ in first..paths.min(first + BLOCK) {
                self.parameters.law.fill(&mut stream, &mut shocks)?;
                let mut walker = self.walker();
                for (step, shock) in shocks.iter().enumerate() {
                    let variance = walker.variance();
                    sum[step] += variance;
                    squares[step] += variance * variance;
                    walker.observe(variance.sqrt() * shock);
                }
            }
        }
        let n = paths as f64;
        let mean = sum / n;
        let error =
            Array1::from_shape_fn(steps, |k| ((squares[k] / n - mean[k] * mean[k]).max(0.0) / (n - 1.0)).sqrt());
        if mean.iter().chain(&error).all(|value| value.is_finite()) {
            return Ok((mean, error));
        }
        Err(Error::undefined("the simulated variance", "a future leaves the numbers"))
    }

    pub(super) fn mean_ahead(&self, steps: usize) -> Result<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        let weights = &self.parameters.autoregressive;
        let mut past: Vec<f64> = self.returns.iter().rev().take(weights.len()).copied().collect();
        let constant = self.parameters.mean.unwrap_or(0.0);
        let next = |_| {
            let mean = constant + weights.iter().zip(&past).map(|(weight, value)| weight * value).sum::<f64>();
            if !past.is_empty() {
                past.rotate_right(1);
                past[0] = mean;
            }
            mean
        };
        Ok((0..steps).map(next).collect())
    }

    /// `E hₜ₊ₖ`: past news as they were, news to come at their expectation.
    fn linear(&self, steps: usize, share: AsymmetryShare) -> Array1<f64> {
        let parameters = &self.parameters;
        let negative = match share {
            AsymmetryShare::OfLaw if !parameters.gamma.is_empty() => parameters.law.negative_share(),
            _ => 0.5,
        };
        let m = self.last_residuals().len();
        // Dates before the first step have positions below `m`; the first step stands at `m`.
        let mut news: Vec<f64> = self.last_residuals().iter().map(|e| e * e).collect();
        let mut bad: Vec<f64> = self.last_residuals().iter().map(|e| if *e < 0.0 { e * e } else { 0.0 }).collect();
        let mut variance: Vec<f64> = self.last_states().to_vec();
        for t in m..m + steps {
            if t > m {
                let at = |weights: &[f64], values: &[f64]| -> f64 {
                    weights.iter().enumerate().map(|(i, weight)| weight * values[t - 1 - i]).sum()
                };
                let next = parameters.omega
                    + at(&parameters.alpha, &news)
                    + at(&parameters.gamma, &bad)
                    + at(&parameters.beta, &variance);
                variance.push(next);
            }
            news.push(variance[t]);
            bad.push(negative * variance[t]);
        }
        variance[m..].iter().copied().collect()
    }

    /// `E s²` of a standard deviation that moves on by `ω + a s`, `a` independent of `s`.
    fn deviations(&self, steps: usize) -> Array1<f64> {
        let (first, second) = self.parameters.tarch_moments();
        let omega = self.parameters.omega;
        let mut mean = self.next_variance().sqrt();
        let mut square = mean * mean;
        let next = |_| {
            let now = square;
            square = omega * omega + 2.0 * omega * first * mean + second * square;
            mean = omega + first * mean;
            now
        };
        (0..steps).map(next).collect()
    }

    /// `E exp(x)` of a log-variance that moves on by `ω + βx + g(z)`.
    fn logarithms(&self, steps: usize) -> Array1<f64> {
        let parameters = &self.parameters;
        let of = |values: &[f64]| values.first().copied().unwrap_or(0.0);
        let (alpha, gamma, beta) = (of(&parameters.alpha), of(&parameters.gamma), of(&parameters.beta));
        let middle = std::f64::consts::FRAC_2_PI.sqrt();
        let news = |z: f64| alpha * (z.abs() - middle) + gamma * z;
        // ln E exp(x): the part known today, and what the news to come add, each damped by its age.
        let mut known = libm::log(self.next_variance());
        let mut added = 0.0;
        let mut damping = 1.0;
        let next = |_| {
            let now = libm::exp(known + added);
            known = parameters.omega + beta * known;
            added += libm::log(parameters.law.expectation(|z| libm::exp(damping * news(z))));
            damping *= beta;
            now
        };
        (0..steps).map(next).collect()
    }
}
