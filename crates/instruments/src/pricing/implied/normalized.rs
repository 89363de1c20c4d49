//! The out-of-the-money Black price in units of its limit.

use crate::pricing::normal::{self, INV_SQRT_2PI};

/// `c(s) = Φ(−w) − e^x Φ(−(z + t))` for moneyness `x = |ln(F/K)| ≥ 0` and deviation `s > 0`, where `z = x/s`,
/// `t = s/2` and `w = z − t`; it rises from 0 to 1 with `s`, and `c′(s) = φ(w)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    z: f64,
    t: f64,
    pub(super) w: f64,
    /// `c″/c′`.
    pub(super) second: f64,
    /// `c‴/c′`.
    pub(super) third: f64,
}

impl Point {
    pub(super) fn new(x: f64, s: f64) -> Self {
        let (z, t) = (x / s, 0.5 * s);
        let second = z * z / s - 0.25 * s;
        let third = second * second - 3.0 * (z / s) * (z / s) - 0.25;
        Self { z, t, w: z - t, second, third }
    }

    /// `c′(s)`.
    pub(super) fn slope(&self) -> f64 {
        normal::pdf(self.w)
    }

    /// `c(s)`.
    pub(super) fn price(&self) -> f64 {
        if self.is_far() { self.slope() * self.ratio() } else { normal::cdf(-self.w) - self.mirrored() }
    }

    /// `1 − c(s)`.
    pub(super) fn complement(&self) -> f64 {
        normal::cdf(self.w) + self.mirrored()
    }

    /// `c/c′`, which neither overflows nor underflows in the tail.
    pub(super) fn ratio(&self) -> f64 {
        let Self { z, t, w, .. } = *self;
        if w > 50.0 {
            far_difference(z, t)
        } else if z * t <= 0.5 && t < 0.25 {
            near_difference(z, t)
        } else if w >= 0.0 {
            normal::mills(w) - normal::mills(z + t)
        } else {
            self.price() / self.slope()
        }
    }

    /// `e^x Φ(−(z + t))`, without the large first factor.
    fn mirrored(&self) -> f64 {
        self.slope() * normal::mills(self.z + self.t)
    }

    /// Where a direct difference of probabilities would cancel.
    fn is_far(&self) -> bool {
        self.w >= 0.0 || (self.z * self.t <= 0.5 && self.t < 0.25)
    }
}

/// `mills(z − t) − mills(z + t)` by Taylor's series around `z`, for `t < 1/4` and `zt ≤ 1/2`.
fn near_difference(z: f64, t: f64) -> f64 {
    // Derivatives of Y(h) = Φ(h)/φ(h) at h = −z: Y′ = 1 + hY, Y⁽ⁿ⁺¹⁾ = hY⁽ⁿ⁾ + nY⁽ⁿ⁻¹⁾.
    let mut even = normal::mills(z);
    let mut odd = 1.0 - z * even;
    let mut power = 2.0 * t;
    let mut sum = odd * power;
    for k in 1..=8 {
        let order = 2.0 * f64::from(k);
        even = (order - 1.0) * even - z * odd;
        odd = order * odd - z * even;
        power *= t * t / (order * (order + 1.0));
        sum += odd * power;
    }
    sum
}

/// The same by the asymptotic series of Mills' ratio, each difference of powers divided out by hand; for
/// `z − t > 50`.
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

/// `c` where its curvature changes sign, at `s = √(2x)`: there `w = 0` and `c′ = φ(0)`.
pub(super) fn price_at_inflection(x: f64) -> f64 {
    0.5 - normal::mills((2.0 * x).sqrt()) * INV_SQRT_2PI
}
