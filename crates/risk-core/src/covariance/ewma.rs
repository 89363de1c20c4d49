//! Exponentially weighted covariances and variances.

use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::{centred, checked, column_means};
use super::matrix::scaled;
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, spectral};
use crate::sum::compensated;
use crate::{Decay, Error, Frequency, Result, check};

/// About which point the outer products are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EwmaCentre {
    /// Zero: RiskMetrics, for daily returns, whose means are small beside their spread.
    #[default]
    Zero,
    /// The mean with equal weights.
    SampleMean,
    /// The mean with the same weights as the covariance.
    WeightedMean,
}

/// Weights by age `j`, 0 for the newest of `n` observations. Both kinds sum to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EwmaWeights {
    /// `(1−λ) λʲ / (1−λⁿ)`.
    #[default]
    Normalised,
    /// `(1−λ) λʲ`, and `λⁿ⁻¹` for the oldest: the recursion started at the first outer product.
    FirstObservation,
}

impl EwmaWeights {
    /// The weights, oldest observation first.
    ///
    /// # Errors
    /// [`Error::Empty`] for no observations.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::{Decay, covariance::EwmaWeights};
    ///
    /// let weights = EwmaWeights::FirstObservation.of(3, Decay::new(0.5)?)?;
    /// assert_eq!(weights.to_vec(), [0.25, 0.25, 0.5]);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn of(self, observations: usize, decay: Decay) -> Result<Array1<f64>> {
        if observations == 0 {
            return Err(Error::Empty { name: "returns" });
        }
        let decay = decay.value();
        let mut weights = Array1::from_elem(observations, 1.0);
        let mut weight = 1.0;
        for slot in weights.iter_mut().rev() {
            *slot = weight;
            weight *= decay;
        }
        match self {
            Self::Normalised => {
                let total = compensated(weights.iter().copied());
                Ok(weights / total)
            }
            Self::FirstObservation => {
                let first = weights[0];
                weights *= 1.0 - decay;
                weights[0] = first;
                Ok(weights)
            }
        }
    }
}

/// The exponentially weighted covariance.
///
/// ```text
/// Σ = Σₜ wₜ (rₜ − c)(rₜ − c)'      divided by 1 − Σ w² when bias-corrected
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `decay` | required | weight of an observation of age `j` ∝ `λʲ`; a [`HalfLife`](crate::HalfLife) does too | (0, 1) |
/// | `centre` | `Zero` | the point `c` | |
/// | `weights` | `Normalised` | what the finite sample does to the weights | |
/// | `bias_corrected` | no | divides by `1 − Σ w²` | |
/// | `volatility_decay` | the same decay | another decay for the volatilities: `D R D` | (0, 1) |
///
/// The result is positive semidefinite, also with two decays. With the defaults it agrees with skfolio's
/// `EWCovariance`; with `FirstObservation` it is the RiskMetrics recursion.
///
/// # Source
/// J.P. Morgan/Reuters (1996), *RiskMetrics Technical Document*, §5.2.
///
/// # Examples
/// ```
/// use alluse_risk_core::{HalfLife, covariance::EwmaCovariance};
/// use ndarray::array;
///
/// let ewma = EwmaCovariance::new(HalfLife::periods(1.0)?);
/// let estimate = ewma.estimate(array![[0.03], [0.0], [0.01]].view())?;
/// // Weights 1/7, 2/7, 4/7.
/// assert!((estimate.covariance.view()[[0, 0]] - 13e-4 / 7.0).abs() < 1e-18);
/// assert!((estimate.effective_observations - 49.0 / 21.0).abs() < 1e-14);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EwmaCovariance {
    decay: Decay,
    centre: EwmaCentre,
    weights: EwmaWeights,
    bias: Bias,
    volatility_decay: Option<Decay>,
}

/// What is done about the bias of a weighted covariance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bias {
    Kept,
    Corrected,
}

impl EwmaCovariance {
    /// With this decay or half-life, about zero, with normalised weights.
    #[must_use]
    pub fn new(decay: impl Into<Decay>) -> Self {
        Self {
            decay: decay.into(),
            centre: EwmaCentre::default(),
            weights: EwmaWeights::default(),
            bias: Bias::Kept,
            volatility_decay: None,
        }
    }

    /// About another centre.
    #[must_use]
    pub fn with_centre(mut self, centre: EwmaCentre) -> Self {
        self.centre = centre;
        self
    }

    /// With other weights.
    #[must_use]
    pub fn with_weights(mut self, weights: EwmaWeights) -> Self {
        self.weights = weights;
        self
    }

    /// Divided by `1 − Σ w²`, which makes it unbiased for independent returns about the weighted mean.
    #[must_use]
    pub fn bias_corrected(mut self) -> Self {
        self.bias = Bias::Corrected;
        self
    }

    /// With another decay for the volatilities; the first one then serves the correlations.
    #[must_use]
    pub fn with_volatility_decay(mut self, decay: impl Into<Decay>) -> Self {
        self.volatility_decay = Some(decay.into());
        self
    }

    /// The covariance with its diagnostics; observations are effective at the decay of the correlations.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] with fewer than two observations about a mean or with bias
    ///   correction.
    /// - [`Error::Undefined`] when bias correction finds all weight on one observation, or when two decays
    ///   meet an asset without variance.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        let about_mean = self.centre != EwmaCentre::Zero;
        let least = if about_mean || self.bias == Bias::Corrected { 2 } else { 1 };
        checked("EWMA covariance", returns, least)?;
        let (mut covariance, squares) = self.with_one_decay(returns, self.decay)?;
        if let Some(decay) = self.volatility_decay {
            let volatilities = self.with_one_decay(returns, decay)?.0.volatilities();
            covariance = Covariance::new(scaled(covariance.correlation()?.view(), volatilities.view()))?;
        }
        let n = returns.nrows();
        CovarianceEstimate::new(covariance, n, 1.0 / squares, n - usize::from(about_mean))
    }

    /// The covariance at one decay, and the sum of the squared weights.
    fn with_one_decay(&self, returns: ArrayView2<'_, f64>, decay: Decay) -> Result<(Covariance, f64)> {
        let weights = self.weights.of(returns.nrows(), decay)?;
        let squares = compensated(weights.iter().map(|w| w * w));
        let centre = match self.centre {
            EwmaCentre::Zero => Array1::zeros(returns.ncols()),
            EwmaCentre::SampleMean => column_means(returns),
            EwmaCentre::WeightedMean => weights.dot(&returns),
        };
        let mut rows = centred(returns, centre.view());
        let roots = weights.mapv(f64::sqrt);
        rows.columns_mut().into_iter().for_each(|mut column| column *= &roots);
        let mut matrix = spectral::gram(rows.view())?;
        if self.bias == Bias::Corrected {
            let left = 1.0 - squares;
            if left <= 4.0 * f64::EPSILON {
                let reason = "one observation carries all the weight";
                return Err(Error::Undefined { name: "bias-corrected EWMA covariance", reason });
            }
            matrix /= left;
        }
        Ok((Covariance::of_products(matrix)?, squares))
    }
}

impl CovarianceEstimator for EwmaCovariance {
    fn name(&self) -> &str {
        "ewma"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}

/// Where the recursion of a variance starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InitialVariance {
    /// `v₁ = r₁²`.
    #[default]
    FirstSquare,
    /// A known variance before the first return.
    Given(f64),
}

/// A series of exponentially weighted variances, made by [`variance`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct EwmaVariance(Array1<f64>);

/// The exponentially weighted variance after each return, about zero.
///
/// ```text
/// vₜ = λ vₜ₋₁ + (1−λ) rₜ²
/// ```
///
/// The series is ex post: element `t` knows return `t`, so it is the forecast for `t + 1`.
///
/// # Errors
/// [`Error::Empty`], [`Error::ElementOutOfDomain`] for a return that is not finite or whose square
/// overflows; [`Error::OutOfDomain`] for an initial variance that is negative or not finite.
///
/// # Source
/// J.P. Morgan/Reuters (1996), *RiskMetrics Technical Document*, §5.2.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::ewma::{self, InitialVariance};
/// use alluse_risk_core::{Decay, Frequency};
/// use ndarray::array;
///
/// let series = ewma::variance(array![0.02, 0.01].view(), Decay::new(0.94)?, InitialVariance::FirstSquare)?;
/// assert!((series.last() - (0.94 * 4e-4 + 0.06 * 1e-4)).abs() < 1e-18);
/// assert!((series.annualized_volatility(Frequency::Daily) - (252.0 * 3.82e-4_f64).sqrt()).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn variance(
    returns: ArrayView1<'_, f64>,
    decay: impl Into<Decay>,
    initial: InitialVariance,
) -> Result<EwmaVariance> {
    check::finite("returns", returns)?;
    if let Some(index) = returns.iter().position(|r| !(r * r).is_finite()) {
        let expected = "of finite square";
        return Err(Error::ElementOutOfDomain { name: "returns", index, expected, value: returns[index] });
    }
    let mut variance = match initial {
        InitialVariance::FirstSquare => returns[0] * returns[0],
        InitialVariance::Given(given) if given >= 0.0 && given.is_finite() => given,
        InitialVariance::Given(value) => {
            return Err(Error::OutOfDomain { name: "initial variance", expected: "finite and not negative", value });
        }
    };
    let decay: f64 = decay.into().value();
    Ok(EwmaVariance(returns.mapv(|r| {
        variance = decay * variance + (1.0 - decay) * r * r;
        variance
    })))
}

impl EwmaVariance {
    /// One variance a return.
    #[must_use]
    pub fn view(&self) -> ArrayView1<'_, f64> {
        self.0.view()
    }

    /// The variance after the last return.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    /// The variance after the first `observations` returns.
    ///
    /// # Errors
    /// [`Error::InsufficientData`] when there are fewer, [`Error::OutOfDomain`] for 0.
    pub fn after(&self, observations: usize) -> Result<f64> {
        if observations == 0 {
            return Err(Error::OutOfDomain { name: "observations", expected: "at least 1", value: 0.0 });
        }
        check::enough("EWMA variance", observations, self.0.len())?;
        Ok(self.0[observations - 1])
    }

    /// The volatility of a year after the last return, `√(P v)`.
    #[must_use]
    pub fn annualized_volatility(&self, frequency: Frequency) -> f64 {
        (frequency.periods_per_year() * self.last()).sqrt()
    }

    /// The variance of the sum of the next `periods` returns: the recursion forecasts the same variance
    /// for each.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for 0 periods.
    pub fn over(&self, periods: u32) -> Result<f64> {
        if periods == 0 {
            return Err(Error::OutOfDomain { name: "periods", expected: "at least 1", value: 0.0 });
        }
        Ok(f64::from(periods) * self.last())
    }
}

impl TryFrom<Vec<f64>> for EwmaVariance {
    type Error = Error;

    fn try_from(variances: Vec<f64>) -> Result<Self> {
        let variances = Array1::from(variances);
        check::finite("variances", variances.view())?;
        match variances.iter().position(|v| *v < 0.0) {
            None => Ok(Self(variances)),
            Some(index) => Err(Error::ElementOutOfDomain {
                name: "variances",
                index,
                expected: "not negative",
                value: variances[index],
            }),
        }
    }
}

impl From<EwmaVariance> for Vec<f64> {
    fn from(series: EwmaVariance) -> Self {
        series.0.to_vec()
    }
}
