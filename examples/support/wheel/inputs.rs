//! From files to the days on which the programme runs.

use std::path::{Path, PathBuf};

use alluse_quant::risk_core::panel::{Missing, PricePanel, SeriesPanel};
use alluse_quant::risk_core::{AssetId, Frequency};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use serde::Serialize;

use crate::{Failure, Result};

/// Where everything comes from, and what is sold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Daily closes of the index, one column.
    #[serde(skip)]
    pub index: PathBuf,
    /// Daily closes of its volatility index, in points.
    #[serde(skip)]
    pub volatility_index: PathBuf,
    /// Monthly simple bill returns, column `rf`.
    #[serde(skip)]
    pub rates: PathBuf,
    /// Monthly levels of published programmes, columns `put` and `bxm`.
    #[serde(skip)]
    pub benchmark: Option<PathBuf>,
    /// Absolute delta of what is sold.
    pub delta: f64,
    /// Half of the spread between bid and ask, as a fraction of the premium.
    pub half_spread: f64,
}

/// A day with a close of both indices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// Its date.
    pub date: Date,
    /// Close of the index.
    pub spot: f64,
    /// Close of the volatility index, as a decimal.
    pub volatility: f64,
    /// Bill rate known then, continuously compounded.
    pub rate: f64,
    /// When an option sold on this day expires, if it is a day of sale: the last of a week.
    pub sells_until: Option<Date>,
}

/// All that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// Name of the index.
    pub asset: AssetId,
    /// The days, in order.
    pub days: Vec<Day>,
    /// Days of the index, between the first and the last, without a volatility.
    pub left_out: usize,
}

/// Days after which a monthly rate is too old.
const RATE_MAX_AGE: u32 = 62;

/// Fewer say nothing.
const FEWEST_WEEKS: usize = 13;

impl Inputs {
    /// Reads the files.
    ///
    /// # Errors
    /// One sentence about whatever is wrong with a file.
    pub fn load(settings: &Settings) -> Result<Self> {
        let file = settings.index.display().to_string();
        let index = PricePanel::from_csv(&settings.index, Missing::Reject)?;
        let [asset] = index.assets() else {
            return Err(Failure::in_file(&file, "an index file has one column beside the date"));
        };
        let volatility = volatility_index(&settings.volatility_index)?;
        let rates = SeriesPanel::from_csv(&settings.rates, Missing::Reject)?;
        let (mut days, mut left_out) = (Vec::new(), 0);
        for (date, spot) in index.dates().iter().zip(index.column(asset)?) {
            match volatility.binary_search_by_key(date, |(day, _)| *day) {
                Ok(place) => {
                    let rate = bill_rate(&rates, &settings.rates, *date)?;
                    let volatility = volatility[place].1;
                    days.push(Day { date: *date, spot: *spot, volatility, rate, sells_until: None });
                }
                Err(place) => left_out += usize::from(place > 0 && place < volatility.len()),
            }
        }
        plan_sales(&mut days);
        if days.iter().filter(|day| day.sells_until.is_some()).count() < FEWEST_WEEKS {
            let problem = format!(
                "index and volatility index share {} days, which are fewer than {FEWEST_WEEKS} weeks",
                days.len()
            );
            return Err(Failure::in_file(&file, problem));
        }
        Ok(Self { asset: asset.clone(), days, left_out })
    }
}

/// Dates and decimals.
fn volatility_index(path: &Path) -> Result<Vec<(Date, f64)>> {
    let file = path.display().to_string();
    let panel = SeriesPanel::from_csv(path, Missing::DropRow)?;
    let column = match panel.columns() {
        [only] => only,
        many => many.iter().find(|name| name.as_str() == "close").ok_or_else(|| {
            Failure::in_file(&file, "a volatility index file has one column beside the date, or one named \"close\"")
        })?,
    };
    let values = panel.column(column)?;
    let mut days = Vec::with_capacity(values.len());
    for (date, points) in panel.dates().iter().zip(values) {
        if *points <= 0.0 {
            return Err(Failure::in_file(&file, format!("{column} on {date} is {points}, which is not positive")));
        }
        days.push((*date, points / 100.0));
    }
    Ok(days)
}

fn bill_rate(rates: &SeriesPanel, path: &Path, date: Date) -> Result<f64> {
    let known = rates
        .value_at_or_before("rf", date, RATE_MAX_AGE)
        .map_err(|error| Failure::in_file(&path.display().to_string(), error))?;
    if known.value <= -1.0 {
        let problem = format!("\"rf\" of {} is {}, a loss of everything", known.date, known.value);
        return Err(Failure::in_file(&path.display().to_string(), problem));
    }
    Ok(Frequency::Monthly.periods_per_year() * known.value.ln_1p())
}

/// The last day of every week sells until the last day of the next one. What is sold in the last week of the file
/// expires on a Friday that it does not contain.
fn plan_sales(days: &mut [Day]) {
    let monday = |date: Date| date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days());
    let mut next = None;
    for place in (0..days.len()).rev() {
        let date = days[place].date;
        let ends = match days.get(place + 1) {
            Some(after) => monday(after.date) != monday(date),
            None => date.weekday() == Weekday::Friday,
        };
        if ends {
            let expiry = next.unwrap_or_else(|| monday(date).saturating_add(11.days()));
            days[place].sells_until = Some(expiry);
            next = Some(date);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn weeks_end_before_holidays_and_the_last_one_may_be_open() {
        let on = |date| Day { date, spot: 1.0, volatility: 0.2, rate: 0.0, sells_until: None };
        // Good Friday 2018 was the 30th of March.
        let dates = [date(2018, 3, 28), date(2018, 3, 29), date(2018, 4, 2), date(2018, 4, 6), date(2018, 4, 9)];
        let mut days = dates.map(on);
        plan_sales(&mut days);
        let sales = days.map(|day| day.sells_until);
        assert_eq!(sales, [None, Some(date(2018, 4, 6)), None, Some(date(2018, 4, 13)), None]);
        let mut until_friday = dates[..4].iter().copied().map(on).collect::<Vec<_>>();
        plan_sales(&mut until_friday);
        assert_eq!(until_friday[3].sells_until, Some(date(2018, 4, 13)));
    }
}
