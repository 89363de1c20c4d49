//! The equations that remain once the limits that hold with equality are chosen.

use super::cholesky::{Lower, add_scaled, dot};
use super::factor::FreeFactor;
use super::instance::{Instance, Point};
use super::working_set::{ActiveSet, Activity};

/// Share of its size below which the independent part of a row counts as rounding.
const DEPENDENT: f64 = 1e-13;

/// Why there are no unique multipliers or variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breakdown {
    /// The curvature on the free variables is not positive definite.
    Curvature,
    /// The rows that hold with equality depend on each other.
    Rows,
}

/// What to do with rows that depend on others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependent {
    Refuse,
    /// Leave them out, with no multiplier: the others imply them, or a check of the limits will tell.
    LeaveOut,
}

/// ```text
/// P_FF x_F + A_RF' y_R = a      A_RF x_F = b
/// ```
/// in factors: `F` the free variables, `R` the rows held.
#[derive(Debug)]
pub(super) struct Kkt {
    pub(super) free: Vec<usize>,
    pub(super) rows: Vec<usize>,
    factor: FreeFactor,
    /// `ρ`: where the curvature alone is flat, `P_FF + ρ A_RF'A_RF` takes its place, with the same solution.
    penalty: f64,
    /// `A_RF`, row by row.
    normals: Vec<f64>,
    /// `P_FF⁻¹ A_RF'`, one row a row held.
    images: Vec<f64>,
    /// `A_RF P_FF⁻¹ A_RF'`.
    schur: Lower,
}

impl Kkt {
    pub(super) fn new(instance: &Instance<'_>, active: &ActiveSet) -> Result<Self, Breakdown> {
        let factor = FreeFactor::new(&instance.curvature, &active.free()).ok_or(Breakdown::Curvature)?;
        Self::with_factor(instance, active, factor, Dependent::Refuse)
    }

    /// For a curvature that may be flat on the free variables as long as the rows held are not.
    pub(super) fn semidefinite(
        instance: &Instance<'_>,
        active: &ActiveSet,
        dependent: Dependent,
    ) -> Result<Self, Breakdown> {
        if let Some(factor) = FreeFactor::new(&instance.curvature, &active.free()) {
            return Self::with_factor(instance, active, factor, dependent);
        }
        let (free, rows) = (active.free(), active.held_rows());
        let normals = gathered(instance, &rows, &free);
        let factor = FreeFactor::penalised(&instance.curvature, &free, &normals).ok_or(Breakdown::Curvature)?;
        Self::assemble(free, rows, normals, factor, dependent)
    }

    /// With the curvature on the free variables factored before.
    pub(super) fn with_factor(
        instance: &Instance<'_>,
        active: &ActiveSet,
        factor: FreeFactor,
        dependent: Dependent,
    ) -> Result<Self, Breakdown> {
        let (free, rows) = (active.free(), active.held_rows());
        let normals = gathered(instance, &rows, &free);
        Self::assemble(free, rows, normals, (factor, 0.0), dependent)
    }

    fn assemble(
        free: Vec<usize>,
        mut rows: Vec<usize>,
        mut normals: Vec<f64>,
        (factor, penalty): (FreeFactor, f64),
        dependent: Dependent,
    ) -> Result<Self, Breakdown> {
        let k = free.len();
        let mut images = normals.clone();
        factor.solve(&mut images, k);
        loop {
            match Lower::factor(products(&normals, &images, k, rows.len()), rows.len(), DEPENDENT) {
                Ok(schur) => return Ok(Self { free, rows, factor, penalty, normals, images, schur }),
                Err(_) if dependent == Dependent::Refuse => return Err(Breakdown::Rows),
                Err(row) => {
                    rows.remove(row);
                    normals.drain(row * k..(row + 1) * k);
                    images.drain(row * k..(row + 1) * k);
                }
            }
        }
    }

    /// Solves for right-hand sides `a` and `b`, in place: they become `x_F` and `y_R`.
    pub(super) fn solve(&self, a: &mut [f64], b: &mut [f64]) {
        if self.penalty > 0.0 {
            for (b, normal) in b.iter().zip(self.normals.chunks_exact(self.free.len().max(1))) {
                add_scaled(a, self.penalty * b, normal);
            }
        }
        self.factor.solve(a, self.free.len());
        self.eliminate(a, b);
    }

    /// Solves for `a` and `b = 0`; returns `y_R` and `a'P⁻¹a`, the curvature without the rows.
    pub(super) fn project(&self, a: &mut [f64]) -> (Vec<f64>, f64) {
        let before = a.to_vec();
        self.factor.solve(a, self.free.len());
        let size = dot(&before, a);
        let mut y = vec![0.0; self.rows.len()];
        self.eliminate(a, &mut y);
        (y, size)
    }

    /// From `P⁻¹a` and `b` to `x_F` and `y_R`.
    fn eliminate(&self, a: &mut [f64], b: &mut [f64]) {
        let k = self.free.len();
        if k == 0 {
            return;
        }
        for (b, normal) in b.iter_mut().zip(self.normals.chunks_exact(k)) {
            *b = dot(normal, a) - *b;
        }
        self.schur.solve(b);
        for (y, image) in b.iter().zip(self.images.chunks_exact(k)) {
            add_scaled(a, -y, image);
        }
    }

    /// The point with the chosen limits held, and multipliers that make it stationary.
    pub(super) fn point(&self, instance: &Instance<'_>, active: &ActiveSet) -> Point {
        let x: Vec<f64> = (0..instance.n)
            .map(|i| match active.bounds[i] {
                Activity::Inactive => 0.0,
                Activity::Lower => instance.lower[i],
                Activity::Upper => instance.upper[i],
            })
            .collect();
        let curved = instance.curvature.product(&x);
        self.refined(instance, active, Point { x, y: vec![0.0; instance.m], z: vec![0.0; instance.n], curved })
    }

    /// A point without what was left of the equations there: one step of iterative refinement.
    pub(super) fn refined(&self, instance: &Instance<'_>, active: &ActiveSet, mut point: Point) -> Point {
        let gradient = instance.gradient(&point);
        let left = |r: usize| target(instance, active, r) - dot(instance.row(r), &point.x);
        let mut a: Vec<f64> = self.free.iter().map(|&i| -gradient[i]).collect();
        let mut b: Vec<f64> = self.rows.iter().map(|&r| left(r)).collect();
        self.solve(&mut a, &mut b);
        self.free.iter().zip(&a).for_each(|(&i, step)| point.x[i] += step);
        self.rows.iter().zip(&b).for_each(|(&r, step)| point.y[r] += step);
        point.curved = instance.curvature.product(&point.x);
        point.z = held(active, &instance.gradient(&point));
        point
    }
}

/// `A B'` for flat `A` and `B` of `m` rows of `k`; the lower triangle.
fn products(a: &[f64], b: &[f64], k: usize, m: usize) -> Vec<f64> {
    let mut products = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..=i {
            products[i * m + j] = dot(&a[i * k..(i + 1) * k], &b[j * k..(j + 1) * k]);
        }
    }
    products
}

/// Some rows on some variables, row by row.
fn gathered(instance: &Instance<'_>, rows: &[usize], free: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|&r| free.iter().map(move |&i| instance.row(r)[i])).collect()
}

fn target(instance: &Instance<'_>, active: &ActiveSet, r: usize) -> f64 {
    if active.rows[r] == Activity::Upper { instance.row_upper[r] } else { instance.row_lower[r] }
}

/// Multipliers of the bounds held: minus the gradient there, nothing elsewhere.
fn held(active: &ActiveSet, gradient: &[f64]) -> Vec<f64> {
    active.bounds.iter().zip(gradient).map(|(side, g)| if *side == Activity::Inactive { 0.0 } else { -g }).collect()
}
