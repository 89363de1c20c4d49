//! (b) What is traded for nothing: going to the target against the no-trade region.

use alluse_quant::optimizer::ProblemAllocator;
use alluse_quant::optimizer::certificate::Certificate;
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
    /// Share of the turnover searched in trades that lose nothing when taken back one at a time, cash and caps aside.
    pub unnecessary: f64,
    /// The same when the other trades are chosen anew within cash and caps; what those need counts as necessary.
    pub avoidable: f64,
    /// Share of it beyond the least that comes within a basis point a year of the best net utility.
    pub excess: f64,
    /// Share of the traded notional that is reversed within 20 days, or a month of monthly data.
    pub reversed: f64,
    /// Volatility a year.
    pub annual_volatility: f64,
    /// Mean return a year after costs.
    pub annual_mean: f64,
}

/// The solves behind the targets, by their certificates.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Certified {
    /// Solves.
    pub solves: usize,
    /// Those optimal to a relative gap of 1e-8, residuals of 1e-7 and limits of 1e-9.
    pub optimal: usize,
    /// The largest relative duality gap.
    pub largest_gap: f64,
}

impl Certified {
    /// Of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            solves: self.solves + other.solves,
            optimal: self.optimal + other.optimal,
            largest_gap: self.largest_gap.max(other.largest_gap),
        }
    }

    fn count(&mut self, certificate: &Certificate) {
        *self = self.and(Self {
            solves: 1,
            optimal: usize::from(certificate.is_optimal()),
            largest_gap: certificate.duality_gap,
        });
    }
}

/// Both rules at every cost on a data set, and the solves that were checked on the way.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn study(data: &DataSet, settings: &Settings) -> Result<(Vec<Traded>, Certified)> {
    let cap = data.cap();
    let whole = ProblemAllocator::new(GO_TO_TARGET, move |history: History<'_>, _: &Weights| {
        default_problem(history.assets(), shrunk(history.returns())?, cap)
    });
    let whole = backtest(data, data.often, &COSTS)?.run(&data.panel, &whole)?;
    let (mut rows, mut certified) = (Vec::new(), Certified::default());
    for (level, basis_points) in COSTS.into_iter().enumerate() {
        let region = NoTrade::new(data, basis_points)?;
        let run = backtest(data, data.often, &[basis_points])?.run(&data.panel, &region)?;
        for (rule, run) in [(GO_TO_TARGET, (&whole, level)), (NO_TRADE, (&run, 0))] {
            let (row, solves) = traded(data, settings, rule, basis_points, run)?;
            rows.push(row);
            certified = certified.and(solves);
        }
    }
    Ok((rows, certified))
}

fn traded(
    data: &DataSet,
    settings: &Settings,
    rule: &'static str,
    basis_points: f64,
    (run, level): (&BacktestResult, usize),
) -> Result<(Traded, Certified)> {
    let years = run.dates.len() as f64 / data.frequency.periods_per_year();
    let later = run.rebalances.iter().skip(1);
    let costs = run.net[level].costs.iter().skip(1).sum::<f64>();
    let (certified, shares) = search(data, settings, &NoTrade::new(data, basis_points)?, (run, level))?;
    let returns = Array1::from(run.returns(Some(level))?.to_vec());
    let periods = data.frequency.periods_per_year();
    let row = Traded {
        data_set: data.name,
        rule,
        basis_points,
        decisions: run.rebalances.len().saturating_sub(1),
        searched: certified.solves,
        annual_turnover: later.map(|rebalance| rebalance.turnover).sum::<f64>() / years,
        annual_cost: costs / years,
        unnecessary: shares[0],
        avoidable: shares[1],
        excess: shares[2],
        reversed: run.reversed_share(data.reversed_within)?,
        annual_volatility: returns.std(1.0) * periods.sqrt(),
        annual_mean: returns.mean().unwrap_or(f64::NAN) * periods,
    };
    Ok((row, certified))
}

/// The solves, one a decision searched, and the shares of turnover that are unnecessary, avoidable and in excess.
///
/// Judged by the target and the risk model that were known at the decision.
fn search(
    data: &DataSet,
    settings: &Settings,
    rule: &NoTrade,
    (run, level): (&BacktestResult, usize),
) -> Result<(Certified, [f64; 3])> {
    let assets = data.assets();
    let region = rule.region(assets)?;
    let splitter = HistorySplitter::new(&data.panel, vec![0.0; assets])?;
    let tolerance = TOLERANCE / data.frequency.periods_per_year();
    let (mut certified, mut turnover, mut parts) = (Certified::default(), 0.0, [0.0; 3]);
    let decisions = run.rebalances.iter().zip(&run.net[level].costs).skip(1);
    for (rebalance, cost) in decisions.step_by(settings.scope.draws().searched_every) {
        // The embargo is one row.
        let (solution, risk) = rule.target(splitter.ending(rebalance.row - 1, rebalance.history_rows)?)?;
        certified.count(&solution.certificate);
        let target = solution.to_weights()?;
        let proposed = Weights::new(&rebalance.target.view() * (1.0 - cost))?;
        let by =
            |removal| region.unnecessary_turnover(&rebalance.drifted, &proposed, &target, &risk, removal, tolerance);
        let (kept, resolved) = (by(Removal::OthersKept)?, by(Removal::OthersResolved)?);
        turnover += kept.turnover;
        for (part, share) in parts.iter_mut().zip([kept.unnecessary, resolved.unnecessary, kept.excess]) {
            *part += kept.turnover * share;
        }
    }
    let share = |part: f64| if turnover > 0.0 { part / turnover } else { 0.0 };
    Ok((certified, parts.map(share)))
}
