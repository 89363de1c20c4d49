//! Forecasts from one day to one year that know their own skill.
//!
//! Every forecast is a distribution; it can be stored before its date comes, is scored after it, and is compared with
//! naive competitors that cost nothing.
//!
//! # Conventions
//! Returns are simple decimals per period in date order unless a name says otherwise; volatility is per period;
//! nothing is annualised unless its name says so. What cannot be computed is an [`Error`], never 0 or NaN.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod check;
pub mod correlation;
mod error;
pub mod evaluation;
pub mod innovations;
pub mod log;
mod logistic;
mod predictive;
pub mod regimes;
pub mod simulation;
pub mod time_series;
pub mod trust;
pub mod volatility;

pub use error::{Error, Result};
pub use predictive::Predictive;
