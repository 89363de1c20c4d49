//! (a) Every rule on every data set against 1/N, and the verdicts over all data sets.

use alluse_quant::optimizer::Allocator;
use alluse_quant::optimizer::strategies::StrategyReturns;
use alluse_quant::optimizer::strategies::correlation::StrategyCorrelation;
use alluse_quant::optimizer::walk_forward::{
    AgainstEqualWeight, Backtest, BacktestResult, Benchmark, Comparison, ComparisonReport, CostRates, FailurePolicy,
    Performance, TruncationReport,
};
use alluse_quant::risk_core::measures::Bootstrap;
use alluse_quant::risk_core::panel::ReturnPanel;
use alluse_quant::risk_core::{AssetId, Status, Verdict};
use jiff::civil::Date;
use ndarray::Array2;
use serde::Serialize;

use super::data::DataSet;
use super::rules::rules;
use super::settings::{COMPARED_AT, COSTS, Settings};
use crate::{Failure, Result};

/// How much lower a risk has to be.
const LOWER: f64 = 0.90;

/// Level of every test.
const LEVEL: f64 = 0.05;

/// What the lower bound of the certainty equivalent's difference must exceed, a year.
const NOT_INFERIOR: f64 = -0.005;

/// One data set: every rule on it.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// Name of the data set.
    pub data_set: &'static str,
    /// Assets in it.
    pub assets: usize,
    /// First and last date out of sample.
    pub dates: (Date, Date),
    /// Returns out of sample.
    pub observations: usize,
    /// Decisions of each rule.
    pub decisions: usize,
    /// Rows in a year.
    pub periods_per_year: f64,
    /// Trials that Sharpe ratios were deflated by.
    pub trials: f64,
    /// 1/N and the rules, in order.
    pub rows: Vec<Performance>,
    /// Decisions at which a rule failed.
    pub failed: Vec<Failed>,
    /// How alike the rules are.
    pub alike: Alike,
}

/// Decisions at which a rule failed and what was held was held on.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// The rule.
    pub rule: String,
    /// How many.
    pub decisions: usize,
    /// What it said at the first.
    pub first: String,
}

/// Correlations between the net returns of the rules, 1/N among them.
#[derive(Debug, Clone, Serialize)]
pub struct Alike {
    /// Pairs.
    pub pairs: usize,
    /// The lowest, the median and the highest correlation.
    pub range: [f64; 3],
    /// Pairs whose lower bound of 95 % is above 0.70.
    pub breaches: usize,
    /// Pairs of which only the point is.
    pub warnings: usize,
}

/// One rule over all data sets.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// The rule.
    pub rule: String,
    /// Data sets it was run on.
    pub data_sets: usize,
    /// On which its volatility is at least 10 % below that of 1/N, significantly.
    pub volatility_lower: usize,
    /// On which its expected shortfall is.
    pub shortfall_lower: usize,
    /// On which either is.
    pub either_lower: usize,
    /// On which either is significantly above.
    pub worse: usize,
    /// On which the lower 90 % bound of the certainty equivalent's difference is above −0.5 % a year.
    pub not_inferior: usize,
    /// On which its Sharpe ratio is significantly above that of 1/N.
    pub sharpe_higher: usize,
    /// On which it is significantly below.
    pub sharpe_lower: usize,
    /// Decisions at which it failed.
    pub failures: usize,
    /// Whether risk is at least 10 % lower on three quarters of eight data sets, and nowhere significantly higher.
    pub meets: bool,
}

/// How a data set is walked through.
///
/// # Errors
/// For a window or costs that are none.
pub fn backtest(data: &DataSet, every: usize, costs: &[f64]) -> Result<Backtest> {
    let rates = costs.iter().map(|bps| Ok(CostRates::uniform(bps * 1e-4)?)).collect::<Result<_>>()?;
    Ok(Backtest::every(every, data.train())?.with_embargo(1).with_costs(rates).with_failure_policy(FailurePolicy::Hold))
}

/// Runs every rule on a data set.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn compare(data: &DataSet, settings: &Settings) -> Result<Compared> {
    let bootstrap = Bootstrap::new(settings.seed).with_replicates(settings.scope.draws().replicates);
    let comparison = Comparison::new(backtest(data, data.every, &COSTS)?, data.frequency, bootstrap)
        .with_cost_level(COMPARED_AT)
        .with_risk_aversion(super::settings::RISK_AVERSION);
    let rules = rules(data, COSTS[COMPARED_AT])?;
    let borrowed: Vec<&dyn Allocator> = rules.iter().map(AsRef::as_ref).collect();
    let report = comparison.compare(&data.panel, &borrowed)?;
    let alike = alike(&report)?;
    let failed = |run: &BacktestResult| {
        let first = run.failures.first()?.message.clone();
        Some(Failed { rule: run.allocator.clone(), decisions: run.failures.len(), first })
    };
    let failed = report.backtests.iter().filter_map(failed).collect();
    let first = report.backtests.first().ok_or_else(|| Failure("nothing was compared".to_owned()))?;
    let (Some(from), Some(to)) = (first.dates.first(), first.dates.last()) else {
        return Err(Failure(format!("{}: no return is out of sample", data.name)));
    };
    Ok(Compared {
        data_set: data.name,
        assets: data.assets(),
        dates: (*from, *to),
        observations: report.observations,
        decisions: first.rebalances.len(),
        periods_per_year: data.frequency.periods_per_year(),
        trials: report.trials,
        rows: report.rows,
        failed,
        alike,
    })
}

/// Looks for look-ahead in every rule, by removing the future.
///
/// # Errors
/// One sentence when a rule cannot be run.
pub fn truncated(data: &DataSet) -> Result<Vec<TruncationReport>> {
    let walk = backtest(data, data.every, &[])?;
    let lost = || alluse_quant::risk_core::Error::Empty { name: "rule made again" };
    let one = |place: usize| {
        Ok(walk.truncation_test(&data.panel, 3, |_| {
            Ok(rules(data, COSTS[COMPARED_AT])?.into_iter().nth(place).ok_or_else(lost)?)
        })?)
    };
    (0..rules(data, COSTS[COMPARED_AT])?.len()).map(one).collect()
}

fn alike(report: &ComparisonReport) -> Result<Alike> {
    let runs = &report.backtests;
    let dates = runs.first().map(|run| run.dates.clone()).unwrap_or_default();
    let names = runs.iter().map(|run| Ok(AssetId::new(run.allocator.as_str())?)).collect::<Result<_>>()?;
    let columns = runs.iter().map(|run| Ok(run.returns(Some(COMPARED_AT))?)).collect::<Result<Vec<_>>>()?;
    let returns = Array2::from_shape_fn((dates.len(), runs.len()), |(row, run)| columns[run][row]);
    let returns = StrategyReturns::from_panel(&ReturnPanel::new(dates, names, returns)?)?;
    let pairs = StrategyCorrelation::default().measure(&returns, None)?.pairs;
    let mut known: Vec<f64> = Vec::new();
    for pair in &pairs {
        match &pair.overall {
            Status::Known(estimate) | Status::Partial { value: estimate, .. } => known.push(estimate.correlation),
            Status::Unknown { reason, .. } => {
                return Err(Failure(format!("{} and {}: {reason}", pair.first, pair.second)));
            }
        }
    }
    known.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (known.first(), known.last()) else {
        return Err(Failure("there is no pair of rules".to_owned()));
    };
    let count = |verdict: Verdict| pairs.iter().filter(|pair| pair.verdict == verdict).count();
    Ok(Alike {
        pairs: pairs.len(),
        range: [*low, known[known.len() / 2], *high],
        breaches: count(Verdict::Breach),
        warnings: count(Verdict::Warn),
    })
}

/// Expected shortfall of a row over that of 1/N, the first row.
#[must_use]
pub fn shortfall_ratio(compared: &Compared, row: &Performance) -> Option<f64> {
    compared.rows.first().map(|naive| row.expected_shortfall / naive.expected_shortfall)
}

/// The row of a rule on a data set, and how it stands against 1/N; nothing for 1/N and for the same returns.
#[must_use]
pub fn against<'a>(compared: &'a Compared, rule: &str) -> Option<(&'a Performance, &'a AgainstEqualWeight)> {
    let row = compared.rows.iter().find(|row| row.allocator == rule)?;
    match &row.against_equal_weight {
        Benchmark::Compared(against) => Some((row, against)),
        _ => None,
    }
}

/// Names of the rules, in the order in which they first occur, without 1/N.
#[must_use]
pub fn names(compared: &[Compared]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for row in compared.iter().flat_map(|data| data.rows.iter().skip(1)) {
        if !names.contains(&row.allocator) {
            names.push(row.allocator.clone());
        }
    }
    names
}

/// The verdicts over all data sets.
#[must_use]
pub fn judge(compared: &[Compared]) -> Vec<Judged> {
    names(compared).into_iter().map(|rule| judged(compared, rule)).collect()
}

fn judged(compared: &[Compared], rule: String) -> Judged {
    let mut it = Judged {
        data_sets: compared.iter().filter(|data| data.rows.iter().any(|row| row.allocator == rule)).count(),
        rule,
        volatility_lower: 0,
        shortfall_lower: 0,
        either_lower: 0,
        worse: 0,
        not_inferior: 0,
        sharpe_higher: 0,
        sharpe_lower: 0,
        failures: 0,
        meets: false,
    };
    for data in compared {
        let Some((row, against)) = against(data, &it.rule) else { continue };
        let (of_variance, of_shortfall) =
            (against.variance_adjusted < LEVEL, against.expected_shortfall_adjusted < LEVEL);
        let shortfall = shortfall_ratio(data, row).unwrap_or(f64::NAN);
        let lower = [of_variance && against.volatility_ratio <= LOWER, of_shortfall && shortfall <= LOWER];
        it.volatility_lower += usize::from(lower[0]);
        it.shortfall_lower += usize::from(lower[1]);
        it.either_lower += usize::from(lower[0] || lower[1]);
        it.worse += usize::from((of_variance && against.volatility_ratio > 1.0) || (of_shortfall && shortfall > 1.0));
        it.not_inferior += usize::from(against.certainty_equivalent.lower_bound > NOT_INFERIOR);
        let sharpe = against.sharpe_adjusted < LEVEL;
        it.sharpe_higher += usize::from(sharpe && against.sharpe.difference > 0.0);
        it.sharpe_lower += usize::from(sharpe && against.sharpe.difference < 0.0);
        it.failures += row.failures;
    }
    it.meets = 4 * it.either_lower >= 3 * compared.len() && it.worse == 0;
    it
}
