//! Stress losses as measures that limits can judge.

use alluse_risk_core::labels::LabelSelector;
use alluse_risk_core::{Estimate, Limit, Measure, ScenarioPnl, Status, Verdict};

use super::{LimitVerdict, unknown};
use crate::Result;

/// The loss of each scenario as an estimate, in the order of the cube: a measure for limits. Partial where positions
/// could not be valued, unknown where none could.
///
/// ```text
/// StressLossₛ = −Σᵢ P&Lᵢₛ
/// ```
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for an axis that no row has and a selector that picks nothing.
///
/// # Examples
/// ```
/// use alluse_instruments::{Book, MarketSnapshot};
/// use alluse_risk_core::labels::LabelSelector;
/// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSet, ShockKind};
/// use alluse_stress::stress_losses;
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let market = MarketSnapshot::usd(date(2024, 1, 5)).with_spot("SPY", 400.0)?;
/// let book = Book::builder().share("SPY", 10.0).build(&market)?;
/// let spot = (Factor::Spot(AssetId::new("SPY")?), ShockKind::Relative);
/// let set = ScenarioSet::new(date(2024, 1, 5), Horizon::DAY, vec![spot], array![[-0.10], [0.05]])?;
/// let losses = stress_losses(&book.revalue(&set)?, &LabelSelector::All)?;
/// assert!((losses[0].known().unwrap().value - 400.0).abs() < 1e-9);
/// assert!((losses[1].known().unwrap().value + 200.0).abs() < 1e-9); // a gain
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stress_losses(pnl: &ScenarioPnl, scope: &LabelSelector) -> Result<Vec<Status<Estimate>>> {
    let part = match scope {
        LabelSelector::All => None,
        selector => Some(pnl.select(selector)?),
    };
    let pnl = part.as_ref().unwrap_or(pnl);
    if pnl.rows().is_empty() {
        let reason = pnl.unvalued().first().map_or("the book has no positions", |row| row.reason.as_str());
        let kind = pnl.unvalued().first().map_or(alluse_risk_core::ErrorKind::InsufficientData, |row| row.kind);
        return Ok(vec![unknown(kind, reason); pnl.ids().len()]);
    }
    let losses = pnl.total();
    Ok(pnl
        .ids()
        .iter()
        .zip(losses)
        .map(|(id, gain)| {
            let measure = Measure::StressLoss { scenario: Some(id.clone()) };
            let estimate = Estimate::new(0.0 - gain, measure, pnl.horizon(), 1).with_coverage(pnl.coverage());
            Status::with_coverage(estimate, pnl.coverage())
        })
        .collect())
}

/// Judges every limit in every scenario of a cube: one list a scenario.
pub(super) fn judge(pnl: &ScenarioPnl, limits: &[Limit]) -> Vec<Vec<LimitVerdict>> {
    let mut verdicts: Vec<Vec<LimitVerdict>> = vec![Vec::new(); pnl.ids().len()];
    for limit in limits {
        let losses = match stress_losses(pnl, &limit.scope) {
            Ok(losses) => losses,
            // A scope without positions today may have some tomorrow: it is not passed, nor is the report lost.
            Err(error) => vec![unknown(error.kind(), &error); pnl.ids().len()],
        };
        for ((verdicts, loss), id) in verdicts.iter_mut().zip(losses).zip(pnl.ids()) {
            let concerned = match &limit.measure {
                Measure::StressLoss { scenario: Some(name) } => name == id,
                _ => true,
            };
            if concerned {
                let verdict = limit.judge(&loss);
                verdicts.push(LimitVerdict { limit: limit.name.clone(), loss: value_of(loss), verdict });
            }
        }
    }
    verdicts
}

fn value_of(loss: Status<Estimate>) -> Status<f64> {
    match loss {
        Status::Known(estimate) => Status::Known(estimate.value),
        Status::Partial { value, coverage } => Status::Partial { value: value.value, coverage },
        Status::Unknown { kind, reason } => Status::Unknown { kind, reason },
    }
}

/// A breach is certain, an unknown is not; both are worse than a warning.
pub(super) fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Warn => 1,
        Verdict::Unknown => 2,
        Verdict::Breach => 3,
    };
    verdicts.max_by_key(rank).unwrap_or(Verdict::Pass)
}

/// P&L of one column of a cube.
pub(super) fn column(pnl: &ScenarioPnl, scenario: usize) -> Status<f64> {
    if pnl.rows().is_empty() {
        let reason = pnl.unvalued().first().map_or("the book has no positions", |row| row.reason.as_str());
        return unknown(alluse_risk_core::ErrorKind::InsufficientData, reason);
    }
    Status::with_coverage(pnl.values().column(scenario).sum(), pnl.coverage())
}
