use alluse_risk_core::Confidence;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::exponential_smoothing::{ErrorTerm, ExponentialSmoothing, Trend};
use super::levels::{FittedLevels, LevelModel, all_finite, normal_intervals};
use super::seasonal::{Kind, decompose, is_seasonal};
use super::shocks::{Shocks, Source};
use crate::{Error, Result, check};

/// The Theta method: simple exponential smoothing with half of the slope of the straight line as drift.
///
/// ```text
/// ŷₙ₊ₕ = lₙ + (b/2)(h − 1 + 1/α − (1 − α)ⁿ/α)      b least-squares slope, lₙ the smoothed level
/// ```
///
/// A series with a season is adjusted first, when its autocorrelation at the seasonal lag leaves the band
/// `1.645 √((1 + 2Σr²)/n)`: divided by the factors of the classical decomposition, or, when it has a value that is not
/// positive, less the added season. The forecasts get the season back.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `period` | required | periods a season; 1 for none | 1 to 400 |
/// | `with_shocks` | `Normal` | shocks of simulated paths | |
///
/// # Source
/// Assimakopoulos and Nikolopoulos (2000); the formula is that of Hyndman and Billah (2003).
///
/// # Examples
/// ```
/// use alluse_forecast::time_series::Theta;
/// use ndarray::array;
///
/// let fitted = Theta::new(1).fit(array![1.0, 2.0, 2.5, 4.0, 5.5, 6.0, 7.0, 8.0].view())?;
/// let ahead = fitted.forecast(2)?;
/// // Every further step adds half of the slope of the line through the series.
/// assert!((ahead[1] - ahead[0] - 0.5 * fitted.slope()).abs() < 1e-12);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Theta {
    /// Periods a season.
    pub period: usize,
    /// Shocks of simulated paths.
    pub shocks: Shocks,
}

/// A [`Theta`] that has seen a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct FittedTheta {
    model: Theta,
    alpha: f64,
    slope: f64,
    level: f64,
    observations: usize,
    season: Option<(Kind, Vec<f64>)>,
    innovations: Vec<f64>,
}

/// A [`FittedTheta`] as it was written, before the parts are known to fit.
#[derive(Deserialize)]
struct Saved {
    model: Theta,
    alpha: f64,
    slope: f64,
    level: f64,
    observations: usize,
    season: Option<(Kind, Vec<f64>)>,
    innovations: Vec<f64>,
}

impl TryFrom<Saved> for FittedTheta {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let Saved { model, alpha, slope, level, observations, season, innovations } = saved;
        check::at_least_one("period", model.period)?;
        check::ensure(alpha > 0.0 && alpha <= 1.0, "alpha", "in (0, 1]", alpha)?;
        check::length("innovations", observations, innovations.len())?;
        check::finite("innovations", ArrayView1::from(innovations.as_slice()))?;
        check::length("season", model.period, season.as_ref().map_or(model.period, |season| season.1.len()))?;
        Ok(Self { model, alpha, slope, level, observations, season, innovations })
    }
}

impl Theta {
    /// With `period` observations a season, 1 for none.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { period, shocks: Shocks::Normal }
    }

    /// With other shocks of simulated paths.
    #[must_use]
    pub fn with_shocks(mut self, shocks: Shocks) -> Self {
        self.shocks = shocks;
        self
    }

    /// Fewest observations of a fit: six, and two seasons.
    #[must_use]
    pub fn min_observations(&self) -> usize {
        self.period.saturating_mul(2).max(6)
    }

    /// Smoothing constant, level and slope of a series; the constant has the smallest sum of squared one-step errors.
    ///
    /// # Errors
    /// - [`Error::Input`] for a period out of range, and a series too short or not finite.
    /// - [`Error::Undefined`] when the series does not vary; [`Error::NotConverged`] when the search does not converge.
    pub fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<FittedTheta> {
        check::ensure((1..=400).contains(&self.period), "period", "between 1 and 400", self.period as f64)?;
        check::finite("levels", levels)?;
        check::enough("levels", self.min_observations(), levels.len())?;
        let mut series = levels.to_vec();
        let season = is_seasonal(&series, self.period).then(|| {
            let kind = if series.iter().all(|level| *level > 0.0) { Kind::Multiplied } else { Kind::Added };
            (kind, decompose(&series, self.period, kind).1)
        });
        if let Some((kind, season)) = &season {
            for (t, value) in series.iter_mut().enumerate() {
                let season = season[t % self.period];
                *value = if *kind == Kind::Added { *value - season } else { *value / season };
            }
        }
        let smoothing = ExponentialSmoothing::new(ErrorTerm::Additive, Trend::None);
        let smoothed = smoothing.fit(ArrayView1::from(series.as_slice()))?;
        let filtered = smoothed.filtered();
        let (alpha, slope) = (filtered.parameters().level, slope(&series));
        let mut fitted = FittedTheta {
            model: *self,
            alpha,
            slope,
            level: filtered.initial().level,
            observations: 0,
            season,
            innovations: Vec::with_capacity(series.len()),
        };
        for value in series {
            fitted.innovations.push(value - fitted.ahead(1));
            fitted.level += alpha * (value - fitted.level);
            fitted.observations += 1;
        }
        if fitted.innovation_variance() > 0.0 { Ok(fitted) } else { Err(Error::undefined("theta", "no error is made")) }
    }
}

fn slope(series: &[f64]) -> f64 {
    let middle = 0.5 * (series.len() as f64 - 1.0);
    let (cross, square) = series.iter().enumerate().fold((0.0, 0.0), |(cross, square), (t, value)| {
        let off = t as f64 - middle;
        (cross + off * value, square + off * off)
    });
    cross / square
}

impl FittedTheta {
    /// The model.
    #[must_use]
    pub fn model(&self) -> &Theta {
        &self.model
    }

    /// α.
    #[must_use]
    pub fn smoothing(&self) -> f64 {
        self.alpha
    }

    /// b: slope of the least-squares line through the adjusted series, a period.
    #[must_use]
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// Whether the series was adjusted for a season.
    #[must_use]
    pub fn is_seasonal(&self) -> bool {
        self.season.is_some()
    }

    /// Mean of the squared one-step errors of the adjusted series.
    #[must_use]
    pub fn innovation_variance(&self) -> f64 {
        self.innovations.iter().map(|e| e * e).sum::<f64>() / self.innovations.len() as f64
    }

    /// Point forecast of each of the next `steps` levels.
    ///
    /// # Errors
    /// [`Error::Input`] for no step, and when a forecast overflows.
    pub fn forecast(&self, steps: usize) -> Result<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        all_finite("forecast", (1..=steps).map(|h| self.with_season(h, self.ahead(h))).collect())
    }

    /// Variance of the error of each forecast, `σ² (1 + (h − 1) α²)`, times the squared factor of a multiplicative
    /// season. Constants count as known.
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast).
    pub fn forecast_variance(&self, steps: usize) -> Result<Array1<f64>> {
        check::at_least_one("steps", steps)?;
        let one = |h: usize| self.innovation_variance() * (1.0 + (h - 1) as f64 * self.alpha * self.alpha);
        let factor = |h: usize| match &self.season {
            Some((Kind::Multiplied, _)) => self.with_season(h, 1.0),
            _ => 1.0,
        };
        all_finite("forecast variance", (1..=steps).map(|h| one(h) * factor(h).powi(2)).collect())
    }

    /// The forecast of the adjusted series.
    fn ahead(&self, steps: usize) -> f64 {
        let passed = (1.0 - (1.0 - self.alpha).powi(self.observations as i32)) / self.alpha;
        self.level + 0.5 * self.slope * (steps as f64 - 1.0 + passed)
    }

    fn with_season(&self, steps: usize, value: f64) -> f64 {
        let at = |season: &[f64]| season[(self.observations + steps - 1) % self.model.period];
        match &self.season {
            None => value,
            Some((Kind::Added, season)) => value + at(season),
            Some((Kind::Multiplied, season)) => value * at(season),
        }
    }
}

impl LevelModel for Theta {
    fn name(&self) -> String {
        "Theta".to_owned()
    }

    fn min_observations(&self) -> usize {
        Self::min_observations(self)
    }

    fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<Box<dyn FittedLevels>> {
        Ok(Box::new(Self::fit(self, levels)?))
    }
}

impl FittedLevels for FittedTheta {
    fn name(&self) -> String {
        "Theta".to_owned()
    }

    fn forecast(&self, steps: usize) -> Result<Array1<f64>> {
        Self::forecast(self, steps)
    }

    fn intervals(&self, steps: usize, coverage: Confidence) -> Result<Vec<(f64, f64)>> {
        normal_intervals(self.forecast(steps)?.view(), self.forecast_variance(steps)?.view(), coverage)
    }

    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<Array2<f64>> {
        let source = Source::new(self.model.shocks, self.innovation_variance().sqrt(), &self.innovations);
        source.paths((steps, paths), seed, 0, |_, shocks, path| {
            let mut carried = 0.0;
            for (h, (slot, shock)) in path.iter_mut().zip(shocks).enumerate() {
                *slot = self.with_season(h + 1, self.ahead(h + 1) + carried + shock);
                carried += self.alpha * shock;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::array;
    use testkit::close;

    use super::super::samples::{airline, hormone};
    use super::*;

    #[test]
    fn statsmodels_gives_the_same_forecasts() {
        // statsmodels 0.15.0, ThetaModel without season, theta = 2: b₀ is half of the slope. Its smoothing constant,
        // 0.9451, rests on other initial levels; so the forecasts agree to 1e-2 only.
        let fitted = Theta::new(1).fit(hormone().view()).unwrap();
        close(0.5 * fitted.slope(), 0.013_145_896_656_534_903 / 2.0, 1e-12);
        let ahead = fitted.forecast(3).unwrap();
        for (got, want) in ahead.iter().zip([2.913_439_841, 2.920_012_789, 2.926_585_738]) {
            close(*got, want, 1e-2);
        }
        // With a season, multiplicative decomposition: α = 0.8388 there.
        let fitted = Theta::new(12).fit(airline().view()).unwrap();
        assert!(fitted.is_seasonal());
        close(fitted.slope(), 2.646_139_257_605_093, 2e-2);
        for (got, want) in fitted.forecast(3).unwrap().iter().zip([440.067_9, 428.374_3, 489.695_7]) {
            close(*got, want, 5e-3);
        }
    }

    #[test]
    fn the_paths_have_the_mean_and_variance_of_the_forecasts() {
        let fitted = Theta::new(12).fit(airline().view()).unwrap();
        let (mean, variance) = (fitted.forecast(14).unwrap(), fitted.forecast_variance(14).unwrap());
        let paths = fitted.simulate(14, 40_000, 3).unwrap();
        for (h, step) in paths.columns().into_iter().enumerate() {
            // Four standard errors: σ/√N of the mean, σ²√(2/N) of the variance.
            close((step.mean().unwrap() - mean[h]) / (variance[h] / 40_000.0).sqrt(), 0.0, 4.0);
            close(step.var(0.0) / variance[h], 1.0, 4.0 * (2.0 / 40_000_f64).sqrt());
        }
        assert_eq!(fitted.simulate(14, 10, 3).unwrap(), paths.view().split_at(ndarray::Axis(0), 10).0);
    }

    #[test]
    fn a_season_around_zero_is_added() {
        let season = [2.0, -1.0, -1.5, 0.5];
        let bumps = [0.1, -0.2, 0.05, 0.15, -0.1];
        let series: Array1<f64> = (0..40).map(|t| season[t % 4] + bumps[t % 5]).collect();
        let ahead = Theta::new(4).fit(series.view()).unwrap().forecast(4).unwrap();
        ahead.iter().zip(&season).for_each(|(got, want)| close(*got, *want, 0.3));
    }

    #[test]
    fn hostile_input() {
        let kind = |levels: Array1<f64>| Theta::new(1).fit(levels.view()).unwrap_err().kind();
        assert_eq!(kind(array![1.0, 2.0]), ErrorKind::InsufficientData);
        assert_eq!(kind(Array1::from_elem(20, 3.0)), ErrorKind::Undefined);
        assert_eq!(kind(array![1.0, f64::NAN, 2.0, 3.0, 4.0, 5.0]), ErrorKind::InvalidInput);
        assert!(Theta::new(0).fit(hormone().view()).is_err());
        let saved = serde_json::to_string(&Theta::new(12).fit(airline().view()).unwrap()).unwrap();
        assert!(serde_json::from_str::<FittedTheta>(&saved).is_ok());
        assert!(serde_json::from_str::<FittedTheta>(&saved.replace("\"period\":12", "\"period\":13")).is_err());
        assert!(Theta::new(1).fit(hormone().view()).unwrap().forecast(0).is_err());
    }
}
