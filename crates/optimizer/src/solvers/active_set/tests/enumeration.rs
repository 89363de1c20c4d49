//! A second road: every choice of limits that hold with equality, one after the other.

use ndarray::{Array1, Array2};
use proptest::prelude::*;

use crate::{Error, Hessian, QuadraticProgram};

/// Gaussian elimination with row exchanges; none for a matrix that is singular to 1e-10.
fn eliminated(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for column in 0..n {
        let best = (column..n).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))?;
        if a[best][column].abs() < 1e-10 {
            return None;
        }
        a.swap(column, best);
        b.swap(column, best);
        for row in 0..n {
            if row != column {
                let share = a[row][column] / a[column][column];
                for j in column..n {
                    a[row][j] -= share * a[column][j];
                }
                b[row] -= share * b[column];
            }
        }
    }
    Some((0..n).map(|i| b[i] / a[i][i]).collect())
}

/// A program in plain vectors: limits are rows, bounds the first of them.
pub(super) struct Plain {
    pub(super) p: Vec<Vec<f64>>,
    pub(super) q: Vec<f64>,
    pub(super) rows: Vec<(Vec<f64>, f64, f64)>,
}

impl Plain {
    fn objective(&self, x: &[f64]) -> f64 {
        let curved: f64 = (0..x.len()).map(|i| (0..x.len()).map(|j| x[i] * self.p[i][j] * x[j]).sum::<f64>()).sum();
        0.5 * curved + x.iter().zip(&self.q).map(|(x, q)| x * q).sum::<f64>()
    }

    /// The best of all points that minimise the objective with some limits held and meet the others.
    pub(super) fn best(&self) -> Option<(f64, Vec<f64>)> {
        let (n, m) = (self.q.len(), self.rows.len());
        let mut best: Option<(f64, Vec<f64>)> = None;
        for code in 0..3_usize.pow(m as u32) {
            let held: Vec<(usize, f64)> = (0..m)
                .filter_map(|r| match code / 3_usize.pow(r as u32) % 3 {
                    0 => None,
                    1 => Some((r, self.rows[r].1)),
                    _ => Some((r, self.rows[r].2)),
                })
                .collect();
            if held.len() > n || held.iter().any(|(_, side)| !side.is_finite()) {
                continue;
            }
            let size = n + held.len();
            let (mut a, mut b) = (vec![vec![0.0; size]; size], vec![0.0; size]);
            for i in 0..n {
                a[i][..n].copy_from_slice(&self.p[i]);
                b[i] = -self.q[i];
            }
            for (k, (r, side)) in held.iter().enumerate() {
                for i in 0..n {
                    a[n + k][i] = self.rows[*r].0[i];
                    a[i][n + k] = self.rows[*r].0[i];
                }
                b[n + k] = *side;
            }
            let Some(solution) = eliminated(a, b) else { continue };
            let x = solution[..n].to_vec();
            let meets = |(row, low, high): &(Vec<f64>, f64, f64)| {
                let value: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
                value >= low - 1e-9 && value <= high + 1e-9
            };
            if self.rows.iter().all(meets) {
                let objective = self.objective(&x);
                if best.as_ref().is_none_or(|(least, _)| objective < *least) {
                    best = Some((objective, x));
                }
            }
        }
        best
    }
}

#[derive(Debug, Clone)]
struct Case {
    root: Vec<i32>,
    linear: Vec<i32>,
    bounds: Vec<(i32, i32)>,
    rows: Vec<(Vec<i32>, i32, i32)>,
}

fn case() -> impl Strategy<Value = Case> {
    (2_usize..=4, 0_usize..=3).prop_flat_map(|(n, m)| {
        // Small whole numbers make ties, degenerate corners and dependent rows common.
        let row = (prop::collection::vec(-2..=2, n), -3..=3, 0..=3).prop_map(|(a, low, width)| (a, low, low + width));
        (
            prop::collection::vec(-2..=2, n * n),
            prop::collection::vec(-4..=4, n),
            prop::collection::vec((-2..=1, 0..=3).prop_map(|(low, width)| (low, low + width)), n),
            prop::collection::vec(row, m),
        )
            .prop_map(|(root, linear, bounds, rows)| Case { root, linear, bounds, rows })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The optimum is that of the enumeration to 1e-8, and there is none exactly when the enumeration finds none.
    #[test]
    fn agrees_with_trying_every_active_set(case in case()) {
        let n = case.linear.len();
        let root = Array2::from_shape_fn((n, n), |(i, j)| f64::from(case.root[i * n + j]));
        let hessian = root.dot(&root.t()) + Array2::<f64>::eye(n);
        let floats = |v: &[i32]| v.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
        let (low, high): (Vec<_>, Vec<_>) = case.bounds.iter().copied().unzip();
        let rows = Array2::from_shape_fn((case.rows.len(), n), |(r, i)| f64::from(case.rows[r].0[i]));
        let sides = |side: fn(&(Vec<i32>, i32, i32)) -> i32| -> Array1<f64> {
            case.rows.iter().map(|row| f64::from(side(row))).collect()
        };
        let program = QuadraticProgram::new(Hessian::Dense(hessian.view()), floats(&case.linear)).unwrap()
            .with_bounds(floats(&low), floats(&high)).unwrap()
            .with_rows(rows.clone(), sides(|row| row.1), sides(|row| row.2)).unwrap();
        let mut plain = Plain {
            p: hessian.outer_iter().map(|row| row.to_vec()).collect(), q: floats(&case.linear), rows: Vec::new(),
        };
        for i in 0..n {
            let unit = (0..n).map(|j| f64::from(u8::from(i == j))).collect();
            plain.rows.push((unit, f64::from(low[i]), f64::from(high[i])));
        }
        plain.rows.extend(case.rows.iter().map(|(a, l, h)| (floats(a), f64::from(*l), f64::from(*h))));
        match (program.solve(), plain.best()) {
            (Ok(solution), Some((objective, x))) => {
                prop_assert!((solution.objective - objective).abs() < 1e-8);
                prop_assert!(solution.x.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-7));
            }
            (Err(Error::Infeasible { .. }), None) => {}
            (got, expected) => prop_assert!(false, "{got:?} against {expected:?}"),
        }
    }
}
