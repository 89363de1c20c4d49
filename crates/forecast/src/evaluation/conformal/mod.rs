//! Intervals that hold what they promise, whatever forecast they are built on.
//!
//! [`SplitConformal`] widens intervals once, by errors that are exchangeable with those to come. [`AdaptiveConformal`]
//! keeps the promise when they are not: it widens after misses and narrows after hits, at one or several rates.
//! [`ConformalPid`] keeps it too and can widen beyond every error seen: by a tracked quantile and the excess of misses.
//!
//! ```
//! use alluse_forecast::evaluation::conformal::{AdaptiveConformal, BaseInterval};
//! use alluse_risk_core::Confidence;
//!
//! let mut adaptive = AdaptiveConformal::new(Confidence::P90, 0.05, 100)?;
//! for day in 0..400_u32 {
//!     // The error of the forecast 0 quadruples halfway.
//!     let error = f64::from(day * 7 % 13) - 6.0;
//!     let scale = if day < 200 { 1.0 } else { 4.0 };
//!     adaptive.observe(BaseInterval::point(0.0)?, scale * error)?;
//! }
//! assert!((adaptive.coverage().unwrap() - 0.9).abs() < 0.055);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod adaptive;
mod base;
mod pid;
mod split;
#[cfg(test)]
mod tests;

pub use adaptive::{AdaptiveConformal, DEFAULT_RATES};
pub use base::{BaseInterval, ConformalInterval};
pub use pid::{ConformalPid, Saturation};
pub use split::SplitConformal;
