//! The normal distribution to full precision, tails included.

use std::f64::consts::PI;

/// `1/√(2π)`.
pub(super) const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// `ln √(2π)`.
pub(super) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

pub(super) use alluse_risk_core::normal::{cdf, density as pdf};

/// Mills' ratio `Φ(−z)/φ(z)` for `z ≥ 0`, to 7e-16 relative.
///
/// `(z + 5) · ratio` is smooth in `t = (z − 5)/(z + 5)` over the whole half line, infinity included:
/// this is its Chebyshev expansion to degree 24, rewritten in powers of `t`.
pub(super) fn mills(z: f64) -> f64 {
    const EVEN: [f64; 13] = [
        1.928_081_047_153_157_8,
        1.241_547_061_573_866_4,
        0.413_644_715_732_683_8,
        0.052_125_502_412_278_8,
        -0.001_999_961_974_984_366,
        -0.000_148_833_052_323_398_02,
        4.181_458_586_632_463e-5,
        -6.945_033_138_491_628e-6,
        1.093_663_352_359_394_2e-6,
        -1.764_123_968_976_190_4e-7,
        2.817_201_197_544_303_2e-8,
        -3.844_184_064_964_92e-9,
        3.125_605_447_160_412_5e-10,
    ];
    const ODD: [f64; 12] = [
        -1.667_866_595_188_96,
        -0.785_911_075_546_545_3,
        -0.173_254_734_087_150_42,
        -0.007_503_282_820_678_759,
        0.001_365_859_160_942_436_1,
        -0.000_124_735_658_187_210_82,
        9.974_780_085_542_733e-6,
        -8.360_675_980_181_407e-7,
        9.668_428_357_216_325e-8,
        -1.739_812_427_767_919_6e-8,
        3.186_866_843_866_513_3e-9,
        -3.336_850_487_923_168e-10,
    ];
    let t = (z - 5.0) / (z + 5.0);
    let square = t * t;
    let even = EVEN.iter().rev().fold(0.0, |sum, c| sum * square + c);
    let odd = ODD.iter().rev().fold(0.0, |sum, c| sum * square + c);
    (even + t * odd) / (z + 5.0)
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

    #[test]
    fn mills_ratio_is_the_tail_over_the_density() {
        for z in [0.0, 0.1, 0.7, 1.0, 2.5, 5.0, 8.0, 12.0, 20.0, 30.0] {
            let want = cdf(-z) / pdf(z);
            assert!((mills(z) / want - 1.0).abs() < 1e-15 * (2.0 + z * z), "{z}");
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
