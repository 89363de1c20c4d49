use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::normal_equations::sum;
use super::{HarAverageFit, HarFit};
use crate::{Error, Result, check};

/// In which unit the regression is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HarTransform {
    /// Variances as they are.
    #[default]
    Variance,
    /// Their square roots. A forecast `m` with error variance `s²` becomes `m² + s²`.
    SquareRoot,
    /// Their logarithms; every variance must be positive. A forecast becomes `exp(m + s²/2)`, exact for normal errors.
    Log,
}

impl HarTransform {
    pub(super) fn apply(self, variance: f64) -> f64 {
        match self {
            Self::Variance => variance,
            Self::SquareRoot => variance.sqrt(),
            Self::Log => libm::log(variance),
        }
    }

    /// Expected variance, when the transformed one has this mean and variance.
    pub(super) fn expected(self, mean: f64, error_variance: f64) -> f64 {
        match self {
            Self::Variance => mean,
            Self::SquareRoot => mean * mean + error_variance,
            Self::Log => libm::exp(mean + 0.5 * error_variance),
        }
    }
}

/// The least that a forecast may be. A linear forecast can be negative after a large value with a negative
/// coefficient; one below the floor is raised to it and flagged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HarFloor {
    /// The smallest positive variance of the sample: sensible for ranges and realised variances.
    #[default]
    SmallestObserved,
    /// A share of the mean variance of the sample: sensible for squared returns, which come as close to zero as they
    /// like.
    ShareOfMean(f64),
}

/// Heterogeneous autoregression: a variance on the means of the last values over several spans.
///
/// ```text
/// yₜ₊₁ = c + Σₗ bₗ · (yₜ + yₜ₋₁ + … + yₜ₋ₗ₊₁)/l + e      l in lags
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `lags` | 1, 5, 22 | the spans: a day, a week, a month |
/// | `transform` | variance | unit of the regression |
/// | `floor` | smallest observed | least forecast |
///
/// The fit solves the normal equations of the centred regressors, and by Householder reflections when those are close
/// to collinear.
///
/// # Source
/// Corsi (2009), "A Simple Approximate Long-Memory Model of Realized Volatility".
///
/// # Examples
/// ```
/// use alluse_forecast::volatility::Har;
/// use ndarray::Array1;
///
/// let variances = Array1::from_shape_fn(300, |t| 2.0 + (0.05 * t as f64).sin() + 0.5 * (t as f64 * t as f64).cos());
/// let fit = Har::default().fit(variances.view())?;
/// let week = fit.forecast(5)?;
/// assert_eq!(week.variance.len(), 5);
/// assert!(week.floored.is_empty() && (fit.r_squared() - 0.768).abs() < 1e-4);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Har {
    lags: Vec<usize>,
    transform: HarTransform,
    floor: HarFloor,
}

/// The stored form, so that stored lags are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    lags: Vec<usize>,
    #[serde(default)]
    transform: HarTransform,
    #[serde(default)]
    floor: HarFloor,
}

impl TryFrom<Raw> for Har {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self::new(raw.lags)?.with_transform(raw.transform).with_floor(raw.floor))
    }
}

impl From<Har> for Raw {
    fn from(har: Har) -> Self {
        Self { lags: har.lags, transform: har.transform, floor: har.floor }
    }
}

impl Default for Har {
    fn default() -> Self {
        Self { lags: vec![1, 5, 22], transform: HarTransform::default(), floor: HarFloor::default() }
    }
}

impl Har {
    /// With these spans.
    ///
    /// # Errors
    /// [`Error::Input`] for no span; [`Error::Invalid`] unless they are positive and increase.
    pub fn new(lags: impl Into<Vec<usize>>) -> Result<Self> {
        let lags = lags.into();
        if lags.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "lags" }.into());
        }
        let mut last = 0;
        for (index, &lag) in lags.iter().enumerate() {
            if lag <= last {
                return Err(Error::invalid("lags", format!("lag {lag} at position {index} does not exceed {last}")));
            }
            last = lag;
        }
        Ok(Self { lags, ..Self::default() })
    }

    /// In another unit.
    #[must_use]
    pub fn with_transform(mut self, transform: HarTransform) -> Self {
        self.transform = transform;
        self
    }

    /// With another least forecast.
    #[must_use]
    pub fn with_floor(mut self, floor: HarFloor) -> Self {
        self.floor = floor;
        self
    }

    /// The spans, increasing.
    #[must_use]
    pub fn lags(&self) -> &[usize] {
        &self.lags
    }

    /// Unit of the regression.
    #[must_use]
    pub fn transform(&self) -> HarTransform {
        self.transform
    }

    /// Least forecast.
    #[must_use]
    pub fn floor(&self) -> HarFloor {
        self.floor
    }

    /// The longest span.
    pub(super) fn longest(&self) -> usize {
        self.lags.iter().copied().max().unwrap_or(1)
    }

    /// Fits next values, for forecasts that iterate. `variances` are in date order and of any unit.
    ///
    /// # Errors
    /// - [`Error::Input`] for a value that is negative (zero, under logarithms) or not finite, for a series not longer
    ///   than the longest span plus the coefficients, and for regressors that are collinear, as those of a constant
    ///   series.
    /// - [`Error::Input`] of kind `Undefined` when the fit is exact.
    pub fn fit(&self, variances: ArrayView1<'_, f64>) -> Result<HarFit> {
        HarFit::new(self.clone(), self.checked(variances)?)
    }

    /// Fits the mean of the next `horizon` values directly.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and for a horizon of 0.
    pub fn fit_average(&self, variances: ArrayView1<'_, f64>, horizon: usize) -> Result<HarAverageFit> {
        check::at_least_one("horizon", horizon)?;
        HarAverageFit::new(self.clone(), self.checked(variances)?, horizon)
    }

    fn checked(&self, variances: ArrayView1<'_, f64>) -> Result<Vec<f64>> {
        // The common case in one pass without a branch; the offender is looked for only when there is one.
        let zero_fits = self.transform != HarTransform::Log;
        let fits = |v: f64| (v > 0.0) & (v < f64::INFINITY) | zero_fits & (v == 0.0);
        if !variances.fold(true, |all, &v| all & fits(v)) || variances.is_empty() {
            check::finite("variances", variances)?;
            let expected = if zero_fits { "not negative" } else { "positive" };
            check::elements("variances", expected, variances, fits)?;
        }
        if let HarFloor::ShareOfMean(share) = self.floor {
            check::ensure(share > 0.0 && share <= 1.0, "floor as a share of the mean", "in (0, 1]", share)?;
        }
        Ok(variances.to_vec())
    }

    /// The floor in the unit of the variances.
    pub(super) fn least(&self, variances: &[f64]) -> Result<f64> {
        let least = match self.floor {
            HarFloor::SmallestObserved => variances.iter().copied().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min),
            HarFloor::ShareOfMean(share) => share * sum(variances) / variances.len() as f64,
        };
        if least > 0.0 && least.is_finite() {
            Ok(least)
        } else {
            Err(Error::undefined("floor of the forecasts", "no variance is positive, or their sum overflows"))
        }
    }
}
