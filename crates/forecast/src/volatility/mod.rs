//! Conditional volatility: the GARCH family, HAR, RiskMetrics, range estimators, blends with implied volatility.
//!
//! ```
//! use alluse_forecast::innovations::Innovations;
//! use alluse_forecast::volatility::Garch;
//! use alluse_risk_core::streams::Streams;
//!
//! let returns = 0.01 * &Streams::new(2).standard_normals(1_000, 1).column(0);
//! let fitted = Garch::gjr(1, 1, 1).with_innovations(Innovations::StudentT).estimate(returns.view())?;
//! let ahead = fitted.forecast(21)?; // expected variance of each of the next 21 days
//! assert!((ahead[20].sqrt() - 0.01).abs() < 0.002);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

pub mod garch;

pub use garch::{FittedGarch, Garch, GarchParameters};
