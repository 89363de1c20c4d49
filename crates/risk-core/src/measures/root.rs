//! One-dimensional root of a continuous function that changes sign over a bracket.

/// A root of `f` in `[low, high]` by Ridders' method, to the relative width `tolerance` of the bracket's ends.
///
/// `None` when `f` has the same sign at both ends or stops being a number.
pub(crate) fn bracketed(mut low: f64, mut high: f64, tolerance: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (mut at_low, mut at_high) = (f(low), f(high));
    if at_low == 0.0 {
        return Some(low);
    }
    if at_high == 0.0 {
        return Some(high);
    }
    if at_low.is_nan() || at_high.is_nan() || at_low.signum() == at_high.signum() {
        return None;
    }
    let mut best = f64::INFINITY;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        let at_middle = f(middle);
        // Dividing by the middle value keeps the squares from under- and overflowing.
        let (a, b) = (at_low / at_middle, at_high / at_middle);
        let root = (1.0 - a * b).sqrt();
        let next = if root.is_finite() {
            middle + (middle - low) * (at_low.signum() * at_middle.signum()) / root
        } else {
            middle
        };
        if at_middle == 0.0 || (next - best).abs() <= tolerance * next.abs().max(1.0) {
            return Some(if at_middle == 0.0 { middle } else { next });
        }
        best = next;
        let at_next = f(next);
        if at_next == 0.0 {
            return Some(next);
        }
        if at_middle.signum() != at_next.signum() {
            (low, at_low, high, at_high) =
                if middle < next { (middle, at_middle, next, at_next) } else { (next, at_next, middle, at_middle) };
        } else if at_low.signum() != at_next.signum() {
            (high, at_high) = (next, at_next);
        } else {
            (low, at_low) = (next, at_next);
        }
        if at_next.is_nan() {
            return None;
        }
        if high - low <= tolerance * next.abs().max(1.0) {
            return Some(0.5 * (low + high));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_known_roots() {
        let root = bracketed(0.0, 2.0, 1e-14, |x| x * x - 2.0).unwrap();
        assert!((root - std::f64::consts::SQRT_2).abs() < 1e-13);
        let steep = bracketed(-50.0, 40.0, 1e-13, |x: f64| x.exp() - 3.0).unwrap();
        assert!((steep - 3.0_f64.ln()).abs() < 1e-11);
        assert_eq!(bracketed(0.0, 1.0, 1e-12, |x| x), Some(0.0));
        assert_eq!(bracketed(-1.0, 0.0, 1e-12, |x| x), Some(0.0));
    }

    #[test]
    fn needs_a_change_of_sign() {
        assert_eq!(bracketed(1.0, 2.0, 1e-12, |x| x), None);
        assert_eq!(bracketed(1.0, 2.0, 1e-12, |_| f64::NAN), None);
    }
}
