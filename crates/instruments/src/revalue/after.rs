//! The book in the market of one scenario.

use alluse_risk_core::{AssetId, Currency, Factor, RowId, ScenarioSet};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Book, Error, Instrument, MarketSnapshot, OptionContract, Position, Result};

/// A book after a scenario: what is still open, in the market as it then is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookAfter {
    /// The positions that are still open, in the shocked market.
    pub book: Book,
    /// Options that expired on the way, and the cash of each at intrinsic value, in base currency.
    pub settled: Vec<(RowId, f64)>,
    /// Cash dividends of shares on the way, in base currency.
    pub dividends: f64,
}

impl Book {
    /// The book after scenario `index`, at the close of `end`: the same market that
    /// [`revalue`](crate::Revaluation::revalue) prices in, for questions that a P&L does not answer, such as margin
    /// and greeks after the shock.
    ///
    /// Options that expire by then settle at intrinsic value on the spot of the scenario. Every open option has its
    /// shocked volatility as its own; a surface is not carried over.
    ///
    /// ```
    /// use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
    /// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSet, ShockKind};
    /// use jiff::civil::date;
    /// use ndarray::array;
    ///
    /// let today = date(2018, 12, 31);
    /// let market = MarketSnapshot::usd(today)
    ///     .with_spot("KO", 41.0)?
    ///     .with_volatility("KO", 0.2)?
    ///     .with_rate("USD", 0.02)?
    ///     .with_dividend_yield("KO", 0.0)?;
    /// let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
    /// let book = Book::builder().option(put, -1.0).build(&market)?;
    /// let spot = (Factor::Spot(AssetId::new("KO")?), ShockKind::Relative);
    /// let crash = ScenarioSet::new(today, Horizon::DAY, vec![spot], array![[-0.10]])?;
    ///
    /// let after = book.after(&crash, 0, today)?;
    /// assert!(after.book.exposure().0.dollar_delta > 2.0 * book.exposure().0.dollar_delta);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::AsOfMismatch`] when the scenarios start on another day or end before it, [`Error::Input`] for a
    /// scenario that does not exist, [`Error::Market`] when a shock leads to a price that is not positive.
    pub fn after(&self, scenarios: &ScenarioSet, index: usize, end: Date) -> Result<BookAfter> {
        let market = self.market();
        if market.as_of() != scenarios.as_of() || end < market.as_of() {
            return Err(Error::AsOfMismatch { market: market.as_of(), scenarios: end.min(scenarios.as_of()) });
        }
        if index >= scenarios.len() {
            let value = index as f64;
            return Err(Error::out_of_domain("scenario index", "below the number of scenarios", value));
        }
        let shocked = Shocked { book: self, scenarios, index };
        let then = shocked.market(end)?;
        let settles = |position: &Position| position.option().is_some_and(|contract| contract.expiry() <= end);
        let mut settled = Vec::new();
        let mut dividends = 0.0;
        for position in self.positions() {
            match &position.instrument {
                Instrument::Option(contract) if end > market.as_of() && settles(position) => {
                    settled.push((position.id.clone(), shocked.settlement(&then, position, contract)?));
                }
                Instrument::Share { asset } => {
                    let paid: f64 = market.dividends_between(asset, market.as_of(), end).iter().map(|(_, d)| d).sum();
                    if paid != 0.0 {
                        dividends += position.units() * paid * fx_of(&then, market.quote_currency(asset))?;
                    }
                }
                _ => {}
            }
        }
        let open = |position: &&Position| end == market.as_of() || !settles(position);
        let rows: Vec<usize> = (0..self.positions().len()).filter(|&row| open(&&self.positions()[row])).collect();
        let labels = self.labels().rows_at(&rows)?;
        let positions = rows.into_iter().map(|row| self.positions()[row].clone()).collect();
        Ok(BookAfter { book: self.clone().with_market_and_positions(then, positions, labels)?, settled, dividends })
    }
}

fn fx_of(market: &MarketSnapshot, currency: &Currency) -> Result<f64> {
    market.fx(currency).ok_or_else(|| Error::MissingQuote { what: "price", name: currency.to_string() })
}

/// One scenario of a set, on a book.
struct Shocked<'a> {
    book: &'a Book,
    scenarios: &'a ScenarioSet,
    index: usize,
}

impl Shocked<'_> {
    /// A value after the shock of its factor, if that has one.
    fn shock(&self, factor: &Factor, now: f64) -> f64 {
        self.scenarios.column(factor).map_or(now, |(kind, shocks)| kind.apply(now, shocks[self.index]))
    }

    fn volatility(&self, contract: &OptionContract, now: f64) -> f64 {
        let own = Factor::ContractVolatility(contract.id());
        let factor = match self.scenarios.column(&own) {
            Some(_) => own,
            None => Factor::Volatility(contract.underlying().clone()),
        };
        self.shock(&factor, now)
    }

    fn market(&self, end: Date) -> Result<MarketSnapshot> {
        let now = self.book.market();
        let mut then = MarketSnapshot::new(end, now.base().clone()).with_dividend_model(now.dividend_model());
        let mut assets: Vec<&AssetId> =
            self.book.positions().iter().filter_map(|position| position.instrument.underlying()).collect();
        assets.sort_unstable();
        assets.dedup();
        for asset in assets {
            then = self.asset(then, asset, end)?;
        }
        let mut currencies: Vec<&Currency> =
            self.book.positions().iter().map(|position| self.book.currency(position)).collect();
        currencies.sort_unstable();
        currencies.dedup();
        for currency in currencies {
            if let Some(rate) = now.rate(currency) {
                then = then.with_rate(currency.as_str(), self.shock(&Factor::Rate(currency.clone()), rate))?;
            }
            if let Some(fx) = now.fx(currency) {
                then = then.with_fx(currency.as_str(), self.shock(&Factor::Fx(currency.clone()), fx))?;
            }
        }
        for contract in self.book.positions().iter().filter_map(Position::option) {
            if let Some(volatility) = now.volatility(contract).filter(|_| contract.expiry() >= end) {
                // A volatility of zero is legal in a cube; the market wants something above it.
                let volatility = self.volatility(contract, volatility).max(f64::MIN_POSITIVE);
                then = then.with_contract_volatility(contract, volatility)?;
            }
        }
        Ok(then)
    }

    fn asset(&self, then: MarketSnapshot, asset: &AssetId, end: Date) -> Result<MarketSnapshot> {
        let now = self.book.market();
        let name = asset.as_str();
        let mut then = then.with_quote_currency(name, now.quote_currency(asset).as_str())?;
        match (now.spot(asset), now.spot_or_reference(asset)) {
            (Some(spot), _) => then = then.with_spot(name, self.shock(&Factor::Spot(asset.clone()), spot))?,
            (None, Some(reference)) => then = then.with_reference_price(name, reference)?,
            (None, None) => {}
        }
        if let Some(volatility) = now.value(&Factor::Volatility(asset.clone())) {
            let shocked = self.shock(&Factor::Volatility(asset.clone()), volatility);
            then = then.with_volatility(name, shocked.max(f64::MIN_POSITIVE))?;
        }
        if let Some(dividend_yield) = now.dividend_yield(asset) {
            let shocked = self.shock(&Factor::Dividend(asset.clone()), dividend_yield);
            then = then.with_dividend_yield(name, shocked)?;
        }
        let ahead: Vec<(Date, f64)> =
            now.dividends(asset).iter().copied().filter(|(ex_date, _)| *ex_date > end).collect();
        if ahead.is_empty() { Ok(then) } else { then.with_dividends(name, ahead) }
    }

    /// Intrinsic value at the spot of the scenario, with interest from the expiry.
    fn settlement(&self, then: &MarketSnapshot, position: &Position, contract: &OptionContract) -> Result<f64> {
        let missing = |what| Error::MissingQuote { what, name: contract.to_string() };
        let currency = self.book.currency(position);
        let spot = then.spot(contract.underlying()).ok_or_else(|| missing("price"))?;
        let rate = then.rate(currency).ok_or_else(|| missing("rate"))?;
        let time = crate::calendar::year_fraction(contract.expiry(), then.as_of());
        Ok(position.units() * contract.intrinsic(spot) * libm::exp(rate * time) * fx_of(then, currency)?)
    }
}
