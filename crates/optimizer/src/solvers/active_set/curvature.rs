//! The matrix of a quadratic program, dense or in factors, behind the few operations the methods need.

use std::borrow::Cow;

use ndarray::{Array1, Array2, ArrayView2};

use super::cholesky::{add_scaled, dot};
use crate::{Hessian, QuadraticProgram};

/// `P = s H + diag d`.
#[derive(Debug)]
pub(super) struct Curvature<'a> {
    pub(super) n: usize,
    pub(super) parts: Parts<'a>,
}

#[derive(Debug)]
pub(super) enum Parts<'a> {
    /// `s`, `H` row by row, `d`.
    Dense { scale: f64, matrix: Cow<'a, [f64]>, diagonal: Option<&'a Array1<f64>> },
    /// `P = G G' + diag e`: `G` row by row, its number of columns, `e`.
    Factored { root: Vec<f64>, factors: usize, own: Vec<f64> },
}

impl<'a> Curvature<'a> {
    pub(super) fn new(program: &'a QuadraticProgram<'_>) -> Self {
        let (n, scale, diagonal) = (program.len(), program.scale, program.diagonal.as_ref());
        let parts = match program.hessian {
            Hessian::Dense(matrix) => Parts::Dense { scale, matrix: symmetric_slice(matrix), diagonal },
            Hessian::Factored(model) => {
                let extra = |i: usize| diagonal.map_or(0.0, |d| d[i]);
                Parts::Factored {
                    root: model.sampling_root().iter().map(|g| scale.sqrt() * g).collect(),
                    factors: model.sampling_root().ncols(),
                    own: model.residual_variances().iter().enumerate().map(|(i, d)| scale * d + extra(i)).collect(),
                }
            }
        };
        Self { n, parts }
    }

    /// `P x`, at a cost of `n` for each element of `x` that is not zero.
    pub(super) fn product(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n];
        match &self.parts {
            Parts::Dense { scale, matrix, diagonal } => {
                for (row, x) in matrix.chunks_exact(self.n).zip(x).filter(|(_, x)| **x != 0.0) {
                    add_scaled(&mut out, scale * x, row);
                }
                if let Some(diagonal) = diagonal {
                    out.iter_mut().zip(x).zip(diagonal.iter()).for_each(|((out, x), d)| *out += d * x);
                }
            }
            Parts::Factored { root, factors, own } => {
                let mut exposures = vec![0.0; *factors];
                for (row, x) in root.chunks_exact(*factors).zip(x).filter(|(_, x)| **x != 0.0) {
                    add_scaled(&mut exposures, *x, row);
                }
                for (i, row) in root.chunks_exact(*factors).enumerate() {
                    out[i] = dot(row, &exposures) + own[i] * x[i];
                }
            }
        }
        out
    }

    /// The block of a dense `P` on some variables, row by row.
    pub(super) fn block(&self, scale: f64, matrix: &[f64], diagonal: Option<&Array1<f64>>, on: &[usize]) -> Vec<f64> {
        let k = on.len();
        let mut block = Vec::with_capacity(k * k);
        for &i in on {
            let row = &matrix[i * self.n..(i + 1) * self.n];
            block.extend(on.iter().map(|&j| scale * row[j]));
        }
        if let Some(diagonal) = diagonal {
            on.iter().enumerate().for_each(|(a, &i)| block[a * k + a] += diagonal[i]);
        }
        block
    }
}

impl Curvature<'_> {
    /// The block of `P` on some variables, row by row; the lower triangle at least.
    pub(super) fn multiplied_out(&self, on: &[usize]) -> Vec<f64> {
        let k = on.len();
        match &self.parts {
            Parts::Dense { scale, matrix, diagonal } => self.block(*scale, matrix, *diagonal, on),
            Parts::Factored { root, factors, own } => {
                let row = |i: usize| &root[i * factors..(i + 1) * factors];
                let mut block = vec![0.0; k * k];
                for (a, &i) in on.iter().enumerate() {
                    for (b, &j) in on[..=a].iter().enumerate() {
                        block[a * k + b] = dot(row(i), row(j));
                    }
                    block[a * k + a] += own[i];
                }
                block
            }
        }
    }
}

/// A symmetric matrix row by row, without a copy where rows or columns are contiguous.
fn symmetric_slice(matrix: ArrayView2<'_, f64>) -> Cow<'_, [f64]> {
    // A symmetric matrix reads the same by columns.
    match matrix.to_slice().or_else(|| matrix.reversed_axes().to_slice()) {
        Some(entries) => Cow::Borrowed(entries),
        None => Cow::Owned(matrix.iter().copied().collect()),
    }
}

/// The rows of any matrix, one after the other.
pub(super) fn row_slice(matrix: &Array2<f64>) -> Cow<'_, [f64]> {
    matrix.as_slice().map_or_else(|| Cow::Owned(matrix.iter().copied().collect()), Cow::Borrowed)
}

/// The elements of a vector, one after the other.
pub(super) fn slice(vector: &Array1<f64>) -> Cow<'_, [f64]> {
    vector.as_slice().map_or_else(|| Cow::Owned(vector.to_vec()), Cow::Borrowed)
}
