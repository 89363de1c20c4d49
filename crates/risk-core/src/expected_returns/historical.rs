use ndarray::{Array1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::{compounded, delta_method, periods};
use super::{Compounding, ExpectedReturns, ExpectedReturnsEstimate};
use crate::covariance::SampleCovariance;
use crate::{Frequency, Result, check, sum};

/// The mean of the sample.
///
/// ```text
/// arithmetic   P r̄                      error covariance   P² Σ / n
/// geometric    Π(1+rₜ)^(P/n) − 1 = G    error covariance   P² (1+Gᵢ)(1+Gⱼ) cov(ln(1+r))ᵢⱼ / n
/// ```
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `compounding` | arithmetic | how the returns of several periods add up |
/// | `frequency` | none: `P = 1` | periods in the year that the estimate is for |
///
/// The error covariance takes periods as independent; sample covariances have the divisor `n − 1`. It is
/// absent with one observation, and when a compounded series lost everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HistoricalMean {
    compounding: Compounding,
    frequency: Option<Frequency>,
}

impl HistoricalMean {
    /// With this compounding, per period of the returns.
    #[must_use]
    pub fn new(compounding: Compounding) -> Self {
        Self { compounding, frequency: None }
    }

    /// For a year of this many periods.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// The expected returns.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty), [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a
    /// return that is not finite or, compounded, below −1; [`Error::Overflow`](crate::Error::Overflow).
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        check::finite_matrix("returns", returns)?;
        let (n, p) = (returns.nrows(), periods(self.frequency));
        let values = match self.compounding {
            Compounding::Arithmetic => means(returns) * p,
            Compounding::Geometric => returns
                .columns()
                .into_iter()
                .enumerate()
                .map(|(asset, column)| compounded(column, asset, p))
                .collect::<Result<Array1<f64>>>()?,
        };
        let error = match self.compounding {
            _ if n < 2 => None,
            Compounding::Arithmetic => {
                Some(SampleCovariance::default().covariance(returns)?.into_matrix() * (p * p / n as f64))
            }
            Compounding::Geometric if returns.iter().any(|r| *r <= -1.0) => None,
            Compounding::Geometric => {
                let logs = returns.mapv(libm::log1p);
                let covariance = SampleCovariance::default().covariance(logs.view())?;
                let gradient = values.mapv(|g| p * (1.0 + g) / (n as f64).sqrt());
                Some(delta_method(&gradient, covariance.view()))
            }
        };
        let estimate = ExpectedReturnsEstimate::new(values, self.frequency, self.compounding)?;
        estimate.with_observations(n, n as f64).with_error(error)
    }
}

impl ExpectedReturns for HistoricalMean {
    fn name(&self) -> &str {
        match self.compounding {
            Compounding::Arithmetic => "historical",
            Compounding::Geometric => "historical compounded",
        }
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        self.estimate(returns)
    }
}

pub(super) fn means(returns: ArrayView2<'_, f64>) -> Array1<f64> {
    returns.columns().into_iter().map(|column| sum::mean(column.iter())).collect()
}
