use alluse_risk_core::Error as Input;
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::difference::Differencing;
use super::filtered::FilteredArima;
use super::fit::{self, FittedArima};
use crate::time_series::Shocks;
use crate::{Error, Result, check};

/// The deterministic part of an [`Arima`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Constant {
    /// A mean `μ` of the differenced series: the process mean without differences, the drift per period with one
    /// ordinary difference, the drift per season with one seasonal difference.
    #[default]
    Mean,
    /// None.
    Zero,
}

/// A seasonal autoregressive integrated moving average with Gaussian innovations, by exact maximum likelihood.
///
/// ```text
/// wₜ = (1 − B)ᵈ (1 − Bᵐ)ᴰ yₜ
/// φ(B) Φ(Bᵐ) (wₜ − μ) = θ(B) Θ(Bᵐ) eₜ,   eₜ ~ N(0, σ²)
/// φ(B) = 1 − φ₁B − … − φₚBᵖ,   θ(B) = 1 + θ₁B + … + θ_qB^q,   Φ and Θ likewise in Bᵐ
/// ```
///
/// `μ` is a mean, not a regression intercept. The series is differenced first and the likelihood is that of `w`, so
/// models with different `d` or `D` are likelihoods of different data.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `ar`, `differences`, `ma` | required | p, d, q | p, q ≤ 50, d ≤ 2 |
/// | `with_seasonal` | none | P, D, Q and the period m | P, Q ≤ 5, D ≤ 1, 2 ≤ m ≤ 400 |
/// | `with_constant` | `Mean` when d = 0, else `Zero` | see [`Constant`] | a mean needs d + D ≤ 1 |
/// | `with_starts` | 4 | searches, from the best of many first guesses | at least 1 |
/// | `with_shocks` | `Normal` | shocks of simulated paths | |
///
/// # Source
/// Box and Jenkins (1976); Gardner, Harvey and Phillips (1980), AS 154; Harvey (1989), §4.1. The conventions are those
/// of R's `arima` (Ripley 2002).
///
/// # Examples
/// ```
/// use alluse_forecast::time_series::Arima;
/// use ndarray::array;
///
/// // One-step forecasts of a random walk are its last level.
/// let walk = array![1.0, 3.0, 2.0, 5.0, 4.0, 6.0];
/// let fitted = Arima::new(0, 1, 0).fit(walk.view())?;
/// assert_eq!(fitted.filtered().forecast(2)?, array![6.0, 6.0]);
/// // Its innovation variance is the mean square of its changes, (4 + 1 + 9 + 1 + 4)/5.
/// assert!((fitted.parameters().innovation_variance - 3.8).abs() < 1e-12);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Arima {
    /// p, autoregressive coefficients.
    pub ar: usize,
    /// d, ordinary differences.
    pub differences: usize,
    /// q, moving-average coefficients.
    pub ma: usize,
    /// P, seasonal autoregressive coefficients.
    pub seasonal_ar: usize,
    /// D, seasonal differences.
    pub seasonal_differences: usize,
    /// Q, seasonal moving-average coefficients.
    pub seasonal_ma: usize,
    /// m, periods a season; 1 without seasonal parts.
    pub period: usize,
    /// The deterministic part.
    pub constant: Constant,
    /// Searches.
    pub starts: usize,
    /// Shocks of simulated paths.
    pub shocks: Shocks,
}

/// Parameters of an [`Arima`], in its notation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ArimaParameters {
    /// `φ₁ … φₚ`.
    pub ar: Vec<f64>,
    /// `θ₁ … θ_q`.
    pub ma: Vec<f64>,
    /// `Φ₁ … Φ_P`.
    pub seasonal_ar: Vec<f64>,
    /// `Θ₁ … Θ_Q`.
    pub seasonal_ma: Vec<f64>,
    /// `μ`, exactly when the model has a constant.
    pub mean: Option<f64>,
    /// `σ²`, in squared units of the series.
    pub innovation_variance: f64,
}

impl Arima {
    /// ARIMA(p, d, q), with a mean when d is 0.
    #[must_use]
    pub fn new(ar: usize, differences: usize, ma: usize) -> Self {
        let constant = if differences == 0 { Constant::Mean } else { Constant::Zero };
        Self {
            ar,
            differences,
            ma,
            seasonal_ar: 0,
            seasonal_differences: 0,
            seasonal_ma: 0,
            period: 1,
            constant,
            starts: 4,
            shocks: Shocks::Normal,
        }
    }

    /// With the seasonal part (P, D, Q) of `period` m. The constant stays as it is: set it when D > 0.
    #[must_use]
    pub fn with_seasonal(mut self, ar: usize, differences: usize, ma: usize, period: usize) -> Self {
        (self.seasonal_ar, self.seasonal_differences, self.seasonal_ma, self.period) = (ar, differences, ma, period);
        self
    }

    /// With another deterministic part.
    #[must_use]
    pub fn with_constant(mut self, constant: Constant) -> Self {
        self.constant = constant;
        self
    }

    /// With another number of searches.
    #[must_use]
    pub fn with_starts(mut self, starts: usize) -> Self {
        self.starts = starts;
        self
    }

    /// With other shocks of simulated paths.
    #[must_use]
    pub fn with_shocks(mut self, shocks: Shocks) -> Self {
        self.shocks = shocks;
        self
    }

    /// Number of coefficients: φ, θ, Φ, Θ.
    #[must_use]
    pub fn coefficients(&self) -> usize {
        self.ar + self.ma + self.seasonal_ar + self.seasonal_ma
    }

    /// Number of estimated parameters: the coefficients, the mean if there is one, and the innovation variance.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.coefficients() + usize::from(self.has_mean()) + 1
    }

    /// Fewest observations of a fit: those lost to differences, two more than parameters, and one past the longest lag.
    #[must_use]
    pub fn min_observations(&self) -> usize {
        let longest = (self.ar + self.seasonal_ar * self.period).max(self.ma + self.seasonal_ma * self.period);
        self.differencing().lost() + (self.parameter_count() + 2).max(longest + 1)
    }

    /// The maximum of the exact likelihood.
    ///
    /// Innovation variance and mean are solved for; the coefficients move through partial autocorrelations, so every
    /// point of the search is stationary and invertible. Searches start from the regression of Hannan and Rissanen
    /// (1982) and from the best of a grid of first guesses; the highest end wins.
    ///
    /// # Errors
    /// - [`Error::Input`] for orders out of range, a series too short (see [`min_observations`](Self::min_observations))
    ///   or with an element that is not finite.
    /// - [`Error::Undefined`] when the differenced series does not vary.
    /// - [`Error::NotConverged`] when no search converges.
    pub fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<FittedArima> {
        fit::fit(self, levels)
    }

    /// The model with given parameters over a series, ready to forecast from its end.
    ///
    /// # Errors
    /// - [`Error::Input`] for orders out of range, a series that is not longer than the differences or not finite, and
    ///   parameters that do not fit the orders, are not finite or not positive where they must be.
    /// - [`Error::Invalid`] when the autoregression is not stationary.
    pub fn filter(&self, levels: ArrayView1<'_, f64>, parameters: &ArimaParameters) -> Result<FilteredArima> {
        FilteredArima::new(self, levels, parameters)
    }

    /// Exact Gaussian log-likelihood of the differenced series at given parameters.
    ///
    /// # Errors
    /// As [`filter`](Self::filter).
    pub fn log_likelihood(&self, levels: ArrayView1<'_, f64>, parameters: &ArimaParameters) -> Result<f64> {
        Ok(self.filter(levels, parameters)?.log_likelihood())
    }

    /// Mean of each of the next `steps` levels at given parameters.
    ///
    /// # Errors
    /// As [`filter`](Self::filter), and for no step.
    pub fn forecast(
        &self,
        levels: ArrayView1<'_, f64>,
        parameters: &ArimaParameters,
        steps: usize,
    ) -> Result<Array1<f64>> {
        self.filter(levels, parameters)?.forecast(steps)
    }

    pub(super) fn has_mean(&self) -> bool {
        self.constant == Constant::Mean
    }

    pub(super) fn differencing(&self) -> Differencing {
        Differencing { ordinary: self.differences, seasonal: self.seasonal_differences, period: self.period }
    }

    /// Orders within their ranges.
    pub(super) fn check(&self) -> Result<()> {
        let at_most = |name: &'static str, expected: &'static str, order: usize, most: usize| {
            check::ensure(order <= most, name, expected, order as f64).map(drop)
        };
        at_most("ar order", "at most 50", self.ar, 50)?;
        at_most("ma order", "at most 50", self.ma, 50)?;
        at_most("differences", "at most 2", self.differences, 2)?;
        at_most("seasonal ar order", "at most 5", self.seasonal_ar, 5)?;
        at_most("seasonal ma order", "at most 5", self.seasonal_ma, 5)?;
        at_most("seasonal differences", "at most 1", self.seasonal_differences, 1)?;
        check::at_least_one("starts", self.starts)?;
        let seasonal = self.seasonal_ar + self.seasonal_differences + self.seasonal_ma > 0;
        let least = if seasonal { 2 } else { 1 };
        let holds = (least..=400).contains(&self.period);
        check::ensure(holds, "period", "between 2 and 400, or 1 without seasonal orders", self.period as f64)?;
        let integrated = self.differences + self.seasonal_differences;
        if self.has_mean() && integrated > 1 {
            return Err(Error::invalid("constant", format!("a mean needs at most one difference, not {integrated}")));
        }
        Ok(())
    }
}

impl ArimaParameters {
    /// Parameters that belong to a model.
    pub(super) fn check(&self, model: &Arima) -> Result<()> {
        let orders = [
            ("ar", model.ar, &self.ar),
            ("ma", model.ma, &self.ma),
            ("seasonal ar", model.seasonal_ar, &self.seasonal_ar),
            ("seasonal ma", model.seasonal_ma, &self.seasonal_ma),
        ];
        for (name, order, coefficients) in orders {
            check::length(name, order, coefficients.len())?;
            check::elements(name, "finite", ArrayView1::from(coefficients.as_slice()), f64::is_finite)?;
        }
        match (model.has_mean(), self.mean) {
            (true, Some(mean)) => check::number("mean", mean).map(drop)?,
            (false, None) => {}
            (expected, _) => {
                let expected = usize::from(expected);
                return Err(Input::LengthMismatch { name: "mean", expected, got: 1 - expected }.into());
            }
        }
        check::positive("innovation variance", self.innovation_variance).map(drop)
    }
}

impl std::fmt::Display for Arima {
    /// `ARIMA(p,d,q)`, the seasonal part as `(P,D,Q)[m]`, and what the constant is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ARIMA({},{},{})", self.ar, self.differences, self.ma)?;
        if self.seasonal_ar + self.seasonal_differences + self.seasonal_ma > 0 {
            let (p, d, q, m) = (self.seasonal_ar, self.seasonal_differences, self.seasonal_ma, self.period);
            write!(f, "({p},{d},{q})[{m}]")?;
        }
        match (self.constant, self.differences + self.seasonal_differences) {
            (Constant::Zero, _) => Ok(()),
            (Constant::Mean, 0) => f.write_str(" with mean"),
            (Constant::Mean, _) => f.write_str(" with drift"),
        }
    }
}
