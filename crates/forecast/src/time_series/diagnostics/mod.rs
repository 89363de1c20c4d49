//! Tests of what a series is: autocorrelation, changing variance, unit roots.
//!
//! ```
//! use alluse_forecast::time_series::diagnostics::ljung_box;
//! use ndarray::Array1;
//!
//! let wave: Array1<f64> = (0..60).map(|t| (0.5 * f64::from(t)).sin()).collect();
//! let test = &ljung_box(wave.view(), &[5])?[0];
//! assert!(test.p_value < 1e-6); // a wave knows its past
//! # Ok::<(), alluse_forecast::Error>(())
//! ```

mod arch_effects;
mod portmanteau;
mod unit_root;

pub use arch_effects::{ArchTest, Centre, arch_lm};
pub use portmanteau::{PortmanteauTest, box_pierce, ljung_box};
pub use unit_root::{Deterministic, StationarityTest, UnitRootTest, augmented_dickey_fuller, kpss};

use statrs::function::gamma::checked_gamma_ur;

use crate::{Error, Result};

/// Probability that a chi-square variable exceeds `statistic`.
fn chi_square_tail(degrees: usize, statistic: f64) -> Result<f64> {
    if statistic <= 0.0 {
        return Ok(1.0);
    }
    checked_gamma_ur(0.5 * degrees as f64, 0.5 * statistic)
        .map_err(|error| Error::undefined("p-value of a chi-square statistic", error.to_string()))
}
