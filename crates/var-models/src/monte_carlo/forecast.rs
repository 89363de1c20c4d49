//! The Monte Carlo model of a linear book.

use std::sync::Arc;

use alluse_risk_core::covariance::{CovarianceEstimator, SampleCovariance};
use alluse_risk_core::{
    Covariance, Error as CoreError, FittedVarModel, History, Horizon, LossDistribution, Result as CoreResult, VarModel,
};
use ndarray::{Array1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::marginal::{Marginal, MarginalKind};
use super::model::FactorModel;
use super::simulation::{Reduction, Simulation};
use crate::{HorizonRule, Result};

/// The joint law that is fitted to returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FactorLaw {
    /// Normal.
    #[default]
    Normal,
    /// Student t with given degrees of freedom, scaled to the covariance.
    StudentT {
        /// Degrees of freedom, above 2.
        degrees_of_freedom: f64,
    },
    /// Marginals of one kind under a normal copula with the estimated correlation.
    NormalCopula {
        /// What is fitted to each factor.
        marginal: MarginalKind,
    },
    /// Marginals of one kind under a t copula with the estimated correlation.
    TCopula {
        /// Degrees of freedom, positive.
        degrees_of_freedom: f64,
        /// What is fitted to each factor.
        marginal: MarginalKind,
    },
}

/// The mean of the simulated returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// The mean of the window.
    #[default]
    Sample,
    /// None. Marginals of copulas are moved to mean zero of their window too.
    Zero,
}

/// What happens beyond one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultiDay {
    /// Independent days are simulated and compounded, exposures held.
    #[default]
    IndependentDays,
    /// One day is simulated and scaled by a rule.
    Rule(HorizonRule),
}

/// Monte Carlo on a history of returns: fits a joint law, simulates, and weighs by today's exposures.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `simulation` | required | paths, seed, sampling |
/// | `law` | normal | what is fitted |
/// | `estimator` | sample covariance, `ddof` 1 | any [`CovarianceEstimator`] |
/// | `drift` | sample mean | mean of the simulated returns |
/// | `multi_day` | independent days | what happens beyond one day |
/// | `reduction` | to the portfolio | how far the book is collapsed before drawing |
/// | `min_observations` | 100 | fewest observations accepted |
///
/// Standard errors are those of the simulation, not of the fit.
///
/// ```
/// use alluse_risk_core::{AssetId, Confidence, HistorySplitter, Horizon, VarModel, panel::ReturnPanel};
/// use alluse_var_models::{MonteCarlo, Simulation};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let dates = vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4), date(2024, 1, 5)];
/// let panel = ReturnPanel::new(dates, vec![AssetId::new("SPY")?], array![[0.01], [-0.01], [0.01], [-0.01]])?;
/// let history = HistorySplitter::new(&panel, array![1_000.0])?;
/// let model = MonteCarlo::new(Simulation::new(3)).with_min_observations(4);
/// let loss = model.forecast(history.before(date(2024, 1, 8), 4)?, Horizon::DAY)?;
/// // Standard deviation 1,000 · 0.01 · √(4/3), times 2.3263.
/// let var = loss.value_at_risk(Confidence::P99)?;
/// assert!((var.value - 26.86).abs() < 4.0 * var.standard_error.unwrap_or(0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MonteCarlo {
    simulation: Simulation,
    law: FactorLaw,
    estimator: Arc<dyn CovarianceEstimator>,
    drift: Drift,
    multi_day: MultiDay,
    reduction: Reduction,
    min_observations: usize,
}

impl MonteCarlo {
    /// The normal law with the sample covariance.
    #[must_use]
    pub fn new(simulation: Simulation) -> Self {
        Self {
            simulation,
            law: FactorLaw::default(),
            estimator: Arc::new(SampleCovariance::default()),
            drift: Drift::default(),
            multi_day: MultiDay::default(),
            reduction: Reduction::default(),
            min_observations: 100,
        }
    }

    /// With another joint law.
    #[must_use]
    pub fn with_law(mut self, law: FactorLaw) -> Self {
        self.law = law;
        self
    }

    /// With another estimator of the covariance.
    #[must_use]
    pub fn with_estimator(mut self, estimator: Arc<dyn CovarianceEstimator>) -> Self {
        self.estimator = estimator;
        self
    }

    /// With another mean.
    #[must_use]
    pub fn with_drift(mut self, drift: Drift) -> Self {
        self.drift = drift;
        self
    }

    /// With another answer to longer horizons.
    #[must_use]
    pub fn with_multi_day(mut self, multi_day: MultiDay) -> Self {
        self.multi_day = multi_day;
        self
    }

    /// With another reduction of the book.
    #[must_use]
    pub fn with_reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// With another least number of observations, at least 2.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.min_observations = min_observations.max(2);
        self
    }

    /// Fits the joint law of a day to returns, dates × factors.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for too few observations and whatever the estimators refuse.
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<FactorModel> {
        self.fit_scaled(returns, 1.0, 1.0)
    }

    /// The same with the mean and the standard deviations of a longer horizon.
    fn fit_scaled(&self, returns: ArrayView2<'_, f64>, mean_factor: f64, factor: f64) -> Result<FactorModel> {
        if returns.nrows() < self.min_observations {
            let (required, available) = (self.min_observations, returns.nrows());
            return Err(CoreError::InsufficientData { name: "Monte Carlo", required, available }.into());
        }
        let estimate = self.estimator.estimate(returns)?.covariance;
        let means = returns.mean_axis(Axis(0)).ok_or(CoreError::Empty { name: "returns" })?;
        let drift = if self.drift == Drift::Sample { &means * mean_factor } else { Array1::zeros(means.len()) };
        let scaled = || Covariance::new(&estimate.view() * (factor * factor));
        match self.law {
            FactorLaw::Normal => FactorModel::normal(drift, &scaled()?),
            FactorLaw::StudentT { degrees_of_freedom } => FactorModel::student_t(drift, &scaled()?, degrees_of_freedom),
            FactorLaw::NormalCopula { marginal } => {
                self.copula(returns, &estimate, (&means, &drift, factor), None, marginal)
            }
            FactorLaw::TCopula { degrees_of_freedom, marginal } => {
                self.copula(returns, &estimate, (&means, &drift, factor), Some(degrees_of_freedom), marginal)
            }
        }
    }

    fn copula(
        &self,
        returns: ArrayView2<'_, f64>,
        estimate: &Covariance,
        (means, drift, factor): (&Array1<f64>, &Array1<f64>, f64),
        degrees: Option<f64>,
        kind: MarginalKind,
    ) -> Result<FactorModel> {
        let correlation = Covariance::new(estimate.correlation()?)?;
        let marginals = returns
            .columns()
            .into_iter()
            .zip(means.iter().zip(drift))
            .map(|(column, (mean, drift))| {
                // The whole law is stretched about its mean, not only its standard deviation.
                let moves = column.mapv(|r| drift + factor * (r - mean));
                let marginal: Arc<dyn Marginal> = Arc::new(kind.fit(moves.view())?);
                Ok(marginal)
            })
            .collect::<CoreResult<Vec<_>>>()?;
        FactorModel::copula(marginals, &correlation, degrees)
    }
}

impl VarModel for MonteCarlo {
    fn name(&self) -> &str {
        match self.law {
            FactorLaw::Normal => "Monte Carlo normal",
            FactorLaw::StudentT { .. } => "Monte Carlo student t",
            FactorLaw::NormalCopula { .. } => "Monte Carlo normal copula",
            FactorLaw::TCopula { .. } => "Monte Carlo t copula",
        }
    }

    fn min_observations(&self) -> usize {
        self.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let forecast = || -> Result<_> {
            if let MultiDay::Rule(rule) = self.multi_day {
                let (mean, volatility) = rule.factors("Monte Carlo", horizon)?;
                let model = self.fit_scaled(history.returns(), mean, volatility)?;
                let loss = self.simulation.linear_losses(&model, history.exposures(), Horizon::DAY, self.reduction)?;
                return Ok(loss.with_horizon(horizon));
            }
            let model = MonteCarlo::fit(self, history.returns())?;
            self.simulation.linear_losses(&model, history.exposures(), horizon, self.reduction)
        };
        Ok(Box::new(forecast()?))
    }

    /// The joint law stays; exposures are those of the later history. A longer horizon needs independent days:
    /// a rule scales the law that is fitted, and there is none to fit.
    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        if self.multi_day != MultiDay::IndependentDays {
            return Ok(None);
        }
        let law = MonteCarlo::fit(self, history.returns())?;
        Ok(Some(Box::new(FittedMonteCarlo { simulation: self.simulation, reduction: self.reduction, law })))
    }
}

/// A fitted joint law that stays.
#[derive(Debug)]
struct FittedMonteCarlo {
    simulation: Simulation,
    reduction: Reduction,
    law: FactorModel,
}

impl FittedVarModel for FittedMonteCarlo {
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        Ok(Box::new(self.simulation.linear_losses(&self.law, history.exposures(), horizon, self.reduction)?))
    }
}
