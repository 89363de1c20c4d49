//! Metrics of every window of a series.
//!
//! [`Rolling`] holds the returns and the length of the window, [`RollingRelative`] a benchmark too; each method
//! computes one metric for all windows at once. [`ewma_volatility`] looks at all periods up to each position.
//!
//! ```
//! use alluse_attribution::rolling::Rolling;
//! use alluse_risk_core::Frequency;
//! use ndarray::array;
//!
//! let returns = array![0.01, 0.03, 0.01, 0.01, 0.01];
//! let rolling = Rolling::new(returns.view(), 3)?;
//! let volatility = rolling.annual_volatility(Frequency::Monthly, 0)?;
//! assert_eq!(volatility.first(), 2); // the first window ends at position 2
//! let wanted = (2e-4 * 4.0 / 9.0 * 12.0_f64).sqrt(); // deviations −2/3, 4/3, −2/3 per cent
//! assert!((volatility.get(2)? - wanted).abs() < 1e-15);
//! // The last window does not vary: its volatility is 0, its skewness does not exist.
//! assert_eq!(volatility.get(4)?, 0.0);
//! assert!(rolling.skewness(Default::default()).get(4).is_err());
//! # Ok::<(), alluse_attribution::Error>(())
//! ```
//!
//! # Arithmetic
//! Windows cost the same whatever their length, except for quantiles. Nothing is ever subtracted when a period leaves a
//! window: a window is merged from the end of one block and the start of the next, so that an outlier leaves no trace
//! and there is no drift over a long series. Results agree with those of each window alone to 1e-12.

mod ewma;
mod relative;
mod single;
mod tail;
#[cfg(test)]
mod tests;
mod values;
mod window;

pub use ewma::ewma_volatility;
pub use relative::RollingRelative;
pub use single::Rolling;
pub use values::{RollingValues, UndefinedRun};
