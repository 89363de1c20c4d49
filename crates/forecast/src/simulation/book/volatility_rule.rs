//! How implied volatilities move along a path.

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// The implied volatility of an option on a path, given today's volatility `σ₀(K)` of its contract.
///
/// ```text
/// sticky strike      σ = σ₀(K)
/// sticky moneyness   σ = σ₀(K · S₀/S), read from the surface of the underlying
/// scaled             σ = σ₀(K) · (simulated volatility / today's)^elasticity
/// spot beta          σ = σ₀(K) · (S/S₀)^beta, the factor kept between lowest and highest
/// ```
///
/// Options do not slide along the term structure: a contract starts from its own volatility of today throughout. An
/// underlying without a surface has no smile to move along, so sticky moneyness leaves its volatility where it is.
///
/// # Source
/// Derman (1999), "Regimes of volatility"; the elasticity of volatility by spot is that of Cox (1975).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VolatilityRule {
    /// Each contract keeps its volatility.
    #[default]
    StickyStrike,
    /// Each moneyness keeps its volatility.
    StickyMoneyness,
    /// In proportion to the simulated volatility of the underlying; the paths must have it.
    Scaled {
        /// Of implied by simulated volatility: 1 moves them together, less than 1 suits options that outlive a
        /// reverting shock.
        elasticity: f64,
    },
    /// As a power of the spot: a fall of the spot raises volatility where `beta` is negative.
    SpotBeta {
        /// Percent of volatility per percent of spot; usually negative for shares and indices.
        beta: f64,
        /// Smallest multiple of today's volatility, above 0.
        lowest: f64,
        /// Largest multiple of today's volatility.
        highest: f64,
    },
}

impl VolatilityRule {
    pub(super) fn check(&self, simulated: bool) -> Result<()> {
        match *self {
            Self::StickyStrike | Self::StickyMoneyness => Ok(()),
            Self::Scaled { elasticity } => {
                check::number("elasticity", elasticity)?;
                if simulated {
                    return Ok(());
                }
                Err(Error::invalid("volatility rule", "scaled volatilities need paths that simulate volatility"))
            }
            Self::SpotBeta { beta, lowest, highest } => {
                check::number("beta", beta)?;
                check::positive("lowest", lowest)?;
                if highest >= lowest && highest.is_finite() {
                    return Ok(());
                }
                let (name, expected) = ("highest", "finite and at least the lowest");
                Err(Input::OutOfDomain { name, expected, value: highest }.into())
            }
        }
    }

    /// The multiple of today's volatility that a scenario applies; `None` when there is nothing to multiply.
    pub(super) fn multiple(&self, spot_level: f64, volatility_ratio: Option<f64>) -> Option<f64> {
        match *self {
            Self::StickyStrike | Self::StickyMoneyness => None,
            Self::Scaled { elasticity } => volatility_ratio.map(|ratio| libm::pow(ratio, elasticity)),
            Self::SpotBeta { beta, lowest, highest } => Some(libm::pow(spot_level, beta).clamp(lowest, highest)),
        }
    }

    pub(super) fn note(&self) -> String {
        match *self {
            Self::StickyStrike => "implied volatility on the paths: each contract keeps its own of today".to_owned(),
            Self::StickyMoneyness => {
                "implied volatility on the paths: each moneyness keeps that of today's surface; an underlying without \
                 a surface keeps its volatility"
                    .to_owned()
            }
            Self::Scaled { elasticity } => format!(
                "implied volatility on the paths: each contract's of today times the simulated volatility over \
                 today's to the power {elasticity}"
            ),
            Self::SpotBeta { beta, lowest, highest } => format!(
                "implied volatility on the paths: each contract's of today times the spot over today's to the power \
                 {beta}, between {lowest} and {highest} times"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_hand() {
        let beta = VolatilityRule::SpotBeta { beta: -2.0, lowest: 0.5, highest: 3.0 };
        // 0.8⁻² = 1.5625; 2⁻² = 0.25 is held at the floor, a worthless share at the cap.
        assert!((beta.multiple(0.8, None).unwrap() - 1.5625).abs() < 1e-15);
        assert_eq!((beta.multiple(2.0, None), beta.multiple(0.0, None)), (Some(0.5), Some(3.0)));
        let scaled = VolatilityRule::Scaled { elasticity: 0.5 };
        assert_eq!((scaled.multiple(0.8, Some(2.25)), scaled.multiple(0.8, None)), (Some(1.5), None));
        assert_eq!(VolatilityRule::StickyStrike.multiple(0.8, Some(2.0)), None);
    }

    #[test]
    fn hostile_rules() {
        let scaled = VolatilityRule::Scaled { elasticity: 1.0 };
        assert!(scaled.check(true).is_ok());
        assert!(scaled.check(false).is_err() && VolatilityRule::Scaled { elasticity: f64::NAN }.check(true).is_err());
        let beta = |beta, lowest, highest| VolatilityRule::SpotBeta { beta, lowest, highest }.check(false);
        assert!(beta(-1.0, 0.5, 2.0).is_ok());
        assert!(beta(f64::INFINITY, 0.5, 2.0).is_err() && beta(-1.0, 0.0, 2.0).is_err());
        assert!(beta(-1.0, 0.5, 0.4).is_err() && beta(-1.0, 0.5, f64::NAN).is_err());
    }
}
