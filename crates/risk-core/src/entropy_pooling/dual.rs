//! Minimum relative entropy under linear constraints, by Newton's method on its dual.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::Relation;
use super::constraint::{Constraint, infeasible};
use crate::linalg::{cholesky, matmul};
use crate::{Error, Result};

/// Constraints are met to this share of the largest distance of their function from its target.
const TOLERANCE: f64 = 1e-13;
/// What is still called met when rounding stops progress.
const ROUNDING: f64 = 1e-9;
const ITERATIONS: usize = 300;

pub(super) struct DualSolution {
    pub(super) probabilities: Array1<f64>,
    /// `λ` in `pⱼ ∝ priorⱼ exp(−Σ λᵢ aᵢⱼ)`.
    pub(super) multipliers: Vec<f64>,
    pub(super) iterations: usize,
}

/// The dual in scaled constraints, `bᵢⱼ = ± (aᵢⱼ − targetᵢ) / scaleᵢ` in [−1, 1].
///
/// ```text
/// minimise  G(λ) = ln Σⱼ priorⱼ exp(−Σᵢ λᵢ bᵢⱼ)    λᵢ ≥ 0 for an inequality  bᵢ'p ≤ 0
/// ```
///
/// `−G` is a lower bound of the relative entropy of whatever meets the constraints, and no distribution on the
/// scenarios has more than `ln(1 / least prior)`: a `−G` above that proves that nothing meets them.
struct Dual<'a> {
    prior: ArrayView1<'a, f64>,
    rows: Array2<f64>,
    scales: Array1<f64>,
    inequality: Vec<bool>,
}

struct Point {
    value: f64,
    probabilities: Array1<f64>,
}

pub(super) fn solve(prior: ArrayView1<'_, f64>, constraints: &[Constraint]) -> Result<DualSolution> {
    let dual = Dual::new(prior, constraints)?;
    let most = -prior.iter().filter(|p| **p > 0.0).fold(f64::INFINITY, |a, p| a.min(libm::log(*p)));
    let mut multipliers = Array1::zeros(constraints.len());
    let mut point = dual.at(&multipliers);
    for iterations in 0..ITERATIONS {
        let gradient = -dual.rows.dot(&point.probabilities);
        let free = dual.free(&multipliers, &gradient);
        let residual = free.iter().fold(0.0_f64, |worst, &i| worst.max(gradient[i].abs()));
        if residual <= TOLERANCE {
            return Ok(dual.finish(point, &multipliers, iterations));
        }
        if -point.value > most + 1e-6 {
            return Err(contradiction(constraints, &multipliers));
        }
        let direction = dual.direction(&point, &gradient, &free)?;
        match dual.search(&multipliers, &gradient, &direction, &point) {
            Some((next, there)) => (multipliers, point) = (next, there),
            None if residual <= ROUNDING => return Ok(dual.finish(point, &multipliers, iterations)),
            None => return Err(Error::NotConverged { name: "entropy pooling", iterations, residual }),
        }
    }
    let gradient = -dual.rows.dot(&point.probabilities);
    let free = dual.free(&multipliers, &gradient);
    let residual = free.iter().fold(0.0_f64, |worst, &i| worst.max(gradient[i].abs()));
    if residual <= ROUNDING {
        return Ok(dual.finish(point, &multipliers, ITERATIONS));
    }
    Err(Error::NotConverged { name: "entropy pooling", iterations: ITERATIONS, residual })
}

impl<'a> Dual<'a> {
    fn new(prior: ArrayView1<'a, f64>, constraints: &[Constraint]) -> Result<Self> {
        let mut rows = Array2::zeros((constraints.len(), prior.len()));
        let (mut scales, mut inequality) = (Array1::ones(constraints.len()), Vec::new());
        for (i, constraint) in constraints.iter().enumerate() {
            let mut row = &constraint.values - constraint.target;
            reachable(prior, constraint, row.view())?;
            let possible = row.iter().zip(prior).filter(|(_, p)| **p > 0.0);
            let size = possible.fold(0.0_f64, |worst, (v, _)| worst.max(v.abs()));
            // A function that is at its target everywhere constrains nothing.
            let scale = if size > 0.0 { size } else { 1.0 };
            scales[i] = if constraint.relation == Relation::AtLeast { -scale } else { scale };
            row /= scales[i];
            // What cannot happen must not overflow the exponent either.
            row.zip_mut_with(&prior, |v, p| *v = if *p > 0.0 { *v } else { 0.0 });
            rows.index_axis_mut(Axis(0), i).assign(&row);
            inequality.push(constraint.relation != Relation::Equal);
        }
        Ok(Self { prior, rows, scales, inequality })
    }

    fn at(&self, multipliers: &Array1<f64>) -> Point {
        let exponents = -self.rows.t().dot(multipliers);
        let possible = exponents.iter().zip(self.prior).filter(|(_, p)| **p > 0.0);
        let top = possible.fold(f64::NEG_INFINITY, |top, (e, _)| top.max(*e));
        // An impossible scenario may be above the top: its exponential could overflow and spoil the zero.
        let mut weights = exponents;
        weights.zip_mut_with(&self.prior, |e, p| *e = if *p > 0.0 { p * libm::exp(*e - top) } else { 0.0 });
        let sum = crate::sum::compensated(weights.iter().copied());
        Point { value: top + libm::log(sum), probabilities: weights / sum }
    }

    /// Multipliers that may move: all but those at 0 that would have to become negative.
    fn free(&self, multipliers: &Array1<f64>, gradient: &Array1<f64>) -> Vec<usize> {
        let blocked = |i: usize| self.inequality[i] && multipliers[i] <= 0.0 && gradient[i] >= 0.0;
        (0..multipliers.len()).filter(|&i| !blocked(i)).collect()
    }

    /// Newton's direction in the free multipliers; the Hessian is the covariance of the constraints.
    fn direction(&self, point: &Point, gradient: &Array1<f64>, free: &[usize]) -> Result<Array1<f64>> {
        let mut centred = self.rows.select(Axis(0), free);
        for (mut row, &i) in centred.rows_mut().into_iter().zip(free) {
            let mean = -gradient[i];
            row.zip_mut_with(&point.probabilities, |v, p| *v = (*v - mean) * p.sqrt());
        }
        let mut hessian = matmul(centred.view(), centred.t())?;
        // Mirrored sums may differ in their last bit.
        hessian = (&hessian + &hessian.t()) * 0.5;
        let target: Array1<f64> = free.iter().map(|&i| -gradient[i]).collect();
        let largest = hessian.diag().iter().fold(0.0_f64, |a, v| a.max(*v));
        let mut ridge = 1e-12 * largest + 1e-18;
        // Constraints that repeat each other make the Hessian singular, not the probabilities ambiguous.
        let step = loop {
            let mut damped = hessian.clone();
            damped.diag_mut().mapv_inplace(|v| v + ridge);
            match cholesky(damped.view()).and_then(|factor| factor.solve(target.view())) {
                Ok(step) => break step,
                Err(error) if ridge > 1e6 => return Err(error),
                Err(_) => ridge *= 100.0,
            }
        };
        // Far out the dual is nearly linear and Newton's step meaningless: bound it by what has been travelled.
        let size = step.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let shrink = if size > 1e4 { 1e4 / size } else { 1.0 };
        let mut direction = Array1::zeros(gradient.len());
        for (&i, v) in free.iter().zip(&step) {
            direction[i] = v * shrink;
        }
        Ok(direction)
    }

    /// Backtracks along the direction, projected on the signs that inequalities allow, until the dual has fallen
    /// enough; as a last resort along the gradient.
    fn search(
        &self,
        from: &Array1<f64>,
        gradient: &Array1<f64>,
        newton: &Array1<f64>,
        point: &Point,
    ) -> Option<(Array1<f64>, Point)> {
        let steepest = -gradient;
        for direction in [newton, &steepest] {
            let mut length = 1.0;
            for _ in 0..60 {
                let mut next = from + &(direction * length);
                for (value, &inequality) in next.iter_mut().zip(&self.inequality) {
                    *value = if inequality { value.max(0.0) } else { *value };
                }
                let decrease = gradient.dot(&(&next - from));
                let there = self.at(&next);
                let rounding = 4.0 * f64::EPSILON * point.value.abs().max(1.0);
                if decrease < 0.0 && there.value <= point.value + 1e-4 * decrease + rounding && next != *from {
                    return Some((next, there));
                }
                length *= 0.5;
            }
        }
        None
    }

    fn finish(&self, point: Point, multipliers: &Array1<f64>, iterations: usize) -> DualSolution {
        DualSolution {
            probabilities: point.probabilities,
            multipliers: (multipliers / &self.scales).to_vec(),
            iterations,
        }
    }
}

/// Refuses a constraint that no distribution on the possible scenarios meets by itself.
fn reachable(prior: ArrayView1<'_, f64>, constraint: &Constraint, row: ArrayView1<'_, f64>) -> Result<()> {
    let possible = || row.iter().zip(prior).filter(|(_, p)| **p > 0.0).map(|(v, _)| *v);
    let (low, high) = (possible().fold(f64::INFINITY, f64::min), possible().fold(f64::NEG_INFINITY, f64::max));
    let met = match constraint.relation {
        Relation::Equal => low <= 0.0 && high >= 0.0,
        Relation::AtMost => low <= 0.0,
        Relation::AtLeast => high >= 0.0,
    };
    if met {
        return Ok(());
    }
    let (least, most, target) = (low + constraint.target, high + constraint.target, constraint.target);
    let reason = format!("its target {target} is out of reach: the scenarios go from {least} to {most}");
    Err(infeasible(&constraint.view, &reason))
}

fn contradiction(constraints: &[Constraint], multipliers: &Array1<f64>) -> Error {
    let largest = multipliers.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let mut names: Vec<String> = Vec::new();
    for (constraint, multiplier) in constraints.iter().zip(multipliers) {
        let name = format!("{:?}", constraint.view);
        if multiplier.abs() > 1e-3 * largest && !names.contains(&name) {
            names.push(name);
        }
    }
    let reason = format!("no probabilities on the scenarios meet all of {}", names.join(", "));
    Error::Infeasible { name: "entropy pooling", reason }
}
