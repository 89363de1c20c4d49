use alluse_risk_core::Frequency;
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// What the account would have earned without risk, in units that cannot be mixed up.
///
/// ```
/// use alluse_attribution::RiskFree;
/// use alluse_risk_core::Frequency;
///
/// let annual = RiskFree::annual(0.05, Frequency::Monthly)?; // 5 % a year, compounded
/// assert!((annual.at(0) - (1.05_f64.powf(1.0 / 12.0) - 1.0)).abs() < 1e-15);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RiskFree {
    /// Nothing.
    #[default]
    Zero,
    /// The same simple return each period.
    PerPeriod(f64),
    /// A simple return for each period, matched one by one.
    Series(Array1<f64>),
}

impl RiskFree {
    /// A compounded annual rate, as its equal return per period: `(1 + rate)^{1/P} − 1`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a rate that is not finite or not above −1.
    pub fn annual(rate: f64, frequency: Frequency) -> Result<Self> {
        check::ensure(rate > -1.0 && rate.is_finite(), "annual risk-free rate", "finite and above -1", rate)?;
        Ok(Self::PerPeriod((rate.ln_1p() / frequency.periods_per_year()).exp_m1()))
    }

    /// The return of period `index`.
    ///
    /// # Panics
    /// For a series that is shorter; [`check`](Self::check) is called first.
    #[must_use]
    pub fn at(&self, index: usize) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::PerPeriod(rate) => *rate,
            Self::Series(rates) => rates[index],
        }
    }

    /// Whether it fits `periods` returns.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a rate that is not finite or below −1, or another length.
    pub fn check(&self, periods: usize) -> Result<()> {
        match self {
            Self::Zero => Ok(()),
            Self::PerPeriod(rate) => {
                check::ensure(*rate >= -1.0 && rate.is_finite(), "risk-free return", "finite and at least -1", *rate)
                    .map(drop)
            }
            Self::Series(rates) => {
                check::length("risk-free returns", periods, rates.len())?;
                check::returns("risk-free returns", rates.view())
            }
        }
    }

    /// Excess returns `r_t − f_t`.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn excess(&self, returns: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        self.check(returns.len())?;
        Ok(match self {
            Self::Zero => returns.to_owned(),
            Self::PerPeriod(rate) => returns.mapv(|r| r - rate),
            Self::Series(rates) => &returns - rates,
        })
    }
}
