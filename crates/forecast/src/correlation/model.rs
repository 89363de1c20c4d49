use std::sync::Arc;

use alluse_risk_core::covariance::{CovarianceEstimator, LinearShrinkage, ShrinkageTarget};
use alluse_risk_core::minimise::Descent;
use alluse_risk_core::{Error as Input, FittedVolatility, VolatilityModel};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::fitted::{CorrelationErrors, FittedCorrelation};
use super::likelihood::{CorrelationLikelihood, Quasi, Sample};
use crate::logistic::{logistic, logit};
use crate::{Error, Result, check};

/// How the quasi-correlation moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrelationDynamics {
    /// Not at all: Bollerslev (1990).
    Constant,
    /// By the products of the standardised returns: Engle (2002).
    #[default]
    Engle,
    /// By products scaled with the quasi-volatilities, whose mean is the target: Aielli (2013).
    Corrected,
}

/// Dynamic conditional correlation.
///
/// ```text
/// zᵢₜ = (rᵢₜ − μᵢₜ)/σᵢₜ                     one volatility model a series
/// Qₜ = (1 − a − b) S + a zₜ₋₁zₜ₋₁' + b Qₜ₋₁      Q₁ = S,  a, b ≥ 0,  a + b < 1
/// Rₜ = diag(Qₜ)^(−½) Qₜ diag(Qₜ)^(−½)           covariance of date t: σᵢₜ σⱼₜ Rᵢⱼₜ
/// ```
///
/// The target `S` is the correlation of the standardised returns by any estimator of `risk-core`; shrinkage keeps it
/// positive definite when there are more series than dates. `a` and `b` maximise the likelihood of the correlations
/// with volatilities and target held. With `Corrected` the target is estimated again from the scaled returns until it
/// stands still.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `dynamics` | `Engle` | how the quasi-correlation moves |
/// | `likelihood` | `Automatic` | densities that the parameters are fitted to |
/// | `target` | linear shrinkage to the constant correlation | estimator of `S` |
///
/// # Source
/// Engle (2002), "Dynamic conditional correlation"; Aielli (2013), "Dynamic conditional correlation: on properties and
/// estimation"; Pakel, Shephard, Sheppard and Engle (2021), "Fitting vast dimensional time-varying covariance models";
/// Engle, Ledoit and Wolf (2019), "Large dynamic covariance matrices".
#[derive(Debug, Clone)]
pub struct DynamicCorrelation {
    volatility: Arc<dyn VolatilityModel>,
    dynamics: CorrelationDynamics,
    likelihood: CorrelationLikelihood,
    target: Arc<dyn CovarianceEstimator>,
}

impl DynamicCorrelation {
    /// Fewest dates that the fit accepts.
    pub const MIN_OBSERVATIONS: usize = 50;

    /// One volatility model for every series.
    pub fn new(volatility: impl VolatilityModel + 'static) -> Self {
        Self {
            volatility: Arc::new(volatility),
            dynamics: CorrelationDynamics::default(),
            likelihood: CorrelationLikelihood::default(),
            target: Arc::new(LinearShrinkage::new(ShrinkageTarget::ConstantCorrelation)),
        }
    }

    /// With other dynamics.
    #[must_use]
    pub fn with_dynamics(mut self, dynamics: CorrelationDynamics) -> Self {
        self.dynamics = dynamics;
        self
    }

    /// With another likelihood.
    #[must_use]
    pub fn with_likelihood(mut self, likelihood: CorrelationLikelihood) -> Self {
        self.likelihood = likelihood;
        self
    }

    /// With another estimator of the target.
    #[must_use]
    pub fn with_target(mut self, target: impl CovarianceEstimator + 'static) -> Self {
        self.target = Arc::new(target);
        self
    }

    /// Fits one volatility model a column and the correlations between them.
    ///
    /// `returns` has shape dates × series, simple returns in date order.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than two series or [`MIN_OBSERVATIONS`](Self::MIN_OBSERVATIONS) dates, returns that
    /// are not finite, a volatility model or target that fails, and a search that does not converge;
    /// [`Error::Invalid`] naming the series whose volatility is zero somewhere.
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<FittedCorrelation> {
        check::finite_matrix("returns", returns)?;
        check::enough("series of a correlation", 2, returns.ncols())?;
        check::enough("dynamic correlation", Self::MIN_OBSERVATIONS, returns.nrows())?;
        let volatilities = self.volatilities(returns)?;
        let standardised = standardised(returns, &volatilities)?;
        let likelihood = self.likelihood.of(returns.ncols());
        let mut sample = Sample {
            target: self.target_of(standardised.view())?,
            by_series: standardised.t().as_standard_layout().into_owned(),
            dynamics: self.dynamics,
            likelihood,
        };
        let constant = total(&sample.by_date(0.0, 0.0)?);
        let (news, decay) = match self.dynamics {
            CorrelationDynamics::Constant => (0.0, 0.0),
            CorrelationDynamics::Engle => search(&sample)?,
            CorrelationDynamics::Corrected => self.corrected(&mut sample)?,
        };
        let moving = total(&sample.by_date(news, decay)?);
        // A correlation that stands still is the better description of series whose products say nothing.
        let (news, decay) = if moving > constant { (news, decay) } else { (0.0, 0.0) };
        let standard_errors = if news > 0.0 { CorrelationErrors::of(&sample, news, decay)? } else { None };
        let mut quasi = Quasi::new(sample.target.view(), self.dynamics, news, decay);
        standardised.rows().into_iter().for_each(|z| quasi.observe(z));
        let next = quasi.value;
        Ok(FittedCorrelation {
            volatilities,
            standardised,
            next,
            target: sample.target,
            dynamics: self.dynamics,
            likelihood,
            news,
            decay,
            standard_errors,
            log_likelihood: moving.max(constant),
            constant_log_likelihood: constant,
        })
    }

    fn volatilities(&self, returns: ArrayView2<'_, f64>) -> Result<Vec<Box<dyn FittedVolatility>>> {
        let columns: Vec<_> = returns.columns().into_iter().collect();
        #[cfg(feature = "parallel")]
        let fitted: Vec<_> = {
            use rayon::prelude::*;
            columns.into_par_iter().map(|column| self.volatility.fit(column)).collect()
        };
        #[cfg(not(feature = "parallel"))]
        let fitted: Vec<_> = columns.into_iter().map(|column| self.volatility.fit(column)).collect();
        let named = |(series, result): (usize, alluse_risk_core::Result<_>)| {
            result.map_err(|error| Error::invalid(format!("volatility of series {series}"), error.to_string()))
        };
        fitted.into_iter().enumerate().map(named).collect()
    }

    fn target_of(&self, standardised: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Ok(self.target.estimate(standardised)?.covariance.correlation()?)
    }

    /// The target and the parameters by turns.
    fn corrected(&self, sample: &mut Sample) -> Result<(f64, f64)> {
        const ROUNDS: usize = 25;
        let (mut news, mut decay) = search(sample)?;
        let mut moved = f64::INFINITY;
        for _ in 0..ROUNDS {
            let scaled = scaled_by_quasi_volatility(sample.by_series.view(), news, decay);
            sample.target = self.target_of(scaled.t())?;
            let (next_news, next_decay) = search(sample)?;
            moved = (next_news - news).abs() + (next_decay - decay).abs();
            (news, decay) = (next_news, next_decay);
            if moved < 1e-6 {
                return Ok((news, decay));
            }
        }
        Err(Input::NotConverged { name: "corrected dynamic correlation", iterations: ROUNDS, residual: moved }.into())
    }
}

/// Standardised returns, dates × series.
fn standardised(returns: ArrayView2<'_, f64>, volatilities: &[Box<dyn FittedVolatility>]) -> Result<Array2<f64>> {
    let mut z = Array2::zeros(returns.raw_dim());
    for (series, (fitted, mut column)) in volatilities.iter().zip(z.axis_iter_mut(Axis(1))).enumerate() {
        let parts = returns.column(series).into_iter().zip(fitted.mean()).zip(fitted.volatility());
        for (date, (slot, ((&value, &mean), &volatility))) in column.iter_mut().zip(parts).enumerate() {
            if !(volatility > 0.0) {
                let reason = format!("its volatility is {volatility} on date {date}");
                return Err(Error::invalid(format!("series {series}"), reason));
            }
            *slot = (value - mean) / volatility;
        }
    }
    check::finite_matrix("standardised returns", z.view())?;
    Ok(z)
}

/// `qᵢᵢₜ^½ zᵢₜ`, series × dates: their correlation is the target of Aielli's model.
fn scaled_by_quasi_volatility(by_series: ArrayView2<'_, f64>, news: f64, decay: f64) -> Array2<f64> {
    let mut scaled = by_series.to_owned();
    for mut row in scaled.rows_mut() {
        let mut own = 1.0_f64;
        for slot in &mut row {
            let z = *slot;
            *slot = own.sqrt() * z;
            own = 1.0 - news - decay + (news * z * z + decay) * own;
        }
    }
    scaled
}

fn total(dates: &[f64]) -> f64 {
    dates.iter().sum()
}

/// The parameters of the greatest likelihood, searched as persistence `a + b` and share `a/(a + b)`, both logistic.
fn search(sample: &Sample) -> Result<(f64, f64)> {
    let parameters = |x: &[f64]| {
        let (persistence, share) = (logistic(x[0]), logistic(x[1]));
        (persistence * share, persistence * (1.0 - share))
    };
    let dates = sample.by_series.ncols() as f64;
    let objective = |x: &[f64]| {
        let (news, decay) = parameters(x);
        match sample.by_date(news, decay) {
            Ok(dates_of) => -total(&dates_of) / dates,
            Err(_) => f64::INFINITY,
        }
    };
    let descent = Descent::new("dynamic correlation").with_tolerance(1e-7).with_accepted(1e-4).with_rounds(100);
    let starts = [(0.98_f64, 0.02_f64), (0.9, 0.1)];
    let found = starts.iter().map(|&(p, s)| descent.minimise(&[logit(p), logit(s)], objective));
    let mut best: Option<alluse_risk_core::minimise::Minimum> = None;
    let mut failure = None;
    for result in found {
        match result {
            Ok(minimum) if best.as_ref().is_none_or(|best| minimum.value < best.value) => best = Some(minimum),
            Ok(_) => {}
            Err(error) => failure = Some(error),
        }
    }
    match (best, failure) {
        (Some(best), _) => Ok(parameters(&best.at)),
        (None, Some(error)) => Err(error.into()),
        (None, None) => {
            Err(Input::NotConverged { name: "dynamic correlation", iterations: 0, residual: f64::NAN }.into())
        }
    }
}
