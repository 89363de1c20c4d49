//! Minima of smooth functions of a few variables: likelihoods of models with a handful of parameters.
//!
//! ```
//! use alluse_risk_core::minimise::Descent;
//!
//! // Rosenbrock (1960): the minimum is 0 at (1, 1), at the end of a curved valley.
//! let valley = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
//! let found = Descent::new("valley").minimise(&[-1.2, 1.0], valley)?;
//! assert!((found.at[0] - 1.0).abs() < 1e-4);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

use crate::{Error, Result};

/// Where a search ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Minimum {
    /// The variables.
    pub at: Vec<f64>,
    /// The objective there.
    pub value: f64,
    /// Length of its gradient there, divided by max(1, |value|).
    pub gradient: f64,
    /// Steps taken.
    pub iterations: usize,
}

/// Descent by the quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno with a backtracking line search.
///
/// The objective may return infinity outside its domain; a step is shortened until it stays inside. Variables are
/// expected to be of order one.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `tolerance` | 1e-6 | length of the gradient over max(1, abs(value)) at which the search ends |
/// | `accepted` | 1e-3 | the same where no further step makes the objective smaller, or the rounds are over |
/// | `rounds` | 200 | most steps |
/// | `longest_step` | 2 | longest change of the variables in one step |
///
/// # Source
/// Nocedal and Wright (2006), *Numerical Optimization*, algorithms 3.1 and 6.1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    name: &'static str,
    tolerance: f64,
    accepted: f64,
    rounds: usize,
    longest_step: f64,
}

impl Descent {
    /// A search that errors call `name`.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, tolerance: 1e-6, accepted: 1e-3, rounds: 200, longest_step: 2.0 }
    }

    /// With another gradient at which the search ends.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// With another gradient that is accepted where no step leads further down.
    #[must_use]
    pub fn with_accepted(mut self, accepted: f64) -> Self {
        self.accepted = accepted;
        self
    }

    /// With another most number of steps.
    #[must_use]
    pub fn with_rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    /// With another longest change of the variables in one step.
    #[must_use]
    pub fn with_longest_step(mut self, length: f64) -> Self {
        self.longest_step = length;
        self
    }

    /// Minimises `f` from `start` by central differences of relative step `1e-5`.
    ///
    /// # Errors
    /// [`Error::NotConverged`] when `f` is not finite at `start` or the gradient is not accepted at the end.
    pub fn minimise(&self, start: &[f64], f: impl Fn(&[f64]) -> f64) -> Result<Minimum> {
        let mut moved = start.to_vec();
        self.minimise_with_gradient(start, |at, gradient| {
            if let Some(gradient) = gradient {
                central_differences(&f, at, &mut moved, gradient);
            }
            f(at)
        })
    }

    /// Minimises `f` from `start`; `f` returns the objective and, when it is given room, writes the gradient.
    ///
    /// # Errors
    /// As [`minimise`](Self::minimise).
    pub fn minimise_with_gradient(
        &self,
        start: &[f64],
        mut f: impl FnMut(&[f64], Option<&mut [f64]>) -> f64,
    ) -> Result<Minimum> {
        let n = start.len();
        let mut at = start.to_vec();
        let mut gradient = vec![0.0; n];
        let mut value = f(&at, Some(&mut gradient));
        if !value.is_finite() {
            return Err(self.stopped(0, f64::INFINITY));
        }
        let mut next_gradient = vec![0.0; n];
        let mut curvature = InverseCurvature::identity(n);
        let mut fresh = true;
        for round in 0..self.rounds {
            let size = norm(&gradient) / value.abs().max(1.0);
            if size < self.tolerance {
                return Ok(Minimum { at, value, gradient: size, iterations: round });
            }
            let mut direction = curvature.times(&gradient);
            direction.iter_mut().for_each(|d| *d = -*d);
            if dot(&direction, &gradient) >= 0.0 {
                curvature = InverseCurvature::identity(n);
                direction = gradient.iter().map(|g| -g).collect();
            }
            let found = self.line_search(&mut f, &at, value, &gradient, &direction, &mut next_gradient);
            let Some((next, lower)) = found else {
                if fresh {
                    return self.end(at, value, size, round);
                }
                // The curvature that was gathered may be what misleads: start it anew.
                curvature = InverseCurvature::identity(n);
                fresh = true;
                continue;
            };
            let step: Vec<f64> = next.iter().zip(&at).map(|(b, a)| b - a).collect();
            let change: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(b, a)| b - a).collect();
            if fresh {
                curvature.scale(&step, &change);
            }
            curvature.update(&step, &change);
            std::mem::swap(&mut gradient, &mut next_gradient);
            (at, value, fresh) = (next, lower, false);
        }
        let size = norm(&gradient) / value.abs().max(1.0);
        self.end(at, value, size, self.rounds)
    }

    fn end(&self, at: Vec<f64>, value: f64, gradient: f64, iterations: usize) -> Result<Minimum> {
        match gradient < self.accepted {
            true => Ok(Minimum { at, value, gradient, iterations }),
            false => Err(self.stopped(iterations, gradient)),
        }
    }

    fn stopped(&self, iterations: usize, residual: f64) -> Error {
        Error::NotConverged { name: self.name, iterations, residual }
    }

    /// The first of ever shorter steps that lowers the objective enough (Armijo); writes the gradient there. Most first
    /// steps do, so that the gradient is asked for with them.
    fn line_search(
        &self,
        f: &mut impl FnMut(&[f64], Option<&mut [f64]>) -> f64,
        at: &[f64],
        value: f64,
        gradient: &[f64],
        direction: &[f64],
        next_gradient: &mut [f64],
    ) -> Option<(Vec<f64>, f64)> {
        let descent = dot(direction, gradient);
        let longest = norm(direction);
        let mut length = if longest > self.longest_step { self.longest_step / longest } else { 1.0 };
        for attempt in 0..50 {
            let next: Vec<f64> = at.iter().zip(direction).map(|(a, d)| a + length * d).collect();
            let first = attempt == 0;
            let lower = f(&next, first.then_some(&mut *next_gradient));
            if lower <= value + 1e-4 * length * descent && lower < value {
                let lower = if first { lower } else { f(&next, Some(next_gradient)) };
                return Some((next, lower));
            }
            length *= 0.5;
        }
        None
    }
}

/// Where a function with one valley between two points is least, to 1e-9.
pub(crate) fn golden_section(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let share = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - share * (high - low), low + share * (high - low));
    let (mut at_left, mut at_right) = (f(left), f(right));
    while high - low > 1e-9 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - share * (high - low);
            at_left = f(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + share * (high - low);
            at_right = f(right);
        }
    }
    0.5 * (low + high)
}

fn central_differences(f: &impl Fn(&[f64]) -> f64, at: &[f64], moved: &mut [f64], gradient: &mut [f64]) {
    moved.copy_from_slice(at);
    for (i, slot) in gradient.iter_mut().enumerate() {
        let step = 1e-5 * at[i].abs().max(1.0);
        moved[i] = at[i] + step;
        let up = f(moved);
        moved[i] = at[i] - step;
        *slot = (up - f(moved)) / (2.0 * step);
        moved[i] = at[i];
    }
}

/// The inverse of the matrix of second derivatives, as the steps so far show it; row after row.
struct InverseCurvature {
    size: usize,
    values: Vec<f64>,
}

impl InverseCurvature {
    fn identity(size: usize) -> Self {
        let mut values = vec![0.0; size * size];
        values.iter_mut().step_by(size + 1).for_each(|diagonal| *diagonal = 1.0);
        Self { size, values }
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        self.values.chunks_exact(self.size).map(|row| dot(row, x)).collect()
    }

    /// Brings the identity to the size of the inverse curvature along a step.
    fn scale(&mut self, step: &[f64], change: &[f64]) {
        let (along, square) = (dot(step, change), dot(change, change));
        if along > 1e-12 * norm(step) * square.sqrt() {
            self.values.iter_mut().for_each(|value| *value *= along / square);
        }
    }

    /// The BFGS update; skipped where the curvature along the step is not positive.
    fn update(&mut self, step: &[f64], change: &[f64]) {
        let along = dot(step, change);
        if !(along > 1e-12 * norm(step) * norm(change)) {
            return;
        }
        let turned = self.times(change);
        let scale = (along + dot(change, &turned)) / (along * along);
        for (i, row) in self.values.chunks_exact_mut(self.size).enumerate() {
            for (j, slot) in row.iter_mut().enumerate() {
                *slot += scale * step[i] * step[j] - (turned[i] * step[j] + step[i] * turned[j]) / along;
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn finds_the_bottom_of_a_curved_valley() {
        // Rosenbrock (1960): the minimum is 0 at (1, 1).
        let valley = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
        let found = Descent::new("valley").minimise(&[-1.2, 1.0], valley).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-4 && (found.at[1] - 1.0).abs() < 1e-4, "{:?}", found.at);
        assert!(found.value < 1e-8 && found.gradient < 1e-6 && found.iterations > 5);
    }

    #[test]
    fn a_gradient_that_is_given_is_followed_further() {
        let valley = |x: &[f64], gradient: Option<&mut [f64]>| {
            if let Some(gradient) = gradient {
                gradient[0] = -400.0 * x[0] * (x[1] - x[0] * x[0]) - 2.0 * (1.0 - x[0]);
                gradient[1] = 200.0 * (x[1] - x[0] * x[0]);
            }
            100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)
        };
        let search = Descent::new("valley").with_tolerance(1e-12);
        let found = search.minimise_with_gradient(&[-1.2, 1.0], valley).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-11 && found.gradient < 1e-12, "{found:?}");
        let short = search.with_rounds(3).minimise_with_gradient(&[-1.2, 1.0], valley);
        assert!(matches!(short, Err(Error::NotConverged { name: "valley", iterations: 3, .. })));
        let rough = search.with_rounds(3).with_accepted(1e9).minimise_with_gradient(&[-1.2, 1.0], valley);
        assert_eq!(rough.unwrap().iterations, 3);
    }

    #[test]
    fn walls_are_respected() {
        let wall = |x: &[f64]| if x[0] <= 0.0 { f64::INFINITY } else { x[0] - x[0].ln() };
        let search = Descent::new("wall").with_longest_step(1.0);
        let found = search.minimise(&[5.0], wall).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-5, "{:?}", found.at);
        assert_eq!(search.minimise(&[-1.0], wall).unwrap_err().kind(), ErrorKind::NotConverged);
    }

    #[test]
    fn the_minimum_of_a_parabola() {
        let got = golden_section(0.0, 1.0, |x| (x - 0.3).powi(2));
        // Squared distances below rounding look the same: 1e-8.
        assert!((got - 0.3).abs() < 2e-8);
        assert!(golden_section(0.0, 1.0, |x| x) < 1e-8);
        assert!(golden_section(0.0, 1.0, |x| -x) > 1.0 - 1e-8);
    }

    #[test]
    fn what_has_no_minimum_is_not_converged() {
        let kind = |f: fn(&[f64]) -> f64| Descent::new("slide").minimise(&[0.0], f).err().map(|error| error.kind());
        assert_eq!(kind(|x| -x[0] * x[0] - x[0]), Some(ErrorKind::NotConverged));
        assert_eq!(kind(|_| 3.0), None);
    }
}
