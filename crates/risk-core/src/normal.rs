//! The standard normal distribution to full double precision.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use statrs::function::erf::erfc_inv;

use crate::{Error, Result};

/// Density `φ(x)`.
#[must_use]
pub fn density(x: f64) -> f64 {
    /// 1/√(2π).
    const PEAK: f64 = 0.398_942_280_401_432_7;
    PEAK * libm::exp(-0.5 * x * x)
}

/// Distribution function `Φ(x)`, accurate relative to its own size in the left tail.
///
/// ```
/// use alluse_risk_core::normal;
///
/// assert!((normal::cdf(1.959963984540054) - 0.975).abs() < 1e-15);
/// ```
#[must_use]
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Quantile `Φ⁻¹(p)`.
///
/// # Errors
/// [`Error::OutOfDomain`] unless `0 < p < 1`.
pub fn quantile(p: f64) -> Result<f64> {
    if !(p > 0.0 && p < 1.0) {
        return Err(Error::OutOfDomain { name: "probability", expected: "in (0, 1)", value: p });
    }
    Ok(quantile_inside(p))
}

/// Quantile; the caller has checked `0 < p < 1`.
pub(crate) fn quantile_inside(p: f64) -> f64 {
    // The left tail keeps its relative accuracy; 1 − p is exact above one half.
    if p > 0.5 { -left_quantile(1.0 - p) } else { left_quantile(p) }
}

/// Quantile for `p ≤ 1/2`: the library's value, polished by one Halley step on `Φ(x) = p`, because the
/// inverse error function at hand is good to ten digits or so in the tail.
fn left_quantile(p: f64) -> f64 {
    let x = -SQRT_2 * erfc_inv(2.0 * p);
    let density = density(x);
    let step = (cdf(x) - p) / density;
    let polished = x - step / (1.0 + 0.5 * x * step);
    // Beyond 1e-308 the density underflows and there is nothing to polish with.
    if polished.is_finite() { polished } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_from_high_precision_arithmetic() {
        // mpmath 1.3, 40 digits: sqrt(2) erfinv(2p − 1).
        for (p, want) in [
            (0.5, 0.0),
            (0.95, 1.644_853_626_951_472_7),
            (0.975, 1.959_963_984_540_054_2),
            (0.99, 2.326_347_874_040_841),
            (0.01, -2.326_347_874_040_841),
            (1e-10, -6.361_340_902_404_056),
            (1e-300, -37.047_096_299_361_19),
        ] {
            let got = quantile(p).unwrap();
            assert!((got - want).abs() <= 4e-16 * want.abs().max(1.0) * 2.0, "{p}: {got} against {want}");
        }
    }

    #[test]
    fn the_left_tail_is_relatively_accurate() {
        // mpmath 1.3, 40 digits: erfc(10/sqrt(2))/2 and erfc(30/sqrt(2))/2.
        assert!((cdf(-10.0) / 7.619_853_024_160_527e-24 - 1.0).abs() < 1e-14);
        assert!((cdf(-30.0) / 4.906_713_927_148_187e-198 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn the_quantile_undoes_the_distribution_function() {
        for z in [-30.0, -8.0, -2.5, -1e-3, 0.7, 3.0] {
            let back = quantile(cdf(z)).unwrap();
            assert!((back - z).abs() <= 1e-12 * z.abs(), "{z}: {back}");
        }
    }

    #[test]
    fn probabilities_outside_the_open_interval_are_refused() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert!(quantile(p).is_err(), "{p}");
        }
    }
}
