//! Which trading days a calendar picks.

use alluse_risk_core::Error as InputError;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A stretch of the calendar. Weeks begin on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// January to March, and so on.
    Quarter,
    /// A year.
    Year,
}

impl Period {
    /// Equal for two dates exactly when both lie in the same period.
    fn of(self, date: Date) -> (i16, i16) {
        match self {
            Self::Week => {
                let week = date.iso_week_date();
                (week.year(), i16::from(week.week()))
            }
            Self::Month => (date.year(), i16::from(date.month())),
            Self::Quarter => (date.year(), i16::from((date.month() - 1) / 3)),
            Self::Year => (date.year(), 0),
        }
    }
}

/// Which trading day of a [`Period`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodDay {
    /// The first one.
    First,
    /// The last one.
    Last,
}

/// A trading day, its neighbours, and how long ago the last rebalancing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TradingDay {
    /// The day.
    pub date: Date,
    /// The trading day before it, where the calendar has one.
    pub previous: Option<Date>,
    /// The trading day after it, where the calendar has one.
    pub next: Option<Date>,
    /// Trading days since the last rebalancing; `None` when there was none.
    pub since_last: Option<usize>,
}

impl TradingDay {
    /// The day at `index` of a calendar of trading days; `last` is where the last rebalancing took place.
    ///
    /// # Errors
    /// [`Error::Input`] for an index outside the calendar and [`Error::Invalid`] when its dates do not increase
    /// around it or `last` is later than `index`.
    pub fn of(calendar: &[Date], index: usize, last: Option<usize>) -> Result<Self> {
        let Some(&date) = calendar.get(index) else {
            return Err(InputError::InsufficientData {
                name: "trading calendar",
                required: index.saturating_add(1),
                available: calendar.len(),
            }
            .into());
        };
        let previous = index.checked_sub(1).and_then(|before| calendar.get(before)).copied();
        let next = index.checked_add(1).and_then(|after| calendar.get(after)).copied();
        if previous.is_some_and(|before| before >= date) || next.is_some_and(|after| after <= date) {
            return Err(Error::invalid("trading calendar", format!("its dates do not increase at {date}")));
        }
        let since_last = match last {
            None => None,
            Some(last) => Some(index.checked_sub(last).ok_or_else(|| {
                Error::invalid("last rebalancing", format!("at day {last}, after day {index} of the calendar"))
            })?),
        };
        Ok(Self { date, previous, next, since_last })
    }

    /// Whether this is the first or last trading day of its period.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the calendar begins or ends with this day, so that nobody can tell.
    pub fn is(&self, day: PeriodDay, period: Period) -> Result<bool> {
        let (neighbour, side) = match day {
            PeriodDay::First => (self.previous, "begins"),
            PeriodDay::Last => (self.next, "ends"),
        };
        match neighbour {
            Some(other) => Ok(period.of(other) != period.of(self.date)),
            // A weekend settles the question for a week that a calendar of weekdays cuts off.
            None if period == Period::Week && settled(self.date, day) => Ok(true),
            None => Err(Error::Undefined {
                what: "the first or last trading day of a period",
                reason: format!("the trading calendar {side} with {}", self.date),
            }),
        }
    }
}

fn settled(date: Date, day: PeriodDay) -> bool {
    date.weekday() == if day == PeriodDay::First { Weekday::Monday } else { Weekday::Sunday }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Weekdays around the end of 2024, without 25 December and 1 January.
    fn calendar() -> Vec<Date> {
        let december = [23, 24, 26, 27, 30, 31].map(|day| date(2024, 12, day));
        let january = [2, 3, 6].map(|day| date(2025, 1, day));
        december.into_iter().chain(january).collect()
    }

    fn picked(day: PeriodDay, period: Period) -> Result<Vec<Date>> {
        let calendar = calendar();
        let inner = 1..calendar.len() - 1;
        let days = inner.map(|index| TradingDay::of(&calendar, index, None)).collect::<Result<Vec<_>>>()?;
        let mut picked = Vec::new();
        for it in days {
            if it.is(day, period)? {
                picked.push(it.date);
            }
        }
        Ok(picked)
    }

    #[test]
    fn holidays_move_the_first_and_last_day() -> Result<()> {
        assert_eq!(picked(PeriodDay::First, Period::Month)?, [date(2025, 1, 2)]);
        assert_eq!(picked(PeriodDay::Last, Period::Quarter)?, [date(2024, 12, 31)]);
        assert_eq!(picked(PeriodDay::First, Period::Year)?, [date(2025, 1, 2)]);
        // The week from 30 December to 5 January is one week across two years.
        assert_eq!(picked(PeriodDay::First, Period::Week)?, [date(2024, 12, 30)]);
        assert_eq!(picked(PeriodDay::Last, Period::Week)?, [date(2024, 12, 27), date(2025, 1, 3)]);
        Ok(())
    }

    #[test]
    fn the_ends_of_a_calendar_are_not_guessed() -> Result<()> {
        let calendar = calendar();
        let first = TradingDay::of(&calendar, 0, None)?;
        assert!(first.is(PeriodDay::First, Period::Week)?); // a Monday
        assert!(matches!(first.is(PeriodDay::First, Period::Month), Err(Error::Undefined { .. })));
        let last = TradingDay::of(&calendar, calendar.len() - 1, Some(2))?;
        assert_eq!(last.since_last, Some(6));
        assert!(last.is(PeriodDay::Last, Period::Week).is_err());
        assert!(!last.is(PeriodDay::First, Period::Month)?);
        Ok(())
    }

    #[test]
    fn bad_calendars_are_refused() {
        let calendar = calendar();
        assert!(TradingDay::of(&calendar, 9, None).is_err());
        assert!(TradingDay::of(&[], 0, None).is_err());
        assert!(TradingDay::of(&calendar, 1, Some(2)).is_err());
        assert!(TradingDay::of(&[date(2024, 1, 2), date(2024, 1, 2)], 0, None).is_err());
    }
}
