//! A forecast of a value as a fan of quantiles, and what it claims.

use alluse_risk_core::Confidence;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::chart::{Fan, FanBand};
use crate::{Block, Chart, Document, Error, ReportKind, Result, Section, Table, Unit, Value};

/// Quantiles of a value at future dates, as a model that somebody else owns forecast them.
///
/// ```
/// use alluse_report::{Unit, forecast::ForecastReport};
/// use alluse_risk_core::Confidence;
/// use jiff::civil::date;
///
/// let dates = vec![date(2024, 2, 1), date(2024, 3, 1)];
/// let report = ForecastReport::new("bootstrap of monthly returns", Unit::RATIO, dates, vec![1.0, 1.01])
///     .with_band(Confidence::new(0.8)?, vec![0.95, 0.93], vec![1.05, 1.09])
///     .with_history(vec![(date(2024, 1, 1), 1.0)]);
/// assert!(report.document("Value of one unit", date(2024, 1, 1))?.markdown()?.contains("80 %"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForecastReport {
    /// The model, in words.
    pub model: String,
    /// Unit of the value.
    pub unit: Unit,
    /// Increasing dates of the future.
    pub dates: Vec<Date>,
    /// The median, one value a date.
    pub median: Vec<f64>,
    /// Central bands.
    pub bands: Vec<Band>,
    /// What was.
    pub history: Vec<(Date, f64)>,
    /// Probabilities of named events, such as a gain.
    pub events: Vec<(String, f64)>,
    /// How earlier forecasts of the model did, in words; nothing is claimed without it.
    pub track_record: Option<String>,
    /// What was taken for granted, in words.
    pub assumptions: Vec<String>,
}

/// A central band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Probability that it holds.
    pub probability: Confidence,
    /// Lower ends, one a date.
    pub lower: Vec<f64>,
    /// Upper ends, one a date.
    pub upper: Vec<f64>,
}

impl ForecastReport {
    /// A median without bands.
    #[must_use]
    pub fn new(model: impl Into<String>, unit: Unit, dates: Vec<Date>, median: Vec<f64>) -> Self {
        Self {
            model: model.into(),
            unit,
            dates,
            median,
            bands: Vec::new(),
            history: Vec::new(),
            events: Vec::new(),
            track_record: None,
            assumptions: Vec::new(),
        }
    }

    /// With a central band.
    #[must_use]
    pub fn with_band(mut self, probability: Confidence, lower: Vec<f64>, upper: Vec<f64>) -> Self {
        self.bands.push(Band { probability, lower, upper });
        self
    }

    /// With the past.
    #[must_use]
    pub fn with_history(mut self, history: Vec<(Date, f64)>) -> Self {
        self.history = history;
        self
    }

    /// With the probability of an event.
    #[must_use]
    pub fn with_event(mut self, event: impl Into<String>, probability: f64) -> Self {
        self.events.push((event.into(), probability));
        self
    }

    /// With how earlier forecasts of the model did.
    #[must_use]
    pub fn with_track_record(mut self, words: impl Into<String>) -> Self {
        self.track_record = Some(words.into());
        self
    }

    /// With something taken for granted, in words.
    #[must_use]
    pub fn with_assumption(mut self, words: impl Into<String>) -> Self {
        self.assumptions.push(words.into());
        self
    }

    /// The report as a document.
    ///
    /// # Errors
    /// [`Error::Invalid`] for lengths that differ, a probability outside 0 to 1, bands that cross the median or that do
    /// not nest, and dates that do not increase after `as_of`.
    pub fn document(&self, title: &str, as_of: Date) -> Result<Document> {
        self.check(as_of)?;
        let subtitle = format!("{} dates ahead, by {}", self.dates.len(), self.model);
        let mut document = Document::new(title, subtitle, ReportKind::SinceInception, as_of);
        let mut section = Section::new("Forecast");
        let skill = self.track_record.as_deref().unwrap_or(
            "No earlier forecast of this model was scored, so nothing is known about its skill: the bands are what the \
             model says, not what has been shown.",
        );
        section.push(Chart::Fan(self.fan()));
        section.push(Block::Caution(skill.to_owned()));
        section.push(self.quantiles()?);
        if !self.events.is_empty() {
            let mut table = Table::new("Probabilities", ["event", "probability"]);
            for (event, probability) in &self.events {
                table.push(vec![Value::text(event), Value::new(*probability, Unit::Percent { decimals: 1 })])?;
            }
            section.push(table);
        }
        document.push(section);
        if !self.assumptions.is_empty() {
            document.push(Section::new("Assumptions").with(Block::List(self.assumptions.clone())));
        }
        Ok(document)
    }

    /// Bands, the widest first.
    fn widest_first(&self) -> Vec<&Band> {
        let mut bands: Vec<&Band> = self.bands.iter().collect();
        bands.sort_by(|a, b| b.probability.level().total_cmp(&a.probability.level()));
        bands
    }

    fn check(&self, as_of: Date) -> Result<()> {
        let fault = |reason: String| Err(Error::invalid("forecast", reason));
        if self.dates.is_empty() {
            return fault("there are no dates".to_owned());
        }
        if self.dates[0] <= as_of {
            return fault(format!("the first date {} is not after {as_of}", self.dates[0]));
        }
        let bands = self.widest_first();
        let lengths = bands.iter().flat_map(|band| [band.lower.len(), band.upper.len()]).chain([self.median.len()]);
        if let Some(length) = lengths.into_iter().find(|length| *length != self.dates.len()) {
            return fault(format!("{length} values for {} dates", self.dates.len()));
        }
        for (index, date) in self.dates.iter().enumerate() {
            let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
            for band in &bands {
                let (lower, upper) = (band.lower[index], band.upper[index]);
                if !(low <= lower && lower <= self.median[index] && self.median[index] <= upper && upper <= high) {
                    let level = Unit::Percent { decimals: 0 }.format(band.probability.level());
                    return fault(format!(
                        "on {date} the {level} band {lower} to {upper} does not nest about the median"
                    ));
                }
                (low, high) = (lower, upper);
            }
        }
        match self.events.iter().find(|(_, probability)| !(0.0..=1.0).contains(probability)) {
            Some((event, probability)) => fault(format!("the probability of {event:?} is {probability}")),
            None => Ok(()),
        }
    }

    fn fan(&self) -> Fan {
        let band = |band: &&Band| FanBand {
            probability: band.probability.level(),
            lower: band.lower.clone(),
            upper: band.upper.clone(),
        };
        Fan {
            title: "What was, and what the model expects".to_owned(),
            description: format!(
                "The line is the median; the bands hold with {}, if the model is right.",
                self.widest_first()
                    .iter()
                    .map(|band| Unit::Percent { decimals: 0 }.format(band.probability.level()))
                    .collect::<Vec<_>>()
                    .join(" and ")
            ),
            unit: self.unit.clone(),
            history: self.history.clone(),
            dates: self.dates.clone(),
            median: self.median.clone(),
            bands: self.widest_first().iter().map(band).collect(),
        }
    }

    fn quantiles(&self) -> Result<Table> {
        let bands = self.widest_first();
        let mut columns = vec!["date".to_owned(), "median".to_owned()];
        for band in &bands {
            let level = Unit::Percent { decimals: 0 }.format(band.probability.level());
            columns.extend([format!("{level} from"), format!("{level} to")]);
        }
        let mut table = Table::new("Quantiles", columns);
        for (index, date) in self.dates.iter().enumerate() {
            let mut row = vec![Value::Date(*date), Value::new(self.median[index], self.unit.clone())];
            let ends = bands.iter().flat_map(|band| [band.lower[index], band.upper[index]]);
            row.extend(ends.map(|end| Value::new(end, self.unit.clone())));
            table.push(row)?;
        }
        Ok(table)
    }
}
