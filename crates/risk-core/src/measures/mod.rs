//! Risk measures on samples of losses and on value paths.
//!
//! [`LossSample`] is the empirical distribution, with or without probabilities; [`DrawdownPath`] is a
//! value path seen from its running peak. Every measure of the first kind that has a sampling error
//! returns it with the number.
//!
//! ```
//! use alluse_risk_core::{Confidence, measures::{LossSample, Spectrum}};
//!
//! let losses = LossSample::new((1..=1_000).map(|i| f64::from(i % 97)).collect::<Vec<_>>())?;
//! let var = losses.value_at_risk(Confidence::P95)?;
//! let es = losses.expected_shortfall(Confidence::P95)?;
//! let evar = losses.entropic_value_at_risk(Confidence::P95)?;
//! let worst = losses.worst_loss()?;
//! assert!(var.value <= es.value && es.value <= evar.value && evar.value <= worst.value);
//! assert!(var.interval.is_some() && es.standard_error.is_some());
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod bootstrap;
mod dispersion;
mod drawdown;
mod drawdown_error;
mod entropic;
mod episodes;
mod ordered;
mod parametric;
mod precision;
mod quantile;
mod relativistic;
mod root;
mod sample;
mod spectrum;
mod tail;

pub use bootstrap::{Bootstrap, BootstrapError};
pub use drawdown::{DrawdownKind, DrawdownPath, DrawdownSample};
pub use drawdown_error::StationaryBlocks;
pub use episodes::{Episode, EpisodeField, Unfinished};
pub use parametric::{CornishFisher, ExpandedQuantile, ExpansionDomain, ExpansionOrder, ShortfallFloor};
pub use quantile::{QuantileRule, quantile, quantile_in_order};
pub use sample::LossSample;
pub use spectrum::Spectrum;
pub use tail::{TailMean, TailRisk};
