//! Minimisation without derivatives, for a handful of parameters.

/// Where a search ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Minimum {
    pub(super) at: Vec<f64>,
    pub(super) value: f64,
    pub(super) iterations: usize,
    pub(super) converged: bool,
}

/// When a search ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// Largest distance between corners, per coordinate.
    pub(super) tolerance: f64,
    pub(super) iterations: usize,
}

#[derive(Debug, Clone)]
struct Corner {
    at: Vec<f64>,
    value: f64,
}

/// Nelder and Mead's downhill simplex from `start` with first steps `steps`. A value that is not a number counts as
/// infinite.
pub(super) fn minimize(start: &[f64], steps: &[f64], stop: Stop, mut objective: impl FnMut(&[f64]) -> f64) -> Minimum {
    let mut corner = |at: Vec<f64>| {
        let value = objective(&at);
        Corner { at, value: if value.is_nan() { f64::INFINITY } else { value } }
    };
    let mut corners = vec![corner(start.to_vec())];
    for (axis, step) in steps.iter().enumerate() {
        let mut at = start.to_vec();
        at[axis] += step;
        corners.push(corner(at));
    }
    let mut iterations = 0;
    loop {
        corners.sort_by(|a, b| a.value.total_cmp(&b.value));
        let converged = finished(&corners, stop.tolerance);
        if converged || iterations >= stop.iterations {
            let best = corners.swap_remove(0);
            return Minimum { at: best.at, value: best.value, iterations, converged };
        }
        iterations += 1;
        step(&mut corners, &mut corner);
    }
}

/// Small, or so flat that rounding decides which corner is the lowest.
fn finished(corners: &[Corner], tolerance: f64) -> bool {
    let (best, worst) = (&corners[0], &corners[corners.len() - 1]);
    let distance = |corner: &Corner| corner.at.iter().zip(&best.at).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let diameter = corners.iter().map(distance).fold(0.0, f64::max);
    let flat = worst.value - best.value <= 1e-15 * best.value.abs();
    worst.value.is_finite() && (diameter <= tolerance || (flat && diameter <= tolerance.sqrt()))
}

/// Replaces the worst corner of the sorted list, or draws all towards the best.
fn step(corners: &mut [Corner], corner: &mut impl FnMut(Vec<f64>) -> Corner) {
    let last = corners.len() - 1;
    let dimensions = corners[0].at.len();
    let centre: Vec<f64> =
        (0..dimensions).map(|axis| corners[..last].iter().map(|c| c.at[axis]).sum::<f64>() / last as f64).collect();
    let towards = |factor: f64, from: &Corner| -> Vec<f64> {
        centre.iter().zip(&from.at).map(|(centre, worst)| centre + factor * (worst - centre)).collect()
    };
    let reflected = corner(towards(-1.0, &corners[last]));
    if reflected.value < corners[0].value {
        let expanded = corner(towards(-2.0, &corners[last]));
        corners[last] = if expanded.value < reflected.value { expanded } else { reflected };
        return;
    }
    if reflected.value < corners[last - 1].value {
        corners[last] = reflected;
        return;
    }
    let outside = reflected.value < corners[last].value;
    let contracted = corner(towards(if outside { -0.5 } else { 0.5 }, &corners[last]));
    if contracted.value < corners[last].value.min(reflected.value) {
        corners[last] = contracted;
        return;
    }
    let best = corners[0].at.clone();
    for other in &mut corners[1..] {
        *other = corner(other.at.iter().zip(&best).map(|(a, b)| b + 0.5 * (a - b)).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Stop = Stop { tolerance: 1e-9, iterations: 2_000 };

    #[test]
    fn rosenbrock_has_its_minimum_at_one_one() {
        let valley = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let minimum = minimize(&[-1.2, 1.0], &[0.5, 0.5], STOP, valley);
        assert!(minimum.converged && minimum.value < 1e-16, "{minimum:?}");
        assert!((minimum.at[0] - 1.0).abs() < 1e-7 && (minimum.at[1] - 1.0).abs() < 1e-7);
    }

    #[test]
    fn stopping_early_is_said() {
        let stop = Stop { iterations: 3, ..STOP };
        let minimum = minimize(&[5.0, 5.0, 5.0], &[1.0; 3], stop, |x| x.iter().map(|x| x * x).sum());
        assert!(!minimum.converged);
        assert_eq!(minimum.iterations, 3);
    }

    #[test]
    fn a_wall_of_nothing_is_never_an_end() {
        let minimum = minimize(&[0.0], &[1.0], STOP, |_| f64::NAN);
        assert!(!minimum.converged && minimum.value.is_infinite());
        let wall = minimize(&[2.0], &[1.0], STOP, |x| if x[0] < 1.0 { f64::NAN } else { x[0] });
        assert!((wall.at[0] - 1.0).abs() < 1e-8, "{wall:?}");
    }
}
