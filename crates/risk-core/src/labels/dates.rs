use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Labels on dates, each with the time at which it became known.
///
/// A label that was assigned on Friday to the week that began on Monday cannot enter Monday's decision:
/// [`known_at`](Self::known_at) does not see it yet. [`hindsight`](Self::hindsight) does, and says so in
/// its name.
///
/// ```
/// use alluse_risk_core::labels::DateLabels;
/// use jiff::civil::date;
///
/// let monday = date(2024, 1, 8);
/// let mut week_type = DateLabels::new("week_type");
/// week_type.record(monday, "assigned", "2024-01-12T21:00:00Z".parse().unwrap())?;
/// assert_eq!(week_type.known_at(monday, "2024-01-08T14:30:00Z".parse().unwrap()), None);
/// assert_eq!(week_type.hindsight(monday), Some("assigned"));
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct DateLabels {
    axis: String,
    entries: BTreeMap<Date, BTreeMap<Timestamp, String>>,
}

impl DateLabels {
    /// No labels yet on `axis`.
    pub fn new(axis: impl Into<String>) -> Self {
        Self { axis: axis.into(), entries: BTreeMap::new() }
    }

    /// The axis.
    #[must_use]
    pub fn axis(&self) -> &str {
        &self.axis
    }

    /// Records that `date` was found to carry `label` at `known_at`. Later records revise earlier ones.
    ///
    /// # Errors
    /// [`Error::Empty`] for a blank label, [`Error::Duplicate`] when another label became known for the
    /// same date at the very same time.
    pub fn record(&mut self, date: Date, label: impl Into<String>, known_at: Timestamp) -> Result<()> {
        let label = label.into();
        if label.trim().is_empty() {
            return Err(Error::Empty { name: "label" });
        }
        let revisions = self.entries.entry(date).or_default();
        if revisions.get(&known_at).is_some_and(|known| *known != label) {
            let first = revisions.range(..known_at).count();
            return Err(Error::Duplicate { name: "label of a date", value: label, first, second: first });
        }
        revisions.insert(known_at, label);
        Ok(())
    }

    /// The label of `date` as it was known at `time`.
    #[must_use]
    pub fn known_at(&self, date: Date, time: Timestamp) -> Option<&str> {
        let (_, label) = self.entries.get(&date)?.range(..=time).next_back()?;
        Some(label)
    }

    /// The last word on `date`, whenever it was spoken.
    #[must_use]
    pub fn hindsight(&self, date: Date) -> Option<&str> {
        let (_, label) = self.entries.get(&date)?.last_key_value()?;
        Some(label)
    }

    /// The labels of several dates as they were known at `time`.
    #[must_use]
    pub fn labels_known_at(&self, dates: &[Date], time: Timestamp) -> Vec<Option<String>> {
        dates.iter().map(|date| self.known_at(*date, time).map(str::to_owned)).collect()
    }
}

/// The stored form, so that stored labels are checked when they are read back.
#[derive(Deserialize)]
struct Stored {
    axis: String,
    entries: BTreeMap<Date, BTreeMap<Timestamp, String>>,
}

impl TryFrom<Stored> for DateLabels {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let mut labels = Self::new(stored.axis);
        for (date, revisions) in stored.entries {
            for (known_at, label) in revisions {
                labels.record(date, label, known_at)?;
            }
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn revisions_are_seen_from_their_time_on() {
        let day = date(2024, 3, 1);
        let mut labels = DateLabels::new("regime");
        labels.record(day, "calm", at("2024-03-01T21:00:00Z")).unwrap();
        labels.record(day, "storm", at("2024-03-05T21:00:00Z")).unwrap();
        assert_eq!(labels.known_at(day, at("2024-03-01T20:59:59Z")), None);
        assert_eq!(labels.known_at(day, at("2024-03-01T21:00:00Z")), Some("calm"));
        assert_eq!(labels.known_at(day, at("2024-03-09T00:00:00Z")), Some("storm"));
        assert_eq!(labels.hindsight(day), Some("storm"));
        assert_eq!(labels.hindsight(date(2024, 3, 2)), None);
        assert_eq!(labels.labels_known_at(&[day], at("2024-03-02T00:00:00Z")), [Some("calm".to_owned())]);
        assert_eq!(labels.axis(), "regime");
    }

    #[test]
    fn one_time_one_label() {
        let mut labels = DateLabels::new("regime");
        labels.record(date(2024, 3, 1), "calm", at("2024-03-01T21:00:00Z")).unwrap();
        labels.record(date(2024, 3, 1), "calm", at("2024-03-01T21:00:00Z")).unwrap();
        assert!(labels.record(date(2024, 3, 1), "storm", at("2024-03-01T21:00:00Z")).is_err());
        assert!(labels.record(date(2024, 3, 1), " ", at("2024-03-02T21:00:00Z")).is_err());
    }

    #[test]
    fn serde_round_trip() {
        let mut labels = DateLabels::new("regime");
        labels.record(date(2024, 3, 1), "calm", at("2024-03-01T21:00:00Z")).unwrap();
        let text = serde_json::to_string(&labels).unwrap();
        assert_eq!(serde_json::from_str::<DateLabels>(&text).unwrap(), labels);
        assert!(serde_json::from_str::<DateLabels>(&text.replace("calm", " ")).is_err());
    }
}
