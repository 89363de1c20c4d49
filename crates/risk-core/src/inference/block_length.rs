use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::autocovariance::Centred;
use crate::measures::StationaryBlocks;
use crate::{Error, Result, check};

const NAME: &str = "optimal block length";

/// Block lengths at which a block bootstrap errs least about the variance of a mean: [`optimal_block_length`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OptimalBlockLength {
    /// Mean length for the stationary bootstrap; below 1 for a series that hardly depends on its past.
    pub stationary: f64,
    /// Length for the circular bootstrap; not rounded.
    pub circular: f64,
    /// Lag beyond which the autocorrelations are small.
    pub lag: usize,
}

impl OptimalBlockLength {
    /// The blocks of the stationary bootstrap, at least one observation long.
    ///
    /// # Errors
    /// None for a result of [`optimal_block_length`]; those of [`StationaryBlocks::new`] for a stored one.
    pub fn blocks(&self) -> Result<StationaryBlocks> {
        StationaryBlocks::new(self.stationary.max(1.0))
    }

    /// The whole number of observations in a block of the circular bootstrap, at least 1.
    #[must_use]
    pub fn circular_length(&self) -> usize {
        (self.circular.round() as usize).max(1)
    }
}

/// The automatic block length of Politis and White.
///
/// ```text
/// b_SB = (2 G²/D_SB)^⅓ n^⅓      G = Σ λ(k/M) |k| γₖ    D_SB = 2 (Σ λ(k/M) γₖ)²    D_CB = ⅔ D_SB
/// λ(x) = 1 up to ½, then 2 (1 − x), the flat top
/// ```
///
/// M is twice the lag after which `max(5, ⌊log₁₀ n⌋)` autocorrelations in a row lie within `±2 √(log₁₀ n/n)`, at most
/// `⌈√n⌉ + max(5, ⌊log₁₀ n⌋)`. Lengths stop at `⌈min(3√n, n/3)⌉`.
///
/// # Errors
/// - [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a value that is not finite.
/// - [`Error::InsufficientData`] for fewer than 10 observations.
/// - [`Error::Undefined`] for a constant series and where the flat-top variance is zero.
/// - [`Error::Overflow`] when the autocovariances are too large.
///
/// # Source
/// Politis and White (2004); corrected by Patton, Politis and White (2009). The autocorrelation at lag k divides by
/// the two stretches it multiplies less their ends, as the `arch` package does.
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::optimal_block_length;
/// use ndarray::Array1;
///
/// // Runs of ten: blocks must be long.
/// let runs = Array1::from_shape_fn(400, |t| f64::from((t as u32 / 10).wrapping_mul(2_654_435_761) >> 24));
/// assert!(optimal_block_length(runs.view())?.stationary > 5.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn optimal_block_length(series: ArrayView1<'_, f64>) -> Result<OptimalBlockLength> {
    check::finite("series", series)?;
    check::enough(NAME, 10, series.len())?;
    let centred = Centred::new(series);
    let variance = centred.autocovariance(0);
    if !variance.is_finite() {
        return Err(Error::Overflow { name: NAME });
    }
    if variance <= 0.0 {
        return Err(Error::Undefined { name: NAME, reason: "the series is constant" });
    }
    let n = series.len() as f64;
    let row = 5.max(libm::log10(n) as usize);
    let most = (n.sqrt().ceil() as usize + row).min(series.len() - 2);
    let lag = last_large_lag(&centred, row, most);
    let reach = lag.map_or(most, |lag| (2 * lag.max(1)).min(most));
    let (g, flat_top) = flat_top_sums(&centred, reach);
    if flat_top == 0.0 {
        return Err(Error::Undefined { name: NAME, reason: "the long-run variance is zero" });
    }
    let stationary = libm::cbrt((g / flat_top) * (g / flat_top) * n);
    let cap = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    let circular = libm::cbrt(1.5) * stationary;
    if !circular.is_finite() {
        return Err(Error::Overflow { name: NAME });
    }
    Ok(OptimalBlockLength { stationary: stationary.min(cap), circular: circular.min(cap), lag: lag.unwrap_or(most) })
}

/// The lag before the first `row` small autocorrelations in a row; `None` when there are none up to `most`.
fn last_large_lag(centred: &Centred, row: usize, most: usize) -> Option<usize> {
    let n = centred.len() as f64;
    let critical = 2.0 * (libm::log10(n) / n).sqrt();
    let mut small = 0;
    for lag in 0..most {
        small = if centred.stretch_autocorrelation(lag).abs() < critical { small + 1 } else { 0 };
        if small == row {
            return Some(lag + 1 - row);
        }
    }
    None
}

/// `G` and `Σ λ(k/M) γₖ`.
fn flat_top_sums(centred: &Centred, reach: usize) -> (f64, f64) {
    let weight = |lag: usize| {
        let place = lag as f64 / reach as f64;
        if place <= 0.5 { 1.0 } else { 2.0 * (1.0 - place) }
    };
    let (mut g, mut variance) = (0.0, centred.autocovariance(0));
    for lag in 1..=reach {
        let weighted = 2.0 * weight(lag) * centred.autocovariance(lag);
        g += lag as f64 * weighted;
        variance += weighted;
    }
    (g, variance)
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::streams::Streams;

    fn autoregression(rho: f64, n: usize) -> Array1<f64> {
        let z = Streams::new(5).standard_normals(n, 1);
        let mut last = 0.0;
        z.iter()
            .map(|z| {
                last = rho * last + z;
                last
            })
            .collect()
    }

    /// For an autoregression `Σ|k|γₖ/Σγₖ = 2ρ/(1 − ρ²)`.
    #[test]
    fn finds_the_length_of_an_autoregression() {
        let (rho, n) = (0.7_f64, 20_000);
        let want = (2.0 * rho / (1.0 - rho * rho)).powf(2.0 / 3.0) * (n as f64).cbrt();
        let got = optimal_block_length(autoregression(rho, n).view()).unwrap();
        assert!((got.stationary / want - 1.0).abs() < 0.15, "{} against {want}", got.stationary);
        assert!((got.circular / got.stationary - 1.5_f64.cbrt()).abs() < 1e-12);
    }

    #[test]
    fn independent_observations_need_no_blocks() {
        let got = optimal_block_length(autoregression(0.0, 4_000).view()).unwrap();
        assert!(got.stationary < 8.0, "{}", got.stationary);
        assert!(StationaryBlocks::new(got.stationary.max(1.0)) == got.blocks() && got.circular_length() >= 1);
    }

    #[test]
    fn lengths_do_not_depend_on_units_and_are_capped() {
        let series = autoregression(0.5, 500);
        let got = optimal_block_length(series.view()).unwrap();
        // A power of two changes no digit.
        assert_eq!(optimal_block_length((&series * 1024.0).view()), Ok(got));
        // Waves leave next to no long-run variance to divide by at some length: ⌈min(3√90, 30)⌉ = 29.
        let capped = (2..60).filter(|length| {
            let wave = Array1::from_shape_fn(90, |t| (t as f64 * 6.0 / f64::from(*length)).sin());
            let got = optimal_block_length(wave.view()).unwrap();
            assert!(got.stationary <= 29.0 && got.circular <= 29.0, "{length}: {got:?}");
            got.circular == 29.0
        });
        assert!(capped.count() > 0);
    }

    #[test]
    fn hostile_input() {
        assert!(matches!(optimal_block_length(Array1::zeros(0).view()), Err(Error::Empty { .. })));
        assert!(matches!(optimal_block_length(Array1::zeros(9).view()), Err(Error::InsufficientData { .. })));
        assert!(matches!(optimal_block_length(Array1::ones(30).view()), Err(Error::Undefined { .. })));
        let mut huge = Array1::zeros(30);
        huge[3] = 1e200;
        assert!(matches!(optimal_block_length(huge.view()), Err(Error::Overflow { .. })));
        huge[3] = f64::NAN;
        assert!(matches!(optimal_block_length(huge.view()), Err(Error::ElementOutOfDomain { index: 3, .. })));
    }
}
