//! (b) What is traded for nothing: going to the target against the no-trade region.

use alluse_quant::optimizer::ProblemAllocator;
use alluse_quant::optimizer::rebalance::Removal;
use alluse_quant::optimizer::walk_forward::BacktestResult;
use alluse_quant::risk_core::{History, HistorySplitter, Weights};
use ndarray::Array1;
use serde::Serialize;

use super::comparison::backtest;
use super::data::DataSet;
use super::rules::{NO_TRADE, NoTrade, default_problem, shrunk};
use super::settings::{COSTS, Settings};
use crate::Result;

/// Net utility that does not count, a year: one basis point.
const TOLERANCE: f64 = 1e-4;

/// Name of the rule that goes all the way.
pub const GO_TO_TARGET: &str = "go to the target";

/// One rule at one cost on one data set.
#[derive(Debug, Clone, Serialize)]
pub struct Traded {
    /// Name of the data set.
    pub data_set: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// One-way cost in basis points.
    pub basis_points: f64,
    /// Decisions after the first purchase.
    pub decisions: usize,
    /// Those that were searched for trades that do not pay.
    pub searched: usize,
    /// One-way turnover a year, the first purchase left out.
    pub annual_turnover: f64,
    /// Costs a year, likewise.
    pub annual_cost: f64,
    /// Share of the turnover searched in trades that lose nothing when taken back one at a time.
    pub unnecessary: f64,
    /// Share of it beyond the least that comes within a basis point a year of the best net utility.
    pub excess: f64,
    /// Share of the traded notional that is reversed within 20 days, or a month of monthly data.
    pub reversed: f64,
    /// Volatility a year.
    pub annual_volatility: f64,
    /// Mean return a year after costs.
    pub annual_mean: f64,
}

/// Both rules at every cost on a data set.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn study(data: &DataSet, settings: &Settings) -> Result<Vec<Traded>> {
    let cap = data.cap();
    let whole = ProblemAllocator::new(GO_TO_TARGET, move |history: History<'_>, _: &Weights| {
        default_problem(history.assets(), shrunk(history.returns())?, cap)
    });
    let whole = backtest(data, data.often, &COSTS)?.run(&data.panel, &whole)?;
    let mut rows = Vec::new();
    for (level, basis_points) in COSTS.into_iter().enumerate() {
        let region = NoTrade::new(data, basis_points)?;
        let run = backtest(data, data.often, &[basis_points])?.run(&data.panel, &region)?;
        rows.push(traded(data, settings, GO_TO_TARGET, basis_points, (&whole, level))?);
        rows.push(traded(data, settings, NO_TRADE, basis_points, (&run, 0))?);
    }
    Ok(rows)
}

fn traded(
    data: &DataSet,
    settings: &Settings,
    rule: &'static str,
    basis_points: f64,
    (run, level): (&BacktestResult, usize),
) -> Result<Traded> {
    let years = run.dates.len() as f64 / data.frequency.periods_per_year();
    let later = run.rebalances.iter().skip(1);
    let costs = run.net[level].costs.iter().skip(1).sum::<f64>();
    let (searched, shares) = search(data, settings, &NoTrade::new(data, basis_points)?, (run, level))?;
    let returns = Array1::from(run.returns(Some(level))?.to_vec());
    let periods = data.frequency.periods_per_year();
    Ok(Traded {
        data_set: data.name,
        rule,
        basis_points,
        decisions: run.rebalances.len().saturating_sub(1),
        searched,
        annual_turnover: later.map(|rebalance| rebalance.turnover).sum::<f64>() / years,
        annual_cost: costs / years,
        unnecessary: shares[0],
        excess: shares[1],
        reversed: run.reversed_share(data.reversed_within)?,
        annual_volatility: returns.std(1.0) * periods.sqrt(),
        annual_mean: returns.mean().unwrap_or(f64::NAN) * periods,
    })
}

/// Decisions searched, and the shares of their turnover that are unnecessary and in excess.
///
/// Judged by the target and the risk model that were known at the decision.
fn search(
    data: &DataSet,
    settings: &Settings,
    rule: &NoTrade,
    (run, level): (&BacktestResult, usize),
) -> Result<(usize, [f64; 2])> {
    let assets = data.assets();
    let region = rule.region(assets)?;
    let splitter = HistorySplitter::new(&data.panel, vec![0.0; assets])?;
    let tolerance = TOLERANCE / data.frequency.periods_per_year();
    let (mut searched, mut turnover, mut parts) = (0, 0.0, [0.0; 2]);
    let decisions = run.rebalances.iter().zip(&run.net[level].costs).skip(1);
    for (rebalance, cost) in decisions.step_by(settings.scope.draws().searched_every) {
        // The embargo is one row.
        let (target, risk) = rule.target(splitter.ending(rebalance.row - 1, rebalance.history_rows)?)?;
        let proposed = Weights::new(&rebalance.target.view() * (1.0 - cost))?;
        let held = &rebalance.drifted;
        let found = region.unnecessary_turnover(held, &proposed, &target, &risk, Removal::OthersKept, tolerance)?;
        searched += 1;
        turnover += found.turnover;
        parts[0] += found.turnover * found.unnecessary;
        parts[1] += found.turnover * found.excess;
    }
    let share = |part: f64| if turnover > 0.0 { part / turnover } else { 0.0 };
    Ok((searched, parts.map(share)))
}
