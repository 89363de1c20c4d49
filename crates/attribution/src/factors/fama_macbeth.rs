use alluse_risk_core::inference::{BartlettLags, StudentEstimate, long_run_mean};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::FactorReturns;
use crate::Result;

/// What a factor earned on average: [`FactorReturns::premia`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorPremium {
    /// The factor.
    pub factor: String,
    /// Mean of its returns per period, with `T − 1` degrees of freedom.
    pub premium: StudentEstimate,
    /// Autocovariances that the error allows for.
    pub lags: usize,
}

impl FactorReturns {
    /// Means of the factor returns over the periods, with Newey-West errors.
    ///
    /// ```text
    /// λ̂ₖ = (1/T) Σₜ fₖₜ      se from the spread of the fₖₜ over time, not from the errors within the periods
    /// ```
    ///
    /// With lags the error allows for factor returns that remember. Exposures count as known; when they are estimates
    /// the error is too small (Shanken 1992).
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input): [`InsufficientData`](alluse_risk_core::Error::InsufficientData) for
    /// fewer than 2 periods or not more of them than lags, [`Undefined`](alluse_risk_core::Error::Undefined) for a
    /// factor that always returned the same.
    ///
    /// # Source
    /// Fama and MacBeth (1973); Newey and West (1987).
    pub fn premia(&self, lags: BartlettLags) -> Result<Vec<FactorPremium>> {
        let premium = |(k, factor): (usize, &String)| {
            let path: Array1<f64> = self.periods.iter().map(|period| period.returns[k].value).collect();
            let mean = long_run_mean(path.view(), lags)?;
            let premium = StudentEstimate::new(mean.mean, mean.standard_error, (path.len() - 1) as f64)?;
            Ok(FactorPremium { factor: factor.clone(), premium, lags: mean.lags })
        };
        self.factors.iter().enumerate().map(premium).collect()
    }
}
