use alluse_risk_core::liquidity::{ImpactModel, LiquidationPath, Participation, Trade, days_to_liquidate};
use alluse_risk_core::{Confidence, Error as CoreError, ErrorKind, Status, normal};
use serde::{Deserialize, Serialize};

use super::position::Tradable;
use super::{LiquidPosition, PositionLiquidity};
use crate::Result;

/// How a return becomes a loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceRiskForm {
    /// Log returns: `P (1 − exp(μ − z σ))` for a long, `P (exp(μ + z σ) − 1)` for a short.
    #[default]
    Log,
    /// Simple returns: `P (z σ − μ)` for a long, `P (z σ + μ)` for a short.
    Linear,
}

/// How a sale of size is costed.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `participation` | required | share of a day's volume that the seller takes part in |
/// | `impact` | square root | how the sale moves the price |
/// | `path` | daily slices | how the position shrinks meanwhile |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EndogenousLiquidity {
    participation: Participation,
    impact: ImpactModel,
    path: LiquidationPath,
}

impl EndogenousLiquidity {
    /// Selling this share of a day's volume.
    #[must_use]
    pub fn new(participation: Participation) -> Self {
        Self { participation, impact: ImpactModel::default(), path: LiquidationPath::default() }
    }

    /// With another model of impact.
    #[must_use]
    pub fn with_impact(mut self, impact: ImpactModel) -> Self {
        self.impact = impact;
        self
    }

    /// With another path.
    #[must_use]
    pub fn with_path(mut self, path: LiquidationPath) -> Self {
        self.path = path;
        self
    }
}

/// Liquidity-adjusted value at risk under normal returns.
///
/// ```text
/// exogenous    ½ |P| (S̄ + a σ_S)
/// endogenous   |P| · impact(units, volume, σ), and the value at risk over the T days of the sale
/// T = units / (participation · volume)
/// ```
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `confidence` | required | of the price risk |
/// | `form` | log | how a return becomes a loss |
/// | `endogenous` | none | how a sale of size is costed |
///
/// The worst spread is taken to come together with the worst price, which errs on the safe side. Means and
/// volatilities are those of a day.
///
/// # Source
/// Bangia, Diebold, Schuermann and Stroughair (1999), "Modeling liquidity risk"; Jorion (2007), *Value at Risk*,
/// §13.4, for the horizon.
///
/// # Examples
/// ```
/// use alluse_risk_core::liquidity::SpreadModel;
/// use alluse_risk_core::{Confidence, RowId};
/// use alluse_var_models::{LiquidPosition, LiquidityAdjusted, PriceRiskForm};
///
/// let spread = SpreadModel::new(0.01, 0.0, 0.0)?;
/// let position = LiquidPosition::new(RowId::new("ABC")?, 100.0, 0.02)?.with_spread(spread);
/// let model = LiquidityAdjusted::new(Confidence::P95).with_form(PriceRiskForm::Linear);
/// let adjusted = model.position(&position)?;
/// assert!((adjusted.price_risk - 3.29).abs() < 0.005); // 100 · 1.645 · 2 %
/// assert!((adjusted.total.known().expect("all parts known") - 3.79).abs() < 0.005); // and half a percent
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LiquidityAdjusted {
    confidence: Confidence,
    form: PriceRiskForm,
    endogenous: Option<EndogenousLiquidity>,
}

/// The endogenous parts of a position.
struct Endogenous {
    impact: f64,
    horizon: f64,
    days: f64,
}

impl LiquidityAdjusted {
    /// At this confidence, with the spread alone.
    #[must_use]
    pub fn new(confidence: Confidence) -> Self {
        Self { confidence, form: PriceRiskForm::default(), endogenous: None }
    }

    /// With another form of the price risk.
    #[must_use]
    pub fn with_form(mut self, form: PriceRiskForm) -> Self {
        self.form = form;
        self
    }

    /// With the cost of size as well.
    #[must_use]
    pub fn with_endogenous(mut self, endogenous: EndogenousLiquidity) -> Self {
        self.endogenous = Some(endogenous);
        self
    }

    /// The confidence.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    pub(super) fn has_endogenous(&self) -> bool {
        self.endogenous.is_some()
    }

    /// One position in its parts.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when a part overflows. What is not known is not an error but an
    /// unknown part.
    pub fn position(&self, position: &LiquidPosition) -> Result<PositionLiquidity> {
        let price_risk = self.price_risk(position, 1.0, 1.0)?;
        let spread_cost = match position.spread {
            Some(spread) => Status::Known(position.value.abs() * spread.cost()),
            None => unknown("the spread is unknown"),
        };
        let (mut impact_cost, mut horizon_cost, mut days) = (None, None, None);
        if let Some(endogenous) = &self.endogenous {
            let parts = self.endogenous(position, endogenous)?;
            impact_cost = Some(part(&parts, |p| p.impact));
            horizon_cost = Some(part(&parts, |p| p.horizon - price_risk));
            days = Some(part(&parts, |p| p.days));
        }
        let costs = [Some(&spread_cost), impact_cost.as_ref(), horizon_cost.as_ref()];
        let total = match costs.into_iter().flatten().find(|cost| cost.known().is_none()) {
            Some(missing) => missing.clone(),
            None => Status::Known(price_risk + costs.into_iter().flatten().filter_map(Status::known).sum::<f64>()),
        };
        let (row, value) = (position.row.clone(), position.value);
        Ok(PositionLiquidity { row, value, price_risk, spread_cost, impact_cost, horizon_cost, days, total })
    }

    fn endogenous(
        &self,
        position: &LiquidPosition,
        model: &EndogenousLiquidity,
    ) -> Result<std::result::Result<Endogenous, (ErrorKind, String)>> {
        let Some(Tradable { units, volume, outstanding }) = position.volume else {
            return Ok(Err((ErrorKind::InsufficientData, "the average daily volume is unknown".to_owned())));
        };
        let days = days_to_liquidate(units, volume, model.participation)?;
        let mut trade = Trade::new(units, volume, position.volatility).with_duration(days);
        trade.outstanding = outstanding;
        let impact = match model.impact.cost(&trade) {
            Ok(cost) => position.value.abs() * cost.cost,
            Err(error @ CoreError::Undefined { .. }) => return Ok(Err((error.kind(), error.to_string()))),
            Err(other) => return Err(other.into()),
        };
        let horizon = self.price_risk(position, model.path.mean_factor(days)?, model.path.variance_factor(days)?)?;
        if !(impact + horizon).is_finite() {
            return Err(CoreError::Overflow { name: "liquidity cost" }.into());
        }
        Ok(Ok(Endogenous { impact, horizon, days }))
    }

    /// Value at risk when mean and variance of a day are multiplied by these.
    fn price_risk(&self, position: &LiquidPosition, mean_factor: f64, variance_factor: f64) -> Result<f64> {
        let side = if position.value < 0.0 { -1.0 } else { 1.0 };
        let z = normal::quantile(self.confidence.level())?;
        // The worst return, seen from the side of the position.
        let worst = side * mean_factor * position.mean - z * position.volatility * variance_factor.sqrt();
        let loss = match self.form {
            PriceRiskForm::Linear => -worst,
            PriceRiskForm::Log => -side * libm::expm1(side * worst),
        };
        let risk = position.value.abs() * loss;
        if risk.is_finite() { Ok(risk) } else { Err(CoreError::Overflow { name: "price risk" }.into()) }
    }
}

fn unknown<T>(reason: &str) -> Status<T> {
    Status::Unknown { kind: ErrorKind::InsufficientData, reason: reason.to_owned() }
}

fn part(
    parts: &std::result::Result<Endogenous, (ErrorKind, String)>,
    pick: impl Fn(&Endogenous) -> f64,
) -> Status<f64> {
    match parts {
        Ok(parts) => Status::Known(pick(parts)),
        Err((kind, reason)) => Status::Unknown { kind: *kind, reason: reason.clone() },
    }
}
