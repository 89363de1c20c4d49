use alluse_risk_core::{Confidence, Covariance, Coverage, Error as CoreError, ErrorKind, RowId, Status};
use ndarray::{Array1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{LiquidPosition, LiquidityAdjusted, PositionLiquidity};
use crate::Result;

/// The liquidity-adjusted value at risk of a book in its parts; money, losses positive.
///
/// ```text
/// total = price risk + horizon cost + spread cost + impact cost
/// price risk = √(v'ρv)      v: value at risk of each position alone, negative for shorts
/// ```
///
/// Price risk and the horizon diversify through the correlations; spreads and impacts add up. A part that is
/// known for some positions only is partial, and its coverage counts them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookLiquidity {
    /// The confidence.
    pub confidence: Confidence,
    /// Value at risk of a day at mid prices.
    pub price_risk: f64,
    /// The sum of the positions' price risks.
    pub undiversified_price_risk: f64,
    /// Half of the worst spreads.
    pub spread_cost: Status<f64>,
    /// What the sales lose to their own impact; `None` when it was not asked for.
    pub impact_cost: Option<Status<f64>>,
    /// Value at risk while the positions are sold, less that of a day; positions of unknown volume count as
    /// held for a day. `None` when it was not asked for.
    pub horizon_cost: Option<Status<f64>>,
    /// The sum of the parts.
    pub total: Status<f64>,
    /// Positions for which every part is known.
    pub coverage: Coverage,
    /// Each position alone, in the order given.
    pub positions: Vec<PositionLiquidity>,
}

impl LiquidityAdjusted {
    /// A book in its parts, with the correlations of its positions' returns.
    ///
    /// The aggregation is that of RiskMetrics (1996): exact for normal returns in the linear form without means,
    /// an approximation otherwise.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input): an empty book, a row that occurs twice, a correlation matrix that
    /// does not fit, is not symmetric with a unit diagonal or not positive semidefinite where it counts,
    /// overflow. What is not known of a position is not an error but lowers the coverage.
    pub fn book(&self, positions: &[LiquidPosition], correlation: ArrayView2<'_, f64>) -> Result<BookLiquidity> {
        if positions.is_empty() {
            return Err(CoreError::Empty { name: "positions" }.into());
        }
        let rows: Vec<RowId> = positions.iter().map(|p| p.row.clone()).collect();
        unique(&rows)?;
        let unit = Covariance::from_correlation(Array1::ones(positions.len()).view(), correlation)?;
        let parts = positions.iter().map(|p| self.position(p)).collect::<Result<Vec<_>>>()?;
        let signed = |risk: &dyn Fn(&PositionLiquidity) -> f64| -> Array1<f64> {
            parts.iter().map(|p| if p.value < 0.0 { -risk(p) } else { risk(p) }).collect()
        };
        let held = |p: &PositionLiquidity| p.price_risk + known(p.horizon_cost.as_ref()).unwrap_or(0.0);
        let price_risk = unit.volatility_of(signed(&|p| p.price_risk).view())?;
        let horizon_cost =
            if self.has_endogenous() { Some(unit.volatility_of(signed(&held).view())? - price_risk) } else { None };
        let spread_cost = sum(&parts, |p| Some(&p.spread_cost));
        let impact_cost = self.has_endogenous().then(|| sum(&parts, |p| p.impact_cost.as_ref()));
        let horizon_cost = horizon_cost.map(|cost| status(cost, coverage(&parts, |p| p.horizon_cost.as_ref())));
        let coverage = coverage(&parts, |p| Some(&p.total));
        let costs = [Some(&spread_cost), impact_cost.as_ref(), horizon_cost.as_ref()];
        Ok(BookLiquidity {
            confidence: self.confidence(),
            price_risk,
            undiversified_price_risk: parts.iter().map(|p| p.price_risk).sum(),
            total: total(price_risk, costs, coverage),
            spread_cost,
            impact_cost,
            horizon_cost,
            coverage,
            positions: parts,
        })
    }
}

fn unique(rows: &[RowId]) -> Result<()> {
    let mut seen = std::collections::BTreeMap::new();
    for (second, row) in rows.iter().enumerate() {
        if let Some(first) = seen.insert(row, second) {
            let value = row.as_str().to_owned();
            return Err(CoreError::Duplicate { name: "position", value, first, second }.into());
        }
    }
    Ok(())
}

fn known(status: Option<&Status<f64>>) -> Option<f64> {
    status.and_then(Status::known).copied()
}

type Part = for<'a> fn(&'a PositionLiquidity) -> Option<&'a Status<f64>>;

fn coverage(parts: &[PositionLiquidity], pick: Part) -> Coverage {
    parts.iter().fold(Coverage::complete(0, 0.0), |covered, p| {
        let gross = p.value.abs();
        let one =
            if known(pick(p)).is_some() { Coverage::complete(1, gross) } else { Coverage::missing(1, Some(gross)) };
        covered.and(one)
    })
}

fn sum(parts: &[PositionLiquidity], pick: Part) -> Status<f64> {
    status(parts.iter().filter_map(|p| known(pick(p))).sum(), coverage(parts, pick))
}

/// The value with its coverage; without any covered position there is no value.
fn status(value: f64, coverage: Coverage) -> Status<f64> {
    if coverage.positions_valued == 0 {
        let reason = "it is known for no position".to_owned();
        return Status::Unknown { kind: ErrorKind::InsufficientData, reason };
    }
    Status::with_coverage(value, coverage)
}

fn total(price_risk: f64, costs: [Option<&Status<f64>>; 3], coverage: Coverage) -> Status<f64> {
    let mut total = price_risk;
    for cost in costs.into_iter().flatten() {
        match cost {
            Status::Known(value) | Status::Partial { value, .. } => total += value,
            unknown @ Status::Unknown { .. } => return unknown.clone(),
        }
    }
    Status::with_coverage(total, coverage)
}
