//! What the example programs share: arguments, the positions file, the market they are valued in, and the
//! pages they print. Everything that computes a number is a call of `alluse_quant`.

pub mod allocate;
pub mod arguments;
pub mod attribution;
pub mod backtest;
mod failure;
pub mod figures;
pub mod forecast;
pub mod inputs;
pub mod page;
pub mod positions;
pub mod program;
pub mod progress;
pub mod risk_html;
pub mod save;
pub mod stress;
pub mod tear_sheet;
pub mod walk_forward;
pub mod wheel;

pub use failure::{Failure, Result};

/// The example of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
