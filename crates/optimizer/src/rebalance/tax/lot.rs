//! Tax lots of one asset, and what a sale of some of them realises.

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use super::choice::LotChoice;
use crate::rebalance::check::{finite, not_negative, positive, sum};
use crate::{Error, Result};

/// Units bought together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawLot", into = "RawLot")]
pub struct TaxLot {
    opened: Date,
    held_since: Date,
    units: f64,
    unit_cost: f64,
}

impl TaxLot {
    /// Units bought on a day, and what one of them cost, purchase costs and any multiplier included.
    ///
    /// # Errors
    /// [`Error::Input`] unless the units are positive and the cost is not negative.
    pub fn new(opened: Date, units: f64, unit_cost: f64) -> Result<Self> {
        let (units, unit_cost) = (positive("lot units", units)?, not_negative("unit cost", unit_cost)?);
        Ok(Self { opened, held_since: opened, units, unit_cost })
    }

    /// With a holding period that began earlier, as after a wash sale.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a day after the lot was opened.
    pub fn with_held_since(mut self, date: Date) -> Result<Self> {
        if date > self.opened {
            return Err(Error::invalid("holding period", format!("from {date}, but opened on {}", self.opened)));
        }
        self.held_since = date;
        Ok(self)
    }

    /// The day of the purchase.
    #[must_use]
    pub fn opened(&self) -> Date {
        self.opened
    }

    /// The day the holding period counts from.
    #[must_use]
    pub fn held_since(&self) -> Date {
        self.held_since
    }

    /// Units, positive.
    #[must_use]
    pub fn units(&self) -> f64 {
        self.units
    }

    /// Basis of one unit.
    #[must_use]
    pub fn unit_cost(&self) -> f64 {
        self.unit_cost
    }

    /// Basis of the lot.
    #[must_use]
    pub fn basis(&self) -> f64 {
        self.units * self.unit_cost
    }

    /// The same lot with other units; `None` for none.
    pub(super) fn resized(&self, units: f64) -> Option<Self> {
        (units > 0.0).then(|| Self { units, ..self.clone() })
    }

    /// The same lot at a higher basis and an earlier start.
    pub(super) fn adjusted(&self, per_unit: f64, held_since: Date) -> Self {
        Self { unit_cost: self.unit_cost + per_unit, held_since, ..self.clone() }
    }
}

/// Whether a gain is short-term or long-term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Held briefly.
    Short,
    /// Held long.
    Long,
}

/// From when a gain is long-term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongTermRule {
    /// Sold after the anniversary of the purchase, as in the US (IRC §1222); with a 29 February in between that is
    /// a day more than 365.
    #[default]
    MoreThanOneYear,
    /// Held more than this many days.
    MoreThanDays(u32),
}

impl LongTermRule {
    /// The term of a gain.
    #[must_use]
    pub fn term(self, held_since: Date, sold: Date) -> Term {
        let last_short = match self {
            Self::MoreThanOneYear => held_since.saturating_add(1.year()),
            Self::MoreThanDays(days) => {
                Span::new().try_days(i64::from(days)).map_or(Date::MAX, |span| held_since.saturating_add(span))
            }
        };
        if sold > last_short { Term::Long } else { Term::Short }
    }
}

/// Part or all of a lot, sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RealizedLot {
    /// What was sold of the lot.
    pub lot: TaxLot,
    /// Units times price.
    pub proceeds: f64,
    /// Proceeds less basis; negative for a loss.
    pub gain: f64,
    /// By the holding period of the lot.
    pub term: Term,
}

/// What a sale realises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LotSale {
    /// Each lot sold from, in the order of the choice.
    pub realized: Vec<RealizedLot>,
    /// Short-term gain, negative for a loss.
    pub short_term: f64,
    /// Long-term gain, negative for a loss.
    pub long_term: f64,
    /// What is left.
    pub remaining: TaxLots,
}

/// The lots of one asset, in the order they were opened. Long only: a short position has no lots here.
///
/// # Examples
/// ```
/// use alluse_optimizer::rebalance::{LongTermRule, LotChoice, TaxLot, TaxLots};
/// use jiff::civil::date;
///
/// let lots = TaxLots::new(vec![
///     TaxLot::new(date(2023, 3, 1), 100.0, 40.0)?,
///     TaxLot::new(date(2024, 5, 1), 100.0, 60.0)?,
/// ]);
/// let sale = lots.sell(date(2024, 6, 3), 150.0, 55.0, &LotChoice::HighestCost, LongTermRule::default())?;
/// assert_eq!((sale.short_term, sale.long_term), (-500.0, 750.0));
/// assert_eq!(sale.remaining.units(), 50.0);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<TaxLot>", into = "Vec<TaxLot>")]
pub struct TaxLots {
    lots: Vec<TaxLot>,
}

impl TaxLots {
    /// Lots in any order; those of one day stay in the order given.
    #[must_use]
    pub fn new(mut lots: Vec<TaxLot>) -> Self {
        lots.sort_by_key(TaxLot::opened);
        Self { lots }
    }

    /// The lots, in the order they were opened.
    #[must_use]
    pub fn lots(&self) -> &[TaxLot] {
        &self.lots
    }

    /// Units in all.
    #[must_use]
    pub fn units(&self) -> f64 {
        sum(self.lots.iter().map(TaxLot::units))
    }

    /// Basis in all.
    #[must_use]
    pub fn basis(&self) -> f64 {
        sum(self.lots.iter().map(TaxLot::basis))
    }

    /// Sells units at a price, sale costs deducted and any multiplier included. Lots opened later are not for sale.
    ///
    /// # Errors
    /// [`Error::Input`] for units that are not positive or a price that is not finite, [`Error::Invalid`] when more
    /// is sold than held and for specific lots that do not fit.
    pub fn sell(&self, date: Date, units: f64, price: f64, choice: &LotChoice, rule: LongTermRule) -> Result<LotSale> {
        positive("units sold", units)?;
        finite("sale price", price)?;
        let there: Vec<&TaxLot> = self.lots.iter().take_while(|lot| lot.opened <= date).collect();
        let taken = choice.take(&there, date, units, price, rule)?;
        let mut left: Vec<Option<TaxLot>> = self.lots.iter().cloned().map(Some).collect();
        let mut realized = Vec::new();
        for (index, units) in taken {
            let lot = there[index];
            left[index] = lot.resized(lot.units - units);
            realized.extend(lot.resized(units).map(|sold| realize(sold, date, price, rule)));
        }
        let total = |term| sum(realized.iter().filter(|it: &&RealizedLot| it.term == term).map(|it| it.gain));
        let (short_term, long_term) = (total(Term::Short), total(Term::Long));
        Ok(LotSale { realized, short_term, long_term, remaining: Self { lots: left.into_iter().flatten().collect() } })
    }
}

pub(super) fn realize(lot: TaxLot, date: Date, price: f64, rule: LongTermRule) -> RealizedLot {
    let (proceeds, term) = (lot.units * price, rule.term(lot.held_since, date));
    RealizedLot { proceeds, gain: lot.units * (price - lot.unit_cost), term, lot }
}

impl From<Vec<TaxLot>> for TaxLots {
    fn from(lots: Vec<TaxLot>) -> Self {
        Self::new(lots)
    }
}

impl From<TaxLots> for Vec<TaxLot> {
    fn from(lots: TaxLots) -> Self {
        lots.lots
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLot {
    opened: Date,
    #[serde(default)]
    held_since: Option<Date>,
    units: f64,
    unit_cost: f64,
}

impl TryFrom<RawLot> for TaxLot {
    type Error = Error;

    fn try_from(raw: RawLot) -> Result<Self> {
        let lot = Self::new(raw.opened, raw.units, raw.unit_cost)?;
        lot.with_held_since(raw.held_since.unwrap_or(raw.opened))
    }
}

impl From<TaxLot> for RawLot {
    fn from(lot: TaxLot) -> Self {
        let TaxLot { opened, held_since, units, unit_cost } = lot;
        Self { opened, held_since: Some(held_since), units, unit_cost }
    }
}
