//! The allocation rules that are compared.

use alluse_quant::optimizer::baseline::{EstimatedAllocator, WeightRule};
use alluse_quant::optimizer::hierarchical::{HierarchicalAllocator, HierarchicalRiskParity};
use alluse_quant::optimizer::problem::{Constraint, Objective, Problem, RiskMeasure, Scenarios};
use alluse_quant::optimizer::rebalance::{CashRule, NoTradeRegion};
use alluse_quant::optimizer::risk_budgeting::{Budgets, RiskBudgeting};
use alluse_quant::optimizer::{self, Allocator, OneWayRate, ProblemAllocator, RiskModel, Solution, Universe};
use alluse_quant::risk_core::covariance::{LinearShrinkage, SampleCovariance};
use alluse_quant::risk_core::expected_returns::JamesStein;
use alluse_quant::risk_core::{AssetId, Confidence, Covariance, History, Weights};
use ndarray::ArrayView2;

use super::data::DataSet;
use super::settings::RISK_AVERSION;

/// The rule that this library would use without expected returns: minimum variance, shrunk and capped.
pub const DEFAULT: &str = "minimum variance, shrunk, capped";

/// The same with a no-trade region.
pub const NO_TRADE: &str = "minimum variance, shrunk, capped, no-trade region";

/// Fewer assets are too few for a James-Stein mean drawn to the grand mean.
const LEAST_FOR_JAMES_STEIN: usize = 4;

/// Shrunk by Ledoit and Wolf towards a multiple of the identity.
///
/// # Errors
/// Those of the estimator.
pub fn shrunk(returns: ArrayView2<'_, f64>) -> optimizer::Result<Covariance> {
    Ok(LinearShrinkage::default().shrink(returns)?.covariance)
}

/// Long only and fully invested.
///
/// # Errors
/// For assets without or with the same name.
pub fn long_only(assets: &[AssetId], objective: Objective) -> optimizer::Result<Problem> {
    Ok(Problem::new(Universe::new(assets.to_vec())?, objective)
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::long_only()))
}

/// The default rule as a problem.
///
/// # Errors
/// Those of the estimator.
pub fn default_problem(assets: &[AssetId], covariance: Covariance, cap: f64) -> optimizer::Result<Problem> {
    Ok(long_only(assets, Objective::MinimiseRisk(RiskMeasure::Variance))?
        .with_covariance(covariance)?
        .subject_to(Constraint::weights(..=cap).named("cap")))
}

/// The default rule, traded no further than pays.
#[derive(Debug, Clone)]
pub struct NoTrade {
    cap: f64,
    rate: OneWayRate,
    spread_over: f64,
}

impl NoTrade {
    /// On a data set, at a one-way cost in basis points.
    ///
    /// # Errors
    /// For a cost that is none.
    pub fn new(data: &DataSet, basis_points: f64) -> optimizer::Result<Self> {
        let rate = OneWayRate::from_basis_points(basis_points)?;
        Ok(Self { cap: data.cap(), rate, spread_over: data.spread_over })
    }

    /// The region around a target, fully invested after costs.
    ///
    /// # Errors
    /// Those of [`NoTradeRegion`].
    pub fn region(&self, assets: usize) -> optimizer::Result<NoTradeRegion> {
        NoTradeRegion::new(RISK_AVERSION, self.spread_over, vec![self.rate; assets])?
            .with_cash(CashRule::Exactly(0.0))?
            .with_bounds(vec![0.0; assets], vec![self.cap; assets])
    }

    /// What the default rule would hold and the risk model behind it.
    ///
    /// # Errors
    /// Those of the estimator and of the solver.
    pub fn target(&self, history: History<'_>) -> optimizer::Result<(Solution, RiskModel)> {
        let covariance = shrunk(history.returns())?;
        let problem = default_problem(history.assets(), covariance.clone(), self.cap)?;
        Ok((problem.solve()?, covariance.into()))
    }
}

impl Allocator for NoTrade {
    fn name(&self) -> &str {
        NO_TRADE
    }

    /// As fractions of what is left after costs, which is how a back-test takes them.
    fn allocate(&self, history: History<'_>, held: &Weights) -> optimizer::Result<Weights> {
        let (target, risk) = self.target(history)?;
        let solution = self.region(held.len())?.solve(held, &target.to_weights()?, &risk)?;
        let weights = solution.weights.view();
        Ok(Weights::new(&weights / weights.sum())?)
    }
}

/// Every rule that was tried on a data set, 1/N apart.
///
/// # Errors
/// For a cost that is none.
pub fn rules(data: &DataSet, basis_points: f64) -> optimizer::Result<Vec<Box<dyn Allocator>>> {
    let cap = data.cap();
    let least_variance = Objective::MinimiseRisk(RiskMeasure::Variance);
    let least_shortfall = Objective::MinimiseRisk(RiskMeasure::ExpectedShortfall(Confidence::P95));
    let risk_parity = WeightRule::RiskBudgeting(RiskBudgeting::new(Budgets::Equal));
    let mut rules: Vec<Box<dyn Allocator>> = vec![
        Box::new(EstimatedAllocator::new(SampleCovariance::default(), WeightRule::InverseVolatility)),
        of_covariance("minimum variance, sample", least_variance.clone(), |returns| {
            Ok(SampleCovariance::default().covariance(returns)?)
        }),
        of_covariance("minimum variance, shrunk", least_variance, shrunk),
        Box::new(ProblemAllocator::new(DEFAULT, move |history: History<'_>, _: &Weights| {
            default_problem(history.assets(), shrunk(history.returns())?, cap)
        })),
        Box::new(NoTrade::new(data, basis_points)?),
        Box::new(
            EstimatedAllocator::new(LinearShrinkage::default(), risk_parity)
                .with_name("equal risk contribution, shrunk"),
        ),
        Box::new(HierarchicalAllocator::new(SampleCovariance::default(), HierarchicalRiskParity::default())),
        Box::new(EstimatedAllocator::new(LinearShrinkage::default(), WeightRule::MinimumCorrelation)),
        of_covariance("maximum diversification, shrunk", Objective::MaximiseDiversification, shrunk),
        Box::new(ProblemAllocator::new("minimum expected shortfall", move |history: History<'_>, _: &Weights| {
            long_only(history.assets(), least_shortfall.clone())?
                .with_scenarios(Scenarios::new(history.returns().to_owned())?)
        })),
    ];
    if data.assets() >= LEAST_FOR_JAMES_STEIN {
        rules.push(Box::new(ProblemAllocator::new(
            "maximum Sharpe, James-Stein, shrunk",
            |history: History<'_>, _: &Weights| {
                long_only(history.assets(), Objective::sharpe(0.0))?
                    .with_mean(JamesStein::default().estimate(history.returns())?.values)?
                    .with_covariance(shrunk(history.returns())?)
            },
        )));
        rules.push(Box::new(ProblemAllocator::new(
            "mean-variance, James-Stein, shrunk, capped",
            move |history: History<'_>, _: &Weights| {
                default_problem(history.assets(), shrunk(history.returns())?, cap)?
                    .with_objective(Objective::MaximiseUtility { risk_aversion: RISK_AVERSION })
                    .with_mean(JamesStein::default().estimate(history.returns())?.values)
            },
        )));
    }
    Ok(rules)
}

fn of_covariance(
    name: &'static str,
    objective: Objective,
    estimate: impl Fn(ArrayView2<'_, f64>) -> optimizer::Result<Covariance> + Send + Sync + 'static,
) -> Box<dyn Allocator> {
    Box::new(ProblemAllocator::new(name, move |history: History<'_>, _: &Weights| {
        long_only(history.assets(), objective.clone())?.with_covariance(estimate(history.returns())?)
    }))
}
