//! Metrics that follow a stream: observations come one by one, late, twice, or wrong, and are merged, taken back and
//! corrected.
//!
//! | state | order of the periods | supports |
//! |---|---|---|
//! | [`StreamingPerformance`] | does not matter | push, retract, merge |
//! | [`StreamingRelative`], with a benchmark | does not matter | push, retract, merge |
//! | [`DrawdownSummary`] | matters | push, append |
//! | [`StreamingPath`] | matters | push, pop, replace, any stretch, each in logarithmic time |
//!
//! # Arithmetic
//! The sums behind the first two are exact: pushing and retracting leaves the state that was there before to the last
//! bit, and merging gives the same bits in every order and on any number of threads. Metrics are rounded from
//! the exact sums when asked for.
//!
//! ```
//! use alluse_attribution::streaming::StreamingPerformance;
//!
//! let mut morning = StreamingPerformance::of([0.01, -0.02])?;
//! let before = morning.clone();
//! morning.push(1e6)?; // a decimal point in the wrong place
//! morning.retract(1e6)?;
//! assert_eq!(morning, before);
//! assert!(morning.retract(0.5).is_err()); // it was never there
//!
//! morning.merge(&StreamingPerformance::of([0.04])?);
//! assert_eq!(morning.count(), 3);
//! assert!((morning.mean_return()? - 0.01).abs() < 1e-17);
//! assert_eq!(morning.worst_return()?, -0.02);
//! # Ok::<(), alluse_attribution::Error>(())
//! ```

mod drawdown;
mod multiset;
mod path;
mod performance;
mod relative;
#[cfg(test)]
mod tests;

pub use drawdown::DrawdownSummary;
pub use path::StreamingPath;
pub use performance::StreamingPerformance;
pub use relative::StreamingRelative;
