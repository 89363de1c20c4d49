//! Who carries the risk of a portfolio.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::check::finite;
use crate::{Error, Result, RiskModel};

/// The volatility of a portfolio and its additive parts, one an asset.
///
/// ```text
/// σ = √(w'Σw)    marginalᵢ = (Σw)ᵢ / σ    contributionᵢ = wᵢ marginalᵢ    relativeᵢ = contributionᵢ / σ
/// ```
///
/// Volatilities are per period of the covariance. Euler's theorem for a function of degree one makes the
/// contributions add up to σ; `residual` is what rounding leaves of that.
///
/// # Source
/// Tasche (1999); Roncalli (2013), *Introduction to Risk Parity and Budgeting*, §2.1.
///
/// # Examples
/// ```
/// use alluse_optimizer::{RiskModel, risk_budgeting::RiskContributions};
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// let model = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.09]])?);
/// let risk = RiskContributions::of(&model, array![0.6, 0.4].view())?;
/// assert!((risk.volatility - 0.0288_f64.sqrt()).abs() < 1e-15);
/// assert!((risk.relative[0] - 0.5).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskContributions {
    /// σ, per period.
    pub volatility: f64,
    /// Change of σ per unit of weight.
    pub marginal: Vec<f64>,
    /// Weight times marginal.
    pub contribution: Vec<f64>,
    /// Share of σ.
    pub relative: Vec<f64>,
    /// σ less the sum of the contributions.
    pub residual: f64,
}

/// The part of a risk that a group of assets carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupRisk {
    /// The name that was given.
    pub name: String,
    /// Sum of the members' contributions.
    pub contribution: f64,
    /// Sum of their shares.
    pub relative: f64,
}

impl RiskContributions {
    /// Splits the volatility of `weights`, which may be negative and have any sum.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one finite weight an asset, [`Error::Undefined`] when the portfolio has no
    /// variance to divide, or less than none because the covariance is not positive semidefinite.
    pub fn of(model: &RiskModel, weights: ArrayView1<'_, f64>) -> Result<Self> {
        finite("weights", weights)?;
        let product = model.product(weights)?;
        let variance = weights.dot(&product);
        if !(variance > 0.0 && variance.is_finite()) {
            let reason = format!("the portfolio has variance {variance:e}");
            return Err(Error::Undefined { what: "the split of a volatility", reason });
        }
        let volatility = variance.sqrt();
        let marginal: Vec<f64> = product.iter().map(|p| p / volatility).collect();
        let contribution: Vec<f64> = weights.iter().zip(&marginal).map(|(w, m)| w * m).collect();
        let relative: Vec<f64> = contribution.iter().map(|c| c / volatility).collect();
        let residual = volatility - contribution.iter().sum::<f64>();
        Ok(Self { volatility, marginal, contribution, relative, residual })
    }

    /// The parts of groups, each a name and the positions of its members; groups may overlap.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a group without members, a position that is not an asset's or one that occurs twice.
    pub fn groups<N: AsRef<str>, M: AsRef<[usize]>>(&self, groups: &[(N, M)]) -> Result<Vec<GroupRisk>> {
        groups.iter().map(|(name, members)| self.group(name.as_ref(), members.as_ref())).collect()
    }

    fn group(&self, name: &str, members: &[usize]) -> Result<GroupRisk> {
        let assets = self.contribution.len();
        let refused = |reason: String| Err(Error::invalid(format!("group {name:?}"), reason));
        if members.is_empty() {
            return refused("has no members".to_owned());
        }
        let mut seen = vec![false; assets];
        for &member in members {
            match seen.get_mut(member) {
                None => return refused(format!("member {member} is not one of {assets} assets")),
                Some(true) => return refused(format!("member {member} occurs twice")),
                Some(seen) => *seen = true,
            }
        }
        let sum = |of: &[f64]| members.iter().map(|&m| of[m]).sum();
        Ok(GroupRisk { name: name.to_owned(), contribution: sum(&self.contribution), relative: sum(&self.relative) })
    }
}
