use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use jiff::Timestamp;

use super::line::{self, Entry, GENESIS};
use super::{LogError, LoggedForecast, LoggedOutcome};
use crate::{Error, Result, check};

/// Forecasts and their outcomes in the order in which they became known; see the [module](crate::log).
///
/// It holds no file: [`forecast`](Self::forecast) and [`outcome`](Self::outcome) return the line to append to one.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastLog {
    entries: Vec<Entry>,
    /// Place of every forecast among the entries.
    forecasts: BTreeMap<String, usize>,
    /// Place of every outcome among the entries.
    outcomes: BTreeMap<String, usize>,
    head: String,
}

impl Default for ForecastLog {
    fn default() -> Self {
        Self::new()
    }
}

impl ForecastLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        let (entries, forecasts, outcomes) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { entries, forecasts, outcomes, head: GENESIS.to_owned() }
    }

    /// Number of entries: forecasts and outcomes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was entered yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// SHA-256 of the last line; 64 zeros for an empty log.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Time of the last entry.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.entries.last().map(Entry::time)
    }

    /// Enters a forecast and returns its line, without the line feed.
    ///
    /// # Errors
    /// [`LogError`] when it was made after its target opened or before the last entry, or has a name that was used;
    /// [`Error::Invalid`] and [`Error::Input`] for contents that contradict themselves or cannot be scored. The log is
    /// then unchanged.
    pub fn forecast(&mut self, forecast: LoggedForecast) -> Result<String> {
        self.append(Entry::Forecast(Box::new(forecast)))
    }

    /// Enters what came about and returns its line, without the line feed.
    ///
    /// # Errors
    /// [`LogError`] when it was observed before the target closed or before the last entry, or when the forecast is
    /// unknown or has its outcome; [`Error::Input`] for a value that is not finite. The log is then unchanged.
    pub fn outcome(&mut self, id: impl Into<String>, observed: f64, observed_at: Timestamp) -> Result<String> {
        self.append(Entry::Outcome(LoggedOutcome { id: id.into(), observed, observed_at }))
    }

    /// A forecast by its name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&LoggedForecast> {
        self.forecasts.get(id).and_then(|&place| as_forecast(&self.entries[place]))
    }

    /// The outcome of a forecast, once it is known.
    #[must_use]
    pub fn outcome_of(&self, id: &str) -> Option<&LoggedOutcome> {
        self.outcomes.get(id).and_then(|&place| as_outcome(&self.entries[place]))
    }

    /// All forecasts in the order in which they were made.
    pub fn forecasts(&self) -> impl Iterator<Item = &LoggedForecast> {
        self.entries.iter().filter_map(as_forecast)
    }

    /// Forecasts whose target was over at `as_of` and whose outcome is missing.
    #[must_use]
    pub fn unscored(&self, as_of: Timestamp) -> Vec<&LoggedForecast> {
        let due = |f: &&LoggedForecast| f.target.closes_at() <= as_of && !self.outcomes.contains_key(&f.id);
        self.forecasts().filter(due).collect()
    }

    /// The whole log as text, one line per entry, every one ended by a line feed.
    ///
    /// # Errors
    /// [`LogError::Unreadable`] when an entry cannot be written.
    pub fn to_text(&self) -> Result<String> {
        let (mut text, mut previous) = (String::new(), GENESIS.to_owned());
        for (sequence, entry) in self.entries.iter().enumerate() {
            let (line, hash) = line::write(sequence, &previous, entry)?;
            text.push_str(&line);
            text.push('\n');
            previous = hash;
        }
        Ok(text)
    }

    /// Writes the whole log.
    ///
    /// # Errors
    /// [`LogError::Unreadable`].
    pub fn write(&self, mut out: impl Write) -> Result<()> {
        out.write_all(self.to_text()?.as_bytes()).map_err(unreadable)
    }

    /// Reads a log from its bytes, verifying every hash and replaying every rule.
    ///
    /// # Errors
    /// [`LogError::Broken`] with the number of the first line that is not as it was appended.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Self::read(text)
    }

    /// Reads a log, verifying every hash and replaying every rule.
    ///
    /// # Errors
    /// [`LogError::Broken`] with the number of the first line that is not as it was appended; [`LogError::Unreadable`]
    /// when the reader fails.
    pub fn read(mut reader: impl BufRead) -> Result<Self> {
        let (mut log, mut buffer) = (Self::new(), Vec::new());
        loop {
            buffer.clear();
            if reader.read_until(b'\n', &mut buffer).map_err(unreadable)? == 0 {
                return Ok(log);
            }
            let line = log.entries.len() + 1;
            let broken = |problem: String| Error::from(LogError::Broken { line, problem });
            let text = buffer.strip_suffix(b"\n").ok_or_else(|| broken("it has no end".to_owned()))?;
            let (entry, hash) = line::read(text, log.entries.len(), &log.head).map_err(broken)?;
            log.admit(&entry).map_err(|error| broken(error.to_string()))?;
            log.enter(entry, hash);
        }
    }

    /// Refuses a log that does not end with the line whose hash is remembered elsewhere.
    ///
    /// # Errors
    /// [`LogError::OtherHead`].
    pub fn expect_head(&self, expected: &str) -> Result<()> {
        if self.head == expected {
            return Ok(());
        }
        Err(LogError::OtherHead { expected: expected.to_owned(), found: self.head.clone() }.into())
    }

    fn append(&mut self, entry: Entry) -> Result<String> {
        self.admit(&entry)?;
        let (line, hash) = line::write(self.entries.len(), &self.head, &entry)?;
        self.enter(entry, hash);
        Ok(line)
    }

    fn admit(&self, entry: &Entry) -> Result<()> {
        match entry {
            Entry::Forecast(forecast) => {
                forecast.check()?;
                if self.forecasts.contains_key(&forecast.id) {
                    return Err(LogError::DuplicateForecast { id: forecast.id.clone() }.into());
                }
            }
            Entry::Outcome(outcome) => {
                check::number("observed", outcome.observed)?;
                let id = outcome.id.clone();
                let Some(forecast) = self.get(&id) else {
                    return Err(LogError::UnknownForecast { id }.into());
                };
                let (observed_at, closes_at) = (outcome.observed_at, forecast.target.closes_at());
                if observed_at < closes_at {
                    return Err(LogError::ObservedTooEarly { id, observed_at, closes_at }.into());
                }
                if self.outcomes.contains_key(&id) {
                    return Err(LogError::DuplicateOutcome { id }.into());
                }
            }
        }
        let time = entry.time();
        match self.latest() {
            Some(latest) if time < latest => Err(LogError::TimeGoesBack { time, latest }.into()),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, entry: Entry, hash: String) {
        let place = self.entries.len();
        match &entry {
            Entry::Forecast(forecast) => self.forecasts.insert(forecast.id.clone(), place),
            Entry::Outcome(outcome) => self.outcomes.insert(outcome.id.clone(), place),
        };
        self.entries.push(entry);
        self.head = hash;
    }
}

fn as_forecast(entry: &Entry) -> Option<&LoggedForecast> {
    match entry {
        Entry::Forecast(forecast) => Some(forecast),
        Entry::Outcome(_) => None,
    }
}

fn as_outcome(entry: &Entry) -> Option<&LoggedOutcome> {
    match entry {
        Entry::Forecast(_) => None,
        Entry::Outcome(outcome) => Some(outcome),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn unreadable(error: std::io::Error) -> Error {
    LogError::Unreadable { problem: error.to_string() }.into()
}
