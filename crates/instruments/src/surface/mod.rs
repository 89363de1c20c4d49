//! Implied volatility by strike and expiry: smiles, surfaces, and what makes them free of static arbitrage.
//!
//! | question | answer |
//! |---|---|
//! | a smile in five parameters | [`Svi`], fitted by [`SviFit`] |
//! | all expiries in a few | [`Ssvi`], fitted by [`SsviFit`] |
//! | a smile through every quote | [`SplineSmile`] |
//! | volatility at any strike and expiry | [`VolatilitySurface`] |
//! | a surface from raw quotes | [`SurfaceFit`] |
//! | is it free of arbitrage | [`ArbitrageCheck`], [`check_call_prices`] |
//! | how it moves with the spot | [`SmileDynamics`], [`add_smile_dynamics`] |
//!
//! # Conventions
//! Log-moneyness is `k = ln(K/F)` with the forward `F` of the expiry; total variance is `w = σ²T` with `T` in years
//! (ACT/365F) to the close of the expiry date.

mod arbitrage;
mod check;
mod dynamics;
mod expiry_fit;
mod hull;
mod inner;
mod quote_arbitrage;
mod quotes;
mod simplex;
mod smile;
mod spline;
mod ssvi;
mod ssvi_fit;
mod svi;
mod svi_fit;
mod volatility_surface;

#[cfg(test)]
mod golden_tests;

pub use arbitrage::{ArbitrageCheck, ArbitrageReport, ArbitrageViolation, CallPriceViolation, Wing, check_call_prices};
pub use dynamics::{SmileDynamics, add_smile_dynamics};
pub use expiry_fit::{FittedExpiry, SmileModel};
pub use quote_arbitrage::QuoteArbitrage;
pub use quotes::{FittedSurface, OptionQuote, QuoteStyle, QuotedForward, SurfaceFit};
pub use smile::{FlatSmile, Smile, VariancePoint};
pub use spline::SplineSmile;
pub use ssvi::{Ssvi, SsviConditions, SsviParameters};
pub use ssvi_fit::{FittedSsvi, NoArbitrage, SsviFit, VarianceSlice};
pub use svi::{Svi, SviParameters};
pub use svi_fit::{FittedSvi, SviFit};
pub use volatility_surface::{Carry, ExpirySlice, VolatilitySurface};
