//! Forecasts on record: written before their date, scored after it, never rewritten.
//!
//! A [`ForecastLog`] only grows. Every line holds the SHA-256 of the line before it, times never go back, and reading
//! a log replays every rule that appending obeyed; the first line that breaks one is named. Nothing takes a forecast
//! back, and a summary covers every forecast of a model: those still without an outcome are listed in it.
//!
//! A chain cannot show that its last lines were cut off or that all of it was written anew. Who wants to be sure keeps
//! the [`head`](ForecastLog::head) elsewhere and compares.
//!
//! ```
//! use alluse_forecast::log::{ForecastLog, LoggedForecast, ModelId, Target};
//! use alluse_risk_core::InputHash;
//!
//! let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
//! let (opens, closes) = (time("2026-03-01T00:00:00Z"), time("2026-03-31T20:00:00Z"));
//! let target = Target::new("2026-03-31".parse().unwrap(), opens, closes)?;
//! let model = ModelId::new("seasonal", "1.2.0", InputHash::of_bytes("configuration", b"{}"))?;
//! let forecast = LoggedForecast::new("m-2026-03", time("2026-02-27T21:00:00Z"), target, 21, model, "index")?
//!     .with_quantiles([(0.1, -0.04), (0.5, 0.01), (0.9, 0.05)])?;
//! let mut log = ForecastLog::new();
//! log.forecast(forecast)?;
//! // Too early to know:
//! assert!(log.outcome("m-2026-03", 0.02, time("2026-03-30T20:00:00Z")).is_err());
//! log.outcome("m-2026-03", 0.02, time("2026-03-31T20:05:00Z"))?;
//! let read = ForecastLog::parse(log.to_text()?.as_bytes())?;
//! assert_eq!(read, log);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod chain;
mod entry;
mod error;
mod line;
mod summary;
#[cfg(test)]
mod tests;

pub use chain::ForecastLog;
pub use entry::{LoggedForecast, LoggedOutcome, ModelId, StatedProbability, StatedQuantile, Target};
pub use error::LogError;
pub use summary::{GroupSummary, LogComparison, LogSummary, LoggedScore, VersionCount};
