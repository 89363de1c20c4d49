//! The out-of-the-money Black price in units of its limit.
//!
//! `c(s) = Φ(−w) − e^x Φ(−v)` for moneyness `x = |ln(F/K)| ≥ 0` and deviation `s > 0`, where `z = x/s`, `t = s/2`,
//! `w = z − t` and `v = z + t`; it rises from 0 to 1 with `s`, and `c′(s) = φ(w)`. With Mills' ratio
//! `Y(z) = Φ(−z)/φ(z)` the exponentials drop out: `c = φ(w) [Y(w) − Y(v)]` and `1 − c = φ(w) [Y(−w) + Y(v)]`.

use crate::pricing::normal::mills;

/// Beyond this `w` the series of Mills' ratio in `1/w²` has all digits.
pub(crate) const FAR: f64 = 35.0;

/// Which of two small quantities a [`Point`] describes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Side {
    /// The price `c`.
    Price,
    /// The rest `1 − c`.
    Rest,
}

/// The function at one deviation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) side: Side,
    /// `z − t`.
    pub(super) w: f64,
    /// The quantity over its derivative: `c/c′`, or `(1 − c)/(−c′)`, which is negative.
    pub(super) ratio: f64,
    /// `ratio · c″/c′`.
    pub(super) second: f64,
    /// `ratio² · c‴/c′`.
    pub(super) third: f64,
}

impl Point {
    #[inline]
    pub(super) fn new(x: f64, s: f64) -> Self {
        let (z, t) = (x / s, 0.5 * s);
        let (w, v) = (z - t, z + t);
        let (side, ratio) = if w > FAR {
            (Side::Price, far_difference(z, t))
        } else if is_near(x, s) {
            (Side::Price, near_difference(z, t))
        } else if w >= 0.0 {
            (Side::Price, mills(w) - mills(v))
        } else {
            (Side::Rest, -(mills(-w) + mills(v)))
        };
        // c″/c′ = z²/s − s/4 and c‴/c′ = (c″/c′)² − 3 (z/s)² − 1/4, the small ratio multiplied in first.
        let slope = z * (ratio / s);
        let second = z * slope - 0.25 * s * ratio;
        let third = second * second - 3.0 * slope * slope - 0.25 * ratio * ratio;
        Self { side, w, ratio, second, third }
    }
}

/// Where the difference of Mills' ratios would cancel.
#[inline]
fn is_near(x: f64, s: f64) -> bool {
    x <= 1.0 && s < 1.0
}

/// `Y(z − t) − Y(z + t) = 2t Σ Tₖ t²ᵏ` for `t < 1/2` and `zt ≤ 1/2`.
///
/// `(2k + 1)! Tₖ` are the odd moments `∫ uⁿ e^(−zu − u²/2) du`, of which `Tₖ₊₁ (n + 1)(n + 2) = (z² + 2n + 1) Tₖ − Tₖ₋₁`,
/// `n = 2k + 1`, `T₋₁ = 1`. At `z = 0`, where it is slowest, term `k` is `(2t²)ᵏ k!/(2k + 1)!` of the first.
#[inline]
fn near_difference(z: f64, t: f64) -> f64 {
    let square = t * t;
    let first = 1.0 - z * mills(z);
    let sum = if t < 0.03 {
        series::<4>(z * z, square, first)
    } else if t < 0.125 {
        series::<6>(z * z, square, first)
    } else {
        series::<10>(z * z, square, first)
    };
    2.0 * t * sum
}

/// `Σ Tₖ t²ᵏ` for `k ≤ N`.
#[inline]
fn series<const N: usize>(z2: f64, square: f64, first: f64) -> f64 {
    let (mut before, mut term) = (1.0, first);
    let (mut sum, mut power) = (first, 1.0);
    for (inverse, step) in INVERSE.iter().zip(STEP).take(N) {
        // Times the reciprocal, a constant: divisions in a chain would be most of the time.
        let next = ((z2 + step) * term - before) * inverse;
        (before, term) = (term, next);
        power *= square;
        sum += term * power;
    }
    sum
}

/// `1/((n + 1)(n + 2))` for `n = 1, 3, 5, …`.
pub(crate) const INVERSE: [f64; 10] = [
    1.0 / 6.0,
    1.0 / 20.0,
    1.0 / 42.0,
    1.0 / 72.0,
    1.0 / 110.0,
    1.0 / 156.0,
    1.0 / 210.0,
    1.0 / 272.0,
    1.0 / 342.0,
    1.0 / 420.0,
];

/// `2n + 1` for the same `n`.
pub(crate) const STEP: [f64; 10] = [3.0, 7.0, 11.0, 15.0, 19.0, 23.0, 27.0, 31.0, 35.0, 39.0];

/// `Y(z − t) − Y(z + t)` by the asymptotic series of Mills' ratio, each difference of powers divided out by hand; for
/// `z − t >` [`FAR`].
#[cold]
fn far_difference(z: f64, t: f64) -> f64 {
    let (a, c) = (1.0 / (z - t), 1.0 / (z + t));
    // Σ aⁱ cʲ over i + j = m, for m = 0, 2, 4, …
    let (mut homogeneous, mut c_power) = (1.0, 1.0);
    let (mut sum, mut coefficient) = (1.0, 1.0);
    for k in 1..=6 {
        for _ in 0..2 {
            c_power *= c;
            homogeneous = a * homogeneous + c_power;
        }
        coefficient *= 1.0 - 2.0 * f64::from(k);
        sum += coefficient * homogeneous;
    }
    2.0 * t * a * c * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    // x, s; side, w, c/c′ or (c − 1)/c′, and with c″/c′ and c‴/c′: mpmath 1.3, 110 digits, differentiated numerically.
    const GOLDEN: &[(f64, f64, Side, f64, f64, f64, f64)] = &[
        (
            0.001,
            0.0598,
            Side::Price,
            -0.013_177_591_973_244_146,
            0.058_580_507_842_887_326,
            -0.000_601_842_295_519_771_7,
            -0.001_662_606_629_151_942,
        ),
        (
            0.001,
            0.0602,
            Side::Price,
            -0.013_488_704_318_936_874,
            0.058_980_751_673_796_156,
            -0.000_617_313_764_213_025_1,
            -0.001_663_914_611_397_033_5,
        ),
        (0.3, 0.05, Side::Price, 5.975, 0.001_286_720_623_644_209, 0.926_422_765_016_034_7, 0.786_734_647_212_414_4),
        (0.3, 0.2, Side::Price, 1.4, 0.045_318_022_684_651_94, 0.507_561_854_068_101_6, -0.089_460_181_722_831_14),
        (
            0.3,
            0.249,
            Side::Price,
            1.080_319_277_108_433_8,
            0.071_825_534_259_595_6,
            0.414_248_501_778_317_85,
            -0.192_034_435_019_164_23,
        ),
        (
            0.3,
            0.251,
            Side::Price,
            1.069_719_123_505_976,
            0.073_000_395_365_620_59,
            0.410_895_813_964_731_96,
            -0.195_006_319_744_027_4,
        ),
        (
            0.9,
            0.99,
            Side::Price,
            0.414_090_909_090_909_1,
            0.388_560_084_949_764_24,
            0.228_199_093_266_413_7,
            -0.367_598_231_827_514_9,
        ),
        (0.9, 0.1, Side::Price, 8.95, 0.001_191_479_612_565_692_5, 0.965_068_699_187_896_6, 0.896_860_384_134_321_7),
        (
            1.1,
            0.9,
            Side::Price,
            0.772_222_222_222_222_3,
            0.263_685_520_711_841_2,
            0.378_338_083_026_842_4,
            -0.258_931_263_524_824_7,
        ),
        (
            1.1,
            0.1,
            Side::Price,
            10.950_000_000_000_001,
            0.000_806_772_724_817_831,
            0.976_174_827_711_454_9,
            0.929_290_106_605_718_9,
        ),
        (
            2.0,
            3.0,
            Side::Rest,
            -0.833_333_333_333_333_4,
            -1.114_269_605_800_617_6,
            0.670_625_225_713_334_6,
            -0.044_601_255_152_455_05,
        ),
        (
            0.5,
            1.2,
            Side::Rest,
            -0.183_333_333_333_333_3,
            -1.739_137_361_344_272_9,
            0.270_129_900_338_427_54,
            -1.777_146_093_329_760_5,
        ),
        (
            0.5,
            0.9,
            Side::Price,
            0.105_555_555_555_555_53,
            0.500_595_911_768_945,
            0.059_038_043_229_540_51,
            -0.345_624_786_596_562_3,
        ),
        (
            6.0,
            0.171,
            Side::Price,
            35.002_219_298_245_61,
            0.000_138_558_483_081_556_47,
            0.997_573_056_979_083_7,
            0.992_727_033_767_613_6,
        ),
        (
            6.0,
            0.172,
            Side::Price,
            34.797_720_930_232_56,
            0.000_140_999_589_032_805_25,
            0.997_544_704_006_150_1,
            0.992_642_159_749_832_7,
        ),
        (
            0.5,
            0.0142,
            Side::Price,
            35.204_167_605_633_8,
            1.142_555_063_349_835_6e-5,
            0.997_590_023_161_347_8,
            0.992_777_822_774_648_5,
        ),
        (8.0, 2.5, Side::Price, 1.95, 0.214_604_184_055_015_38, 0.744_891_122_854_958_4, 0.316_979_727_138_066_7),
    ];

    // Relative to the density the price keeps all digits but z² of them, which its logarithm does not feel.
    #[test]
    fn ratio_and_derivatives_hold_in_every_region() {
        for &(x, s, side, w, ratio, second, third) in GOLDEN {
            let (point, z) = (Point::new(x, s), x / s);
            assert_eq!(point.side, side, "{x} {s}");
            assert!((point.w - w).abs() < 4e-16 * (1.0 + z), "{x} {s}");
            let tolerance = 1e-15 * (1.0 + z * z);
            assert!((point.ratio / ratio - 1.0).abs() < tolerance, "{x} {s}: {:e}", point.ratio);
            assert!((point.second - second).abs() < 2.0 * tolerance, "{x} {s}: {:e}", point.second);
            assert!((point.third - third).abs() < 4.0 * tolerance, "{x} {s}: {:e}", point.third);
        }
    }

    #[test]
    fn the_regions_join() {
        // The step across the seam is the slope's, 1e-12 of the value, and no more.
        for (x, s) in [(0.01, 0.06), (0.1, 0.25), (0.3, 1.0), (1.0, 0.5), (1.0, 0.9)] {
            for side in [1e-13, -1e-13] {
                let (here, there) = (Point::new(x, s), Point::new(x * (1.0 + side), s * (1.0 + side)));
                if here.side == there.side {
                    assert!((here.ratio / there.ratio - 1.0).abs() < 2e-12, "{x} {s}");
                }
            }
        }
    }
}
