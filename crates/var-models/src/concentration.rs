//! How unevenly a book spreads its weight, its risk or its stress losses.

use alluse_risk_core::{Covariance, Error as CoreError, Weights};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a concentration is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConcentrationBasis {
    /// Weights or exposures.
    Weight,
    /// Additive parts of a risk figure.
    Risk,
    /// Losses of the positions in one stress scenario.
    StressLoss,
}

/// How concentrated the shares of a whole are.
///
/// ```text
/// pᵢ = |xᵢ| / Σ|x|      HHI = Σ pᵢ²      effective number = 1/HHI      entropy number = exp(−Σ pᵢ ln pᵢ)
/// ```
///
/// A part of the opposite sign (a short, a hedge, a gain in the scenario) counts by its size;
/// [`negative_share`](Self::negative_share) says how much of the gross is of that kind.
///
/// # Examples
/// ```
/// use alluse_risk_core::Weights;
/// use alluse_var_models::Concentration;
///
/// let book = Concentration::by_weight(&Weights::new(vec![0.5, 0.25, 0.25])?)?;
/// assert!((book.herfindahl - 0.375).abs() < 1e-15);
/// assert!((book.largest(2)? - 0.75).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Concentration {
    /// What it is measured on.
    pub basis: ConcentrationBasis,
    /// Sum of the squared shares: `1/n` when even, 1 when one part is everything.
    pub herfindahl: f64,
    /// Equal parts that would be as concentrated.
    pub effective_number: f64,
    /// The same by entropy; never below the effective number.
    pub entropy_number: f64,
    /// Shares of the gross, in the order given.
    pub shares: Vec<f64>,
    /// Share of the gross in parts below zero.
    pub negative_share: f64,
    /// Sum of the absolute parts.
    pub gross: f64,
    /// Parts that are not zero.
    pub positions: usize,
}

impl Concentration {
    /// Of weights.
    ///
    /// # Errors
    /// [`Error::Input`]: undefined when all weights are zero, overflow of their sum.
    pub fn by_weight(weights: &Weights) -> Result<Self> {
        Self::of(weights.view(), ConcentrationBasis::Weight)
    }

    /// Of the additive parts of a risk figure, such as the components of an expected shortfall.
    ///
    /// # Errors
    /// [`Error::Input`] for parts that are empty or not finite, undefined when all are zero.
    pub fn by_risk(components: ArrayView1<'_, f64>) -> Result<Self> {
        Self::of(components, ConcentrationBasis::Risk)
    }

    /// Of the positions' losses in a scenario; gains are negative.
    ///
    /// # Errors
    /// [`Error::Input`] for losses that are empty or not finite, undefined when all are zero.
    pub fn by_stress_loss(losses: ArrayView1<'_, f64>) -> Result<Self> {
        Self::of(losses, ConcentrationBasis::StressLoss)
    }

    fn of(parts: ArrayView1<'_, f64>, basis: ConcentrationBasis) -> Result<Self> {
        finite("parts", parts)?;
        let gross: f64 = parts.iter().map(|x| x.abs()).sum();
        if !gross.is_finite() {
            return Err(CoreError::Overflow { name: "gross of the parts" }.into());
        }
        if gross <= 0.0 {
            return Err(CoreError::Undefined { name: "concentration", reason: "all parts are zero" }.into());
        }
        let shares: Vec<f64> = parts.iter().map(|x| x.abs() / gross).collect();
        let herfindahl: f64 = shares.iter().map(|p| p * p).sum();
        Ok(Self {
            basis,
            herfindahl,
            effective_number: 1.0 / herfindahl,
            entropy_number: entropy_number(&shares),
            negative_share: parts.iter().zip(&shares).filter(|(x, _)| **x < 0.0).map(|(_, p)| p).sum(),
            positions: parts.iter().filter(|x| x.abs() > 0.0).count(),
            shares,
            gross,
        })
    }

    /// Share of the `count` largest parts together, CR_k.
    ///
    /// # Errors
    /// [`Error::Input`] for no parts or more than there are.
    pub fn largest(&self, count: usize) -> Result<f64> {
        if count == 0 || count > self.shares.len() {
            return Err(Error::out_of_domain("count", "from 1 to the number of parts", count as f64));
        }
        let mut shares = self.shares.clone();
        shares.sort_by(|a, b| b.total_cmp(a));
        Ok(shares.iter().take(count).sum::<f64>().min(1.0))
    }
}

/// `exp(−Σ p ln p)` with `0 ln 0 = 0`.
pub(crate) fn entropy_number(shares: &[f64]) -> f64 {
    let entropy: f64 = shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    entropy.exp()
}

pub(crate) fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(CoreError::Empty { name }.into());
    }
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => {
            let value = values[index];
            Err(CoreError::ElementOutOfDomain { name, index, expected: "finite", value }.into())
        }
    }
}

/// How much of the volatility of its parts a portfolio sheds.
///
/// ```text
/// DR = Σ |wᵢ| σᵢ / σ_P
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DiversificationRatio {
    /// DR, at least 1.
    pub ratio: f64,
    /// `Σ |wᵢ| σᵢ`.
    pub undiversified_volatility: f64,
    /// σ_P.
    pub volatility: f64,
}

/// The diversification ratio of a portfolio; shorts count by their size.
///
/// # Errors
/// [`Error::Input`] for weights that do not fit or a covariance that is not positive semidefinite, undefined
/// when the portfolio has no variance.
///
/// # Source
/// Choueifaty and Coignard (2008), "Toward maximum diversification".
///
/// # Examples
/// ```
/// use alluse_risk_core::Covariance;
/// use alluse_var_models::diversification_ratio;
/// use ndarray::array;
///
/// let independent = Covariance::new(array![[0.04, 0.0], [0.0, 0.04]])?;
/// let half = diversification_ratio(array![0.5, 0.5].view(), &independent)?;
/// assert!((half.ratio - 2_f64.sqrt()).abs() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn diversification_ratio(weights: ArrayView1<'_, f64>, covariance: &Covariance) -> Result<DiversificationRatio> {
    let volatility = portfolio_volatility(weights, covariance, "diversification ratio")?;
    let undiversified_volatility = weights.iter().zip(covariance.volatilities()).map(|(w, s)| w.abs() * s).sum();
    Ok(DiversificationRatio { ratio: undiversified_volatility / volatility, undiversified_volatility, volatility })
}

/// σ_P, refused when it is nothing but rounding of the undiversified volatility.
pub(crate) fn portfolio_volatility(
    weights: ArrayView1<'_, f64>,
    covariance: &Covariance,
    name: &'static str,
) -> Result<f64> {
    let volatility = covariance.volatility_of(weights)?;
    let whole: f64 = weights.iter().zip(covariance.volatilities()).map(|(w, s)| w.abs() * s).sum();
    if volatility <= 1e-7 * whole {
        return Err(CoreError::Undefined { name, reason: "the portfolio has no variance" }.into());
    }
    Ok(volatility)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn four_parts_by_hand() {
        let parts = Concentration::by_risk(array![4.0, -2.0, 1.0, 0.0, 1.0].view()).unwrap();
        assert_eq!((parts.basis, parts.positions, parts.gross), (ConcentrationBasis::Risk, 4, 8.0));
        assert_eq!(parts.shares, [0.5, 0.25, 0.125, 0.0, 0.125]);
        assert_eq!(parts.herfindahl, 0.343_75);
        assert!((parts.effective_number - 2.909_090_909_090_909).abs() < 1e-15);
        // Entropy 1.75 bits.
        assert!((parts.entropy_number - 2_f64.powf(1.75)).abs() < 1e-14);
        assert_eq!(parts.negative_share, 0.25);
        let shares: Vec<f64> = (1..=5).map(|k| parts.largest(k).unwrap()).collect();
        assert_eq!(shares, [0.5, 0.75, 0.875, 1.0, 1.0]);
        assert!(parts.largest(0).is_err() && parts.largest(6).is_err());
        let stress = Concentration::by_stress_loss(array![4.0, -2.0, 1.0, 0.0, 1.0].view()).unwrap();
        assert_eq!((stress.basis, stress.herfindahl), (ConcentrationBasis::StressLoss, 0.343_75));
        let weights = Concentration::by_weight(&Weights::equal(4).unwrap()).unwrap();
        assert_eq!((weights.basis, weights.effective_number), (ConcentrationBasis::Weight, 4.0));
        assert!((weights.entropy_number - 4.0).abs() < 1e-14);
        let text = serde_json::to_string(&parts).unwrap();
        assert_eq!(serde_json::from_str::<Concentration>(&text).unwrap(), parts);
    }

    #[test]
    fn hostile_parts_are_refused() {
        let of = |parts: Array1<f64>| Concentration::by_risk(parts.view()).unwrap_err();
        assert_eq!(of(array![]), CoreError::Empty { name: "parts" }.into());
        assert!(matches!(of(array![0.0, 0.0]), Error::Input(CoreError::Undefined { .. })));
        assert!(matches!(of(array![1.0, f64::NAN]), Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })));
        assert!(matches!(of(array![f64::MAX, f64::MAX]), Error::Input(CoreError::Overflow { .. })));
    }

    #[test]
    fn diversification_by_hand() {
        let covariance = Covariance::new(array![[0.04, 0.03], [0.03, 0.09]]).unwrap();
        let ratio = diversification_ratio(array![0.6, -0.4].view(), &covariance).unwrap();
        // Variance 0.0144 − 0.0144 + 0.0144; volatilities 0.12 + 0.12.
        assert!((ratio.volatility - 0.12).abs() < 1e-15 && (ratio.ratio - 2.0).abs() < 1e-13);
        assert!((ratio.undiversified_volatility - 0.24).abs() < 1e-15);
        let twins = Covariance::new(array![[0.04, 0.04], [0.04, 0.04]]).unwrap();
        assert!((diversification_ratio(array![0.3, 0.7].view(), &twins).unwrap().ratio - 1.0).abs() < 1e-14);
        let hedged = diversification_ratio(array![0.5, -0.5].view(), &twins);
        assert!(matches!(hedged, Err(Error::Input(CoreError::Undefined { .. }))));
        assert!(matches!(diversification_ratio(array![1.0].view(), &twins), Err(Error::Input(_))));
        assert!(diversification_ratio(array![0.0, 0.0].view(), &twins).is_err());
    }

    proptest! {
        #[test]
        fn numbers_stay_between_one_and_all(parts in prop::collection::vec(-1e3..1e3_f64, 1..30), scale in 1e-3..1e3_f64) {
            let parts = Array1::from(parts);
            prop_assume!(parts.iter().any(|x| x.abs() > 1e-6));
            let whole = Concentration::by_risk(parts.view()).unwrap();
            let n = parts.len() as f64;
            prop_assert!(whole.herfindahl >= 1.0 / n - 1e-12 && whole.herfindahl <= 1.0 + 1e-12);
            prop_assert!(whole.entropy_number >= whole.effective_number - 1e-9 && whole.entropy_number <= n + 1e-9);
            let larger = Concentration::by_risk((&parts * scale).view()).unwrap();
            prop_assert!((larger.herfindahl - whole.herfindahl).abs() < 1e-12);
            let turned: Array1<f64> = parts.iter().rev().copied().collect();
            let turned = Concentration::by_risk(turned.view()).unwrap();
            prop_assert!((turned.entropy_number - whole.entropy_number).abs() < 1e-9);
        }
    }
}
