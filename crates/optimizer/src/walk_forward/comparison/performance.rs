use alluse_risk_core::inference::{DeflatedSharpe, SharpeRatio};
use alluse_risk_core::measures::{DrawdownKind, DrawdownPath, LossSample};
use alluse_risk_core::{Confidence, Interval, moments};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::super::result::BacktestResult;
use super::Comparison;
use super::against::AgainstEqualWeight;
use crate::Result;

/// Rows within which a reversed trade counts as unnecessary.
const REVERSED_WITHIN: usize = 20;

/// How an allocator stands against 1/N.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Benchmark {
    /// It is 1/N.
    Itself,
    /// It earned what 1/N did on every row.
    SameReturns,
    /// It differs.
    Compared(Box<AgainstEqualWeight>),
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Performance {
    /// Name of the allocator.
    pub allocator: String,
    /// Mean return a year, arithmetic.
    pub annual_mean: f64,
    /// Volatility a year.
    pub annual_volatility: f64,
    /// Sharpe ratio a year, of returns in excess of cash.
    pub annual_sharpe: f64,
    /// Its 95 % interval; see [`SharpeRatio::interval`].
    pub sharpe_interval: Interval,
    /// Probability that the true ratio is above the best of the trials by luck.
    pub deflated_sharpe: DeflatedSharpe,
    /// Largest fall from a peak, as a fraction of it.
    pub max_drawdown: f64,
    /// Expected shortfall at 97.5 %, per row.
    pub expected_shortfall: f64,
    /// `μ − γσ²/2` a year.
    pub certainty_equivalent: f64,
    /// One-way turnover a year, the first purchase included.
    pub annual_turnover: f64,
    /// Costs a year at every level, as fractions of the capital.
    pub annual_costs: Vec<f64>,
    /// Mean of `(Σ|w|)²/Σ w²` over the rebalances that hold something; `None` when none does.
    pub mean_effective_holdings: Option<f64>,
    /// Share of the traded notional reversed within 20 rows; `None` when nothing was traded.
    pub reversed_share: Option<f64>,
    /// Decisions at which the allocator failed and was held over.
    pub failures: usize,
    /// Against 1/N.
    pub against_equal_weight: Benchmark,
}

impl Comparison {
    pub(super) fn performance(
        &self,
        run: &BacktestResult,
        returns: ArrayView1<'_, f64>,
        sharpe: &SharpeRatio,
        deflated_sharpe: DeflatedSharpe,
    ) -> Result<Performance> {
        let periods = self.frequency.periods_per_year();
        let years = returns.len() as f64 / periods;
        let mut sharpe_interval = sharpe.interval(Confidence::P95);
        sharpe_interval.lower *= periods.sqrt();
        sharpe_interval.upper *= periods.sqrt();
        let holdings: Vec<f64> = run.rebalances.iter().filter_map(|r| r.effective_holdings).collect();
        let costs = |net: &super::super::NetReturns| net.costs.iter().sum::<f64>() / years;
        Ok(Performance {
            allocator: run.allocator.clone(),
            annual_mean: moments::mean(returns)? * periods,
            annual_volatility: (moments::variance(returns, 1)? * periods).sqrt(),
            annual_sharpe: sharpe.ratio() * periods.sqrt(),
            sharpe_interval,
            deflated_sharpe,
            max_drawdown: DrawdownPath::from_returns(returns, DrawdownKind::Compounded)?.max(),
            expected_shortfall: expected_shortfall(returns)?,
            certainty_equivalent: certainty_equivalent(returns, self.risk_aversion)? * periods,
            annual_turnover: run.total_turnover() / years,
            annual_costs: run.net.iter().map(costs).collect(),
            mean_effective_holdings: (!holdings.is_empty())
                .then(|| holdings.iter().sum::<f64>() / holdings.len() as f64),
            // Its only error is that nothing was traded.
            reversed_share: run.reversed_share(REVERSED_WITHIN).ok(),
            failures: run.failures.len(),
            against_equal_weight: Benchmark::Itself,
        })
    }
}

pub(super) fn expected_shortfall(returns: ArrayView1<'_, f64>) -> alluse_risk_core::Result<f64> {
    Ok(LossSample::from_returns(returns)?.expected_shortfall(Confidence::P975)?.value)
}

/// `μ − γσ²/2` per period.
pub(super) fn certainty_equivalent(returns: ArrayView1<'_, f64>, risk_aversion: f64) -> alluse_risk_core::Result<f64> {
    Ok(moments::mean(returns)? - 0.5 * risk_aversion * moments::variance(returns, 1)?)
}
