use serde::{Deserialize, Serialize};

use super::HarTransform;
use crate::{Error, Result, check};

/// Forecasts of variances, step by step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HarForecast {
    /// Expected variance of each step, in the unit of the series.
    pub variance: Vec<f64>,
    /// Steps, counted from 0, whose forecast was raised to the floor.
    pub floored: Vec<usize>,
    /// The floor.
    pub floor: f64,
}

/// Parameters with which forecasts iterate.
pub(super) struct Forecaster<'a> {
    pub(super) lags: &'a [usize],
    pub(super) transform: HarTransform,
    pub(super) constant: f64,
    pub(super) coefficients: &'a [f64],
    pub(super) residual_variance: f64,
    /// In the unit of the variances.
    pub(super) least: f64,
}

impl Forecaster<'_> {
    /// From a series, in the unit of the regression, at least as long as the longest span.
    pub(super) fn forecast(&self, series: &[f64], steps: usize) -> Result<HarForecast> {
        check::at_least_one("steps", steps)?;
        let longest = self.lags.iter().copied().max().unwrap_or(1);
        let mut path = Vec::with_capacity(longest + steps);
        path.extend_from_slice(&series[series.len() - longest..]);
        let mut errors = ErrorVariances::new(self);
        let (mut variance, mut floored) = (Vec::with_capacity(steps), Vec::new());
        for step in 0..steps {
            let (mean, raised) = self.next(&path);
            if raised {
                floored.push(step);
            }
            path.push(mean);
            let expected = self.transform.expected(mean, errors.next(step));
            if !expected.is_finite() {
                return Err(Error::undefined("iterated forecast", format!("step {step} gives {expected}")));
            }
            variance.push(expected);
        }
        Ok(HarForecast { variance, floored, floor: self.least })
    }

    /// Expected next value in the unit of the regression, and whether it was raised to the floor.
    pub(super) fn next(&self, path: &[f64]) -> (f64, bool) {
        let mut mean = self.constant;
        for (&lag, coefficient) in self.lags.iter().zip(self.coefficients) {
            mean += coefficient * (path[path.len() - lag..].iter().sum::<f64>() / lag as f64);
        }
        self.raised(mean)
    }

    /// A mean that is not below the floor, and whether it was. A logarithm has no floor: it is never negative.
    pub(super) fn raised(&self, mean: f64) -> (f64, bool) {
        let least = match self.transform {
            HarTransform::Log => return (mean, false),
            transform => transform.apply(self.least),
        };
        if mean < least { (least, true) } else { (mean, false) }
    }
}

/// Error variances of the iterated means, `s² Σ ψⱼ²`.
struct ErrorVariances<'a> {
    model: &'a Forecaster<'a>,
    responses: Vec<f64>,
    sum: f64,
}

impl<'a> ErrorVariances<'a> {
    fn new(model: &'a Forecaster<'a>) -> Self {
        Self { model, responses: Vec::new(), sum: 0.0 }
    }

    fn next(&mut self, step: usize) -> f64 {
        if self.model.transform == HarTransform::Variance {
            return 0.0;
        }
        let response = if step == 0 {
            1.0
        } else {
            // The shock passes through the same means as everything else.
            let terms = self.model.lags.iter().zip(self.model.coefficients).map(|(&lag, coefficient)| {
                let recent = self.responses.iter().rev().take(lag).sum::<f64>();
                coefficient * recent / lag as f64
            });
            terms.sum()
        };
        self.responses.push(response);
        self.sum += response * response;
        self.model.residual_variance * self.sum
    }
}
