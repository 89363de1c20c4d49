//! One-day forecasts along a history, each from the window before it.

use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::{AssetId, Confidence, Error as CoreError, HistorySplitter, Horizon, VarModel, moments};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use ndarray::{Array1, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One-day forecasts of value at risk and expected shortfall, one after the other.
///
/// Forecast number 0 is for return number `window`, counted from 0, and is made from the `window` returns
/// before it; forecast `i` is for return `window + i`. The model only ever gets a
/// [`History`](alluse_risk_core::History), which ends before the return that it is asked about.
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::{ParametricNormal, RollingForecast};
/// use ndarray::array;
///
/// let returns = array![0.01, -0.02, 0.02, -0.01, 0.03];
/// let forecast = RollingForecast::of_returns(&ParametricNormal::default(), returns.view(), 3, Confidence::P99)?;
/// assert_eq!(forecast.count(), 2); // for the returns −0.01 and 0.03
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawForecast")]
pub struct RollingForecast {
    window: usize,
    confidence: Confidence,
    value_at_risk: Vec<f64>,
    expected_shortfall: Vec<f64>,
}

/// Where a series of forecasts starts, ends and peaks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForecastSummary {
    /// The first forecast.
    pub first: f64,
    /// The last.
    pub last: f64,
    /// Their mean.
    pub mean: f64,
    /// The largest.
    pub max: f64,
    /// Number of the largest forecast, from 0; the first of equals.
    pub max_index: usize,
}

impl RollingForecast {
    /// Forecasts for a series of `returns` in date order, as losses per unit of money invested.
    ///
    /// # Errors
    /// [`Error::Input`] for returns that are not finite or below −1, for an empty window, and unless there are
    /// more returns than the window holds; and what the model answers, such as too short a window.
    pub fn of_returns(
        model: &dyn VarModel,
        returns: ArrayView1<'_, f64>,
        window: usize,
        confidence: Confidence,
    ) -> Result<Self> {
        let days = numbered_days(returns.len())?;
        let panel = ReturnPanel::new(days, vec![AssetId::new("returns")?], returns.to_owned().insert_axis(Axis(1)))?;
        Self::of_panel(model, &panel, Array1::ones(1), window, confidence)
    }

    /// Forecasts for fixed `exposures` in money, one per column of the panel; forecast `i` is for the date
    /// `panel.dates()[window + i]`.
    ///
    /// # Errors
    /// As [`of_returns`](Self::of_returns), and [`Error::Input`] for exposures that do not fit the panel or a
    /// panel of overlapping returns.
    pub fn of_panel(
        model: &dyn VarModel,
        panel: &ReturnPanel,
        exposures: Array1<f64>,
        window: usize,
        confidence: Confidence,
    ) -> Result<Self> {
        let available = panel.dates().len();
        if window == 0 {
            return Err(Error::out_of_domain("window", "at least 1", 0.0));
        }
        if available <= window {
            let required = window.saturating_add(1);
            return Err(CoreError::InsufficientData { name: "rolling forecast", required, available }.into());
        }
        let splitter = HistorySplitter::new(panel, exposures)?;
        let (mut value_at_risk, mut expected_shortfall) = (Vec::new(), Vec::new());
        for end in window..available {
            let loss = model.forecast(splitter.ending(end, window)?, Horizon::DAY)?;
            value_at_risk.push(loss.value_at_risk(confidence)?.value);
            expected_shortfall.push(loss.expected_shortfall(confidence)?.value);
        }
        Ok(Self { window, confidence, value_at_risk, expected_shortfall })
    }

    /// Returns that each forecast is made from.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// The level.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// How many forecasts there are; at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.value_at_risk.len()
    }

    /// The forecasts of value at risk.
    #[must_use]
    pub fn value_at_risk(&self) -> &[f64] {
        &self.value_at_risk
    }

    /// The forecasts of expected shortfall.
    #[must_use]
    pub fn expected_shortfall(&self) -> &[f64] {
        &self.expected_shortfall
    }

    /// Start, end, mean and peak of value at risk.
    ///
    /// # Errors
    /// [`Error::Input`] for forecasts so large that their mean is not a number.
    pub fn value_at_risk_summary(&self) -> Result<ForecastSummary> {
        summary(&self.value_at_risk)
    }

    /// Start, end, mean and peak of expected shortfall.
    ///
    /// # Errors
    /// As [`value_at_risk_summary`](Self::value_at_risk_summary).
    pub fn expected_shortfall_summary(&self) -> Result<ForecastSummary> {
        summary(&self.expected_shortfall)
    }
}

fn summary(values: &[f64]) -> Result<ForecastSummary> {
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
        return Err(CoreError::Empty { name: "forecasts" }.into());
    };
    let (mut max_index, mut max) = (0, first);
    for (index, &value) in values.iter().enumerate() {
        if value > max {
            (max_index, max) = (index, value);
        }
    }
    let mean = moments::mean(ArrayView1::from(values))?;
    Ok(ForecastSummary { first, last, mean, max, max_index })
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

/// The stored form, so that stored forecasts are checked when they are read back.
#[derive(Deserialize)]
struct RawForecast {
    window: usize,
    confidence: Confidence,
    value_at_risk: Vec<f64>,
    expected_shortfall: Vec<f64>,
}

impl TryFrom<RawForecast> for RollingForecast {
    type Error = Error;

    fn try_from(raw: RawForecast) -> Result<Self> {
        let RawForecast { window, confidence, value_at_risk, expected_shortfall } = raw;
        if window == 0 {
            return Err(Error::out_of_domain("window", "at least 1", 0.0));
        }
        if value_at_risk.is_empty() {
            return Err(CoreError::Empty { name: "forecasts" }.into());
        }
        let (expected, got) = (value_at_risk.len(), expected_shortfall.len());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "forecasts of expected shortfall", expected, got }.into());
        }
        for (name, values) in [("value at risk", &value_at_risk), ("expected shortfall", &expected_shortfall)] {
            if let Some(index) = values.iter().position(|v| !v.is_finite()) {
                let (expected, value) = ("finite", values[index]);
                return Err(CoreError::ElementOutOfDomain { name, index, expected, value }.into());
            }
        }
        Ok(Self { window, confidence, value_at_risk, expected_shortfall })
    }
}
