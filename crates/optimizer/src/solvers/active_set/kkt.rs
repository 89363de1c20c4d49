//! The equations that remain once the limits that hold with equality are chosen.

use super::cholesky::{Lower, add_scaled, dot};
use super::factor::FreeFactor;
use super::instance::{Instance, Point};
use super::working_set::{ActiveSet, Side};

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

/// ```text
/// P_FF x_F + A_RF' y_R = a      A_RF x_F = b
/// ```
/// in factors: `F` the free variables, `R` the rows held.
#[derive(Debug)]
pub(super) struct Kkt {
    pub(super) free: Vec<usize>,
    pub(super) rows: Vec<usize>,
    factor: FreeFactor,
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
        Self::with_factor(instance, active, factor)
    }

    /// With the curvature on the free variables factored before.
    pub(super) fn with_factor(
        instance: &Instance<'_>,
        active: &ActiveSet,
        factor: FreeFactor,
    ) -> Result<Self, Breakdown> {
        let (free, rows) = (active.free(), active.held_rows());
        let (k, m) = (free.len(), rows.len());
        if m > k {
            return Err(Breakdown::Rows);
        }
        let mut normals = Vec::with_capacity(k * m);
        for &r in &rows {
            let row = instance.row(r);
            normals.extend(free.iter().map(|&i| row[i]));
        }
        let mut images = normals.clone();
        factor.solve(&mut images, k);
        let mut schur = vec![0.0; m * m];
        for a in 0..m {
            for b in 0..=a {
                schur[a * m + b] = dot(&normals[a * k..(a + 1) * k], &images[b * k..(b + 1) * k]);
            }
        }
        let schur = Lower::factor(schur, m, DEPENDENT).map_err(|_| Breakdown::Rows)?;
        Ok(Self { free, rows, factor, normals, images, schur })
    }

    /// Solves for right-hand sides `a` and `b`, in place: they become `x_F` and `y_R`.
    pub(super) fn solve(&self, a: &mut [f64], b: &mut [f64]) {
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
        let mut x: Vec<f64> = (0..instance.n)
            .map(|i| match active.bounds[i] {
                Side::Inactive => 0.0,
                Side::Lower => instance.lower[i],
                Side::Upper => instance.upper[i],
            })
            .collect();
        let mut y = vec![0.0; instance.m];
        let gradient = self.correct(instance, active, &mut x, &mut y);
        Point { z: held(active, &gradient), x, y }
    }

    /// The same point after one step of iterative refinement.
    pub(super) fn refined(&self, instance: &Instance<'_>, active: &ActiveSet, point: &Point) -> Point {
        let (mut x, mut y) = (point.x.clone(), point.y.clone());
        let gradient = self.correct(instance, active, &mut x, &mut y);
        Point { z: held(active, &gradient), x, y }
    }

    /// Takes away what is left of the equations at `x`, `y`; returns `P x + q + A'y` afterwards.
    fn correct(&self, instance: &Instance<'_>, active: &ActiveSet, x: &mut [f64], y: &mut [f64]) -> Vec<f64> {
        let gradient = instance.gradient(x, y);
        let mut a: Vec<f64> = self.free.iter().map(|&i| -gradient[i]).collect();
        let mut b: Vec<f64> =
            self.rows.iter().map(|&r| target(instance, active, r) - dot(instance.row(r), x)).collect();
        self.solve(&mut a, &mut b);
        self.free.iter().zip(&a).for_each(|(&i, step)| x[i] += step);
        self.rows.iter().zip(&b).for_each(|(&r, step)| y[r] += step);
        instance.gradient(x, y)
    }
}

fn target(instance: &Instance<'_>, active: &ActiveSet, r: usize) -> f64 {
    if active.rows[r] == Side::Upper { instance.row_upper[r] } else { instance.row_lower[r] }
}

/// Multipliers of the bounds held: minus the gradient there, nothing elsewhere.
fn held(active: &ActiveSet, gradient: &[f64]) -> Vec<f64> {
    active.bounds.iter().zip(gradient).map(|(side, g)| if *side == Side::Inactive { 0.0 } else { -g }).collect()
}
