//! The weights that are best after the cost of reaching them.

use alluse_risk_core::Weights;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use super::budget::{Budget, Point};
use super::decision::{TradeDecision, decide};
use super::descent::{Descent, Size};
use super::{lost, spent};
use crate::rebalance::check::{element, finite, length, positive, sum};
use crate::{Error, OneWayRate, Result, RiskModel};

/// The cash that trades and their costs must leave, as a fraction of capital before trading.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashRule {
    /// This much or more.
    AtLeast(f64),
    /// Exactly this much; 0 keeps a portfolio fully invested.
    Exactly(f64),
}

impl CashRule {
    fn cash(self) -> f64 {
        match self {
            Self::AtLeast(cash) | Self::Exactly(cash) => cash,
        }
    }
}

/// The no-trade region of several assets: what is worth trading, and how far.
///
/// ```text
/// minimise    γ/2 (x − x*)'Σ(x − x*) + 1/T Σ kᵢ |xᵢ − hᵢ|
/// subject to  1 − Σ xᵢ − Σ kᵢ |xᵢ − hᵢ|  ≥ or =  cash,   lower ≤ x ≤ upper
/// ```
///
/// h are the weights held after their drift, x* those that would be best without costs, both fractions of capital
/// before trading. A cost is paid once and spread over T periods, about the time until the asset would be traded
/// again. At the optimum an asset is traded exactly when its marginal gain beats its marginal cost, and then to the
/// edge where both are equal.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `risk_aversion` | | γ | positive |
/// | `periods` | | T, in periods of the risk model | positive |
/// | `rates` | | k, one an asset | |
/// | `cash` | `AtLeast(0)` | cash left | finite |
/// | `bounds` | none | limits of each weight | ordered |
///
/// # Source
/// Gârleanu and Pedersen (2013) and Boyd and others (2017), "Multi-period trading via convex optimization", §4, for
/// the single period with a cost spread over the time it is held.
///
/// # Examples
/// ```
/// use alluse_optimizer::OneWayRate;
/// use alluse_optimizer::rebalance::NoTradeRegion;
/// use alluse_risk_core::{Covariance, Weights};
/// use ndarray::array;
///
/// // One asset at 20 % a year, ten basis points spread over a quarter: the edge is k/(T γ σ²) away.
/// let risk = Covariance::new(array![[0.04]])?.into();
/// let region = NoTradeRegion::new(5.0, 0.25, vec![OneWayRate::from_basis_points(10.0)?])?;
/// let solution = region.solve(&Weights::new(vec![0.7])?, &Weights::new(vec![0.6])?, &risk)?;
/// assert!((solution.weights.view()[0] - 0.62).abs() < 1e-12);
/// let inside = region.solve(&Weights::new(vec![0.615])?, &Weights::new(vec![0.6])?, &risk)?;
/// assert_eq!(inside.turnover, 0.0);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRegion", into = "RawRegion")]
pub struct NoTradeRegion {
    pub(super) risk_aversion: f64,
    pub(super) periods: f64,
    pub(super) rates: Vec<f64>,
    cash: CashRule,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
}

impl NoTradeRegion {
    /// Without bounds, and without borrowing.
    ///
    /// # Errors
    /// [`Error::Input`] unless risk aversion and periods are positive and finite and there is a rate.
    pub fn new(risk_aversion: f64, periods: f64, rates: Vec<OneWayRate>) -> Result<Self> {
        if rates.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "rates" }.into());
        }
        Ok(Self {
            risk_aversion: positive("risk aversion", risk_aversion)?,
            periods: positive("periods", periods)?,
            rates: rates.into_iter().map(OneWayRate::fraction).collect(),
            cash: CashRule::AtLeast(0.0),
            bounds: None,
        })
    }

    /// With another rule for cash.
    ///
    /// # Errors
    /// [`Error::Input`] unless its cash is finite.
    pub fn with_cash(mut self, cash: CashRule) -> Result<Self> {
        finite("cash", cash.cash())?;
        self.cash = cash;
        Ok(self)
    }

    /// With a lower and an upper limit for each weight; infinities leave a side free.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong length, [`Error::Invalid`] for a NaN or a lower limit above the upper one.
    pub fn with_bounds(mut self, lower: Vec<f64>, upper: Vec<f64>) -> Result<Self> {
        length("lower bounds", self.rates.len(), lower.len())?;
        length("upper bounds", self.rates.len(), upper.len())?;
        for (index, (low, high)) in lower.iter().zip(&upper).enumerate() {
            if !(low <= high) || *low == f64::INFINITY || *high == f64::NEG_INFINITY {
                return Err(Error::invalid(format!("bounds of weight {index}"), format!("{low} to {high}")));
            }
        }
        self.bounds = Some((lower, upper));
        Ok(self)
    }

    /// What to trade, and why each asset is traded or not.
    ///
    /// The covariance is used as a dense matrix, also when it is given in factors. The decisions take one more solve an
    /// asset: with a hundred assets and an exact budget a few tenths of a second in all.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong number of weights or assets and for an asset without variance,
    /// [`Error::Infeasible`] when no trades meet bounds and cash, [`Error::NotConverged`].
    pub fn solve(&self, held: &Weights, target: &Weights, risk: &RiskModel) -> Result<NoTradeSolution> {
        let setting = Setting::new(self, held, target, risk)?;
        let point = setting.best(&setting.lower, &setting.upper, 0.0, (0.0, &held.view().to_owned()))?;
        let value = setting.value(&point.x);
        let decisions = decide(&setting, &point)?;
        let costs = sum(lost(&point.x, &held.view(), &self.rates));
        let moved = sum(point.x.iter().zip(held.view()).map(|(x, h)| (x - h).abs()));
        Ok(NoTradeSolution {
            cash: 1.0 - spent(&point.x, &held.view(), &self.rates),
            turnover: 0.5 * moved,
            cost: costs,
            tracking_error: (2.0 * setting.tracking(&point.x) / self.risk_aversion).sqrt(),
            net_utility: -value,
            gain: setting.value(&held.view().to_owned()) - value,
            cash_multiplier: point.multiplier,
            stationarity: point.residual,
            budget_residual: match self.cash {
                CashRule::AtLeast(_) => point.overspent.max(0.0),
                CashRule::Exactly(_) => point.overspent.abs(),
            },
            weights: Weights::new(point.x)?,
            decisions,
        })
    }
}

/// What to trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NoTradeSolution {
    /// The weights after trading, as fractions of capital before it; exactly the weight held where nothing is traded.
    pub weights: Weights,
    /// Cash after trades and costs, as a fraction of capital before trading.
    pub cash: f64,
    /// One-way turnover, `½ Σ |x − h|`.
    pub turnover: f64,
    /// Cost paid, as a fraction of capital before trading.
    pub cost: f64,
    /// `√((x − x*)'Σ(x − x*))`, per period of the risk model.
    pub tracking_error: f64,
    /// Minus the objective: utility per period, net of the cost spread over the periods; 0 is the target for free.
    pub net_utility: f64,
    /// How much net utility the trades add to doing nothing. Negative when doing nothing breaks the cash rule.
    pub gain: f64,
    /// λ: net utility gained per unit of cash that the rule asks less.
    pub cash_multiplier: f64,
    /// Why each asset is traded or not.
    pub decisions: Vec<TradeDecision>,
    /// The largest slope that still points to an improvement; zero at the exact optimum.
    pub stationarity: f64,
    /// How far cash breaks its rule.
    pub budget_residual: f64,
}

/// A region and one set of inputs, checked.
pub(super) struct Setting<'a> {
    pub(super) region: &'a NoTradeRegion,
    pub(super) held: ArrayView1<'a, f64>,
    pub(super) target: ArrayView1<'a, f64>,
    /// γ Σ.
    curvature: Array2<f64>,
    pub(super) size: Size,
    pub(super) lower: Vec<f64>,
    pub(super) upper: Vec<f64>,
}

impl<'a> Setting<'a> {
    pub(super) fn new(
        region: &'a NoTradeRegion,
        held: &'a Weights,
        target: &'a Weights,
        risk: &RiskModel,
    ) -> Result<Self> {
        let n = region.rates.len();
        length("held weights", n, held.len())?;
        length("target weights", n, target.len())?;
        length("risk model", n, risk.len())?;
        for (index, variance) in risk.variances().iter().enumerate() {
            element(*variance > 0.0, "variances", index, "positive", *variance)?;
        }
        let dense = match risk {
            RiskModel::Dense(matrix) => matrix.view().to_owned(),
            RiskModel::Factored(model) => model.to_dense()?.view().to_owned(),
        };
        let free = || (vec![f64::NEG_INFINITY; n], vec![f64::INFINITY; n]);
        let (lower, upper) = region.bounds.clone().unwrap_or_else(free);
        let (held, target) = (held.view(), target.view());
        let curvature = dense * region.risk_aversion;
        let size = Size::of(curvature.view(), held, target);
        Ok(Self { region, held, target, curvature, size, lower, upper })
    }

    /// The optimum within bounds, every trade penalised by `extra` more than its cost, from a guess of its multiplier
    /// and its weights.
    pub(super) fn best(
        &self,
        lower: &[f64],
        upper: &[f64],
        extra: f64,
        (guess, start): (f64, &Array1<f64>),
    ) -> Result<Point> {
        let (curvature, target, held) = (self.curvature.view(), self.target, self.held);
        let problem =
            Descent { curvature, target, held, penalty: Vec::new(), tilt: 0.0, size: self.size, lower, upper };
        let (weight, cash) = (1.0 / self.region.periods, self.region.cash);
        let rates = &self.region.rates;
        let budget = Budget { problem, rates, weight, extra, invested: 1.0 - cash.cash() };
        match cash {
            CashRule::AtLeast(_) => budget.at_most(guess, start),
            CashRule::Exactly(_) => budget.exactly(guess, start),
        }
    }

    /// The optimum with one weight fixed; `None` outside its bounds, and when the others cannot meet bounds and cash.
    pub(super) fn fixed(&self, index: usize, at: f64, guess: (f64, &Array1<f64>)) -> Result<Option<Point>> {
        if !(self.lower[index] <= at && at <= self.upper[index]) {
            return Ok(None);
        }
        let pinned = |bounds: &[f64]| -> Vec<f64> {
            bounds.iter().enumerate().map(|(i, bound)| if i == index { at } else { *bound }).collect()
        };
        match self.best(&pinned(&self.lower), &pinned(&self.upper), 0.0, guess) {
            Ok(point) => Ok(Some(point)),
            Err(Error::Infeasible { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// `γ/2 (x − x*)'Σ(x − x*)`.
    pub(super) fn tracking(&self, x: &Array1<f64>) -> f64 {
        let gap = x - &self.target;
        (0.5 * gap.dot(&self.curvature.dot(&gap))).max(0.0)
    }

    /// The cost of each trade, spread over the periods.
    pub(super) fn charges(&self, x: &Array1<f64>) -> Vec<f64> {
        lost(x, &self.held, &self.region.rates).map(|cost| cost / self.region.periods).collect()
    }

    /// The objective: utility lost to being off target and to costs.
    pub(super) fn value(&self, x: &Array1<f64>) -> f64 {
        self.tracking(x) + sum(self.charges(x))
    }

    /// `γ Σ (x − x*)` of one asset, the multiplier of cash included.
    pub(super) fn slope(&self, index: usize, point: &Point) -> f64 {
        self.curvature.index_axis(Axis(0), index).dot(&(&point.x - &self.target)) + point.multiplier
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRegion {
    risk_aversion: f64,
    periods: f64,
    rates: Vec<OneWayRate>,
    cash: CashRule,
    #[serde(default)]
    bounds: Option<RawBounds>,
}

/// `None` stands for no limit: JSON has no infinity.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBounds {
    lower: Vec<Option<f64>>,
    upper: Vec<Option<f64>>,
}

impl TryFrom<RawRegion> for NoTradeRegion {
    type Error = Error;

    fn try_from(raw: RawRegion) -> Result<Self> {
        let region = Self::new(raw.risk_aversion, raw.periods, raw.rates)?.with_cash(raw.cash)?;
        let free = |bounds: Vec<Option<f64>>, side: f64| bounds.into_iter().map(|it| it.unwrap_or(side)).collect();
        match raw.bounds {
            None => Ok(region),
            Some(RawBounds { lower, upper }) => {
                region.with_bounds(free(lower, f64::NEG_INFINITY), free(upper, f64::INFINITY))
            }
        }
    }
}

impl From<NoTradeRegion> for RawRegion {
    fn from(region: NoTradeRegion) -> Self {
        let stated = |bounds: Vec<f64>| bounds.into_iter().map(|it| it.is_finite().then_some(it)).collect();
        Self {
            risk_aversion: region.risk_aversion,
            periods: region.periods,
            // A rate that was checked stays one.
            rates: region.rates.iter().filter_map(|rate| OneWayRate::from_fraction(*rate).ok()).collect(),
            cash: region.cash,
            bounds: region.bounds.map(|(lower, upper)| RawBounds { lower: stated(lower), upper: stated(upper) }),
        }
    }
}
