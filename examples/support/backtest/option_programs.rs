//! Programmes that sell options on an index, marked to market every day.
//!
//! The volatility of every option is that day's volatility index: one number for all strikes, so the skew is
//! missing and far puts are worth less than they were. Rates and dividend yields are zero. These are modelled
//! inputs, and the report says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use alluse_quant::instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
use alluse_quant::risk_core::panel::{PricePanel, ReturnPanel, SeriesPanel};
use alluse_quant::risk_core::{self, AssetId, Factor};
use alluse_quant::var_models::BookSource;
use jiff::civil::Date;
use ndarray::{Array1, Array2, Axis};

use super::portfolios::{Kind, OptionBooks, Portfolio};
use crate::{Failure, Result};

/// A programme: what is sold, and how long it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// A put 5 % below the index, 21 days, cash secured.
    ShortPut,
    /// The index and the same put.
    IndexAndShortPut,
    /// Put and call 4 % away, each with a wing another 4 % out; 21 days.
    IronCondor,
    /// A put 2 % below the index, 5 days, cash secured.
    WeeklyPut,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ShortPut, Self::IndexAndShortPut, Self::IronCondor, Self::WeeklyPut];

    /// In the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ShortPut => "short put",
            Self::IndexAndShortPut => "index + short put",
            Self::IronCondor => "iron condor",
            Self::WeeklyPut => "weekly short put",
        }
    }

    fn days(self) -> usize {
        match self {
            Self::WeeklyPut => 5,
            _ => 21,
        }
    }

    /// Options held: whether a put, strike over spot, contracts per index unit.
    fn legs(self) -> &'static [(bool, f64, f64)] {
        match self {
            Self::ShortPut | Self::IndexAndShortPut => &[(true, 0.95, -1.0)],
            Self::IronCondor => &[(true, 0.96, -1.0), (true, 0.92, 1.0), (false, 1.04, -1.0), (false, 1.08, 1.0)],
            Self::WeeklyPut => &[(true, 0.98, -1.0)],
        }
    }

    fn shares(self) -> f64 {
        match self {
            Self::IndexAndShortPut => 1.0,
            _ => 0.0,
        }
    }
}

const INDEX: &str = "SPX";

/// So that pricing can fail behind the trait of the models.
fn failed(error: alluse_quant::instruments::Error) -> risk_core::Error {
    risk_core::Error::Model { kind: error.kind(), message: error.to_string() }
}

/// Positions of one period, in units per unit of capital at its start.
#[derive(Debug, Clone)]
struct Period {
    units: f64,
    strikes_from: f64,
    expiry: Date,
}

/// The books of a programme.
#[derive(Debug)]
struct Books {
    program: Program,
    /// Close of index and volatility index (a decimal), by date, with the period that begins or runs on it.
    days: BTreeMap<Date, (f64, f64, Period)>,
}

impl Books {
    fn holding(&self, period: &Period, market: &MarketSnapshot) -> risk_core::Result<Book> {
        let one = Multiplier::new(1.0).map_err(failed)?;
        let mut builder = Book::builder();
        if self.program.shares() > 0.0 {
            builder = builder.share(INDEX, self.program.shares() * period.units);
        }
        for &(put, moneyness, contracts) in self.program.legs() {
            let strike = moneyness * period.strikes_from;
            let contract = match put {
                true => OptionContract::put(INDEX, strike, period.expiry, one),
                false => OptionContract::call(INDEX, strike, period.expiry, one),
            };
            builder = builder.option(contract.map_err(failed)?.european(), contracts * period.units);
        }
        builder.build(market).map_err(failed)
    }

    fn market(date: Date, spot: f64, volatility: f64) -> risk_core::Result<MarketSnapshot> {
        let market = MarketSnapshot::usd(date).with_spot(INDEX, spot).map_err(failed)?;
        let market = market.with_volatility(INDEX, volatility).map_err(failed)?;
        let market = market.with_rate("USD", 0.0).map_err(failed)?;
        market.with_dividend_yield(INDEX, 0.0).map_err(failed)
    }
}

impl BookSource for Books {
    fn book(&self, as_of: Date) -> risk_core::Result<Book> {
        let unknown = || risk_core::Error::Unknown { name: "book of", value: as_of.to_string() };
        let (spot, volatility, period) = self.days.get(&as_of).ok_or_else(unknown)?;
        self.holding(period, &Self::market(as_of, *spot, *volatility)?)
    }
}

/// The programme on the days that index and volatility index share.
///
/// # Errors
/// For files without a day in common, and when a book cannot be valued.
pub fn portfolio(program: Program, index: &PricePanel, volatility: &SeriesPanel) -> Result<Portfolio> {
    let closes = volatility.column("close")?;
    let mut days = Vec::new();
    for (i, date) in index.dates().iter().enumerate() {
        if let Ok(j) = volatility.dates().binary_search(date) {
            days.push((*date, index.prices()[[i, 0]], closes[j] / 100.0));
        }
    }
    let length = program.days();
    // The last expiry must be a day of the file.
    let kept = days.len().saturating_sub(1) / length * length;
    if kept == 0 {
        return Err(Failure(format!("{}: the files share too few days", program.name())));
    }
    days.truncate(kept + 1);
    let period = |day: usize| {
        let start = day / length * length;
        let (_, spot, _) = days[start];
        Period { units: 1.0 / spot, strikes_from: spot, expiry: days[(start + length).min(kept)].0 }
    };
    let by_date = days.iter().enumerate().map(|(i, &(date, spot, vol))| (date, (spot, vol, period(i)))).collect();
    let books = Books { program, days: by_date };
    let mut pnl = Array1::zeros(kept);
    for day in 0..kept {
        let held = period(day);
        let worth = |day: usize| -> Result<f64> {
            let (date, spot, vol) = days[day];
            Ok(books.holding(&held, &Books::market(date, spot, vol)?)?.exposure().0.market_value)
        };
        pnl[day] = worth(day + 1)? - worth(day)?;
    }
    let dates: Vec<Date> = days[1..].iter().map(|day| day.0).collect();
    let mut moves = Array2::zeros((kept, 2));
    for day in 0..kept {
        moves[[day, 0]] = days[day + 1].1 / days[day].1 - 1.0;
        moves[[day, 1]] = days[day + 1].2 / days[day].2 - 1.0;
    }
    let spx = AssetId::new(INDEX)?;
    let options = OptionBooks {
        books: Arc::new(books),
        factors: vec![Factor::Spot(spx.clone()), Factor::Volatility(spx.clone())],
        panel: ReturnPanel::new(dates.clone(), vec![spx, AssetId::new("VIX")?], moves)?,
    };
    // What a model without the book sees: the series that the programme earned.
    let series = ReturnPanel::new(dates, vec![AssetId::new("programme")?], pnl.clone().insert_axis(Axis(1)))?;
    let exposures = Array2::ones((kept, 1));
    let name = program.name().to_owned();
    Ok(Portfolio { name, kind: Kind::Options, panel: series, exposures, pnl, options: Some(options) })
}
