//! The normal distribution to full precision, tails included.

use std::f64::consts::PI;

/// `1/√(2π)`.
pub(super) const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

pub(super) use alluse_risk_core::normal::{cdf, density as pdf};

use crate::kernel::math::{MILLS_BOTTOM, MILLS_END, MILLS_TOP};

/// Mills' ratio `Φ(−z)/φ(z)` for `z ≥ 0`, to 7e-16 relative.
#[inline]
pub(super) fn mills(z: f64) -> f64 {
    if z <= MILLS_END { rational_mills(z) } else { asymptotic_mills(z) }
}

/// The vector kernel's rational function; its positive terms lose nothing, and summed as a tree they do not wait for
/// each other.
#[inline]
fn rational_mills(z: f64) -> f64 {
    let (z2, p, q) = (z * z, &MILLS_TOP, &MILLS_BOTTOM);
    let z4 = z2 * z2;
    let z8 = z4 * z4;
    let top = (p[0] + p[1] * z + z2 * (p[2] + p[3] * z)) + z4 * (p[4] + p[5] * z + z2 * (p[6] + p[7] * z));
    let bottom = (q[0] + q[1] * z + z2 * (q[2] + q[3] * z)) + z4 * (q[4] + q[5] * z + z2 * (q[6] + q[7] * z));
    (top + z8 * (p[8] + p[9] * z)) / (bottom + z8 * (q[8] + q[9] * z + z2 * q[10]))
}

#[cold]
fn asymptotic_mills(z: f64) -> f64 {
    let inverse = 1.0 / z;
    let u = inverse * inverse;
    inverse * (1.0 - u * (1.0 - 3.0 * u * (1.0 - 5.0 * u * (1.0 - 7.0 * u * (1.0 - 9.0 * u * (1.0 - 11.0 * u))))))
}

/// A point whose normal probability is within about `4.5e-4` standard deviations of `probability`.
///
/// Abramowitz and Stegun (1964), 26.2.23.
pub(super) fn quantile_guess(probability: f64) -> f64 {
    let tail = probability.min(1.0 - probability);
    let t = (-2.0 * tail.ln()).sqrt();
    let x =
        t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    if probability < 0.5 { -x } else { x }
}

/// `Φ⁻¹(probability)` for a probability strictly between 0 and 1.
pub(super) fn quantile(probability: f64) -> f64 {
    let tail = probability.min(1.0 - probability);
    let mut x = quantile_guess(tail);
    // Halley's step triples the digits of the guess, so two of them reach the last one.
    for _ in 0..3 {
        let error = (cdf(x) - tail) * (2.0 * PI).sqrt() * (0.5 * x * x).exp();
        x -= error / (1.0 + 0.5 * x * error);
    }
    if probability < 0.5 { x } else { -x }
}

#[cfg(test)]
mod tests {
    use super::*;

    // mpmath 1.3, 50 digits: ncdf, npdf, and findroot of ncdf.
    #[test]
    fn cdf_holds_its_digits_far_out() {
        for (x, want) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.0, 0.158_655_253_931_457_05),
            (-6.0, 9.865_876_450_376_98e-10),
            (-10.0, 7.619_853_024_160_526e-24),
            (-30.0, 4.906_713_927_148_187e-198),
        ] {
            // Rounding x/√2 alone costs x² ulp.
            let tolerance = 4e-16 * (1.0 + x * x);
            assert!((cdf(x) / want - 1.0).abs() < tolerance, "{x}: {}", cdf(x));
        }
    }

    // (z, Y(z))
    const MILLS: [(f64, f64); 6] = [
        (0.0, 1.253_314_137_315_500_3),
        (3.0, 0.304_590_298_710_103_3),
        (17.0, 0.058_622_064_980_015_945),
        (40.0, 0.024_984_404_205_720_57),
        (40.5, 0.024_676_332_062_265_57),
        (60.0, 0.016_662_040_889_713_754),
    ];

    #[test]
    fn mills_ratio_is_the_tail_over_the_density() {
        for z in [0.0, 0.1, 0.7, 1.0, 2.5, 5.0, 8.0, 12.0, 20.0, 30.0] {
            let want = cdf(-z) / pdf(z);
            assert!((mills(z) / want - 1.0).abs() < 1e-15 * (2.0 + z * z), "{z}");
        }
        // mpmath 1.3, 50 digits, on both sides of the seam.
        for (z, want) in MILLS {
            assert!((mills(z) / want - 1.0).abs() < 5e-16, "{z}");
        }
        // 1/z · (1 − 1/z² + 3/z⁴ − 15/z⁶)
        assert!((mills(1e3) / (1e-3 * (1.0 - 1e-6 + 3e-12)) - 1.0).abs() < 1e-15);
        assert!((mills(1e8) / 1e-8 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn quantile_inverts_the_cdf() {
        for (p, want) in [
            (0.975, 1.959_963_984_540_054),
            (0.5, 0.0),
            (0.01, -2.326_347_874_040_841),
            (1e-10, -6.361_340_902_404_056),
            (1e-100, -21.273_453_560_965_324),
        ] {
            assert!((quantile(p) - want).abs() < 2e-15 * (1.0 + f64::abs(want)), "{p}: {}", quantile(p));
        }
    }
}
