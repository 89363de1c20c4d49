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
