//! The products with one block of scenarios, which are all of the work.

use std::ops::Range;

use alluse_risk_core::linalg;
use ndarray::{Array1, Array2, ArrayView1, Axis, Slice};

use super::method::broke_down;
use crate::Result;

/// Scenarios multiplied at a time, which bounds the scaled copy.
const CHUNK: usize = 2048;

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
        let m = self.columns.nrows();
        let mut sum = Array2::<f64>::zeros((m, m));
        for chunk in heavy.chunks(CHUNK) {
            let roots: Vec<f64> = chunk.iter().map(|s| weights[*s].sqrt()).collect();
            let scaled = Array2::from_shape_vec((m, chunk.len()), self.scaled(chunk, &roots));
            let scaled = scaled.map_err(|error| broke_down(error.to_string()))?;
            sum += &linalg::gram(scaled.t()).map_err(|error| broke_down(error.to_string()))?;
        }
        let own = Slice::from(self.first..self.first + m);
        let mut target = out.slice_axis_mut(Axis(0), own);
        target.slice_axis_mut(Axis(1), own).scaled_add(1.0, &sum);
        self.add_borders(weights, out);
        Ok(())
    }

    /// The chosen scenarios of every column, times their roots.
    fn scaled(&self, chosen: &[usize], roots: &[f64]) -> Vec<f64> {
        let mut scaled = Vec::with_capacity(chosen.len() * self.columns.nrows());
        let adjacent = chosen.first().zip(chosen.last()).is_some_and(|(a, b)| b - a + 1 == chosen.len());
        for column in self.columns.outer_iter() {
            match column.as_slice() {
                Some(column) if adjacent => {
                    let run = &column[chosen[0]..chosen[0] + chosen.len()];
                    scaled.extend(run.iter().zip(roots).map(|(value, root)| value * root));
                }
                _ => scaled.extend(chosen.iter().zip(roots).map(|(s, root)| column[*s] * root)),
            }
        }
        scaled
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

    fn slice<'v>(&self, all: &'v Array1<f64>) -> ArrayView1<'v, f64> {
        let (_, tail) = all.view().split_at(Axis(0), self.span.start);
        tail.split_at(Axis(0), self.span.len()).0
    }
}
