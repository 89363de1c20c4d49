//! Prices at which holdings are measured on a day.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::holding::InstrumentKey;
use super::{Holding, Ledger};
use crate::valuation::unit_price;
use crate::{Error, Instrument, MarketSnapshot, Result};

/// What shares and options were worth at the close of a day, per share.
///
/// ```
/// use alluse_instruments::ledger::Marks;
/// use alluse_instruments::{Error, Instrument};
/// use jiff::civil::date;
///
/// let share = Instrument::Share { asset: "KO".to_owned().try_into()? };
/// let marks = Marks::new(date(2024, 1, 31)).with_price(share.clone(), 59.5)?;
/// assert_eq!(marks.price(&share), Some(59.5));
/// assert!(matches!(marks.with_price(share, f64::NAN), Err(Error::Market { .. })));
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawMarks", into = "RawMarks")]
pub struct Marks {
    date: Date,
    prices: BTreeMap<InstrumentKey, (Instrument, f64)>,
}

impl Marks {
    /// Without prices.
    #[must_use]
    pub fn new(date: Date) -> Self {
        Self { date, prices: BTreeMap::new() }
    }

    /// With a price per share, of the share itself or of an option on it.
    ///
    /// # Errors
    /// [`Error::Market`] for a price that is negative or not finite.
    pub fn with_price(mut self, instrument: Instrument, price: f64) -> Result<Self> {
        if !(price >= 0.0 && price.is_finite()) {
            let name = instrument.to_string();
            return Err(Error::Market { what: "mark", name, expected: "not negative and finite", value: price });
        }
        self.prices.insert(InstrumentKey::of(&instrument), (instrument, price));
        Ok(self)
    }

    /// The day.
    #[must_use]
    pub fn date(&self) -> Date {
        self.date
    }

    /// The price of an instrument, if known; a unit of cash is worth 1.
    #[must_use]
    pub fn price(&self, instrument: &Instrument) -> Option<f64> {
        match instrument {
            Instrument::Cash { .. } => Some(1.0),
            other => self.prices.get(&InstrumentKey::of(other)).map(|(_, price)| *price),
        }
    }

    pub(super) fn known(&self, instrument: &Instrument) -> Result<f64> {
        let missing = || Error::MissingQuote { what: "mark", name: instrument.to_string() };
        self.price(instrument).ok_or_else(missing)
    }
}

impl Ledger {
    /// Marks of everything held at the close of the market's day: prices of shares, model prices of options.
    ///
    /// # Errors
    /// [`Error::MissingQuote`] where the market lacks something, [`Error::Expired`] for an option whose end is not
    /// booked, [`Error::Input`] for another base currency or an asset quoted in one.
    pub fn marks(&self, market: &MarketSnapshot) -> Result<Marks> {
        let mut marks = Marks::new(market.as_of());
        // The book checks expiries and currencies.
        let book = self.book(market)?;
        for position in book.positions().iter().filter(|position| position.instrument.underlying().is_some()) {
            let currency = book.currency(position);
            if *currency != self.config().currency {
                let (name, value) = ("currency of the ledger", currency.to_string());
                return Err(alluse_risk_core::Error::Unknown { name, value }.into());
            }
            marks = marks.with_price(position.instrument.clone(), unit_price(market, &position.instrument)?)?;
        }
        Ok(marks)
    }

    /// Cash and positions at the close of the marks' day.
    ///
    /// # Errors
    /// [`Error::MissingQuote`] for a holding without a mark.
    pub fn value(&self, marks: &Marks) -> Result<f64> {
        let at = self.at(marks.date())?;
        let cash: f64 = at.cash().map(|(_, amount)| amount).sum();
        let held: f64 = at.holdings().map(|held| held.value(marks)).sum::<Result<f64>>()?;
        Ok(cash + held)
    }

    /// Itself, or what it was on that day.
    pub(super) fn at(&self, date: Date) -> Result<Cow<'_, Self>> {
        match self.last_date() {
            Some(last) if last > date => Ok(Cow::Owned(self.as_of(date)?)),
            _ => Ok(Cow::Borrowed(self)),
        }
    }
}

impl Holding {
    pub(super) fn value(&self, marks: &Marks) -> Result<f64> {
        Ok(self.units() * marks.known(&self.instrument)?)
    }
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct RawMarks {
    date: Date,
    prices: Vec<(Instrument, f64)>,
}

impl TryFrom<RawMarks> for Marks {
    type Error = Error;

    fn try_from(raw: RawMarks) -> Result<Self> {
        raw.prices
            .into_iter()
            .try_fold(Self::new(raw.date), |marks, (instrument, price)| marks.with_price(instrument, price))
    }
}

impl From<Marks> for RawMarks {
    fn from(marks: Marks) -> Self {
        Self { date: marks.date, prices: marks.prices.into_values().collect() }
    }
}
