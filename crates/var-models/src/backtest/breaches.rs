//! When losses exceeded value at risk.

use alluse_risk_core::{Confidence, Error as CoreError};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::check::{finite, length};
use crate::{Error, Result};

/// The days on which the loss was greater than value at risk.
///
/// ```text
/// Iₜ = 1{−rₜ > VaRₜ}
/// ```
/// A loss equal to value at risk is no breach.
///
/// ```
/// use alluse_var_models::backtest::Breaches;
/// use ndarray::array;
///
/// let returns = array![0.01, -0.03, -0.04, 0.00, -0.02];
/// let breaches = Breaches::new(returns.view(), array![0.02, 0.02, 0.02, 0.02, 0.02].view())?;
/// assert_eq!(breaches.indices(), [1, 2]);
/// assert_eq!(breaches.transitions().breach_to_breach, 1);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawBreaches")]
pub struct Breaches {
    observations: usize,
    indices: Vec<usize>,
}

/// Counts of successive pairs of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transitions {
    /// n₀₀: no breach after no breach.
    pub calm_to_calm: usize,
    /// n₀₁: a breach after no breach.
    pub calm_to_breach: usize,
    /// n₁₀: no breach after a breach.
    pub breach_to_calm: usize,
    /// n₁₁: a breach after a breach.
    pub breach_to_breach: usize,
}

impl Transitions {
    /// All pairs.
    #[must_use]
    pub fn total(&self) -> usize {
        self.calm_to_calm + self.calm_to_breach + self.breach_to_calm + self.breach_to_breach
    }
}

impl Breaches {
    /// From returns (or P&L) and forecasts of value at risk, both `(n,)` and in date order; losses positive in
    /// the forecasts.
    ///
    /// # Errors
    /// [`Error::Input`] when the series are empty, differ in length or hold a number that is not finite.
    pub fn new(returns: ArrayView1<'_, f64>, value_at_risk: ArrayView1<'_, f64>) -> Result<Self> {
        finite("returns", returns)?;
        finite("value at risk", value_at_risk)?;
        length("value at risk", returns.len(), value_at_risk.len())?;
        let pairs = returns.iter().zip(value_at_risk).enumerate();
        let indices = pairs.filter(|(_, (r, var))| -**r > **var).map(|(index, _)| index).collect();
        Ok(Self { observations: returns.len(), indices })
    }

    /// From a sequence of hits, one per day.
    ///
    /// # Errors
    /// [`Error::Input`] when there are none.
    pub fn from_hits(hits: &[bool]) -> Result<Self> {
        let indices = hits.iter().enumerate().filter(|(_, hit)| **hit).map(|(index, _)| index).collect();
        Self::from_indices(hits.len(), indices)
    }

    /// From the positions of the breaches, counted from 0 and ascending, among `observations` days.
    ///
    /// # Errors
    /// [`Error::Input`] without observations, and for positions that do not ascend or lie beyond the last day.
    pub fn from_indices(observations: usize, indices: Vec<usize>) -> Result<Self> {
        if observations == 0 {
            return Err(CoreError::Empty { name: "observations" }.into());
        }
        if let Some(index) = indices.windows(2).position(|pair| pair[0] >= pair[1]) {
            let (name, value) = ("breach indices", indices[index + 1].to_string());
            return Err(CoreError::NotIncreasing { name, index: index + 1, value }.into());
        }
        match indices.last() {
            Some(&last) if last >= observations => {
                let (name, expected) = ("breach indices", "below the number of observations");
                Err(CoreError::ElementOutOfDomain { name, index: indices.len() - 1, expected, value: last as f64 }
                    .into())
            }
            _ => Ok(Self { observations, indices }),
        }
    }

    /// Days.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// Breaches.
    #[must_use]
    pub fn count(&self) -> usize {
        self.indices.len()
    }

    /// Positions of the breaches, counted from 0.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// Breaches per day.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.count() as f64 / self.observations as f64
    }

    /// How many breaches a right model has on average, `n (1 − confidence)`.
    #[must_use]
    pub fn expected(&self, confidence: Confidence) -> f64 {
        confidence.tail_count(self.observations)
    }

    /// One truth value a day.
    #[must_use]
    pub fn hits(&self) -> Vec<bool> {
        let mut hits = vec![false; self.observations];
        for &index in &self.indices {
            hits[index] = true;
        }
        hits
    }

    /// The day of the first breach, counted from 1.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        self.indices.first().map(|index| index + 1)
    }

    /// Days from each breach to the next.
    #[must_use]
    pub fn durations(&self) -> Vec<usize> {
        self.indices.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// Days before the first breach and after the last, where the series cuts a duration off; `None` where it
    /// starts or ends with a breach, and for both without any breach.
    #[must_use]
    pub fn censored_durations(&self) -> (Option<usize>, Option<usize>) {
        let (Some(&first), Some(&last)) = (self.indices.first(), self.indices.last()) else { return (None, None) };
        let open = |days: usize, length: usize| (days > 0).then_some(length);
        (open(first, first + 1), open(self.observations - 1 - last, self.observations - 1 - last))
    }

    /// Counts of the successive pairs of days.
    #[must_use]
    pub fn transitions(&self) -> Transitions {
        let together = self.durations().iter().filter(|days| **days == 1).count();
        let starts = usize::from(self.indices.first() == Some(&0));
        let ends = usize::from(self.indices.last() == Some(&(self.observations - 1)));
        let calm_to_breach = self.count() - starts - together;
        let breach_to_calm = self.count() - ends - together;
        let calm_to_calm = self.observations - 1 - calm_to_breach - breach_to_calm - together;
        Transitions { calm_to_calm, calm_to_breach, breach_to_calm, breach_to_breach: together }
    }
}

#[derive(Deserialize)]
struct RawBreaches {
    observations: usize,
    indices: Vec<usize>,
}

impl TryFrom<RawBreaches> for Breaches {
    type Error = Error;

    fn try_from(raw: RawBreaches) -> Result<Self> {
        Self::from_indices(raw.observations, raw.indices)
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_loss_equal_to_value_at_risk_is_no_breach() {
        let breaches = Breaches::new(array![-0.02, -0.021, 0.5].view(), array![0.02, 0.02, -0.6].view()).unwrap();
        assert_eq!(breaches.indices(), [1, 2]);
        assert_eq!(breaches.hits(), [false, true, true]);
        assert_eq!((breaches.first(), breaches.observations(), breaches.count()), (Some(2), 3, 2));
        assert!((breaches.rate() - 2.0 / 3.0).abs() < 1e-15);
        assert!((breaches.expected(Confidence::P95) - 0.15).abs() < 1e-15);
    }

    #[test]
    fn durations_by_hand() {
        let breaches = Breaches::from_indices(10, vec![2, 3, 7]).unwrap();
        assert_eq!(breaches.durations(), [1, 4]);
        assert_eq!(breaches.censored_durations(), (Some(3), Some(2)));
        let edges = Breaches::from_indices(4, vec![0, 3]).unwrap();
        assert_eq!(edges.censored_durations(), (None, None));
        assert_eq!(Breaches::from_indices(4, vec![]).unwrap().censored_durations(), (None, None));
        assert_eq!(Breaches::from_indices(4, vec![]).unwrap().first(), None);
    }

    #[test]
    fn hostile_inputs() {
        let one = array![0.0];
        let kinds = [
            Breaches::new(array![].view(), array![].view()),
            Breaches::new(array![f64::NAN].view(), one.view()),
            Breaches::new(one.view(), array![f64::INFINITY].view()),
            Breaches::new(one.view(), array![0.1, 0.1].view()),
            Breaches::from_hits(&[]),
            Breaches::from_indices(0, vec![]),
            Breaches::from_indices(3, vec![1, 1]),
            Breaches::from_indices(3, vec![2, 1]),
            Breaches::from_indices(3, vec![3]),
        ];
        for result in kinds {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert!(serde_json::from_str::<Breaches>(r#"{"observations":3,"indices":[3]}"#).is_err());
        let text = serde_json::to_string(&Breaches::from_indices(3, vec![2]).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Breaches>(&text).unwrap().indices(), [2]);
    }

    proptest! {
        #[test]
        fn transitions_are_the_pairs(hits in prop::collection::vec(any::<bool>(), 1..40)) {
            let t = Breaches::from_hits(&hits).unwrap().transitions();
            let count = |a: bool, b: bool| hits.windows(2).filter(|p| p[0] == a && p[1] == b).count();
            prop_assert_eq!(t.calm_to_calm, count(false, false));
            prop_assert_eq!(t.calm_to_breach, count(false, true));
            prop_assert_eq!(t.breach_to_calm, count(true, false));
            prop_assert_eq!(t.breach_to_breach, count(true, true));
            prop_assert_eq!(t.total(), hits.len() - 1);
        }
    }
}
