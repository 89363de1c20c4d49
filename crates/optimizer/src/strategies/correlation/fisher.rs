//! The interval of a correlation by Fisher's transformation, on the observations that dependence leaves.

use alluse_risk_core::{Confidence, Error as Input, Interval, IntervalMethod, normal};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How many independent observations a pair of series is worth.
///
/// ```text
/// n* = n / (1 + 2 Σₖ (1 − k/n) ρₓ(k) ρ_y(k))        never more than n
/// ```
///
/// # Source
/// Bartlett (1946) for the variance of the correlation of two autocorrelated series; for returns over `h` periods
/// taken every period, `ρ(k) = 1 − k/h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EffectiveSize {
    /// As many as there are.
    Independent,
    /// With the sample autocorrelations up to `⌊n^(1/3)⌋`.
    #[default]
    Autocorrelated,
    /// With the autocorrelations of returns over so many periods, of which one is taken every period.
    Overlapping {
        /// Periods in a return; 1 for none shared.
        periods: usize,
    },
}

impl EffectiveSize {
    /// `n*` of two series of equal length.
    pub(super) fn observations(self, x: &[f64], y: &[f64]) -> Result<f64> {
        let n = x.len();
        let tapered = |lag: usize, product: f64| (1.0 - lag as f64 / n as f64) * product;
        let sides: f64 = match self {
            Self::Independent => 0.0,
            Self::Autocorrelated => {
                let lags = libm::cbrt(n as f64).floor() as usize;
                let products = autocorrelations(x, lags).zip(autocorrelations(y, lags)).map(|(a, b)| a * b);
                (1..=lags).zip(products).map(|(lag, product)| tapered(lag, product)).sum()
            }
            Self::Overlapping { periods: 0 } => {
                let (name, expected) = ("periods of a return", "at least 1");
                return Err(Input::OutOfDomain { name, expected, value: 0.0 }.into());
            }
            Self::Overlapping { periods } => {
                let shared = |lag: usize| (1.0 - lag as f64 / periods as f64).powi(2);
                (1..periods.min(n)).map(|lag| tapered(lag, shared(lag))).sum()
            }
        };
        Ok(n as f64 / (1.0 + 2.0 * sides).max(1.0))
    }
}

/// `γₖ/γ₀` for `k = 1, 2, …`; the series is not constant.
fn autocorrelations(series: &[f64], lags: usize) -> impl Iterator<Item = f64> {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let deviations: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let covariance = |d: &[f64], lag: usize| d.iter().zip(&d[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let variance = covariance(&deviations, 0);
    (1..=lags).map(move |lag| covariance(&deviations, lag) / variance)
}

/// The interval of a correlation estimated from bivariate normal returns.
///
/// ```text
/// tanh(artanh ρ ± z_{(1+level)/2} / √(n − 3))
/// ```
///
/// `observations` may be fractional: the number of independent ones that the sample is worth. The promise holds for
/// normal returns; with fat tails the interval is too short, and [`BlockBootstrap`](super::CorrelationInterval) is
/// the alternative.
///
/// # Errors
/// - [`Error::Input`] for a correlation outside [−1, 1].
/// - [`Error::Undefined`] unless there are more than 3 observations.
///
/// # Source
/// Fisher (1921).
///
/// # Examples
/// ```
/// use alluse_optimizer::strategies::correlation::fisher_interval;
/// use alluse_risk_core::Confidence;
///
/// let year = fisher_interval(0.70, 252.0, Confidence::P95)?;
/// assert!((year.lower - 0.63).abs() < 0.005 && (year.upper - 0.76).abs() < 0.005);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn fisher_interval(correlation: f64, observations: f64, level: Confidence) -> Result<Interval> {
    let name = "correlation";
    crate::strategies::check::within(name, correlation, -1.0, 1.0, "in [-1, 1]")?;
    if !(observations > 3.0 && observations.is_finite()) {
        let reason = format!("Fisher's interval needs more than 3 independent observations, got {observations}");
        return Err(Error::Undefined { what: "interval of a correlation", reason });
    }
    let reach = normal::quantile(1.0 - 0.5 * level.tail())? / (observations - 3.0).sqrt();
    // At ±1 the transform is infinite and the interval a point: no sample can be more certain.
    let z = libm::atanh(correlation);
    let (lower, upper) = (libm::tanh(z - reach), libm::tanh(z + reach));
    Ok(Interval { lower, upper, level, method: IntervalMethod::Asymptotic })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlation_of_70_percent_is_as_uncertain_as_published() {
        // The feature sheet's own figures: months of a year, weeks of a year, days of a year.
        for (n, lower, upper) in [(12.0, 0.21, 0.91), (52.0, 0.53, 0.82), (252.0, 0.63, 0.76)] {
            let got = fisher_interval(0.70, n, Confidence::P95).unwrap();
            assert!((got.lower - lower).abs() <= 0.005 && (got.upper - upper).abs() <= 0.005, "{n}: {got:?}");
        }
    }

    #[test]
    fn the_ends_and_the_refusals() {
        let of = |rho, n| fisher_interval(rho, n, Confidence::P95);
        let certain = of(1.0, 10.0).unwrap();
        assert_eq!((certain.lower, certain.upper), (1.0, 1.0));
        for n in [3.0, 0.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(of(0.5, n), Err(Error::Undefined { .. })), "{n}");
        }
        for rho in [1.1, -1.1, f64::NAN] {
            assert!(matches!(of(rho, 10.0), Err(Error::Input(_))), "{rho}");
        }
    }

    #[test]
    fn overlap_costs_two_thirds_of_its_length() {
        // Σ over all lags of (1 − k/h)² is (2h² + 1)/(3h), the closed form of a sum of squares.
        let n = 1_000_000;
        let flat = vec![0.0; n];
        let size = EffectiveSize::Overlapping { periods: 5 };
        let worth = size.observations(&flat, &flat).unwrap();
        assert!((n as f64 / worth - 51.0 / 15.0).abs() < 1e-4);
        assert_eq!(EffectiveSize::Overlapping { periods: 1 }.observations(&flat, &flat).unwrap(), n as f64);
        assert!(EffectiveSize::Overlapping { periods: 0 }.observations(&[0.0], &[0.0]).is_err());
    }

    #[test]
    fn persistence_costs_observations_and_alternation_gives_none() {
        let slow: Vec<f64> = (0..200).map(|i| libm::sin(f64::from(i) / 10.0)).collect();
        let fast: Vec<f64> = (0..200).map(|i| f64::from(i % 2)).collect();
        let size = EffectiveSize::default();
        assert!(size.observations(&slow, &slow).unwrap() < 40.0);
        // Opposite signs of autocorrelation cancel in truth; no sample is counted as more than it has.
        assert_eq!(size.observations(&slow, &fast).unwrap(), 200.0);
    }
}
