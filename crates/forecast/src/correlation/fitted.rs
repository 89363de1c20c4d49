use alluse_risk_core::linalg::cholesky;
use alluse_risk_core::streams::{Streams, fill_standard_normals};
use alluse_risk_core::{Covariance, FittedVolatility, Result as CoreResult};
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayViewMut2, Axis};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::likelihood::{CorrelationLikelihood, Quasi, Sample};
use super::model::CorrelationDynamics;
use crate::{Error, Result, check};

/// Standard errors of the two parameters.
///
/// They come from the second derivatives of the likelihood and the products of its scores by date (sandwich), with
/// volatilities and target taken as known: the uncertainty of the first stage is not in them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrelationErrors {
    /// Of `a`.
    pub news: f64,
    /// Of `b`.
    pub decay: f64,
}

impl CorrelationErrors {
    /// `None` where the likelihood is not curved downwards in both directions.
    pub(super) fn of(sample: &Sample, news: f64, decay: f64) -> Result<Option<Self>> {
        // Steps well inside the triangle a, b > 0, a + b < 1, long enough for second differences of sums near 1e4.
        let steps = [1e-2 * news.min(1.0 - news - decay), 1e-2 * decay.min(1.0 - news - decay)];
        if !(steps[0] > 1e-9 && steps[1] > 1e-9) {
            return Ok(None);
        }
        let at = |i: f64, j: f64| sample.by_date(news + i * steps[0], decay + j * steps[1]);
        let centre: f64 = at(0.0, 0.0)?.iter().sum();
        let (right, left, up, down) = (at(1.0, 0.0)?, at(-1.0, 0.0)?, at(0.0, 1.0)?, at(0.0, -1.0)?);
        let sum = |dates: &[f64]| dates.iter().sum::<f64>();
        let corners = sum(&at(1.0, 1.0)?) + sum(&at(-1.0, -1.0)?) - sum(&at(1.0, -1.0)?) - sum(&at(-1.0, 1.0)?);
        // Minus the second derivatives.
        let aa = (2.0 * centre - sum(&right) - sum(&left)) / (steps[0] * steps[0]);
        let bb = (2.0 * centre - sum(&up) - sum(&down)) / (steps[1] * steps[1]);
        let ab = -corners / (4.0 * steps[0] * steps[1]);
        let determinant = aa * bb - ab * ab;
        if !(aa > 0.0 && determinant > 1e-12 * aa * bb) {
            return Ok(None);
        }
        let (mut s_aa, mut s_ab, mut s_bb) = (0.0, 0.0, 0.0);
        for t in 0..right.len() {
            let (a, b) = ((right[t] - left[t]) / (2.0 * steps[0]), (up[t] - down[t]) / (2.0 * steps[1]));
            s_aa += a * a;
            s_ab += a * b;
            s_bb += b * b;
        }
        let of_news = (bb * bb * s_aa - 2.0 * bb * ab * s_ab + ab * ab * s_bb) / (determinant * determinant);
        let of_decay = (aa * aa * s_bb - 2.0 * aa * ab * s_ab + ab * ab * s_aa) / (determinant * determinant);
        Ok((of_news > 0.0 && of_decay > 0.0).then(|| Self { news: of_news.sqrt(), decay: of_decay.sqrt() }))
    }
}

/// Where the shocks of simulated futures come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrelationShocks {
    /// Independent standard normals.
    Normal,
    /// The sample's own shocks, decorrelated, all series of one date together: tails and joint jumps stay.
    #[default]
    Residuals,
}

/// Fitted conditional correlations.
#[derive(Debug)]
pub struct FittedCorrelation {
    pub(super) volatilities: Vec<Box<dyn FittedVolatility>>,
    /// Dates × series.
    pub(super) standardised: Array2<f64>,
    pub(super) target: Array2<f64>,
    /// Quasi-correlation of the date after the sample.
    pub(super) next: Array2<f64>,
    pub(super) dynamics: CorrelationDynamics,
    pub(super) likelihood: CorrelationLikelihood,
    pub(super) news: f64,
    pub(super) decay: f64,
    pub(super) standard_errors: Option<CorrelationErrors>,
    pub(super) log_likelihood: f64,
    pub(super) constant_log_likelihood: f64,
}

impl FittedCorrelation {
    /// Weight `a` of the last products; zero where a correlation that stands still is as likely.
    #[must_use]
    pub fn news(&self) -> f64 {
        self.news
    }

    /// Weight `b` of the last quasi-correlation.
    #[must_use]
    pub fn decay(&self) -> f64 {
        self.decay
    }

    /// Standard errors of both, where the likelihood gives them.
    #[must_use]
    pub fn standard_errors(&self) -> Option<CorrelationErrors> {
        self.standard_errors
    }

    /// The likelihood that was maximised.
    #[must_use]
    pub fn likelihood(&self) -> CorrelationLikelihood {
        self.likelihood
    }

    /// Its logarithm beyond that of uncorrelated series, summed over dates (and pairs, of a pairwise one).
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The same with the correlation held at the first target: what movement has to beat.
    #[must_use]
    pub fn constant_log_likelihood(&self) -> f64 {
        self.constant_log_likelihood
    }

    /// The correlation that is returned to.
    #[must_use]
    pub fn target(&self) -> ArrayView2<'_, f64> {
        self.target.view()
    }

    /// The volatility models, one a series.
    #[must_use]
    pub fn volatilities(&self) -> &[Box<dyn FittedVolatility>] {
        &self.volatilities
    }

    /// Returns over their volatility, dates × series.
    #[must_use]
    pub fn standardised(&self) -> ArrayView2<'_, f64> {
        self.standardised.view()
    }

    /// Correlation of two series on every date of the sample, ex ante: element `t` uses data before `t`, but for the
    /// parameters and the target.
    ///
    /// # Errors
    /// [`Error::Input`] for a series that does not exist.
    pub fn correlation_path(&self, first: usize, second: usize) -> Result<Array1<f64>> {
        let series = self.target.nrows();
        for index in [first, second] {
            check::ensure(index < series, "series", "one of the columns", index as f64)?;
        }
        if first == second {
            return Ok(Array1::ones(self.standardised.nrows()));
        }
        let target = self.target.select(Axis(0), &[first, second]).select(Axis(1), &[first, second]);
        let mut quasi = Quasi::new(target.view(), self.dynamics, self.news, self.decay);
        let both = self.standardised.select(Axis(1), &[first, second]);
        let mut step = |z| {
            let correlation = quasi.value[(0, 1)] / (quasi.value[(0, 0)] * quasi.value[(1, 1)]).sqrt();
            quasi.observe(z);
            correlation
        };
        Ok(both.rows().into_iter().map(&mut step).collect())
    }

    /// Correlation of the `step`-th date after the sample.
    ///
    /// ```text
    /// R₁ from Q₁,    Rₖ ≈ (a + b)^(k−1) R₁ + (1 − (a + b)^(k−1)) S
    /// ```
    ///
    /// Exact for the first step; beyond it the usual approximation of Engle and Sheppard (2001).
    ///
    /// # Errors
    /// [`Error::Input`] for step zero.
    pub fn forecast_correlation(&self, step: usize) -> Result<Array2<f64>> {
        check::at_least_one("step", step)?;
        let first = self.quasi().correlation();
        let kept = (self.news + self.decay).powf((step - 1) as f64);
        Ok(if step == 1 { first } else { kept * &first + (1.0 - kept) * &self.target })
    }

    /// Covariance of the `step`-th date after the sample, per period.
    ///
    /// # Errors
    /// [`Error::Input`] for step zero and for a volatility model that cannot forecast so far.
    pub fn forecast_covariance(&self, step: usize) -> Result<Covariance> {
        let correlation = self.forecast_correlation(step)?;
        let mut volatilities = Vec::with_capacity(self.volatilities.len());
        for fitted in &self.volatilities {
            volatilities.push(fitted.forecast_variance(step)?[step - 1].sqrt());
        }
        Ok(Covariance::from_correlation(Array1::from(volatilities).view(), correlation.view())?)
    }

    /// Covariance of the sum of the next `steps` returns, taken as uncorrelated in time.
    ///
    /// # Errors
    /// As [`forecast_covariance`](Self::forecast_covariance).
    pub fn cumulative_covariance(&self, steps: usize) -> Result<Covariance> {
        check::at_least_one("steps", steps)?;
        let variances: Vec<Array1<f64>> =
            self.volatilities.iter().map(|fitted| fitted.forecast_variance(steps)).collect::<CoreResult<_>>()?;
        let first = self.quasi().correlation();
        let series = self.target.nrows();
        let mut sum = Array2::<f64>::zeros((series, series));
        for step in 0..steps {
            let kept = (self.news + self.decay).powf(step as f64);
            let volatility: Vec<f64> = variances.iter().map(|of| of[step].sqrt()).collect();
            for ((i, j), slot) in sum.indexed_iter_mut() {
                let correlation = kept * first[(i, j)] + (1.0 - kept) * self.target[(i, j)];
                *slot += volatility[i] * volatility[j] * correlation;
            }
        }
        Ok(Covariance::new(sum)?)
    }

    /// Simulated joint futures: paths × steps × series, returns per period.
    ///
    /// The same seed gives the same futures on any number of threads.
    ///
    /// # Errors
    /// [`Error::Input`] for no path or no step, and where a quasi-correlation loses its definiteness.
    pub fn simulate(&self, steps: usize, paths: usize, shocks: CorrelationShocks, seed: u64) -> Result<Array3<f64>> {
        check::at_least_one("steps", steps)?;
        check::at_least_one("paths", paths)?;
        let series = self.target.nrows();
        let Some(width) = steps.checked_mul(series) else {
            return Err(Error::Unsupported { what: "more values a path than the machine can count".into() });
        };
        let residuals = match shocks {
            CorrelationShocks::Normal => None,
            CorrelationShocks::Residuals => Some(self.decorrelated()?),
        };
        let mut flat = Array2::<f64>::zeros((paths, width));
        Streams::new(seed).try_fill_chunks(&mut flat, 64, |_, stream, mut rows: ArrayViewMut2<'_, f64>| {
            let mut shock = Array1::zeros(series);
            let (mut z, mut out) = (Array2::zeros((steps, series)), Array1::zeros(steps));
            for mut path in rows.rows_mut() {
                let mut quasi = self.quasi();
                for mut step in z.rows_mut() {
                    match &residuals {
                        Some(sample) => shock.assign(&sample.row(stream.random_range(0..sample.nrows()))),
                        None => fill_standard_normals(stream, shock.as_slice_mut().unwrap_or_default()),
                    }
                    step.assign(&cholesky(quasi.correlation().view())?.lower().dot(&shock));
                    quasi.observe(step.view());
                }
                for (i, fitted) in self.volatilities.iter().enumerate() {
                    fitted.simulate(z.column(i), out.view_mut())?;
                    path.iter_mut().skip(i).step_by(series).zip(&out).for_each(|(slot, value)| *slot = *value);
                }
            }
            Ok(())
        })?;
        check::finite_matrix("simulated returns", flat.view())?;
        flat.into_shape_with_order((paths, steps, series))
            .map_err(|error| Error::invalid("simulated returns", error.to_string()))
    }

    fn quasi(&self) -> Quasi<'_> {
        Quasi::new(self.target.view(), self.dynamics, self.news, self.decay).from(self.next.clone())
    }

    /// `Lₜ⁻¹ zₜ` with `Rₜ = LₜLₜ'`, centred and scaled to mean 0 and variance 1 a series.
    fn decorrelated(&self) -> Result<Array2<f64>> {
        let mut quasi = Quasi::new(self.target.view(), self.dynamics, self.news, self.decay);
        let mut shocks = Array2::zeros(self.standardised.raw_dim());
        for (z, mut out) in self.standardised.rows().into_iter().zip(shocks.rows_mut()) {
            let factor = cholesky(quasi.correlation().view())?;
            out.assign(&factor.solve_lower(z.insert_axis(Axis(1)))?.column(0));
            quasi.observe(z);
        }
        for mut column in shocks.columns_mut() {
            let mean = column.sum() / column.len() as f64;
            let variance = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / column.len() as f64;
            let scale = check::positive("variance of the shocks", variance)?.sqrt();
            column.mapv_inplace(|x| (x - mean) / scale);
        }
        Ok(shocks)
    }
}
