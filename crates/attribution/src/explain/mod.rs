//! What moved an option book: the P&L of every day and position, split into the effects of time, spot, volatility,
//! rates, dividends, currencies, trades, income and costs, with what is left over.
//!
//! ```text
//! actual = q₀ m (P₁X₁ − P₀X₀) + Σ trades dq m (P₁ − price) X₁ + income − costs       (m units per contract, X fx)
//! actual = Σ effects + residual
//! ```
//!
//! P are model prices at each close's own spot, volatility of the contract, rate and dividend yield. Between two closes
//! the market is taken along the straight line from one to the other, and the effect of a factor is what it did on the
//! way, `∫ ∂V/∂xₖ(x(s)) xₖ′(s) ds`: all factors move together, so that no order of them has to be chosen, and the
//! effects add up to the change of the price. [`ExplainMethod::Taylor`] is the common second-order explanation by the
//! greeks of the opening, to compare with: what it misses shows in its residual.
//!
//! A small residual along the path says that the integrals hold, not that the model prices the market: both closes are
//! valued by the model, and a price that differs from the model's shows as a trading effect when it is traded.
//!
//! ```
//! use alluse_attribution::explain::{ExplainDay, PnlExplainer};
//! use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
//! use jiff::civil::date;
//!
//! let market = |day, spot, volatility| {
//!     MarketSnapshot::usd(date(2024, 1, day)).with_spot("KO", spot)?.with_volatility("KO", volatility)?
//!         .with_rate("USD", 0.05)?.with_dividend_yield("KO", 0.03)
//! };
//! let put = OptionContract::put("KO", 60.0, date(2024, 1, 19), Multiplier::EQUITY)?.european();
//! let open = Book::builder().option(put.clone(), -1.0).tagged("strategy", "puts").build(&market(10, 60.5, 0.15)?)?;
//! let close = open.clone().with_market(market(11, 59.8, 0.17)?)?;
//!
//! let explained = PnlExplainer::default().explain(&open, &[ExplainDay::quiet(close)])?;
//! let day = &explained.days[0].sums;
//! assert!(day.effects.theta > 0.0 && day.effects.delta < 0.0 && day.effects.vega < 0.0);
//! assert!(day.residual.abs() < 1e-4 * day.actual.abs());
//! assert_eq!(explained.by_label("strategy")?[0].label, "puts");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod day;
mod effects;
mod input;
mod integrate;
mod ledger_days;
mod method;
mod moves;
mod pricer;
mod result;
#[cfg(test)]
pub(crate) mod tests;

pub use effects::{Effects, Explained};
pub use input::{ExplainDay, Flow, FlowKind};
pub use ledger_days::ledger_days;
pub use method::{ExplainMethod, PnlExplainer, SigmaRule};
pub use moves::MoveSize;
pub use result::{DayExplain, ExplainSummary, LabelExplain, PnlExplain, PositionExplain, ResidualShare};
