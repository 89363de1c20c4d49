//! The four kinds of series that are forecast.

use std::path::PathBuf;

use jiff::civil::Date;
use ndarray::Array1;

use crate::arguments::{Arguments, bundled};
use crate::backtest::portfolios::{self, Kind, Portfolio, Sources};
use crate::wheel::inputs::{Inputs, Settings as Wheel};
use crate::wheel::programme::run;
use crate::{Failure, Result};

/// Daily simple returns.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name in the tables.
    pub name: String,
    /// Dates of the returns.
    pub dates: Vec<Date>,
    /// The returns.
    pub returns: Array1<f64>,
}

/// An index, a share, a portfolio, and a programme that sells options.
///
/// # Errors
/// One sentence about whatever is wrong with a file, or with the folder of further ones.
pub fn load(further: Option<PathBuf>) -> Result<Vec<Series>> {
    if let Some(folder) = &further {
        // A folder that is not there would otherwise look like one without files.
        std::fs::read_dir(folder).map_err(|error| Failure(format!("--data {}: {error}", folder.display())))?;
    }
    let folder = bundled("").to_path_buf();
    let loaded = portfolios::load(&Sources { bundled: folder, further })?;
    let of = |name: &str, title: &str| -> Result<Series> {
        let found = loaded.all.iter().find(|portfolio| portfolio.name == name);
        let found = found.ok_or_else(|| Failure(format!("there is no portfolio {name:?}")))?;
        Ok(series(found, title))
    };
    let mut all = vec![
        of("S&P 500", "index: S&P 500")?,
        of("KO", "share: KO")?,
        of("equal weight", "portfolio: equal weights of twenty shares")?,
    ];
    let programme = loaded.all.iter().find(|portfolio| portfolio.kind == Kind::Options);
    all.push(match programme {
        Some(found) => series(found, &format!("option selling: {}", found.name)),
        None => wheel()?,
    });
    Ok(all)
}

fn series(portfolio: &Portfolio, name: &str) -> Series {
    let dates = portfolio.panel.dates().to_vec();
    Series { name: name.to_owned(), dates, returns: portfolio.pnl.clone() }
}

/// The weekly wheel on the bundled files.
fn wheel() -> Result<Series> {
    let none = Arguments::parse(std::iter::empty(), crate::arguments::Accepts { options: &[], switches: &[] })?;
    let settings = Wheel {
        index: none.path_or("--index", "sp500_index_daily.csv"),
        volatility_index: none.path_or("--volatility-index", "vix_2014_2018_daily.csv"),
        rates: none.path_or("--rates", "ff3_monthly.csv"),
        benchmark: None,
        delta: 0.30,
        half_spread: 0.03,
    };
    let inputs = Inputs::load(&settings)?;
    let values = run(&inputs, &settings)?.values;
    let returns = values.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    let dates = inputs.days.iter().skip(1).map(|day| day.date).collect();
    Ok(Series { name: "option selling: weekly wheel, modelled premiums".to_owned(), dates, returns })
}
