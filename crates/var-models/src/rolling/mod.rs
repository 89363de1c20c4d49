//! One-day forecasts along a history, each made before the day that it is judged by.

mod record;
mod run;

use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::{AssetId, Confidence, Error as CoreError, HistorySplitter, VarModel};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use ndarray::{Array1, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};
pub use record::{Asked, ForecastRecord, ForecastSummary, LevelForecasts, MissingForecast};
pub use run::RollingProgress;

/// Which returns a forecast is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The last so many.
    Fixed(usize),
    /// All before the forecast date; the first forecast has so many.
    Expanding(usize),
}

impl Window {
    /// Returns before the first forecast.
    #[must_use]
    pub fn first(self) -> usize {
        match self {
            Self::Fixed(window) | Self::Expanding(window) => window,
        }
    }

    fn at(self, end: usize) -> usize {
        match self {
            Self::Fixed(window) => window,
            Self::Expanding(_) => end,
        }
    }
}

/// A rolling evaluation: which window, how often the parameters are estimated, which levels are asked.
///
/// Forecast number 0 is for return number `window.first()`, counted from 0; the model only ever gets a
/// [`History`](alluse_risk_core::History), which ends before the return that it is asked about. Between two
/// fits a model that has parameters keeps them ([`VarModel::fit`]) and only sees the new returns; a model
/// without parameters forecasts anew every day.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `window` | required | returns behind every forecast |
/// | `refit_every` | 1 | days between two fits |
/// | `levels` | 95, 97.5 and 99 % | confidences of VaR and ES |
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::{ParametricNormal, Rolling, Window};
/// use ndarray::array;
///
/// let returns = array![0.01, -0.02, 0.02, -0.01, 0.03];
/// let rolling = Rolling::new(Window::Fixed(3))?.with_levels(vec![Confidence::P99])?;
/// let record = rolling.of_returns(&ParametricNormal::default(), returns.view())?;
/// assert_eq!(record.len(), 2); // for the returns −0.01 and 0.03
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRolling")]
pub struct Rolling {
    window: Window,
    refit_every: usize,
    levels: Vec<Confidence>,
}

impl Rolling {
    /// With a window.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty one.
    pub fn new(window: Window) -> Result<Self> {
        if window.first() == 0 {
            return Err(Error::out_of_domain("window", "at least 1", 0.0));
        }
        Ok(Self { window, refit_every: 1, levels: vec![Confidence::P95, Confidence::P975, Confidence::P99] })
    }

    /// With `days` between two fits.
    ///
    /// # Errors
    /// [`Error::Input`] for zero.
    pub fn with_refit_every(mut self, days: usize) -> Result<Self> {
        if days == 0 {
            return Err(Error::out_of_domain("days between fits", "at least 1", 0.0));
        }
        self.refit_every = days;
        Ok(self)
    }

    /// With other levels.
    ///
    /// # Errors
    /// [`Error::Input`] for none, or for one that occurs twice.
    pub fn with_levels(mut self, levels: Vec<Confidence>) -> Result<Self> {
        if levels.is_empty() {
            return Err(CoreError::Empty { name: "levels" }.into());
        }
        for (i, level) in levels.iter().enumerate() {
            if let Some(first) = levels[..i].iter().position(|known| known == level) {
                let value = level.level().to_string();
                return Err(CoreError::Duplicate { name: "level", value, first, second: i }.into());
            }
        }
        self.levels = levels;
        Ok(self)
    }

    /// The window.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// Days between two fits.
    #[must_use]
    pub fn refit_every(&self) -> usize {
        self.refit_every
    }

    /// The levels.
    #[must_use]
    pub fn levels(&self) -> &[Confidence] {
        &self.levels
    }

    /// Forecasts for a series of `returns` in date order, as losses per unit of money invested.
    ///
    /// # Errors
    /// [`Error::Input`] for returns that are not finite or below −1 and as [`run`](Self::run).
    pub fn of_returns(&self, model: &dyn VarModel, returns: ArrayView1<'_, f64>) -> Result<ForecastRecord> {
        let days = numbered_days(returns.len())?;
        let panel = ReturnPanel::new(days, vec![AssetId::new("returns")?], returns.to_owned().insert_axis(Axis(1)))?;
        self.run(model, &HistorySplitter::new(&panel, Array1::ones(1))?)
    }
}

/// Consecutive days for returns that came without dates: only their order counts.
fn numbered_days(count: usize) -> Result<Vec<Date>> {
    /// Days of the calendar, years 1 to 9999.
    const MOST: usize = 3_652_059;
    if count > MOST {
        return Err(Error::out_of_domain("returns", "at most 3652059", count as f64));
    }
    Ok(date(1, 1, 1).series(1.day()).take(count).collect())
}

/// The stored form, so that a stored evaluation is checked when it is read back.
#[derive(Deserialize)]
struct RawRolling {
    window: Window,
    refit_every: usize,
    levels: Vec<Confidence>,
}

impl TryFrom<RawRolling> for Rolling {
    type Error = Error;

    fn try_from(raw: RawRolling) -> Result<Self> {
        Self::new(raw.window)?.with_refit_every(raw.refit_every)?.with_levels(raw.levels)
    }
}
