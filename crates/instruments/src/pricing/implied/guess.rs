//! A first guess of the deviation.

use super::Target;
use crate::pricing::normal;

/// Beyond this moneyness the fitted correction of the normal model ends.
pub(crate) const WIDE: f64 = 6.0;

/// From this price on, in units of its limit, the distance to the limit says more.
pub(crate) const HIGH: f64 = 0.8;

/// A moneyness this small, relative to the price, is as good as none.
pub(crate) const AT_THE_MONEY: f64 = 1e-9;

/// `(L/z)²` as a function of `L = ln(1 + z/B(z))`, `B(z) = φ(z) − zΦ(−z)`, for `z` up to 38: numerator, denominator;
/// `L/z` to 1.3e-6.
pub(crate) const NORMAL_TOP: [f64; 7] = [
    6.283_201_215_417_01,
    1.424_301_302_163_284,
    0.280_827_813_197_961_8,
    0.032_000_690_012_574_6,
    0.002_127_998_472_382_449,
    4.308_256_911_566_382e-5,
    1.103_399_863_104_178_6e-7,
];
pub(crate) const NORMAL_BOTTOM: [f64; 6] = [
    1.0,
    0.226_722_517_719_454_54,
    0.037_094_700_960_870_48,
    0.003_466_465_853_976_240_6,
    8.332_507_623_268_311e-5,
    2.205_027_238_924_955e-7,
];

/// The lognormal deviation over the normal one, in monomials 1, y, y², k, yk, y²k of `y`, the square of the normal
/// deviation, and `k = x²`: to 2.3e-5 up to a moneyness of 3 and a deviation of 2, to 2.3e-4 up to [`WIDE`].
pub(crate) const CORRECTION_TOP: [f64; 6] = [
    1.0,
    -0.160_610_316_404_846_77,
    0.003_904_592_662_904_513,
    0.013_880_045_340_295_572,
    -0.001_813_470_439_502_203,
    5.754_320_284_735_528e-5,
];
pub(crate) const CORRECTION_BOTTOM: [f64; 6] = [
    1.0,
    -0.202_257_879_395_025_82,
    0.008_646_561_396_877_677,
    0.013_876_955_454_872_452,
    -0.002_037_608_927_676_759,
    7.597_065_186_477_298e-5,
];

/// A deviation near the one that gives the price.
#[inline]
pub(super) fn deviation(target: &Target) -> f64 {
    if target.x > WIDE {
        wide(target.x, target.price)
    } else if target.price < HIGH {
        corrected_normal(target)
    } else {
        high(target.x, target.rest())
    }
}

/// The deviation in Bachelier's model, whose inverse is a function of one number, times a correction that is close
/// to 1.
#[inline]
fn corrected_normal(target: &Target) -> f64 {
    let x = target.x.max(AT_THE_MONEY * target.price);
    // Near the money the difference of the legs has lost its digits.
    let gap = if x < 1e-3 { target.limit * (x + 0.5 * x * x) } else { target.gap };
    let log = (1.0 + (gap / target.time_value).min(f64::MAX)).ln();
    let ([a, b, c, d, e, f, g], [p, q, r, s, t, u]) = (NORMAL_TOP, NORMAL_BOTTOM);
    let (l, l2) = (log, log * log);
    let l4 = l2 * l2;
    let top = a + b * l + l2 * (c + d * l) + l4 * (e + f * l + l2 * g);
    let bottom = p + q * l + l2 * (r + s * l) + l4 * (t + u * l);
    // One division for the ratio and its x/L.
    let y = x * x * top / (l2 * bottom);
    let k = x * x;
    let monomials = |[a, b, c, d, e, f]: [f64; 6]| a + k * d + y * (b + k * e + y * (c + k * f));
    y.sqrt() * monomials(CORRECTION_TOP) / monomials(CORRECTION_BOTTOM)
}

/// Far from the money the mirrored term is small: solve `Φ(−w) = price + mirrored` with the term of the step before.
#[cold]
fn wide(x: f64, price: f64) -> f64 {
    let deviation = |w: f64| {
        let root = (w * w + 2.0 * x).sqrt();
        if w > 0.0 { 2.0 * x / (w + root) } else { root - w }
    };
    let mut w = -normal::quantile_guess(price.max(f64::MIN_POSITIVE));
    for _ in 0..3 {
        let s = deviation(w);
        let mirrored = normal::pdf(w) * normal::mills(x / s + 0.5 * s);
        let probability = price + mirrored;
        if probability >= 1.0 {
            break;
        }
        w = -normal::quantile_guess(probability);
    }
    deviation(w)
}

/// At the money `1 − c = 2Φ(−s/2)`; off it, by a factor of about `e^(x/2 − z²/2)` more, `z = x/s`.
#[cold]
fn high(x: f64, rest: f64) -> f64 {
    let half = 0.5 * rest * (-0.5 * x).exp();
    let s = -2.0 * normal::quantile_guess(half);
    let z = x / s;
    -2.0 * normal::quantile_guess((half * (0.5 * z * z).exp()).min(0.4))
}
