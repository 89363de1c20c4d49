//! The smallest of a quadratic plus weighted distances from where one stands.

use alluse_risk_core::linalg;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::{Error, Result};

/// ```text
/// minimise   ½ (x − t)'S(x − t) + λ Σ xᵢ + Σ κᵢ |xᵢ − hᵢ|     subject to   lower ≤ x ≤ upper
/// ```
#[derive(Debug, Clone)]
pub(super) struct Descent<'a> {
    /// S, with a positive diagonal.
    pub(super) curvature: ArrayView2<'a, f64>,
    /// t.
    pub(super) target: ArrayView1<'a, f64>,
    /// h.
    pub(super) held: ArrayView1<'a, f64>,
    /// κ, not negative.
    pub(super) penalty: Vec<f64>,
    /// λ.
    pub(super) tilt: f64,
    pub(super) size: Size,
    pub(super) lower: &'a [f64],
    pub(super) upper: &'a [f64],
}

/// How large slopes are, for tolerances.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// At the weights held.
    slope: f64,
    /// The terms that slopes add up from.
    terms: f64,
}

impl Size {
    pub(super) fn of(curvature: ArrayView2<'_, f64>, held: ArrayView1<'_, f64>, target: ArrayView1<'_, f64>) -> Self {
        let size = curvature.mapv(f64::abs);
        let largest = |values: Array1<f64>| values.fold(0.0_f64, |a, b| a.max(b.abs()));
        let slope = largest(size.dot(&(&held - &target).mapv(f64::abs)));
        Self { slope, terms: largest(size.dot(&(held.mapv(f64::abs) + target.mapv(f64::abs)))) }
    }

    /// More than any slope between the weights held and the target.
    pub(super) fn above_slopes(self) -> f64 {
        self.terms
    }
}

/// Rounds of one sweep and one Newton step; sweeps alone converge, Newton steps end it.
const ROUNDS: usize = 2_000;

/// The largest breach of stationarity accepted, relative to the slopes of the problem.
const TOLERANCE: f64 = 1e-11;

impl Descent<'_> {
    /// The minimum and its stationarity residual, from any start.
    pub(super) fn minimise(&self, start: &Array1<f64>) -> Result<(Array1<f64>, f64)> {
        let mut x: Array1<f64> =
            start.iter().zip(self.lower.iter().zip(self.upper)).map(|(x, (low, high))| x.clamp(*low, *high)).collect();
        let tolerance = self.tolerance();
        let mut residual = f64::INFINITY;
        for _ in 0..ROUNDS {
            self.sweep(&mut x);
            self.newton(&mut x);
            residual = self.residual(&x);
            if residual <= tolerance {
                return Ok((x, residual));
            }
        }
        Err(Error::NotConverged { method: "coordinate descent of the no-trade region", iterations: ROUNDS, residual })
    }

    /// `S(x − t) + λ`.
    pub(super) fn slope(&self, x: &Array1<f64>) -> Array1<f64> {
        self.curvature.dot(&(x - &self.target)) + self.tilt
    }

    /// A small part of the slopes of the problem, and what rounding leaves in them.
    fn tolerance(&self) -> f64 {
        let penalty = self.penalty.iter().fold(0.0_f64, |a, b| a.max(*b));
        TOLERANCE * (self.size.slope + penalty + self.tilt.abs()) + 16.0 * f64::EPSILON * self.size.terms
    }

    /// One exact minimisation over each coordinate in turn.
    fn sweep(&self, x: &mut Array1<f64>) {
        let mut slope = self.slope(x);
        for (i, row) in self.curvature.axis_iter(Axis(0)).enumerate() {
            let (curvature, held) = (row[i], self.held[i]);
            let gap = x[i] - slope[i] / curvature - held;
            let threshold = self.penalty[i] / curvature;
            // Exactly where it was unless the slope beats the penalty.
            let step = if gap.abs() <= threshold { 0.0 } else { gap - threshold.copysign(gap) };
            let next = (held + step).clamp(self.lower[i], self.upper[i]);
            let change = next - x[i];
            if change != 0.0 {
                slope.scaled_add(change, &row);
                x[i] = next;
            }
        }
    }

    /// A Newton step over the coordinates away from every kink, stopped at the first kink it meets.
    fn newton(&self, x: &mut Array1<f64>) {
        let inside = |i: usize| self.lower[i] < x[i] && x[i] < self.upper[i];
        let free: Vec<usize> = (0..x.len()).filter(|&i| x[i] - self.held[i] != 0.0 && inside(i)).collect();
        if free.is_empty() {
            return;
        }
        let slope = self.slope(x);
        let wanted: Array1<f64> =
            free.iter().map(|&i| -slope[i] - self.penalty[i].copysign(x[i] - self.held[i])).collect();
        let block = self.curvature.select(Axis(0), &free).select(Axis(1), &free);
        // A singular block has no Newton step; the sweeps go on without it.
        let Ok(direction) = solve(&block, &wanted) else { return };
        let (mut step, mut stop) = (1.0, None);
        for (&i, d) in free.iter().zip(&direction) {
            for kink in [self.held[i], self.lower[i], self.upper[i]] {
                let reach = (kink - x[i]) / d;
                if reach >= 0.0 && reach < step {
                    (step, stop) = (reach, Some((i, kink)));
                }
            }
        }
        for (&i, d) in free.iter().zip(&direction) {
            x[i] += step * d;
        }
        if let Some((i, kink)) = stop {
            x[i] = kink;
        }
    }

    /// The largest one-sided derivative that points downhill.
    fn residual(&self, x: &Array1<f64>) -> f64 {
        let slope = self.slope(x);
        let breach = |i: usize| {
            let (right, left) = self.sides(i, x[i], slope[i]);
            let up = if x[i] < self.upper[i] { -right } else { 0.0 };
            let down = if x[i] > self.lower[i] { left } else { 0.0 };
            up.max(down)
        };
        (0..x.len()).map(breach).fold(0.0, f64::max)
    }

    /// The derivative to the right and to the left of a coordinate.
    fn sides(&self, i: usize, x: f64, slope: f64) -> (f64, f64) {
        let penalty = self.penalty[i];
        let right = if x >= self.held[i] { penalty } else { -penalty };
        let left = if x > self.held[i] { penalty } else { -penalty };
        (slope + right, slope + left)
    }
}

fn solve(block: &Array2<f64>, wanted: &Array1<f64>) -> Result<Array1<f64>> {
    Ok(linalg::solve_positive_definite(block.view(), wanted.view())?)
}
