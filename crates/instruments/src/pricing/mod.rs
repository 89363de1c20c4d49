//! Prices, greeks and implied volatilities of listed options.

mod american;
mod black_scholes;
mod check;
mod kind;
mod normal;

pub use american::Precision;
pub use black_scholes::{BlackScholes, BlackScholesInputs};
pub use kind::{ExerciseStyle, OptionKind};
