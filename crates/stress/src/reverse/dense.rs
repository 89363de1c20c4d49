//! Systems that are neither definite nor large.

use ndarray::{Array1, Array2};

/// `x` with `A x = b` by elimination with partial pivoting; `None` when a pivot vanishes.
pub(super) fn solve(mut a: Array2<f64>, mut b: Array1<f64>) -> Option<Array1<f64>> {
    let n = b.len();
    let size = a.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[[i, k]].abs().total_cmp(&a[[j, k]].abs()))?;
        if !(a[[pivot, k]].abs() > 1e-14 * size) {
            return None;
        }
        if pivot != k {
            for j in k..n {
                a.swap([k, j], [pivot, j]);
            }
            b.swap(k, pivot);
        }
        for i in k + 1..n {
            let factor = a[[i, k]] / a[[k, k]];
            if factor != 0.0 {
                for j in k + 1..n {
                    let above = a[[k, j]];
                    a[[i, j]] -= factor * above;
                }
                b[i] -= factor * b[k];
            }
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| a[[k, j]] * b[j]).sum();
        b[k] = (b[k] - known) / a[[k, k]];
    }
    b.iter().all(|v| v.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_system_that_needs_pivots() {
        let a = array![[0.0, 2.0, 1.0], [1.0, -1.0, 0.0], [3.0, 0.0, -2.0]];
        let want = array![1.0, 2.0, -3.0];
        let got = solve(a.clone(), a.dot(&want)).unwrap();
        assert!((&got - &want).iter().all(|v| v.abs() < 1e-14), "{got}");
    }

    #[test]
    fn singular_systems_have_no_answer() {
        assert_eq!(solve(array![[1.0, 2.0], [2.0, 4.0]], array![1.0, 2.0]), None);
        assert_eq!(solve(array![[0.0]], array![1.0]), None);
        assert_eq!(solve(array![[f64::NAN]], array![1.0]), None);
    }
}
