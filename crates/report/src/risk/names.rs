use alluse_risk_core::{Bound, Horizon, Measure, Verdict};

use crate::Unit;

/// A measure in the words of a report, such as `ES 97.5 %`.
#[must_use]
pub fn measure_name(measure: &Measure) -> String {
    let at = |name: &str, level: f64| format!("{name} {}", Unit::Percent { decimals: 1 }.format(level));
    match measure {
        Measure::ExpectedLoss => "expected loss".to_owned(),
        Measure::Volatility => "volatility".to_owned(),
        Measure::ValueAtRisk { confidence, .. } => at("VaR", confidence.level()),
        Measure::ExpectedShortfall { confidence } => at("ES", confidence.level()),
        Measure::Spectral { spectrum } => format!("spectral risk, {spectrum}"),
        Measure::EntropicValueAtRisk { confidence } => at("entropic VaR", confidence.level()),
        Measure::MaximumDrawdown => "maximum drawdown".to_owned(),
        Measure::AverageDrawdown => "average drawdown".to_owned(),
        Measure::UlcerIndex => "ulcer index".to_owned(),
        Measure::DrawdownAtRisk { confidence } => at("drawdown at risk", confidence.level()),
        Measure::ConditionalDrawdownAtRisk { confidence } => at("conditional drawdown at risk", confidence.level()),
        Measure::LowerPartialMoment { order } => format!("lower partial moment of order {order}"),
        Measure::WorstLoss => "worst loss".to_owned(),
        Measure::StressLoss { scenario: Some(scenario) } => format!("loss in {scenario}"),
        Measure::StressLoss { scenario: None } => "stress loss".to_owned(),
        other => format!("{other:?}"),
    }
}

/// `1 day`, `10 days`.
pub(super) fn horizon_name(horizon: Horizon) -> String {
    match horizon.trading_days() {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// `at most 25,000 USD`.
pub(super) fn bound_name(bound: &Bound, unit: &Unit) -> String {
    match bound {
        Bound::AtMost { limit, .. } => format!("at most {}", unit.format(*limit)),
        Bound::AtLeast { limit, .. } => format!("at least {}", unit.format(*limit)),
    }
}

/// How much of the limit is used: the number over an upper limit. `None` where that says nothing.
pub(super) fn used(bound: &Bound, value: f64) -> Option<f64> {
    match bound {
        Bound::AtMost { limit, .. } if *limit > 0.0 => Some(value / limit),
        _ => None,
    }
}

/// Which verdict a reader must see first: a breach before an unknown.
pub(super) fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Warn => 1,
        Verdict::Unknown => 2,
        Verdict::Breach => 3,
    }
}
