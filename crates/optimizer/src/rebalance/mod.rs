//! Whether to trade, how far, and which orders that takes.
//!
//! | question | answer |
//! |---|---|
//! | what is held, and how do weights drift? | [`Holdings`], [`drifted_weights`] |
//! | is it time, and why? | [`Trigger`]: calendar, bands, tracking error, any or all of them |
//! | how far? | [`Extent`]: to the target, part of the way, to the edge of a band |
//! | what is worth its cost? | [`NoTradeRegion`], [`no_trade_half_width`] |
//! | which orders, and what is left in cash? | [`Planner`]: whole lots and contracts that pay for themselves |
//! | which lots are sold, and which losses count? | [`TaxLots`], [`WashSaleRule`] |
//!
//! Cost rates and turnover are one-way. Costs are charged once, on every trade, the first purchase included.
//!
//! # Examples
//! From drifted holdings to a printed plan that trades only what is worth its cost:
//!
//! ```
//! use alluse_optimizer::OneWayRate;
//! use alluse_optimizer::rebalance::{
//!     AssetCosts, BandScale, Bands, Holdings, Instrument, NoTradeRegion, Planner, Situation, TradingCosts, Trigger,
//! };
//! use alluse_risk_core::{Covariance, Weights};
//! use ndarray::array;
//!
//! let bought = Holdings::new(0.0)?
//!     .with(Instrument::new("SPY", 500.0)?, 120.0)?
//!     .with(Instrument::new("TLT", 100.0)?, 250.0)?
//!     .with(Instrument::new("GLD", 200.0)?, 75.0)?;
//! let target = bought.weights()?;
//! let held = bought.drift(array![0.15, -0.05, 0.02].view(), 0.0)?;
//! let weights = held.weights()?;
//!
//! // SPY is at 64 %, more than three points above its 60 %.
//! let universe = held.universe()?;
//! let trigger = Trigger::Band(Bands::uniform(BandScale::Absolute, 0.03)?);
//! assert!(trigger.evaluate(&Situation::new(&universe, &weights, &target)?)?.fired());
//!
//! // Ten basis points, spread over half a year, against the yearly risk of being off target.
//! let costs = TradingCosts::new(AssetCosts::proportional(OneWayRate::from_basis_points(10.0)?));
//! let risk = Covariance::new(array![[0.030, -0.004, 0.002], [-0.004, 0.015, 0.003], [0.002, 0.003, 0.022]])?.into();
//! let region = NoTradeRegion::new(5.0, 0.5, costs.rates(&held))?;
//! let solution = region.solve(&weights, &target, &risk)?;
//!
//! let plan = Planner::new(costs).plan(&held, &solution.weights)?;
//! println!("{plan}");
//! let spent = plan.cash_before - plan.bought + plan.sold - plan.costs;
//! assert!((spent - plan.cash_after).abs() < 1e-10 && plan.cash_after >= 0.0);
//! assert!(plan.to_string().starts_with("sell"));
//! # assert_eq!(plan.orders[0].asset.as_str(), "SPY");
//! # Ok::<(), alluse_optimizer::Error>(())
//! ```

mod band;
mod calendar;
mod check;
mod costs;
mod extent;
mod holdings;
mod no_trade;
mod plan;
mod tax;
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
pub use tax::{
    LongTermRule, LotChoice, LotSale, RealizedLot, ReplacedLot, SaleReport, SpecificLot, SubstantiallyIdentical,
    TaxLot, TaxLots, TaxRates, TaxReport, TaxTrade, Term, WashSale, WashSaleRule,
};
pub use trigger::{Situation, Trigger, TriggerAnswer, TriggerReason};
