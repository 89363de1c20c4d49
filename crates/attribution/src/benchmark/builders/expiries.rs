use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How many days an expiry may lie before its Friday: holidays, not missing data.
const LONGEST_CLOSURE: i64 = 4;

/// When options expire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tenor {
    /// On the third Friday of each month.
    #[default]
    Monthly,
    /// On every Friday.
    Weekly,
}

/// The expiries of a tenor on the days of a market.
///
/// An expiry on a day without trading is on the last day before it, as exchanges have it. Expiries after the last day
/// are the Fridays themselves.
pub(super) struct Expiries<'a> {
    tenor: Tenor,
    days: &'a [Date],
    /// The Friday of the last expiry that was handed out.
    friday: Date,
}

impl<'a> Expiries<'a> {
    /// Positioned before the first expiry on the market's days, which are not empty.
    pub(super) fn new(tenor: Tenor, days: &'a [Date]) -> Result<Self> {
        // The last Friday whose options can have expired before the first day.
        let eve = moved(days[0], -1)?;
        let friday = match tenor {
            Tenor::Weekly => moved(eve, -i64::from((eve.weekday().to_monday_zero_offset() + 3) % 7))?,
            Tenor::Monthly => match third_friday(eve)? {
                friday if friday <= eve => friday,
                _ => third_friday(moved(eve.first_of_month(), -1)?)?,
            },
        };
        Ok(Self { tenor, days, friday })
    }

    /// The first expiry after a day.
    pub(super) fn after(&mut self, day: Option<Date>) -> Result<Date> {
        loop {
            self.friday = match self.tenor {
                Tenor::Weekly => moved(self.friday, 7)?,
                Tenor::Monthly => third_friday(moved(self.friday.last_of_month(), 1)?)?,
            };
            if let Some(expiry) = self.open_day()?
                && day.is_none_or(|day| expiry > day)
            {
                return Ok(expiry);
            }
        }
    }

    /// The day on which the options of the current Friday expire; nothing when that is before the first day.
    fn open_day(&self) -> Result<Option<Date>> {
        if self.days.last().is_none_or(|&last| self.friday > last) {
            return Ok(Some(self.friday));
        }
        let until = self.days.partition_point(|&day| day <= self.friday);
        let Some(index) = until.checked_sub(1) else { return Ok(None) };
        let day = self.days[index];
        if self.friday.duration_since(day).as_hours() > 24 * LONGEST_CLOSURE {
            let reason = format!("no observation from {day} to the expiry on {}", self.friday);
            return Err(Error::invalid("market of the written options", reason));
        }
        Ok(Some(day))
    }
}

fn third_friday(within: Date) -> Result<Date> {
    within.nth_weekday_of_month(3, Weekday::Friday).map_err(|error| Error::invalid("third Friday", error.to_string()))
}

fn moved(date: Date, days: i64) -> Result<Date> {
    date.checked_add(days.days()).map_err(|error| Error::invalid("date", format!("{date}: {error}")))
}
