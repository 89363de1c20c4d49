//! A first guess of the deviation.

use std::f64::consts::PI;

use crate::pricing::normal::{self, INV_SQRT_2PI};

/// A deviation near the one that gives `price`, whose complement to 1 is `rest`.
pub(super) fn deviation(x: f64, price: f64, rest: f64, inflection: f64) -> f64 {
    if x > 2.0 {
        wide(x, price)
    } else if price < inflection {
        low(x, price, inflection)
    } else {
        high(x, rest, 1.0 - inflection)
    }
}

/// Far from the money the mirrored term is small: solve `Φ(−w) = price + mirrored` with the term of the step before.
fn wide(x: f64, price: f64) -> f64 {
    let deviation = |w: f64| {
        let root = (w * w + 2.0 * x).sqrt();
        if w > 0.0 { 2.0 * x / (w + root) } else { root - w }
    };
    let mut w = -normal::quantile_guess(price);
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

/// Jäckel's map `A Φ³(−x/(√3 s))`, `A = 2πx e^(x/2)/(3√3)`, tends to the price as `s` tends to 0.
fn low(x: f64, price: f64, inflection: f64) -> f64 {
    let root3 = 3.0_f64.sqrt();
    let scale = 2.0 * PI * x * (0.5 * x).exp() / (3.0 * root3);
    let at = (x / 6.0).sqrt();
    let cdf = normal::cdf(-at);
    let top = scale * cdf * cdf * cdf;
    let slope = scale * 3.0 * cdf * cdf * normal::pdf(at) / (2.0 * root3) / INV_SQRT_2PI;
    let mapped = monotone(price / inflection, top, inflection, 1.0, slope);
    x / (-root3 * normal::quantile_guess((mapped / scale).cbrt().min(0.499)))
}

/// `Φ(−s/2)` runs from 0 at price 1 to its value at the inflection, with known slopes.
fn high(x: f64, rest: f64, widest: f64) -> f64 {
    let top = normal::cdf(-(0.5 * x).sqrt());
    let mapped = monotone(rest / widest, top, widest, 0.5 * (-0.5 * x).exp(), 0.5 * (-0.25 * x).exp());
    -2.0 * normal::quantile_guess(mapped.min(0.499_999))
}

/// The rational quadratic from `(0, 0)` to `(width, top)` with the given slopes at its ends, at `theta · width`:
/// Gregory and Delbourgo (1982).
fn monotone(theta: f64, top: f64, width: f64, left: f64, right: f64) -> f64 {
    let secant = top / width;
    let both = theta * (1.0 - theta);
    top * (secant * theta * theta + left * both) / (secant + (left + right - 2.0 * secant) * both)
}
