//! Cholesky with pivoting, for matrices that may be singular.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// `P'SP = LL'` of a positive semidefinite matrix, scaled to a unit diagonal first so that one tolerance serves
/// shares and rates alike.
#[derive(Debug, Clone)]
pub(crate) struct PivotedCholesky {
    /// `order[k]` is the row of the matrix that came `k`-th.
    order: Vec<usize>,
    /// Rows in pivot order; only the first `rank` columns hold anything.
    lower: Array2<f64>,
    scale: Vec<f64>,
    rank: usize,
}

impl PivotedCholesky {
    /// Stops at the first pivot of at most `tolerance`, in units in which every variance is 1.
    pub(crate) fn new(matrix: ArrayView2<'_, f64>, tolerance: f64) -> Self {
        let n = matrix.nrows();
        let scale: Vec<f64> = matrix.diag().iter().map(|v| v.max(0.0).sqrt()).collect();
        let mut left = Array2::from_shape_fn((n, n), |(i, j)| {
            if scale[i] > 0.0 && scale[j] > 0.0 { matrix[[i, j]] / scale[i] / scale[j] } else { 0.0 }
        });
        let mut order: Vec<usize> = (0..n).collect();
        let mut lower = Array2::zeros((n, n));
        let mut rank = 0;
        while rank < n {
            let Some(place) = (rank..n).max_by(|&a, &b| {
                // Of equal pivots the first, so that names come in the caller's order.
                left[[order[a], order[a]]].total_cmp(&left[[order[b], order[b]]]).then(b.cmp(&a))
            }) else {
                break;
            };
            let pivot = left[[order[place], order[place]]];
            if !(pivot > tolerance) {
                break;
            }
            order[rank..=place].rotate_right(1);
            let first = order[rank];
            let root = pivot.sqrt();
            // The rows already factored came along by name, not by place.
            for &row in &order[rank..] {
                lower[[row, rank]] = left[[row, first]] / root;
            }
            for &i in &order[rank + 1..] {
                for &j in &order[rank + 1..] {
                    left[[i, j]] -= lower[[i, rank]] * lower[[j, rank]];
                }
            }
            rank += 1;
        }
        let lower = Array2::from_shape_fn((n, n), |(i, j)| lower[[order[i], j]]);
        Self { order, lower, scale, rank }
    }

    pub(crate) fn is_full_rank(&self) -> bool {
        self.rank == self.order.len()
    }

    /// Rows that depend on each other: those without a pivot of their own, and those they are made of.
    pub(crate) fn dependent(&self) -> Vec<usize> {
        let mut dependent: Vec<usize> = self.order[self.rank..].to_vec();
        for k in self.rank..self.order.len() {
            let weights = self.back(self.lower.row(k));
            for (place, weight) in weights.iter().enumerate().take(self.rank) {
                if weight.abs() > 1e-6 && self.scale[self.order[k]] > 0.0 {
                    dependent.push(self.order[place]);
                }
            }
        }
        dependent.sort_unstable();
        dependent.dedup();
        dependent
    }

    /// `L⁻¹ P' D⁻¹ b`: coordinates in which the matrix is the identity. Only for a matrix of full rank.
    pub(crate) fn whiten(&self, b: ArrayView1<'_, f64>) -> Array1<f64> {
        let mut y = Array1::zeros(self.rank);
        for i in 0..self.rank {
            let row = self.order[i];
            let known: f64 = (0..i).map(|j| self.lower[[i, j]] * y[j]).sum();
            y[i] = (b[row] / self.scale[row] - known) / self.lower[[i, i]];
        }
        y
    }

    /// `w` with `w'L = r` over the pivots.
    fn back(&self, r: ArrayView1<'_, f64>) -> Array1<f64> {
        let mut w = Array1::zeros(self.rank);
        for i in (0..self.rank).rev() {
            let known: f64 = (i + 1..self.rank).map(|j| self.lower[[j, i]] * w[j]).sum();
            w[i] = (r[i] - known) / self.lower[[i, i]];
        }
        w
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn whitened_vectors_have_the_inner_products_of_the_inverse() {
        let matrix = array![[4.0, 1.2, 0.4], [1.2, 9.0, -0.6], [0.4, -0.6, 1.0]];
        let factor = PivotedCholesky::new(matrix.view(), 1e-10);
        assert!(factor.is_full_rank());
        assert!(factor.dependent().is_empty());
        let (a, b) = (array![1.0, -2.0, 0.5], array![0.3, 0.7, -1.1]);
        let got = factor.whiten(a.view()).dot(&factor.whiten(b.view()));
        let solved = alluse_risk_core::linalg::solve_positive_definite(matrix.view(), b.view()).unwrap();
        assert!((got - a.dot(&solved)).abs() < 1e-14, "{got}");
    }

    #[test]
    fn dependent_rows_are_named_with_what_they_are_made_of() {
        // The third is the sum of the first two; the fourth is on its own.
        let matrix = array![[1.0, 0.0, 1.0, 0.0], [0.0, 4.0, 4.0, 0.0], [1.0, 4.0, 5.0, 0.0], [0.0, 0.0, 0.0, 2.0]];
        let factor = PivotedCholesky::new(matrix.view(), 1e-10);
        assert!(!factor.is_full_rank());
        assert_eq!(factor.dependent(), [0, 1, 2]);
        // A row without variance depends on nothing.
        let dead = PivotedCholesky::new(array![[0.0, 0.0], [0.0, 1.0]].view(), 1e-10);
        assert_eq!(dead.dependent(), [0]);
    }

    #[test]
    fn the_tolerance_is_relative_to_each_variance() {
        let nearly = |gap: f64| array![[1e-8, 1e-4 * (1.0 - gap)], [1e-4 * (1.0 - gap), 1.0]];
        // The second pivot is 1 − (1 − gap)².
        assert!(PivotedCholesky::new(nearly(1e-9).view(), 1e-10).is_full_rank());
        assert!(!PivotedCholesky::new(nearly(1e-11).view(), 1e-10).is_full_rank());
    }
}
