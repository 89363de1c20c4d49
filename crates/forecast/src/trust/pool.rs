use std::collections::BTreeSet;

use alluse_risk_core::experts::{AggregationRule, ExpertPool};
use alluse_risk_core::scores::{EnsembleRule, pinball_loss};
use ndarray::{Array1, ArrayView1, aview1};
use serde::{Deserialize, Serialize};

use crate::{Error, Predictive, Result, check};

/// What forecasts are charged for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PoolLoss {
    /// The continuous ranked probability score. It is convex in the distribution: the mixture loses at most the
    /// weighted mean of the losses, so the regret bound holds for the mixture too.
    Crps,
    /// The mean quantile loss at these probabilities, each in (0, 1). Not convex in the distribution: the regret speaks
    /// of the weighted mean of the losses alone.
    Pinball(Vec<f64>),
    /// Minus the log density of the outcomes smoothed by normal kernels of this bandwidth, in the unit of the outcomes.
    /// Convex, as the score is.
    Log {
        /// Standard deviation of the kernels.
        bandwidth: f64,
    },
}

impl PoolLoss {
    fn check(&self) -> Result<()> {
        match self {
            Self::Crps => Ok(()),
            Self::Log { bandwidth } => check::positive("bandwidth", *bandwidth).map(|_| ()),
            Self::Pinball(levels) => {
                check::finite("levels", aview1(levels))?;
                check::elements("levels", "in (0, 1)", aview1(levels), |p| p > 0.0 && p < 1.0)
            }
        }
    }

    fn of(&self, forecast: &Predictive, observed: f64) -> Result<f64> {
        match self {
            Self::Crps => forecast.crps(observed, EnsembleRule::Empirical),
            Self::Log { bandwidth } => log_loss(forecast.outcomes(), observed, *bandwidth),
            Self::Pinball(levels) => {
                let mut sum = 0.0;
                for &level in levels {
                    let quantile = forecast.quantile(level)?;
                    sum += pinball_loss(aview1(&[quantile]), aview1(&[observed]), level)?[0];
                }
                Ok(sum / levels.len() as f64)
            }
        }
    }
}

/// `−ln (1/m) Σ φ((y − xᵢ)/b)/b`, about the nearest outcome so that the sum does not vanish.
fn log_loss(outcomes: &[f64], observed: f64, bandwidth: f64) -> Result<f64> {
    check::number("observed", observed)?;
    let half_square = |outcome: &f64| {
        let z = (observed - outcome) / bandwidth;
        0.5 * z * z
    };
    let nearest = outcomes.iter().map(half_square).fold(f64::INFINITY, f64::min);
    let sum: f64 = outcomes.iter().map(|outcome| (nearest - half_square(outcome)).exp()).sum();
    let scale = outcomes.len() as f64 * bandwidth * (2.0 * std::f64::consts::PI).sqrt();
    check::number("log loss", nearest + scale.ln() - sum.ln())
}

/// One round of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PoolRound {
    /// Weights that stood before the outcome.
    pub weights: Vec<f64>,
    /// Loss of every model.
    pub losses: Vec<f64>,
    /// Weighted mean of those losses: what the regret counts.
    pub weighted_loss: f64,
    /// Loss of the mixture.
    pub mixture_loss: f64,
}

/// Models whose forecasts are mixed with weights that follow their past losses.
///
/// ```
/// use alluse_forecast::Predictive;
/// use alluse_forecast::trust::{ForecastPool, PoolLoss};
/// use alluse_risk_core::experts::AggregationRule;
///
/// let mut pool = ForecastPool::new(["low", "high"], AggregationRule::AdaHedge, PoolLoss::Crps)?;
/// let forecasts = [Predictive::new(vec![-1.0, 0.0])?, Predictive::new(vec![9.0, 10.0])?];
/// for _ in 0..20 {
///     pool.observe(&forecasts, -0.5)?;
/// }
/// assert!(pool.weights()[0] > 0.99);
/// assert!(pool.mixture(&forecasts, 100)?.median() < 0.0);
/// assert!(pool.regret() <= pool.regret_bound().unwrap());
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct ForecastPool {
    names: Vec<String>,
    loss: PoolLoss,
    pool: ExpertPool,
    mixture_loss: f64,
}

/// Outcomes of the mixture that is scored.
const SCORED_MEMBERS: usize = 1_000;

impl ForecastPool {
    /// With the names of the models, the rule of the weights and the loss.
    ///
    /// # Errors
    /// [`Error::Input`] for no model and parameters out of their domain, [`Error::Invalid`] for a name that occurs
    /// twice.
    pub fn new<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
        rule: AggregationRule,
        loss: PoolLoss,
    ) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut seen = BTreeSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(Error::invalid("models", format!("the name {name:?} occurs twice")));
        }
        loss.check()?;
        let pool = ExpertPool::new(names.len(), rule)?;
        Ok(Self { names, loss, pool, mixture_loss: 0.0 })
    }

    /// The models.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The weights of the next round, one per model; they sum to 1.
    #[must_use]
    pub fn weights(&self) -> Array1<f64> {
        self.pool.weights()
    }

    /// The mixture of the forecasts of the next round, as `members` equally likely outcomes: the quantiles of the
    /// weighted outcomes at the midpoints of as many slices.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one forecast per model and at least one member.
    pub fn mixture(&self, forecasts: &[Predictive], members: usize) -> Result<Predictive> {
        check::length("forecasts", self.names.len(), forecasts.len())?;
        check::at_least_one("members", members)?;
        mix(self.weights().view(), forecasts, members)
    }

    /// Charges the forecasts of a round with what came about.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one forecast per model and all losses are finite; the pool is then unchanged.
    pub fn observe(&mut self, forecasts: &[Predictive], observed: f64) -> Result<PoolRound> {
        check::length("forecasts", self.names.len(), forecasts.len())?;
        let losses = forecasts.iter().map(|f| self.loss.of(f, observed)).collect::<Result<Array1<f64>>>()?;
        let weights = self.weights();
        let mixture_loss = match self.loss {
            // The density of a mixture is the mixture of the densities.
            PoolLoss::Log { .. } => mixed_log_loss(weights.view(), losses.view()),
            _ => self.loss.of(&mix(weights.view(), forecasts, SCORED_MEMBERS)?, observed)?,
        };
        let total = check::number("mixture loss", self.mixture_loss + mixture_loss)?;
        let weighted_loss = self.pool.observe(losses.view())?;
        self.mixture_loss = total;
        Ok(PoolRound { weights: weights.to_vec(), losses: losses.to_vec(), weighted_loss, mixture_loss })
    }

    /// Rounds observed.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.pool.rounds()
    }

    /// Summed loss of every model.
    #[must_use]
    pub fn losses(&self) -> &[f64] {
        self.pool.losses()
    }

    /// Summed loss of the mixture.
    #[must_use]
    pub fn mixture_loss(&self) -> f64 {
        self.mixture_loss
    }

    /// Summed weighted loss less the summed loss of the best single model.
    #[must_use]
    pub fn regret(&self) -> f64 {
        self.pool.regret()
    }

    /// What [`regret`](Self::regret) cannot exceed, whatever comes; `None` for a rule without such a bound.
    #[must_use]
    pub fn regret_bound(&self) -> Option<f64> {
        self.pool.regret_bound()
    }

    /// Summed loss of the mixture less that of the best single model; negative when mixing beats them all.
    #[must_use]
    pub fn mixture_regret(&self) -> f64 {
        self.mixture_loss - self.losses().iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Quantiles of the weighted outcomes, by the inverse of their distribution function.
fn mix(weights: ArrayView1<'_, f64>, forecasts: &[Predictive], members: usize) -> Result<Predictive> {
    let mut weighted: Vec<(f64, f64)> = Vec::new();
    for (weight, forecast) in weights.iter().zip(forecasts) {
        let each = weight / forecast.outcomes().len() as f64;
        if each > 0.0 {
            weighted.extend(forecast.outcomes().iter().map(|outcome| (*outcome, each)));
        }
    }
    weighted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let (mut mixed, mut below) = (Vec::with_capacity(members), 0.0);
    for (place, (outcome, weight)) in weighted.iter().enumerate() {
        below += weight / total;
        let last = place + 1 == weighted.len();
        while mixed.len() < members && (last || (mixed.len() as f64 + 0.5) / members as f64 <= below) {
            mixed.push(*outcome);
        }
    }
    Predictive::new(mixed)
}

fn mixed_log_loss(weights: ArrayView1<'_, f64>, losses: ArrayView1<'_, f64>) -> f64 {
    let carried = || weights.iter().zip(losses).filter(|(weight, _)| **weight > 0.0);
    let least = carried().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    least - carried().map(|(weight, loss)| weight * (least - loss).exp()).sum::<f64>().ln()
}

#[derive(Serialize, Deserialize)]
struct Stored {
    names: Vec<String>,
    loss: PoolLoss,
    pool: ExpertPool,
    mixture_loss: f64,
}

impl TryFrom<Stored> for ForecastPool {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let fresh = Self::new(stored.names, stored.pool.rule(), stored.loss)?;
        check::length("losses", fresh.names.len(), stored.pool.losses().len())?;
        let mixture_loss = check::number("mixture loss", stored.mixture_loss)?;
        Ok(Self { pool: stored.pool, mixture_loss, ..fresh })
    }
}

impl From<ForecastPool> for Stored {
    fn from(pool: ForecastPool) -> Self {
        let ForecastPool { names, loss, pool, mixture_loss } = pool;
        Self { names, loss, pool, mixture_loss }
    }
}
