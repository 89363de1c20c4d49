//! Shares, cash and listed options: pricing, greeks, implied volatility, and the full revaluation of
//! books under scenarios.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod error;
pub mod kernel;
pub mod pricing;

pub use error::{Error, Result};
