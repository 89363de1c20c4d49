use alluse_risk_core::moments;
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// What the series is stationary about under the null hypothesis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KpssNull {
    /// A level.
    #[default]
    Level,
    /// A linear trend.
    Trend,
}

/// How many autocovariances enter the long-run variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KpssLags {
    /// By the autocovariances of the series (Newey and West 1994, with the constant of the Bartlett kernel, as in
    /// Hobijn, Franses and Ooms 1998).
    #[default]
    Automatic,
    /// `⌈12 (n/100)^¼⌉` (Schwert 1989).
    Schwert,
    /// So many.
    Fixed(usize),
}

/// p-value of a KPSS test: the published table ends at 1 % and at 10 %, and nothing is known beyond.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KpssPValue {
    /// At most this.
    AtMost(f64),
    /// Between the ends of the table, by linear interpolation.
    Value(f64),
    /// At least this.
    AtLeast(f64),
}

impl KpssPValue {
    /// Whether the test rejects at this size: `Some(true)` or `Some(false)` where the table can tell.
    #[must_use]
    pub fn rejects(self, size: f64) -> Option<bool> {
        match self {
            Self::Value(p) => Some(p <= size),
            Self::AtMost(p) => (p <= size).then_some(true),
            Self::AtLeast(p) => (p >= size).then_some(false),
        }
    }
}

/// Kwiatkowski, Phillips, Schmidt and Shin's test of stationarity: the null hypothesis is that there is no unit root.
///
/// ```text
/// statistic = Σₜ Sₜ²/(n² s²)      Sₜ = e₁ + … + eₜ, e the residuals from the level or trend
/// s² = γ₀ + 2 Σₖ (1 − k/(L + 1)) γₖ, γₖ = (1/n) Σ eₜ eₜ₋ₖ
/// ```
///
/// # Source
/// Kwiatkowski, Phillips, Schmidt and Shin (1992), table 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Kpss {
    /// Level or trend.
    pub null: KpssNull,
    /// Autocovariances of the long-run variance.
    pub lags: KpssLags,
}

/// Result of a [`Kpss`] test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KpssTest {
    /// The statistic; large values speak against stationarity.
    pub statistic: f64,
    /// Probability of a larger statistic when the series is stationary.
    pub p_value: KpssPValue,
    /// Autocovariances used.
    pub lags: usize,
    /// Length of the series.
    pub observations: usize,
    /// Level or trend.
    pub null: KpssNull,
}

impl Kpss {
    /// With another null hypothesis.
    #[must_use]
    pub fn with_null(mut self, null: KpssNull) -> Self {
        self.null = null;
        self
    }

    /// With another number of autocovariances.
    #[must_use]
    pub fn with_lags(mut self, lags: KpssLags) -> Self {
        self.lags = lags;
        self
    }

    /// The test.
    ///
    /// # Errors
    /// - [`Error::Input`] for a series that is empty, not finite, shorter than 3 or not longer than the lags.
    /// - [`Error::Undefined`] for a series without residuals, or a long-run variance that is not positive.
    pub fn test(&self, series: ArrayView1<'_, f64>) -> Result<KpssTest> {
        const NAME: &str = "KPSS statistic";
        check::finite("series", series)?;
        let n = series.len();
        check::enough(NAME, 3, n)?;
        let residuals = self.residuals(series)?;
        let products = |lag: usize| {
            let late = residuals.iter().skip(lag);
            late.zip(&residuals).map(|(a, b)| a * b).sum::<f64>() / n as f64
        };
        let lags = match self.lags {
            KpssLags::Fixed(lags) => lags,
            KpssLags::Schwert => (12.0 * (n as f64 / 100.0).powf(0.25)).ceil() as usize,
            KpssLags::Automatic => automatic(n, &products),
        };
        check::enough(NAME, lags.saturating_add(1), n)?;
        let sides: f64 = (1..=lags).map(|k| (1.0 - k as f64 / (lags + 1) as f64) * products(k)).sum();
        let long_run = products(0) + 2.0 * sides;
        if !(long_run > 0.0) {
            return Err(Error::undefined(NAME, format!("the long-run variance is {long_run:e} with {lags} lags")));
        }
        let mut sum = 0.0;
        let sums: f64 = residuals
            .iter()
            .map(|e| {
                sum += e;
                sum * sum
            })
            .sum();
        let statistic = sums / (n as f64 * n as f64 * long_run);
        Ok(KpssTest { statistic, p_value: self.p_value(statistic), lags, observations: n, null: self.null })
    }

    /// Residuals over the largest of them: the statistic has no unit.
    fn residuals(&self, series: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        let n = series.len();
        let mean = moments::mean(series)?;
        let mut residuals = series.mapv(|value| value - mean);
        let spread = residuals.iter().fold(0.0_f64, |a, e| a.max(e.abs()));
        if self.null == KpssNull::Trend {
            let middle = 0.5 * (n - 1) as f64;
            let time = |t: usize| t as f64 - middle;
            let squares = n as f64 * (n as f64 * n as f64 - 1.0) / 12.0;
            let slope = residuals.iter().enumerate().map(|(t, e)| time(t) * (e / spread)).sum::<f64>() / squares;
            residuals.iter_mut().enumerate().for_each(|(t, e)| *e -= slope * spread * time(t));
        }
        let largest = residuals.iter().fold(0.0_f64, |a, e| a.max(e.abs()));
        let size = series.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        // What is left of a constant or of an exact trend is rounding.
        if !(largest > 8.0 * f64::EPSILON * size) {
            return Err(Error::undefined("KPSS statistic", format!("no residual is larger than {largest:e}")));
        }
        Ok(residuals / largest)
    }

    fn p_value(&self, statistic: f64) -> KpssPValue {
        const LEVELS: [f64; 4] = [0.10, 0.05, 0.025, 0.01];
        let points = match self.null {
            KpssNull::Level => [0.347, 0.463, 0.574, 0.739],
            KpssNull::Trend => [0.119, 0.146, 0.176, 0.216],
        };
        let above = points.iter().take_while(|point| **point <= statistic).count();
        if above == 0 {
            KpssPValue::AtLeast(LEVELS[0])
        } else if above == points.len() {
            KpssPValue::AtMost(LEVELS[3])
        } else {
            let share = (statistic - points[above - 1]) / (points[above] - points[above - 1]);
            KpssPValue::Value(LEVELS[above - 1] + share * (LEVELS[above] - LEVELS[above - 1]))
        }
    }
}

/// `⌊1.1447 (s₁/s₀)^⅔ n^⅓⌋` from the first `⌊n^(2/9)⌋` autocovariances, at most n − 1.
fn automatic(n: usize, autocovariance: &impl Fn(usize) -> f64) -> usize {
    let size = n as f64;
    let (mut s0, mut s1) = (autocovariance(0), 0.0);
    for lag in 1..=size.powf(2.0 / 9.0) as usize {
        let both = 2.0 * autocovariance(lag);
        s0 += both;
        s1 += lag as f64 * both;
    }
    let ratio = s1 / s0;
    let lags = 1.1447 * libm::cbrt(ratio * ratio) * libm::cbrt(size);
    if lags.is_finite() { (lags as usize).min(n - 1) } else { n - 1 }
}
