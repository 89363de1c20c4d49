//! Squared length of a projection on regressors that may depend on each other.

/// Length up to which what is left of a column, relative to the column, counts as nothing.
const DEPENDENT: f64 = 1e-9;

/// What regressors explain of a response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Projection {
    /// `‖P_X y‖² = β̂'X'X β̂`.
    pub(super) explained: f64,
    /// Columns that do not depend on those before.
    pub(super) rank: usize,
}

/// By modified Gram–Schmidt, each column twice, so that the basis is orthogonal to rounding; a dependent column is
/// left out. A handful of columns: `risk_core::linalg` refuses dependent ones and is an optional feature.
pub(super) fn project(columns: Vec<Vec<f64>>, response: &[f64]) -> Projection {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(columns.len());
    let (mut explained, mut rest) = (0.0, response.to_vec());
    for mut column in columns {
        let full = dot(&column, &column).sqrt();
        for _ in 0..2 {
            for direction in &basis {
                take_away(&mut column, direction);
            }
        }
        let length = dot(&column, &column).sqrt();
        if !(length > DEPENDENT * full) {
            continue;
        }
        column.iter_mut().for_each(|v| *v /= length);
        let share = take_away(&mut rest, &column);
        explained += share * share;
        basis.push(column);
    }
    Projection { explained, rank: basis.len() }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn take_away(from: &mut [f64], direction: &[f64]) -> f64 {
    let share = dot(from, direction);
    from.iter_mut().zip(direction).for_each(|(v, d)| *v -= share * d);
    share
}

/// Solves a small positive definite system by Cholesky; `None` when it is singular to working precision.
pub(super) fn solve<const K: usize>(mut a: [[f64; K]; K], mut b: [f64; K]) -> Option<[f64; K]> {
    for j in 0..K {
        let size = a[j][j];
        let pivot = size - (0..j).map(|k| a[j][k] * a[j][k]).sum::<f64>();
        if !(pivot > 1e-13 * size) {
            return None;
        }
        a[j][j] = pivot.sqrt();
        for i in j + 1..K {
            let dot: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            a[i][j] = (a[i][j] - dot) / a[j][j];
        }
    }
    for i in 0..K {
        let dot: f64 = (0..i).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i][i];
    }
    for i in (0..K).rev() {
        let dot: f64 = (i + 1..K).map(|k| a[k][i] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i][i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_three_points() {
        // y = 0.5 + 2.5 x leaves 1.5 of the 41 = 1 + 4 + 36.
        let fit = project(vec![vec![1.0; 3], vec![0.0, 1.0, 2.0]], &[1.0, 2.0, 6.0]);
        assert!((fit.explained - 39.5).abs() < 1e-12);
        assert_eq!(fit.rank, 2);
    }

    #[test]
    fn dependent_columns_add_nothing() {
        let x = vec![0.3, -0.1, 0.7, 0.2];
        let twin: Vec<f64> = x.iter().map(|v| 3.0 * v - 1.0).collect();
        let y = [1.0, 2.0, 0.5, -1.0];
        let lean = project(vec![vec![1.0; 4], x.clone()], &y);
        let fat = project(vec![vec![1.0; 4], x, twin, vec![0.0; 4]], &y);
        assert_eq!((lean.rank, fat.rank), (2, 2));
        assert!((lean.explained - fat.explained).abs() < 1e-12);
    }

    #[test]
    fn small_systems() {
        let x = solve([[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0]).unwrap();
        assert!((x[0] - 1.0 / 11.0).abs() < 1e-15 && (x[1] - 7.0 / 11.0).abs() < 1e-15);
        assert_eq!(solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0]), None);
        assert_eq!(solve([[f64::NAN]], [1.0]), None);
    }
}
