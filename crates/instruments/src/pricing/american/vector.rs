//! Elementwise functions that a compiler can turn into vector instructions: no branch, no call.
//!
//! A fused multiply-add has one correct result, so every instruction set gives the same bits.

/// A polynomial in `$x`, its even and odd powers as two chains that a processor runs side by side. Written out
/// in full: a loop over coefficients keeps the compiler from running the loop around it in vector lanes.
macro_rules! polynomial {
    (@chain $x:expr, $last:expr) => { $last };
    (@chain $x:expr, $first:expr, $($rest:expr),+) => {
        f64::mul_add(polynomial!(@chain $x, $($rest),+), $x, $first)
    };
    ($x:expr, even: [$($even:expr),+ $(,)?], odd: [$($odd:expr),+ $(,)?]) => {{
        let square = $x * $x;
        let even = polynomial!(@chain square, $($even),+);
        let odd = polynomial!(@chain square, $($odd),+);
        f64::mul_add(odd, $x, even)
    }};
}

/// `exp(x)` for `x ≤ 700`, to 3e-16 relative; below −500 it stays at `exp(−500)`, so that
/// products with it are no subnormal numbers, which are slow.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    const ROUNDER: f64 = 6_755_399_441_055_744.0; // 1.5 · 2^52: adding it rounds to a whole number
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1; // 32 leading bits, so that k · LN2_HIGH is exact
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x > -500.0 { x } else { -500.0 };
    let x = if x < 700.0 { x } else { 700.0 };
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUNDER);
    let k = shifted - ROUNDER;
    let r = k.mul_add(-LN2_LOW, k.mul_add(-LN2_HIGH, x));
    let sum = polynomial!(
        r,
        even: [
            1.0,
            0.5,
            1.0 / 24.0,
            1.0 / 720.0,
            1.0 / 40_320.0,
            1.0 / 3_628_800.0,
            1.0 / 479_001_600.0
        ],
        odd: [
            1.0,
            1.0 / 6.0,
            1.0 / 120.0,
            1.0 / 5_040.0,
            1.0 / 362_880.0,
            1.0 / 39_916_800.0
        ]
    );
    // The low bits of `shifted` hold k; moved into the exponent of 1.0 they give 2^k.
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    sum * power
}

/// `φ(d)` and `Φ(d)`, to about 2e-14 of the tail on either side.
#[inline(always)]
pub(super) fn density_and_cdf(d: f64) -> (f64, f64) {
    let z = d.abs();
    let density = super::super::normal::INV_SQRT_2PI * exp(-0.5 * z * z);
    let inverse = 1.0 / (z + 5.0);
    let t = (z - 5.0) * inverse;
    // The expansion of `normal::mills`, to degree 18.
    let sum = polynomial!(
        t,
        even: [
            1.928_081_047_153_132_9,
            1.241_547_061_578_842_4,
            0.413_644_715_566_727,
            0.052_125_504_564_971_614,
            -0.001_999_976_210_147_104,
            -0.000_148_778_669_135_823_05,
            4.168_692_128_661_538e-5,
            -6.756_528_244_170_93e-6,
            9.200_793_114_928_529e-7,
            -8.116_801_723_179_011e-8
        ],
        odd: [
            -1.667_866_595_189_418,
            -0.785_911_075_518_675,
            -0.173_254_734_586_469_12,
            -0.007_503_278_732_753_357_5,
            0.001_365_840_886_626_813_5,
            -0.000_124_687_052_430_413_37,
            9.894_891_944_479_356e-6,
            -7.546_246_840_368_666e-7,
            4.663_712_961_938_517e-8
        ]
    );
    let tail = density * sum * inverse;
    (density, if d > 0.0 { 1.0 - tail } else { tail })
}

#[cfg(test)]
mod tests {
    use super::super::super::normal;
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for i in -5_000..7_000 {
            let x = f64::from(i) * 0.099_7;
            assert!((exp(x) / x.exp() - 1.0).abs() < 5e-16, "{x}");
        }
        assert!(exp(-1e9) < 1e-200);
    }

    #[test]
    fn density_and_cdf_agree_with_the_precise_ones() {
        for i in -300..300 {
            let d = f64::from(i) * 0.1;
            let (density, cdf) = density_and_cdf(d);
            assert!((density / normal::pdf(d) - 1.0).abs() < 1e-15, "{d}");
            assert!((cdf / normal::cdf(d) - 1.0).abs() < 3e-14 + 1e-15 * d * d, "{d}");
        }
    }
}
