//! The eight data sets, from files to panels of returns.

use std::path::Path;

use alluse_quant::risk_core::panel::{Missing, PricePanel, ReturnPanel, SeriesPanel};
use alluse_quant::risk_core::splits::TrainWindow;
use alluse_quant::risk_core::{AssetId, Frequency};
use jiff::civil::{Date, date};
use ndarray::{Array2, ArrayView1, Axis, stack};

use super::settings::Scope;
use crate::{Failure, Result};

/// Returns, and how a rule is walked through them.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// Its name, for the tables.
    pub name: &'static str,
    /// The returns.
    pub panel: ReturnPanel,
    /// Rows in a year.
    pub frequency: Frequency,
    /// Rows that a rule sees.
    pub window: usize,
    /// Rows between two decisions of the comparison.
    pub every: usize,
    /// Rows between two decisions when turnover is studied.
    pub often: usize,
    /// Rows over which a cost is spread by the no-trade region: a quarter.
    pub spread_over: f64,
    /// Rows within which a reversed trade counts as such.
    pub reversed_within: usize,
}

impl DataSet {
    fn daily(name: &'static str, panel: ReturnPanel) -> Self {
        let frequency = Frequency::Daily;
        Self { name, panel, frequency, window: 252, every: 21, often: 5, spread_over: 63.0, reversed_within: 20 }
    }

    fn monthly(name: &'static str, panel: ReturnPanel) -> Self {
        let frequency = Frequency::Monthly;
        Self { name, panel, frequency, window: 120, every: 1, often: 1, spread_over: 3.0, reversed_within: 1 }
    }

    /// The rows that a rule sees.
    #[must_use]
    pub fn train(&self) -> TrainWindow {
        TrainWindow::Rolling(self.window)
    }

    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.panel.assets().len()
    }

    /// The most that a capped rule puts into one asset: twice its share of 1/N.
    #[must_use]
    pub fn cap(&self) -> f64 {
        2.0 / self.assets() as f64
    }
}

/// Returns of the twenty shares, 1990 to 2018.
///
/// # Errors
/// One sentence about whatever is wrong with the file.
pub fn shares(folder: &Path) -> Result<ReturnPanel> {
    Ok(PricePanel::from_csv(folder.join("stocks20_daily.csv"), Missing::Reject)?.simple_returns()?)
}

/// The data sets of a scope, each with a year of returns out of sample at least.
///
/// # Errors
/// One sentence about whatever is wrong with a file.
pub fn load(folder: &Path, scope: Scope) -> Result<Vec<DataSet>> {
    let sets = read(folder, scope)?;
    for set in &sets {
        let (rows, needed) = (set.panel.dates().len(), 2 * set.window);
        if rows < needed {
            return Err(Failure::in_file(set.name, format!("{rows} returns, which are fewer than {needed}")));
        }
    }
    Ok(sets)
}

fn read(folder: &Path, scope: Scope) -> Result<Vec<DataSet>> {
    let etfs = PricePanel::from_csv(folder.join("factor_etfs_daily.csv"), Missing::Reject)?.simple_returns()?;
    let etfs = DataSet::daily("5 factor ETFs 2014-18", etfs);
    let indices = DataSet::daily("S&P 500, Nasdaq, oil 1999-2018", indices_and_oil(folder)?);
    if scope == Scope::Quick {
        return Ok(vec![etfs, indices]);
    }
    let shares = shares(folder)?;
    let file = folder.join("stocks20_daily.csv").display().to_string();
    let names = shares.assets().to_vec();
    if names.len() != 20 {
        return Err(Failure::in_file(&file, format!("{} shares where there should be 20", names.len())));
    }
    let (first, last) = names.split_at(10);
    let years = |from: i16, to: i16| shares.between(date(from, 1, 1), date(to, 12, 31));
    Ok(vec![
        DataSet::daily("20 shares 1990-99", years(1990, 1999)?),
        DataSet::daily("20 shares 2000-09", years(2000, 2009)?),
        DataSet::daily("20 shares 2010-18", years(2010, 2018)?),
        DataSet::daily("first 10 shares 1990-2018", shares.select(first)?),
        DataSet::daily("last 10 shares 1990-2018", shares.select(last)?),
        etfs,
        indices,
        DataSet::monthly("3 factor premia 1926-2018, monthly", premia(folder)?),
    ])
}

fn premia(folder: &Path) -> Result<ReturnPanel> {
    let series = SeriesPanel::from_csv(folder.join("ff3_monthly.csv"), Missing::Reject)?;
    let names = ["mkt_rf", "smb", "hml"];
    let columns: Vec<ArrayView1<'_, f64>> = names.iter().map(|name| Ok(series.column(name)?)).collect::<Result<_>>()?;
    panel(series.dates().to_vec(), &names, &columns)
}

fn panel(dates: Vec<Date>, names: &[&str], columns: &[ArrayView1<'_, f64>]) -> Result<ReturnPanel> {
    let values = stack(Axis(1), columns).map_err(|error| Failure(error.to_string()))?;
    let names = names.iter().map(|name| Ok(AssetId::new(*name)?)).collect::<Result<_>>()?;
    Ok(ReturnPanel::new(dates, names, values)?)
}

/// Closes on the days that all three files have.
fn indices_and_oil(folder: &Path) -> Result<ReturnPanel> {
    let closes_of = |file: &str, column: &str| -> Result<Vec<(Date, f64)>> {
        let series = SeriesPanel::from_csv(folder.join(file), Missing::DropRow)?;
        let values = series.column(column).map_err(|error| Failure::in_file(file, error))?;
        Ok(series.dates().iter().copied().zip(values.iter().copied()).collect())
    };
    let stocks = closes_of("sp500_index_daily.csv", "SP500")?;
    let technology = closes_of("nasdaq_ohlcv_daily.csv", "close")?;
    let oil = closes_of("wti_daily.csv", "wti_usd")?;
    let on = |series: &[(Date, f64)], day: Date| {
        series.binary_search_by_key(&day, |(date, _)| *date).ok().map(|place| series[place].1)
    };
    let (mut dates, mut closes) = (Vec::new(), Vec::new());
    for (day, close) in &stocks {
        if let (Some(second), Some(third)) = (on(&technology, *day), on(&oil, *day)) {
            dates.push(*day);
            closes.extend([*close, second, third]);
        }
    }
    if dates.len() < 2 {
        let problem = format!("{} days are in sp500_index_daily.csv and nasdaq_ohlcv_daily.csv too", dates.len());
        return Err(Failure::in_file("wti_daily.csv", problem));
    }
    let values = Array2::from_shape_vec((dates.len(), 3), closes).map_err(|error| Failure(error.to_string()))?;
    let names = ["SP500", "NASDAQ", "WTI"].into_iter().map(|name| Ok(AssetId::new(name)?)).collect::<Result<_>>()?;
    Ok(PricePanel::new(dates, names, values)?.simple_returns()?)
}
