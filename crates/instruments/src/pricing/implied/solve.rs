//! The iteration.

use alluse_risk_core::Error as Input;

use super::guess;
use super::normalized::{Point, price_at_inflection};
use crate::Result;
use crate::pricing::normal::LN_SQRT_2PI;

const MAX_ITERATIONS: usize = 100;

/// A step of fourth order this small, relative to the deviation, leaves nothing to do.
const LAST_STEP: f64 = 1e-4;

/// Which function of the price the iteration makes 0.
enum Objective {
    /// `1/ln c − 1/ln price`, nearly straight in the lower tail.
    Low { log_price: f64 },
    /// `c − price`.
    Middle { price: f64 },
    /// `ln(1 − price) − ln(1 − c)`, nearly straight in the upper tail.
    High { rest: f64 },
}

/// Newton's step `−f/f′` and the ratios `f″/f′`, `f‴/f′`.
struct Derivatives {
    newton: f64,
    second: f64,
    third: f64,
}

/// The deviation `s` at which the price, in units of its limit, is `price`; `rest = 1 − price`.
pub(super) fn deviation(x: f64, price: f64, rest: f64) -> Result<f64> {
    let inflection = price_at_inflection(x);
    let objective = if price < inflection {
        Objective::Low { log_price: price.ln() }
    } else if price < 0.75 {
        Objective::Middle { price }
    } else {
        Objective::High { rest }
    };
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    let mut s = guess::deviation(x, price, rest, inflection);
    if !(s > 0.0 && s.is_finite()) {
        s = 1.0;
    }
    for _ in 0..MAX_ITERATIONS {
        let Derivatives { newton, second, third } = objective.at(&Point::new(x, s));
        if newton >= 0.0 {
            low = s
        } else {
            high = s
        }
        let step = newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0));
        // From far away Householder's correction may point the wrong way.
        let step = if step * newton >= 0.0 && step.is_finite() { step } else { newton };
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

impl Objective {
    fn at(&self, point: &Point) -> Derivatives {
        let (second, third) = (point.second, point.third);
        match *self {
            Self::Low { log_price } => {
                let ratio = point.ratio();
                let p = 1.0 / ratio;
                let log = ratio.ln() - 0.5 * point.w * point.w - LN_SQRT_2PI;
                let lambda = 1.0 / log;
                Derivatives {
                    newton: (log_price - log) * log / log_price * ratio,
                    second: second - p * (1.0 + 2.0 * lambda),
                    third: third + 2.0 * p * p * (1.0 + 3.0 * lambda * (1.0 + lambda))
                        - 3.0 * second * p * (1.0 + 2.0 * lambda),
                }
            }
            Self::Middle { price } => Derivatives { newton: (price - point.price()) / point.slope(), second, third },
            Self::High { rest } => {
                let complement = point.complement();
                let p = point.slope() / complement;
                Derivatives {
                    newton: (complement / rest).ln() / p,
                    second: second + p,
                    third: third + p * (2.0 * p + 3.0 * second),
                }
            }
        }
    }
}
