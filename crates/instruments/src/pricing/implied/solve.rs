//! The iteration.

use alluse_risk_core::Error as Input;

use super::normalized::{Point, Side};
use super::{Target, guess};
use crate::Result;
use crate::pricing::normal::INV_SQRT_2PI;

const MAX_ITERATIONS: usize = 100;

/// A step of fourth order this small, relative to the deviation, leaves nothing to do.
pub(crate) const LAST_STEP: f64 = 1e-4;

/// Prices from here down go by their logarithm, for their reciprocal may overflow.
const TINY: f64 = 1e-280;

/// What `ln(|ratio| · scale) + shift − w²/2`, the logarithm of the quantity over its target, is made of.
struct Scale {
    price: f64,
    price_shift: f64,
    rest: f64,
}

/// The deviation `s` at which the price reaches the target.
#[inline]
pub(super) fn deviation(target: &Target) -> Result<f64> {
    let scale = Scale::new(target);
    let s = guess::deviation(target);
    let step = step(&Point::new(target.x, s), &scale);
    // The guess is so good that this is nearly always true.
    if step.householder.abs() <= LAST_STEP * s {
        return Ok(s + step.householder);
    }
    from_afar(target.x, s, &scale)
}

/// Steps within a bracket, until one is small.
#[cold]
fn from_afar(x: f64, guess: f64, scale: &Scale) -> Result<f64> {
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    let mut s = if guess > 0.0 && guess.is_finite() { guess } else { 1.0 };
    for _ in 0..MAX_ITERATIONS {
        let Step { newton, householder } = step(&Point::new(x, s), scale);
        if newton >= 0.0 {
            low = s
        } else {
            high = s
        }
        // From far away Householder's correction may point the wrong way.
        let step = if householder * newton >= 0.0 && householder.is_finite() { householder } else { newton };
        let next = s + step;
        if step.abs() <= LAST_STEP * s {
            return Ok(next);
        }
        s = if next > low && next < high { next } else { between(low, high, s) };
    }
    Err(Input::NotConverged { name: "implied volatility", iterations: MAX_ITERATIONS, residual: high - low }.into())
}

fn between(low: f64, high: f64, s: f64) -> f64 {
    if low <= 0.0 {
        0.25 * s.min(high)
    } else if high.is_infinite() {
        4.0 * s.max(low)
    } else {
        (low * high).sqrt()
    }
}

impl Scale {
    #[inline]
    fn new(target: &Target) -> Self {
        let rest = INV_SQRT_2PI / target.rest;
        if target.price > TINY {
            Self { price: INV_SQRT_2PI / target.price, price_shift: 0.0, rest }
        } else {
            Self { price: INV_SQRT_2PI, price_shift: target.limit.ln() - target.time_value.ln(), rest }
        }
    }
}

/// Steps towards the root of the logarithm.
struct Step {
    newton: f64,
    householder: f64,
}

#[inline]
fn step(point: &Point, scale: &Scale) -> Step {
    let &Point { side, w, ratio, second, third } = point;
    let (scale, shift) = match side {
        Side::Price => (scale.price, scale.price_shift),
        Side::Rest => (scale.rest, 0.0),
    };
    let f = (ratio.abs() * scale).ln() + shift - 0.5 * w * w;
    // With g = ln c: g″/g′ = c″/c′ − c′/c, g‴/g′ = c‴/c′ − 3 c″/c + 2 (c′/c)², and both times powers of −f g/g′.
    let newton = -f * ratio;
    let curvature = f * (second - 1.0);
    let torsion = f * f * (third - 3.0 * second + 2.0);
    Step { newton, householder: newton * (1.0 - 0.5 * curvature) / (1.0 - curvature + torsion / 6.0) }
}
