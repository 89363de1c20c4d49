use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a trade costs: a share of the traded value, one-way, for every asset alike or for each.
///
/// A rate of 0.001 takes 0.1 % of the value that is bought and as much of the value that is sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct CostRates(Vec<f64>);

impl CostRates {
    /// The same rate for every asset.
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 ≤ rate < 1`.
    pub fn uniform(rate: f64) -> Result<Self> {
        Self::per_asset(vec![rate])
    }

    /// A rate for each asset, in the order of the panel.
    ///
    /// # Errors
    /// [`Error::Input`] without rates or unless `0 ≤ rate < 1`.
    pub fn per_asset(rates: Vec<f64>) -> Result<Self> {
        if rates.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "cost rates" }.into());
        }
        match rates.iter().position(|rate| !(0.0..1.0).contains(rate)) {
            None => Ok(Self(rates)),
            Some(index) => {
                let (name, expected, value) = ("cost rates", "at least 0 and below 1", rates[index]);
                Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into())
            }
        }
    }

    /// One rate, or one an asset.
    #[must_use]
    pub fn rates(&self) -> &[f64] {
        &self.0
    }

    pub(super) fn check(&self, assets: usize) -> Result<()> {
        let got = self.0.len();
        if got == 1 || got == assets {
            return Ok(());
        }
        Err(alluse_risk_core::Error::LengthMismatch { name: "cost rates", expected: assets, got }.into())
    }

    fn of(&self, asset: usize) -> f64 {
        if self.0.len() == 1 { self.0[0] } else { self.0[asset] }
    }

    /// The share `f` of wealth that is left when `drifted` weights become `target` weights of what is left:
    ///
    /// ```text
    /// f + Σᵢ κᵢ |wᵢ f − dᵢ| = 1
    /// ```
    ///
    /// The left side is convex in `f`, so Newton's method from 1 comes down to the root; each step but the last
    /// changes the side of at least one trade.
    pub(super) fn kept(&self, drifted: &[f64], target: &[f64]) -> Result<f64> {
        let mut kept = 1.0_f64;
        for _ in 0..=drifted.len() + 1 {
            let (mut value, mut slope) = (kept - 1.0, 1.0);
            for (asset, (d, w)) in drifted.iter().zip(target).enumerate() {
                let (trade, rate) = (w * kept - d, self.of(asset));
                value += rate * trade.abs();
                slope += rate * w * trade.signum();
            }
            let next = kept - value / slope;
            if !(slope > 0.0 && next > 0.0) {
                let reason = format!("at rates up to {:?} nothing is left", self.0.iter().copied().fold(0.0, f64::max));
                return Err(Error::Undefined { what: "wealth after costs", reason });
            }
            if (kept - next).abs() <= f64::EPSILON {
                return Ok(next.min(1.0));
            }
            kept = next;
        }
        Ok(kept.min(1.0))
    }
}

impl TryFrom<Vec<f64>> for CostRates {
    type Error = Error;

    fn try_from(rates: Vec<f64>) -> Result<Self> {
        Self::per_asset(rates)
    }
}

impl From<CostRates> for Vec<f64> {
    fn from(rates: CostRates) -> Self {
        rates.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_first_purchase_and_a_sale_by_hand() {
        let rates = CostRates::uniform(0.01).unwrap();
        // All of it bought: f (1 + κ) = 1. All of it sold: f = 1 − κ.
        assert!((rates.kept(&[0.0, 0.0], &[0.5, 0.5]).unwrap() - 1.0 / 1.01).abs() < 1e-15);
        assert!((rates.kept(&[0.5, 0.5], &[0.0, 0.0]).unwrap() - 0.99).abs() < 1e-15);
        assert_eq!(rates.kept(&[0.5, 0.5], &[0.5, 0.5]), Ok(1.0));
        let each = CostRates::per_asset(vec![0.0, 0.02]).unwrap();
        assert!((each.kept(&[1.0, 0.0], &[0.0, 1.0]).unwrap() - 1.0 / 1.02).abs() < 1e-15);
    }

    #[test]
    fn hostile_rates() {
        for bad in [-1e-9, 1.0, f64::NAN] {
            assert!(CostRates::uniform(bad).is_err());
        }
        assert!(CostRates::per_asset(Vec::new()).is_err());
        assert!(CostRates::per_asset(vec![0.1, 0.2]).unwrap().check(3).is_err());
        assert!(serde_json::from_str::<CostRates>("[0.1, 2.0]").is_err());
        // Leverage of three, all sold at half its value.
        let error = CostRates::uniform(0.5).unwrap().kept(&[3.0], &[0.0]).unwrap_err();
        assert!(matches!(error, Error::Undefined { .. }));
    }

    proptest! {
        /// What is left and what was paid are what there was.
        #[test]
        fn nothing_is_lost(
            drifted in prop::collection::vec(-0.5_f64..0.8, 6),
            target in prop::collection::vec(-0.5_f64..0.8, 6),
            rates in prop::collection::vec(0.0_f64..0.05, 6),
        ) {
            let costs = CostRates::per_asset(rates.clone()).unwrap();
            let kept = costs.kept(&drifted, &target).unwrap();
            let paid: f64 = (0..6).map(|i| rates[i] * (target[i] * kept - drifted[i]).abs()).sum();
            // Six products and sums of numbers below one.
            prop_assert!((kept + paid - 1.0).abs() < 1e-14);
            prop_assert!(kept > 0.0 && kept <= 1.0);
        }
    }
}
