use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::periods;
use super::historical::means;
use super::{Compounding, ExpectedReturns, ExpectedReturnsEstimate, Shrinkage};
use crate::covariance::{Covariance, SampleCovariance};
use crate::linalg::Cholesky;
use crate::{Frequency, Result, check};

/// The common value that means are pulled towards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShrinkageTarget {
    /// The mean of the means.
    #[default]
    GrandMean,
    /// The expected return of the portfolio of least variance, `1'Σ⁻¹r̄ / 1'Σ⁻¹1`.
    MinimumVariance,
    /// This return per period.
    Value(f64),
}

impl ShrinkageTarget {
    /// Dimensions of the means that the target leaves to be shrunk, of `assets`.
    fn dimensions(self, assets: usize) -> usize {
        match self {
            Self::Value(_) => assets,
            Self::GrandMean | Self::MinimumVariance => assets.saturating_sub(1),
        }
    }
}

/// The loss whose expectation shrinkage lowers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShrinkageLoss {
    /// `(m − μ)'Σ⁻¹(m − μ)`.
    #[default]
    Precision,
    /// `‖m − μ‖²`; needs no inverse, so it also works with more assets than observations.
    Euclidean,
}

/// The sample mean, pulled towards a common value: the positive-part James-Stein estimator.
///
/// ```text
/// m = (1 − a) r̄ + a t 1      d = r̄ − t 1      a at most 1, at least 0
/// precision   a = (k − 2) / (n d'Σ⁻¹d)                   known Σ
///             a = (k − 2)/(n − k + 2) · (n−1)/(n d'S⁻¹d)   Σ estimated by S with divisor n − 1
/// euclidean   a = (tr Σ − 2 λ_max) / (n d'd)
/// ```
///
/// `k` is the number of assets, less one when the target is estimated too.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `target` | grand mean | what the means are pulled towards |
/// | `loss` | precision | the loss whose expectation falls |
/// | `frequency` | none | periods in the year that the estimate is for; returns add up |
///
/// The error covariance handed on is `Σ/n`, that of the mean before shrinkage: the loss of the shrunk mean is
/// nowhere larger, by how much depends on the unknown truth.
///
/// # Source
/// James and Stein (1961), "Estimation with quadratic loss"; Efron and Morris (1975), "Data analysis using
/// Stein's estimator"; Bock (1975) for the Euclidean loss with unequal variances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct JamesStein {
    target: ShrinkageTarget,
    loss: ShrinkageLoss,
    frequency: Option<Frequency>,
}

impl JamesStein {
    /// Towards this target.
    #[must_use]
    pub fn new(target: ShrinkageTarget) -> Self {
        Self { target, ..Self::default() }
    }

    /// For another loss.
    #[must_use]
    pub fn with_loss(mut self, loss: ShrinkageLoss) -> Self {
        self.loss = loss;
        self
    }

    /// For a year of this many periods.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// From a sample.
    ///
    /// # Errors
    /// - [`Error::Empty`](crate::Error::Empty), [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a return that is not finite.
    /// - [`Error::InsufficientData`](crate::Error::InsufficientData) with fewer than 3 assets (4 when the target is estimated), or with not
    ///   more observations than assets where the covariance is inverted.
    /// - [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) when it cannot be inverted; [`Error::OutOfDomain`](crate::Error::OutOfDomain) for a target that is
    ///   not finite.
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        check::finite_matrix("returns", returns)?;
        let (n, k) = (returns.nrows(), self.target.dimensions(returns.ncols()));
        let inverts = self.loss == ShrinkageLoss::Precision || self.target == ShrinkageTarget::MinimumVariance;
        check::enough("James-Stein mean", if inverts { returns.ncols() + 1 } else { 2 }, n)?;
        let covariance = SampleCovariance::default().covariance(returns)?;
        // James and Stein's constant for a covariance that is estimated from the same sample.
        let correction = match self.loss {
            ShrinkageLoss::Precision => (n - 1) as f64 / (n - k + 2) as f64,
            ShrinkageLoss::Euclidean => 1.0,
        };
        self.with_constant(means(returns).view(), &covariance, n, correction)
    }

    /// From means of `observations` periods each with a covariance per period that is known.
    ///
    /// # Errors
    /// Those of [`estimate`](Self::estimate); [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain) for a mean that is not finite,
    /// [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless there is one mean an asset.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::Covariance;
    /// use alluse_risk_core::expected_returns::{JamesStein, ShrinkageTarget};
    /// use ndarray::{Array2, array};
    ///
    /// let unit = Covariance::new(Array2::eye(4))?;
    /// let towards_zero = JamesStein::new(ShrinkageTarget::Value(0.0));
    /// let shrunk = towards_zero.shrink(array![2.0, 2.0, 0.0, 0.0].view(), &unit, 1)?;
    /// assert!((shrunk.values[0] - 1.5).abs() < 1e-15); // 1 − 2/8 of 2
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn shrink(
        &self,
        means: ArrayView1<'_, f64>,
        covariance: &Covariance,
        observations: usize,
    ) -> Result<ExpectedReturnsEstimate> {
        check::finite("means", means)?;
        check::length("means", covariance.len(), means.len())?;
        check::enough("James-Stein mean", 1, observations)?;
        self.with_constant(means, covariance, observations, 1.0)
    }

    fn with_constant(
        &self,
        means: ArrayView1<'_, f64>,
        covariance: &Covariance,
        n: usize,
        correction: f64,
    ) -> Result<ExpectedReturnsEstimate> {
        let assets = means.len();
        let k = self.target.dimensions(assets);
        check::enough("assets of a James-Stein mean", 3 + (assets - k), assets)?;
        let target = self.target_of(means, covariance)?;
        let deviations = means.mapv(|m| m - target);
        let intensity = match self.loss {
            ShrinkageLoss::Precision => {
                let length = quadratic(covariance, &deviations)?;
                correction * (k as f64 - 2.0) / (n as f64 * length)
            }
            ShrinkageLoss::Euclidean => {
                let values = covariance.eigenvalues()?;
                (values.sum() - 2.0 * values[assets - 1]) / (n as f64 * deviations.dot(&deviations))
            }
        };
        // Equal means divide by zero: all weight on the target, which they equal.
        let intensity = if intensity.is_nan() { 1.0 } else { intensity.clamp(0.0, 1.0) };
        let p = periods(self.frequency);
        let values = means.mapv(|m| p * ((1.0 - intensity) * m + intensity * target));
        let mut estimate = ExpectedReturnsEstimate::new(values, self.frequency, Compounding::Arithmetic)?;
        estimate.shrinkage = Some(Shrinkage { intensity, target: p * target });
        estimate.with_observations(n, n as f64).with_error(Some(&covariance.view() * (p * p / n as f64)))
    }

    fn target_of(&self, means: ArrayView1<'_, f64>, covariance: &Covariance) -> Result<f64> {
        match self.target {
            ShrinkageTarget::Value(value) => check::finite_number("shrinkage target", value).map(|()| value),
            ShrinkageTarget::GrandMean => Ok(crate::sum::mean(means.iter())),
            ShrinkageTarget::MinimumVariance => minimum_variance_return(means, covariance).map(|(value, _)| value),
        }
    }
}

fn quadratic(covariance: &Covariance, deviations: &Array1<f64>) -> Result<f64> {
    let factor = Cholesky::named("covariance", covariance.view())?;
    let whitened = factor.solve_lower(deviations.view().insert_axis(ndarray::Axis(1)))?;
    Ok(whitened.iter().map(|v| v * v).sum())
}

/// The expected return of the portfolio of least variance, and `1'Σ⁻¹1`.
pub(super) fn minimum_variance_return(means: ArrayView1<'_, f64>, covariance: &Covariance) -> Result<(f64, f64)> {
    let ones = Array1::ones(means.len());
    let solved = Cholesky::named("covariance", covariance.view())?.solve(ones.view())?;
    let precision = solved.sum();
    Ok((solved.dot(&means) / precision, precision))
}

impl ExpectedReturns for JamesStein {
    fn name(&self) -> &str {
        "james-stein"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        self.estimate(returns)
    }
}
