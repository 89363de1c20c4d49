//! The question: what to optimise, over what, within which limits, at which costs.

mod check;
mod constraint;
mod costs;
mod measure;
mod objective;
mod scenarios;

use std::sync::Arc;

use alluse_risk_core::Frequency;
use ndarray::{Array1, ArrayView1};

pub use constraint::{Constraint, ConstraintKind, Members, TurnoverConvention};
pub use costs::Costs;
pub use measure::RiskMeasure;
pub use objective::{Benchmark, MeanUncertainty, Objective, ObjectiveUnit};
pub use scenarios::Scenarios;

use crate::{Result, RiskModel, Universe};

/// Which side of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Its least value.
    Lower,
    /// Its greatest value.
    Upper,
}

/// A problem of portfolio construction.
///
/// Expected returns, covariance and scenarios are of one period, the same for all of them; only what the objective and the
/// limits need has to be given. Without a limit on it the sum of the weights is free.
///
/// ```
/// use alluse_optimizer::problem::{Constraint, Objective, Problem, RiskMeasure};
/// use alluse_optimizer::Universe;
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// let universe = Universe::named(["SPY", "TLT"])?;
/// let solution = Problem::new(universe, Objective::MinimiseRisk(RiskMeasure::Variance))
///     .with_covariance(Covariance::new(array![[4e-4, 0.0], [0.0, 1e-4]])?)?
///     .subject_to(Constraint::budget(1.0))
///     .subject_to(Constraint::long_only())
///     .solve()?;
/// assert!((solution.weights[0] - 0.2).abs() < 1e-9);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub(crate) universe: Universe,
    pub(crate) objective: Objective,
    pub(crate) mean: Option<Array1<f64>>,
    /// Shared, so that the many variations of a problem that a search solves do not copy it.
    pub(crate) covariance: Option<Arc<RiskModel>>,
    pub(crate) scenarios: Option<Arc<Scenarios>>,
    pub(crate) costs: Option<Costs>,
    pub(crate) limits: Vec<Constraint>,
    pub(crate) frequency: Option<Frequency>,
}

impl Problem {
    /// An objective over a universe, without limits.
    #[must_use]
    pub fn new(universe: Universe, objective: Objective) -> Self {
        let (mean, covariance, scenarios, costs, frequency) = (None, None, None, None, None);
        Self { universe, objective, mean, covariance, scenarios, costs, limits: Vec::new(), frequency }
    }

    /// With the expected return of each asset, a period.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a wrong length or an element that is not finite.
    pub fn with_mean(mut self, mean: impl Into<Array1<f64>>) -> Result<Self> {
        let mean = mean.into();
        check::length("mean", self.universe.len(), mean.len())?;
        check::finite("mean", mean.view())?;
        self.mean = Some(mean);
        Ok(self)
    }

    /// With the covariance of a period, as a matrix or in factors.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a wrong size or names in another order than the universe's.
    pub fn with_covariance(mut self, covariance: impl Into<RiskModel>) -> Result<Self> {
        let covariance = covariance.into();
        check::length("covariance", self.universe.len(), covariance.len())?;
        check::names(&self.universe, covariance.assets())?;
        self.covariance = Some(Arc::new(covariance));
        Ok(self)
    }

    /// With scenarios of a period.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a wrong number of columns.
    pub fn with_scenarios(mut self, scenarios: Scenarios) -> Result<Self> {
        check::length("scenario columns", self.universe.len(), scenarios.assets())?;
        self.scenarios = Some(Arc::new(scenarios));
        Ok(self)
    }

    /// With costs of trading.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for holdings of another length.
    pub fn with_costs(mut self, costs: Costs) -> Result<Self> {
        check::length("holdings", self.universe.len(), costs.held().len())?;
        self.costs = Some(costs);
        Ok(self)
    }

    /// With the length of a period, so that prices of limits can be stated per year.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// With one more limit.
    #[must_use]
    pub fn subject_to(mut self, limit: Constraint) -> Self {
        self.limits.push(limit);
        self
    }

    /// With more limits.
    #[must_use]
    pub fn subject_to_all(mut self, limits: impl IntoIterator<Item = Constraint>) -> Self {
        self.limits.extend(limits);
        self
    }

    /// With another objective.
    #[must_use]
    pub fn with_objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// Without the limit of this name.
    #[must_use]
    pub fn without(mut self, limit: &str) -> Self {
        self.limits.retain(|constraint| constraint.name() != limit);
        self
    }

    /// The assets.
    #[must_use]
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// What is optimised.
    #[must_use]
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// The limits, in the order they were given.
    #[must_use]
    pub fn limits(&self) -> &[Constraint] {
        &self.limits
    }

    /// The places of a limit's members.
    pub(crate) fn places(&self, members: &Members) -> Result<Vec<usize>> {
        match members {
            Members::All => Ok((0..self.universe.len()).collect()),
            Members::Named(names) => names.iter().map(|name| self.universe.position(name)).collect(),
        }
    }

    /// Expected returns: those given, or the mean of the scenarios.
    pub(crate) fn expected_returns(&self) -> Result<Array1<f64>> {
        match (&self.mean, &self.scenarios) {
            (Some(mean), _) => Ok(mean.clone()),
            (None, Some(scenarios)) => Ok(scenarios.mean()),
            (None, None) => Err(check::missing("expected returns", "neither a mean nor scenarios were given")),
        }
    }

    /// The covariance, where the question needs one.
    pub(crate) fn risk_model(&self) -> Result<&RiskModel> {
        self.covariance.as_deref().ok_or_else(|| check::missing("covariance", "none was given"))
    }

    /// The scenarios, where the question needs them.
    pub(crate) fn scenario_returns(&self) -> Result<&Scenarios> {
        self.scenarios.as_deref().ok_or_else(|| check::missing("scenarios", "none were given"))
    }

    /// `μ'w`, where there are expected returns.
    pub(crate) fn expected_return_of(&self, weights: ArrayView1<'_, f64>) -> Option<f64> {
        self.expected_returns().ok().map(|mean| mean.dot(&weights))
    }

    /// Whether some weights can only be counted, not divided.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        self.limits.iter().any(Constraint::is_discrete) || self.costs.as_ref().is_some_and(Costs::has_fixed)
    }
}
