//! Simulated futures of returns and of option books, from one day to one year.
//!
//! ```
//! use alluse_forecast::simulation::{FilteredBootstrap, PathEvent, PathModel};
//! use alluse_risk_core::streams::Streams;
//! use alluse_risk_core::volatility::EwmaVolatility;
//!
//! let returns = 0.01 * &Streams::new(1).standard_normals(500, 1).column(0);
//! let futures = FilteredBootstrap::new(EwmaVolatility::default()).fit(returns.view())?.simulate(21, 2_000, 7)?;
//! let month = futures.total_return(21)?;
//! let gain = futures.probability(PathEvent::EndsAbove(0.0), 21)?;
//! assert!((gain.probability - month.probability_above(0.0)?).abs() < 1e-12);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```
//!
//! | model | what goes on |
//! |---|---|
//! | [`UnconditionalBootstrap`] | days drawn from the history, one by one |
//! | [`StationaryBootstrap`] | stretches of days, so that what follows what is kept |
//! | [`FilteredBootstrap`] | standardised days, moved by a volatility model |
//! | [`GarchPaths`] | a GARCH model with its own law of shocks |
//! | [`RandomWalk`] | normal days, with or without drift |
//! | [`Mixture`] | one of several models, by their weights |

pub mod book;
mod bootstrap;
mod estimates;
mod events;
mod fan;
mod filtered;
mod garch;
mod joint;
mod mixture;
mod model;
mod random_walk;
mod return_paths;
#[cfg(test)]
mod tests;

pub use bootstrap::{BlockLength, StationaryBootstrap, UnconditionalBootstrap};
pub use estimates::{EventProbability, SimulatedMean};
pub use events::PathEvent;
pub use fan::{Fan, FanBand, Scenario};
pub use filtered::FilteredBootstrap;
pub use garch::GarchPaths;
pub use joint::{JointBootstrap, JointDraws, JointPaths};
pub use mixture::Mixture;
pub use model::{FittedPaths, PathModel};
pub use random_walk::{Drift, RandomWalk};
pub use return_paths::ReturnPaths;
