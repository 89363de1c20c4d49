//! A quadratic program in contiguous memory, and a point of it.

use std::borrow::Cow;

use super::cholesky::{add_scaled, dot};
use super::curvature::{Curvature, row_slice, slice};
use crate::QuadraticProgram;

/// What the methods work on.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    pub(super) n: usize,
    pub(super) m: usize,
    pub(super) curvature: Curvature<'a>,
    pub(super) linear: Cow<'a, [f64]>,
    pub(super) lower: Cow<'a, [f64]>,
    pub(super) upper: Cow<'a, [f64]>,
    rows: Cow<'a, [f64]>,
    pub(super) row_lower: Cow<'a, [f64]>,
    pub(super) row_upper: Cow<'a, [f64]>,
}

impl<'a> Instance<'a> {
    pub(super) fn new(program: &'a QuadraticProgram<'_>) -> Self {
        Self {
            n: program.len(),
            m: program.rows.nrows(),
            curvature: Curvature::new(program),
            linear: slice(&program.linear),
            lower: slice(&program.lower),
            upper: slice(&program.upper),
            rows: row_slice(&program.rows),
            row_lower: slice(&program.row_lower),
            row_upper: slice(&program.row_upper),
        }
    }

    pub(super) fn row(&self, r: usize) -> &[f64] {
        &self.rows[r * self.n..(r + 1) * self.n]
    }

    /// `A x`.
    pub(super) fn activity(&self, x: &[f64]) -> Vec<f64> {
        (0..self.m).map(|r| dot(self.row(r), x)).collect()
    }

    /// `P x + q + A'y`.
    pub(super) fn gradient(&self, point: &Point) -> Vec<f64> {
        let mut gradient = point.curved.clone();
        add_scaled(&mut gradient, 1.0, &self.linear);
        for (r, y) in point.y.iter().enumerate().filter(|(_, y)| **y != 0.0) {
            add_scaled(&mut gradient, *y, self.row(r));
        }
        gradient
    }

    /// `½ x'P x + q'x`.
    pub(super) fn objective(&self, point: &Point) -> f64 {
        0.5 * dot(&point.x, &point.curved) + dot(&point.x, &self.linear)
    }

    /// What rounding is measured against: the largest term of each sum.
    pub(super) fn scales(&self, point: &Point) -> Scales {
        let (x, largest) = (&point.x, |values: &[f64]| values.iter().fold(0.0_f64, |a, v| a.max(v.abs())));
        let mut gradient = largest(&self.linear).max(largest(&point.curved));
        for (r, y) in point.y.iter().enumerate().filter(|(_, y)| **y != 0.0) {
            gradient = gradient.max(y.abs() * largest(self.row(r)));
        }
        // A variable carries the rounding of the largest one, wherever they were solved for together.
        let most = largest(x);
        let row = |r: usize| {
            let terms: f64 = self.row(r).iter().zip(x).map(|(a, x)| (a * x).abs()).sum();
            let size = terms.max(most * largest(self.row(r)));
            let side = |v: f64| if v.is_finite() { v.abs() } else { 0.0 };
            size.max(side(self.row_lower[r])).max(side(self.row_upper[r]))
        };
        Scales { x: most, gradient, rows: (0..self.m).map(row).collect() }
    }
}

/// Sizes of the variables, of the terms of the gradient and of the terms of each row.
#[derive(Debug)]
pub(super) struct Scales {
    pub(super) x: f64,
    pub(super) gradient: f64,
    pub(super) rows: Vec<f64>,
}

/// Variables and multipliers.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) x: Vec<f64>,
    /// Of the rows.
    pub(super) y: Vec<f64>,
    /// Of the bounds.
    pub(super) z: Vec<f64>,
    /// `P x`.
    pub(super) curved: Vec<f64>,
}
