//! What an account of cash, shares and listed options gains or loses on simulated paths, by revaluing it.
//!
//! One-day numbers do not scale to a month for a book of options: time value decays, options expire at the price their
//! path has on that day, and what is assigned goes on as shares. Here the book is priced anew on every path at every
//! horizon.
//!
//! ```
//! use alluse_forecast::simulation::book::{AssetPaths, BookForecast};
//! use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
//! use alluse_risk_core::{AssetId, Horizon};
//! use jiff::civil::date;
//! use ndarray::Array3;
//!
//! let market = MarketSnapshot::usd(date(2018, 12, 31))
//!     .with_spot("KO", 41.0)?
//!     .with_volatility("KO", 0.20)?
//!     .with_rate("USD", 0.0)?
//!     .with_dividend_yield("KO", 0.0)?;
//! let call = OptionContract::call("KO", 42.0, date(2019, 1, 18), Multiplier::EQUITY)?;
//! let book = Book::builder().share("KO", 100.0).option(call.clone(), -1.0).build(&market)?;
//!
//! // Two paths of one month: up by 1 % a day, and down by 1 % a day.
//! let returns = Array3::from_shape_fn((2, 21, 1), |(path, _, _)| if path == 0 { 0.01 } else { -0.01 });
//! let paths = AssetPaths::new(vec![AssetId::new("KO")?], returns)?;
//! let month = Horizon::days(21)?;
//! let forecast = BookForecast::new([Horizon::DAY, month]).forecast(&book, &paths)?;
//!
//! let gain = forecast.outcomes(month)?;
//! let premium = -book.market_value(&book.positions()[1])?;
//! assert!((gain[0] - (100.0 + premium)).abs() < 1e-9); // called away at 42: the gain is capped
//! assert_eq!(forecast.assignments()[0].probability.probability, 0.5);
//! assert_eq!(forecast.probability_of_gain(month)?.probability, 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | answer |
//! |---|---|
//! | what the market does | [`AssetPaths`] |
//! | how the book is valued on it | [`BookForecast`]: [`VolatilityRule`], [`Settlement`], [`CashInterest`] |
//! | what came out | [`BookPaths`], [`AssignmentForecast`], [`SimulatedMean`], [`EventProbability`] |

mod asset_paths;
mod book_paths;
mod config;
mod groups;
mod levels;
mod run;
mod scenarios;
mod settlement;
#[cfg(test)]
mod tests;
mod volatility_rule;

pub use super::{EventProbability, SimulatedMean};
pub use asset_paths::AssetPaths;
pub use book_paths::{BookPaths, GroupPaths};
pub use config::{BookForecast, CashInterest, Settlement};
pub use settlement::AssignmentForecast;
pub use volatility_rule::VolatilityRule;
