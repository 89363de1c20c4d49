//! The problem and the choice of method.

use alluse_risk_core::covariance::Definiteness;
use alluse_risk_core::{Weights, linalg};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::bounded::{Limits, bounded};
use super::convergence::{Target, larger};
use super::coordinate::coordinate_descent;
use super::newton::newton;
use super::operator::Correlation;
use super::{BudgetFit, Budgets, RiskBudgetSolution, RiskContributions, SignPattern};
use crate::{Error, Result, RiskModel};

/// A portfolio whose assets carry given shares of its risk.
///
/// ```text
/// wᵢ (Σw)ᵢ / w'Σw = bᵢ       from   y = argmin ½ y'Cy − Σ bᵢ ln yᵢ,   wᵢ ∝ yᵢ / σᵢ
/// ```
///
/// | setting       | default      | meaning                                                              |
/// |---------------|--------------|----------------------------------------------------------------------|
/// | budgets       | equal        | shares of the risk                                                   |
/// | signs         | long only    | the side of every asset                                              |
/// | bounds        | none         | limits on single weights: the budgets may then be missed             |
/// | method        | automatic    | how the convex problem is solved                                     |
/// | definiteness  | automatic    | how a covariance that is not positive semidefinite is found out      |
/// | tolerance `t` | 1e-10        | `\|RCᵢ − bᵢ\| ≤ t min(1, 100 bᵢ)`, though never closer than 1e-14      |
/// | iterations    | 1,000        | Newton steps or sweeps                                               |
///
/// # Source
/// Spinu (2013), *An algorithm for computing risk parity weights*; Griveau-Billion, Richard and Roncalli (2013);
/// with bounds Richard and Roncalli (2019), *Constrained risk budgeting portfolios*; for expected shortfall Cetingoz,
/// Fermanian and Guéant (2024).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RiskBudgeting {
    budgets: Budgets,
    signs: SignPattern,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
    method: RiskBudgetMethod,
    definiteness: DefinitenessCheck,
    tolerance: f64,
    max_iterations: usize,
}

/// How the convex problem of a volatility budget is solved. All find the same weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RiskBudgetMethod {
    /// The faster one for the size and form of the covariance.
    #[default]
    Automatic,
    /// Damped Newton steps by preconditioned conjugate gradients.
    Newton,
    /// Cyclical coordinate descent.
    CoordinateDescent,
}

/// How hard to look for negative eigenvalues of a dense covariance. One in factors has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DefinitenessCheck {
    /// A factorisation up to 256 assets, beyond that what the solution shows.
    #[default]
    Automatic,
    /// A factorisation: certain, and dearer than the solution itself for many assets.
    Factorised,
    /// Correlations beyond ±1, and negative curvature or variance met on the way. A solution that is found has the
    /// budgets asked for under the matrix given, but need not be the only one if that has a negative eigenvalue.
    Encountered,
}

/// Largest number of assets whose covariance is factorised without being asked to.
const FACTORISED_UP_TO: usize = 256;

impl Default for RiskBudgeting {
    fn default() -> Self {
        Self::new(Budgets::Equal)
    }
}

impl RiskBudgeting {
    /// With these budgets and the defaults.
    #[must_use]
    pub fn new(budgets: Budgets) -> Self {
        Self {
            budgets,
            signs: SignPattern::LongOnly,
            bounds: None,
            method: RiskBudgetMethod::Automatic,
            definiteness: DefinitenessCheck::Automatic,
            tolerance: 1e-10,
            max_iterations: 1_000,
        }
    }

    /// With a side for every asset.
    #[must_use]
    pub fn with_signs(mut self, signs: SignPattern) -> Self {
        self.signs = signs;
        self
    }

    /// With `lower ≤ w ≤ upper`, one an asset; infinities leave a side free.
    ///
    /// Where the budgets do not fit between the bounds, the answer minimises `½ w'Σw − λ Σ bᵢ ln |wᵢ|` between them
    /// with the λ at which the gross exposure is 1, and [`BudgetFit::Bounded`] says how far off each budget is.
    #[must_use]
    pub fn with_bounds(mut self, lower: impl Into<Vec<f64>>, upper: impl Into<Vec<f64>>) -> Self {
        self.bounds = Some((lower.into(), upper.into()));
        self
    }

    /// With one method.
    #[must_use]
    pub fn with_method(mut self, method: RiskBudgetMethod) -> Self {
        self.method = method;
        self
    }

    /// With another search for negative eigenvalues.
    #[must_use]
    pub fn with_definiteness_check(mut self, check: DefinitenessCheck) -> Self {
        self.definiteness = check;
        self
    }

    /// With another tolerance on relative contributions.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// With another limit on Newton steps, sweeps or interior-point steps.
    #[must_use]
    pub fn with_max_iterations(mut self, max_iterations: usize) -> Self {
        self.max_iterations = max_iterations;
        self
    }

    /// Weights whose shares of the volatility are the budgets.
    ///
    /// # Errors
    /// - [`Error::Input`] and [`Error::Invalid`] for budgets, sides, bounds or a tolerance that do not fit.
    /// - [`Error::Undefined`] for an asset without variance, and when a portfolio with the given signs has no risk.
    /// - [`Error::Input`] and [`Error::Numerical`] for a covariance that is not positive semidefinite.
    /// - [`Error::Infeasible`] when the bounds leave no portfolio, with their sums.
    /// - [`Error::NotConverged`].
    pub fn solve(&self, model: &RiskModel) -> Result<RiskBudgetSolution> {
        let assets = model.len();
        let (budgets, signs) = self.checked(assets)?;
        let volatilities = volatilities(model)?;
        self.definite(model, &volatilities)?;
        let scale: Vec<f64> = signs.iter().zip(&volatilities).map(|(s, v)| s / v).collect();
        let limits = self.bounds.as_ref().map(|(lower, upper)| Limits::new(lower, upper, &signs)).transpose()?;
        let operator = Correlation::new(model, scale.clone());
        let target = Target { budgets: &budgets, tolerance: self.tolerance };
        let method = self.method.for_model(model);
        let solved = match method {
            RiskBudgetMethod::CoordinateDescent => coordinate_descent(&operator, &target, self.max_iterations)?,
            _ => newton(&operator, &target, self.max_iterations)?,
        };
        let gross: f64 = solved.y.iter().zip(&volatilities).map(|(y, v)| y / v).sum();
        let sizes: Vec<f64> = solved.y.iter().zip(&volatilities).map(|(y, v)| y / v / gross).collect();
        let Some(limits) = limits.filter(|limits| !limits.hold(&sizes)) else {
            let weights: Array1<f64> = sizes.iter().zip(&signs).map(|(x, s)| x * s).collect();
            return solution(model, budgets, weights, solved.iterations, method);
        };
        let found = bounded(&operator, &budgets, &volatilities, &limits, &sizes, self.max_iterations)?;
        let weights: Array1<f64> = found.sizes.iter().zip(&signs).map(|(x, s)| x * s).collect();
        let iterations = solved.iterations + found.sweeps;
        let solution = solution(model, budgets, weights, iterations, RiskBudgetMethod::CoordinateDescent)?;
        let gap = solution.risk.relative.iter().zip(&solution.budgets).map(|(share, b)| share - b).collect();
        let (at_smallest, at_largest) = limits.active(&found.sizes);
        Ok(RiskBudgetSolution { fit: BudgetFit::Bounded { gap, at_smallest, at_largest }, ..solution })
    }

    /// Budgets and signs, with the settings checked.
    pub(super) fn checked(&self, assets: usize) -> Result<(Vec<f64>, Vec<f64>)> {
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            let (name, expected, value) = ("tolerance", "in (0, 1)", self.tolerance);
            return Err(alluse_risk_core::Error::OutOfDomain { name, expected, value }.into());
        }
        if self.max_iterations == 0 {
            let (name, expected, value) = ("max_iterations", "at least 1", 0.0);
            return Err(alluse_risk_core::Error::OutOfDomain { name, expected, value }.into());
        }
        Ok((self.budgets.per_asset(assets)?, self.signs.signs(assets)?))
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.bounds.is_some()
    }

    pub(super) fn iteration_limit(&self) -> usize {
        self.max_iterations
    }

    fn definite(&self, model: &RiskModel, volatilities: &[f64]) -> Result<()> {
        let RiskModel::Dense(covariance) = model else {
            return Ok(());
        };
        let wanted = match self.definiteness {
            DefinitenessCheck::Automatic => covariance.len() <= FACTORISED_UP_TO,
            DefinitenessCheck::Factorised => true,
            DefinitenessCheck::Encountered => false,
        };
        // Correlations, so that a small variance is not taken for rounding of a large one.
        if !wanted {
            return within_one(model, volatilities);
        }
        let correlation = covariance.correlation()?;
        if linalg::cholesky(correlation.view()).is_ok() {
            return Ok(());
        }
        match alluse_risk_core::Covariance::new(correlation)?.definiteness()? {
            Definiteness::Indefinite { smallest_eigenvalue } => {
                let name = "correlation";
                Err(alluse_risk_core::Error::NotPositiveSemidefinite { name, smallest_eigenvalue }.into())
            }
            _ => Ok(()),
        }
    }
}

impl RiskBudgetMethod {
    fn for_model(self, _model: &RiskModel) -> Self {
        match self {
            Self::Automatic => Self::Newton,
            chosen => chosen,
        }
    }
}

/// Refuses a correlation beyond ±1.
fn within_one(model: &RiskModel, volatilities: &[f64]) -> Result<()> {
    let RiskModel::Dense(covariance) = model else {
        return Ok(());
    };
    for (i, row) in covariance.view().rows().into_iter().enumerate() {
        let limit = volatilities[i] * (1.0 + 1e-9);
        let beyond = |(j, c): (usize, &f64)| c.abs() > limit * volatilities[j];
        if let Some(j) = row.iter().enumerate().take(i).position(beyond) {
            let reason = format!("assets {i} and {j} have correlation {}", row[j] / volatilities[i] / volatilities[j]);
            return Err(Error::invalid("covariance", reason));
        }
    }
    Ok(())
}

fn volatilities(model: &RiskModel) -> Result<Vec<f64>> {
    let variances = model.variances();
    match variances.iter().position(|v| !(*v > 0.0 && v.is_finite())) {
        None => Ok(variances.iter().map(|v| v.sqrt()).collect()),
        Some(asset) => {
            let what = "a risk budget";
            let reason = format!("asset {asset} has variance {:e} and can carry no risk", variances[asset]);
            Err(Error::Undefined { what, reason })
        }
    }
}

fn solution(
    model: &RiskModel,
    budgets: Vec<f64>,
    weights: Array1<f64>,
    iterations: usize,
    method: RiskBudgetMethod,
) -> Result<RiskBudgetSolution> {
    let risk = RiskContributions::of(model, weights.view())?;
    let error = risk.relative.iter().zip(&budgets).map(|(share, b)| (share - b).abs()).fold(0.0, larger);
    let weights = Weights::new(weights)?;
    Ok(RiskBudgetSolution { weights, budgets, risk, fit: BudgetFit::Exact, error, iterations, method })
}
