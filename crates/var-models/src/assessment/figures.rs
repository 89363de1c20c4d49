//! The figures of one node, each with its unit, its coverage and how it was computed.

use alluse_risk_core::measures::{DrawdownPath, LossSample};
use alluse_risk_core::{
    Coverage, Error as CoreError, ErrorKind, Ordering, Result as CoreResult, ScenarioPnl, Status, moments,
};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::{Evidence, sum_of_rows, unknown};

/// The risks of an assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RiskKind {
    /// Expected shortfall of the P&L.
    Market,
    /// Expected shortfall of the P&L when only volatilities move.
    Volatility,
    /// Cost of trading out of everything now.
    Liquidity,
    /// Herfindahl index of the stand-alone shortfalls of the positions.
    Concentration,
    /// Volatility of the P&L over the sum of the volatilities of the positions.
    Correlation,
    /// Deepest fall of the summed P&L along the dates of the scenarios.
    Drawdown,
    /// Gross dollar delta over capital.
    Leverage,
}

impl RiskKind {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 7] = [
        Self::Market,
        Self::Volatility,
        Self::Liquidity,
        Self::Concentration,
        Self::Correlation,
        Self::Drawdown,
        Self::Leverage,
    ];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Volatility => "volatility",
            Self::Liquidity => "liquidity",
            Self::Concentration => "concentration",
            Self::Correlation => "correlation",
            Self::Drawdown => "drawdown",
            Self::Leverage => "leverage",
        }
    }

    /// The unit of its figure.
    #[must_use]
    pub fn unit(self) -> RiskUnit {
        match self {
            Self::Market | Self::Volatility | Self::Liquidity | Self::Drawdown => RiskUnit::Money,
            Self::Concentration | Self::Correlation => RiskUnit::Share,
            Self::Leverage => RiskUnit::Multiple,
        }
    }
}

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskUnit {
    /// Base currency.
    Money,
    /// Between 0 and 1.
    Share,
    /// Times capital.
    Multiple,
}

/// One risk of one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskFigure {
    /// Which risk.
    pub kind: RiskKind,
    /// The figure; more is worse.
    pub value: Status<f64>,
    /// What it is counted in.
    pub unit: RiskUnit,
    /// Standard error where there is one, in the same unit.
    pub standard_error: Option<f64>,
    /// What the node covers.
    pub coverage: Coverage,
    /// How it was computed.
    pub method: String,
}

/// The positions of a node: rows of the cube that have numbers, and what the whole node covers.
pub(super) struct Members<'a> {
    pub(super) valued: &'a [usize],
    pub(super) coverage: Coverage,
}

/// All seven figures.
pub(super) fn figures(evidence: &Evidence<'_>, members: &Members<'_>) -> Vec<RiskFigure> {
    RiskKind::ALL.iter().map(|&kind| figure(evidence, members, kind)).collect()
}

fn figure(evidence: &Evidence<'_>, members: &Members<'_>, kind: RiskKind) -> RiskFigure {
    let confidence = 100.0 * evidence.settings.confidence.level();
    let days = evidence.pnl.horizon().trading_days();
    let (answer, method) = match kind {
        RiskKind::Market => (
            shortfall(&evidence.pnl, evidence, members.valued),
            format!("{confidence} % expected shortfall over {days} day(s), {} scenarios", evidence.pnl.ids().len()),
        ),
        RiskKind::Volatility => (
            match &evidence.volatility_pnl {
                Status::Known(pnl) | Status::Partial { value: pnl, .. } => shortfall(pnl, evidence, members.valued),
                Status::Unknown { kind, reason } => Err(CoreError::Model { kind: *kind, message: reason.clone() }),
            },
            format!("{confidence} % expected shortfall with volatilities moved and everything else still"),
        ),
        RiskKind::Liquidity => (
            liquidation_cost(evidence, members.valued).map(plain),
            "Σ |dollar delta| × relative cost of trading the underlying".to_owned(),
        ),
        RiskKind::Concentration => (
            concentration(evidence, members.valued).map(plain),
            format!("Herfindahl index of the positions' own {confidence} % expected shortfalls"),
        ),
        RiskKind::Correlation => (
            undiversified(&evidence.pnl, members.valued).map(plain),
            "volatility of the P&L over the summed volatilities of the positions".to_owned(),
        ),
        RiskKind::Drawdown => (
            drawdown(&evidence.pnl, members.valued).map(plain),
            "deepest fall of today's positions' P&L, summed along the scenario dates".to_owned(),
        ),
        RiskKind::Leverage => (leverage(evidence, members.valued).map(plain), "Σ |dollar delta| / capital".to_owned()),
    };
    let nothing = members.valued.is_empty();
    let none = || CoreError::Undefined { name: "risk", reason: "no position could be valued" };
    let (value, standard_error) = match answer {
        _ if nothing => (unknown(&none()), None),
        Ok((value, error)) => (Status::with_coverage(value, members.coverage), error),
        Err(error) => (unknown(&error), None),
    };
    RiskFigure { kind, value, unit: kind.unit(), standard_error, coverage: members.coverage, method }
}

fn plain(value: f64) -> (f64, Option<f64>) {
    (value, None)
}

fn sample(pnl: &ScenarioPnl, rows: &[usize]) -> CoreResult<LossSample> {
    if pnl.ordering() == Ordering::Named {
        let reason = "hand-written scenarios are not a sample of a distribution";
        return Err(CoreError::Undefined { name: "loss sample", reason });
    }
    let losses = LossSample::new(sum_of_rows(pnl, rows).mapv_into(|gain| 0.0 - gain))?;
    let losses = match pnl.probabilities() {
        Some(probabilities) => losses.with_probabilities(probabilities.to_owned())?,
        None => losses,
    };
    losses.with_horizon(pnl.horizon()).with_effective_observations(pnl.ids().len() as f64 / f64::from(pnl.overlap()))
}

fn shortfall(pnl: &ScenarioPnl, evidence: &Evidence<'_>, rows: &[usize]) -> CoreResult<(f64, Option<f64>)> {
    let estimate = sample(pnl, rows)?.expected_shortfall(evidence.settings.confidence)?;
    Ok((estimate.value, estimate.standard_error))
}

fn liquidation_cost(evidence: &Evidence<'_>, rows: &[usize]) -> CoreResult<f64> {
    let mut total = 0.0;
    for &row in rows {
        let Some(asset) = evidence.underlyings.get(&evidence.pnl.rows()[row]).and_then(Option::as_ref) else {
            continue; // cash
        };
        let Some(cost) = evidence.settings.liquidation_costs.get(asset) else {
            return Err(CoreError::Unknown { name: "liquidation cost of", value: asset.to_string() });
        };
        total += cost * dollar_delta(evidence, row)?.abs();
    }
    Ok(total)
}

fn dollar_delta(evidence: &Evidence<'_>, row: usize) -> CoreResult<f64> {
    let id = &evidence.pnl.rows()[row];
    match evidence.exposures.get(id) {
        Some(Status::Known(exposure)) => Ok(exposure.dollar_delta),
        Some(Status::Partial { value, .. }) => Ok(value.dollar_delta),
        Some(Status::Unknown { kind, reason }) => Err(CoreError::Model { kind: *kind, message: reason.clone() }),
        None => Err(CoreError::Unknown { name: "position", value: id.to_string() }),
    }
}

fn concentration(evidence: &Evidence<'_>, rows: &[usize]) -> CoreResult<f64> {
    let mut shares = Vec::with_capacity(rows.len());
    for row in rows {
        shares.push(shortfall(&evidence.pnl, evidence, std::slice::from_ref(row))?.0.max(0.0));
    }
    let total: f64 = shares.iter().sum();
    if !(total > 0.0) {
        let reason = "no position loses in its tail";
        return Err(CoreError::Undefined { name: "concentration", reason });
    }
    Ok(shares.iter().map(|share| (share / total) * (share / total)).sum())
}

fn undiversified(pnl: &ScenarioPnl, rows: &[usize]) -> CoreResult<f64> {
    let deviation = |rows: &[usize]| -> CoreResult<f64> {
        let gains = sum_of_rows(pnl, rows);
        match pnl.probabilities() {
            None => Ok(moments::variance(gains.view(), 0)?.sqrt()),
            Some(p) => {
                let mean = p.dot(&gains);
                Ok(p.iter().zip(&gains).map(|(p, gain)| p * (gain - mean) * (gain - mean)).sum::<f64>().sqrt())
            }
        }
    };
    let mut alone = 0.0;
    for row in rows {
        alone += deviation(std::slice::from_ref(row))?;
    }
    if !(alone > 0.0) {
        return Err(CoreError::Undefined { name: "correlation risk", reason: "no position moves" });
    }
    // Rounding may put the whole a little above its parts.
    Ok((deviation(rows)? / alone).min(1.0))
}

fn drawdown(pnl: &ScenarioPnl, rows: &[usize]) -> CoreResult<f64> {
    if pnl.ordering() != Ordering::Dated || pnl.overlap() != 1 {
        let reason = "it needs scenarios on consecutive dates that do not overlap";
        return Err(CoreError::Undefined { name: "drawdown", reason });
    }
    let mut path = vec![0.0];
    let mut value = 0.0;
    for gain in sum_of_rows(pnl, rows) {
        value += gain;
        path.push(value);
    }
    Ok(DrawdownPath::absolute_from_values(ArrayView1::from(&path))?.max())
}

fn leverage(evidence: &Evidence<'_>, rows: &[usize]) -> CoreResult<f64> {
    let Some(capital) = evidence.settings.capital else {
        return Err(CoreError::Model { kind: ErrorKind::InsufficientData, message: "no capital was given".to_owned() });
    };
    let mut gross = 0.0;
    for &row in rows {
        gross += dollar_delta(evidence, row)?.abs();
    }
    Ok(gross / capital)
}
