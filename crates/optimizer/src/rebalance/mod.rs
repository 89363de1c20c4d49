//! Whether to trade, how far, and which orders that takes.

mod band;
mod calendar;
mod check;
mod costs;
mod extent;
mod holdings;
mod no_trade;
mod plan;
mod trigger;

pub use band::{BandScale, Bands};
pub use calendar::{Period, PeriodDay, TradingDay};
pub use costs::{AssetCosts, CostBreakdown, MarketImpact, TradeListCost, TradingCosts};
pub use extent::{Extent, Funding};
pub use holdings::{Holding, Holdings, Instrument, drifted_weights, one_way_turnover};
pub use no_trade::{
    CashRule, KeptAlternative, NoTradeRegion, NoTradeSolution, Removal, RemovedTrade, TradeDecision,
    UnnecessaryTurnover, no_trade_half_width,
};
pub use plan::{Kept, KeptReason, MinimumCash, Order, OrderReason, Plan, Planner, Rounding, Side};
pub use trigger::{Situation, Trigger, TriggerAnswer, TriggerReason};
