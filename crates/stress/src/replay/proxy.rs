//! Stand-ins for assets that have no prices in a replayed window.

use alluse_risk_core::linalg::least_squares;
use alluse_risk_core::panel::PricePanel;
use alluse_risk_core::{AssetId, Error as CoreError};
use jiff::civil::Date;
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What stands in for an asset without prices in the replayed window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReplayProxy {
    /// `beta` times the relative move of another asset.
    Beta {
        /// The other asset, which has prices in the window.
        on: AssetId,
        /// Its multiple.
        beta: f64,
    },
    /// The move that a regression of daily returns on those of other assets implies.
    ///
    /// ```text
    /// r = α + Σ βᵢ rᵢ + ε over the stated window      replayed move = Σ βᵢ · move of i
    /// ```
    ///
    /// The drift α is fitted and not replayed.
    Regression {
        /// The other assets, which have prices both in the replayed window and in the stated one.
        on: Vec<AssetId>,
        /// First date of the prices to fit on.
        from: Date,
        /// Last date of the prices to fit on.
        to: Date,
    },
}

/// What a proxy came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProxyReport {
    /// The asset without prices.
    pub asset: AssetId,
    /// What its move is made of.
    pub betas: Vec<(AssetId, f64)>,
    /// Share of the variance that the regression explains; `None` for a beta that was given, and for returns
    /// that do not vary.
    pub r_squared: Option<f64>,
    /// Returns in the regression; none for a beta that was given.
    pub observations: usize,
    /// The relative move that was put in its place.
    pub change: f64,
}

/// Betas, share of variance explained, number of returns.
type Regressed = (Vec<(AssetId, f64)>, Option<f64>, usize);

impl std::fmt::Display for ProxyReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let made: Vec<String> = self.betas.iter().map(|(on, beta)| format!("{beta:.4} x {on}")).collect();
        write!(f, "the spot of {} had no prices and moves by {:+.4}: {}", self.asset, self.change, made.join(" + "))?;
        match self.r_squared {
            Some(share) => write!(f, ", fitted to {} returns, R2 {share:.3}", self.observations),
            None if self.observations > 0 => write!(f, ", fitted to {} returns that do not vary", self.observations),
            None => f.write_str(", as given"),
        }
    }
}

/// Fits the returns of `asset` on those of `on`, with a constant.
pub(super) fn regress(prices: &PricePanel, asset: &AssetId, on: &[AssetId], from: Date, to: Date) -> Result<Regressed> {
    let names: Vec<AssetId> = std::iter::once(asset).chain(on).cloned().collect();
    let panel = prices.between(from, to)?.select(&names)?;
    let returns = panel.simple_returns()?;
    let (response, regressors) = returns.returns().split_at(Axis(1), 1);
    let observations = response.nrows();
    // With a constant, one return more than coefficients leaves something to be explained.
    let required = on.len() + 2;
    if observations < required {
        let name = "regression of a proxy";
        return Err(CoreError::InsufficientData { name, required, available: observations }.into());
    }
    let mut design = Array2::ones((observations, on.len() + 1));
    design.columns_mut().into_iter().skip(1).zip(regressors.columns()).for_each(|(mut to, from)| to.assign(&from));
    let response: Array1<f64> = response.column(0).to_owned();
    let fit = least_squares(design.view(), response.view())?;
    let mean = response.sum() / observations as f64;
    let total: f64 = response.iter().map(|r| (r - mean) * (r - mean)).sum();
    let largest = response.iter().fold(0.0_f64, |largest, r| largest.max(r.abs()));
    // Returns that differ by rounding alone have nothing to explain.
    let noise = observations as f64 * f64::EPSILON * (1.0 + largest);
    let r_squared = (total > noise * noise).then(|| 1.0 - fit.residual_sum_of_squares() / total);
    let betas = on.iter().cloned().zip(fit.coefficients().iter().skip(1).copied()).collect();
    Ok((betas, r_squared, observations))
}
