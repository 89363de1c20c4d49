//! `frontier.critical_line`, `hierarchical.*`, `risk_budget.*` and the rules among `optimize.*`

use alluse_quant::optimizer::frontier::CriticalLine;
use alluse_quant::optimizer::hierarchical::{
    Bisection, ClusterCount, ClusterObjective, ClusterRisk, Clustering, Distance, HierarchicalEqualRiskContribution,
    HierarchicalRiskParity, LeafOrder, Linkage, NestedClusteredOptimization,
};
use alluse_quant::optimizer::risk_budgeting::{Budgets, RiskBudgeting, RiskContributions};
use alluse_quant::optimizer::{RiskModel, baseline};
use alluse_quant::risk_core::{Confidence, Covariance, Weights};
use ndarray::Array1;

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("frontier.critical_line", critical_line),
    ("hierarchical.herc", herc),
    ("hierarchical.hrp", hrp),
    ("hierarchical.nco", nco),
    ("optimize.inverse_risk", inverse_risk),
    ("optimize.minimum_correlation", minimum_correlation),
    ("risk_budget.contributions", contributions),
    ("risk_budget.solve", risk_budgets),
];

fn weights_alone(weights: Weights) -> Outcome {
    Ok(Tree::fields([("weights", weights.into())]))
}

fn critical_line(args: &mut Args<'_>) -> Outcome {
    let (mean, covariance) = (args.vector("mean")?, args.matrix("covariance")?);
    let (lower, upper) = (args.number("lower")?, args.number("upper")?);
    let every = |bound: f64| Array1::from_elem(mean.len(), bound);
    let risk = RiskModel::from(Covariance::new(covariance)?);
    let frontier = CriticalLine::new(mean.view(), &risk)?.with_bounds(every(lower), every(upper))?.trace()?;
    let corners = &frontier.corners;
    let weights: Vec<_> = corners.iter().map(|corner| corner.weights.clone()).collect();
    let lambda: Vec<_> = corners.iter().map(|corner| corner.lambda).collect();
    Ok(Tree::fields([("weights", weights.into()), ("lambda", lambda.into()), ("count", corners.len().into())]))
}

fn inverse_risk(args: &mut Args<'_>) -> Outcome {
    let covariance = args.matrix("covariance")?;
    type Rule = fn(&RiskModel) -> alluse_quant::optimizer::Result<Weights>;
    let rules: [(_, Rule); 2] =
        [("volatility", baseline::inverse_volatility), ("variance", baseline::inverse_variance)];
    let rule = args.choice("risk", &rules)?;
    weights_alone(rule(&Covariance::new(covariance)?.into())?)
}

fn minimum_correlation(args: &mut Args<'_>) -> Outcome {
    let covariance = Covariance::new(args.matrix("covariance")?)?;
    weights_alone(baseline::minimum_correlation(&covariance.into())?)
}

fn contributions(args: &mut Args<'_>) -> Outcome {
    let (covariance, weights) = (args.matrix("covariance")?, args.vector("weights")?);
    let risk = RiskContributions::of(&Covariance::new(covariance)?.into(), weights.view())?;
    Ok(Tree::fields([
        ("volatility", risk.volatility.into()),
        ("marginal", risk.marginal.into()),
        ("contribution", risk.contribution.into()),
        ("relative", risk.relative.into()),
    ]))
}

/// What the assets carry shares of.
#[derive(Clone)]
enum Measure {
    Volatility,
    ExpectedShortfall,
}

fn risk_budgets(args: &mut Args<'_>) -> Outcome {
    let budgets = RiskBudgeting::new(Budgets::PerAsset(args.vector("budgets")?.to_vec()));
    let measures = [("volatility", Measure::Volatility), ("cvar", Measure::ExpectedShortfall)];
    match args.choice("measure", &measures)? {
        Measure::Volatility => {
            let covariance = Covariance::new(args.matrix("covariance")?)?;
            let solution = budgets.solve(&covariance.into())?;
            Ok(Tree::fields([
                ("weights", solution.weights.into()),
                ("risk_contributions", solution.risk.relative.into()),
                ("volatility", solution.risk.volatility.into()),
            ]))
        }
        Measure::ExpectedShortfall => {
            let (returns, level) = (args.matrix("returns")?, args.number("confidence")?);
            let solution = budgets.solve_scenarios(returns.view(), Confidence::new(level)?)?;
            Ok(Tree::fields([("weights", solution.weights.into()), ("risk_contributions", solution.relative.into())]))
        }
    }
}

/// The tree; without `leaf_order` the weights do not depend on it.
fn clustering(args: &mut Args<'_>) -> Result<Clustering> {
    let linkage = args.choice("linkage", &[("single", Linkage::Single), ("ward", Linkage::Ward)])?;
    let distances = [
        ("correlation", Distance::Correlation),
        ("euclidean_of_correlation_distance", Distance::EuclideanOfCorrelationDistance),
    ];
    let distance = args.choice("distance", &distances)?;
    let orders = [("scipy", LeafOrder::Scipy), ("optimal", LeafOrder::ScipyOptimal)];
    let order = args.optional("leaf_order", |args, name| args.choice(name, &orders))?.unwrap_or_default();
    Ok(Clustering::default().with_linkage(linkage).with_distance(distance).with_leaf_order(order))
}

fn hrp(args: &mut Args<'_>) -> Outcome {
    let (covariance, clustering) = (args.matrix("covariance")?, clustering(args)?);
    let bisection = args.choice("split", &[("half_of_list", Bisection::HalfOfList)])?;
    let method = HierarchicalRiskParity::default().with_clustering(clustering).with_bisection(bisection);
    let portfolio = method.allocate(&Covariance::new(covariance)?)?;
    Ok(Tree::fields([("weights", portfolio.weights.into()), ("order", portfolio.order.into())]))
}

fn herc(args: &mut Args<'_>) -> Outcome {
    let (covariance, clustering) = (args.matrix("covariance")?, clustering(args)?);
    let clusters = ClusterCount::Fixed(args.count("clusters")?);
    let risk = args.choice("cluster_risk", &[("variance", ClusterRisk::Variance)])?;
    let method = HierarchicalEqualRiskContribution::default()
        .with_clustering(clustering)
        .with_clusters(clusters)
        .with_cluster_risk(risk);
    weights_alone(method.allocate(&Covariance::new(covariance)?)?.weights)
}

fn nco(args: &mut Args<'_>) -> Outcome {
    let (covariance, clustering) = (args.matrix("covariance")?, clustering(args)?);
    let clusters = ClusterCount::Fixed(args.count("clusters")?);
    let objectives = [("min_variance", ClusterObjective::MinimumVariance)];
    let (inner, outer) = (args.choice("inner", &objectives)?, args.choice("outer", &objectives)?);
    let method = NestedClusteredOptimization::default()
        .with_clustering(clustering)
        .with_clusters(clusters)
        .with_inner(inner)
        .with_outer(outer);
    weights_alone(method.allocate(&Covariance::new(covariance)?)?.weights)
}
