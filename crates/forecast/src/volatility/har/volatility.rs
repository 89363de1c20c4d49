use std::sync::Arc;

use alluse_risk_core::{Error as Input, FittedVolatility, Result as CoreResult, VolatilityModel, moments};
use ndarray::{Array1, ArrayView1, ArrayViewMut1};
use serde::{Deserialize, Serialize};

use super::fit::transformed;
use super::windows::trailing_means;
use super::{Har, HarFit, HarFloor, HarTransform};
use crate::{Error, Result, check};

/// Conditional mean of the returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReturnMean {
    /// Zero, which a daily mean is next to its volatility.
    #[default]
    Zero,
    /// The mean of the sample of the fit.
    Sample,
}

/// What the variance of a return is measured by.
#[derive(Debug, Clone, PartialEq, Default)]
enum Measure {
    #[default]
    SquaredReturns,
    /// A record of returns and of the variances measured on the same days.
    Attached { returns: Vec<f64>, variances: Vec<f64> },
}

/// A heterogeneous autoregression as a model of the volatility of returns.
///
/// ```text
/// σ²ₜ = s · (c + Σₗ bₗ mean of the l measured variances before t)
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `har` | lags 1, 5, 22, floor at 5 % of the mean variance | the regression |
/// | `mean` | zero | conditional mean of the returns |
/// | measure | squared returns, `s = 1` | or variances attached by [`with_variances`](Self::with_variances) |
///
/// Before a whole longest span is known, the missing values count as the mean of the first span's worth of values:
/// volatilities at those first dates know some later returns, those after them do not (the parameters always are those
/// of the whole sample of the fit; [`filter`](FittedVolatility::filter) puts them on other data). An ex-ante variance
/// or a forecast below the floor is raised to it; [`FittedHar::floored`] says where.
///
/// # Examples
/// ```
/// use alluse_forecast::volatility::HarVolatility;
/// use alluse_risk_core::{FittedVolatility, VolatilityModel};
/// use ndarray::Array1;
///
/// let returns = Array1::from_shape_fn(300, |t| {
///     0.01 * (1.5 + (0.05 * t as f64).sin()) * (1.0 + 3.7 * t as f64 * t as f64).sin()
/// });
/// let fitted = HarVolatility::default().fit(returns.view())?;
/// assert_eq!(fitted.volatility().len(), 300);
/// assert!(fitted.forecast_variance(21)?.iter().all(|v| *v > 0.0));
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HarVolatility {
    har: Har,
    mean: ReturnMean,
    measure: Measure,
}

impl Default for HarVolatility {
    fn default() -> Self {
        Self::new(Har::default().with_floor(HarFloor::ShareOfMean(0.05)))
    }
}

impl HarVolatility {
    /// On squared returns.
    #[must_use]
    pub fn new(har: Har) -> Self {
        Self { har, mean: ReturnMean::default(), measure: Measure::default() }
    }

    /// With another conditional mean.
    #[must_use]
    pub fn with_mean(mut self, mean: ReturnMean) -> Self {
        self.mean = mean;
        self
    }

    /// On variances measured otherwise, such as ranges or realised variances: `variances[t]` belongs to the day of
    /// `returns[t]`.
    ///
    /// The model then answers for runs of exactly these returns, so that no variance can be taken for that of another
    /// day: [`fit`](VolatilityModel::fit) and [`filter`](FittedVolatility::filter) look for the series they are given
    /// in the record and refuse one that is not there, or there twice. Ranges miss the night and measurements their
    /// noise: all are scaled by `s`, the mean squared return over the mean variance of the sample of the fit.
    ///
    /// # Errors
    /// [`Error::Input`] for series that are empty, not finite, of different length, or a negative variance.
    pub fn with_variances(mut self, returns: ArrayView1<'_, f64>, variances: ArrayView1<'_, f64>) -> Result<Self> {
        check::finite("returns", returns)?;
        check::length("variances", returns.len(), variances.len())?;
        check::elements("variances", "finite and not negative", variances, |v| v.is_finite() && v >= 0.0)?;
        self.measure = Measure::Attached { returns: returns.to_vec(), variances: variances.to_vec() };
        Ok(self)
    }

    /// Fits the model and keeps its own type, with the regression and what was floored.
    ///
    /// # Errors
    /// Those of [`Har::fit`] and, with attached variances, [`Error::Invalid`] for returns that are not one run of the
    /// record.
    pub fn fit_returns(&self, returns: ArrayView1<'_, f64>) -> Result<FittedHar> {
        check::finite("returns", returns)?;
        let level = match self.mean {
            ReturnMean::Zero => 0.0,
            ReturnMean::Sample => moments::mean(returns)?,
        };
        let variances = self.measured(returns, level)?;
        let scale = match self.measure {
            Measure::SquaredReturns => 1.0,
            Measure::Attached { .. } => {
                let squares: f64 = returns.iter().map(|r| (r - level) * (r - level)).sum();
                let scale = squares / variances.iter().sum::<f64>();
                check::positive("mean squared return over mean variance", scale)?
            }
        };
        let fit = Arc::new(self.har.fit(variances.view())?);
        FittedHar::over(self.clone(), fit, level, scale, returns, variances)
    }

    /// The measured variance of each return.
    fn measured(&self, returns: ArrayView1<'_, f64>, level: f64) -> Result<Array1<f64>> {
        match &self.measure {
            Measure::SquaredReturns => {
                let squares = returns.mapv(|r| (r - level) * (r - level));
                check::finite("squared returns", squares.view())?;
                Ok(squares)
            }
            Measure::Attached { returns: record, variances } => {
                let first = run_of(record, returns)?;
                Ok(variances[first..first + returns.len()].to_vec().into())
            }
        }
    }
}

/// Where a series lies in a record.
fn run_of(record: &[f64], returns: ArrayView1<'_, f64>) -> Result<usize> {
    let mut starts = record
        .windows(returns.len())
        .enumerate()
        .filter(|(_, run)| run.iter().zip(returns).all(|(a, b)| a.to_bits() == b.to_bits()))
        .map(|(start, _)| start);
    let wrong = |reason: String| Err(Error::invalid("returns", reason));
    match (starts.next(), starts.next()) {
        (Some(start), None) => Ok(start),
        (Some(first), Some(second)) => {
            wrong(format!("they begin at positions {first} and {second} of the returns with measured variances"))
        }
        (None, _) => wrong("they are no run of the returns with measured variances".to_owned()),
    }
}

impl VolatilityModel for HarVolatility {
    fn fit(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        Ok(Box::new(self.fit_returns(returns)?))
    }
}

/// A heterogeneous autoregression along a series of returns: [`HarVolatility::fit_returns`].
#[derive(Debug, Clone)]
pub struct FittedHar {
    model: HarVolatility,
    fit: Arc<HarFit>,
    level: f64,
    scale: f64,
    mean: Array1<f64>,
    volatility: Array1<f64>,
    floored: Vec<usize>,
    /// The last longest span of measured variances, in the unit of the regression.
    recent: Vec<f64>,
}

impl FittedHar {
    /// With given parameters along a series.
    fn over(
        model: HarVolatility,
        fit: Arc<HarFit>,
        level: f64,
        scale: f64,
        returns: ArrayView1<'_, f64>,
        variances: Array1<f64>,
    ) -> Result<Self> {
        let (longest, n) = (model.har.longest(), returns.len());
        let head = longest.min(n);
        let mut padded = vec![variances.iter().take(head).sum::<f64>() / head as f64; longest];
        padded.extend(variances);
        if model.har.transform() == HarTransform::Log {
            check::elements("variances", "positive", ArrayView1::from(&padded[longest..]), |v| v > 0.0)?;
        }
        let series = transformed(model.har.transform(), padded);
        let columns = trailing_means(&series[..series.len() - 1], model.har.lags(), longest - 1);
        let parameters = fit.forecaster();
        let mut means = vec![fit.intercept(); n];
        for (column, coefficient) in columns.iter().zip(fit.coefficients()) {
            means.iter_mut().zip(column).for_each(|(mean, x)| *mean += coefficient * x);
        }
        let mut floored = Vec::new();
        let volatility: Array1<f64> = means
            .into_iter()
            .enumerate()
            .map(|(t, mean)| {
                let (mean, raised) = parameters.raised(mean);
                if raised {
                    floored.push(t);
                }
                (scale * parameters.transform.expected(mean, parameters.residual_variance)).sqrt()
            })
            .collect();
        check::elements("volatility", "positive and finite", volatility.view(), |v| v > 0.0 && v.is_finite())?;
        let recent = series[series.len() - longest..].to_vec();
        Ok(Self { model, fit, level, scale, mean: Array1::from_elem(n, level), volatility, floored, recent })
    }

    /// The regression, which [`filter`](FittedVolatility::filter) leaves as it is.
    #[must_use]
    pub fn fit(&self) -> &HarFit {
        &self.fit
    }

    /// Dates, counted from 0, whose ex-ante variance was raised to the floor.
    #[must_use]
    pub fn floored(&self) -> &[usize] {
        &self.floored
    }

    /// `s`, by which measured variances become those of returns.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }
}

impl FittedVolatility for FittedHar {
    fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    fn volatility(&self) -> ArrayView1<'_, f64> {
        self.volatility.view()
    }

    fn forecast_mean(&self, steps: usize) -> CoreResult<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        Ok(Array1::from_elem(steps, self.level))
    }

    fn forecast_variance(&self, steps: usize) -> CoreResult<Array1<f64>> {
        let forecast = self.fit.forecaster().forecast(&self.recent, steps)?;
        Ok(forecast.variance.into_iter().map(|variance| self.scale * variance).collect())
    }

    fn filter(&self, returns: ArrayView1<'_, f64>) -> CoreResult<Box<dyn FittedVolatility>> {
        let filtered = || {
            check::finite("returns", returns)?;
            let variances = self.model.measured(returns, self.level)?;
            Self::over(self.model.clone(), Arc::clone(&self.fit), self.level, self.scale, returns, variances)
        };
        Ok(Box::new(filtered()?))
    }

    /// The squared simulated return, over `s`, is the next measured variance: right in the mean, and with the noise of
    /// squared returns, which measured variances have less of.
    ///
    /// Errors besides those of the contract: of kind `Unsupported` under a transform, since the root and the logarithm
    /// of a square are not those of its mean.
    fn simulate(&self, z: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) -> CoreResult<()> {
        if z.len() != out.len() {
            return Err(Input::LengthMismatch { name: "path", expected: z.len(), got: out.len() });
        }
        if self.model.har.transform() != HarTransform::Variance {
            return Err(Input::Unsupported { what: "simulation of a transformed heterogeneous autoregression" });
        }
        let parameters = self.fit.forecaster();
        let mut path = Vec::with_capacity(self.recent.len() + z.len());
        path.extend_from_slice(&self.recent);
        for (slot, shock) in out.iter_mut().zip(z) {
            let (variance, _) = parameters.next(&path);
            let square = variance * shock * shock;
            *slot = self.level + (self.scale * variance).sqrt() * shock;
            path.push(square);
        }
        Ok(())
    }
}
