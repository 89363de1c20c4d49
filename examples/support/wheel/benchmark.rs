//! Month by month against published programmes.

use std::collections::BTreeMap;
use std::path::Path;

use alluse_quant::risk_core::Frequency;
use alluse_quant::risk_core::moments::{Normalisation, comoment, mean, standard_deviation};
use alluse_quant::risk_core::panel::{Missing, SeriesPanel};
use jiff::civil::{Date, Weekday};
use ndarray::Array1;
use serde::Serialize;

use crate::{Failure, Result};

/// The programme beside one published index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Its column.
    pub name: String,
    /// First month of the comparison.
    pub from: String,
    /// Last month.
    pub to: String,
    /// How many.
    pub months: usize,
    /// Of monthly returns.
    pub correlation: f64,
    /// Of the programme to the index.
    pub beta: f64,
    /// Standard deviation of the difference of monthly returns, annualised.
    pub tracking_error: f64,
    /// Mean monthly return of the programme, times 12.
    pub programme_return: f64,
    /// Mean monthly return of the index, times 12.
    pub index_return: f64,
    /// Annualised.
    pub programme_volatility: f64,
    /// Annualised.
    pub index_volatility: f64,
}

/// Year and month.
type Month = (i16, i8);

/// Fewer months make no correlation worth printing.
const FEWEST_MONTHS: usize = 12;

/// The programme against the columns `put` and `bxm` of a file.
///
/// # Errors
/// For a file that cannot be read, lacks a column, or shares fewer than twelve months with the programme.
pub fn compare(path: &Path, dates: &[Date], values: &[f64]) -> Result<Vec<Compared>> {
    let file = path.display().to_string();
    let panel = SeriesPanel::from_csv(path, Missing::DropRow)?;
    let own = returns(&month_ends(dates, values));
    let one = |name: &str| {
        let levels = panel.column(name).map_err(|error| Failure::in_file(&file, error))?;
        if let Some(bad) = levels.iter().find(|level| **level <= 0.0) {
            return Err(Failure::in_file(&file, format!("{name} has the level {bad}, which is not positive")));
        }
        let published = panel.dates().iter().map(month).zip(levels.iter().copied()).collect();
        against(name, &own, &returns(&published)).map_err(|problem| Failure::in_file(&file, problem))
    };
    Ok(vec![one("put")?, one("bxm")?])
}

fn against(name: &str, own: &BTreeMap<Month, f64>, published: &BTreeMap<Month, f64>) -> Result<Compared> {
    let common: Vec<Month> = own.keys().filter(|month| published.contains_key(*month)).copied().collect();
    let ([first, .., last], true) = (&common[..], common.len() >= FEWEST_MONTHS) else {
        let problem = format!("{name} shares {} months with the programme, fewer than {FEWEST_MONTHS}", common.len());
        return Err(Failure(problem));
    };
    let of = |series: &BTreeMap<Month, f64>| common.iter().map(|month| series[month]).collect::<Array1<f64>>();
    let (own, published) = (of(own), of(published));
    let year = Frequency::Monthly.periods_per_year();
    let (own_deviation, deviation) = (standard_deviation(own.view(), 1)?, standard_deviation(published.view(), 1)?);
    let beta = comoment(own.view(), published.view(), 1, Normalisation::BenchmarkMoment)?;
    Ok(Compared {
        name: name.to_owned(),
        from: month_name(*first),
        to: month_name(*last),
        months: common.len(),
        correlation: beta * deviation / own_deviation,
        beta,
        tracking_error: standard_deviation((&own - &published).view(), 1)? * year.sqrt(),
        programme_return: mean(own.view())? * year,
        index_return: mean(published.view())? * year,
        programme_volatility: own_deviation * year.sqrt(),
        index_volatility: deviation * year.sqrt(),
    })
}

/// Values on the last day of each month that is complete.
fn month_ends(dates: &[Date], values: &[f64]) -> BTreeMap<Month, f64> {
    let ends = |place: usize| match dates.get(place + 1) {
        Some(next) => month(next) != month(&dates[place]),
        None => next_weekday(dates[place]).is_none_or(|next| month(&next) != month(&dates[place])),
    };
    (0..dates.len()).filter(|place| ends(*place)).map(|place| (month(&dates[place]), values[place])).collect()
}

/// Simple returns of months whose predecessor is there too.
fn returns(levels: &BTreeMap<Month, f64>) -> BTreeMap<Month, f64> {
    let before = |(year, month): Month| if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    levels.iter().filter_map(|(at, level)| Some((*at, level / levels.get(&before(*at))? - 1.0))).collect()
}

fn month(date: &Date) -> Month {
    (date.year(), date.month())
}

fn month_name((year, month): Month) -> String {
    format!("{year}-{month:02}")
}

fn next_weekday(date: Date) -> Option<Date> {
    date.series(jiff::Span::new().days(1))
        .skip(1)
        .find(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn only_complete_months_with_a_predecessor_count() {
        let dates = [date(2018, 10, 31), date(2018, 11, 29), date(2018, 11, 30), date(2018, 12, 31), date(2019, 1, 30)];
        let ends = month_ends(&dates, &[100.0, 7.0, 110.0, 99.0, 5.0]);
        assert_eq!(
            ends.into_iter().collect::<Vec<_>>(),
            [((2018, 10), 100.0), ((2018, 11), 110.0), ((2018, 12), 99.0)]
        );
        let levels = [((2018, 11), 100.0), ((2018, 12), 110.0), ((2019, 1), 55.0), ((2019, 3), 60.0)];
        let returns: Vec<_> = returns(&levels.into_iter().collect()).into_iter().collect();
        assert_eq!(returns.iter().map(|r| r.0).collect::<Vec<_>>(), [(2018, 12), (2019, 1)]);
        assert!((returns[0].1 - 0.1).abs() < 1e-15 && (returns[1].1 - -0.5).abs() < 1e-15);
        // Friday the 29th of March 2024 ends its month, Thursday the 28th does not.
        assert_eq!(month_ends(&[date(2024, 3, 29)], &[1.0]).len(), 1);
        assert_eq!(month_ends(&[date(2024, 3, 28)], &[1.0]).len(), 0);
    }

    #[test]
    fn a_series_against_twice_itself() {
        let own: BTreeMap<Month, f64> = (1..=12).map(|m| ((2018, m), 0.01 * f64::from(m % 4))).collect();
        let double = own.iter().map(|(m, r)| (*m, 2.0 * r)).collect();
        let compared = against("put", &own, &double).unwrap();
        assert!((compared.correlation - 1.0).abs() < 1e-12);
        assert!((compared.beta - 0.5).abs() < 1e-12);
        assert!((compared.tracking_error - compared.programme_volatility).abs() < 1e-12);
        assert_eq!((compared.from.as_str(), compared.to.as_str(), compared.months), ("2018-01", "2018-12", 12));
        let eleven = own.iter().skip(1).map(|(m, r)| (*m, *r)).collect();
        assert!(against("put", &eleven, &own).is_err());
    }
}
