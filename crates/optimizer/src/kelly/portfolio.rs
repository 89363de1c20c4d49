//! Several assets that trade continuously, without limits.

use alluse_risk_core::{Weights, linalg};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::{ensure, finite};
use crate::{Error, Result, RiskModel};

/// The fractions of wealth that make it grow fastest, without limits.
///
/// ```text
/// f = Σ⁻¹(μ − r1)      g = r + ½ (μ − r1)'Σ⁻¹(μ − r1)      at k f: r + k (2 − k) (g − r)
/// ```
///
/// # Source
/// Merton (1969); Thorp (2006), §8.
///
/// # Examples
/// ```
/// use alluse_optimizer::{RiskModel, kelly::KellyPortfolio};
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// let risk = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.01]])?);
/// let kelly = KellyPortfolio::new(array![0.08, 0.03].view(), 0.02, &risk)?;
/// assert!((kelly.fractions.view()[0] - 1.5).abs() < 1e-14 && (kelly.fractions.view()[1] - 1.0).abs() < 1e-14);
/// assert!((kelly.growth - (0.02 + 0.5 * 0.1)).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KellyPortfolio {
    /// One an asset; what they leave of 1 is lent, what they exceed it by is borrowed.
    pub fractions: Weights,
    /// Continuously compounded, per period of the inputs.
    pub growth: f64,
    /// `√((μ − r)'Σ⁻¹(μ − r))`.
    pub sharpe: f64,
    /// The rate it was made with.
    pub risk_free: f64,
    /// `k`: the share of the full stakes held.
    pub multiple: f64,
}

impl KellyPortfolio {
    /// From means, a rate and a covariance of the same period.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one finite mean an asset, the rate is finite and the covariance can be
    /// inverted.
    pub fn new(mean: ArrayView1<'_, f64>, risk_free: f64, risk: &RiskModel) -> Result<Self> {
        finite("risk-free rate", risk_free)?;
        let excess = mean.mapv(|v| v - risk_free);
        let fractions = match risk {
            RiskModel::Dense(matrix) => linalg::solve_positive_definite(matrix.view(), excess.view())?,
            RiskModel::Factored(model) => model.solve(excess.view())?,
        };
        let squared = excess.dot(&fractions).max(0.0);
        let growth = risk_free + 0.5 * squared;
        finite("growth", growth)?;
        Ok(Self { fractions: Weights::new(fractions)?, growth, sharpe: squared.sqrt(), risk_free, multiple: 1.0 })
    }

    /// The same portfolio at `multiple` times the full stakes.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite; [`Error::Undefined`] when this portfolio stakes nothing.
    pub fn at_multiple(&self, multiple: f64) -> Result<Self> {
        finite("multiple", multiple)?;
        if self.multiple == 0.0 {
            let reason = "the portfolio holds none of the full stakes".to_owned();
            return Err(Error::Undefined { what: "a multiple of the full stakes", reason });
        }
        let scale = multiple / self.multiple;
        let fractions = Weights::new(self.fractions.view().mapv(|f| f * scale))?;
        let growth = self.risk_free + 0.5 * multiple * (2.0 - multiple) * self.sharpe * self.sharpe;
        finite("growth", growth)?;
        Ok(Self { fractions, growth, multiple, ..self.clone() })
    }
}

/// What is known of the Sharpe ratio of the full Kelly portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharpeKnowledge {
    /// Its true value θ per period.
    True(f64),
    /// Its value in the sample that the means are estimated from, per period; too high by what was fitted.
    InSample(f64),
}

/// The multiple of the estimated full stakes that makes expected growth greatest, when means are sample means of
/// `observations` periods and the covariance is known.
///
/// ```text
/// true θ        k = θ² / (θ² + N/T)
/// in sample     k = 1 − (N/T) / θ̂², not below 0:  the same with the unbiased estimate θ̂² − N/T of θ²
/// ```
///
/// Estimated stakes have the right mean but the size `θ² + N/T` where the true ones have `θ²`. With an estimated
/// covariance the best multiple is smaller still.
///
/// # Errors
/// [`Error::Input`] unless the Sharpe ratio is finite and not negative and there are assets and observations;
/// [`Error::Undefined`] for an in-sample Sharpe ratio of 0.
///
/// # Source
/// Kan and Zhou (2007), "Optimal portfolio choice with parameter uncertainty", with Σ known; Baker and McHale
/// (2013) for bets.
///
/// # Examples
/// ```
/// use alluse_optimizer::kelly::{SharpeKnowledge, shrinkage};
///
/// // One asset with a yearly Sharpe ratio of 0.5, four years of data: half the stakes.
/// assert!((shrinkage(SharpeKnowledge::True(0.5), 1, 4)? - 0.5).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn shrinkage(sharpe: SharpeKnowledge, assets: usize, observations: usize) -> Result<f64> {
    let (SharpeKnowledge::True(ratio) | SharpeKnowledge::InSample(ratio)) = sharpe;
    ensure(ratio >= 0.0 && ratio.is_finite(), "Sharpe ratio", "finite and not negative", ratio)?;
    ensure(assets > 0, "assets", "at least 1", assets as f64)?;
    ensure(observations > 0, "observations", "at least 1", observations as f64)?;
    let (noise, squared) = (assets as f64 / observations as f64, ratio * ratio);
    match sharpe {
        SharpeKnowledge::True(_) if squared.is_infinite() => Ok(1.0),
        SharpeKnowledge::True(_) => Ok(squared / (squared + noise)),
        SharpeKnowledge::InSample(_) if squared > 0.0 => Ok((1.0 - noise / squared).max(0.0)),
        SharpeKnowledge::InSample(_) => {
            let reason = "the Sharpe ratio in the sample is 0: there are no stakes to scale".to_owned();
            Err(Error::Undefined { what: "shrinkage of the Kelly stakes", reason })
        }
    }
}
