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

/// A column that the ones before it explain to more than 1 − this makes the normal equations lose more than three
/// digits; they are not used then. The same holds for a response that the columns explain so well.
const LEAST_PIVOT: f64 = 1e-3;

/// Lanes of a sum: independent additions that the processor can overlap, in an order that does not depend on it.
const LANES: usize = 8;

/// Slopes by the normal equations of the columns about their means; by Householder reflections when a column is close
/// to a combination of the others, or large next to its variation. Also refuses what those refuse.
///
/// All columns and the response have the length n. Callers take a common level out first, for speed and not for
/// correctness: means that are small next to the variation leave the sums of products their digits.
pub(super) fn solve(columns: &[Vec<f64>], response: &[f64]) -> Result<Solved> {
    match by_products(columns, response) {
        Some(solved) => Ok(solved),
        None => by_reflections(columns, response),
    }
}

fn by_products(columns: &[Vec<f64>], response: &[f64]) -> Option<Solved> {
    let n = response.len() as f64;
    let about = |a: &[f64], b: &[f64], means: f64| dot(a, b) - n * means;
    let means: Vec<f64> = columns.iter().map(|column| sum(column) / n).collect();
    let mean = sum(response) / n;
    let mut lengths = Vec::with_capacity(columns.len());
    for (column, mean) in columns.iter().zip(&means) {
        lengths.push(length(column, *mean)?);
    }
    let height = length(response, mean)?;
    let correlations = |a: &[f64], a_mean: f64, a_length: f64| -> Vec<f64> {
        let others = columns.iter().zip(&means).zip(&lengths);
        others.map(|((b, b_mean), b_length)| about(a, b, a_mean * b_mean) / (a_length * b_length)).collect()
    };
    let factor = Factor::of(columns.len(), |i, j| {
        about(&columns[i], &columns[j], means[i] * means[j]) / (lengths[i] * lengths[j])
    })?;
    let projections = correlations(response, mean, height);
    let standardised = factor.solve(&projections);
    let unexplained = 1.0 - standardised.iter().zip(&projections).map(|(b, r)| b * r).sum::<f64>();
    if !(unexplained > LEAST_PIVOT) {
        return None;
    }
    let slopes: Vec<f64> = standardised.iter().zip(&lengths).map(|(b, length)| b * height / length).collect();
    let constant = mean - slopes.iter().zip(&means).map(|(slope, mean)| slope * mean).sum::<f64>();
    let total_squares = height * height;
    let finite = constant.is_finite() && total_squares.is_finite() && slopes.iter().all(|slope| slope.is_finite());
    finite.then_some(Solved { constant, slopes, residual_squares: unexplained * total_squares, total_squares })
}

/// Root of the sum of squares about the mean; `None` when the mean takes up nearly all of the squares.
fn length(values: &[f64], mean: f64) -> Option<f64> {
    let squares = dot(values, values);
    let rest = squares - values.len() as f64 * mean * mean;
    (rest > 1e-2 * squares && rest.is_finite()).then(|| rest.sqrt())
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

/// Cholesky factor of correlations.
struct Factor {
    lower: Vec<Vec<f64>>,
}

impl Factor {
    /// `None` when a column is close to a combination of the ones before it.
    fn of(columns: usize, correlation: impl Fn(usize, usize) -> f64) -> Option<Self> {
        let mut lower: Vec<Vec<f64>> = Vec::with_capacity(columns);
        for i in 0..columns {
            let mut row: Vec<f64> = Vec::with_capacity(i + 1);
            for (j, earlier) in lower.iter().enumerate() {
                let known: f64 = row.iter().zip(earlier).map(|(a, b)| a * b).sum();
                row.push((correlation(i, j) - known) / earlier[j]);
            }
            let pivot = 1.0 - row.iter().map(|a| a * a).sum::<f64>();
            if !(pivot > LEAST_PIVOT) {
                return None;
            }
            row.push(pivot.sqrt());
            lower.push(row);
        }
        Some(Self { lower })
    }

    fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut x = right.to_vec();
        let k = x.len();
        for i in 0..k {
            let known: f64 = (0..i).map(|j| self.lower[i][j] * x[j]).sum();
            x[i] = (x[i] - known) / self.lower[i][i];
        }
        for i in (0..k).rev() {
            let known: f64 = (i + 1..k).map(|j| self.lower[j][i] * x[j]).sum();
            x[i] = (x[i] - known) / self.lower[i][i];
        }
        x
    }
}

/// Sum in lanes.
pub(super) fn sum(values: &[f64]) -> f64 {
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
        let solved = by_products(&[vec![0.0, 1.0, 2.0, 3.0]], &[2.0, 2.0, 4.0, 8.0]).unwrap();
        assert!((solved.constant - 1.0).abs() < 1e-14 && (solved.slopes[0] - 2.0).abs() < 1e-14);
        assert!((solved.residual_squares - 4.0).abs() < 1e-13 && (solved.total_squares - 24.0).abs() < 1e-13);
    }

    #[test]
    fn both_roads_agree() {
        let wave = |speed: f64| -> Vec<f64> { (0..203).map(|t| 0.3 + (speed * f64::from(t)).sin()).collect() };
        let columns = [wave(0.3), wave(1.1), wave(2.3)];
        let response: Vec<f64> =
            (0..203).map(|t| columns[0][t] - 0.4 * columns[2][t] + (t as f64 * 7.7).cos()).collect();
        let (fast, slow) = (by_products(&columns, &response).unwrap(), by_reflections(&columns, &response).unwrap());
        assert!((fast.constant - slow.constant).abs() < 1e-13);
        assert!(fast.slopes.iter().zip(&slow.slopes).all(|(a, b)| (a - b).abs() < 1e-13));
        assert!((fast.residual_squares / slow.residual_squares - 1.0).abs() < 1e-13);
        assert!((fast.total_squares / slow.total_squares - 1.0).abs() < 1e-13);
    }

    #[test]
    fn the_fast_road_is_closed_where_it_would_lose_digits() {
        let wave =
            |speed: f64, level: f64| -> Vec<f64> { (0..80).map(|t| level + (speed * f64::from(t)).sin()).collect() };
        let (x, y) = (wave(0.7, 0.0), wave(1.9, 0.0));
        assert!(by_products(std::slice::from_ref(&x), &y).is_some());
        // A level of a thousand amplitudes, in a column or in the response.
        assert!(by_products(&[wave(0.7, 1e3)], &y).is_none());
        assert!(by_products(std::slice::from_ref(&x), &wave(1.9, 1e3)).is_none());
        // A response that is the column and little else.
        let close: Vec<f64> = x.iter().zip(&y).map(|(x, e)| 3.0 * x + 1e-3 * e).collect();
        assert!(by_products(std::slice::from_ref(&x), &close).is_none());
        assert!((solve(std::slice::from_ref(&x), &close).unwrap().slopes[0] - 3.0).abs() < 1e-3);
    }

    #[test]
    fn near_collinearity_takes_the_slow_road_and_collinearity_is_refused() {
        let x: Vec<f64> = (0..50).map(|t| (0.7 * f64::from(t)).sin()).collect();
        let noise: Vec<f64> = (0..50).map(|t| (13.0 * f64::from(t)).cos()).collect();
        let close: Vec<f64> = x.iter().zip(&noise).map(|(x, e)| x + 1e-6 * e).collect();
        let y: Vec<f64> = x.iter().zip(&close).zip(&noise).map(|((a, b), e)| a + b + (e * 31.0).sin()).collect();
        assert!(by_products(&[x.clone(), close.clone()], &y).is_none());
        assert!(solve(&[x.clone(), close], &y).is_ok());
        assert!(solve(&[x.clone(), x.clone()], &y).is_err());
        assert!(solve(std::slice::from_ref(&x), &[3.0; 50]).is_err());
        assert!(solve(&[vec![1.0; 50]], &x).is_err());
    }
}
