//! Prices, sectors and factors by month, and the weights of the portfolio at the start of each.

use std::path::{Path, PathBuf};

use alluse_quant::risk_core::panel::{Missing, PricePanel, SeriesPanel};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use ndarray::{Array1, Array2, Axis, Slice};
use serde::Serialize;

use crate::allocate::inputs::sectors;
use crate::{Failure, Result, wheel};

/// Where everything comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Daily prices, one column per symbol.
    #[serde(skip)]
    pub prices: PathBuf,
    /// Symbols and their sectors.
    #[serde(skip)]
    pub sectors: PathBuf,
    /// Monthly returns of the factors, and the bill return `rf`.
    #[serde(skip)]
    pub factors: PathBuf,
    /// First calendar year of the portfolio.
    pub from: usize,
    /// The option programme.
    pub wheel: wheel::inputs::Settings,
    /// Schemes that label weeks.
    #[serde(skip)]
    pub week_labels: PathBuf,
}

/// The columns of the factor file.
pub const FACTORS: [&str; 3] = ["mkt_rf", "smb", "hml"];

/// Months whose return is the score: from the end of the 13th month before to the end of the second before.
const LOOKBACK: usize = 13;

/// Fewer months say nothing.
const FEWEST_MONTHS: usize = 60;

/// Shares by month: what they returned, and what was known when the month began.
#[derive(Debug, Clone)]
pub struct Months {
    /// Close at which the first month begins.
    pub start: Date,
    /// Last trading days.
    pub ends: Vec<Date>,
    /// Sector of each share.
    pub sectors: Vec<String>,
    /// Months × shares: simple returns.
    pub returns: Array2<f64>,
    /// Days × shares of each month: simple returns.
    pub daily: Vec<Array2<f64>>,
    /// Months × shares: rank of the score known at the start, from −1 for the lowest to 1.
    pub ranks: Array2<f64>,
    /// Months × shares: weights of the portfolio at the start.
    pub portfolio: Array2<f64>,
    /// Months × shares: weights of the benchmark at the start, all equal.
    pub benchmark: Array2<f64>,
    /// Months × factors.
    pub factors: Array2<f64>,
    /// Bill returns.
    pub bills: Array1<f64>,
    /// The last whole month with prices.
    pub last_priced: Date,
}

impl Months {
    /// Reads the files.
    ///
    /// # Errors
    /// One sentence about whatever is wrong with a file.
    pub fn load(settings: &Settings) -> Result<Self> {
        let prices = PricePanel::from_csv(&settings.prices, Missing::Reject)?;
        let file = settings.prices.display().to_string();
        let members = sectors(&settings.sectors, prices.assets())?;
        let of = |symbol: &str| members.iter().find(|(_, all)| all.iter().any(|one| one == symbol));
        let sectors = prices.assets().iter().filter_map(|asset| Some(of(asset.as_str())?.0.clone())).collect();
        let ends = month_ends(&file, prices.dates())?;
        let factors = Factors::load(&settings.factors)?;
        let year = |place: usize| usize::try_from(prices.dates()[place].year()).unwrap_or(0);
        // The last month with both prices and factors ends the record; a gap before it is an error.
        let with_factors = |end: &usize| factors.row(prices.dates()[*end]).is_some();
        let through = ends.iter().rposition(with_factors).map_or(0, |last| last + 1);
        let first = (LOOKBACK..through).find(|&month| year(ends[month]) >= settings.from).unwrap_or(through);
        if through - first < FEWEST_MONTHS {
            let problem = format!(
                "prices and factors share {} months from {} on with {LOOKBACK} months of prices before them, fewer than \
                 {FEWEST_MONTHS}",
                through - first,
                settings.from
            );
            return Err(Failure::in_file(&file, problem));
        }
        let n = prices.assets().len();
        if n < 2 {
            return Err(Failure::in_file(&file, "one share cannot be ranked"));
        }
        let rows = prices.prices();
        let growth = |from: usize, to: usize| &rows.row(to) / &rows.row(from);
        let count = through - first;
        let mut months = Self {
            start: prices.dates()[ends[first - 1]],
            ends: ends[first..through].iter().map(|end| prices.dates()[*end]).collect(),
            sectors,
            returns: Array2::zeros((count, n)),
            daily: Vec::with_capacity(count),
            ranks: Array2::zeros((count, n)),
            portfolio: Array2::zeros((count, n)),
            benchmark: Array2::from_elem((count, n), 1.0 / n as f64),
            factors: Array2::zeros((count, FACTORS.len())),
            bills: Array1::zeros(count),
            last_priced: prices.dates()[ends[ends.len() - 1]],
        };
        let daily = prices.simple_returns()?;
        for (row, month) in (first..through).enumerate() {
            let (open, close) = (ends[month - 1], ends[month]);
            months.returns.row_mut(row).assign(&(growth(open, close) - 1.0));
            months.daily.push(daily.returns().slice_axis(Axis(0), Slice::from(open..close)).to_owned());
            let ranks = ranks(&growth(ends[month - LOOKBACK], ends[month - 2]));
            let all: f64 = ranks.sum();
            months.portfolio.row_mut(row).assign(&(&ranks / all));
            months.ranks.row_mut(row).assign(&ranks.mapv(|rank| (2.0 * rank - n as f64 - 1.0) / (n as f64 - 1.0)));
            let end = prices.dates()[close];
            let known = factors.row(end).ok_or_else(|| {
                let problem = format!("no factors for {}-{:02}, which has prices", end.year(), end.month());
                Failure::in_file(&settings.factors.display().to_string(), problem)
            })?;
            months.factors.row_mut(row).assign(&known.0);
            months.bills[row] = known.1;
        }
        Ok(months)
    }
}

/// 1 for the lowest, `n` for the highest; of equals the first column is the lower.
fn ranks(scores: &Array1<f64>) -> Array1<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut ranks = Array1::zeros(scores.len());
    order.iter().enumerate().for_each(|(rank, &asset)| ranks[asset] = (rank + 1) as f64);
    ranks
}

/// Places of the last days of whole months.
fn month_ends(file: &str, dates: &[Date]) -> Result<Vec<usize>> {
    let month = |date: Date| 12 * i32::from(date.year()) + i32::from(date.month());
    let mut ends = Vec::new();
    for (place, &date) in dates.iter().enumerate() {
        match dates.get(place + 1) {
            Some(&next) if month(next) == month(date) => {}
            Some(&next) if month(next) > month(date) + 1 => {
                let problem = format!("no prices between {date} and {next}, a whole month");
                return Err(Failure::in_file(file, problem));
            }
            Some(_) => ends.push(place),
            None => {
                let next = date.saturating_add(if date.weekday() == Weekday::Friday { 3.days() } else { 1.day() });
                if month(next) > month(date) {
                    ends.push(place);
                }
            }
        }
    }
    if ends.len() <= LOOKBACK {
        let problem = format!("{} whole months of prices, at least {} are needed", ends.len(), LOOKBACK + 1);
        return Err(Failure::in_file(file, problem));
    }
    Ok(ends)
}

struct Factors {
    dates: Vec<Date>,
    factors: Array2<f64>,
    bills: Array1<f64>,
}

impl Factors {
    fn load(path: &Path) -> Result<Self> {
        let panel = SeriesPanel::from_csv(path, Missing::Reject)?;
        let file = path.display().to_string();
        let column = |name: &str| panel.column(name).map_err(|error| Failure::in_file(&file, error));
        let mut factors = Array2::zeros((panel.dates().len(), FACTORS.len()));
        for (place, name) in FACTORS.into_iter().enumerate() {
            factors.column_mut(place).assign(&column(name)?);
        }
        Ok(Self { dates: panel.dates().to_vec(), factors, bills: column("rf")?.to_owned() })
    }

    /// Of the month of a date.
    fn row(&self, date: Date) -> Option<(Array1<f64>, f64)> {
        let place = self.dates.iter().position(|d| (d.year(), d.month()) == (date.year(), date.month()))?;
        Some((self.factors.row(place).to_owned(), self.bills[place]))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    #[test]
    fn months_that_are_not_over_do_not_count() {
        let days = |last: Date| date(2017, 1, 2).series(1.day()).take_while(|day| *day <= last).collect::<Vec<_>>();
        // 2018-03-30 is a Friday, and Monday is April.
        assert_eq!(month_ends("p", &days(date(2018, 3, 30))).unwrap().len(), 15);
        assert_eq!(month_ends("p", &days(date(2018, 3, 29))).unwrap().len(), 14);
        let mut gap = days(date(2018, 6, 29));
        gap.retain(|day| day.month() != 5 || day.year() != 2018);
        assert_eq!(
            month_ends("p", &gap).unwrap_err().0,
            "p: no prices between 2018-04-30 and 2018-06-01, a whole month"
        );
        assert!(month_ends("p", &days(date(2017, 6, 30))).unwrap_err().0.contains("at least 14"));
    }

    #[test]
    fn ranks_are_of_scores_and_ties_go_by_column() {
        assert_eq!(ranks(&array![0.3, -0.1, 0.3, 2.0]), array![2.0, 1.0, 3.0, 4.0]);
    }
}
