//! A plan: orders, what is left alone, and where the cash goes.

use std::fmt;

use alluse_risk_core::AssetId;
use serde::{Deserialize, Serialize};

use crate::rebalance::{CostBreakdown, Holdings};

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Cash out, units in.
    Buy,
    /// Units out, cash in.
    Sell,
}

/// What an order does to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderReason {
    /// Nothing was held.
    Open,
    /// More of what is held.
    Increase,
    /// Less of what is held.
    Reduce,
    /// Nothing is left.
    Close,
    /// From long to short or back.
    Reverse,
}

/// An order to place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Order {
    /// What.
    pub asset: AssetId,
    /// Which way.
    pub side: Side,
    /// How many units, positive.
    pub units: f64,
    /// Currency per unit of the underlying.
    pub price: f64,
    /// Units of the underlying behind each unit.
    pub multiplier: f64,
    /// `units · price · multiplier`, positive.
    pub value: f64,
    /// What it costs.
    pub cost: CostBreakdown,
    /// What it does.
    pub reason: OrderReason,
    /// The weight held, as a fraction of value before trading.
    pub weight_before: f64,
    /// The weight asked for.
    pub target: f64,
    /// The weight after the order, as a fraction of value after trading.
    pub weight_after: f64,
}

/// Why a position is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeptReason {
    /// It is where it should be.
    AtTarget,
    /// The order would be smaller than the minimum ticket.
    BelowMinimumTicket,
    /// The order would be less than one lot.
    LessThanLot,
    /// The cash, or the cost of the order, is better left for the rest.
    Cash,
}

/// A position without an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kept {
    /// What.
    pub asset: AssetId,
    /// Units held.
    pub units: f64,
    /// Why it is left alone.
    pub reason: KeptReason,
    /// Value missing from the ideal, negative when there is too much.
    pub shortfall: f64,
    /// The cost of the trade that would remove the shortfall.
    pub saving: f64,
}

/// Orders that pay for themselves.
///
/// ```text
/// cash_after = cash_before − bought + sold − costs
/// ```
///
/// [`Display`](fmt::Display) prints it as a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Sales first, each in the order of the holdings.
    pub orders: Vec<Order>,
    /// What is left alone.
    pub kept: Vec<Kept>,
    /// The holdings once all orders are filled at these prices and costs.
    pub after: Holdings,
    /// Cash before.
    pub cash_before: f64,
    /// Value of the purchases.
    pub bought: f64,
    /// Value of the sales.
    pub sold: f64,
    /// Cost of all orders.
    pub costs: f64,
    /// Cash after.
    pub cash_after: f64,
    /// The least cash that was allowed.
    pub least_cash: f64,
    /// `½ (bought + sold)` over the value before trading.
    pub turnover: f64,
    /// `Σ |value − ideal value| + |cash − ideal cash| + costs`, over the value before trading; see [`Rounding`].
    ///
    /// [`Rounding`]: super::Rounding
    pub misallocation: f64,
    /// A number that no orders in whole lots can go below; equal to the misallocation when it is proven least.
    pub misallocation_bound: f64,
    /// Positions tried by the search.
    pub nodes: usize,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for it in &self.orders {
            let side = if it.side == Side::Buy { "buy " } else { "sell" };
            let (before, after) = (100.0 * it.weight_before, 100.0 * it.weight_after);
            writeln!(
                f,
                "{side} {:>12} {:<16} at {:>10.4}  value {:>14.2}  cost {:>8.2}  {before:>6.2} % -> {after:>6.2} %",
                it.units,
                it.asset.as_str(),
                it.price,
                it.value,
                it.cost.total,
            )?;
        }
        for it in &self.kept {
            let (name, reason) = (it.asset.as_str(), it.reason);
            writeln!(f, "keep {:>12} {name:<16} {reason:?}, saves {:.2}", it.units, it.saving)?;
        }
        write!(
            f,
            "cash {:.2} - {:.2} bought + {:.2} sold - {:.2} costs = {:.2}",
            self.cash_before, self.bought, self.sold, self.costs, self.cash_after
        )
    }
}
