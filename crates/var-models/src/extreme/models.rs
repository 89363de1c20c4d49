//! Models of a book with a generalised Pareto tail.

use alluse_risk_core::{
    Error as CoreError, FittedVarModel, FittedVolatility, History, Horizon, LossDistribution, Result as CoreResult,
    VarModel, VolatilityModel, volatility::EwmaVolatility,
};
use ndarray::{Array1, ArrayView1};

use super::{PeaksOverThreshold, PeaksOverThresholdLoss};
use crate::filtered::newest_residuals;
use crate::{Error, Result};

fn one_day(model: &'static str, horizon: Horizon) -> Result<()> {
    if horizon == Horizon::DAY {
        return Ok(());
    }
    Err(Error::Horizon { model, model_days: 1, asked_days: horizon.trading_days() })
}

impl PeaksOverThreshold {
    /// The predictive distribution that a sample of losses gives.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate).
    pub fn loss(&self, losses: Array1<f64>) -> Result<PeaksOverThresholdLoss> {
        let fitted = self.estimate(losses.view())?;
        PeaksOverThresholdLoss::new(losses, fitted.tail)
    }
}

impl VarModel for PeaksOverThreshold {
    fn name(&self) -> &str {
        "peaks over threshold"
    }

    fn min_observations(&self) -> usize {
        self.min_losses()
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("peaks over threshold", horizon)?;
        Ok(Box::new(self.loss(losses_of(history.pnl()))?))
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        Ok(Some(Box::new(Fitted { loss: self.loss(losses_of(history.pnl()))? })))
    }
}

fn losses_of(pnl: Array1<f64>) -> Array1<f64> {
    pnl.mapv_into(|gain| 0.0 - gain)
}

/// The law of the day of the fit.
#[derive(Debug)]
struct Fitted {
    loss: PeaksOverThresholdLoss,
}

impl FittedVarModel for Fitted {
    fn forecast(&self, _: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("peaks over threshold", horizon)?;
        Ok(Box::new(self.loss.clone()))
    }
}

/// Peaks over a threshold of the standardised residuals of a volatility model.
///
/// ```text
/// zₜ = (rₜ − μₜ)/σₜ        L_{T+1} = −μ_{T+1} + σ_{T+1} · (−z)
/// VaR = −μ_{T+1} + σ_{T+1} VaR_z        ES = −μ_{T+1} + σ_{T+1} ES_z
/// ```
/// with `VaR_z` and `ES_z` those of [`PeaksOverThreshold`] on the losses `−zₜ`.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `volatility` | EWMA, λ = 0.94 | μ and σ |
/// | `tail` | [`PeaksOverThreshold::default`] | threshold, in units of σ when given as a loss, and exceedances needed |
///
/// It answers for one day. Fitted, it keeps the parameters of the volatility, the residuals and their tail, and
/// filters μ and σ from every later history. Standard errors are those of the tail: the volatility forecast is
/// taken as known.
///
/// # Source
/// McNeil and Frey (2000), "Estimation of tail-related risk measures for heteroscedastic financial time series:
/// an extreme value approach".
#[derive(Debug)]
pub struct ConditionalPeaksOverThreshold {
    name: String,
    volatility: Box<dyn VolatilityModel>,
    tail: PeaksOverThreshold,
}

impl Default for ConditionalPeaksOverThreshold {
    fn default() -> Self {
        Self::new(Box::new(EwmaVolatility::default()))
    }
}

impl ConditionalPeaksOverThreshold {
    /// From a volatility model.
    #[must_use]
    pub fn new(volatility: Box<dyn VolatilityModel>) -> Self {
        Self { name: "conditional peaks over threshold".to_owned(), volatility, tail: PeaksOverThreshold::default() }
    }

    /// With another name, so that two volatilities can be told apart in one table.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With another model of the tail of the residuals.
    #[must_use]
    pub fn with_tail(mut self, tail: PeaksOverThreshold) -> Self {
        self.tail = tail;
        self
    }

    fn residual_loss(&self, fitted: &dyn FittedVolatility, pnl: ArrayView1<'_, f64>) -> Result<PeaksOverThresholdLoss> {
        self.tail.loss(losses_of(newest_residuals(fitted, pnl, pnl.len())?))
    }
}

impl VarModel for ConditionalPeaksOverThreshold {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.tail.min_losses()
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("conditional peaks over threshold", horizon)?;
        let pnl = history.pnl();
        let fitted = self.volatility.fit(pnl.view())?;
        let residuals = self.residual_loss(&*fitted, pnl.view())?;
        Ok(Box::new(tomorrow(&residuals, &*fitted)?))
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        let pnl = history.pnl();
        let fitted = self.volatility.fit(pnl.view())?;
        let residuals = self.residual_loss(&*fitted, pnl.view())?;
        Ok(Some(Box::new(FittedConditional { fitted, residuals })))
    }
}

/// Volatility parameters and the distribution of the residuals that stay.
#[derive(Debug)]
struct FittedConditional {
    fitted: Box<dyn FittedVolatility>,
    residuals: PeaksOverThresholdLoss,
}

impl FittedVarModel for FittedConditional {
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        one_day("conditional peaks over threshold", horizon)?;
        let fitted = self.fitted.filter(history.pnl().view())?;
        Ok(Box::new(tomorrow(&self.residuals, &*fitted)?))
    }
}

/// The residuals moved to the mean and volatility forecast for the next day.
fn tomorrow(residuals: &PeaksOverThresholdLoss, fitted: &dyn FittedVolatility) -> Result<PeaksOverThresholdLoss> {
    let (mean, variance) = (fitted.forecast_mean(1)?.sum(), fitted.forecast_variance(1)?.sum());
    if variance == 0.0 {
        let (name, reason) = ("conditional peaks over threshold", "the volatility forecast is zero");
        return Err(CoreError::Undefined { name, reason }.into());
    }
    residuals.moved(-mean, variance.sqrt())
}
