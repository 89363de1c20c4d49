//! Regimes as labels of dates, each with the time at which it was known.

use alluse_risk_core::Error as Input;
use alluse_risk_core::labels::DateLabels;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::probabilities::{FilteredProbabilities, SmoothedProbabilities, ViterbiPath};
use crate::{Error, Result, check};

/// When a filtered label counts as known, where the parameters of the filter were estimated on later dates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LabelTiming {
    /// At the close of its own date, as if the parameters had always been known. The state is not hindsight; the
    /// parameters are, up to [`estimated_through`](FilteredProbabilities::estimated_through).
    #[default]
    SameClose,
    /// Inside the estimation sample at the close of its last date, when the parameters were known; after it at the
    /// close of the date itself. Nothing in such labels is hindsight.
    ParametersKnown,
}

/// Dates in order, each with the time of its close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredCalendar")]
pub struct CloseTimes {
    dates: Vec<Date>,
    closes: Vec<Timestamp>,
}

impl CloseTimes {
    /// From dates and closes, one for each.
    ///
    /// # Errors
    /// [`Error::Input`] for no date, lengths that differ, dates or closes that do not increase; [`Error::Invalid`] for
    /// a close before its date has begun anywhere on earth: it would make a label known too early.
    pub fn new(dates: Vec<Date>, closes: Vec<Timestamp>) -> Result<Self> {
        check::at_least_one("dates", dates.len())?;
        check::length("closes", dates.len(), closes.len())?;
        if let Some(index) = dates.windows(2).position(|pair| pair[0] >= pair[1]) {
            let value = dates[index + 1].to_string();
            return Err(Input::NotIncreasing { name: "dates", index: index + 1, value }.into());
        }
        if let Some(index) = closes.windows(2).position(|pair| pair[0] >= pair[1]) {
            let value = closes[index + 1].to_string();
            return Err(Input::NotIncreasing { name: "closes", index: index + 1, value }.into());
        }
        for (index, (date, close)) in dates.iter().zip(&closes).enumerate() {
            let begins = TimeZone::UTC
                .to_timestamp(date.at(0, 0, 0, 0))
                .and_then(|midnight| midnight.checked_sub(SignedDuration::from_hours(14)))
                .map_err(|error| Error::invalid(format!("dates[{index}]"), error.to_string()))?;
            if *close < begins {
                let reason = format!("{close} comes before {date} has begun anywhere");
                return Err(Error::invalid(format!("closes[{index}]"), reason));
            }
        }
        Ok(Self { dates, closes })
    }

    /// Number of dates.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// The dates.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// The closes.
    #[must_use]
    pub fn closes(&self) -> &[Timestamp] {
        &self.closes
    }

    /// Labels of states that were known at the close of their date, such as those of
    /// [`VolatilityBands`](super::VolatilityBands); a date without a state has no label.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is a state for every date and a name for every state.
    pub fn labels(&self, axis: &str, names: &[&str], states: &[Option<usize>]) -> Result<DateLabels> {
        self.record(axis, names, states.iter().copied(), |t| self.closes[t])
    }

    fn record(
        &self,
        axis: &str,
        names: &[&str],
        states: impl ExactSizeIterator<Item = Option<usize>>,
        known: impl Fn(usize) -> Timestamp,
    ) -> Result<DateLabels> {
        check::length("states", self.len(), states.len())?;
        let mut labels = DateLabels::new(axis);
        for (t, state) in states.enumerate() {
            let Some(state) = state else { continue };
            let name = names.get(state).ok_or(Input::LengthMismatch {
                name: "names",
                expected: state + 1,
                got: names.len(),
            })?;
            labels.record(self.dates[t], *name, known(t))?;
        }
        Ok(labels)
    }

    /// All labels at the last close, on an axis that says that they are hindsight.
    fn hindsight(&self, axis: &str, names: &[&str], states: &[usize]) -> Result<DateLabels> {
        let last = self.closes[self.len() - 1];
        self.record(&format!("{axis} (hindsight)"), names, states.iter().copied().map(Some), |_| last)
    }
}

impl FilteredProbabilities {
    /// The most probable state of every date as its label; `names` are those of the states, in their order.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is a date for every observation and a name for every state.
    pub fn labels(&self, axis: &str, names: &[&str], times: &CloseTimes, timing: LabelTiming) -> Result<DateLabels> {
        check::length("names", self.states(), names.len())?;
        check::length("dates", self.len(), times.len())?;
        let estimated = self.estimated_through().min(times.len());
        let known = |t: usize| match timing {
            LabelTiming::ParametersKnown if t < estimated => times.closes[estimated - 1],
            _ => times.closes[t],
        };
        times.record(axis, names, self.most_probable().into_iter().map(Some), known)
    }
}

impl SmoothedProbabilities {
    /// The most probable state of every date in hindsight: known at the last close only, on the axis
    /// `"<axis> (hindsight)"`.
    ///
    /// # Errors
    /// As [`FilteredProbabilities::labels`].
    pub fn hindsight_labels(&self, axis: &str, names: &[&str], times: &CloseTimes) -> Result<DateLabels> {
        check::length("names", self.states(), names.len())?;
        times.hindsight(axis, names, &self.most_probable())
    }
}

impl ViterbiPath {
    /// The path as labels: known at the last close only, on the axis `"<axis> (hindsight)"`.
    ///
    /// # Errors
    /// As [`FilteredProbabilities::labels`].
    pub fn hindsight_labels(&self, axis: &str, names: &[&str], times: &CloseTimes) -> Result<DateLabels> {
        check::length("names", self.share().len(), names.len())?;
        times.hindsight(axis, names, self.states())
    }
}

#[derive(Deserialize)]
struct StoredCalendar {
    dates: Vec<Date>,
    closes: Vec<Timestamp>,
}

impl TryFrom<StoredCalendar> for CloseTimes {
    type Error = Error;

    fn try_from(stored: StoredCalendar) -> Result<Self> {
        Self::new(stored.dates, stored.closes)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    fn times(days: i8) -> CloseTimes {
        let dates: Vec<Date> = (1..=days).map(|day| date(2024, 3, day)).collect();
        let closes = dates.iter().map(|date| format!("{date}T21:00:00Z").parse().unwrap()).collect();
        CloseTimes::new(dates, closes).unwrap()
    }

    #[test]
    fn filtered_labels_are_known_at_their_close_and_hindsight_at_the_last() {
        let times = times(3);
        let values = array![[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]];
        let names = ["calm", "storm"];
        let filtered = FilteredProbabilities::trusted(values.clone(), 2);
        let labels = filtered.labels("regime", &names, &times, LabelTiming::SameClose).unwrap();
        let (first, second) = (times.dates()[0], times.dates()[1]);
        assert_eq!(labels.known_at(second, times.closes()[0]), None);
        assert_eq!(labels.known_at(second, times.closes()[1]), Some("storm"));
        // The parameters were known at the second close: so was the label of the first date.
        let strict = filtered.labels("regime", &names, &times, LabelTiming::ParametersKnown).unwrap();
        assert_eq!(strict.known_at(first, times.closes()[0]), None);
        assert_eq!(strict.known_at(first, times.closes()[1]), Some("calm"));
        assert_eq!(strict.known_at(times.dates()[2], times.closes()[2]), Some("calm"));
        let smoothed = SmoothedProbabilities::trusted(values).hindsight_labels("regime", &names, &times).unwrap();
        let viterbi = ViterbiPath::trusted(vec![0, 1, 0], 2, -1.0).hindsight_labels("regime", &names, &times).unwrap();
        for hindsight in [smoothed, viterbi] {
            assert_eq!(hindsight.axis(), "regime (hindsight)");
            assert_eq!(hindsight.known_at(first, times.closes()[1]), None);
            assert_eq!(hindsight.hindsight(second), Some("storm"));
        }
        let bands = times.labels("vix", &names, &[None, Some(1), Some(0)]).unwrap();
        assert_eq!(bands.hindsight(first), None);
        assert_eq!(bands.known_at(second, times.closes()[1]), Some("storm"));
    }

    #[test]
    fn hostile_input_is_refused() {
        let good = times(2);
        let (dates, closes) = (good.dates().to_vec(), good.closes().to_vec());
        assert!(CloseTimes::new(vec![], vec![]).is_err());
        assert!(CloseTimes::new(dates.clone(), closes[..1].to_vec()).is_err());
        assert!(CloseTimes::new(vec![dates[1], dates[0]], closes.clone()).is_err());
        assert!(CloseTimes::new(dates.clone(), vec![closes[1], closes[0]]).is_err());
        let early: Timestamp = "2024-02-28T21:00:00Z".parse().unwrap();
        assert!(matches!(CloseTimes::new(dates, vec![early, closes[1]]), Err(Error::Invalid { .. })));
        let filtered = FilteredProbabilities::trusted(array![[0.9, 0.1], [0.2, 0.8]], 0);
        assert!(filtered.labels("regime", &["calm"], &good, LabelTiming::SameClose).is_err());
        assert!(filtered.labels("regime", &["calm", "storm"], &times(3), LabelTiming::SameClose).is_err());
        assert!(good.labels("vix", &["low"], &[Some(0), Some(1)]).is_err());
        assert!(good.labels("vix", &["low"], &[Some(0)]).is_err());
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<CloseTimes>(&text).unwrap(), good);
        assert!(serde_json::from_str::<CloseTimes>(&text.replace("2024-03-02T", "2024-02-02T")).is_err());
    }
}
