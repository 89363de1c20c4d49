//! How a plan is made.

use alluse_risk_core::Weights;
use serde::{Deserialize, Serialize};

use super::candidates::Slot;
use super::order::{Kept, KeptReason, Order, OrderReason, Plan, Side};
use super::rounding::{Lots, Rounded, Rounding};
use crate::rebalance::check::{ensure, finished, finite, length, not_negative, sum};
use crate::rebalance::{Holding, Holdings, TradingCosts};
use crate::{Error, Result};

/// The cash that a plan must leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MinimumCash {
    /// This much; negative is an overdraft that may be used.
    Currency(f64),
    /// This fraction of the value before trading, from 0 to 1.
    Fraction(f64),
}

/// Turns holdings and target weights into orders.
///
/// Target weights are fractions of what is left after costs; when they and the least cash together ask for more,
/// all are scaled down alike. Orders are whole lots, except that a position may always be closed. The first purchase
/// pays its costs like any other.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `costs` | | of each order |
/// | `rounding` | exact | how whole lots are chosen |
/// | `minimum_cash` | 0 | cash left at least |
/// | `minimum_ticket` | 0 | value of the smallest order, in currency |
///
/// # Examples
/// ```
/// use alluse_optimizer::OneWayRate;
/// use alluse_optimizer::rebalance::{AssetCosts, Holdings, Instrument, Planner, TradingCosts};
/// use alluse_risk_core::Weights;
///
/// let holdings = Holdings::new(500.0)?
///     .with(Instrument::new("SPY", 500.0)?, 14.0)?
///     .with(Instrument::new("TLT", 90.0)?, 25.0)?
///     .with(Instrument::new("SPY put", 2.5)?.with_multiplier(100.0)?, 1.0)?;
/// let costs = TradingCosts::new(AssetCosts::proportional(OneWayRate::from_basis_points(4.0)?))
///     .with_asset("SPY put", AssetCosts::default().with_per_unit(0.65)?)?;
///
/// let plan = Planner::new(costs).plan(&holdings, &Weights::new(vec![0.6, 0.36, 0.02])?)?;
/// let text = plan.to_string();
/// assert!(text.starts_with("sell            2 SPY"), "{text}");
/// assert!(text.contains("buy            15 TLT"), "{text}");
/// assert!(text.contains("keep            1 SPY put"), "{text}");
/// assert!(text.ends_with("cash 500.00 - 1350.00 bought + 1000.00 sold - 0.94 costs = 149.06"), "{text}");
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPlanner", into = "RawPlanner")]
pub struct Planner {
    costs: TradingCosts,
    rounding: Rounding,
    minimum_cash: MinimumCash,
    minimum_ticket: f64,
}

impl Planner {
    /// Exact rounding, no borrowing, orders of any size.
    #[must_use]
    pub fn new(costs: TradingCosts) -> Self {
        Self { costs, rounding: Rounding::default(), minimum_cash: MinimumCash::Currency(0.0), minimum_ticket: 0.0 }
    }

    /// With another way to choose whole lots.
    #[must_use]
    pub fn with_rounding(mut self, rounding: Rounding) -> Self {
        self.rounding = rounding;
        self
    }

    /// Leaving at least this much cash.
    ///
    /// # Errors
    /// [`Error::Input`] for an amount that is not finite and a fraction outside [0, 1].
    pub fn with_minimum_cash(mut self, minimum: MinimumCash) -> Result<Self> {
        match minimum {
            MinimumCash::Currency(amount) => finite("minimum cash", amount)?,
            MinimumCash::Fraction(part) => {
                ensure((0.0..=1.0).contains(&part), "minimum cash fraction", "in [0, 1]", part)?
            }
        };
        self.minimum_cash = minimum;
        Ok(self)
    }

    /// Without orders of a smaller value than this.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite and not negative.
    pub fn with_minimum_ticket(mut self, currency: f64) -> Result<Self> {
        self.minimum_ticket = not_negative("minimum ticket", currency)?;
        Ok(self)
    }

    /// The orders that take the holdings to these weights, one an asset in the order of the holdings.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong number of weights, [`Error::Undefined`] unless the holdings are worth something
    /// before and after costs, [`Error::Infeasible`] when no orders leave the least cash, [`Error::Invalid`] for lots
    /// too small to count, and those of the costs.
    pub fn plan(&self, holdings: &Holdings, target: &Weights) -> Result<Plan> {
        length("target weights", holdings.positions().len(), target.len())?;
        let before = worth(holdings.value()?)?;
        let least_cash = match self.minimum_cash {
            MinimumCash::Currency(amount) => amount,
            MinimumCash::Fraction(part) => part * before,
        };
        let (ideal, ideal_cash) = self.ideal(holdings, target, before, least_cash)?;
        let slots = holdings.positions().iter().zip(&ideal);
        let slots = slots.map(|(held, ideal)| Slot::new(&held.instrument, held.units, *ideal, self.minimum_ticket));
        let slots = slots.collect::<Result<Vec<_>>>()?;
        let lots = Lots { slots, costs: &self.costs, cash: holdings.cash(), ideal_cash, least_cash };
        let rounded = lots.round(self.rounding)?;
        self.written(holdings, target, &ideal, least_cash, before, rounded)
    }

    /// The value that each weight asks for after the costs of getting there, and the cash beside them before costs.
    fn ideal(&self, holdings: &Holdings, target: &Weights, before: f64, least_cash: f64) -> Result<(Vec<f64>, f64)> {
        let net = target.net();
        let scaled = |value: f64| -> Vec<f64> {
            // What the least cash leaves for the assets.
            let room = if net > 0.0 { ((value - least_cash) / net).clamp(0.0, value) } else { value };
            target.view().iter().map(|w| w * room).collect()
        };
        let (mut value, mut last) = (before, f64::INFINITY);
        // Each step changes the value by the cost of the last change: a few suffice. Fees that jump may leave it
        // between two values; the smaller one is affordable.
        for _ in 0..64 {
            if (value - last).abs() <= 1e-14 * before {
                break;
            }
            (last, value) = (value, worth(before - self.cost_to(holdings, &scaled(value))?)?);
        }
        let value = value.min(last);
        let ideal = scaled(value);
        let cash = before - sum(ideal.iter().copied());
        Ok((ideal, cash))
    }

    /// The cost of unrounded trades to these values.
    fn cost_to(&self, holdings: &Holdings, values: &[f64]) -> Result<f64> {
        let each = holdings.positions().iter().zip(values).map(|(held, value)| {
            let missing = value / held.instrument.value_of(1.0) - held.units;
            Ok(self.costs.cost(&held.instrument, missing)?.total)
        });
        Ok(sum(each.collect::<Result<Vec<_>>>()?))
    }

    fn written(
        &self,
        holdings: &Holdings,
        target: &Weights,
        ideal: &[f64],
        least_cash: f64,
        before: f64,
        rounded: Rounded,
    ) -> Result<Plan> {
        let (mut orders, mut kept) = (Vec::new(), Vec::new());
        for (index, held) in holdings.positions().iter().enumerate() {
            let units = rounded.units[index];
            if units - held.units == 0.0 {
                kept.push(self.kept(held, ideal[index], before)?);
            } else {
                orders.push(self.order(held, units, target.view()[index], before)?);
            }
        }
        let total = |side| sum(orders.iter().filter(|it: &&Order| it.side == side).map(|it| it.value));
        let (bought, sold) = (total(Side::Buy), total(Side::Sell));
        let costs = sum(orders.iter().map(|it| it.cost.total));
        let cash_flows = orders.iter().flat_map(|it| {
            let paid = if it.side == Side::Buy { -it.value } else { it.value };
            [paid, -it.cost.total]
        });
        let cash_after = finished("cash after trading", sum([holdings.cash()].into_iter().chain(cash_flows)))?;
        let after = holdings.after(&rounded.units, cash_after)?;
        let value_after = worth(after.value()?)?;
        for order in &mut orders {
            order.weight_after /= value_after;
        }
        // A stable sort: sales come first because they pay for the purchases.
        orders.sort_by_key(|it| it.side == Side::Buy);
        Ok(Plan {
            orders,
            kept,
            after,
            cash_before: holdings.cash(),
            bought,
            sold,
            costs,
            cash_after,
            least_cash,
            turnover: 0.5 * (bought + sold) / before,
            misallocation: rounded.misallocation / before,
            misallocation_bound: rounded.bound / before,
            nodes: rounded.nodes,
        })
    }

    /// An order; its last weight is still a value.
    fn order(&self, held: &Holding, units: f64, target: f64, before: f64) -> Result<Order> {
        let (instrument, traded) = (&held.instrument, units - held.units);
        Ok(Order {
            asset: instrument.asset().clone(),
            side: if traded > 0.0 { Side::Buy } else { Side::Sell },
            units: traded.abs(),
            price: instrument.price(),
            multiplier: instrument.multiplier(),
            value: instrument.value_of(traded.abs()),
            cost: self.costs.cost(instrument, traded)?,
            reason: reason(held.units, units),
            weight_before: instrument.value_of(held.units) / before,
            target,
            weight_after: instrument.value_of(units),
        })
    }

    fn kept(&self, held: &Holding, ideal: f64, before: f64) -> Result<Kept> {
        let instrument = &held.instrument;
        let shortfall = ideal - instrument.value_of(held.units);
        let reason = if shortfall.abs() <= 1e-12 * before {
            KeptReason::AtTarget
        } else if shortfall.abs() < self.minimum_ticket {
            KeptReason::BelowMinimumTicket
        } else if shortfall.abs() < instrument.value_of(instrument.lot()) {
            KeptReason::LessThanLot
        } else {
            KeptReason::Cash
        };
        let missing = if reason == KeptReason::AtTarget { 0.0 } else { shortfall / instrument.value_of(1.0) };
        let saving = self.costs.cost(instrument, missing)?.total;
        Ok(Kept { asset: instrument.asset().clone(), units: held.units, reason, shortfall, saving })
    }
}

fn reason(held: f64, units: f64) -> OrderReason {
    if held == 0.0 {
        OrderReason::Open
    } else if units == 0.0 {
        OrderReason::Close
    } else if held * units < 0.0 {
        OrderReason::Reverse
    } else if units.abs() > held.abs() {
        OrderReason::Increase
    } else {
        OrderReason::Reduce
    }
}

fn worth(value: f64) -> Result<f64> {
    if value > 0.0 {
        Ok(value)
    } else {
        let reason = format!("the holdings are worth {value} after costs");
        Err(Error::Undefined { what: "a plan", reason })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlanner {
    costs: TradingCosts,
    rounding: Rounding,
    minimum_cash: MinimumCash,
    minimum_ticket: f64,
}

impl TryFrom<RawPlanner> for Planner {
    type Error = Error;

    fn try_from(raw: RawPlanner) -> Result<Self> {
        Self::new(raw.costs)
            .with_rounding(raw.rounding)
            .with_minimum_cash(raw.minimum_cash)?
            .with_minimum_ticket(raw.minimum_ticket)
    }
}

impl From<Planner> for RawPlanner {
    fn from(it: Planner) -> Self {
        let Planner { costs, rounding, minimum_cash, minimum_ticket } = it;
        Self { costs, rounding, minimum_cash, minimum_ticket }
    }
}
