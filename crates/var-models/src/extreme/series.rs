//! Functions of the generalised Pareto law that lose digits near a shape of zero, and their power series.

/// Below this `|x|` the series below are exact to rounding, and above it the closed forms keep twelve digits.
const SMALL: f64 = 0.05;

/// Terms of a series: `0.05^13` is below the rounding of a double.
const TERMS: i32 = 13;

/// `ln(1 + x)/x`, 1 at zero.
pub(super) fn log_ratio(x: f64) -> f64 {
    if x.abs() < 1e-8 { 1.0 - 0.5 * x } else { x.ln_1p() / x }
}

/// `(eˣ − 1)/x`, 1 at zero.
pub(super) fn exp_ratio(x: f64) -> f64 {
    if x.abs() < 1e-8 { 1.0 + 0.5 * x } else { x.exp_m1() / x }
}

/// `(ln(1 + x)/x − 1/(1 + x))/x`, a half at zero.
pub(super) fn first_order(x: f64) -> f64 {
    if x.abs() < SMALL {
        return alternating(x, |k| (k + 1.0) / (k + 2.0));
    }
    (x.ln_1p() / x - 1.0 / (1.0 + x)) / x
}

/// `((1 + x)⁻² − 2 first_order(x))/x`, −2/3 at zero.
pub(super) fn second_order(x: f64) -> f64 {
    if x.abs() < SMALL {
        return -alternating(x, |k| (k + 1.0) * (k + 2.0) / (k + 3.0));
    }
    ((1.0 + x).powi(-2) - 2.0 * first_order(x)) / x
}

/// The slope of [`exp_ratio`], `(eˣ − (eˣ − 1)/x)/x`, a half at zero.
pub(super) fn exp_ratio_slope(x: f64) -> f64 {
    if x.abs() < SMALL {
        // Σ xᵏ/(k! (k + 2))
        return (0..TERMS).rev().fold(0.0, |sum, k| {
            let k = f64::from(k);
            1.0 / (k + 2.0) + x / (k + 1.0) * sum
        });
    }
    (x.exp() - exp_ratio(x)) / x
}

/// `Σ (−x)ᵏ a(k)` from `k = 0`, by Horner's rule.
fn alternating(x: f64, coefficient: impl Fn(f64) -> f64) -> f64 {
    (0..TERMS).rev().fold(0.0, |sum, k| coefficient(f64::from(k)) - x * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_zero_are_the_limits() {
        assert_eq!(log_ratio(0.0), 1.0);
        assert_eq!(exp_ratio(0.0), 1.0);
        assert_eq!(first_order(0.0), 0.5);
        assert_eq!(second_order(0.0), -2.0 / 3.0);
    }

    #[test]
    fn both_branches_agree_with_fifty_digit_arithmetic() {
        // mpmath 1.4 with mp.dps = 50; the second list loses about eps/x^3 of its digits just above 0.05.
        for (x, log, exp, first, second) in [
            (-0.3, 1.188_916_479_795_774_6, 0.863_939_264_394_274, 0.798_849_829_252_18, -1.477_055_560_087_508),
            (
                -0.049,
                1.025_330_947_688_709_1,
                0.975_895_312_275_411_5,
                0.534_566_594_734_600_2,
                -0.746_347_510_579_517_3,
            ),
            (-0.051, 1.026_401_575_925_670_3, 0.974_928_028_775_942_5, 0.536_062_820_441_308, -0.749_882_158_114_317_6),
            (1e-9, 0.999_999_999_5, 1.000_000_000_5, 0.499_999_999_333_333_3, -0.666_666_665_166_666_7),
            (0.049, 0.976_272_028_860_410_7, 1.024_905_117_143_431_6, 0.469_044_537_549_285, -0.598_560_208_126_382_3),
            (0.051, 0.975_335_135_192_432_6, 1.025_939_083_984_390_4, 0.467_849_985_769_797, -0.595_994_182_383_539_6),
            (4.0, 0.402_359_478_108_525_1, 13.399_537_508_286_06, 0.050_589_869_527_131_27, -0.015_294_934_763_565_637),
        ] {
            for (name, got, want, tolerance) in [
                ("log_ratio", log_ratio(x), log, 1e-15),
                ("exp_ratio", exp_ratio(x), exp, 1e-15),
                ("first_order", first_order(x), first, 1e-13),
                ("second_order", second_order(x), second, 1e-11),
            ] {
                assert!((got / want - 1.0).abs() < tolerance, "{name}({x}) = {got}, want {want}");
            }
        }
    }
}
