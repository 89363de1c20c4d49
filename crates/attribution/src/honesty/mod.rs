//! When win rate and Sharpe ratio of an option seller mislead, and by how much.
//!
//! Selling options earns a little most of the time and loses a lot at times. Win rate, mean and deviation of a record
//! without such a time say little about the strategy. Each check here compares what a record seems to say with what it
//! can say, and where they differ it says so, with the numbers and in one plain sentence.
//!
//! ```
//! use alluse_attribution::honesty::{Finding, HonestyCheck};
//! use alluse_attribution::{ReturnKind, ReturnSeries};
//! use alluse_risk_core::Frequency;
//! use jiff::civil::date;
//!
//! // Two years of 1 % a month and one month that took 15 % back.
//! let returns: Vec<f64> = (0..24).map(|month| if month == 17 { -0.15 } else { 0.01 + 0.001 * f64::from(month % 3) }).collect();
//! let dates = (0..24_i8).map(|month| date(2022 + i16::from(month / 12), 1 + month % 12, 28)).collect();
//! let record = ReturnSeries::new("puts", dates, returns, Frequency::Monthly, ReturnKind::Total)?;
//! let report = HonestyCheck::default().examine(&record)?;
//! assert!(report.warnings.iter().any(|w| matches!(w.finding, Finding::WinRateHidesLosses { win_rate, .. } if win_rate > 0.95)));
//! # Ok::<(), alluse_attribution::Error>(())
//! ```

mod autocorrelation;
mod check;
mod finding;
mod promise;
#[cfg(test)]
mod tests;

pub use check::HonestyCheck;
pub use finding::{Finding, HonestyReport, Severity, Unchecked, Warning};
pub use promise::{BaseRate, Target, Trials};
