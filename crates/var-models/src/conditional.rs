//! A parametric law scaled by a volatility forecast.

use alluse_risk_core::measures::LossSample;
use alluse_risk_core::streams::{BLOCK, Streams};
use alluse_risk_core::{
    Error as CoreError, FittedVarModel, FittedVolatility, History, Horizon, LossDistribution, Result as CoreResult,
    VarModel, VolatilityModel, volatility::EwmaVolatility,
};
use ndarray::{Array1, ArrayView1};
use rand_distr::{Distribution, StudentT};
use serde::{Deserialize, Serialize};

use crate::filtered::newest_residuals;
use crate::student_t_fit::fit as fit_student_t;
use crate::{EmpiricalLoss, Error, NormalLoss, Result, StudentTFit, StudentTLoss};

/// The law of the standardised residuals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Innovations {
    /// Standard normal.
    #[default]
    Normal,
    /// Student t, its location, scale and degrees of freedom fitted to the residuals.
    StudentT,
}

/// A conditional location-scale model: tomorrow's P&L is `μ_{T+1} + σ_{T+1} z`.
///
/// With normal innovations the variance over `h` days is the sum of the `h` forecast variances and the law
/// stays normal: the aggregation of the volatility model, an approximation for `h > 1`, because a sum of
/// normals whose variances depend on each other has heavier tails. With t innovations more than one day is
/// simulated. The P&L is summed, with exposures reset every day.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `volatility` | EWMA, λ = 0.94 | σ |
/// | `innovations` | `Normal` | law of z |
/// | `paths` | 10,000 | simulated paths, t innovations beyond one day |
/// | `seed` | 1 | of those paths |
#[derive(Debug)]
pub struct Conditional {
    name: String,
    volatility: Box<dyn VolatilityModel>,
    settings: Settings,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    innovations: Innovations,
    paths: usize,
    seed: u64,
}

impl Default for Conditional {
    fn default() -> Self {
        Self::new(Box::new(EwmaVolatility::default()), Innovations::Normal)
    }
}

impl Conditional {
    /// From a volatility and the law of its innovations.
    #[must_use]
    pub fn new(volatility: Box<dyn VolatilityModel>, innovations: Innovations) -> Self {
        let law = match innovations {
            Innovations::Normal => "normal",
            Innovations::StudentT => "student t",
        };
        let settings = Settings { innovations, paths: 10_000, seed: 1 };
        Self { name: format!("conditional {law}"), volatility, settings }
    }

    /// With another name, so that two volatilities can be told apart in one table.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With another number of paths; at least one.
    #[must_use]
    pub fn with_paths(mut self, paths: usize) -> Self {
        self.settings.paths = paths.max(1);
        self
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }
}

impl VarModel for Conditional {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        match self.settings.innovations {
            Innovations::Normal => 1,
            Innovations::StudentT => StudentTFit::MIN_OBSERVATIONS,
        }
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let pnl = history.pnl();
        let fitted = self.volatility.fit(pnl.view())?;
        let law = self.settings.law(&*fitted, pnl.view())?;
        Ok(self.settings.loss(&*fitted, law.as_ref(), pnl.len(), horizon)?)
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        let pnl = history.pnl();
        let fitted = self.volatility.fit(pnl.view())?;
        let law = self.settings.law(&*fitted, pnl.view())?;
        Ok(Some(Box::new(FittedConditional { settings: self.settings, fitted, law })))
    }
}

/// Volatility parameters and innovation law that stay.
#[derive(Debug)]
struct FittedConditional {
    settings: Settings,
    fitted: Box<dyn FittedVolatility>,
    law: Option<StudentTFit>,
}

impl FittedVarModel for FittedConditional {
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let pnl = history.pnl();
        let fitted = self.fitted.filter(pnl.view())?;
        Ok(self.settings.loss(&*fitted, self.law.as_ref(), pnl.len(), horizon)?)
    }
}

impl Settings {
    /// The fitted law of the residuals; `None` for standard normal ones, which have no parameter.
    fn law(&self, fitted: &dyn FittedVolatility, pnl: ArrayView1<'_, f64>) -> Result<Option<StudentTFit>> {
        match self.innovations {
            Innovations::Normal => Ok(None),
            Innovations::StudentT => Ok(Some(fit_student_t(newest_residuals(fitted, pnl, pnl.len())?.view())?)),
        }
    }

    fn loss(
        &self,
        fitted: &dyn FittedVolatility,
        law: Option<&StudentTFit>,
        observations: usize,
        horizon: Horizon,
    ) -> Result<Box<dyn LossDistribution>> {
        let days = horizon.trading_days() as usize;
        let variance = fitted.forecast_variance(days)?;
        let (mean, deviation) = (fitted.forecast_mean(days)?.sum(), variance.sum().sqrt());
        match law {
            None => Ok(Box::new(NormalLoss::new(mean, deviation, horizon)?)),
            Some(_) if !(deviation > 0.0) => {
                Err(CoreError::Undefined { name: "conditional student t", reason: "the volatility forecast is zero" }
                    .into())
            }
            Some(law) if days == 1 => {
                let scaled = law.scaled(deviation, deviation);
                let loss = StudentTLoss::from_fit(&scaled, horizon)?;
                Ok(Box::new(loss.shifted(mean)?))
            }
            Some(law) => Ok(Box::new(self.simulated(fitted, law, observations, days, horizon)?)),
        }
    }

    fn simulated(
        &self,
        fitted: &dyn FittedVolatility,
        law: &StudentTFit,
        observations: usize,
        days: usize,
        horizon: Horizon,
    ) -> Result<EmpiricalLoss> {
        let nu = law.degrees_of_freedom;
        let standard = StudentT::new(nu).map_err(|_| Error::out_of_domain("degrees_of_freedom", "positive", nu))?;
        let streams = Streams::new(self.seed);
        let (mut shocks, mut path) = (Array1::zeros(days), Array1::zeros(days));
        let mut losses = Vec::with_capacity(self.paths);
        for (block, first) in (0..self.paths).step_by(BLOCK).enumerate() {
            let mut stream = streams.block(block as u64);
            for _ in first..self.paths.min(first + BLOCK) {
                shocks.mapv_inplace(|_: f64| law.location + law.scale * standard.sample(&mut stream));
                fitted.simulate(shocks.view(), path.view_mut())?;
                losses.push(0.0 - path.sum());
            }
        }
        let effective = observations.min(losses.len()) as f64;
        let sample = LossSample::new(losses)?.with_horizon(horizon);
        Ok(EmpiricalLoss::new(sample.with_effective_observations(effective)?))
    }
}
