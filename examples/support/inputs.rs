//! From files to a book in its market, with every modelled input named.

use std::fs::File;
use std::path::{Path, PathBuf};

use alluse_quant::instruments::{Book, ExchangeCalendar, MarketSnapshot};
use alluse_quant::risk_core::covariance::ewma::{self, InitialVariance};
use alluse_quant::risk_core::panel::{
    DrivenFactors, Driver, HistoricalScenarios, Missing, MissingFactor, PricePanel, ReturnPanel, SeriesPanel, align,
};
use alluse_quant::risk_core::{AssetId, Decay, Frequency, InputHash, Receipt, ShockKind};
use jiff::civil::{Date, date};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::positions::{self, Holding, Row};
use crate::{Failure, Result};

/// Where everything comes from.
#[derive(Debug, Clone)]
pub struct Files {
    /// Daily prices, one column per symbol.
    pub prices: PathBuf,
    /// The positions.
    pub positions: PathBuf,
    /// Daily closes of the index whose volatility the volatility index measures.
    pub index: PathBuf,
    /// Daily closes of the volatility index, in points.
    pub volatility_index: PathBuf,
    /// Monthly simple bill returns, column `rf`.
    pub rates: PathBuf,
    /// Whether volatilities may stay where they are instead of moving with the volatility index.
    pub hold_volatility: bool,
}

impl Files {
    /// The files that the command line names, and the examples' own data for the others.
    #[must_use]
    pub fn of(arguments: &Arguments) -> Self {
        Self {
            prices: arguments.path_or("--prices", "stocks20_daily.csv"),
            positions: arguments.path_or("--positions", "positions.csv"),
            index: arguments.path_or("--index", "sp500_index_daily.csv"),
            volatility_index: arguments.path_or("--volatility-index", "vix_2014_2018_daily.csv"),
            rates: arguments.path_or("--rates", "ff3_monthly.csv"),
            hold_volatility: arguments.has("--hold-volatility"),
        }
    }
}

/// A volatility that nobody quoted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelledVolatility {
    /// The underlying.
    pub asset: String,
    /// Its own EWMA volatility, per √year.
    pub ewma: f64,
    /// What is used for its options: `ewma · ratio`.
    pub volatility: f64,
}

/// The market that was assembled and how.
#[derive(Debug)]
pub struct Inputs {
    /// The book, valued.
    pub book: Book,
    /// Its history.
    pub history: HistoricalScenarios,
    /// All its prices, whose history may be longer than that of the volatility index.
    pub prices: PricePanel,
    /// Which days are exchange days.
    pub calendar: ExchangeCalendar,
    /// Modelled volatilities; empty when the positions file has them all.
    pub modelled: Vec<ModelledVolatility>,
    /// Volatility index over the EWMA volatility of its index.
    pub ratio: Option<f64>,
    /// The rate, continuously compounded.
    pub rate: f64,
    /// What was modelled or taken for granted, in words.
    pub notes: Vec<String>,
    /// Hashes of the files.
    pub receipt: Receipt,
    /// Whether volatilities stay where they are in the scenarios.
    pub hold_volatility: bool,
}

/// Days after which a monthly rate is too old.
const RATE_MAX_AGE: u32 = 62;

impl Inputs {
    /// Reads the files and assembles book, market and history.
    ///
    /// # Errors
    /// One sentence about whatever is wrong with a file.
    pub fn load(files: &Files) -> Result<Self> {
        let prices = PricePanel::from_csv(&files.prices, Missing::Reject)?;
        let as_of = last_date(prices.dates());
        let file = files.positions.display().to_string();
        let source = File::open(&files.positions).map_err(|error| Failure::in_file(&file, error))?;
        let rows = positions::read(&file, source)?;
        let mut notes = Vec::new();
        let rate = bill_rate(&files.rates, as_of, &mut notes)?;
        let mut market = MarketSnapshot::usd(as_of).with_rate("USD", rate)?.with_dividend_yield_otherwise(0.0)?;
        notes.push("dividend yields are 0: the prices are adjusted for dividends".to_owned());
        for asset in prices.assets() {
            let column = prices.column(asset)?;
            market = market.with_spot(asset.as_str(), column[column.len() - 1])?;
        }
        let needed = needs_volatility(&rows);
        let mut modelled = Vec::new();
        let mut ratio = None;
        let mut history = HistoricalScenarios::new(prices.clone());
        if has_options(&rows) {
            if files.hold_volatility {
                history = history.with_missing_factor(MissingFactor::HoldFixed);
                notes.push("volatilities are held fixed in every scenario".to_owned());
            } else {
                let index = SeriesPanel::from_csv(&files.volatility_index, Missing::DropRow)?;
                history = driven(history, &index, &files.volatility_index, &mut notes)?;
            }
        }
        if !needed.is_empty() {
            let model = VolatilityModel::load(files, as_of)?;
            notes.push(model.description());
            let returns = prices.simple_returns()?;
            for asset in needed.into_iter().filter(|asset| prices.assets().contains(asset)) {
                let ewma = ewma_volatility(&returns, &asset)?;
                let volatility = ewma * model.ratio;
                market = market.with_volatility(asset.as_str(), volatility)?;
                modelled.push(ModelledVolatility { asset: asset.to_string(), ewma, volatility });
            }
            ratio = Some(model.ratio);
        }
        let book = positions::book(&file, &rows, &market)?;
        let receipt = receipt(files)?;
        Ok(Self {
            book,
            history,
            prices,
            calendar: exchange_calendar(),
            modelled,
            ratio,
            rate,
            notes,
            receipt,
            hold_volatility: files.hold_volatility,
        })
    }
}

/// Closing days of the New York exchanges around the data of the examples, from their published calendars.
fn exchange_calendar() -> ExchangeCalendar {
    ExchangeCalendar::weekdays().with_holidays([
        date(2018, 12, 25),
        date(2019, 1, 1),
        date(2019, 1, 21),
        date(2019, 2, 18),
        date(2019, 4, 19),
        date(2019, 5, 27),
        date(2019, 7, 4),
        date(2019, 9, 2),
        date(2019, 11, 28),
        date(2019, 12, 25),
    ])
}

fn has_options(rows: &[Row]) -> bool {
    rows.iter().any(|row| matches!(row.holding, Holding::Option { .. }))
}

/// Underlyings of options without a volatility of their own, in order of first use.
fn needs_volatility(rows: &[Row]) -> Vec<AssetId> {
    let mut assets: Vec<AssetId> = Vec::new();
    for row in rows {
        if let Holding::Option { contract, volatility: None } = &row.holding
            && !assets.contains(contract.underlying())
        {
            assets.push(contract.underlying().clone());
        }
    }
    assets
}

/// The history with every volatility moving by the log changes of the volatility index.
fn driven(
    history: HistoricalScenarios,
    index: &SeriesPanel,
    path: &Path,
    notes: &mut Vec<String>,
) -> Result<HistoricalScenarios> {
    let file = path.display().to_string();
    let [column] = index.columns() else {
        return Err(Failure::in_file(&file, "a volatility index file has one column beside the date"));
    };
    let priced = last_date(history.prices().dates());
    let history = history
        .with_series(index.clone())
        .map_err(|error| match error {
            alluse_quant::risk_core::Error::Empty { .. } => Failure::in_file(
                &file,
                "no date in common with the prices; give another --volatility-index, or --hold-volatility",
            ),
            other => Failure::in_file(&file, other),
        })?
        .with_driver(Driver::new(DrivenFactors::EveryVolatility, column, ShockKind::Log))?;
    if last_date(history.prices().dates()) != priced {
        let problem = format!("no value on {priced}, the last date of the prices; or give --hold-volatility");
        return Err(Failure::in_file(&file, problem));
    }
    let dates = history.prices().dates();
    let before = history.dropped_price_dates().iter().filter(|date| **date < dates[0]).count();
    notes.push(format!(
        "every volatility moves with the log changes of {column}, {} to {}; left out: {} price dates before its first, {} \
         price dates since without a value, {} of its dates without prices",
        dates[0],
        last_date(dates),
        before,
        history.dropped_price_dates().len() - before,
        history.dropped_series_dates().len(),
    ));
    Ok(history)
}

/// The ratio of implied to realised volatility of the index, applied to every share.
struct VolatilityModel {
    ratio: f64,
    index_ewma: f64,
    implied: f64,
}

impl VolatilityModel {
    fn load(files: &Files, as_of: Date) -> Result<Self> {
        let index = PricePanel::from_csv(&files.index, Missing::Reject)?;
        let implied = SeriesPanel::from_csv(&files.volatility_index, Missing::DropRow)?;
        let both = align(&index, &implied)
            .map_err(|_| Failure("the index and the volatility index have no date in common".to_owned()))?;
        let name = both.right.columns()[0].clone();
        let level = both.right.value_at_or_before(&name, as_of, 0)?.value;
        let until = both.left.between(both.left.dates()[0], as_of)?;
        let index_ewma = ewma_volatility(&until.simple_returns()?, &until.assets()[0])?;
        let implied = level / 100.0;
        Ok(Self { ratio: implied / index_ewma, index_ewma, implied })
    }

    fn description(&self) -> String {
        format!(
            "option volatilities are modelled: own EWMA volatility (decay 0.94) x {:.3}, the volatility index at {:.2} % \
             over the EWMA volatility of its index at {:.2} %",
            self.ratio,
            100.0 * self.implied,
            100.0 * self.index_ewma
        )
    }
}

/// Annualised EWMA volatility of one asset's daily returns, RiskMetrics' decay.
fn ewma_volatility(returns: &ReturnPanel, asset: &AssetId) -> Result<f64> {
    let variance = ewma::variance(returns.column(asset)?, Decay::RISKMETRICS_DAILY, InitialVariance::FirstSquare)?;
    Ok(variance.annualized_volatility(Frequency::Daily))
}

/// The last monthly bill return as a continuously compounded annual rate.
fn bill_rate(path: &Path, as_of: Date, notes: &mut Vec<String>) -> Result<f64> {
    let file = path.display().to_string();
    let series = SeriesPanel::from_csv(path, Missing::Reject)?;
    let known = series.value_at_or_before("rf", as_of, RATE_MAX_AGE).map_err(|error| Failure::in_file(&file, error))?;
    let rate = Frequency::Monthly.periods_per_year() * known.value.ln_1p();
    notes.push(format!(
        "the rate is {:.3} %, from the one-month bill return of {} ({} days old)",
        100.0 * rate,
        known.date,
        known.age_days
    ));
    Ok(rate)
}

fn receipt(files: &Files) -> Result<Receipt> {
    let mut receipt = Receipt::new(format!("decay 0.94; hold_volatility {}", files.hold_volatility));
    for (name, path) in [
        ("prices", &files.prices),
        ("positions", &files.positions),
        ("index", &files.index),
        ("volatility index", &files.volatility_index),
        ("rates", &files.rates),
    ] {
        if let Ok(bytes) = std::fs::read(path) {
            receipt = receipt.with_input(InputHash::of_bytes(name, &bytes));
        }
    }
    Ok(receipt)
}

fn last_date(dates: &[Date]) -> Date {
    // Panels are never empty.
    dates.last().copied().unwrap_or(Date::ZERO)
}
