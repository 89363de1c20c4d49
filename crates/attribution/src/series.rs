use alluse_risk_core::Frequency;
use jiff::civil::Date;
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Annualisation, Error, Result, check};

/// Whether a return contains what the holding paid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnKind {
    /// Dividends and coupons reinvested.
    Total,
    /// Price changes alone.
    Price,
}

/// Dated simple returns of one portfolio, strategy or benchmark.
///
/// The date of a return is the end of its period. Frequency is stated, never guessed; with the date at which
/// the first period starts, growth can also be annualised over the time that elapsed.
///
/// ```
/// use alluse_attribution::{ReturnKind, ReturnSeries};
/// use alluse_risk_core::Frequency;
/// use jiff::civil::date;
///
/// let dates = vec![date(2024, 1, 5), date(2024, 1, 12)];
/// let weekly = ReturnSeries::new("wheel", dates, vec![0.01, -0.004], Frequency::Weekly, ReturnKind::Total)?;
/// assert_eq!(weekly.len(), 2);
/// assert!(ReturnSeries::new("x", vec![date(2024, 1, 5)], vec![-1.2], Frequency::Weekly, ReturnKind::Total).is_err());
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct ReturnSeries {
    name: String,
    start: Option<Date>,
    dates: Vec<Date>,
    returns: Array1<f64>,
    frequency: Frequency,
    kind: ReturnKind,
}

impl ReturnSeries {
    /// Returns at increasing dates.
    ///
    /// # Errors
    /// [`Error::Input`] for no returns, a return below −1 or not finite, lengths that differ, and dates that repeat
    /// or go back, each with its position.
    pub fn new(
        name: impl Into<String>,
        dates: Vec<Date>,
        returns: impl Into<Array1<f64>>,
        frequency: Frequency,
        kind: ReturnKind,
    ) -> Result<Self> {
        let (name, returns) = (name.into(), returns.into());
        check::length("dates", returns.len(), dates.len())?;
        check::returns("returns", returns.view())?;
        check::increasing("date", &dates)?;
        Ok(Self { name, start: None, dates, returns, frequency, kind })
    }

    /// Returns between increasing dates of positive values: `v_t / v_{t−1} − 1`. The first date is the start.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than two values, a value that is not positive and finite, lengths that differ,
    /// and dates that repeat or go back.
    pub fn from_values(
        name: impl Into<String>,
        dates: Vec<Date>,
        values: ArrayView1<'_, f64>,
        frequency: Frequency,
        kind: ReturnKind,
    ) -> Result<Self> {
        check::length("dates", values.len(), dates.len())?;
        check::enough("returns from values", 2, values.len())?;
        check::elements("values", "positive and finite", values, |value| value > 0.0 && value.is_finite())?;
        check::increasing("date", &dates)?;
        let returns: Array1<f64> = values.windows(2).into_iter().map(|pair| pair[1] / pair[0] - 1.0).collect();
        let start = dates[0];
        Self::new(name, dates[1..].to_vec(), returns, frequency, kind)?.starting(start)
    }

    /// States the date at which the first return starts.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it comes before the first date.
    pub fn starting(mut self, start: Date) -> Result<Self> {
        if start >= self.dates[0] {
            let reason = format!("{start} does not come before the first return of {}", self.dates[0]);
            return Err(Error::invalid("start of the series", reason));
        }
        self.start = Some(start);
        Ok(self)
    }

    /// The name it goes by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends of the periods, increasing.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// Date at which the first period starts, when it was stated.
    #[must_use]
    pub fn start(&self) -> Option<Date> {
        self.start
    }

    /// Simple returns, one a date.
    #[must_use]
    pub fn returns(&self) -> ArrayView1<'_, f64> {
        self.returns.view()
    }

    /// Number of returns.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a series has at least one return")]
    pub fn len(&self) -> usize {
        self.returns.len()
    }

    /// The stated frequency.
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Whether payments are reinvested.
    #[must_use]
    pub fn kind(&self) -> ReturnKind {
        self.kind
    }

    /// Annualisation by the stated frequency.
    #[must_use]
    pub fn annualisation(&self) -> Annualisation {
        Annualisation::Periods(self.frequency)
    }

    /// Annualisation over the days from the start to the last date.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the start was not stated.
    pub fn elapsed(&self) -> Result<Annualisation> {
        let start = self.start.ok_or_else(|| {
            Error::undefined("elapsed time", format!("the start of the first period of {:?} is not stated", self.name))
        })?;
        Annualisation::elapsed(start, self.dates[self.dates.len() - 1])
    }

    /// The same returns under another name.
    #[must_use]
    pub fn renamed(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// The stored form, so that a stored series is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Date>,
    dates: Vec<Date>,
    returns: Vec<f64>,
    frequency: Frequency,
    kind: ReturnKind,
}

impl TryFrom<Stored> for ReturnSeries {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let Stored { name, start, dates, returns, frequency, kind } = stored;
        let series = Self::new(name, dates, returns, frequency, kind)?;
        start.map_or_else(|| Ok(series.clone()), |start| series.clone().starting(start))
    }
}

impl From<ReturnSeries> for Stored {
    fn from(series: ReturnSeries) -> Self {
        let ReturnSeries { name, start, dates, returns, frequency, kind } = series;
        Self { name, start, dates, returns: returns.to_vec(), frequency, kind }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    #[test]
    fn dates_must_increase() {
        let make = |dates: Vec<Date>| {
            ReturnSeries::new("a", dates, vec![0.1, 0.2], Frequency::Daily, ReturnKind::Total).unwrap_err().to_string()
        };
        let (one, two) = (date(2024, 1, 2), date(2024, 1, 3));
        assert_eq!(make(vec![one, one]), "date \"2024-01-02\" occurs twice, at positions 0 and 1");
        assert!(make(vec![two, one]).contains("position 1"));
        assert!(make(vec![one]).contains("must have length 2, got 1"));
    }

    #[test]
    fn values_become_returns_with_a_start() {
        let dates = vec![date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 4)];
        let values = array![100.0, 110.0, 99.0];
        let series = ReturnSeries::from_values("v", dates, values.view(), Frequency::Daily, ReturnKind::Price).unwrap();
        assert!((series.returns()[0] - 0.1).abs() < 1e-15 && (series.returns()[1] + 0.1).abs() < 1e-15);
        assert_eq!(series.start(), Some(date(2024, 1, 1)));
        let text = serde_json::to_string(&series).unwrap();
        assert_eq!(serde_json::from_str::<ReturnSeries>(&text).unwrap(), series);
        assert!(serde_json::from_str::<ReturnSeries>(&text.replace("2024-01-01", "2024-01-03")).is_err());
    }
}
