use alluse_risk_core::linalg::cholesky;
use alluse_risk_core::minimise::{Descent, Minimum};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::filtered::{FilteredArima, gaussian, state_space};
use super::kalman::Arma;
use super::model::{Arima, ArimaParameters};
use super::polynomial::{autoregressive_product, from_partial, largest_inverse_root, product};
use super::start::guesses;
use crate::time_series::information::Criteria;
use crate::{Error, Result, check};

/// An [`Arima`] at the maximum of its likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedArima {
    filtered: FilteredArima,
    standard_errors: Option<ArimaStandardErrors>,
    criteria: Criteria,
    certificate: ArimaCertificate,
}

/// Standard errors of [`ArimaParameters`], field by field, from the inverse of the negative second derivatives of the
/// log-likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArimaStandardErrors {
    /// Of `φ`.
    pub ar: Vec<f64>,
    /// Of `θ`.
    pub ma: Vec<f64>,
    /// Of `Φ`.
    pub seasonal_ar: Vec<f64>,
    /// Of `Θ`.
    pub seasonal_ma: Vec<f64>,
    /// Of `μ`.
    pub mean: Option<f64>,
    /// Of `σ²`.
    pub innovation_variance: f64,
}

/// Why the parameters are believed to be those of the highest likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArimaCertificate {
    /// Length of the gradient of the mean log-likelihood by the transformed coefficients.
    pub gradient: f64,
    /// Steps of the best search.
    pub iterations: usize,
    /// Log-likelihood where each search ended, `None` for one that did not converge; the best guess first.
    pub searches: Vec<Option<f64>>,
    /// Largest modulus of the inverse roots of the autoregression: 1 is the border of stationarity.
    pub ar_root: f64,
    /// The same of the moving average: 1 is the border of invertibility.
    pub ma_root: f64,
}

impl FittedArima {
    /// The model at these parameters: forecasts, intervals, innovations and paths.
    #[must_use]
    pub fn filtered(&self) -> &FilteredArima {
        &self.filtered
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Arima {
        self.filtered.model()
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &ArimaParameters {
        self.filtered.parameters()
    }

    /// Their standard errors; `None` on the border of the parameters, where the log-likelihood is not curved downwards
    /// in every direction or cannot be moved both ways.
    #[must_use]
    pub fn standard_errors(&self) -> Option<&ArimaStandardErrors> {
        self.standard_errors.as_ref()
    }

    /// The log-likelihood at the maximum.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.filtered.log_likelihood()
    }

    /// Information criteria; the innovation variance counts as a parameter, observations are those of the differenced
    /// series.
    #[must_use]
    pub fn criteria(&self) -> Criteria {
        self.criteria
    }

    /// Why the maximum is believed.
    #[must_use]
    pub fn certificate(&self) -> &ArimaCertificate {
        &self.certificate
    }
}

/// A differenced series in units in which it is of order one.
struct Scaled {
    series: Vec<f64>,
    centre: f64,
    scale: f64,
}

pub(super) fn fit(model: &Arima, levels: ArrayView1<'_, f64>) -> Result<FittedArima> {
    model.check()?;
    check::finite("levels", levels)?;
    check::enough("levels", model.min_observations(), levels.len())?;
    let scaled = Scaled::new(model, &levels.to_vec())?;
    let (best, searches) = search(model, &scaled)?;
    let parameters = scaled.parameters(model, &best.at)?;
    let filtered = model.filter(levels, &parameters)?;
    let standard_errors = standard_errors(model, &scaled, &parameters);
    let criteria = Criteria::new(filtered.log_likelihood(), model.parameter_count(), scaled.series.len());
    let n = scaled.series.len() as f64;
    let shift = n * scaled.scale.ln();
    let log_likelihood = |value: f64| -n * (value + 0.5 + 0.5 * (2.0 * std::f64::consts::PI).ln()) - shift;
    let negative = |values: &[f64]| values.iter().map(|value| -value).collect::<Vec<_>>();
    let ar = autoregressive_product(&parameters.ar, &parameters.seasonal_ar, model.period);
    let ma = negative(&product(&parameters.ma, &parameters.seasonal_ma, model.period));
    let certificate = ArimaCertificate {
        gradient: best.gradient * best.value.abs().max(1.0),
        iterations: best.iterations,
        searches: searches.into_iter().map(|found| found.map(log_likelihood)).collect(),
        ar_root: largest_inverse_root(&ar),
        ma_root: largest_inverse_root(&ma),
    };
    Ok(FittedArima { filtered, standard_errors, criteria, certificate })
}

/// The best end of several searches, and the value at the end of each.
fn search(model: &Arima, scaled: &Scaled) -> Result<(Minimum, Vec<Option<f64>>)> {
    let objective = |u: &[f64]| scaled.objective(model, u);
    let mut guesses: Vec<(f64, Vec<f64>)> = guesses(model, &scaled.series)
        .into_iter()
        .map(|partial| partial.iter().map(|r| r.atanh()).collect::<Vec<_>>())
        .map(|u| (objective(&u), u))
        .filter(|(value, _)| value.is_finite())
        .collect();
    guesses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let descent = Descent::new("arima likelihood").with_tolerance(1e-7).with_accepted(1e-4).with_longest_step(1.0);
    let (mut best, mut searches, mut failure): (Option<Minimum>, _, _) = (None, Vec::new(), None);
    let starts = if model.coefficients() == 0 { 1 } else { model.starts };
    for (_, guess) in guesses.iter().take(starts) {
        match descent.minimise(guess, objective) {
            Ok(found) => {
                searches.push(Some(found.value));
                if best.as_ref().is_none_or(|best| found.value < best.value) {
                    best = Some(found);
                }
            }
            Err(error) => {
                searches.push(None);
                failure = Some(error);
            }
        }
    }
    match (best, failure) {
        (Some(best), _) => Ok((best, searches)),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(Error::NotConverged { method: "arima likelihood", iterations: 0, residual: f64::INFINITY }),
    }
}

/// The coefficients at a point of the search: partial autocorrelations are hyperbolic tangents.
fn coefficients(model: &Arima, u: &[f64]) -> ArimaParameters {
    let partial: Vec<f64> = u.iter().map(|value| value.tanh()).collect();
    let (ar, rest) = partial.split_at(model.ar);
    let (ma, rest) = rest.split_at(model.ma);
    let (seasonal_ar, seasonal_ma) = rest.split_at(model.seasonal_ar);
    let average = |partial: &[f64]| from_partial(partial).into_iter().map(|value| -value).collect();
    ArimaParameters {
        ar: from_partial(ar),
        ma: average(ma),
        seasonal_ar: from_partial(seasonal_ar),
        seasonal_ma: average(seasonal_ma),
        mean: None,
        innovation_variance: 1.0,
    }
}

impl Scaled {
    fn new(model: &Arima, levels: &[f64]) -> Result<Self> {
        let mut series = model.differencing().apply(levels);
        let n = series.len() as f64;
        let mean = series.iter().sum::<f64>() / n;
        let spread = (series.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / n).sqrt();
        let largest = levels.iter().fold(0.0_f64, |a, level| a.max(level.abs()));
        // Differences of levels carry rounding of this size.
        if !(spread > 1e-13 * largest) {
            let reason = format!("the differenced series is constant at {mean}");
            return Err(Error::undefined("likelihood of an ARIMA", reason));
        }
        let centre = if model.has_mean() { mean } else { 0.0 };
        let scale = (spread * spread + (mean - centre).powi(2)).sqrt();
        series.iter_mut().for_each(|w| *w = (*w - centre) / scale);
        Ok(Self { series, centre, scale })
    }

    /// Half of the mean of `−2 ln L` without constants, mean and variance at their best.
    fn objective(&self, model: &Arima, u: &[f64]) -> f64 {
        let n = self.series.len() as f64;
        let likelihood = state_space(model, &coefficients(model, u)).concentrate(&self.series, model.has_mean());
        likelihood.map_or(f64::INFINITY, |found| 0.5 * ((found.squares / n).ln() + found.log_determinant / n))
    }

    /// The parameters at a point of the search, in units of the levels.
    fn parameters(&self, model: &Arima, u: &[f64]) -> Result<ArimaParameters> {
        let mut parameters = coefficients(model, u);
        let found = state_space(model, &parameters).concentrate(&self.series, model.has_mean());
        let Some(found) = found else {
            return Err(Error::undefined("likelihood of an ARIMA", format!("none at {parameters:?}")));
        };
        parameters.mean = model.has_mean().then_some(self.centre + self.scale * found.mean);
        parameters.innovation_variance = self.scale * self.scale * found.squares / self.series.len() as f64;
        Ok(parameters)
    }
}

/// By central second differences of the log-likelihood of the scaled series.
fn standard_errors(model: &Arima, scaled: &Scaled, parameters: &ArimaParameters) -> Option<ArimaStandardErrors> {
    let square = scaled.scale * scaled.scale;
    let mut at: Vec<f64> = [&parameters.ar, &parameters.ma, &parameters.seasonal_ar, &parameters.seasonal_ma]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    at.extend(parameters.mean.map(|mean| (mean - scaled.centre) / scaled.scale));
    at.push(parameters.innovation_variance / square);
    let curvature = negative_curvature(&at, |x| log_likelihood(model, &scaled.series, x))?;
    let covariance = cholesky(curvature.view()).ok()?.inverse().ok()?;
    let mut errors = covariance.diag().mapv(f64::sqrt).to_vec();
    let innovation_variance = errors.pop()? * square;
    let mean = if model.has_mean() { Some(errors.pop()? * scaled.scale) } else { None };
    let mut take = |count: usize| errors.drain(..count).collect::<Vec<f64>>();
    let (ar, ma, seasonal_ar) = (take(model.ar), take(model.ma), take(model.seasonal_ar));
    Some(ArimaStandardErrors { ar, ma, seasonal_ar, seasonal_ma: errors, mean, innovation_variance })
}

fn log_likelihood(model: &Arima, series: &[f64], x: &[f64]) -> Option<f64> {
    let (ar, rest) = x.split_at(model.ar);
    let (ma, rest) = rest.split_at(model.ma);
    let (seasonal_ar, rest) = rest.split_at(model.seasonal_ar);
    let (seasonal_ma, rest) = rest.split_at(model.seasonal_ma);
    let (mean, variance) = (if model.has_mean() { rest[0] } else { 0.0 }, *rest.last()?);
    let arma =
        Arma::new(&autoregressive_product(ar, seasonal_ar, model.period), &product(ma, seasonal_ma, model.period));
    let centred: Vec<f64> = series.iter().map(|w| w - mean).collect();
    let found = arma.concentrate(&centred, false)?;
    Some(gaussian(series.len(), variance, found.squares, found.log_determinant))
}

fn negative_curvature(at: &[f64], f: impl Fn(&[f64]) -> Option<f64>) -> Option<Array2<f64>> {
    // The error of a second difference, ε/h² + h², is smallest at ε^¼.
    let steps: Vec<f64> = at.iter().map(|x| 1e-4 * x.abs().max(0.1)).collect();
    let moved = |i: usize, a: f64, j: usize, b: f64| {
        let mut x = at.to_vec();
        x[i] += a * steps[i];
        x[j] += b * steps[j];
        f(&x)
    };
    let centre = f(at)?;
    let mut out = Array2::zeros((at.len(), at.len()));
    for i in 0..at.len() {
        for j in 0..=i {
            let second = if i == j {
                moved(i, 1.0, i, 0.0)? + moved(i, -1.0, i, 0.0)? - 2.0 * centre
            } else {
                let same = moved(i, 1.0, j, 1.0)? + moved(i, -1.0, j, -1.0)?;
                0.25 * (same - moved(i, 1.0, j, -1.0)? - moved(i, -1.0, j, 1.0)?)
            };
            out[[i, j]] = -second / (steps[i] * steps[j]);
            out[[j, i]] = out[[i, j]];
        }
    }
    Some(out)
}
