use jiff::civil::Date;
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::frame::{Frame, SERIES, shared_methods};
use super::missing::age_in_days;
use super::stored::Stored;
use crate::{Error, Result};

/// Any dated numbers, dates × columns: index levels, volatilities, interest rates. Finite, of any sign, in
/// whatever unit the source has.
///
/// ```
/// use alluse_risk_core::panel::SeriesPanel;
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let rates = SeriesPanel::new(
///     vec![date(2024, 1, 31), date(2024, 2, 29)],
///     vec!["rf".to_owned()],
///     array![[0.0047], [0.0042]],
/// )?;
/// let rate = rates.value_at_or_before("rf", date(2024, 2, 15), 31)?;
/// assert_eq!((rate.value, rate.age_days), (0.0047, 15)); // January's, fifteen days old
/// assert!(rates.value_at_or_before("rf", date(2024, 2, 15), 14).is_err());
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored<String>", into = "Stored<String>")]
pub struct SeriesPanel {
    frame: Frame<String>,
}

/// A value looked up by date.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AsOf {
    /// The value.
    pub value: f64,
    /// The date it belongs to.
    pub date: Date,
    /// Calendar days from that date to the one asked for.
    pub age_days: u32,
}

shared_methods!(SeriesPanel, SERIES, String, Ok, columns, values);

impl SeriesPanel {
    /// A panel of `values`, dates × columns.
    ///
    /// # Errors
    /// - [`Error::Empty`] without dates or columns, or for a blank column name;
    /// - [`Error::LengthMismatch`] unless the shape is dates × columns;
    /// - [`Error::Duplicate`] for a date or a column that occurs twice, [`Error::NotIncreasing`] for dates
    ///   out of order;
    /// - [`Error::EntryOutOfDomain`] for a value that is not finite.
    pub fn new(dates: Vec<Date>, columns: Vec<String>, values: Array2<f64>) -> Result<Self> {
        Frame::new(&SERIES, dates, columns, values).map(|frame| Self { frame })
    }

    /// The values of one column.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a column that the panel does not have.
    pub fn column(&self, column: &str) -> Result<ArrayView1<'_, f64>> {
        self.frame.column(&SERIES, column)
    }

    /// The last value of `column` on or before `date`, and how old it is.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a column that the panel does not have, [`Error::NotYet`] before its first
    /// date, [`Error::Stale`] when the value is more than `max_age_days` calendar days old.
    pub fn value_at_or_before(&self, column: &str, date: Date, max_age_days: u32) -> Result<AsOf> {
        let values = self.column(column)?;
        let dates = self.dates();
        let after = dates.partition_point(|known| *known <= date);
        let Some(row) = after.checked_sub(1) else {
            let first = dates[0].to_string();
            return Err(Error::NotYet { name: column.to_owned(), date: date.to_string(), first });
        };
        // From -9999 to 9999 there are fewer days than fit.
        let age_days = u32::try_from(age_in_days(dates[row], date)).unwrap_or(u32::MAX);
        if age_days > max_age_days {
            let last = dates[row].to_string();
            return Err(Error::Stale { name: column.to_owned(), date: date.to_string(), last, age_days, max_age_days });
        }
        Ok(AsOf { value: values[row], date: dates[row], age_days })
    }
}
