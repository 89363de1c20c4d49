use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::sum::compensated;
use crate::{Error, Result, check};

/// Portfolio weights: fractions of capital, one per asset, any sum, shorts allowed.
///
/// ```
/// use alluse_risk_core::Weights;
///
/// let weights = Weights::new(vec![0.7, 0.5, -0.3])?;
/// assert!((weights.net() - 0.9).abs() < 1e-15);
/// assert!((weights.gross() - 1.5).abs() < 1e-15);
/// assert!((weights.cash() - 0.1).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Weights(Array1<f64>);

impl Weights {
    /// # Errors
    /// [`Error::Empty`] without weights, [`Error::ElementOutOfDomain`] when one is not finite.
    pub fn new(weights: impl Into<Array1<f64>>) -> Result<Self> {
        let weights = weights.into();
        check::finite("weights", weights.view())?;
        Ok(Self(weights))
    }

    /// The same weight for each of `n` assets, sum 1.
    ///
    /// # Errors
    /// [`Error::Empty`] for no assets.
    pub fn equal(n: usize) -> Result<Self> {
        Self::new(Array1::from_elem(n, 1.0 / n as f64))
    }

    /// The weights as an array.
    #[must_use]
    pub fn view(&self) -> ArrayView1<'_, f64> {
        self.0.view()
    }

    /// Number of assets, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "weights are never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Sum of the weights.
    #[must_use]
    pub fn net(&self) -> f64 {
        compensated(self.0.iter().copied())
    }

    /// Sum of their absolute values.
    #[must_use]
    pub fn gross(&self) -> f64 {
        compensated(self.0.iter().map(|w| w.abs()))
    }

    /// What is not invested, `1 − net`.
    #[must_use]
    pub fn cash(&self) -> f64 {
        1.0 - self.net()
    }
}

impl TryFrom<Vec<f64>> for Weights {
    type Error = Error;

    fn try_from(weights: Vec<f64>) -> Result<Self> {
        Self::new(weights)
    }
}

impl From<Weights> for Vec<f64> {
    fn from(weights: Weights) -> Self {
        weights.0.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_weights_are_refused() {
        assert_eq!(Weights::new(Vec::new()), Err(Error::Empty { name: "weights" }));
        assert!(matches!(
            Weights::new(vec![0.5, f64::NAN]),
            Err(Error::ElementOutOfDomain { name: "weights", index: 1, .. })
        ));
        assert!(Weights::equal(0).is_err());
        assert!(serde_json::from_str::<Weights>("[]").is_err());
    }

    #[test]
    fn equal_weights_are_fully_invested() {
        assert!((Weights::equal(3).unwrap().net() - 1.0).abs() < 1e-15);
    }
}
