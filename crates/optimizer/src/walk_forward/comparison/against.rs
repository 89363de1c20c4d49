use alluse_risk_core::inference::{
    Difference, DifferenceTest, PairedDifference, holm, optimal_block_length, paired_bootstrap,
};
use alluse_risk_core::{Confidence, Interval};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::Comparison;
use super::performance::{Benchmark, Performance, certainty_equivalent, expected_shortfall};
use crate::Result;

/// The difference of a statistic by the paired stationary bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BootstrapDifference {
    /// The allocator's less that of 1/N.
    pub difference: f64,
    /// Standard deviation of the replicates.
    pub standard_error: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Percentile interval of 95 %.
    pub interval: Interval,
    /// What the difference is above with 90 % confidence, one-sided.
    pub lower_bound: f64,
}

/// How an allocator differs from 1/N, with p-values adjusted by Holm over the allocators, one test at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgainstEqualWeight {
    /// Sharpe ratios per row, by the studentised bootstrap of Ledoit and Wolf.
    pub sharpe: Difference,
    /// Its p-value, adjusted.
    pub sharpe_adjusted: f64,
    /// Logarithms of the variances, likewise.
    pub log_variance: Difference,
    /// Its p-value, adjusted.
    pub variance_adjusted: f64,
    /// Volatility over that of 1/N.
    pub volatility_ratio: f64,
    /// Expected shortfall at 97.5 %, per row.
    pub expected_shortfall: BootstrapDifference,
    /// Its p-value, adjusted.
    pub expected_shortfall_adjusted: f64,
    /// Certainty equivalent a year.
    pub certainty_equivalent: BootstrapDifference,
    /// Its p-value, adjusted.
    pub certainty_equivalent_adjusted: f64,
    /// Rows in a block of the bootstraps.
    pub block: usize,
}

impl Comparison {
    /// Compares every row but the first with the first.
    pub(super) fn against_equal_weight(
        &self,
        rows: &mut [Performance],
        returns: &[Array1<f64>],
        cash: ArrayView1<'_, f64>,
    ) -> Result<()> {
        let Some((benchmark, others)) = returns.split_first() else { return Ok(()) };
        let mut compared: Vec<Option<AgainstEqualWeight>> = Vec::new();
        for own in others {
            let same = own.iter().zip(benchmark).all(|(a, b)| (a - b).abs() <= 8.0 * f64::EPSILON * (1.0 + a.abs()));
            compared.push(if same { None } else { Some(self.against(own, benchmark, cash)?) });
        }
        adjust(compared.iter_mut().flatten().collect())?;
        for (row, compared) in rows.iter_mut().skip(1).zip(compared) {
            row.against_equal_weight = compared.map_or(Benchmark::SameReturns, |c| Benchmark::Compared(Box::new(c)));
        }
        Ok(())
    }

    fn against(
        &self,
        own: &Array1<f64>,
        benchmark: &Array1<f64>,
        cash: ArrayView1<'_, f64>,
    ) -> Result<AgainstEqualWeight> {
        let active = own - benchmark;
        let lengths = [optimal_block_length(active.view())?, optimal_block_length(active.mapv(f64::abs).view())?];
        let longer = if lengths[0].circular >= lengths[1].circular { lengths[0] } else { lengths[1] };
        let (block, blocks) = (longer.circular_length(), longer.blocks()?);
        let sharpe = DifferenceTest::of_sharpe_ratios().with_bootstrap(block, self.bootstrap);
        let variance = DifferenceTest::of_variances().with_bootstrap(block, self.bootstrap);
        let sharpe = sharpe.compare((own - &cash).view(), (benchmark - &cash).view())?;
        let log_variance = variance.compare(own.view(), benchmark.view())?;
        let paired = |statistic: &(dyn Fn(ArrayView1<'_, f64>) -> alluse_risk_core::Result<f64> + Send + Sync)| {
            summary(&paired_bootstrap(own.view(), benchmark.view(), statistic, blocks, &self.bootstrap)?)
        };
        let (periods, risk_aversion) = (self.frequency.periods_per_year(), self.risk_aversion);
        let shortfall = paired(&|returns| expected_shortfall(returns))?;
        let equivalent = paired(&|returns| Ok(periods * certainty_equivalent(returns, risk_aversion)?))?;
        Ok(AgainstEqualWeight {
            volatility_ratio: (0.5 * log_variance.difference).exp(),
            sharpe_adjusted: sharpe.p_value,
            variance_adjusted: log_variance.p_value,
            expected_shortfall_adjusted: shortfall.p_value,
            certainty_equivalent_adjusted: equivalent.p_value,
            sharpe,
            log_variance,
            expected_shortfall: shortfall,
            certainty_equivalent: equivalent,
            block,
        })
    }
}

fn summary(paired: &PairedDifference) -> Result<BootstrapDifference> {
    Ok(BootstrapDifference {
        difference: paired.difference,
        standard_error: paired.standard_error,
        p_value: paired.p_value,
        interval: paired.interval(Confidence::P95)?,
        lower_bound: paired.lower_bound(Confidence::P90)?,
    })
}

/// Adjusts the p-values of each test over the allocators.
fn adjust(mut compared: Vec<&mut AgainstEqualWeight>) -> Result<()> {
    let tests: [fn(&mut AgainstEqualWeight) -> &mut f64; 4] = [
        |c| &mut c.sharpe_adjusted,
        |c| &mut c.variance_adjusted,
        |c| &mut c.expected_shortfall_adjusted,
        |c| &mut c.certainty_equivalent_adjusted,
    ];
    if compared.is_empty() {
        return Ok(());
    }
    for test in tests {
        let p_values: Array1<f64> = compared.iter_mut().map(|c| *test(c)).collect();
        for (c, adjusted) in compared.iter_mut().zip(holm(p_values.view())?) {
            *test(c) = adjusted;
        }
    }
    Ok(())
}
