//! What a series is: autocorrelation, changing variance, unit roots, stationarity, normality.
//!
//! ```
//! use alluse_forecast::time_series::diagnostics::Portmanteau;
//! use ndarray::array;
//!
//! let series = array![1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
//! // One lag with ρ = −7/8: n(n+2) ρ²/(n−1) = 80 · 49/64 / 7.
//! let test = Portmanteau::ljung_box().test(series.view(), 1)?;
//! assert!((test.statistic - 8.75).abs() < 1e-13 && test.p_value < 0.01);
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod adf;
mod arch_lm;
mod kpss;
mod mackinnon;
mod portmanteau;
mod tail;
#[cfg(test)]
mod tests;

pub use adf::{AdfLags, AdfTest, AugmentedDickeyFuller, Deterministic};
pub use alluse_risk_core::moments::{JarqueBera, jarque_bera};
pub use arch_lm::{ArchLmTest, Centring, arch_lm};
pub use kpss::{Kpss, KpssLags, KpssNull, KpssPValue, KpssTest};
pub use mackinnon::CriticalValues;
pub use portmanteau::{Portmanteau, PortmanteauKind, PortmanteauTest};
