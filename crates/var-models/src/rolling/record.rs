//! What was forecast, what came, and what could not be forecast.

use alluse_risk_core::{Confidence, Error as CoreError, ErrorKind, moments};
use jiff::civil::Date;
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::backtest::LevelRecord;
use crate::{Error, Result};

/// One-day forecasts of one model beside the P&L that came.
///
/// A forecast that the model could not make is `None`, and the reason stands in
/// [`missing`](Self::missing); it is never replaced by a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRecord")]
pub struct ForecastRecord {
    model: String,
    dates: Vec<Date>,
    realised: Vec<f64>,
    levels: Vec<LevelForecasts>,
    pit: Vec<Option<f64>>,
    missing: Vec<MissingForecast>,
}

/// The forecasts at one level, one a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelForecasts {
    /// The level.
    pub confidence: Confidence,
    /// Value at risk.
    pub value_at_risk: Vec<Option<f64>>,
    /// Expected shortfall.
    pub expected_shortfall: Vec<Option<f64>>,
}

/// What a model was asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Asked {
    /// The predictive distribution, and with it everything else.
    Distribution,
    /// Value at risk at a level.
    ValueAtRisk(Confidence),
    /// Expected shortfall at a level.
    ExpectedShortfall(Confidence),
    /// The predictive probability of a loss no larger than the one that came.
    Probability,
}

/// A forecast that could not be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingForecast {
    /// For which date.
    pub date: Date,
    /// What was asked.
    pub asked: Asked,
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The error, in words.
    pub reason: String,
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

impl ForecastRecord {
    /// From its parts; `levels` and `pit` have one element a date.
    ///
    /// # Errors
    /// [`Error::Input`] without dates or levels, for parts of different length, for P&L or forecasts that are
    /// not finite and probabilities outside [0, 1].
    pub fn new(
        model: impl Into<String>,
        dates: Vec<Date>,
        realised: Vec<f64>,
        levels: Vec<LevelForecasts>,
        pit: Vec<Option<f64>>,
        missing: Vec<MissingForecast>,
    ) -> Result<Self> {
        if dates.is_empty() || levels.is_empty() {
            return Err(CoreError::Empty { name: "forecasts" }.into());
        }
        let length = |name, got: usize| match got == dates.len() {
            true => Ok(()),
            false => Err(CoreError::LengthMismatch { name, expected: dates.len(), got }),
        };
        length("realised P&L", realised.len())?;
        length("predictive probabilities", pit.len())?;
        if let Some(index) = dates.windows(2).position(|pair| pair[0] >= pair[1]) {
            let (index, value) = (index + 1, dates[index + 1].to_string());
            return Err(CoreError::NotIncreasing { name: "forecast date", index, value }.into());
        }
        finite("realised P&L", realised.iter().copied().enumerate())?;
        for level in &levels {
            length("forecasts of value at risk", level.value_at_risk.len())?;
            length("forecasts of expected shortfall", level.expected_shortfall.len())?;
            finite("value at risk", known(&level.value_at_risk))?;
            finite("expected shortfall", known(&level.expected_shortfall))?;
        }
        if let Some((index, value)) = known(&pit).find(|(_, p)| !(0.0..=1.0).contains(p)) {
            let name = "predictive probability";
            return Err(CoreError::ElementOutOfDomain { name, index, expected: "in [0, 1]", value }.into());
        }
        Ok(Self { model: model.into(), dates, realised, levels, pit, missing })
    }

    /// With another name of the model.
    #[must_use]
    pub fn named(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// How many dates there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a record is never empty")]
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// The dates.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// What came: the P&L of every date.
    #[must_use]
    pub fn realised(&self) -> &[f64] {
        &self.realised
    }

    /// The predictive probability of a loss no larger than the one that came.
    #[must_use]
    pub fn pit(&self) -> &[Option<f64>] {
        &self.pit
    }

    /// The forecasts of every level.
    #[must_use]
    pub fn levels(&self) -> &[LevelForecasts] {
        &self.levels
    }

    /// The forecasts of one level.
    ///
    /// # Errors
    /// [`Error::Input`] for a level that was not asked.
    pub fn level(&self, confidence: Confidence) -> Result<&LevelForecasts> {
        let unknown = || CoreError::Unknown { name: "level", value: confidence.level().to_string() };
        Ok(self.levels.iter().find(|level| level.confidence == confidence).ok_or_else(unknown)?)
    }

    /// What a court hears of one level: P&L and value at risk of the days that have one, and beside them expected
    /// shortfall and probability transforms, each when none of those days lacks it and the court takes it. A book
    /// whose tail gains has a shortfall that is not positive, of which no test of shortfall can speak.
    ///
    /// # Errors
    /// [`Error::Input`] for a level that was not asked, and when no day has a value at risk.
    pub fn at(&self, confidence: Confidence) -> Result<LevelRecord> {
        let level = self.level(confidence)?;
        let days: Vec<usize> = (0..self.len()).filter(|&i| level.value_at_risk[i].is_some()).collect();
        if days.is_empty() {
            return Err(CoreError::Empty { name: "days with a value at risk" }.into());
        }
        let whole = |values: &[Option<f64>]| days.iter().map(|&i| values[i]).collect::<Option<Array1<f64>>>();
        let realised: Array1<f64> = days.iter().map(|&i| self.realised[i]).collect();
        let Some(value_at_risk) = whole(&level.value_at_risk) else {
            return Err(CoreError::Empty { name: "value at risk" }.into());
        };
        let mut record = LevelRecord::new(realised.view(), value_at_risk.view(), confidence)?;
        if let Some(shortfall) = whole(&level.expected_shortfall) {
            record = record.clone().with_expected_shortfall(shortfall.view()).unwrap_or(record);
        }
        if let Some(pit) = whole(&self.pit) {
            // The court asks how probable a return at or below the one that came was.
            record = record.with_pit((1.0 - pit).view())?;
        }
        Ok(record)
    }

    /// Every forecast that could not be made.
    #[must_use]
    pub fn missing(&self) -> &[MissingForecast] {
        &self.missing
    }

    /// Every value at risk of a level.
    ///
    /// # Errors
    /// [`Error::Input`] for a level that was not asked, and the first reason when one is missing.
    pub fn value_at_risk(&self, confidence: Confidence) -> Result<Vec<f64>> {
        self.whole(&self.level(confidence)?.value_at_risk, Asked::ValueAtRisk(confidence))
    }

    /// Every expected shortfall of a level.
    ///
    /// # Errors
    /// As [`value_at_risk`](Self::value_at_risk).
    pub fn expected_shortfall(&self, confidence: Confidence) -> Result<Vec<f64>> {
        self.whole(&self.level(confidence)?.expected_shortfall, Asked::ExpectedShortfall(confidence))
    }

    fn whole(&self, forecasts: &[Option<f64>], asked: Asked) -> Result<Vec<f64>> {
        forecasts.iter().enumerate().map(|(i, forecast)| forecast.ok_or_else(|| self.why(i, asked))).collect()
    }

    fn why(&self, index: usize, asked: Asked) -> Error {
        let date = self.dates[index];
        let of = |m: &&MissingForecast| m.date == date && (m.asked == asked || m.asked == Asked::Distribution);
        match self.missing.iter().find(of) {
            Some(missing) => {
                let message = format!("{} on {date}: {}", self.model, missing.reason);
                CoreError::Model { kind: missing.kind, message }.into()
            }
            None => CoreError::Unknown { name: "forecast for", value: date.to_string() }.into(),
        }
    }

    /// Start, end, mean and peak of value at risk.
    ///
    /// # Errors
    /// As [`value_at_risk`](Self::value_at_risk), and for forecasts so large that their mean is not a number.
    pub fn value_at_risk_summary(&self, confidence: Confidence) -> Result<ForecastSummary> {
        summary(&self.value_at_risk(confidence)?)
    }

    /// Start, end, mean and peak of expected shortfall.
    ///
    /// # Errors
    /// As [`value_at_risk_summary`](Self::value_at_risk_summary).
    pub fn expected_shortfall_summary(&self, confidence: Confidence) -> Result<ForecastSummary> {
        summary(&self.expected_shortfall(confidence)?)
    }
}

fn known(values: &[Option<f64>]) -> impl Iterator<Item = (usize, f64)> {
    values.iter().enumerate().filter_map(|(i, value)| value.map(|value| (i, value)))
}

fn finite(name: &'static str, mut values: impl Iterator<Item = (usize, f64)>) -> Result<()> {
    match values.find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(CoreError::ElementOutOfDomain { name, index, expected: "finite", value }.into()),
        None => Ok(()),
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

/// The stored form, so that stored forecasts are checked when they are read back.
#[derive(Deserialize)]
struct RawRecord {
    model: String,
    dates: Vec<Date>,
    realised: Vec<f64>,
    levels: Vec<LevelForecasts>,
    pit: Vec<Option<f64>>,
    missing: Vec<MissingForecast>,
}

impl TryFrom<RawRecord> for ForecastRecord {
    type Error = Error;

    fn try_from(raw: RawRecord) -> Result<Self> {
        Self::new(raw.model, raw.dates, raw.realised, raw.levels, raw.pit, raw.missing)
    }
}
