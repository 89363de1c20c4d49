//! A parametric law scaled by a volatility forecast.

use alluse_risk_core::measures::LossSample;
use alluse_risk_core::streams::{BLOCK, Streams};
use alluse_risk_core::{
    Error as CoreError, FittedVarModel, FittedVolatility, History, Horizon, LossDistribution, Result as CoreResult,
    VarModel, VolatilityModel, volatility::EwmaVolatility,
};
use ndarray::{Array1, ArrayView1};
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Open01, StandardNormal, StudentT};
use serde::{Deserialize, Serialize};

use crate::filtered::newest_residuals;
use crate::student_t_fit::fit as fit_student_t;
use crate::{EmpiricalLoss, Error, NormalLoss, Result, SkewedTFit, SkewedTLoss, StudentTFit, StudentTLoss};

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
    /// Hansen's skewed Student t, fitted to the residuals.
    SkewedT,
}

/// The law of the residuals, fitted where it has parameters.
#[derive(Debug, Clone)]
enum ResidualLaw {
    Normal,
    StudentT(StudentTFit),
    SkewedT(SkewedTFit),
}

/// A conditional location-scale model: tomorrow's P&L is `μ_{T+1} + σ_{T+1} z`.
///
/// With normal innovations the variance over `h` days is the sum of the `h` forecast variances and the law
/// stays normal: the aggregation of the volatility model, an approximation for `h > 1`, because a sum of
/// normals whose variances depend on each other has heavier tails. With t innovations, skewed or not, more than one day is
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
            Innovations::SkewedT => "skewed t",
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
            Innovations::SkewedT => SkewedTFit::MIN_OBSERVATIONS,
        }
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let pnl = history.pnl();
        let fitted = self.volatility.fit(pnl.view())?;
        let law = self.settings.law(&*fitted, pnl.view())?;
        Ok(self.settings.loss(&*fitted, &law, pnl.len(), horizon)?)
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
    law: ResidualLaw,
}

impl FittedVarModel for FittedConditional {
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let pnl = history.pnl();
        let fitted = self.fitted.filter(pnl.view())?;
        Ok(self.settings.loss(&*fitted, &self.law, pnl.len(), horizon)?)
    }
}

impl Settings {
    fn law(&self, fitted: &dyn FittedVolatility, pnl: ArrayView1<'_, f64>) -> Result<ResidualLaw> {
        let residuals = || newest_residuals(fitted, pnl, pnl.len());
        Ok(match self.innovations {
            Innovations::Normal => ResidualLaw::Normal,
            Innovations::StudentT => ResidualLaw::StudentT(fit_student_t(residuals()?.view())?),
            Innovations::SkewedT => ResidualLaw::SkewedT(SkewedTFit::new(residuals()?.view())?),
        })
    }

    fn loss(
        &self,
        fitted: &dyn FittedVolatility,
        law: &ResidualLaw,
        observations: usize,
        horizon: Horizon,
    ) -> Result<Box<dyn LossDistribution>> {
        let days = horizon.trading_days() as usize;
        let variance = fitted.forecast_variance(days)?;
        let (mean, deviation) = (fitted.forecast_mean(days)?.sum(), variance.sum().sqrt());
        if let ResidualLaw::Normal = law {
            return Ok(Box::new(NormalLoss::new(mean, deviation, horizon)?));
        }
        if !(deviation > 0.0) {
            let reason = "the volatility forecast is zero";
            return Err(CoreError::Undefined { name: "conditional law", reason }.into());
        }
        match law {
            ResidualLaw::StudentT(law) if days == 1 => {
                let scaled = law.scaled(deviation, deviation);
                Ok(Box::new(StudentTLoss::from_fit(&scaled, horizon)?.shifted(mean)?))
            }
            ResidualLaw::SkewedT(law) if days == 1 => {
                Ok(Box::new(SkewedTLoss::from_fit(law, horizon)?.scaled(mean, deviation)?))
            }
            law => Ok(Box::new(self.simulated(fitted, law, observations, days, horizon)?)),
        }
    }

    fn simulated(
        &self,
        fitted: &dyn FittedVolatility,
        law: &ResidualLaw,
        observations: usize,
        days: usize,
        horizon: Horizon,
    ) -> Result<EmpiricalLoss> {
        let draw = law.draws()?;
        let streams = Streams::new(self.seed);
        let (mut shocks, mut path) = (Array1::zeros(days), Array1::zeros(days));
        let mut losses = Vec::with_capacity(self.paths);
        for (block, first) in (0..self.paths).step_by(BLOCK).enumerate() {
            let mut stream = streams.block(block as u64);
            for _ in first..self.paths.min(first + BLOCK) {
                for shock in &mut shocks {
                    *shock = draw(&mut stream)?;
                }
                fitted.simulate(shocks.view(), path.view_mut())?;
                losses.push(0.0 - path.sum());
            }
        }
        let effective = observations.min(losses.len()) as f64;
        let sample = LossSample::new(losses)?.with_horizon(horizon);
        Ok(EmpiricalLoss::new(sample.with_effective_observations(effective)?))
    }
}

/// One draw of a residual.
type Draw = Box<dyn Fn(&mut ChaCha8Rng) -> Result<f64>>;

impl ResidualLaw {
    fn draws(&self) -> Result<Draw> {
        match self {
            Self::Normal => Ok(Box::new(|stream| Ok(StandardNormal.sample(stream)))),
            Self::StudentT(law) => {
                let (location, scale, nu) = (law.location, law.scale, law.degrees_of_freedom);
                let standard = StudentT::new(nu);
                let standard = standard.map_err(|_| Error::out_of_domain("degrees_of_freedom", "positive", nu))?;
                Ok(Box::new(move |stream| Ok(location + scale * standard.sample(stream))))
            }
            Self::SkewedT(law) => {
                let law = SkewedTLoss::from_fit(law, Horizon::DAY)?;
                Ok(Box::new(move |stream| {
                    let uniform: f64 = Open01.sample(stream);
                    Ok(law.draw(uniform)?)
                }))
            }
        }
    }
}
