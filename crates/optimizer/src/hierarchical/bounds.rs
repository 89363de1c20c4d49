//! The least and the largest weight of each asset.

use alluse_risk_core::Error as Core;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Limits of each weight: `0 ≤ lower ≤ w ≤ upper`.
///
/// ```
/// use alluse_optimizer::hierarchical::WeightBounds;
///
/// let bounds = WeightBounds::new(vec![0.0, 0.1], vec![0.6, 1.0])?;
/// assert_eq!(bounds.upper()[0], 0.6);
/// assert!(WeightBounds::new(vec![0.5], vec![0.4]).is_err());
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct WeightBounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl WeightBounds {
    /// One lower and one upper limit an asset.
    ///
    /// # Errors
    /// [`Error::Input`] for no assets, two lengths, or a lower limit that is negative or not finite;
    /// [`Error::Invalid`] for an upper limit below its lower one or not finite.
    pub fn new(lower: impl Into<Vec<f64>>, upper: impl Into<Vec<f64>>) -> Result<Self> {
        let (lower, upper) = (lower.into(), upper.into());
        if lower.is_empty() {
            return Err(Core::Empty { name: "lower" }.into());
        }
        if lower.len() != upper.len() {
            return Err(Core::LengthMismatch { name: "upper", expected: lower.len(), got: upper.len() }.into());
        }
        for (index, (&low, &high)) in lower.iter().zip(&upper).enumerate() {
            if !(low >= 0.0 && low.is_finite()) {
                let (name, expected) = ("lower", "finite and not negative");
                return Err(Core::ElementOutOfDomain { name, index, expected, value: low }.into());
            }
            if !(high >= low && high.is_finite()) {
                return Err(Error::invalid(format!("bounds of asset {index}"), format!("{low} to {high}")));
            }
        }
        Ok(Self { lower, upper })
    }

    /// The same limits for each of `n` assets.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn uniform(n: usize, lower: f64, upper: f64) -> Result<Self> {
        Self::new(vec![lower; n], vec![upper; n])
    }

    /// The least weight of each asset.
    #[must_use]
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// The largest weight of each asset.
    #[must_use]
    pub fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// Refuses another number of assets, and limits that no weights with sum 1 meet.
    pub(super) fn check(&self, n: usize) -> Result<()> {
        if self.lower.len() != n {
            return Err(Core::LengthMismatch { name: "bounds", expected: n, got: self.lower.len() }.into());
        }
        let (least, most): (f64, f64) = (self.lower.iter().sum(), self.upper.iter().sum());
        let rounding = n as f64 * f64::EPSILON;
        if least > 1.0 + rounding || most < 1.0 - rounding {
            let reason = format!("weights within the bounds sum to {least} at least and {most} at most, not to 1");
            return Err(Error::Infeasible { what: "a portfolio within bounds", reason });
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct Raw {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl TryFrom<Raw> for WeightBounds {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.lower, raw.upper)
    }
}

impl From<WeightBounds> for Raw {
    fn from(bounds: WeightBounds) -> Self {
        Self { lower: bounds.lower, upper: bounds.upper }
    }
}
