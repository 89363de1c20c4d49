//! From raw option quotes to a surface.

use std::collections::BTreeMap;
use std::fmt;

use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::expiry_fit::{self, Chain, at_expiry};
use super::{ArbitrageCheck, ArbitrageReport, Carry, ExpirySlice, FittedExpiry, SmileModel, VolatilitySurface, check};
use crate::pricing::OptionKind;
use crate::{Error, Result};

/// What a market asks and bids for one option, per unit of the underlying. Unchecked until it reaches [`SurfaceFit`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OptionQuote {
    /// Call or put.
    pub kind: OptionKind,
    /// Exercise price.
    pub strike: f64,
    /// The day at whose close it expires.
    pub expiry: Date,
    /// What a seller gets; 0 when nobody bids.
    pub bid: f64,
    /// What a buyer pays.
    pub ask: f64,
}

impl OptionQuote {
    /// Half-way between bid and ask.
    #[must_use]
    pub fn mid(&self) -> f64 {
        0.5 * (self.bid + self.ask)
    }

    fn check(&self, as_of: Date) -> Result<()> {
        let market = |what, expected, value| Err(Error::Market { what, name: self.to_string(), expected, value });
        if !(self.strike > 0.0 && self.strike.is_finite()) {
            return market("strike", "positive and finite", self.strike);
        }
        if !(self.bid >= 0.0 && self.bid.is_finite()) {
            return market("bid", "at least 0 and finite", self.bid);
        }
        if !(self.ask > 0.0 && self.ask.is_finite()) {
            return market("ask", "positive and finite", self.ask);
        }
        if self.bid > self.ask {
            return Err(Error::CrossedQuote { contract: self.to_string(), bid: self.bid, ask: self.ask });
        }
        if self.expiry <= as_of {
            return Err(Error::ExpiredQuote { contract: self.to_string(), expiry: self.expiry, as_of });
        }
        Ok(())
    }
}

impl fmt::Display for OptionQuote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.kind {
            OptionKind::Call => 'C',
            OptionKind::Put => 'P',
        };
        write!(f, "{} {letter} {}", self.expiry, self.strike)
    }
}

/// When the quoted options may be exercised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteStyle {
    /// At any time, as listed equity options. Their prices hold an early-exercise premium that would end up in the
    /// volatilities, so that no surface is made from them.
    #[default]
    American,
    /// At expiry only, as most index options.
    European,
}

/// A forward price from elsewhere, in place of call-put parity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuotedForward {
    /// The expiry.
    pub expiry: Date,
    /// Forward price of the underlying.
    pub forward: f64,
    /// Value today of one unit of cash at expiry.
    pub discount_factor: f64,
}

/// How a surface is made from quotes.
///
/// Each quote is checked, forwards come from call-put parity at mid prices by least squares over all strikes with
/// both, quotes that allow a riskless profit at the bid and the ask are refused, and smiles are fitted to the implied
/// volatilities of the mid prices out of the money. Quotes without a bid bound the others but are not fitted to.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `style` | `American` | of the quoted options; must be stated to be `European` |
/// | `smile` | SVI | form of the smiles |
/// | `forwards` | none | expiries whose forward is given |
/// | `arbitrage_check` | default | where the fitted surface is searched for arbitrage |
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{Black76, ForwardInputs, OptionKind};
/// use alluse_instruments::surface::{OptionQuote, QuoteStyle, SurfaceFit};
/// use jiff::civil::date;
///
/// let (today, expiry) = (date(2019, 1, 1), date(2020, 1, 1));
/// let mut quotes = Vec::new();
/// for strike in [80.0, 85.0, 90.0, 95.0, 100.0, 105.0, 110.0, 115.0, 120.0] {
///     for kind in [OptionKind::Call, OptionKind::Put] {
///         let inputs =
///             ForwardInputs { forward: 101.0, strike, time: 1.0, volatility: 0.2, discount_factor: 0.98 };
///         let price = Black76::new(inputs)?.price(kind);
///         quotes.push(OptionQuote { kind, strike, expiry, bid: price - 0.05, ask: price + 0.05 });
///     }
/// }
/// let fitted = SurfaceFit::default().with_style(QuoteStyle::European).fit(today, 100.0, &quotes)?;
/// assert!((fitted.expiries[0].forward - 101.0).abs() < 1e-9);
/// assert!((fitted.surface.volatility(93.0, expiry)? - 0.2).abs() < 1e-6);
/// assert!(fitted.arbitrage.is_free());
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SurfaceFit {
    style: QuoteStyle,
    smile: SmileModel,
    forwards: Vec<QuotedForward>,
    arbitrage_check: ArbitrageCheck,
}

/// A surface and what became of the quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedSurface {
    /// The surface.
    pub surface: VolatilitySurface,
    /// Forward, use of the quotes and error, by expiry.
    pub expiries: Vec<FittedExpiry>,
    /// Static arbitrage in the surface.
    pub arbitrage: ArbitrageReport,
}

impl SurfaceFit {
    /// When the quoted options may be exercised.
    #[must_use]
    pub fn with_style(mut self, style: QuoteStyle) -> Self {
        self.style = style;
        self
    }

    /// Form of the smiles.
    #[must_use]
    pub fn with_smile(mut self, smile: SmileModel) -> Self {
        self.smile = smile;
        self
    }

    /// Forwards from elsewhere; the other expiries use call-put parity.
    #[must_use]
    pub fn with_forwards(mut self, forwards: Vec<QuotedForward>) -> Self {
        self.forwards = forwards;
        self
    }

    /// Where the fitted surface is searched for arbitrage.
    #[must_use]
    pub fn with_arbitrage_check(mut self, arbitrage_check: ArbitrageCheck) -> Self {
        self.arbitrage_check = arbitrage_check;
        self
    }

    /// The surface of the quotes, in any order, at the close of `as_of` with the underlying at `spot`.
    ///
    /// # Errors
    /// - `Unsupported` for American quotes.
    /// - [`Error::Market`] for a strike, bid or ask outside its domain, [`Error::CrossedQuote`],
    ///   [`Error::ExpiredQuote`] on or after the expiry, `Duplicate` for a contract quoted twice, `Empty` without
    ///   quotes; each names the contract.
    /// - [`Error::AtExpiry`] with the expiry and what is wrong there: [`Error::NoForward`],
    ///   [`Error::ArbitrageInQuotes`], or the refusals of the smile.
    /// - [`Error::ArbitrageInQuotes`] for a calendar spread.
    pub fn fit(&self, as_of: Date, spot: f64, quotes: &[OptionQuote]) -> Result<FittedSurface> {
        if self.style == QuoteStyle::American {
            let what = "a surface from American quotes: their early-exercise premium is not taken out";
            return Err(Input::Unsupported { what }.into());
        }
        check::positive("spot", spot)?;
        let chains = self.chains(as_of, spot, quotes)?;
        for (index, near) in chains.iter().enumerate() {
            chains[index + 1..].iter().try_for_each(|far| near.check_calendar(far, spot))?;
        }
        let smiles = expiry_fit::smiles(&self.smile, &chains)?;
        let expiries = chains.iter().zip(&smiles).map(|(chain, smile)| chain.report(smile)).collect();
        let slice = |(chain, smile): (&Chain, _)| ExpirySlice {
            expiry: chain.expiry,
            carry: Carry::Forward(chain.forward),
            smile,
        };
        let surface = VolatilitySurface::new(as_of, spot, chains.iter().zip(smiles).map(slice).collect())?;
        let arbitrage = self.arbitrage_check.check(&surface)?;
        Ok(FittedSurface { surface, expiries, arbitrage })
    }

    fn chains(&self, as_of: Date, spot: f64, quotes: &[OptionQuote]) -> Result<Vec<Chain>> {
        if quotes.is_empty() {
            return Err(Input::Empty { name: "option quotes" }.into());
        }
        let mut seen = BTreeMap::new();
        let mut by_expiry: BTreeMap<Date, Vec<OptionQuote>> = BTreeMap::new();
        for (second, quote) in quotes.iter().enumerate() {
            quote.check(as_of)?;
            if let Some(first) = seen.insert((quote.expiry, quote.kind, quote.strike.to_bits()), second) {
                let value = quote.to_string();
                return Err(Input::Duplicate { name: "option quote", value, first, second }.into());
            }
            by_expiry.entry(quote.expiry).or_default().push(*quote);
        }
        for given in &self.forwards {
            check::positive("forward", given.forward)?;
            check::positive("discount_factor", given.discount_factor)?;
            if !by_expiry.contains_key(&given.expiry) {
                let value = given.expiry.to_string();
                return Err(Input::Unknown { name: "expiry of a forward", value }.into());
            }
        }
        let chain = |(expiry, quotes)| {
            let given = self.forwards.iter().find(|given| given.expiry == expiry);
            Chain::new(as_of, spot, expiry, quotes, given).map_err(|error| at_expiry(expiry, error))
        };
        by_expiry.into_iter().map(chain).collect()
    }
}

#[cfg(test)]
#[path = "quotes_tests.rs"]
mod tests;
