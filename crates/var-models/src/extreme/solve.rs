//! One-dimensional searches.

/// The root of `f` between `low` and `high`, where it has the signs of `at_low` and `at_high`.
///
/// Chandrupatla's method (1997): inverse quadratic interpolation where that is safe, bisection elsewhere.
/// `None` when the signs agree or `f` stops being a number.
pub(super) fn root(low: f64, high: f64, tolerance: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return Some(a);
    }
    if fb == 0.0 {
        return Some(b);
    }
    if fa.is_nan() || fb.is_nan() || fa.signum() * fb.signum() > 0.0 {
        return None;
    }
    let mut share = 0.5;
    for _ in 0..200 {
        let x = a + share * (b - a);
        let fx = f(x);
        if fx.is_nan() {
            return None;
        }
        let (c, fc);
        if fx.signum() * fa.signum() > 0.0 {
            (c, fc) = (a, fa);
        } else {
            (c, fc) = (b, fb);
            (b, fb) = (a, fa);
        }
        (a, fa) = (x, fx);
        let best = if fa.abs() < fb.abs() { a } else { b };
        let narrowest = tolerance * (1.0 + best.abs()) / (b - a).abs();
        if narrowest > 0.5 || fx == 0.0 {
            return Some(best);
        }
        let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
        share = if phi * phi < xi && (1.0 - phi).powi(2) < 1.0 - xi {
            fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        } else {
            0.5
        };
        share = share.clamp(narrowest, 1.0 - narrowest);
    }
    None
}

/// The largest value of `f` on `[low, high]`: the best of `nodes` equal steps, refined by golden section
/// between its neighbours.
pub(super) fn largest(low: f64, high: f64, nodes: usize, f: impl Fn(f64) -> f64) -> f64 {
    /// (√5 − 1)/2.
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let step = (high - low) / nodes as f64;
    let at = |k: usize| low + step * k as f64;
    let (mut best, mut value) = (0, f64::NEG_INFINITY);
    for k in 0..=nodes {
        let here = f(at(k));
        if here > value {
            (best, value) = (k, here);
        }
    }
    let (mut a, mut b) = (at(best.saturating_sub(1)), at((best + 1).min(nodes)));
    let (mut x, mut y) = (b - RATIO * (b - a), a + RATIO * (b - a));
    let (mut fx, mut fy) = (f(x), f(y));
    // Near the peak the function is flat to rounding: closer than 1e-8 of the range nothing is to be seen.
    while b - a > 1e-8 * (high - low) {
        if fx < fy {
            (a, x, fx) = (x, y, fy);
            y = a + RATIO * (b - a);
            fy = f(y);
        } else {
            (b, y, fy) = (y, x, fx);
            x = b - RATIO * (b - a);
            fx = f(x);
        }
    }
    value.max(fx).max(fy)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn known_roots_in_few_steps() {
        let calls = Cell::new(0);
        let counted = |f: fn(f64) -> f64| {
            let calls = &calls;
            move |x| {
                calls.set(calls.get() + 1);
                f(x)
            }
        };
        let square = root(0.0, 2.0, 1e-15, counted(|x| x * x - 2.0)).unwrap();
        assert!((square - std::f64::consts::SQRT_2).abs() < 1e-14);
        assert!(calls.get() < 13, "{}", calls.get());
        let steep = root(40.0, -50.0, 1e-15, |x: f64| x.exp() - 3.0).unwrap();
        assert!((steep - 3.0_f64.ln()).abs() < 1e-14);
        let flat = root(-1.0, 3.0, 1e-15, |x: f64| (x - 1.0).powi(9)).unwrap();
        assert!((flat - 1.0).abs() < 1e-12);
        assert_eq!(root(0.0, 1.0, 1e-15, |x| x), Some(0.0));
        assert_eq!(root(-1.0, 0.0, 1e-15, |x| x), Some(0.0));
        // Products of values this small are zero; their signs are not.
        assert!((root(-1.0, 3.0, 1e-15, |x| 1e-200 * (x - 0.5)).unwrap() - 0.5).abs() < 1e-14);
    }

    #[test]
    fn roots_need_a_change_of_sign() {
        assert_eq!(root(1.0, 2.0, 1e-15, |x| x), None);
        assert_eq!(root(-1.0, 2.0, 1e-15, |_| f64::NAN), None);
        assert_eq!(root(-1.0, 2.0, 1e-15, |x| if x == -1.0 || x == 2.0 { x } else { f64::NAN }), None);
    }

    #[test]
    fn the_higher_of_two_peaks() {
        let peaks = |x: f64| (-(x - 1.0).powi(2)).exp() + 1.5 * (-(x - 6.3).powi(2)).exp();
        assert!((largest(0.0, 10.0, 20, peaks) - 1.5).abs() < 1e-10);
        assert_eq!(largest(0.0, 1.0, 4, |x| x), 1.0);
        assert_eq!(largest(0.0, 1.0, 4, |x| 3.0 - x), 3.0);
    }
}
