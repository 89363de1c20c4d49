//! Dated crises as data: what moved, how far, and how well that is known.

mod mapping;
mod table;

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use mapping::{CrisisLink, CrisisMapping, LinkMeasure, Proxy};

use crate::{Error, Result};

/// Something whose move in a crisis is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CrisisFactor {
    /// The S&P 500, without dividends.
    Equity,
    /// The Dow Jones Industrial Average.
    DowJones,
    /// The Nasdaq Composite.
    Nasdaq,
    /// The Nikkei 225.
    Nikkei,
    /// The VIX: implied volatility of the S&P 500 over a month, in points.
    VolatilityIndex,
    /// Par yield of three-month US Treasury bills.
    Treasury3Month,
    /// Par yield of two-year US Treasury notes.
    Treasury2Year,
    /// Par yield of ten-year US Treasury notes.
    Treasury10Year,
    /// Spread of US high-yield bonds over Treasuries.
    HighYieldSpread,
    /// Spread of US investment-grade bonds over Treasuries.
    InvestmentGradeSpread,
    /// WTI crude oil, spot.
    Oil,
    /// US dollars for a pound sterling.
    PoundDollar,
}

impl fmt::Display for CrisisFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equity => "equity index",
            Self::DowJones => "Dow Jones index",
            Self::Nasdaq => "Nasdaq index",
            Self::Nikkei => "Nikkei index",
            Self::VolatilityIndex => "volatility index",
            Self::Treasury3Month => "3-month Treasury yield",
            Self::Treasury2Year => "2-year Treasury yield",
            Self::Treasury10Year => "10-year Treasury yield",
            Self::HighYieldSpread => "high-yield spread",
            Self::InvestmentGradeSpread => "investment-grade spread",
            Self::Oil => "oil price",
            Self::PoundDollar => "price of the pound in dollars",
        })
    }
}

/// How well a number is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Grade {
    /// Computed from a public series of daily closes.
    A,
    /// Widely printed, and more than one source agrees.
    B,
}

/// How far something moved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// As a fraction of the first price.
    Relative(f64),
    /// From one index level to another.
    Levels {
        /// On the first day.
        start: f64,
        /// On the last.
        end: f64,
    },
    /// Of a yield or a spread; 100 are one per cent.
    BasisPoints(f64),
}

/// One recorded move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CrisisMove {
    /// What moved.
    pub factor: CrisisFactor,
    /// How far.
    pub change: Change,
    /// How well it is known.
    pub grade: Grade,
    /// Close to close from when to when, where not from the start of the crisis to its end.
    pub window: Option<(Date, Date)>,
    /// Where the number comes from.
    pub source: &'static str,
}

/// A dated crisis, close to close.
///
/// ```
/// use alluse_stress::{Change, CrisisFactor, Grade, crisis};
///
/// let lehman = crisis("lehman_to_november_2008")?;
/// let equity = lehman.recorded(CrisisFactor::Equity).unwrap();
/// assert_eq!((equity.change, equity.grade), (Change::Relative(-0.3989), Grade::A));
/// // Nobody quoted an implied volatility in 1987 that is good enough to be data.
/// assert!(crisis("black_monday_1987")?.recorded(CrisisFactor::VolatilityIndex).is_none());
/// # Ok::<(), alluse_stress::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Crisis {
    /// Its name in the catalogue.
    pub name: &'static str,
    /// What it was.
    pub title: &'static str,
    /// The last close before.
    pub start: Date,
    /// The close at its end.
    pub end: Date,
    /// What moved; one entry a factor.
    pub moves: &'static [CrisisMove],
}

impl Crisis {
    /// The recorded move of a factor, if there is one.
    #[must_use]
    pub fn recorded(&self, factor: CrisisFactor) -> Option<&'static CrisisMove> {
        self.moves.iter().find(|one| one.factor == factor)
    }
}

/// Every crisis of the catalogue, by start.
#[must_use]
pub fn crises() -> &'static [Crisis] {
    table::CRISES
}

/// The crisis of this name.
///
/// # Errors
/// [`Error::Input`] for a name that the catalogue does not have.
pub fn crisis(name: &str) -> Result<&'static Crisis> {
    let unknown = || alluse_risk_core::Error::Unknown { name: "crisis", value: name.to_owned() };
    table::CRISES.iter().find(|crisis| crisis.name == name).ok_or_else(|| Error::Input(unknown()))
}

#[cfg(test)]
mod tests;
