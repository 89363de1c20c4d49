//! Days on an axis: ticks where months and years truly begin.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::font;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A labelled day.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DayTick {
    /// Days since 1970.
    pub(super) day: f64,
    /// What is written under it.
    pub(super) label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Days(i32),
    Weeks(i32),
    Months(i8),
    Years(i16),
}

/// From fine to coarse.
const STEPS: [Step; 18] = [
    Step::Days(1),
    Step::Days(2),
    Step::Weeks(1),
    Step::Weeks(2),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(20),
    Step::Years(50),
    Step::Years(100),
    Step::Years(200),
    Step::Years(500),
    Step::Years(1_000),
];

/// Days from 1 January 1970 to `date`.
pub(super) fn day_number(date: Date) -> f64 {
    let epoch = Date::constant(1970, 1, 1);
    (date.duration_since(epoch).as_hours() / 24) as f64
}

/// The finest ticks between two days of which there are at most `most`, and whose labels keep clear of one another over
/// `room` pixels.
pub(super) fn ticks(first: Date, last: Date, room: f64, size: f64, most: usize) -> Vec<DayTick> {
    if first == last {
        return vec![DayTick { day: day_number(first), label: label(first, Step::Days(1), true) }];
    }
    let span = day_number(last) - day_number(first);
    let mut fallback = Vec::new();
    for step in STEPS {
        if span / step.least_days() > 4.0 * most as f64 {
            continue;
        }
        let ticks = days(first, last, step);
        if ticks.is_empty() {
            break;
        }
        let place = |tick: &DayTick| (tick.day - day_number(first)) / span * room;
        let clear = ticks.windows(2).all(|pair| {
            let half = |tick: &DayTick| font::width(&tick.label, size) / 2.0;
            place(&pair[1]) - place(&pair[0]) >= half(&pair[0]) + half(&pair[1]) + size
        });
        if clear && ticks.len() <= most {
            return ticks;
        }
        fallback = ticks;
    }
    fallback.truncate(1);
    fallback
}

impl Step {
    fn least_days(self) -> f64 {
        match self {
            Self::Days(days) => f64::from(days),
            Self::Weeks(weeks) => 7.0 * f64::from(weeks),
            Self::Months(months) => 28.0 * f64::from(months),
            Self::Years(years) => 365.0 * f64::from(years),
        }
    }

    /// The last day on or before `date` at which this step has a tick.
    fn start(self, date: Date) -> Date {
        match self {
            Self::Days(_) => date,
            Self::Weeks(_) => date.checked_sub(i32::from(date.weekday().since(Weekday::Monday)).days()).unwrap_or(date),
            Self::Months(months) => Date::new(date.year(), (date.month() - 1) / months * months + 1, 1).unwrap_or(date),
            Self::Years(years) => Date::new(date.year().div_euclid(years) * years, 1, 1).unwrap_or(date),
        }
    }

    fn after(self, date: Date) -> Option<Date> {
        let span = match self {
            Self::Days(days) => days.days(),
            Self::Weeks(weeks) => weeks.weeks(),
            Self::Months(months) => i32::from(months).months(),
            Self::Years(years) => i32::from(years).years(),
        };
        date.checked_add(span).ok()
    }
}

fn days(first: Date, last: Date, step: Step) -> Vec<DayTick> {
    let mut out: Vec<DayTick> = Vec::new();
    let mut year = None;
    let mut next = Some(step.start(first));
    while let Some(date) = next.filter(|date| *date <= last) {
        if date >= first {
            out.push(DayTick { day: day_number(date), label: label(date, step, year != Some(date.year())) });
            year = Some(date.year());
        }
        next = step.after(date);
    }
    out
}

fn label(date: Date, step: Step, with_year: bool) -> String {
    let month = MONTHS.get((date.month() - 1) as usize).unwrap_or(&"");
    match step {
        Step::Years(_) => date.year().to_string(),
        Step::Months(_) => format!("{month} {}", date.year()),
        _ if with_year => format!("{} {month} {}", date.day(), date.year()),
        _ => format!("{} {month}", date.day()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn labels(first: Date, last: Date, room: f64, most: usize) -> Vec<String> {
        ticks(first, last, room, 11.0, most).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(day_number(date(1970, 1, 1)), 0.0);
        assert_eq!(day_number(date(2000, 3, 1)), 11_017.0);
        assert_eq!(day_number(date(1969, 12, 31)), -1.0);
    }

    #[test]
    fn the_span_chooses_the_ticks() {
        assert_eq!(labels(date(2010, 2, 1), date(2019, 6, 1), 700.0, 10)[..2], ["2011", "2012"]);
        assert_eq!(labels(date(1990, 1, 2), date(2018, 12, 31), 700.0, 10), ["1995", "2000", "2005", "2010", "2015"]);
        assert_eq!(labels(date(2015, 2, 10), date(2016, 1, 20), 700.0, 8)[0], "Mar 2015");
        assert_eq!(labels(date(2015, 3, 10), date(2015, 4, 20), 700.0, 8)[..2], ["16 Mar 2015", "23 Mar"]);
        assert_eq!(
            labels(date(2015, 12, 30), date(2016, 1, 2), 700.0, 8),
            ["30 Dec 2015", "31 Dec", "1 Jan 2016", "2 Jan"]
        );
        assert_eq!(labels(date(2015, 3, 12), date(2015, 3, 12), 700.0, 8), ["12 Mar 2015"]);
    }

    #[test]
    fn ticks_stand_at_the_first_day_of_their_period() {
        let found = ticks(date(2010, 2, 1), date(2019, 6, 1), 700.0, 11.0, 10);
        assert_eq!(found[0].day, day_number(date(2011, 1, 1)));
        assert_eq!(found.len(), 9);
    }

    #[test]
    fn the_ends_of_the_calendar_are_no_obstacle() {
        assert!(!labels(Date::MIN, Date::MAX, 700.0, 8).is_empty());
        assert!(!labels(Date::MIN, Date::MIN, 700.0, 8).is_empty());
        assert!(!labels(date(9999, 12, 30), Date::MAX, 300.0, 4).is_empty());
    }
}
