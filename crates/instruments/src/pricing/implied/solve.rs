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

/// The deviation `s` at which the price reaches the target.
#[inline]
pub(super) fn deviation(target: &Target) -> Result<f64> {
    let s = guess::deviation(target);
    let step = step(&Point::new(target.x, s), target);
    // The guess is so good that this is nearly always true.
    if step.is_last(s) {
        return Ok(s + step.householder);
    }
    from_afar(target, s)
}

/// Steps within a bracket, until one is small.
#[cold]
fn from_afar(target: &Target, guess: f64) -> Result<f64> {
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    let mut s = if guess > 0.0 && guess.is_finite() { guess } else { 1.0 };
    for _ in 0..MAX_ITERATIONS {
        let step = step(&Point::new(target.x, s), target);
        if step.is_last(s) {
            return Ok(s + step.householder);
        }
        let Step { newton, householder } = step;
        if newton >= 0.0 {
            low = s
        } else {
            high = s
        }
        // From far away Householder's correction may point the wrong way.
        let step = if householder * newton >= 0.0 && householder.is_finite() { householder } else { newton };
        let next = s + step;
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

/// Steps towards the root of the logarithm.
struct Step {
    newton: f64,
    householder: f64,
}

impl Step {
    /// Whether nothing is left to do after this step. Far from the root Householder's step alone may be small, where
    /// its correction cancels it.
    #[inline]
    fn is_last(&self, s: f64) -> bool {
        self.newton.abs() <= LAST_STEP * s && self.householder.abs() <= LAST_STEP * s
    }
}

#[inline]
fn step(point: &Point, target: &Target) -> Step {
    let &Point { ratio, second, third, .. } = point;
    let f = excess(point, target);
    // With g = ln c: g″/g′ = c″/c′ − c′/c and g‴/g′ = c‴/c′ − 3 c″/c + 2 (c′/c)², times powers of Newton's step.
    let newton = -f * ratio;
    let curvature = f * (second - 1.0);
    let torsion = f * f * (third - 3.0 * second + 2.0);
    Step { newton, householder: newton * (1.0 - 0.5 * curvature) / (1.0 - curvature + torsion / 6.0) }
}

/// `ln` of the point's quantity over the target's. The density is taken off as an exponent, so that neither tail
/// underflows.
#[inline]
fn excess(point: &Point, target: &Target) -> f64 {
    let density = -0.5 * point.w * point.w;
    let size = point.ratio.abs() * INV_SQRT_2PI;
    match point.side {
        Side::Rest => (size / target.rest()).ln() + density,
        Side::Price if target.price > TINY => (size / target.price).ln() + density,
        Side::Price => size.ln() + (target.limit.ln() - target.time_value.ln()) + density,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(x: f64, price: f64) -> Target {
        Target { x, time_value: price, limit: 1.0, gap: x.exp_m1(), price }
    }

    // Wherever it starts, the bracket leads to the same deviation.
    #[test]
    fn any_start_arrives() {
        for (x, price) in [(0.0, 0.1), (0.0, 1e-6), (0.05, 0.08), (0.5, 1e-30), (2.0, 0.3), (2.0, 0.97), (8.0, 0.5)] {
            let target = target(x, price);
            let want = deviation(&target).unwrap();
            for start in [1e-6 * want, 0.01 * want, 0.3 * want, 3.0 * want, 50.0 * want, f64::NAN, f64::INFINITY, 0.0] {
                let got = from_afar(&target, start).unwrap();
                assert!((got / want - 1.0).abs() < 2e-15, "{x} {price:e} from {start:e}: {got:e}, {want:e}");
            }
        }
    }

    // Householder's correction cancels the step to 2e-4 of the deviation here, a seventh of the way.
    #[test]
    fn a_cancelled_step_is_not_an_arrival() {
        let target = target(2.218_377_055_597_223_3e-7, 1.502_579_530_758_129_3e-4);
        for start in [5.1e-5, 5.124e-5, 5.125_172_281_136_025e-5, 5.127e-5] {
            // The deviation that the price was made of, by quadrature of the vega.
            let got = from_afar(&target, start).unwrap();
            assert!((got / 3.769_187_611_732_5e-4 - 1.0).abs() < 1e-13, "{start:e}: {got:e}");
        }
        assert!(!Step { newton: 2.4, householder: 1e-5 }.is_last(1.0));
        assert!(!Step { newton: 1e-5, householder: -2.4 }.is_last(1.0));
        assert!(Step { newton: -1e-4, householder: -1e-4 }.is_last(1.0));
    }

    #[test]
    fn a_price_without_root_is_an_error() {
        // More than the limit: only a caller that skipped the bounds can ask.
        let result = from_afar(&Target { time_value: f64::NAN, price: f64::NAN, ..target(0.1, 0.1) }, 1.0);
        assert!(matches!(
            result,
            Err(crate::Error::Input(Input::NotConverged { name: "implied volatility", iterations: 100, .. }))
        ));
    }

    #[test]
    fn the_bracket_is_split_where_there_is_room() {
        assert_eq!(between(0.0, 8.0, 2.0), 0.5);
        assert_eq!(between(0.0, 1.0, 2.0), 0.25);
        assert_eq!(between(3.0, f64::INFINITY, 2.0), 12.0);
        assert_eq!(between(2.0, 8.0, 7.0), 4.0);
    }
}
