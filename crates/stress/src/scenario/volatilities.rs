//! How much factors move on an ordinary day, for shocks in standard deviations.

use std::collections::BTreeMap;

use alluse_risk_core::{Error as CoreError, Factor, ShockKind};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Standard deviation of the one-day change of each factor, and the measure of that change.
///
/// ```text
/// shock of z standard deviations over d days = z · σ · √max(d, 1)
/// ```
///
/// A scenario that happens now counts as one day. The square root holds for changes that are independent from
/// day to day.
///
/// ```
/// use alluse_risk_core::{AssetId, Factor, ShockKind};
/// use alluse_stress::FactorVolatilities;
///
/// let spot = Factor::Spot(AssetId::new("SPY")?);
/// let volatilities = FactorVolatilities::default().with(spot.clone(), ShockKind::Log, 0.01)?;
/// assert_eq!(volatilities.get(&spot), Some((ShockKind::Log, 0.01)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(Factor, ShockKind, f64)>", into = "Vec<(Factor, ShockKind, f64)>")]
pub struct FactorVolatilities {
    entries: BTreeMap<Factor, (ShockKind, f64)>,
}

impl FactorVolatilities {
    /// With the standard deviation of the one-day change of a factor, in place of the one it had.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with(mut self, factor: Factor, kind: ShockKind, volatility: f64) -> Result<Self> {
        if !(volatility > 0.0 && volatility.is_finite()) {
            let name = "factor volatility";
            return Err(CoreError::OutOfDomain { name, expected: "positive and finite", value: volatility }.into());
        }
        self.entries.insert(factor, (kind, volatility));
        Ok(self)
    }

    /// The measure and the size of the one-day change of a factor, if known.
    #[must_use]
    pub fn get(&self, factor: &Factor) -> Option<(ShockKind, f64)> {
        self.entries.get(factor).copied()
    }
}

impl TryFrom<Vec<(Factor, ShockKind, f64)>> for FactorVolatilities {
    type Error = Error;

    fn try_from(entries: Vec<(Factor, ShockKind, f64)>) -> Result<Self> {
        let mut places = BTreeMap::new();
        let mut known = Self::default();
        for (second, (factor, kind, volatility)) in entries.into_iter().enumerate() {
            if let Some(first) = places.insert(factor.clone(), second) {
                let value = factor.to_string();
                return Err(CoreError::Duplicate { name: "factor", value, first, second }.into());
            }
            known = known.with(factor, kind, volatility)?;
        }
        Ok(known)
    }
}

impl From<FactorVolatilities> for Vec<(Factor, ShockKind, f64)> {
    fn from(volatilities: FactorVolatilities) -> Self {
        volatilities.entries.into_iter().map(|(factor, (kind, volatility))| (factor, kind, volatility)).collect()
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Currency;

    use super::*;

    #[test]
    fn only_positive_numbers_are_volatilities() {
        let rate = || Factor::Rate(Currency::usd());
        for bad in [0.0, -0.01, f64::NAN, f64::INFINITY] {
            assert!(FactorVolatilities::default().with(rate(), ShockKind::Absolute, bad).is_err(), "{bad}");
        }
        let known = FactorVolatilities::default().with(rate(), ShockKind::Absolute, 0.0005).unwrap();
        let text = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<FactorVolatilities>(&text).unwrap(), known);
        assert!(serde_json::from_str::<FactorVolatilities>(&text.replace("0.0005", "0.0")).is_err());
        let twice = format!("[{0},{0}]", &text[1..text.len() - 1]);
        assert!(serde_json::from_str::<FactorVolatilities>(&twice).is_err());
    }
}
