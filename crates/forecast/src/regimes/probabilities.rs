//! Probabilities of regimes along a series. What was known at a time and what is known in hindsight are two types.

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// `P(state at t | data up to and including t)`, one row per observation: what a filter knew at the time.
///
/// Decisions, labels with a time and forecasts take this type only. The filter never looks ahead, but its parameters
/// may have been estimated on the very series that it is run over: [`estimated_through`](Self::estimated_through)
/// says on how much of it.
///
/// Its stored form is checked when it is read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredFiltered", into = "StoredFiltered")]
pub struct FilteredProbabilities {
    values: Array2<f64>,
    estimated_through: usize,
}

/// `P(state at t | the whole sample)`, one row per observation: hindsight.
///
/// Fit for reports and for the study of the past. Nothing that makes a decision, a label known at a time or a
/// forecast accepts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<f64>>", into = "Vec<Vec<f64>>")]
pub struct SmoothedProbabilities {
    values: Array2<f64>,
}

/// The single most likely sequence of states given the whole sample: hindsight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViterbiPath {
    states: Vec<usize>,
    number_of_states: usize,
    log_probability: f64,
}

macro_rules! shared_methods {
    ($type:ty) => {
        impl $type {
            /// Number of observations.
            #[must_use]
            #[expect(clippy::len_without_is_empty, reason = "never empty")]
            pub fn len(&self) -> usize {
                self.values.nrows()
            }

            /// Number of states.
            #[must_use]
            pub fn states(&self) -> usize {
                self.values.ncols()
            }

            /// The probabilities, observations × states; every row sums to 1.
            #[must_use]
            pub fn values(&self) -> ArrayView2<'_, f64> {
                self.values.view()
            }

            /// The probabilities at observation `index`, or `None` outside the sample.
            #[must_use]
            pub fn at(&self, index: usize) -> Option<ArrayView1<'_, f64>> {
                (index < self.values.nrows()).then(|| self.values.row(index))
            }

            /// The probabilities at the last observation.
            #[must_use]
            pub fn last(&self) -> ArrayView1<'_, f64> {
                self.values.row(self.values.nrows() - 1)
            }

            /// The most probable state at each observation; of equals the lower one.
            #[must_use]
            pub fn most_probable(&self) -> Vec<usize> {
                self.values.rows().into_iter().map(most_probable).collect()
            }

            /// Mean probability of each state.
            #[must_use]
            pub fn occupancy(&self) -> Vec<f64> {
                let n = self.values.nrows() as f64;
                self.values.columns().into_iter().map(|column| column.sum() / n).collect()
            }
        }
    };
}

shared_methods!(FilteredProbabilities);
shared_methods!(SmoothedProbabilities);

impl FilteredProbabilities {
    /// Rows that the caller has computed as probabilities.
    pub(super) fn trusted(values: Array2<f64>, estimated_through: usize) -> Self {
        Self { values, estimated_through }
    }

    /// How many leading observations the parameters of the filter were estimated on: 0 when they came from elsewhere.
    /// Up to there the state is filtered, but the parameters are hindsight.
    #[must_use]
    pub fn estimated_through(&self) -> usize {
        self.estimated_through
    }
}

impl SmoothedProbabilities {
    /// Rows that the caller has computed as probabilities.
    pub(super) fn trusted(values: Array2<f64>) -> Self {
        Self { values }
    }
}

impl ViterbiPath {
    pub(super) fn trusted(states: Vec<usize>, number_of_states: usize, log_probability: f64) -> Self {
        Self { states, number_of_states, log_probability }
    }

    /// The state at each observation.
    #[must_use]
    pub fn states(&self) -> &[usize] {
        &self.states
    }

    /// Log of the joint density of the path and the observations.
    #[must_use]
    pub fn log_probability(&self) -> f64 {
        self.log_probability
    }

    /// Share of the observations in each state.
    #[must_use]
    pub fn share(&self) -> Vec<f64> {
        let mut counts = vec![0_usize; self.number_of_states];
        self.states.iter().for_each(|&state| counts[state] += 1);
        counts.into_iter().map(|count| count as f64 / self.states.len() as f64).collect()
    }

    /// How often the path changes its state.
    #[must_use]
    pub fn switches(&self) -> usize {
        self.states.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }
}

fn most_probable(row: ArrayView1<'_, f64>) -> usize {
    row.iter().enumerate().fold(0, |best, (state, &probability)| if probability > row[best] { state } else { best })
}

#[derive(Serialize, Deserialize)]
struct StoredFiltered {
    values: Vec<Vec<f64>>,
    estimated_through: usize,
}

impl TryFrom<StoredFiltered> for FilteredProbabilities {
    type Error = Error;

    fn try_from(stored: StoredFiltered) -> Result<Self> {
        let values = simplex_rows("filtered probabilities", &stored.values)?;
        let holds = stored.estimated_through <= values.nrows();
        let through = stored.estimated_through;
        check::ensure(holds, "estimated through", "at most the number of observations", through as f64)?;
        Ok(Self { values, estimated_through: through })
    }
}

impl From<FilteredProbabilities> for StoredFiltered {
    fn from(filtered: FilteredProbabilities) -> Self {
        Self { values: nested(&filtered.values), estimated_through: filtered.estimated_through }
    }
}

impl TryFrom<Vec<Vec<f64>>> for SmoothedProbabilities {
    type Error = Error;

    fn try_from(rows: Vec<Vec<f64>>) -> Result<Self> {
        Ok(Self { values: simplex_rows("smoothed probabilities", &rows)? })
    }
}

impl From<SmoothedProbabilities> for Vec<Vec<f64>> {
    fn from(smoothed: SmoothedProbabilities) -> Self {
        nested(&smoothed.values)
    }
}

fn nested(values: &Array2<f64>) -> Vec<Vec<f64>> {
    values.rows().into_iter().map(|row| row.to_vec()).collect()
}

/// Rows of equal length, each a distribution, as a matrix.
pub(super) fn simplex_rows(name: &'static str, rows: &[Vec<f64>]) -> Result<Array2<f64>> {
    let columns = rows.first().map_or(0, Vec::len);
    for row in rows {
        check::length(name, columns, row.len())?;
        distribution(name, row)?;
    }
    let values = Array2::from_shape_fn((rows.len(), columns), |(i, j)| rows[i][j]);
    check::finite_matrix(name, values.view())?;
    Ok(values)
}

/// Numbers in [0, 1] that sum to 1 within 1e-6: stored numbers may be rounded.
pub(super) fn distribution(name: &'static str, row: &[f64]) -> Result<()> {
    check::elements(name, "in [0, 1]", ArrayView1::from(row), |p| (0.0..=1.0).contains(&p))?;
    let sum: f64 = row.iter().sum();
    check::ensure((sum - 1.0).abs() <= 1e-6, name, "rows that sum to 1", sum).map(|_| ())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn summaries_by_hand() {
        let filtered = FilteredProbabilities::trusted(array![[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]], 2);
        assert_eq!((filtered.len(), filtered.states(), filtered.estimated_through()), (3, 2, 2));
        assert_eq!(filtered.most_probable(), [0, 0, 1]);
        assert_eq!(filtered.occupancy(), [0.5, 0.5]);
        assert_eq!(filtered.last(), array![0.25, 0.75]);
        assert!(filtered.at(3).is_none() && filtered.at(2).is_some());
        let path = ViterbiPath::trusted(vec![0, 0, 1, 0], 2, -3.0);
        assert_eq!((path.share(), path.switches()), (vec![0.75, 0.25], 2));
    }

    #[test]
    fn stored_probabilities_are_checked() {
        let filtered = FilteredProbabilities::trusted(array![[0.75, 0.25]], 1);
        let text = serde_json::to_string(&filtered).unwrap();
        assert_eq!(serde_json::from_str::<FilteredProbabilities>(&text).unwrap(), filtered);
        for wrong in [text.replace("0.25", "0.5"), text.replace(":1", ":2"), text.replace("0.75", "-0.75")] {
            assert!(serde_json::from_str::<FilteredProbabilities>(&wrong).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<SmoothedProbabilities>("[[0.5,0.5],[1.0]]").is_err());
        assert!(serde_json::from_str::<SmoothedProbabilities>("[]").is_err());
        assert!(serde_json::from_str::<SmoothedProbabilities>("[[0.5,0.5]]").is_ok());
    }
}
