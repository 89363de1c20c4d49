use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::central::{Deviations, finite};
use crate::{Result, check};

/// Which estimator of skewness and kurtosis.
///
/// With `m₂, m₃, m₄` the central moments with divisor `n` and `s` the standard deviation with `n − 1`:
///
/// | estimator | skewness | kurtosis (raw) | excess |
/// |---|---|---|---|
/// | `Population` | `g₁ = m₃/m₂^1.5` | `m₄/m₂²` | `g₂ = m₄/m₂² − 3` |
/// | `BiasCorrected` | `G₁ = g₁ √(n(n−1))/(n−2)` | `G₂ + 3` | `G₂ = (n−1)/((n−2)(n−3)) ((n+1)g₂ + 6)` |
/// | `Sample` | `g₁ n²/((n−1)(n−2))` | `n(n+1)/((n−1)(n−2)(n−3)) Σ((x−m)/s)⁴` | that less 3 |
///
/// # Source
/// Joanes and Gill (1998); `Sample`: Bacon (2008), chapter 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MomentEstimator {
    /// Moments of the sample as they are.
    #[default]
    Population,
    /// Fisher and Pearson's correction, that of spreadsheets and statistics packages.
    BiasCorrected,
    /// Bacon's sample skewness and sample kurtosis.
    Sample,
}

impl MomentEstimator {
    pub(super) fn skewness(self, n: usize, population: f64) -> Result<f64> {
        let count = n as f64;
        match self {
            Self::Population => Ok(population),
            Self::BiasCorrected => {
                check::enough("bias-corrected skewness", 3, n)?;
                Ok(population * (count * (count - 1.0)).sqrt() / (count - 2.0))
            }
            Self::Sample => {
                check::enough("sample skewness", 3, n)?;
                Ok(population * count * count / ((count - 1.0) * (count - 2.0)))
            }
        }
    }

    /// Excess kurtosis from `m₄/m₂²`.
    pub(super) fn excess_kurtosis(self, n: usize, raw: f64) -> Result<f64> {
        let count = n as f64;
        match self {
            Self::Population => Ok(raw - 3.0),
            Self::BiasCorrected => {
                check::enough("bias-corrected kurtosis", 4, n)?;
                let factor = (count - 1.0) / ((count - 2.0) * (count - 3.0));
                Ok(factor * ((count + 1.0) * (raw - 3.0) + 6.0))
            }
            Self::Sample => {
                check::enough("sample kurtosis", 4, n)?;
                // Σ((x−m)/s)⁴ = (n−1)²/n · m₄/m₂²
                let factor = (count + 1.0) * (count - 1.0) / ((count - 2.0) * (count - 3.0));
                Ok(factor * raw - 3.0)
            }
        }
    }
}

/// Skewness.
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty) and [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain)
/// for bad values; [`Error::Undefined`](crate::Error::Undefined) for a constant series;
/// [`Error::InsufficientData`](crate::Error::InsufficientData) for fewer than 3 values unless `Population`.
pub fn skewness(values: ArrayView1<'_, f64>, estimator: MomentEstimator) -> Result<f64> {
    let deviations = Deviations::new(values)?;
    let variance = deviations.positive_variance("skewness")?;
    estimator.skewness(values.len(), standardised_moment(&deviations, variance, 3)?)
}

/// Raw kurtosis, 3 for a normal law.
///
/// # Errors
/// As [`skewness`], with 4 values where that needs 3.
pub fn kurtosis(values: ArrayView1<'_, f64>, estimator: MomentEstimator) -> Result<f64> {
    Ok(excess_kurtosis(values, estimator)? + 3.0)
}

/// Excess kurtosis, 0 for a normal law.
///
/// # Errors
/// As [`kurtosis`].
pub fn excess_kurtosis(values: ArrayView1<'_, f64>, estimator: MomentEstimator) -> Result<f64> {
    let deviations = Deviations::new(values)?;
    let variance = deviations.positive_variance("kurtosis")?;
    estimator.excess_kurtosis(values.len(), standardised_moment(&deviations, variance, 4)?)
}

fn standardised_moment(deviations: &Deviations, variance: f64, order: u32) -> Result<f64> {
    let scale = variance.sqrt();
    let powers = deviations.deviations.iter().map(|d| (d / scale).powi(order as i32));
    finite("standardised moment", crate::sum::compensated(powers) / deviations.deviations.len() as f64)
}

/// Jarque and Bera's test of normality.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JarqueBera {
    /// `n/6 (g₁² + g₂²/4)`.
    pub statistic: f64,
    /// Probability of a larger statistic under the chi-square law with two degrees of freedom.
    pub p_value: f64,
}

/// Jarque and Bera's test with population moments; its chi-square law is that of large samples.
///
/// # Errors
/// As [`skewness`] with the population estimator.
pub fn jarque_bera(values: ArrayView1<'_, f64>) -> Result<JarqueBera> {
    let s = skewness(values, MomentEstimator::Population)?;
    let k = excess_kurtosis(values, MomentEstimator::Population)?;
    let statistic = values.len() as f64 / 6.0 * (s * s + 0.25 * k * k);
    // With two degrees of freedom the chi-square tail is an exponential.
    Ok(JarqueBera { statistic, p_value: (-0.5 * statistic).exp() })
}
