//! Three mandates over the same market: one with room, one that is tight, one that cannot be kept.

use alluse_quant::optimizer::problem::{
    Constraint, Costs, Members, Objective, Problem, RiskMeasure, TurnoverConvention,
};
use alluse_quant::risk_core::Frequency;

use super::inputs::{Market, Settings};
use crate::Result;

/// Trading days of a year.
fn periods() -> f64 {
    Frequency::Daily.periods_per_year()
}

/// Utility less costs, long only, with limits on assets, sectors, volatility, turnover and the loss in a past crisis.
///
/// # Errors
/// When the market does not fit the problem.
pub fn balanced(market: &Market, settings: &Settings) -> Result<Problem> {
    let costs = Costs::one_way_bps(market.held.clone(), settings.cost_bps)?.amortised_over(periods())?;
    let objective = Objective::MaximiseUtility { risk_aversion: settings.risk_aversion };
    let mut problem = Problem::new(market.universe.clone(), objective)
        .with_mean(market.mean.clone())?
        .with_covariance(market.covariance.clone())?
        .with_costs(costs)?
        .with_frequency(Frequency::Daily)
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::weights(0.0..=0.12).named("asset cap"))
        .subject_to(Constraint::risk(RiskMeasure::Volatility, 0.15 / periods().sqrt()))
        .subject_to(Constraint::turnover(market.held.clone(), 0.40, TurnoverConvention::OneWay))
        .subject_to(Constraint::linear("loss in the crisis of 2008", market.crisis_losses.clone(), ..=0.30));
    for (sector, members) in &market.sectors {
        problem = problem.subject_to(Constraint::group(sector.clone(), Members::of(members.clone()), 0.02..=0.30));
    }
    Ok(problem)
}

/// The same with less room: little volatility, a shallow crisis, small sectors.
///
/// # Errors
/// Those of [`balanced`].
pub fn tight(market: &Market, settings: &Settings) -> Result<Problem> {
    let mut problem = balanced(market, settings)?
        .without("volatility")
        .without("loss in the crisis of 2008")
        .subject_to(Constraint::risk(RiskMeasure::Volatility, 0.13 / periods().sqrt()))
        .subject_to(Constraint::linear("loss in the crisis of 2008", market.crisis_losses.clone(), ..=0.25));
    for sector in ["health", "consumer"] {
        if let Some(members) = market.sectors.get(sector) {
            problem = problem.without(sector);
            problem = problem.subject_to(Constraint::group(sector, Members::of(members.clone()), 0.02..=0.25));
        }
    }
    Ok(problem)
}

/// A return that its risk limit forbids, and sector minima above what the other sectors leave.
///
/// # Errors
/// Those of [`tight`].
pub fn impossible(market: &Market, settings: &Settings) -> Result<Problem> {
    let mut problem = tight(market, settings)?.subject_to(Constraint::target_return(0.16 / periods()));
    for (sector, least) in [("energy", 0.25), ("financials", 0.22), ("technology", 0.28)] {
        if let Some(members) = market.sectors.get(sector) {
            problem = problem.without(sector);
            problem = problem.subject_to(Constraint::group(sector, Members::of(members.clone()), least..=0.30));
        }
    }
    Ok(problem)
}
