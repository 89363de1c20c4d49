use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::periods;
use super::historical::means;
use super::james_stein::minimum_variance_return;
use super::{Compounding, ExpectedReturns, ExpectedReturnsEstimate, Shrinkage};
use crate::covariance::{Covariance, SampleCovariance};
use crate::{Frequency, Result, check};

/// Jorion's Bayes-Stein mean: shrinkage towards the portfolio of least variance with an empirical prior.
///
/// ```text
/// Σ = (T−1)/(T−N−2) S      t = 1'Σ⁻¹r̄ / 1'Σ⁻¹1      d = r̄ − t 1
/// λ = (N+2) / (d'Σ⁻¹d)     a = λ/(T+λ)              m = (1−a) r̄ + a t 1
/// error covariance   V_μ = (1−a) Σ/T + (a/T) 11' / 1'Σ⁻¹1
/// predictive         Σ + V_μ
/// ```
///
/// `V_μ` is the posterior covariance of the means under the prior `N(t 1, Σ/λ)` with a flat law for `t`; it is
/// what the estimation error is worth to an investor who knows `λ` and `Σ`. The last term is the uncertainty
/// of `t`, with the factor `λ/(T(T+λ))` that integrating `t` out gives.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `frequency` | none | periods in the year that the estimate is for; returns add up |
///
/// # Source
/// Jorion (1986), "Bayes-Stein estimation for portfolio analysis".
///
/// # Examples
/// ```
/// use alluse_risk_core::expected_returns::BayesStein;
/// use ndarray::array;
///
/// let returns = array![[0.01, 0.02], [-0.01, 0.01], [0.03, -0.03], [0.01, 0.04], [0.02, 0.00], [-0.02, 0.01]];
/// let estimate = BayesStein::default().fit(returns.view())?;
/// let shrinkage = estimate.means.shrinkage.expect("a shrunk mean");
/// assert!(shrinkage.intensity > 0.0 && shrinkage.intensity < 1.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct BayesStein {
    frequency: Option<Frequency>,
}

/// Shrunk means and the covariance of the returns that belongs to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BayesSteinEstimate {
    /// The means.
    pub means: ExpectedReturnsEstimate,
    /// Covariance of the next period's returns, uncertainty of the means included; per period times the
    /// periods of a year where a frequency was named.
    pub predictive_covariance: Covariance,
    /// λ: observations that the prior is worth; `None` when the means are equal and the prior is certain.
    pub prior_observations: Option<f64>,
}

impl BayesStein {
    /// For a year of this many periods.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = Some(frequency);
        self
    }

    /// Means and predictive covariance.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty), [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a
    /// return that is not finite, [`Error::InsufficientData`](crate::Error::InsufficientData) unless there are
    /// more than `N + 2` observations,
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) when the assets are dependent.
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<BayesSteinEstimate> {
        check::finite_matrix("returns", returns)?;
        let (t, n) = returns.dim();
        check::enough("Bayes-Stein mean", n + 3, t)?;
        let unbiased = (t - 1) as f64 / (t - n - 2) as f64;
        let covariance = SampleCovariance::default().covariance(returns)?.into_matrix() * unbiased;
        let covariance = Covariance::new(covariance)?;
        let means = means(returns);
        let (target, precision) = minimum_variance_return(means.view(), &covariance)?;
        let deviations = means.mapv(|m| m - target);
        let distance = self.distance(&covariance, &deviations)?;
        let (count, prior) = (t as f64, n as f64 + 2.0);
        let intensity = prior / (prior + count * distance);
        let mut error = &covariance.view() * ((1.0 - intensity) / count);
        error += intensity / (count * precision);
        let p = periods(self.frequency);
        let predictive: Array2<f64> = (&covariance.view() + &error) * p;
        let values = means.mapv(|m| p * ((1.0 - intensity) * m + intensity * target));
        let mut estimate = ExpectedReturnsEstimate::new(values, self.frequency, Compounding::Arithmetic)?;
        estimate.shrinkage = Some(Shrinkage { intensity, target: p * target });
        Ok(BayesSteinEstimate {
            means: estimate.with_observations(t, count).with_error(Some(error * (p * p)))?,
            predictive_covariance: Covariance::new(predictive)?,
            prior_observations: (distance > 0.0).then(|| prior / distance),
        })
    }

    fn distance(&self, covariance: &Covariance, deviations: &Array1<f64>) -> Result<f64> {
        let factor = crate::linalg::Cholesky::named("covariance", covariance.view())?;
        let whitened = factor.solve_lower(deviations.view().insert_axis(ndarray::Axis(1)))?;
        Ok(whitened.iter().map(|v| v * v).sum())
    }
}

impl ExpectedReturns for BayesStein {
    fn name(&self) -> &str {
        "bayes-stein"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate> {
        Ok(self.fit(returns)?.means)
    }
}
