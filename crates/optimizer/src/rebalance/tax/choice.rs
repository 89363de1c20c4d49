//! In which order a sale takes lots.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::lot::{LongTermRule, TaxLot, Term};
use crate::rebalance::check::ensure;
use crate::{Error, Result};

/// Tax rates on realised gains, as fractions from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRates", into = "RawRates")]
pub struct TaxRates {
    short_term: f64,
    long_term: f64,
}

impl TaxRates {
    /// # Errors
    /// [`Error::Input`] unless both are in [0, 1].
    pub fn new(short_term: f64, long_term: f64) -> Result<Self> {
        let rate = |name, value| ensure((0.0..=1.0).contains(&value), name, "in [0, 1]", value);
        Ok(Self { short_term: rate("short-term rate", short_term)?, long_term: rate("long-term rate", long_term)? })
    }

    /// The rate on a gain of this term.
    #[must_use]
    pub fn of(&self, term: Term) -> f64 {
        match term {
            Term::Short => self.short_term,
            Term::Long => self.long_term,
        }
    }
}

/// Units of one lot, named by hand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpecificLot {
    /// Position of the lot, counted from 0.
    pub lot: usize,
    /// Units to sell of it.
    pub units: f64,
}

/// Which lots a sale takes first. Ties go to the lot opened first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LotChoice {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// The most expensive lots.
    HighestCost,
    /// The cheapest lots.
    LowestCost,
    /// The least tax on this sale, a loss earning what its rate saves. Gains and losses elsewhere, and losses that a
    /// wash sale would disallow, are not looked at.
    MinimumTax(TaxRates),
    /// These; their units add up to those sold.
    Specific(Vec<SpecificLot>),
}

impl LotChoice {
    /// Units taken of each lot, as pairs of position and units, in the order of the choice.
    ///
    /// `lots` are in the order they were opened, and none was opened after `date`.
    pub(super) fn take(
        &self,
        lots: &[&TaxLot],
        date: Date,
        units: f64,
        price: f64,
        rule: LongTermRule,
    ) -> Result<Vec<(usize, f64)>> {
        if let Self::Specific(named) = self {
            return specific(named, lots, units);
        }
        let key = |lot: &TaxLot| match self {
            Self::Fifo | Self::Lifo | Self::Specific(_) => 0.0,
            Self::HighestCost => -lot.unit_cost(),
            Self::LowestCost => lot.unit_cost(),
            Self::MinimumTax(rates) => (price - lot.unit_cost()) * rates.of(rule.term(lot.held_since(), date)),
        };
        let mut order: Vec<usize> = (0..lots.len()).collect();
        if *self == Self::Lifo {
            order.reverse();
        }
        order.sort_by(|a, b| key(lots[*a]).total_cmp(&key(lots[*b])));
        let mut left = units;
        let mut taken = Vec::new();
        for index in order {
            if left <= 0.0 {
                break;
            }
            let here = all_but_rounding(left, lots[index].units());
            taken.push((index, here));
            left -= here;
        }
        if left > 1e-12 * units {
            let reason =
                format!("{units} units are sold and only {} are held on {date}; shorts have no lots", units - left);
            return Err(Error::invalid("units sold", reason));
        }
        Ok(taken)
    }
}

/// The smaller of what is wanted and what is there; all that is there when only rounding separates them.
fn all_but_rounding(wanted: f64, there: f64) -> f64 {
    if (wanted - there).abs() <= 1e-12 * there { there } else { wanted.min(there) }
}

fn specific(named: &[SpecificLot], lots: &[&TaxLot], units: f64) -> Result<Vec<(usize, f64)>> {
    let mut taken: Vec<(usize, f64)> = Vec::new();
    for it in named {
        let Some(lot) = lots.get(it.lot) else {
            return Err(Error::invalid(
                "specific lot",
                format!("there is no lot {} of {} on that day", it.lot, lots.len()),
            ));
        };
        let enough = it.units > 0.0 && it.units <= lot.units() * (1.0 + 1e-12);
        if !enough || taken.iter().any(|(lot, _)| *lot == it.lot) {
            let reason = format!("{} units of lot {}, which has {} and is named once", it.units, it.lot, lot.units());
            return Err(Error::invalid("specific lot", reason));
        }
        taken.push((it.lot, all_but_rounding(it.units, lot.units())));
    }
    let total = crate::rebalance::check::sum(taken.iter().map(|it| it.1));
    if (total - units).abs() <= 1e-12 * units {
        Ok(taken)
    } else {
        Err(Error::invalid("specific lots", format!("they add up to {total} of {units} units sold")))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRates {
    short_term: f64,
    long_term: f64,
}

impl TryFrom<RawRates> for TaxRates {
    type Error = Error;

    fn try_from(raw: RawRates) -> Result<Self> {
        Self::new(raw.short_term, raw.long_term)
    }
}

impl From<TaxRates> for RawRates {
    fn from(rates: TaxRates) -> Self {
        Self { short_term: rates.short_term, long_term: rates.long_term }
    }
}
