//! Strategy-based margin: legs are paired into the groups that the rules recognise, each group has its requirement.

use alluse_risk_core::{Coverage, RowId, Status};
use serde::{Deserialize, Serialize};

use super::MarginRates;
use crate::pricing::OptionKind;
use crate::strategy::{GroupCost, GroupLeg, Leg, Recogniser, StrategyMatch, is_short};
use crate::valuation::unit_price;
use crate::{Book, Error, Instrument, OptionContract, Result};

/// Strategy-based margin of a book.
///
/// ```text
/// naked put      premium + max(20 % U − out of the money, 10 % K)
/// naked call     premium + max(20 % U − out of the money, 10 % U)
/// straddle       the larger side, and the premium of the other
/// limited loss   the largest loss at expiry, if every short leg has a long leg of its kind that lives as long
/// covered call   nothing beyond the shares
/// shares         25 % long, 30 % short (maintenance)
/// long options   nothing: they are paid for, and their value is no collateral
/// ```
///
/// A requirement is what the account must hold in cash and margin value *before* the value of its short options is
/// taken off; premium received counts towards it. The pairing is the one of least total requirement.
///
/// ```
/// use alluse_instruments::margin::{MarginRates, StrategyMarginRules};
/// use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2024, 1, 2))
///     .with_spot("KO", 60.0)?
///     .with_volatility("KO", 0.15)?
///     .with_rate("USD", 0.05)?
///     .with_dividend_yield("KO", 0.03)?;
/// let put = |strike| OptionContract::put("KO", strike, date(2024, 1, 19), Multiplier::EQUITY);
/// let book = Book::builder().option(put(58.0)?, -2.0).option(put(55.0)?, 2.0).build(&market)?;
/// let margin = StrategyMarginRules::new(MarginRates::maintenance()).requirement(&book)?;
/// assert_eq!(margin.groups[0].strategy.as_deref(), Some("put_spread"));
/// assert!((margin.requirement.value().unwrap() - 600.0).abs() < 1e-9); // two spreads, three points wide
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StrategyMarginRules {
    rates: MarginRates,
    recogniser: Recogniser,
}

/// The requirement and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StrategyMargin {
    /// The sum over groups; partial when a position has no price.
    pub requirement: Status<f64>,
    /// The groups, cheapest pairing.
    pub groups: Vec<StrategyMatch>,
    /// Positions that could not be margined, and why.
    pub unknown: Vec<(RowId, String)>,
}

impl StrategyMarginRules {
    /// With the standard strategies.
    #[must_use]
    pub fn new(rates: MarginRates) -> Self {
        Self { rates, recogniser: Recogniser::standard() }
    }

    /// With other strategies: the groups that a house recognises.
    #[must_use]
    pub fn with_recogniser(mut self, recogniser: Recogniser) -> Self {
        self.recogniser = recogniser;
        self
    }

    /// The requirement of all positions of a book together.
    ///
    /// # Errors
    /// Those of [`Recogniser::recognise`].
    pub fn requirement(&self, book: &Book) -> Result<StrategyMargin> {
        let rows: Vec<usize> = (0..book.positions().len()).collect();
        self.requirement_of(book, &rows)
    }

    /// The requirement of some positions, by their places in the book.
    ///
    /// # Errors
    /// Those of [`Recogniser::recognise`].
    pub(crate) fn requirement_of(&self, book: &Book, rows: &[usize]) -> Result<StrategyMargin> {
        let mut legs = Vec::new();
        let mut unknown = Vec::new();
        let mut coverage = Coverage::complete(0, 0.0);
        let rules = Requirement { book, rates: &self.rates };
        for &row in rows {
            let position = &book.positions()[row];
            // Cash needs no margin.
            let priced = match &position.instrument {
                Instrument::Cash { .. } => Ok(()),
                instrument => rules.price(instrument).map(|_| ()),
            };
            coverage = coverage.and(book.coverage_of(position, priced.is_ok()));
            match priced {
                Err(error) => unknown.push((position.id.clone(), error.to_string())),
                Ok(()) if position.instrument.underlying().is_some() => legs.push(Leg::from(position)),
                Ok(()) => {}
            }
        }
        let found = self.recogniser.recognise(&legs, &rules)?;
        Ok(StrategyMargin { requirement: Status::with_coverage(found.cost, coverage), groups: found.matches, unknown })
    }
}

/// The rules on the prices of a book.
struct Requirement<'a> {
    book: &'a Book,
    rates: &'a MarginRates,
}

impl Requirement<'_> {
    /// Value of one unit in base currency.
    fn price(&self, instrument: &Instrument) -> Result<f64> {
        let market = self.book.market();
        let currency = match instrument {
            Instrument::Cash { currency } => currency,
            Instrument::Share { asset } => market.quote_currency(asset),
            Instrument::Option(contract) => market.quote_currency(contract.underlying()),
        };
        let missing = || Error::MissingQuote { what: "price", name: currency.to_string() };
        Ok(unit_price(market, instrument)? * market.fx(currency).ok_or_else(missing)?)
    }

    fn spot(&self, contract: &OptionContract) -> Result<f64> {
        self.price(&Instrument::Share { asset: contract.underlying().clone() })
    }

    /// Strike in base currency.
    fn strike(&self, contract: &OptionContract) -> Result<f64> {
        self.price(&Instrument::Cash { currency: self.book.market().quote_currency(contract.underlying()).clone() })
            .map(|fx| fx * contract.strike())
    }

    /// The requirement of the shares in a group; it does not depend on the pairing.
    fn shares(&self, legs: &[GroupLeg<'_>]) -> Result<f64> {
        let mut sum = 0.0;
        for leg in legs {
            if let Instrument::Share { asset } = &leg.leg.instrument {
                let (long, short) = self.rates.stock_fractions(asset);
                let fraction = if leg.quantity > 0.0 { long } else { short };
                sum += fraction * leg.quantity.abs() * self.price(&leg.leg.instrument)?;
            }
        }
        Ok(sum)
    }

    /// Requirement of one short contract on its own, without its premium.
    fn excess(&self, contract: &OptionContract) -> Result<f64> {
        let (percent, floor) = self.rates.option_fractions(contract.underlying());
        let (spot, strike) = (self.spot(contract)?, self.strike(contract)?);
        let out_of_the_money = contract.kind().payoff(strike, spot);
        let least = match contract.kind() {
            OptionKind::Put => floor * strike,
            OptionKind::Call => floor * spot,
        };
        Ok((percent * spot - out_of_the_money).max(least) * contract.multiplier().units())
    }

    fn premium(&self, contract: &OptionContract) -> Result<f64> {
        Ok(self.price(&Instrument::Option(contract.clone()))? * contract.multiplier().units())
    }

    /// Every short contract on its own; a short put and a short call together cost the larger side and the premium
    /// of the other.
    fn naked(&self, options: &[(&OptionContract, f64)]) -> Result<f64> {
        let mut sides = [(0.0, 0.0); 2];
        for (contract, quantity) in options.iter().filter(|(_, quantity)| *quantity < 0.0) {
            let side = &mut sides[usize::from(contract.kind() == OptionKind::Call)];
            side.0 -= quantity * self.excess(contract)?;
            side.1 -= quantity * self.premium(contract)?;
        }
        let [put, call] = sides;
        Ok(put.0.max(call.0) + put.1 + call.1)
    }

    /// The largest loss at expiry, where every short contract has a long one that lives as long; `None` otherwise.
    fn largest_loss(&self, options: &[(&OptionContract, f64)]) -> Result<Option<f64>> {
        if !covered_in_time(options) {
            return Ok(None);
        }
        let strikes = options.iter().map(|(contract, _)| self.strike(contract)).collect::<Result<Vec<f64>>>()?;
        let payoff = |price: f64| -> f64 {
            let one = |((contract, quantity), strike): (&(&OptionContract, f64), &f64)| {
                quantity * contract.multiplier().units() * contract.kind().payoff(price, *strike)
            };
            options.iter().zip(&strikes).map(one).sum()
        };
        // Between strikes the payoff is straight, and beyond the last it does not fall.
        Ok(Some(strikes.iter().copied().chain([0.0]).map(payoff).fold(0.0, f64::min).abs()))
    }
}

/// The options that shares do not cover: shares held deliver short calls, shares owed take up short puts.
fn beyond_shares<'a>(legs: &[GroupLeg<'a>]) -> Vec<(&'a OptionContract, f64)> {
    let shares = |leg: &&GroupLeg<'_>| matches!(leg.leg.instrument, Instrument::Share { .. });
    let held: f64 = legs.iter().filter(shares).map(|leg| leg.quantity).sum();
    let mut cover = held.abs();
    let mut options = Vec::new();
    for leg in legs {
        let Instrument::Option(contract) = &leg.leg.instrument else { continue };
        let coverable = if held > 0.0 { OptionKind::Call } else { OptionKind::Put };
        let mut quantity = leg.quantity;
        if cover > 0.0 && is_short(leg, coverable) {
            let covered = (cover / contract.multiplier().units()).min(-quantity);
            cover -= covered * contract.multiplier().units();
            quantity += covered;
        }
        options.push((contract, quantity));
    }
    options
}

/// Whether every short contract has a long one of its kind that lives at least as long.
fn covered_in_time(options: &[(&OptionContract, f64)]) -> bool {
    [OptionKind::Put, OptionKind::Call].into_iter().all(|kind| {
        let mut of_kind: Vec<&(&OptionContract, f64)> = options.iter().filter(|(c, _)| c.kind() == kind).collect();
        of_kind.sort_by_key(|(contract, _)| std::cmp::Reverse(contract.expiry()));
        let mut cover = 0.0;
        // From the last expiry to the first: at no time may more be short than is long for longer.
        for (index, (contract, quantity)) in of_kind.iter().enumerate() {
            cover += quantity * contract.multiplier().units();
            let last_of_day = of_kind.get(index + 1).is_none_or(|(next, _)| next.expiry() != contract.expiry());
            if last_of_day && cover < -1e-9 {
                return false;
            }
        }
        true
    })
}

impl GroupCost for Requirement<'_> {
    fn cost(&self, legs: &[GroupLeg<'_>]) -> Result<f64> {
        let shares = self.shares(legs)?;
        let options = beyond_shares(legs);
        if options.iter().all(|(_, quantity)| *quantity >= 0.0) {
            return Ok(shares);
        }
        let naked = self.naked(&options)?;
        Ok(shares + self.largest_loss(&options)?.map_or(naked, |loss| loss.min(naked)))
    }
}
