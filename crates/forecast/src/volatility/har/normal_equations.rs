//! Least squares on a constant and a few columns.

use alluse_risk_core::inference::{Intercept, LeastSquares};
use ndarray::{Array2, ArrayView1};

use crate::Result;

/// Constant, slopes, and the sums of squares that say how well they fit.
pub(super) struct Solved {
    pub(super) constant: f64,
    pub(super) slopes: Vec<f64>,
    pub(super) residual_squares: f64,
    pub(super) total_squares: f64,
}

/// A column that the ones before it explain to more than 1 − this makes the normal equations lose more than half of
/// the digits; they are not used then.
const LEAST_PIVOT: f64 = 1e-6;

/// Lanes of a sum: independent additions that the processor can overlap, in an order that does not depend on it.
const LANES: usize = 8;

/// Slopes by the normal equations of the centred columns, improved once by the residuals; by Householder reflections
/// when a column is close to a combination of the others. Also refuses what those refuse.
pub(super) fn solve(columns: &[Vec<f64>], response: &[f64]) -> Result<Solved> {
    let n = response.len() as f64;
    let means: Vec<f64> = columns.iter().map(|column| sum(column) / n).collect();
    let mean = sum(response) / n;
    let centred: Vec<Vec<f64>> = columns.iter().zip(&means).map(|(column, mean)| shifted(column, *mean)).collect();
    let y = shifted(response, mean);
    let Some(factor) = Factor::of(&centred) else {
        return by_reflections(columns, response);
    };
    let project = |rest: &[f64]| -> Vec<f64> {
        let products: Vec<f64> = centred.iter().map(|column| dot(column, rest)).collect();
        factor.solve(&products)
    };
    let mut slopes = project(&y);
    let rest = residuals(&centred, &slopes, &y);
    slopes.iter_mut().zip(project(&rest)).for_each(|(slope, more)| *slope += more);
    let rest = residuals(&centred, &slopes, &y);
    let residual_squares = dot(&rest, &rest);
    let total_squares = dot(&y, &y);
    let constant = mean - slopes.iter().zip(&means).map(|(slope, mean)| slope * mean).sum::<f64>();
    let usable = constant.is_finite() && slopes.iter().all(|slope| slope.is_finite());
    // An exact fit and a constant response are left to the slow road, which refuses them by name.
    if usable && total_squares.is_finite() && residual_squares > 1e-24 * total_squares {
        Ok(Solved { constant, slopes, residual_squares, total_squares })
    } else {
        by_reflections(columns, response)
    }
}

/// The slow road, which refuses what has no answer.
fn by_reflections(columns: &[Vec<f64>], response: &[f64]) -> Result<Solved> {
    let fit = LeastSquares::new(Intercept::Included)
        .fit(design(columns, response.len()).view(), ArrayView1::from(response))?;
    let r_squared = fit.r_squared()?;
    let residual_squares = fit.residual_volatility()?.powi(2) * fit.degrees_of_freedom() as f64;
    let coefficients = fit.coefficients();
    Ok(Solved {
        constant: coefficients[0],
        slopes: coefficients.iter().skip(1).copied().collect(),
        residual_squares,
        total_squares: residual_squares / (1.0 - r_squared),
    })
}

/// The columns as a matrix.
pub(super) fn design(columns: &[Vec<f64>], rows: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns.len()), |(row, column)| columns[column][row])
}

/// Cholesky factor of the correlations of the columns, with their lengths.
struct Factor {
    lower: Vec<Vec<f64>>,
    lengths: Vec<f64>,
}

impl Factor {
    /// `None` when a column is close to a combination of the ones before it.
    fn of(centred: &[Vec<f64>]) -> Option<Self> {
        let lengths: Vec<f64> = centred.iter().map(|column| dot(column, column).sqrt()).collect();
        if !lengths.iter().all(|length| *length > 0.0 && length.is_finite()) {
            return None;
        }
        let mut lower: Vec<Vec<f64>> = Vec::with_capacity(centred.len());
        for (i, column) in centred.iter().enumerate() {
            let mut row: Vec<f64> = Vec::with_capacity(i + 1);
            for j in 0..i {
                let correlation = dot(column, &centred[j]) / (lengths[i] * lengths[j]);
                let known: f64 = row.iter().zip(&lower[j]).map(|(a, b)| a * b).sum();
                row.push((correlation - known) / lower[j][j]);
            }
            let pivot = 1.0 - row.iter().map(|a| a * a).sum::<f64>();
            if !(pivot > LEAST_PIVOT) {
                return None;
            }
            row.push(pivot.sqrt());
            lower.push(row);
        }
        Some(Self { lower, lengths })
    }

    fn solve(&self, products: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = products.iter().zip(&self.lengths).map(|(product, length)| product / length).collect();
        let k = x.len();
        for i in 0..k {
            let known: f64 = (0..i).map(|j| self.lower[i][j] * x[j]).sum();
            x[i] = (x[i] - known) / self.lower[i][i];
        }
        for i in (0..k).rev() {
            let known: f64 = (i + 1..k).map(|j| self.lower[j][i] * x[j]).sum();
            x[i] = (x[i] - known) / self.lower[i][i];
        }
        x.iter_mut().zip(&self.lengths).for_each(|(x, length)| *x /= length);
        x
    }
}

fn shifted(values: &[f64], level: f64) -> Vec<f64> {
    values.iter().map(|value| value - level).collect()
}

fn residuals(columns: &[Vec<f64>], slopes: &[f64], response: &[f64]) -> Vec<f64> {
    let mut rest = response.to_vec();
    for (column, slope) in columns.iter().zip(slopes) {
        rest.iter_mut().zip(column).for_each(|(rest, x)| *rest -= slope * x);
    }
    rest
}

fn sum(values: &[f64]) -> f64 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().chain(rest).sum()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_fit_by_hand() {
        // y = 1 + 2x with residuals 1, −1, −1, 1 that are orthogonal to the line.
        let solved = solve(&[vec![0.0, 1.0, 2.0, 3.0]], &[2.0, 2.0, 4.0, 8.0]).unwrap();
        assert!((solved.constant - 1.0).abs() < 1e-14 && (solved.slopes[0] - 2.0).abs() < 1e-14);
        assert!((solved.residual_squares - 4.0).abs() < 1e-13 && (solved.total_squares - 24.0).abs() < 1e-13);
    }

    #[test]
    fn both_roads_agree() {
        let wave = |speed: f64| -> Vec<f64> { (0..203).map(|t| 100.0 + (speed * f64::from(t)).sin()).collect() };
        let columns = [wave(0.3), wave(1.1), wave(2.3)];
        let response: Vec<f64> =
            (0..203).map(|t| columns[0][t] - 0.4 * columns[2][t] + (t as f64 * 7.7).cos()).collect();
        let (fast, slow) = (solve(&columns, &response).unwrap(), by_reflections(&columns, &response).unwrap());
        assert!((fast.constant / slow.constant - 1.0).abs() < 1e-11);
        assert!(fast.slopes.iter().zip(&slow.slopes).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!((fast.residual_squares / slow.residual_squares - 1.0).abs() < 1e-11);
        assert!((fast.total_squares / slow.total_squares - 1.0).abs() < 1e-11);
    }

    #[test]
    fn near_collinearity_takes_the_slow_road_and_collinearity_is_refused() {
        let x: Vec<f64> = (0..50).map(|t| (0.7 * f64::from(t)).sin()).collect();
        let noise: Vec<f64> = (0..50).map(|t| (13.0 * f64::from(t)).cos()).collect();
        let close: Vec<f64> = x.iter().zip(&noise).map(|(x, e)| x + 1e-6 * e).collect();
        let y: Vec<f64> = x.iter().zip(&close).zip(&noise).map(|((a, b), e)| a + b + (e * 31.0).sin()).collect();
        assert!(Factor::of(&[x.clone(), close.clone()]).is_none());
        assert!(solve(&[x.clone(), close], &y).is_ok());
        assert!(solve(&[x.clone(), x.clone()], &y).is_err());
        assert!(solve(&[x.clone()], &[3.0; 50]).is_err());
        assert!(solve(&[vec![1.0; 50]], &x).is_err());
    }
}
