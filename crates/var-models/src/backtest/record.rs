//! What a court hears: outcomes and what had been forecast for them.

use alluse_risk_core::{Confidence, Error as CoreError, scores};
use ndarray::{Array1, ArrayView1, Zip};
use serde::{Deserialize, Serialize};

use super::Breaches;
use super::check::{every, finite, length};
use super::pit::check_pit;
use crate::{Error, Result};

/// Returns (or P&L) beside the forecasts of value at risk and expected shortfall made for them, in date order, at one
/// confidence; optionally beside the probability integral transforms.
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::LevelRecord;
/// use ndarray::array;
///
/// let returns = array![0.01, -0.03, 0.00];
/// let var = array![0.02, 0.02, 0.025];
/// let record = LevelRecord::new(returns.view(), var.view(), Confidence::P975)?
///     .with_expected_shortfall(array![0.024, 0.024, 0.03].view())?;
/// assert_eq!(record.breaches().indices(), [1]);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRecord")]
pub struct LevelRecord {
    confidence: Confidence,
    returns: Vec<f64>,
    value_at_risk: Vec<f64>,
    expected_shortfall: Option<Vec<f64>>,
    pit: Option<Vec<f64>>,
    breaches: Breaches,
}

impl LevelRecord {
    /// Returns and forecasts of value at risk, both `(n,)`.
    ///
    /// # Errors
    /// As [`Breaches::new`].
    pub fn new(
        returns: ArrayView1<'_, f64>,
        value_at_risk: ArrayView1<'_, f64>,
        confidence: Confidence,
    ) -> Result<Self> {
        let breaches = Breaches::new(returns, value_at_risk)?;
        let (returns, value_at_risk) = (returns.to_vec(), value_at_risk.to_vec());
        Ok(Self { confidence, returns, value_at_risk, expected_shortfall: None, pit: None, breaches })
    }

    /// With forecasts of expected shortfall at the same confidence.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one per day, positive, finite and not below value at risk.
    pub fn with_expected_shortfall(mut self, expected_shortfall: ArrayView1<'_, f64>) -> Result<Self> {
        const NAME: &str = "expected shortfall";
        finite(NAME, expected_shortfall)?;
        length(NAME, self.returns.len(), expected_shortfall.len())?;
        every(NAME, expected_shortfall, "positive", |es| es > 0.0)?;
        // Forecasts that agree up to rounding are not a contradiction.
        let below = |(es, var): (&f64, &f64)| *es < var - 1e-9 * var.abs();
        if let Some(index) = expected_shortfall.iter().zip(&self.value_at_risk).position(below) {
            let (expected, value) = ("at least the value at risk", expected_shortfall[index]);
            return Err(CoreError::ElementOutOfDomain { name: NAME, index, expected, value }.into());
        }
        self.expected_shortfall = Some(expected_shortfall.to_vec());
        Ok(self)
    }

    /// With probability integral transforms `uₜ = Fₜ(rₜ)`: the forecast probability of a return at or below the one
    /// that came.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one per day, in `[0, 1]`.
    pub fn with_pit(mut self, pit: ArrayView1<'_, f64>) -> Result<Self> {
        check_pit(pit)?;
        length("PIT", self.returns.len(), pit.len())?;
        self.pit = Some(pit.to_vec());
        Ok(self)
    }

    /// The level.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// Days.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.returns.len()
    }

    /// The breaches.
    #[must_use]
    pub fn breaches(&self) -> &Breaches {
        &self.breaches
    }

    /// The returns.
    #[must_use]
    pub fn returns(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(&self.returns)
    }

    /// The forecasts of value at risk.
    #[must_use]
    pub fn value_at_risk(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(&self.value_at_risk)
    }

    /// The forecasts of expected shortfall.
    ///
    /// # Errors
    /// [`Error::Input`] when the record has none.
    pub fn expected_shortfall(&self) -> Result<ArrayView1<'_, f64>> {
        match &self.expected_shortfall {
            Some(values) => Ok(ArrayView1::from(values)),
            None => Err(CoreError::Empty { name: "expected shortfall" }.into()),
        }
    }

    /// The probability integral transforms.
    ///
    /// # Errors
    /// [`Error::Input`] when the record has none.
    pub fn pit(&self) -> Result<ArrayView1<'_, f64>> {
        match &self.pit {
            Some(values) => Ok(ArrayView1::from(values)),
            None => Err(CoreError::Empty { name: "PIT" }.into()),
        }
    }

    /// Mean of loss over expected shortfall on the days of a breach; near 1 for a right model.
    ///
    /// # Errors
    /// [`Error::Input`] without forecasts of expected shortfall and without a breach.
    pub fn breach_loss_over_shortfall(&self) -> Result<f64> {
        let shortfall = self.expected_shortfall()?;
        let indices = self.breaches.indices();
        if indices.is_empty() {
            return Err(super::check::undefined("loss over expected shortfall", "nothing was breached"));
        }
        Ok(indices.iter().map(|t| -self.returns[*t] / shortfall[*t]).sum::<f64>() / indices.len() as f64)
    }

    /// Quantile loss of every day, see [`scores::quantile_loss`].
    ///
    /// # Errors
    /// [`Error::Input`] for a loss beyond the range of numbers.
    pub fn quantile_loss(&self) -> Result<Array1<f64>> {
        Ok(scores::quantile_loss(self.returns(), self.value_at_risk(), self.confidence)?)
    }

    /// Joint loss of value at risk and expected shortfall of every day, see [`scores::joint_loss`].
    ///
    /// # Errors
    /// [`Error::Input`] without forecasts of expected shortfall, and for a loss beyond the range of numbers.
    pub fn joint_loss(&self) -> Result<Array1<f64>> {
        let shortfall = self.expected_shortfall()?;
        Ok(scores::joint_loss(self.returns(), self.value_at_risk(), shortfall, self.confidence)?)
    }

    /// The worst day: the largest loss beyond value at risk, in its units, and when.
    #[must_use]
    pub fn worst_excess(&self) -> Option<(usize, f64)> {
        let mut worst: Option<(usize, f64)> = None;
        Zip::indexed(self.returns()).and(self.value_at_risk()).for_each(|t, r, var| {
            let excess = -r - var;
            if excess > worst.map_or(0.0, |(_, most)| most) {
                worst = Some((t, excess));
            }
        });
        worst
    }
}

#[derive(Deserialize)]
struct RawRecord {
    confidence: Confidence,
    returns: Vec<f64>,
    value_at_risk: Vec<f64>,
    expected_shortfall: Option<Vec<f64>>,
    pit: Option<Vec<f64>>,
}

impl TryFrom<RawRecord> for LevelRecord {
    type Error = Error;

    fn try_from(raw: RawRecord) -> Result<Self> {
        let view = |values: &Vec<f64>| ndarray::Array1::from(values.clone());
        let mut record = Self::new(view(&raw.returns).view(), view(&raw.value_at_risk).view(), raw.confidence)?;
        if let Some(values) = &raw.expected_shortfall {
            record = record.with_expected_shortfall(ArrayView1::from(values))?;
        }
        if let Some(values) = &raw.pit {
            record = record.with_pit(ArrayView1::from(values))?;
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};

    use super::*;

    fn record() -> LevelRecord {
        LevelRecord::new(array![-0.03, 0.01, -0.06].view(), array![0.02, 0.02, 0.03].view(), Confidence::P95).unwrap()
    }

    #[test]
    fn losses_over_shortfall_by_hand() {
        let record = record().with_expected_shortfall(array![0.03, 0.03, 0.04].view()).unwrap();
        assert!((record.breach_loss_over_shortfall().unwrap() - (1.0 + 1.5) / 2.0).abs() < 1e-15);
        let (day, excess) = record.worst_excess().unwrap();
        assert_eq!(day, 2);
        assert!((excess - 0.03).abs() < 1e-15);
        let calm = LevelRecord::new(array![0.0].view(), array![0.1].view(), Confidence::P95).unwrap();
        assert_eq!(calm.worst_excess(), None);
        let calm = calm.with_expected_shortfall(array![0.1].view()).unwrap();
        assert_eq!(calm.breach_loss_over_shortfall().unwrap_err().kind(), ErrorKind::Undefined);
    }

    #[test]
    fn hostile_inputs() {
        let shortfalls: [Array1<f64>; 5] = [
            array![],
            array![0.03, 0.03],
            array![0.03, f64::NAN, 0.03],
            array![0.03, 0.0, 0.04],
            array![0.03, 0.03, 0.029],
        ];
        for values in shortfalls {
            assert_eq!(record().with_expected_shortfall(values.view()).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        for values in [array![0.5], array![0.5, 1.1, 0.2], array![0.5, f64::NAN, 0.2]] {
            assert_eq!(record().with_pit(values.view()).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert!(record().expected_shortfall().is_err() && record().pit().is_err());
        assert!(record().breach_loss_over_shortfall().is_err());
    }

    #[test]
    fn stored_records_are_checked() {
        let full = record()
            .with_expected_shortfall(array![0.03, 0.03, 0.04].view())
            .and_then(|record| record.with_pit(array![0.01, 0.7, 0.001].view()))
            .unwrap();
        let text = serde_json::to_string(&full).unwrap();
        assert_eq!(serde_json::from_str::<LevelRecord>(&text).unwrap(), full);
        assert!(serde_json::from_str::<LevelRecord>(&text.replace("0.04", "-0.04")).is_err());
        assert!(serde_json::from_str::<LevelRecord>(&text.replace("0.001", "7.5")).is_err());
    }
}
