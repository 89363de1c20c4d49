//! Exchange days: what a horizon counts.

use std::collections::BTreeSet;

use alluse_risk_core::Horizon;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// Monday to Friday, less the holidays that the caller names.
///
/// ```
/// use alluse_instruments::ExchangeCalendar;
/// use alluse_risk_core::Horizon;
/// use jiff::civil::date;
///
/// let calendar = ExchangeCalendar::weekdays().with_holidays([date(2019, 1, 1)]);
/// assert_eq!(calendar.advance(date(2018, 12, 31), Horizon::DAY), date(2019, 1, 2));
/// assert_eq!(calendar.advance(date(2018, 12, 28), Horizon::DAY), date(2018, 12, 31));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeCalendar {
    holidays: BTreeSet<Date>,
}

impl ExchangeCalendar {
    /// Monday to Friday without holidays.
    #[must_use]
    pub fn weekdays() -> Self {
        Self::default()
    }

    /// Closed on these days too.
    #[must_use]
    pub fn with_holidays(mut self, holidays: impl IntoIterator<Item = Date>) -> Self {
        self.holidays.extend(holidays);
        self
    }

    /// Whether the exchange is open.
    #[must_use]
    pub fn is_open(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains(&date)
    }

    /// The exchange day that lies `horizon` exchange days after `date`.
    ///
    /// At the end of the supported dates (year 9999) it stays on the last one.
    #[must_use]
    pub fn advance(&self, date: Date, horizon: Horizon) -> Date {
        let mut day = date;
        let mut left = horizon.trading_days();
        while left > 0 {
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => return day,
            }
            left -= u32::from(self.is_open(day));
        }
        day
    }
}

/// Year fraction ACT/365F between two closes; negative when `to` comes first.
#[must_use]
pub fn year_fraction(from: Date, to: Date) -> f64 {
    f64::from(to.duration_since(from).as_hours() as i32) / 24.0 / 365.0
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn ten_days_are_two_weeks() {
        let calendar = ExchangeCalendar::weekdays();
        assert_eq!(calendar.advance(date(2024, 3, 1), Horizon::TEN_DAYS), date(2024, 3, 15));
        assert!(!calendar.is_open(date(2024, 3, 2)));
    }

    #[test]
    fn a_year_is_a_year() {
        assert_eq!(year_fraction(date(2023, 1, 1), date(2024, 1, 1)), 1.0);
        assert_eq!(year_fraction(date(2024, 1, 8), date(2024, 1, 1)), -7.0 / 365.0);
    }

    #[test]
    fn the_calendar_ends_where_dates_end() {
        assert_eq!(ExchangeCalendar::weekdays().advance(Date::MAX, Horizon::WEEK), Date::MAX);
    }
}
