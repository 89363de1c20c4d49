use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::filtered::FilteredSmoothing;
use super::fit::{self, FittedSmoothing};
use crate::time_series::Shocks;
use crate::{Error, Result, check};

/// How the one-step error enters an [`ExponentialSmoothing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorTerm {
    /// `y = μ + ε`.
    Additive,
    /// `y = μ (1 + ε)`: for positive series.
    Multiplicative,
}

/// The trend of an [`ExponentialSmoothing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trend {
    /// None.
    None,
    /// A slope that goes on.
    Additive,
    /// A slope that dies out.
    Damped,
}

/// The season of an [`ExponentialSmoothing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Season {
    /// None.
    None,
    /// Added to the level.
    Additive,
    /// Times the level: with a multiplicative error only.
    Multiplicative,
}

/// Exponential smoothing as a state space, ETS(error, trend, season), by maximum likelihood.
///
/// ```text
/// μₜ = lₜ₋₁ + φbₜ₋₁ + sₜ₋ₘ              or  (lₜ₋₁ + φbₜ₋₁) sₜ₋ₘ
/// eₜ = yₜ − μₜ,   εₜ = eₜ  or  eₜ/μₜ
/// lₜ = lₜ₋₁ + φbₜ₋₁ + α eₜ              or  (lₜ₋₁ + φbₜ₋₁)(1 + αεₜ)
/// bₜ = φbₜ₋₁ + β eₜ                     or  φbₜ₋₁ + β(lₜ₋₁ + φbₜ₋₁)εₜ
/// sₜ = sₜ₋ₘ + γ eₜ                      or  sₜ₋ₘ(1 + γεₜ)
/// ```
///
/// The second forms belong to a multiplicative season. Initial states are estimated with the smoothing constants; the
/// initial seasons sum to zero, or have the mean one. With an additive error the maximum of the likelihood is the
/// minimum of the sum of squared one-step errors, which is linear in the initial states: they are solved for.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `error`, `trend` | required | | |
/// | `with_season` | none | season and its period m | 2 ≤ m ≤ 400 |
/// | `with_damping` | 0.8 to 0.98 | range of φ | inside (0, 1] |
/// | `with_starts` | 3 | searches, from the best of a grid of first guesses | at least 1 |
/// | `with_shocks` | `Normal` | shocks of simulated paths | |
///
/// The constants keep to the usual region `0 < α < 1`, `0 < β < α`, `0 < γ < 1 − α`. Models with an additive error and
/// a multiplicative season are not admissible and refused: they divide by states that may pass zero.
///
/// # Source
/// Hyndman, Koehler, Ord and Snyder (2008), *Forecasting with Exponential Smoothing*, chapters 2, 5 and 6.
///
/// # Examples
/// ```
/// use alluse_forecast::time_series::{ErrorTerm, ExponentialSmoothing, Trend};
/// use ndarray::array;
///
/// // Holt's method goes on with a line.
/// let line = array![1.1, 2.0, 3.0, 3.9, 5.0, 6.1, 7.0, 8.0];
/// let fitted = ExponentialSmoothing::new(ErrorTerm::Additive, Trend::Additive).fit(line.view())?;
/// let ahead = fitted.filtered().forecast(2)?;
/// assert!((ahead[1] - 10.0).abs() < 0.1);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExponentialSmoothing {
    /// How the error enters.
    pub error: ErrorTerm,
    /// The trend.
    pub trend: Trend,
    /// The season.
    pub season: Season,
    /// Periods a season; 1 without one.
    pub period: usize,
    /// Smallest and largest damping.
    pub damping: (f64, f64),
    /// Searches.
    pub starts: usize,
    /// Shocks of simulated paths.
    pub shocks: Shocks,
}

/// Smoothing constants of an [`ExponentialSmoothing`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SmoothingParameters {
    /// α.
    pub level: f64,
    /// β in the error form: Holt's constant is β/α.
    pub trend: Option<f64>,
    /// γ.
    pub season: Option<f64>,
    /// φ.
    pub damping: Option<f64>,
}

/// States of an [`ExponentialSmoothing`] between two observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SmoothingState {
    /// The level.
    pub level: f64,
    /// The slope.
    pub trend: Option<f64>,
    /// The seasons of the next m observations; empty without a season.
    pub season: Vec<f64>,
}

impl ExponentialSmoothing {
    /// Without a season.
    #[must_use]
    pub fn new(error: ErrorTerm, trend: Trend) -> Self {
        let (season, shocks) = (Season::None, Shocks::Normal);
        Self { error, trend, season, period: 1, damping: (0.8, 0.98), starts: 3, shocks }
    }

    /// With a season of `period` observations.
    #[must_use]
    pub fn with_season(mut self, season: Season, period: usize) -> Self {
        self.season = season;
        self.period = if season == Season::None { 1 } else { period };
        self
    }

    /// With another range of the damping.
    #[must_use]
    pub fn with_damping(mut self, smallest: f64, largest: f64) -> Self {
        self.damping = (smallest, largest);
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

    /// Number of estimated parameters: smoothing constants, free initial states and the variance.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.constants() + self.free_states() + 1
    }

    /// Fewest observations of a fit: two more than parameters, and two seasons.
    #[must_use]
    pub fn min_observations(&self) -> usize {
        let seasons = if self.season == Season::None { 0 } else { 2 * self.period };
        (self.parameter_count() + 2).max(seasons)
    }

    /// The maximum of the likelihood over smoothing constants and initial states.
    ///
    /// # Errors
    /// - [`Error::Input`] for a series too short (see [`min_observations`](Self::min_observations)), not finite, or not
    ///   positive where the model multiplies; for a period or damping out of range.
    /// - [`Error::Unsupported`] for an additive error with a multiplicative season.
    /// - [`Error::Undefined`] when the series does not vary or the model fits it without error.
    /// - [`Error::NotConverged`] when no search converges.
    pub fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<FittedSmoothing> {
        fit::fit(self, levels)
    }

    /// The model with given constants and initial states over a series, ready to forecast from its end.
    ///
    /// # Errors
    /// [`Error::Input`] for states and constants that do not belong to the model or are not finite, and for series as in
    /// [`fit`](Self::fit), any length; [`Error::Undefined`] when a one-step forecast of a multiplicative model is not
    /// positive, or the model makes no error.
    pub fn filter(
        &self,
        levels: ArrayView1<'_, f64>,
        parameters: &SmoothingParameters,
        initial: &SmoothingState,
    ) -> Result<FilteredSmoothing> {
        FilteredSmoothing::new(self, levels, parameters, initial)
    }

    pub(super) fn has_trend(&self) -> bool {
        self.trend != Trend::None
    }

    pub(super) fn has_season(&self) -> bool {
        self.season != Season::None
    }

    pub(super) fn multiplies(&self) -> bool {
        self.error == ErrorTerm::Multiplicative
    }

    pub(super) fn constants(&self) -> usize {
        1 + usize::from(self.has_trend()) + usize::from(self.has_season()) + usize::from(self.trend == Trend::Damped)
    }

    pub(super) fn free_states(&self) -> usize {
        1 + usize::from(self.has_trend()) + if self.has_season() { self.period - 1 } else { 0 }
    }

    pub(super) fn check(&self, levels: ArrayView1<'_, f64>) -> Result<()> {
        self.check_choices()?;
        check::finite("levels", levels)?;
        if self.multiplies() {
            check::elements("levels", "positive", levels, |level| level > 0.0)?;
        }
        Ok(())
    }

    /// Parts that go together, within their ranges.
    pub(super) fn check_choices(&self) -> Result<()> {
        if self.season == Season::Multiplicative && !self.multiplies() {
            let what = "an additive error with a multiplicative season".to_owned();
            return Err(Error::Unsupported { what });
        }
        let least = if self.has_season() { 2 } else { 1 };
        check::ensure((least..=400).contains(&self.period), "period", "between 2 and 400", self.period as f64)?;
        let (smallest, largest) = self.damping;
        check::ensure(smallest > 0.0 && smallest < largest, "smallest damping", "in (0, largest)", smallest)?;
        check::ensure(largest <= 1.0, "largest damping", "at most 1", largest)?;
        check::at_least_one("starts", self.starts)
    }
}

impl SmoothingParameters {
    pub(super) fn check(&self, model: &ExponentialSmoothing) -> Result<()> {
        let given = [
            ("trend constant", self.trend, model.has_trend()),
            ("season constant", self.season, model.has_season()),
            ("damping", self.damping, model.trend == Trend::Damped),
        ];
        check::number("level constant", self.level)?;
        for (name, value, expected) in given {
            check::length(name, usize::from(expected), usize::from(value.is_some()))?;
            check::number(name, value.unwrap_or(0.0))?;
        }
        Ok(())
    }
}

impl SmoothingState {
    pub(super) fn check(&self, model: &ExponentialSmoothing) -> Result<()> {
        check::number("level state", self.level)?;
        check::length("trend state", usize::from(model.has_trend()), usize::from(self.trend.is_some()))?;
        check::number("trend state", self.trend.unwrap_or(0.0))?;
        check::length("season state", if model.has_season() { model.period } else { 0 }, self.season.len())?;
        check::elements("season state", "finite", ArrayView1::from(self.season.as_slice()), f64::is_finite)
    }
}

impl std::fmt::Display for ExponentialSmoothing {
    /// `ETS(A,Ad,M)[12]`: error, trend, season, period.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let error = if self.multiplies() { "M" } else { "A" };
        let trend = match self.trend {
            Trend::None => "N",
            Trend::Additive => "A",
            Trend::Damped => "Ad",
        };
        match self.season {
            Season::None => write!(f, "ETS({error},{trend},N)"),
            Season::Additive => write!(f, "ETS({error},{trend},A)[{}]", self.period),
            Season::Multiplicative => write!(f, "ETS({error},{trend},M)[{}]", self.period),
        }
    }
}
