//! From the quotes of one expiry to its forward and its points of the smile.

use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::quote_arbitrage::{Ladder, Rung, check_bounds};
use super::{OptionQuote, QuotedForward, Smile, SplineSmile, SsviFit, SviFit, VarianceSlice};
use crate::pricing::{ForwardQuote, OptionKind, forward_from_quotes, implied_volatility_black76};
use crate::{Error, Result, year_fraction};

/// What prices may be off by, as a fraction of the spot.
const ROUNDING: f64 = 1e-10;

/// The form of the smiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SmileModel {
    /// Raw SVI at each expiry.
    Svi(SviFit),
    /// One surface SVI for all expiries.
    Ssvi(SsviFit),
    /// A spline through every quote.
    Spline,
}

impl Default for SmileModel {
    fn default() -> Self {
        Self::Svi(SviFit::default())
    }
}

/// What was made of the quotes of one expiry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedExpiry {
    /// The expiry.
    pub expiry: Date,
    /// Forward price of the underlying.
    pub forward: f64,
    /// Value today of one unit of cash at expiry.
    pub discount_factor: f64,
    /// Largest difference between a call less a put and `D (F − K)`, at mid prices; none when the forward was given.
    pub parity_error: Option<f64>,
    /// Quotes that the smile was fitted to: those out of the money with a bid.
    pub used: usize,
    /// Quotes that it was not fitted to: in the money, or without a bid.
    pub unused: usize,
    /// Root mean squared error of volatility at the fitted quotes.
    pub rms_volatility_error: f64,
    /// Largest error of volatility at a fitted quote.
    pub max_volatility_error: f64,
}

/// The quotes of one expiry with its forward.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) expiry: Date,
    pub(super) time: f64,
    pub(super) forward: f64,
    pub(super) discount_factor: f64,
    parity_error: Option<f64>,
    quotes: Vec<OptionQuote>,
    /// `ln(K/F)` and implied volatility of the quotes out of the money, by strike.
    points: Vec<(f64, f64)>,
}

impl Chain {
    /// # Errors
    /// [`Error::NoForward`], [`Error::ArbitrageInQuotes`], and those of the implied volatility.
    pub(super) fn new(
        as_of: Date,
        spot: f64,
        expiry: Date,
        quotes: Vec<OptionQuote>,
        given: Option<&QuotedForward>,
    ) -> Result<Self> {
        let (forward, discount_factor, parity_error) = match given {
            Some(given) => (given.forward, given.discount_factor, None),
            None => parity(expiry, &quotes)?,
        };
        let time = year_fraction(as_of, expiry);
        let mut chain = Self { expiry, time, forward, discount_factor, parity_error, quotes, points: Vec::new() };
        chain.check(spot)?;
        chain.points = chain.implied()?;
        Ok(chain)
    }

    /// The slack of what depends on the forward, in units of price.
    fn slack(&self, spot: f64) -> f64 {
        ROUNDING * spot + self.parity_error.unwrap_or(0.0)
    }

    fn check(&self, spot: f64) -> Result<()> {
        let (discount, forward, slack) = (self.discount_factor, self.forward, self.slack(spot));
        for quote in &self.quotes {
            let most = match quote.kind {
                OptionKind::Call => discount * forward,
                OptionKind::Put => discount * quote.strike,
            };
            check_bounds(&rung(quote), discount * quote.kind.payoff(forward, quote.strike), most, slack)?;
        }
        for kind in [OptionKind::Call, OptionKind::Put] {
            let of_kind = self.quotes.iter().filter(|quote| quote.kind == kind);
            Ladder::new(kind, of_kind.map(rung)).check(discount, ROUNDING * spot, slack)?;
        }
        Ok(())
    }

    fn out_of_the_money(&self) -> impl Iterator<Item = &OptionQuote> {
        let forward = self.forward;
        self.quotes.iter().filter(move |quote| match quote.kind {
            OptionKind::Call => quote.strike >= forward,
            OptionKind::Put => quote.strike < forward,
        })
    }

    fn implied(&self) -> Result<Vec<(f64, f64)>> {
        let Self { forward, time, discount_factor, .. } = *self;
        let mut points = Vec::new();
        for quote in self.out_of_the_money().filter(|quote| quote.bid > 0.0) {
            let market = ForwardQuote { forward, strike: quote.strike, time, discount_factor };
            let volatility = implied_volatility_black76(quote.kind, quote.mid(), &market)?;
            points.push((libm::log(quote.strike / forward), volatility));
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(points)
    }

    /// The quotes out of the money as calls on a forward of 1 without interest.
    fn normalized(&self) -> Ladder {
        let unit = self.discount_factor * self.forward;
        let rungs = self.out_of_the_money().map(|quote| {
            let x = quote.strike / self.forward;
            let parity = if quote.kind == OptionKind::Put { 1.0 - x } else { 0.0 };
            Rung { x, bid: quote.bid / unit + parity, ask: quote.ask / unit + parity, contract: quote.to_string() }
        });
        Ladder::new(OptionKind::Call, rungs)
    }

    /// # Errors
    /// [`Error::ArbitrageInQuotes`] when an option of this expiry is dearer than one of the `later` at the same
    /// moneyness.
    pub(super) fn check_calendar(&self, later: &Self, spot: f64) -> Result<()> {
        let unit = self.discount_factor * self.forward;
        let slack = self.slack(spot) / unit + later.slack(spot) / (later.discount_factor * later.forward);
        self.normalized().check_calendar(&later.normalized(), slack, unit)
    }

    pub(super) fn variances(&self) -> VarianceSlice {
        let variance = |(_, volatility): &(f64, f64)| volatility * volatility * self.time;
        VarianceSlice {
            time: self.time,
            log_moneyness: self.points.iter().map(|(k, _)| *k).collect(),
            total_variance: self.points.iter().map(variance).collect(),
        }
    }

    pub(super) fn report(&self, smile: &Smile) -> FittedExpiry {
        let error = |(k, volatility): &(f64, f64)| (smile.total_variance(*k) / self.time).sqrt() - volatility;
        let errors: Vec<f64> = self.points.iter().map(error).collect();
        let used = errors.len();
        FittedExpiry {
            expiry: self.expiry,
            forward: self.forward,
            discount_factor: self.discount_factor,
            parity_error: self.parity_error,
            used,
            unused: self.quotes.len() - used,
            rms_volatility_error: (errors.iter().map(|e| e * e).sum::<f64>() / used as f64).sqrt(),
            max_volatility_error: errors.iter().fold(0.0, |largest, e| largest.max(e.abs())),
        }
    }
}

/// The smile of each chain.
pub(super) fn smiles(model: &SmileModel, chains: &[Chain]) -> Result<Vec<Smile>> {
    let each = |fit: &dyn Fn(VarianceSlice) -> Result<Smile>| {
        chains.iter().map(|chain| fit(chain.variances()).map_err(|e| at_expiry(chain.expiry, e))).collect()
    };
    match model {
        SmileModel::Svi(fit) => each(&|slice| {
            let (k, w) = (ArrayView1::from(&slice.log_moneyness), ArrayView1::from(&slice.total_variance));
            Ok(fit.fit(k, w)?.svi.into())
        }),
        SmileModel::Spline => each(&|slice| Ok(SplineSmile::new(slice.log_moneyness, slice.total_variance)?.into())),
        SmileModel::Ssvi(fit) => {
            let slices: Vec<VarianceSlice> = chains.iter().map(Chain::variances).collect();
            let fitted = fit.fit(&slices)?;
            slices.iter().map(|slice| Ok(fitted.ssvi.smile(slice.time)?.into())).collect()
        }
    }
}

pub(super) fn at_expiry(expiry: Date, error: Error) -> Error {
    Error::AtExpiry { expiry, error: Box::new(error) }
}

fn rung(quote: &OptionQuote) -> Rung {
    Rung { x: quote.strike, bid: quote.bid, ask: quote.ask, contract: quote.to_string() }
}

/// Forward, discount factor and the largest residual of the line through call less put.
fn parity(expiry: Date, quotes: &[OptionQuote]) -> Result<(f64, f64, Option<f64>)> {
    let side = |kind| {
        let mut of_kind: Vec<&OptionQuote> = quotes.iter().filter(|q| q.kind == kind && q.bid > 0.0).collect();
        of_kind.sort_by(|a, b| a.strike.total_cmp(&b.strike));
        of_kind
    };
    let puts = side(OptionKind::Put);
    let mut pairs = Vec::new();
    for call in side(OptionKind::Call) {
        if let Ok(place) = puts.binary_search_by(|put| put.strike.total_cmp(&call.strike)) {
            pairs.push((call.strike, call.mid() - puts[place].mid()));
        }
    }
    if pairs.len() < 2 {
        return Err(Error::NoForward { expiry, pairs: pairs.len() });
    }
    let (strikes, values): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let fit = forward_from_quotes(&strikes, &values, &vec![OptionKind::Call; strikes.len()])?;
    if !(fit.forward > 0.0) {
        let (name, reason) = ("implied forward", "call-put parity puts it at 0 or below");
        return Err(Input::Undefined { name, reason }.into());
    }
    let residual = |(strike, value): &(f64, f64)| (value - fit.discount_factor * (fit.forward - strike)).abs();
    let largest = pairs.iter().map(residual).fold(0.0, f64::max);
    Ok((fit.forward, fit.discount_factor, Some(largest)))
}
