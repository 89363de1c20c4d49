use alluse_risk_core::Frequency;
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, ReturnSeries, check};

/// Where calendar periods end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PeriodEnd {
    /// On this day of the week; stored as a number from 1, Monday, to 7.
    WeekEnding(#[serde(with = "weekday")] Weekday),
    /// With the month.
    MonthEnd,
    /// With March, June, September and December.
    QuarterEnd,
    /// With December.
    YearEnd,
}

impl PeriodEnd {
    /// How many of these periods make a year.
    #[must_use]
    pub fn frequency(self) -> Frequency {
        match self {
            Self::WeekEnding(_) => Frequency::Weekly,
            Self::MonthEnd => Frequency::Monthly,
            Self::QuarterEnd => Frequency::Quarterly,
            Self::YearEnd => Frequency::Yearly,
        }
    }

    /// The last day of the period that a date lies in.
    ///
    /// # Errors
    /// [`Error::Invalid`] beyond the supported dates (year 9999).
    pub fn of(self, date: Date) -> Result<Date> {
        let end = match self {
            Self::WeekEnding(last) => {
                let ahead = i64::from(last.to_monday_zero_offset() - date.weekday().to_monday_zero_offset());
                return moved(date, ahead.rem_euclid(7).days());
            }
            Self::MonthEnd => Ok(date.last_of_month()),
            Self::QuarterEnd => {
                let month = (date.month() - 1) / 3 * 3 + 3;
                Date::new(date.year(), month, 1).map(Date::last_of_month)
            }
            Self::YearEnd => Ok(date.last_of_year()),
        };
        end.map_err(|error| Error::invalid("period end", format!("of {date}: {error}")))
    }
}

/// A period of which the series covers only a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartialPeriod {
    /// The first: the series starts inside it.
    First {
        /// Date of its return.
        date: Date,
    },
    /// The last: the series ends before it does.
    Last {
        /// Date of its return.
        date: Date,
    },
}

/// A series in calendar periods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resampled {
    /// The compounded returns, partial periods included, each dated at the last return in it.
    pub series: ReturnSeries,
    /// The first and the last period, if the series covers only a part of them.
    pub partial: Vec<PartialPeriod>,
    /// Ends of periods inside the span without any return; the next return spans them too.
    pub empty: Vec<Date>,
}

impl Resampled {
    /// The series without its partial periods.
    ///
    /// # Errors
    /// [`Error::Input`] when nothing is left.
    pub fn whole(&self) -> Result<ReturnSeries> {
        let skip = |wanted: fn(&PartialPeriod) -> bool| usize::from(self.partial.iter().any(wanted));
        let first = skip(|partial| matches!(partial, PartialPeriod::First { .. }));
        let last = self.series.len().saturating_sub(skip(|partial| matches!(partial, PartialPeriod::Last { .. })));
        if first >= last {
            return Err(alluse_risk_core::Error::Empty { name: "whole periods" }.into());
        }
        let dates = self.series.dates();
        let returns: Vec<f64> = self.series.returns().iter().copied().skip(first).take(last - first).collect();
        let (frequency, kind) = (self.series.frequency(), self.series.kind());
        let series = ReturnSeries::new(self.series.name(), dates[first..last].to_vec(), returns, frequency, kind)?;
        let start = if first > 0 { Some(dates[first - 1]) } else { self.series.start() };
        start.map_or(Ok(series.clone()), |start| series.starting(start))
    }
}

/// Compounds a series to calendar periods.
///
/// A return belongs to the period in which it ends, so a week that straddles two months counts for the second. The
/// dates of the result are those of the last return of each period. The first period is partial when the series starts
/// inside it, the last when one more return would still lie in it: the next weekday for a daily series, one period of
/// its frequency later for others. Where the start is not stated, the first return is taken to last one period of the
/// frequency: a series whose first day follows a holiday should state it.
///
/// # Errors
/// [`Error::Invalid`] for a series that is coarser than the periods, [`Error::Input`] when a return overflows.
///
/// # Examples
/// ```
/// use alluse_attribution::{ReturnKind, ReturnSeries, benchmark::{PeriodEnd, resample}};
/// use alluse_risk_core::Frequency;
/// use jiff::civil::date;
///
/// let dates = vec![date(2024, 1, 2), date(2024, 1, 31), date(2024, 2, 1)];
/// let daily = ReturnSeries::new("x", dates, vec![0.1, 0.1, 0.05], Frequency::Daily, ReturnKind::Total)?
///     .starting(date(2023, 12, 29))?;
/// let monthly = resample(&daily, PeriodEnd::MonthEnd)?;
/// assert!((monthly.series.returns()[0] - 0.21).abs() < 1e-15);
/// assert_eq!(monthly.whole()?.dates(), [date(2024, 1, 31)]); // February has just begun
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn resample(series: &ReturnSeries, period: PeriodEnd) -> Result<Resampled> {
    let target = period.frequency();
    if series.frequency().periods_per_year() < target.periods_per_year() {
        let reason = format!("{:?} returns cannot be resampled to {target:?} ones", series.frequency());
        return Err(Error::invalid(format!("{:?}", series.name()), reason));
    }
    let (mut dates, mut returns, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    let mut open: Option<Date> = None;
    for (&date, &value) in series.dates().iter().zip(series.returns()) {
        let end = period.of(date)?;
        match (open, dates.last_mut(), returns.last_mut()) {
            (Some(same), Some(last), Some(compounded)) if same == end => {
                *last = date;
                // The compounded return without the 1, which would cost a small one its digits.
                *compounded += value + *compounded * value;
            }
            (before, ..) => {
                if let Some(before) = before {
                    let mut next = period.of(moved(before, 1.days())?)?;
                    while next < end {
                        empty.push(next);
                        next = period.of(moved(next, 1.days())?)?;
                    }
                }
                dates.push(date);
                returns.push(value);
                open = Some(end);
            }
        }
    }
    for &value in &returns {
        check::result("compounded return", value)?;
    }
    let (first, last) = (series.dates()[0], series.dates()[series.len() - 1]);
    let mut partial = Vec::new();
    let start = match series.start() {
        Some(start) => start,
        None => previous(first, series.frequency())?,
    };
    if period.of(start)? == period.of(first)? && series.frequency() != target {
        partial.push(PartialPeriod::First { date: dates[0] });
    }
    if period.of(next(last, series.frequency())?)? == period.of(last)? && series.frequency() != target {
        partial.push(PartialPeriod::Last { date: dates[dates.len() - 1] });
    }
    let resampled = ReturnSeries::new(series.name(), dates, returns, target, series.kind())?;
    let series = match series.start() {
        Some(start) => resampled.starting(start)?,
        None => resampled,
    };
    Ok(Resampled { series, partial, empty })
}

/// When the next return would end.
fn next(date: Date, frequency: Frequency) -> Result<Date> {
    let step = step(frequency);
    let weekend = match date.weekday() {
        _ if step != 1.days().fieldwise() => 0,
        Weekday::Friday => 2,
        Weekday::Saturday => 1,
        _ => 0,
    };
    moved(moved(date, step)?, weekend.days())
}

/// When the return before would have ended.
fn previous(date: Date, frequency: Frequency) -> Result<Date> {
    let step = step(frequency);
    let weekend = match date.weekday() {
        _ if step != 1.days().fieldwise() => 0,
        Weekday::Monday => -2,
        Weekday::Sunday => -1,
        _ => 0,
    };
    moved(moved(date, -step)?, weekend.days())
}

/// Length of a period on the calendar.
fn step(frequency: Frequency) -> Span {
    match frequency {
        Frequency::Monthly => 1.month(),
        Frequency::Quarterly => 3.months(),
        Frequency::Yearly => 1.year(),
        other => ((365.25 / other.periods_per_year()).round().max(1.0) as i64).days(),
    }
}

fn moved(date: Date, span: Span) -> Result<Date> {
    date.checked_add(span).map_err(|error| Error::invalid("date", format!("{date}: {error}")))
}

/// A day of the week as a number from 1 to 7.
mod weekday {
    use jiff::civil::Weekday;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(day: &Weekday, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i8(day.to_monday_one_offset())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Weekday, D::Error> {
        Weekday::from_monday_one_offset(i8::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
