use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::probabilities::distribution;
use crate::{Error, Result, check};

/// Transition probabilities of a Markov chain: row `i` leaves state `i` and sums to 1.
///
/// ```
/// use alluse_forecast::regimes::TransitionMatrix;
///
/// let chain = TransitionMatrix::new(vec![vec![0.9, 0.1], vec![0.2, 0.8]])?;
/// let stationary = chain.stationary()?;
/// assert!((stationary[0] - 2.0 / 3.0).abs() < 1e-15);
/// assert!((chain.expected_durations()[1] - 5.0).abs() < 1e-12); // 1/(1 − 0.8) periods
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<f64>>", into = "Vec<Vec<f64>>")]
pub struct TransitionMatrix {
    rows: Vec<Vec<f64>>,
}

impl TransitionMatrix {
    /// From its rows, which are scaled to sum to 1 exactly.
    ///
    /// # Errors
    /// [`Error::Input`] unless the matrix is square and not empty, and every row is a distribution (sum 1 within 1e-6).
    pub fn new(rows: Vec<Vec<f64>>) -> Result<Self> {
        check::at_least_one("transition matrix", rows.len())?;
        let mut rows = rows;
        let states = rows.len();
        for row in &mut rows {
            check::length("row of the transition matrix", states, row.len())?;
            distribution("row of the transition matrix", row)?;
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= sum);
        }
        Ok(Self { rows })
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// Number of states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.rows.len()
    }

    /// Mean number of periods that a visit to each state lasts, `1/(1 − pᵢᵢ)`; infinite for an absorbing state.
    #[must_use]
    pub fn expected_durations(&self) -> Vec<f64> {
        self.rows.iter().enumerate().map(|(i, row)| 1.0 / (1.0 - row[i])).collect()
    }

    /// The distribution that the chain keeps, by the elimination of Grassmann, Taksar and Heyman (1985), which
    /// subtracts nothing.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a chain that falls into parts, and so may keep several.
    #[expect(clippy::needless_range_loop, reason = "matrix arithmetic reads by its indices")]
    pub fn stationary(&self) -> Result<Array1<f64>> {
        let n = self.states();
        let mut a: Vec<Vec<f64>> = self.rows.clone();
        for last in (1..n).rev() {
            let leaving: f64 = a[last][..last].iter().sum();
            if !(leaving > 0.0) {
                let reason = format!("state {last} cannot reach the states before it");
                return Err(Error::undefined("the stationary distribution", reason));
            }
            for i in 0..last {
                a[i][last] /= leaving;
                let share = a[i][last];
                for j in 0..last {
                    let through = share * a[last][j];
                    a[i][j] += through;
                }
            }
        }
        let mut stationary = Array1::zeros(n);
        stationary[0] = 1.0;
        for state in 1..n {
            stationary[state] = (0..state).map(|i| stationary[i] * a[i][state]).sum();
        }
        let sum: f64 = stationary.sum();
        Ok(stationary / sum)
    }

    /// The distribution one period after `now`.
    pub(super) fn step(&self, now: ArrayView1<'_, f64>) -> Array1<f64> {
        Array1::from_shape_fn(self.states(), |j| now.iter().zip(&self.rows).map(|(p, row)| p * row[j]).sum())
    }
}

impl TryFrom<Vec<Vec<f64>>> for TransitionMatrix {
    type Error = Error;

    fn try_from(rows: Vec<Vec<f64>>) -> Result<Self> {
        Self::new(rows)
    }
}

impl From<TransitionMatrix> for Vec<Vec<f64>> {
    fn from(matrix: TransitionMatrix) -> Self {
        matrix.rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_input() {
        assert!(TransitionMatrix::new(vec![]).is_err());
        assert!(TransitionMatrix::new(vec![vec![0.5, 0.5]]).is_err());
        assert!(TransitionMatrix::new(vec![vec![0.5, 0.4], vec![0.5, 0.5]]).is_err());
        assert!(TransitionMatrix::new(vec![vec![1.5, -0.5], vec![0.5, 0.5]]).is_err());
        assert!(TransitionMatrix::new(vec![vec![f64::NAN, 0.5], vec![0.5, 0.5]]).is_err());
        let parted = TransitionMatrix::new(vec![vec![1.0, 0.0], vec![0.0, 1.0]]).unwrap();
        assert!(matches!(parted.stationary(), Err(Error::Undefined { .. })));
        assert_eq!(parted.expected_durations(), [f64::INFINITY; 2]);
    }

    proptest! {
        #[test]
        fn the_stationary_distribution_is_kept(draws in proptest::collection::vec(0.01..1.0f64, 16)) {
            let rows = draws.chunks(4).map(|row| row.iter().map(|x| x / row.iter().sum::<f64>()).collect()).collect();
            let chain = TransitionMatrix::new(rows).unwrap();
            let stationary = chain.stationary().unwrap();
            let after = chain.step(stationary.view());
            prop_assert!(stationary.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-14));
        }
    }
}
