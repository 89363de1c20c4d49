mod against;
mod performance;

use std::collections::BTreeMap;

use alluse_risk_core::Frequency;
use alluse_risk_core::covariance::SampleCovariance;
use alluse_risk_core::inference::{EffectiveTrials, SharpeRatio, effective_trials};
use alluse_risk_core::measures::Bootstrap;
use alluse_risk_core::panel::ReturnPanel;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

pub use self::against::{AgainstEqualWeight, BootstrapDifference};
pub use self::performance::{Benchmark, Performance};
use super::config::Backtest;
use super::equal_weight::EqualWeight;
use super::result::BacktestResult;
use crate::{Allocator, Error, Result};

/// How many independent trials the best Sharpe ratio is deflated by; fewer than 2 count as 2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrialCount {
    /// Each row of the table is one.
    #[default]
    AsCompared,
    /// The rows of the table, correlated ones counted as fewer.
    Effective(EffectiveTrials),
    /// So many were tried, the discarded ones included.
    Known(f64),
}

/// Allocators judged on the same panel, dates and costs, each against 1/N.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `backtest` | required | the walk forward |
/// | `frequency` | required | rows of the panel in a year |
/// | `bootstrap` | required | seed and replicates of every test |
/// | `cost_level` | gross | number of the cost level whose net returns are judged |
/// | `risk_aversion` | 3 | γ of the certainty equivalent `μ − γσ²/2` |
/// | `trials` | as compared | by how many trials Sharpe ratios are deflated |
///
/// Sharpe ratios are of returns in excess of cash. Blocks of the bootstraps are as long as the automatic length for the
/// return less that of 1/N, or for its size where that is longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    backtest: Backtest,
    frequency: Frequency,
    bootstrap: Bootstrap,
    cost_level: Option<usize>,
    risk_aversion: f64,
    trials: TrialCount,
}

/// The table: the answer of [`Comparison::compare`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComparisonReport {
    /// 1/N first, then the allocators in the order given.
    pub rows: Vec<Performance>,
    /// The back-tests behind the rows.
    pub backtests: Vec<BacktestResult>,
    /// Number of independent trials that Sharpe ratios were deflated by.
    pub trials: f64,
    /// Rows of returns behind each number.
    pub observations: usize,
}

impl Comparison {
    /// Of gross returns, with a risk aversion of 3.
    #[must_use]
    pub fn new(backtest: Backtest, frequency: Frequency, bootstrap: Bootstrap) -> Self {
        let trials = TrialCount::default();
        Self { backtest, frequency, bootstrap, cost_level: None, risk_aversion: 3.0, trials }
    }

    /// Of the net returns at a cost level of the back-test, by its number.
    #[must_use]
    pub fn with_cost_level(mut self, level: usize) -> Self {
        self.cost_level = Some(level);
        self
    }

    /// With another risk aversion.
    #[must_use]
    pub fn with_risk_aversion(mut self, risk_aversion: f64) -> Self {
        self.risk_aversion = risk_aversion;
        self
    }

    /// With another number of trials.
    #[must_use]
    pub fn with_trials(mut self, trials: TrialCount) -> Self {
        self.trials = trials;
        self
    }

    /// Runs 1/N and all allocators, and compares.
    ///
    /// # Errors
    /// - Those of [`Backtest::run`].
    /// - [`Error::Input`] without allocators, for two of the same name or one called `1/N`, a cost level that is not
    ///   charged, a risk aversion that is not finite or negative, fewer than 10 rows, and what the tests of
    ///   [`alluse_risk_core::inference`] refuse, such as constant returns.
    pub fn compare(&self, panel: &ReturnPanel, allocators: &[&dyn Allocator]) -> Result<ComparisonReport> {
        self.check(allocators)?;
        let mut backtests = vec![self.backtest.run(panel, &EqualWeight)?];
        for allocator in allocators {
            backtests.push(self.backtest.run(panel, *allocator)?);
        }
        let returns: Vec<Array1<f64>> = backtests
            .iter()
            .map(|run| Ok(Array1::from(run.returns(self.cost_level)?.to_vec())))
            .collect::<Result<_>>()?;
        let cash = Array1::from(backtests[0].cash_returns.clone());
        let sharpes: Vec<SharpeRatio> = returns
            .iter()
            .map(|returns| Ok(SharpeRatio::of((returns - &cash).view(), Default::default())?))
            .collect::<Result<_>>()?;
        let trials = self.count(&returns)?;
        let ratios: Array1<f64> = sharpes.iter().map(SharpeRatio::ratio).collect();
        let spread = alluse_risk_core::moments::variance(ratios.view(), 1)?;
        let mut rows = Vec::with_capacity(backtests.len());
        for ((run, returns), sharpe) in backtests.iter().zip(&returns).zip(&sharpes) {
            rows.push(self.performance(run, returns.view(), sharpe, sharpe.deflated(trials, spread)?)?);
        }
        self.against_equal_weight(&mut rows, &returns, cash.view())?;
        Ok(ComparisonReport { rows, observations: cash.len(), backtests, trials })
    }

    fn check(&self, allocators: &[&dyn Allocator]) -> Result<()> {
        if allocators.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "allocators" }.into());
        }
        let mut names = BTreeMap::new();
        let all = std::iter::once(EqualWeight.name()).chain(allocators.iter().map(|allocator| allocator.name()));
        for (second, name) in all.enumerate() {
            if let Some(first) = names.insert(name, second) {
                let value = name.to_owned();
                return Err(alluse_risk_core::Error::Duplicate { name: "allocator", value, first, second }.into());
            }
        }
        if self.risk_aversion >= 0.0 && self.risk_aversion.is_finite() {
            return Ok(());
        }
        let (name, expected, value) = ("risk aversion", "finite and not negative", self.risk_aversion);
        Err(Error::Input(alluse_risk_core::Error::OutOfDomain { name, expected, value }))
    }

    fn count(&self, returns: &[Array1<f64>]) -> Result<f64> {
        let counted = match self.trials {
            TrialCount::AsCompared => returns.len() as f64,
            TrialCount::Known(trials) => trials,
            TrialCount::Effective(method) => {
                let rows = returns[0].len();
                let table = Array2::from_shape_fn((rows, returns.len()), |(t, i)| returns[i][t]);
                let correlation = SampleCovariance::new(1).covariance(table.view())?.correlation()?;
                effective_trials(correlation.view(), method)?
            }
        };
        if counted >= 1.0 && counted.is_finite() {
            return Ok(counted.max(2.0));
        }
        let (name, expected) = ("trials", "at least 1 and finite");
        Err(alluse_risk_core::Error::OutOfDomain { name, expected, value: counted }.into())
    }
}

#[cfg(test)]
mod tests;
