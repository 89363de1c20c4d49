use alluse_risk_core::{FittedVolatility, Result as CoreResult};
use ndarray::{Array1, ArrayView1, ArrayViewMut1};
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::layout::Layout;
use super::model::{Garch, VarianceEquation};
use super::parameters::GarchParameters;
use super::recursion::{Recursion, Sample, power_news};
use crate::{Error, Result, check};

/// A model of the GARCH family along a series of returns.
///
/// Stored as model, parameters and returns, and computed again when it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct FittedGarch {
    pub(super) model: Garch,
    pub(super) parameters: GarchParameters,
    pub(super) returns: Vec<f64>,
    mean: Array1<f64>,
    volatility: Array1<f64>,
    log_likelihood: f64,
    /// Residuals of the last dates, the oldest first, as many as the variance equation has lags.
    last_residuals: Vec<f64>,
    /// States of the last dates and of the one after the sample.
    last_states: Vec<f64>,
    certificate: Option<Certificate>,
    /// `b` of the backcast: it belongs to the parameters, so that a longer series has the same past.
    backcast: f64,
    /// Unit in which the returns have variance 1, of a fit.
    pub(super) scale: f64,
}

impl FittedGarch {
    pub(super) fn along(model: Garch, parameters: GarchParameters, sample: &Sample) -> Result<Self> {
        let layout = Layout::new(&model);
        let (n, m, lags) = (sample.residual_count(&layout), layout.presample, layout.lags());
        check::enough("returns", lags + m.max(1), sample.returns.len())?;
        let mut recursion = Recursion::new(&layout, sample);
        let at = parameters.vector();
        let log_likelihood = recursion.evaluate(sample, &at, None);
        if !log_likelihood.is_finite() {
            return Err(Error::invalid("parameters", "they make a variance that is not positive and finite"));
        }
        let variance = |state: f64| recursion.variance(&at, state).sqrt();
        // The returns before the first residual have no variance of their own: they get that of the presample.
        let before = variance(recursion.state[m.saturating_sub(1)]);
        let mut volatility = vec![before; lags];
        volatility.extend(recursion.state[m..m + n].iter().map(|state| variance(*state)));
        let mut mean: Vec<f64> = sample.returns[..lags].to_vec();
        mean.fill(sample.returns.iter().sum::<f64>() / sample.returns.len() as f64);
        mean.extend(sample.returns[lags..].iter().zip(&recursion.residuals).map(|(r, e)| r - e));
        Ok(Self {
            model,
            parameters,
            returns: sample.returns.clone(),
            mean: mean.into(),
            volatility: volatility.into(),
            log_likelihood,
            last_residuals: recursion.residuals[n - m..].to_vec(),
            last_states: recursion.state[n..].to_vec(),
            certificate: None,
            backcast: sample.backcast,
            scale: 1.0,
        })
    }

    pub(super) fn certify(&mut self, certificate: Certificate, scale: f64) {
        self.certificate = Some(certificate);
        self.scale = scale;
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> Garch {
        self.model
    }

    /// The parameters, in the unit of the returns.
    #[must_use]
    pub fn parameters(&self) -> &GarchParameters {
        &self.parameters
    }

    /// Logarithm of the likelihood of the returns after the autoregressive lags.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Number of returns in the likelihood.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.returns.len() - self.model.mean.lags()
    }

    /// Akaike's criterion, `2k − 2 ln L`; lower is better.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * self.parameters.vector().len() as f64 - 2.0 * self.log_likelihood
    }

    /// Schwarz's criterion, `k ln n − 2 ln L`; lower is better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        let n = self.observations() as f64;
        self.parameters.vector().len() as f64 * libm::log(n) - 2.0 * self.log_likelihood
    }

    /// How the fit ended; `None` at parameters that were given.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Returns over their volatility: `(rₜ − μₜ)/σₜ`, without those before the autoregressive lags.
    #[must_use]
    pub fn standardised_residuals(&self) -> Array1<f64> {
        let parts = self.returns.iter().zip(&self.mean).zip(&self.volatility).skip(self.model.mean.lags());
        parts.map(|((value, mean), volatility)| (value - mean) / volatility).collect()
    }

    pub(super) fn walker(&self) -> Walker<'_> {
        Walker {
            parameters: &self.parameters,
            residuals: self.last_residuals.clone(),
            states: self.last_states.clone(),
        }
    }

    /// Variance of the return after the sample.
    pub(super) fn next_variance(&self) -> f64 {
        self.walker().variance()
    }

    pub(super) fn last_residuals(&self) -> &[f64] {
        &self.last_residuals
    }

    pub(super) fn last_states(&self) -> &[f64] {
        &self.last_states
    }
}

/// The recursion after the sample, one return at a time.
#[derive(Debug, Clone)]
pub(super) struct Walker<'a> {
    parameters: &'a GarchParameters,
    residuals: Vec<f64>,
    /// The last one is that of the return to come.
    states: Vec<f64>,
}

impl Walker<'_> {
    pub(super) fn variance(&self) -> f64 {
        let state = self.states.last().copied().unwrap_or(f64::NAN);
        self.parameters.equation.variance(state, self.parameters.power.unwrap_or(2.0))
    }

    /// Takes the residual that came.
    pub(super) fn observe(&mut self, residual: f64) {
        let parameters = self.parameters;
        if !self.residuals.is_empty() {
            self.residuals.rotate_left(1);
            if let Some(last) = self.residuals.last_mut() {
                *last = residual;
            }
        }
        let past = |k: usize| self.residuals[self.residuals.len() - 1 - k];
        // States end with that of the residual just taken.
        let state_of = |k: usize| self.states[self.states.len() - 1 - k];
        let mut next = parameters.omega;
        for (i, alpha) in parameters.alpha.iter().enumerate() {
            let e = past(i);
            next += alpha
                * match parameters.equation {
                    VarianceEquation::Garch => e * e,
                    VarianceEquation::Tarch => e.abs(),
                    VarianceEquation::Egarch => {
                        (e * libm::exp(-0.5 * state_of(i))).abs() - std::f64::consts::FRAC_2_PI.sqrt()
                    }
                    VarianceEquation::Aparch => {
                        let tilt = parameters.gamma.get(i).copied().unwrap_or(0.0);
                        power_news(e, tilt, parameters.power.unwrap_or(2.0))
                    }
                };
        }
        if parameters.equation != VarianceEquation::Aparch {
            for (j, gamma) in parameters.gamma.iter().enumerate() {
                let e = past(j);
                next += gamma
                    * match parameters.equation {
                        VarianceEquation::Egarch => e * libm::exp(-0.5 * state_of(j)),
                        VarianceEquation::Tarch if e < 0.0 => -e,
                        _ if e < 0.0 => e * e,
                        _ => 0.0,
                    };
            }
        }
        for (k, beta) in parameters.beta.iter().enumerate() {
            next += beta * state_of(k);
        }
        self.states.rotate_left(1);
        if let Some(last) = self.states.last_mut() {
            *last = next;
        }
    }
}

impl FittedVolatility for FittedGarch {
    /// The first `lags` of an autoregressive mean are the mean of the sample.
    fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    fn volatility(&self) -> ArrayView1<'_, f64> {
        self.volatility.view()
    }

    fn forecast_mean(&self, steps: usize) -> CoreResult<Array1<f64>> {
        self.mean_ahead(steps).map_err(Into::into)
    }

    fn forecast_variance(&self, steps: usize) -> CoreResult<Array1<f64>> {
        self.forecast(steps).map_err(Into::into)
    }

    fn filter(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        match self.model.continued(returns, &self.parameters, self.backcast) {
            Ok(fitted) => Ok(Box::new(fitted)),
            Err(error) => Err(error.into()),
        }
    }

    fn simulate(&self, z: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) -> CoreResult<()> {
        check::length("path", z.len(), out.len())?;
        if let (Some(one), true) = (self.parameters.one_lag(), self.parameters.autoregressive.is_empty()) {
            one.simulate(self.parameters.mean.unwrap_or(0.0), self.next_variance(), z, out);
            return Ok(());
        }
        let mut walker = self.walker();
        let weights = &self.parameters.autoregressive;
        let constant = self.parameters.mean.unwrap_or(0.0);
        // The nearest return first.
        let mut past: Vec<f64> = self.returns.iter().rev().take(weights.len()).copied().collect();
        for (slot, shock) in out.iter_mut().zip(z) {
            let residual = walker.variance().sqrt() * shock;
            let mean = constant + weights.iter().zip(&past).map(|(weight, value)| weight * value).sum::<f64>();
            *slot = mean + residual;
            walker.observe(residual);
            if !past.is_empty() {
                past.rotate_right(1);
                past[0] = *slot;
            }
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    model: Garch,
    parameters: GarchParameters,
    returns: Vec<f64>,
    certificate: Option<Certificate>,
    backcast: f64,
    scale: f64,
}

impl From<FittedGarch> for Stored {
    fn from(fitted: FittedGarch) -> Self {
        let FittedGarch { model, parameters, returns, certificate, backcast, scale, .. } = fitted;
        Self { model, parameters, returns, certificate, backcast, scale }
    }
}

impl TryFrom<Stored> for FittedGarch {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        check::positive("scale", stored.scale)?;
        check::positive("backcast", stored.backcast)?;
        let returns = ArrayView1::from(stored.returns.as_slice());
        let mut fitted = stored.model.continued(returns, &stored.parameters, stored.backcast)?;
        (fitted.certificate, fitted.scale) = (stored.certificate, stored.scale);
        Ok(fitted)
    }
}
