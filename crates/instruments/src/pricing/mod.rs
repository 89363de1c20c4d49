//! Prices, greeks and implied volatilities of listed options.
//!
//! | question | answer |
//! |---|---|
//! | European price and greeks | [`BlackScholes`], [`Greeks`], [`Analytics`] |
//! | on a forward | [`Black76`], [`Bachelier`] |
//! | American price | [`AmericanMethod`]; many spots of one option: [`ExerciseBoundary`] |
//! | American greeks | [`american_greeks`] |
//! | cash dividends, European and American | [`DividendSchedule`], [`DividendOption`] |
//! | implied volatility | [`implied_volatility`], [`implied_volatility_black76`]; many: [`implied_volatilities`](crate::kernel::implied_volatilities) |
//! | delta quotes | [`DeltaConvention`], [`strike_from_delta`], [`atm_strike`] |
//! | forward of a chain | [`forward_from_quotes`] |
//!
//! Rates are continuously compounded decimals, time is in years (ACT/365F), volatility per √year, greeks per unit of
//! their input.

mod american;
mod black76;
mod black_scholes;
mod check;
mod delta;
mod digital;
mod dividends;
mod finite_difference;
mod greeks;
pub(crate) mod implied;
mod kind;
mod normal;
mod parity;

pub use american::{AmericanGreeks, AmericanMethod, ExerciseBoundary, Precision, SpotGreeks, american_greeks};
pub use black_scholes::{BlackScholes, BlackScholesInputs};
pub use black76::{Bachelier, Black76, ForwardGreeks, ForwardInputs};
pub use delta::{AtmRule, DeltaConvention, DeltaMarket, atm_strike, strike_from_delta};
pub use digital::DigitalGreeks;
pub use dividends::{CashDividend, DividendModel, DividendSchedule};
pub use finite_difference::{DividendGreeks, DividendOption, Drift, ErrorEstimate, ExerciseProbability, GridSize};
pub use greeks::{Analytics, Greeks};
pub use implied::{ForwardQuote, SpotQuote, implied_volatility, implied_volatility_black76};
pub use kind::{ExerciseStyle, OptionKind};
pub use parity::{ImpliedForward, forward_from_quotes};
