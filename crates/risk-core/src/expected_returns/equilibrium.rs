use ndarray::{Array1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::periods;
use super::{Compounding, ExpectedReturns, ExpectedReturnsEstimate};
use crate::covariance::{Covariance, SampleCovariance};
use crate::{Error, Frequency, Result, Weights, check};

/// The expected returns that make given weights optimal: reverse optimisation.
///
/// ```text
/// π = r_f + δ Σ w      error covariance   τ Σ
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `risk_aversion` | required | δ, price of variance | positive, finite |
/// | `weights` | required | the portfolio taken as optimal | |
/// | `risk_free` | 0: excess returns | rate in the unit of the estimate | finite |
/// | `uncertainty` | none | τ, what the error is as a share of the covariance | positive, finite |
/// | `frequency` | none | periods in the year that the estimate is for; returns add up | |
///
/// The covariance is per period; δ has no unit of time.
///
/// # Source
/// Sharpe (1974), "Imputing expected security returns from portfolio composition"; Black and Litterman (1992).
///
/// # Examples
/// ```
/// use alluse_risk_core::expected_returns::Equilibrium;
/// use alluse_risk_core::{Covariance, Weights};
/// use ndarray::array;
///
/// let covariance = Covariance::new(array![[0.04, 0.01], [0.01, 0.09]])?;
/// let implied = Equilibrium::new(2.5, Weights::new(vec![0.6, 0.4])?)?.implied(&covariance)?;
/// assert!((implied.values[0] - 2.5 * 0.028).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Equilibrium {
    risk_aversion: f64,
    weights: Weights,
    risk_free: f64,
    uncertainty: Option<f64>,
    frequency: Option<Frequency>,
}

fn positive(name: &'static str, value: f64) -> Result<f64> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(Error::OutOfDomain { name, expected: "positive and finite", value })
    }
}

impl Equilibrium {
    /// With this price of variance and these weights.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless the risk aversion is positive and finite.
    pub fn new(risk_aversion: f64, weights: Weights) -> Result<Self> {
        let risk_aversion = positive("risk aversion", risk_aversion)?;
        Ok(Self { risk_aversion, weights, risk_free: 0.0, uncertainty: None, frequency: None })
    }

    /// With this risk-free rate: a year's when a frequency is named, else a period's.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless it is finite.
    pub fn with_risk_free(self, rate: f64) -> Result<Self> {
        check::finite_number("risk-free rate", rate)?;
        Ok(Self { risk_free: rate, ..self })
    }

    /// With an error covariance of `uncertainty` times the covariance.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless it is positive and finite.
    pub fn with_uncertainty(self, uncertainty: f64) -> Result<Self> {
        Ok(Self { uncertainty: Some(positive("uncertainty", uncertainty)?), ..self })
    }

    /// For a year of this many periods.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// From a covariance per period.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one weight an asset, [`Error::Overflow`].
    pub fn implied(&self, covariance: &Covariance) -> Result<ExpectedReturnsEstimate> {
        check::length("weights", covariance.len(), self.weights.len())?;
        let error = self.uncertainty.map(|tau| &covariance.view() * (tau * periods(self.frequency)));
        self.priced(covariance.view().dot(&self.weights.view()))?.with_error(error)
    }

    /// From a factor model, never made dense; the error covariance is `uncertainty` times that model and is not
    /// written down.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one weight an asset, [`Error::Overflow`].
    #[cfg(any(feature = "linalg", feature = "lapack"))]
    pub fn implied_by_factors(
        &self,
        covariance: &crate::covariance::FactorCovariance,
    ) -> Result<ExpectedReturnsEstimate> {
        self.priced(covariance.product(self.weights.view())?)
    }

    fn priced(&self, product: Array1<f64>) -> Result<ExpectedReturnsEstimate> {
        let price = self.risk_aversion * periods(self.frequency);
        let values = product.mapv(|v| self.risk_free + price * v);
        ExpectedReturnsEstimate::new(values, self.frequency, Compounding::Arithmetic)
    }
}

impl ExpectedReturns for Equilibrium {
    fn name(&self) -> &str {
        "equilibrium"
    }

    /// From the sample covariance with divisor `n − 1`.
    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        let covariance = SampleCovariance::default().covariance(returns)?;
        let n = returns.nrows();
        Ok(self.implied(&covariance)?.with_observations(n, n as f64))
    }
}

/// The risk aversion that makes a portfolio with this expected excess return and variance optimal, `δ = π/σ²`.
///
/// # Errors
/// [`Error::OutOfDomain`] unless both are positive and finite: a portfolio that is not paid for its risk is
/// optimal for nobody who dislikes risk.
///
/// # Examples
/// ```
/// use alluse_risk_core::expected_returns::implied_risk_aversion;
///
/// assert!((implied_risk_aversion(0.05, 0.04 * 0.5)? - 2.5).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn implied_risk_aversion(excess_return: f64, variance: f64) -> Result<f64> {
    let ratio = positive("excess return", excess_return)? / positive("variance", variance)?;
    positive("risk aversion", ratio)
}

/// The stored form, so that stored settings are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    risk_aversion: f64,
    weights: Weights,
    risk_free: f64,
    uncertainty: Option<f64>,
    frequency: Option<Frequency>,
}

impl TryFrom<Raw> for Equilibrium {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let mut equilibrium = Self::new(raw.risk_aversion, raw.weights)?.with_risk_free(raw.risk_free)?;
        if let Some(uncertainty) = raw.uncertainty {
            equilibrium = equilibrium.with_uncertainty(uncertainty)?;
        }
        Ok(Self { frequency: raw.frequency, ..equilibrium })
    }
}

impl From<Equilibrium> for Raw {
    fn from(equilibrium: Equilibrium) -> Self {
        Self {
            risk_aversion: equilibrium.risk_aversion,
            weights: equilibrium.weights,
            risk_free: equilibrium.risk_free,
            uncertainty: equilibrium.uncertainty,
            frequency: equilibrium.frequency,
        }
    }
}
