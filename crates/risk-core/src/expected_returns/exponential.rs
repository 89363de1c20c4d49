use ndarray::{Array1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::{delta_method, periods};
use super::{Compounding, ExpectedReturns, ExpectedReturnsEstimate};
use crate::covariance::{EwmaCentre, EwmaCovariance};
use crate::{Decay, Error, Frequency, Result, check, sum};

/// The mean of the sample with weights that fall by age.
///
/// ```text
/// m = Σ wₜrₜ      wₜ ∝ λ^age,  Σ wₜ = 1
/// arithmetic   P m                error covariance   P² Σ_w Σ wₜ²
/// geometric    (1 + m)ᴾ − 1       error covariance   P² (1+mᵢ)ᴾ⁻¹ (1+mⱼ)ᴾ⁻¹ Σ_w Σ wₜ²
/// ```
///
/// `Σ_w` is the weighted covariance about the weighted mean, divided by `1 − Σ w²`. The decay may come from a
/// span ([`Decay::from_span`]) or a [`HalfLife`](crate::HalfLife). It is pandas' `ewm(span).mean()`, last row.
///
/// # Examples
/// ```
/// use alluse_risk_core::HalfLife;
/// use alluse_risk_core::expected_returns::{Compounding, ExponentialMean};
/// use ndarray::array;
///
/// let mean = ExponentialMean::new(HalfLife::periods(1.0)?, Compounding::Arithmetic);
/// let estimate = mean.estimate(array![[0.07], [0.00], [0.07]].view())?;
/// assert!((estimate.values[0] - 0.05).abs() < 1e-15); // weights 1/7, 2/7, 4/7
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExponentialMean {
    decay: Decay,
    compounding: Compounding,
    frequency: Option<Frequency>,
}

impl ExponentialMean {
    /// With this decay or half-life, per period of the returns.
    #[must_use]
    pub fn new(decay: impl Into<Decay>, compounding: Compounding) -> Self {
        Self { decay: decay.into(), compounding, frequency: None }
    }

    /// For a year of this many periods.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// The expected returns; the error covariance is absent when one observation carries all the weight.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite,
    /// [`Error::ElementOutOfDomain`] for a mean below −1 that is to be compounded, [`Error::Overflow`].
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        check::finite_matrix("returns", returns)?;
        let (n, p) = (returns.nrows(), periods(self.frequency));
        let weights = self.weights(n);
        let squares = sum::compensated(weights.iter().map(|w| w * w));
        let means: Array1<f64> = returns
            .columns()
            .into_iter()
            .map(|column| sum::compensated(column.iter().zip(&weights).map(|(r, w)| r * w)))
            .collect();
        let (values, gradient) = self.annual(&means, p)?;
        let covariance =
            EwmaCovariance::new(self.decay).with_centre(EwmaCentre::WeightedMean).bias_corrected().estimate(returns);
        let error = match covariance {
            Ok(estimate) => Some(delta_method(&(gradient * squares.sqrt()), estimate.covariance.view())),
            Err(Error::InsufficientData { .. } | Error::Undefined { .. }) => None,
            Err(other) => return Err(other),
        };
        let estimate = ExpectedReturnsEstimate::new(values, self.frequency, self.compounding)?;
        estimate.with_observations(n, 1.0 / squares).with_error(error)
    }

    fn weights(&self, n: usize) -> Array1<f64> {
        let mut weight = 1.0;
        let mut weights: Array1<f64> = (0..n)
            .map(|_| {
                let this = weight;
                weight *= self.decay.value();
                this
            })
            .collect();
        weights.invert_axis(ndarray::Axis(0));
        let total = sum::compensated(weights.iter().copied());
        weights / total
    }

    /// Returns of a year and their derivatives by the means.
    fn annual(&self, means: &Array1<f64>, p: f64) -> Result<(Array1<f64>, Array1<f64>)> {
        if self.compounding == Compounding::Arithmetic {
            return Ok((means * p, Array1::from_elem(means.len(), p)));
        }
        if let Some(index) = means.iter().position(|m| *m <= -1.0) {
            let expected = "above -1 to be compounded";
            return Err(Error::ElementOutOfDomain { name: "mean returns", index, expected, value: means[index] });
        }
        let growth = means.mapv(|m| p * libm::log1p(m));
        Ok((growth.mapv(libm::expm1), (&growth - &means.mapv(libm::log1p)).mapv(|g| p * libm::exp(g))))
    }
}

impl ExpectedReturns for ExponentialMean {
    fn name(&self) -> &str {
        "exponential"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        self.estimate(returns)
    }
}
