use alluse_risk_core::{Confidence, InputHash, Receipt};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz};
use serde::{Deserialize, Serialize};

use super::LogError;
use crate::{Error, Predictive, Result, check};

/// What a forecast is about, in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredTarget", into = "StoredTarget")]
pub struct Target {
    date: Date,
    opens_at: Timestamp,
    closes_at: Timestamp,
}

impl Target {
    /// The date whose value is forecast, when the outcome begins to be decided, and when it is known.
    ///
    /// For the return of March that is the last trading day, the close of February and the close of that day.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it closes before it opens, or when the close in Coordinated Universal Time is more than
    /// a day away from the date.
    pub fn new(date: Date, opens_at: Timestamp, closes_at: Timestamp) -> Result<Self> {
        if closes_at < opens_at {
            return Err(Error::invalid("target", format!("closes at {closes_at}, before it opens at {opens_at}")));
        }
        let close = tz::Offset::UTC.to_datetime(closes_at).date();
        let near = |days: i64| date.checked_add(days.days()).is_ok_and(|shifted| shifted == close);
        if ![-1, 0, 1].into_iter().any(near) {
            return Err(Error::invalid("target", format!("closes at {closes_at}, not around its date {date}")));
        }
        Ok(Self { date, opens_at, closes_at })
    }

    /// The date whose value is forecast.
    #[must_use]
    pub fn date(&self) -> Date {
        self.date
    }

    /// When the outcome begins to be decided.
    #[must_use]
    pub fn opens_at(&self) -> Timestamp {
        self.opens_at
    }

    /// When the outcome is known.
    #[must_use]
    pub fn closes_at(&self) -> Timestamp {
        self.closes_at
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTarget {
    date: Date,
    opens_at: Timestamp,
    closes_at: Timestamp,
}

impl TryFrom<StoredTarget> for Target {
    type Error = Error;

    fn try_from(stored: StoredTarget) -> Result<Self> {
        Self::new(stored.date, stored.opens_at, stored.closes_at)
    }
}

impl From<Target> for StoredTarget {
    fn from(target: Target) -> Self {
        let Target { date, opens_at, closes_at } = target;
        Self { date, opens_at, closes_at }
    }
}

/// Which model spoke: its name, its version and the hash of its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelId {
    /// Its name; a summary covers all versions of it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Hash of its configuration.
    pub configuration: InputHash,
}

impl ModelId {
    /// From a name, a version and the hash of the configuration.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name or a version without a letter.
    pub fn new(name: impl Into<String>, version: impl Into<String>, configuration: InputHash) -> Result<Self> {
        let (name, version) = (name.into(), version.into());
        named("model name", &name)?;
        named("model version", &version)?;
        Ok(Self { name, version, configuration })
    }
}

/// A quantile that a forecast states.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedQuantile {
    /// Probability that the outcome does not exceed the value, in (0, 1).
    pub probability: f64,
    /// The value.
    pub value: f64,
}

/// The probability of one event: that the outcome lies above a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedProbability {
    /// The threshold.
    pub above: f64,
    /// Probability that the outcome lies above it.
    pub probability: f64,
}

/// One forecast as it enters the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LoggedForecast {
    /// Its name in the log, once only.
    pub id: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// What it is about, in time.
    pub target: Target,
    /// Exchange days ahead.
    pub horizon: usize,
    /// Which model spoke.
    pub model: ModelId,
    /// What it is about, such as an index or a book.
    pub subject: String,
    /// Mean of the outcome, where stated.
    pub mean: Option<f64>,
    /// Quantiles of the outcome; probabilities increase, values do not decrease.
    pub quantiles: Vec<StatedQuantile>,
    /// Probabilities of events.
    pub probabilities: Vec<StatedProbability>,
    /// What it was made from.
    pub receipt: Option<Receipt>,
}

impl LoggedForecast {
    /// A forecast that states nothing yet.
    ///
    /// # Errors
    /// [`LogError::MadeTooLate`] unless it is made before its target opens; [`Error::Invalid`] for a name without a
    /// letter, and [`Error::Input`] for a horizon of zero.
    pub fn new(
        id: impl Into<String>,
        made_at: Timestamp,
        target: Target,
        horizon: usize,
        model: ModelId,
        subject: impl Into<String>,
    ) -> Result<Self> {
        let (quantiles, probabilities) = (Vec::new(), Vec::new());
        let (id, subject) = (id.into(), subject.into());
        let forecast =
            Self { id, made_at, target, horizon, model, subject, mean: None, quantiles, probabilities, receipt: None };
        forecast.check_frame()?;
        Ok(forecast)
    }

    /// With pairs of a probability and the quantile there.
    ///
    /// # Errors
    /// [`Error::Input`] and [`Error::Invalid`] for probabilities outside (0, 1) or out of order, and values that are
    /// not finite or decrease.
    pub fn with_quantiles(mut self, quantiles: impl IntoIterator<Item = (f64, f64)>) -> Result<Self> {
        let stated = |(probability, value)| StatedQuantile { probability, value };
        self.quantiles = quantiles.into_iter().map(stated).collect();
        self.check_statements()?;
        Ok(self)
    }

    /// With the mean of the outcome.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite.
    pub fn with_mean(mut self, mean: f64) -> Result<Self> {
        self.mean = Some(mean);
        self.check_statements()?;
        Ok(self)
    }

    /// With the probability that the outcome lies above a threshold.
    ///
    /// # Errors
    /// [`Error::Input`] for a threshold that is not finite or a probability outside [0, 1], [`Error::Invalid`] for a
    /// second statement about the same threshold.
    pub fn with_probability(mut self, above: f64, probability: f64) -> Result<Self> {
        self.probabilities.push(StatedProbability { above, probability });
        self.check_statements()?;
        Ok(self)
    }

    /// With the mean, the quantiles at `levels` and the probability of a value above zero of a distribution.
    ///
    /// # Errors
    /// Those of the setters it stands for.
    pub fn with_predictive(self, predictive: &Predictive, levels: &[f64]) -> Result<Self> {
        let at = |&level: &f64| Ok((level, predictive.quantile(level)?));
        let quantiles = levels.iter().map(at).collect::<Result<Vec<_>>>()?;
        let up = predictive.probability_above(0.0)?;
        self.with_quantiles(quantiles)?.with_mean(predictive.mean())?.with_probability(0.0, up)
    }

    /// With what it was made from.
    #[must_use]
    pub fn with_receipt(mut self, receipt: Receipt) -> Self {
        self.receipt = Some(receipt);
        self
    }

    /// All that must hold before it may enter a log.
    pub(super) fn check(&self) -> Result<()> {
        self.check_frame()?;
        self.check_statements()?;
        if self.mean.is_none() && self.quantiles.is_empty() && self.probabilities.is_empty() {
            return Err(Error::invalid(format!("forecast {:?}", self.id), "states nothing that can be scored"));
        }
        Ok(())
    }

    fn check_frame(&self) -> Result<()> {
        named("forecast id", &self.id)?;
        named("subject", &self.subject)?;
        named("model name", &self.model.name)?;
        named("model version", &self.model.version)?;
        check::at_least_one("horizon", self.horizon)?;
        if self.made_at >= self.target.opens_at {
            let (id, made_at, opens_at) = (self.id.clone(), self.made_at, self.target.opens_at);
            return Err(LogError::MadeTooLate { id, made_at, opens_at }.into());
        }
        Ok(())
    }

    fn check_statements(&self) -> Result<()> {
        if let Some(mean) = self.mean {
            check::number("mean", mean)?;
        }
        for quantile in &self.quantiles {
            Confidence::new(quantile.probability)?;
            check::number("quantile", quantile.value)?;
        }
        for (index, pair) in self.quantiles.windows(2).enumerate() {
            if pair[1].probability <= pair[0].probability || pair[1].value < pair[0].value {
                let reason = format!("number {} does not come after the one before", index + 1);
                return Err(Error::invalid("quantiles", reason));
            }
        }
        for (index, event) in self.probabilities.iter().enumerate() {
            check::number("threshold", event.above)?;
            let holds = (0.0..=1.0).contains(&event.probability);
            check::ensure(holds, "probability", "in [0, 1]", event.probability)?;
            if self
                .probabilities
                .iter()
                .take(index)
                .any(|other| other.above.partial_cmp(&event.above).is_some_and(std::cmp::Ordering::is_eq))
            {
                let reason = format!("the threshold {} is stated twice", event.above);
                return Err(Error::invalid("probabilities", reason));
            }
        }
        Ok(())
    }
}

/// What came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LoggedOutcome {
    /// The forecast.
    pub id: String,
    /// The value.
    pub observed: f64,
    /// When it was observed.
    pub observed_at: Timestamp,
}

fn named(what: &'static str, name: &str) -> Result<()> {
    if name.chars().any(char::is_alphanumeric) {
        return Ok(());
    }
    Err(Error::invalid(what, format!("{name:?} has neither a letter nor a digit")))
}
