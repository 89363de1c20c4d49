//! The products with one block of scenarios, which are all of the work.

use std::ops::Range;

use alluse_risk_core::linalg;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::method::broke_down;
use crate::Result;

/// Scenarios multiplied at a time: the scaled copy stays in the second-level cache.
const CHUNK: usize = 512;

/// The scaled affine functions of one block: a matrix and columns that are constant.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    /// One row a variable, one column a scenario, so that every product runs along memory.
    pub(super) columns: Array2<f64>,
    /// The variable of the first row of `columns`.
    pub(super) first: usize,
    /// Variables with the same coefficient in every scenario.
    pub(super) levels: Vec<(usize, f64)>,
    /// Where the block stands among the scenarios of all blocks.
    pub(super) span: Range<usize>,
    /// The inequality its hinges are charged to; the objective without one.
    pub(super) charged: Option<usize>,
}

impl Kernel {
    /// Writes `L x` of the block into its span of `out`.
    pub(super) fn apply(&self, x: &Array1<f64>, out: &mut Array1<f64>) {
        let level: f64 = self.levels.iter().map(|(variable, k)| k * x[*variable]).sum();
        let (_, tail) = out.view_mut().split_at(Axis(0), self.span.start);
        let (mut out, _) = tail.split_at(Axis(0), self.span.len());
        out.fill(level);
        for (j, column) in self.columns.outer_iter().enumerate() {
            let xj = x[self.first + j];
            if xj != 0.0 {
                out.scaled_add(xj, &column);
            }
        }
    }

    /// Adds `L'y` of the block to `out`.
    pub(super) fn add_transposed(&self, y: &Array1<f64>, out: &mut Array1<f64>) {
        let y = self.slice(y);
        for (j, column) in self.columns.outer_iter().enumerate() {
            out[self.first + j] += column.dot(&y);
        }
        let sum = y.sum();
        for (variable, k) in &self.levels {
            out[*variable] += k * sum;
        }
    }

    /// Adds `L' diag(w) L` of the block to `out`; scenarios of no weight cost nothing.
    pub(super) fn add_gram(&self, weights: &Array1<f64>, out: &mut Array2<f64>) -> Result<()> {
        let weights = self.slice(weights);
        let heavy: Vec<usize> = (0..weights.len()).filter(|s| weights[*s] > 0.0).collect();
        for chunk in heavy.chunks(CHUNK) {
            let roots: Vec<f64> = chunk.iter().map(|s| weights[*s].sqrt()).collect();
            let mut scaled = Vec::with_capacity(chunk.len() * self.columns.nrows());
            for column in self.columns.outer_iter() {
                scaled.extend(chunk.iter().zip(&roots).map(|(s, root)| column[*s] * root));
            }
            let scaled = Array2::from_shape_vec((self.columns.nrows(), chunk.len()), scaled);
            let scaled = scaled.map_err(|error| broke_down(error.to_string()))?;
            let product = linalg::gram(scaled.t()).map_err(|error| broke_down(error.to_string()))?;
            for ((i, j), value) in product.indexed_iter() {
                out[[self.first + i, self.first + j]] += value;
            }
        }
        self.add_borders(weights, out);
        Ok(())
    }

    /// The rows and columns of the level variables.
    fn add_borders(&self, weights: ArrayView1<'_, f64>, out: &mut Array2<f64>) {
        let sum = weights.sum();
        for (variable, k) in &self.levels {
            for (j, column) in self.columns.outer_iter().enumerate() {
                let product = k * column.dot(&weights);
                out[[*variable, self.first + j]] += product;
                out[[self.first + j, *variable]] += product;
            }
            for (other, other_k) in &self.levels {
                out[[*variable, *other]] += k * other_k * sum;
            }
        }
    }

    /// One scenario as a dense row of `n` coefficients.
    pub(super) fn row(&self, scenario: usize, n: usize) -> Array1<f64> {
        let mut row = Array1::zeros(n);
        for (j, value) in self.columns.column(scenario - self.span.start).iter().enumerate() {
            row[self.first + j] = *value;
        }
        for (variable, k) in &self.levels {
            row[*variable] += k;
        }
        row
    }

    fn slice<'v>(&self, all: &'v Array1<f64>) -> ArrayView1<'v, f64> {
        let (_, tail) = all.view().split_at(Axis(0), self.span.start);
        tail.split_at(Axis(0), self.span.len()).0
    }
}
