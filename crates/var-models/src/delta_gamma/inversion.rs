//! Distribution function, density and partial means by inverting the generating function along a bent path.
//!
//! ```text
//! P(L > x)    = 1/2πi ∫ e^(K(s) − sx) / s  ds
//! f(x)        = 1/2πi ∫ e^(K(s) − sx)      ds        along  s(t) = θ + it + κ(√(t² + q²) − q),  θ > 0
//! E (L − x)⁺  = 1/2πi ∫ e^(K(s) − sx) / s² ds
//! ```
//! The path starts at the saddlepoint `K'(θ) = x`, where the integrand is largest and does not oscillate, follows
//! the curvature of the steepest descent, and leans over far out, so that the integrand falls exponentially even
//! where the characteristic function itself decays like a power. With `θ < 0` the pole at zero lies on the other
//! side and the same integrals are `−P(L ≤ x)` and `E (x − L)⁺`: both tails keep their relative accuracy.
//!
//! The trapezoid rule in `u`, `t = sinh(u)/√K''(θ)`, halves its step until two steps agree.

use alluse_risk_core::{Error as CoreError, Result as CoreResult};

use super::complex::Complex;
use super::form::Form;

/// What the inversion says about one loss level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tails {
    /// `P(L ≤ x)`.
    pub(super) below: f64,
    /// `P(L > x)`.
    pub(super) above: f64,
    /// `f(x)`.
    pub(super) density: f64,
    /// `E (L − x)⁺`.
    pub(super) excess: f64,
}

/// Relative change between two steps at which the finer one is taken. The error of the rule squares with each
/// halving, so what is left is near 1e-14.
const AGREEMENT: f64 = 1e-8;

/// How far a path leans over: below 1, so that a normal part decays too.
const LEAN: f64 = 0.5;

/// Halvings of the step, from 1/4.
const HALVINGS: usize = 8;

/// A path through the plane.
#[derive(Debug, Clone, Copy)]
struct Path {
    start: f64,
    scale: f64,
    lean: f64,
    bend: f64,
}

impl Path {
    /// The point and the derivative at `u`.
    fn at(&self, u: f64) -> (Complex, Complex) {
        let (t, speed) = (self.scale * u.sinh(), self.scale * u.cosh());
        let root = libm::hypot(t, self.bend);
        // √(t² + q²) − q without cancellation.
        let aside = self.lean * t * (t / (root + self.bend));
        let point = Complex::new(self.start + aside, t);
        (point, Complex::new(self.lean * t / root, 1.0).scaled(speed))
    }
}

/// The distribution at `x`.
pub(super) fn tails(form: &Form, x: f64) -> CoreResult<Tails> {
    let (low, high) = form.support();
    let mean = form.mean();
    if form.variance() == 0.0 || x <= low || x >= high {
        // A constant jumps at its value; a bounded form has no mass beyond its end.
        let below =
            if form.variance() == 0.0 { f64::from(u8::from(x >= mean)) } else { f64::from(u8::from(x >= high)) };
        return Ok(Tails { below, above: 1.0 - below, density: 0.0, excess: (mean - x).max(0.0) });
    }
    let (start, candidates) = paths(form, x);
    let mut residual = f64::INFINITY;
    for path in candidates {
        match integrals(form, x, &path) {
            Ok([mass, density, excess]) => return Ok(assemble(start, mean - x, mass, density, excess)),
            Err(left) => residual = residual.min(left),
        }
    }
    Err(CoreError::NotConverged { name: "inversion of the loss distribution", iterations: HALVINGS, residual })
}

fn assemble(start: f64, gap: f64, mass: f64, density: f64, excess: f64) -> Tails {
    if start > 0.0 {
        Tails { below: 1.0 - mass, above: mass, density, excess }
    } else {
        Tails { below: -mass, above: 1.0 + mass, density, excess: excess + gap }
    }
}

/// Where to start, and the paths to try, the likeliest first.
fn paths(form: &Form, x: f64) -> (f64, Vec<Path>) {
    let saddle = form.saddlepoint(x);
    // Next to the pole at zero the path keeps a distance; the end of the domain is at least twice as far.
    let distance = 0.35 / form.variance().sqrt();
    let start = if saddle.abs() >= distance {
        saddle
    } else if saddle < 0.0 {
        -distance
    } else {
        distance
    };
    let at = form.cumulants_at(start);
    let scale = 1.0 / at.second.sqrt();
    // Steepest descent leaves the axis as s ≈ θ + it + K'''/(6K'') t².
    let curvature = at.third / (6.0 * at.second);
    let far = if form.gaussian_variance() > 0.0 { curvature } else { x - form.vertex() };
    let lean = LEAN.copysign(far);
    let natural = if curvature * lean > 0.0 { (0.5 * lean / curvature).max(scale) } else { 8.0 * scale };
    let path = |lean, bend| Path { start, scale, lean, bend };
    (start, vec![path(lean, natural), path(lean, scale), path(0.3 * lean, 4.0 * scale), path(-lean, natural)])
}

/// `P`, `f` and the partial mean, up to the convention of the pole; the last relative change when they do not settle.
fn integrals(form: &Form, x: f64, path: &Path) -> Result<[f64; 3], f64> {
    let height = form.cumulants_at(path.start).value - path.start * x;
    let weight = libm::exp(height) / std::f64::consts::PI;
    let mut step = 0.25;
    let mut sums = points(form, x, path, height, 0.0, step)?;
    // The first point is shared by both halves of the path.
    let start = integrand(form, x, path, height, 0.0);
    sums.iter_mut().zip(start).for_each(|(sum, first)| *sum += 0.5 * first);
    let mut change = f64::INFINITY;
    for _ in 0..HALVINGS {
        let between = points(form, x, path, height, -0.5 * step, step)?;
        step *= 0.5;
        let finer: [f64; 3] = std::array::from_fn(|k| sums[k] + between[k]);
        change = (0..3).map(|k| (sums[k] * 2.0 / finer[k] - 1.0).abs()).fold(0.0, f64::max);
        sums = finer;
        if change < AGREEMENT {
            return Ok(sums.map(|sum| sum * step * weight));
        }
    }
    Err(change)
}

/// Sums over `u = offset + step, offset + 2 step, …` until nothing comes.
fn points(form: &Form, x: f64, path: &Path, height: f64, offset: f64, step: f64) -> Result<[f64; 3], f64> {
    let mut sums = [0.0_f64; 3];
    let mut quiet = 0;
    // sinh 45 is 2e19: a path that has not decayed by then does not decay.
    for k in 1..=(45.0 / step) as u32 {
        let parts = integrand(form, x, path, height, offset + f64::from(k) * step);
        let size = parts.iter().zip(&sums).map(|(part, sum)| part.abs() / sum.abs().max(f64::MIN_POSITIVE));
        let size = size.fold(0.0, f64::max);
        if parts.iter().any(|part| !part.is_finite()) {
            return Err(f64::INFINITY);
        }
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        quiet = if size < 1e-17 { quiet + 1 } else { 0 };
        // A whole radian of the slowest oscillation is quiet, not one zero of it.
        if f64::from(quiet) * step >= 1.0 {
            return Ok(sums);
        }
    }
    Err(f64::INFINITY)
}

/// Imaginary parts of `e^(K − sx) s'` times `1/s`, `1` and `1/s²`, the exponent measured from `height`.
fn integrand(form: &Form, x: f64, path: &Path, height: f64, u: f64) -> [f64; 3] {
    let (s, derivative) = path.at(u);
    let exponent = form.cgf(s) - s.scaled(x) - Complex::new(height, 0.0);
    let value = exponent.exp() * derivative;
    let over = value / s;
    [over.im, value.im, (over / s).im]
}
