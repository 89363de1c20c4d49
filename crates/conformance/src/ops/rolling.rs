//! `backtest.rolling`: forecasts along a series, then the single tests on all of them.

use alluse_quant::risk_core::{Confidence, moments};
use alluse_quant::var_models::Rolling;
use alluse_quant::var_models::backtest::{
    AcerbiSzekely, DynamicQuantile, FirstObservation, PredictiveLaw, christoffersen, kupiec_pof,
};

use super::Table;
use super::var::forecaster;
use crate::args::Args;
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[("backtest.rolling", rolling)];

fn rolling(args: &mut Args<'_>) -> Outcome {
    let (returns, window, level) = (args.vector("returns")?, args.count("window")?, args.number("confidence")?);
    let (model, window) = forecaster(args, window)?;
    let lags = args.count("dq_lags")?;
    let confidence = Confidence::new(level)?;
    let rolling = Rolling::new(window)?.with_levels(vec![confidence])?;
    let record = rolling.of_returns(&*model, returns.view())?.at(confidence)?;
    let breaches = record.breaches();
    let (days, count) = (breaches.observations(), breaches.count());
    let independence = christoffersen(breaches, confidence, FirstObservation::Counted)?;
    let dq = DynamicQuantile::default().with_lags(lags).test(breaches, record.value_at_risk(), confidence)?;
    let first: Vec<usize> = breaches.indices().iter().take(5).copied().collect();
    let last: Vec<usize> = breaches.indices()[count.saturating_sub(5)..].to_vec();
    let mut fields = vec![
        ("breaches", count.into()),
        ("first_breach_indices", first.into()),
        ("last_breach_indices", last.into()),
        ("kupiec_statistic", kupiec_pof(days, count, confidence)?.statistic.into()),
        ("independence_statistic", independence.independence.statistic.into()),
        ("conditional_coverage_statistic", independence.conditional_coverage.statistic.into()),
        ("dq_statistic", dq.statistic.into()),
        ("quantile_loss_mean", moments::mean(record.quantile_loss()?.view())?.into()),
    ];
    // A method without expected shortfall has no test of it.
    if record.expected_shortfall().is_ok() {
        fields.push(("z2", AcerbiSzekely::Z2.statistic(&record, PredictiveLaw::Normal)?.into()));
        fields.push(("breach_loss_over_es", record.breach_loss_over_shortfall()?.into()));
    }
    Ok(Tree::fields(fields))
}
