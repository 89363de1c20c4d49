//! What a book is worth now and how it moves: values and exposures, by position and by label.

use alluse_risk_core::{Coverage, Currency, RowId, Status};
use serde::{Deserialize, Serialize};

use crate::calendar::year_fraction;
use crate::pricing::{
    AmericanMethod, BlackScholes, BlackScholesInputs, DividendModel, DividendOption, DividendSchedule, ExerciseStyle,
    Precision, american_greeks,
};
use crate::{Book, Error, Instrument, MarketSnapshot, OptionContract, Position, Result};

/// Value and sensitivities in base currency. Additive: those of a book are the sums over its positions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Exposure {
    /// Market value, negative for what is owed.
    pub market_value: f64,
    /// Absolute units times the price of the underlying.
    pub gross_notional: f64,
    /// `Δ · S`: money gained per 100 % rise of the underlying, to first order.
    pub dollar_delta: f64,
    /// `Γ · S²`: change of the dollar delta per 100 % rise, to first order.
    pub dollar_gamma: f64,
    /// Per 1.00 of volatility.
    pub vega: f64,
    /// Per year of calendar time.
    pub theta: f64,
    /// Per 1.00 of rate.
    pub rho: f64,
}

impl Exposure {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            market_value: self.market_value + other.market_value,
            gross_notional: self.gross_notional + other.gross_notional,
            dollar_delta: self.dollar_delta + other.dollar_delta,
            dollar_gamma: self.dollar_gamma + other.dollar_gamma,
            vega: self.vega + other.vega,
            theta: self.theta + other.theta,
            rho: self.rho + other.rho,
        }
    }

    pub(crate) fn scaled(self, by: f64) -> Self {
        Self {
            market_value: by * self.market_value,
            gross_notional: by * self.gross_notional,
            dollar_delta: by * self.dollar_delta,
            dollar_gamma: by * self.dollar_gamma,
            vega: by * self.vega,
            theta: by * self.theta,
            rho: by * self.rho,
        }
    }

    /// Change of the dollar delta per 1 % rise.
    #[must_use]
    pub fn dollar_gamma_per_percent(&self) -> f64 {
        0.01 * self.dollar_gamma
    }

    /// Per volatility point.
    #[must_use]
    pub fn vega_per_point(&self) -> f64 {
        0.01 * self.vega
    }

    /// Per calendar day.
    #[must_use]
    pub fn theta_per_day(&self) -> f64 {
        self.theta / 365.0
    }
}

/// The exposure of the positions that share a label, and what part of them it speaks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelExposure {
    /// The label, or `unlabelled`.
    pub label: String,
    /// Sum over the positions that could be valued.
    pub exposure: Exposure,
    /// How many could.
    pub coverage: Coverage,
}

impl Book {
    /// Market value of a position in base currency, negative for what is owed.
    ///
    /// # Errors
    /// [`Error::MissingQuote`] for what the market lacks, and the refusals of the pricing model.
    pub fn market_value(&self, position: &Position) -> Result<f64> {
        let currency = self.currency(position);
        let fx = self.market().fx(currency).ok_or_else(|| missing("price", currency.as_str()))?;
        Ok(position.units() * unit_price(self.market(), &position.instrument)? * fx)
    }

    /// Exposure of each position; unknown with the reason where a price or model is missing.
    #[must_use]
    pub fn exposures(&self) -> Vec<(RowId, Status<Exposure>)> {
        let status = |position: &Position| match position_exposure(self, position) {
            Ok(exposure) => Status::Known(exposure),
            Err(error) => Status::Unknown { kind: error.kind(), reason: error.to_string() },
        };
        self.positions().iter().map(|position| (position.id.clone(), status(position))).collect()
    }

    /// Exposure of the whole book.
    #[must_use]
    pub fn exposure(&self) -> (Exposure, Coverage) {
        let rows: Vec<usize> = (0..self.positions().len()).collect();
        self.sum(&rows, &self.exposures())
    }

    /// Exposure by the labels of an axis.
    ///
    /// # Errors
    /// [`Error::Input`] for an axis that no position has.
    pub fn exposures_by(&self, axis: &str) -> Result<Vec<LabelExposure>> {
        let each = self.exposures();
        let groups = self.labels().group_by(axis)?;
        let label = |group: &alluse_risk_core::labels::Group| {
            let (exposure, coverage) = self.sum(&group.rows, &each);
            LabelExposure { label: group.name().to_owned(), exposure, coverage }
        };
        Ok(groups.iter().map(label).collect())
    }

    fn sum(&self, rows: &[usize], each: &[(RowId, Status<Exposure>)]) -> (Exposure, Coverage) {
        rows.iter().fold((Exposure::default(), Coverage::complete(0, 0.0)), |(sum, coverage), &row| {
            let known = each[row].1.known();
            let coverage = coverage.and(self.coverage_of(&self.positions()[row], known.is_some()));
            (known.map_or(sum, |exposure| sum.plus(*exposure)), coverage)
        })
    }
}

fn position_exposure(book: &Book, position: &Position) -> Result<Exposure> {
    let market = book.market();
    let currency = book.currency(position);
    let fx = market.fx(currency).ok_or_else(|| missing("price", currency.as_str()))?;
    let units = position.units() * fx;
    match &position.instrument {
        Instrument::Cash { .. } => {
            Ok(Exposure { market_value: units, gross_notional: units.abs(), ..Exposure::default() })
        }
        Instrument::Share { asset } => {
            let value = units * market.spot(asset).ok_or_else(|| missing("price", asset.as_str()))?;
            Ok(Exposure {
                market_value: value,
                gross_notional: value.abs(),
                dollar_delta: value,
                ..Exposure::default()
            })
        }
        Instrument::Option(contract) => {
            let quotes = OptionQuotes::of(market, contract, currency)?;
            let greeks = quotes.greeks(contract)?;
            Ok(Exposure {
                market_value: units * quotes.price(contract)?,
                gross_notional: units.abs() * quotes.spot,
                dollar_delta: units * greeks.delta * quotes.spot,
                dollar_gamma: units * greeks.gamma * quotes.spot * quotes.spot,
                vega: units * greeks.vega,
                theta: units * greeks.theta,
                rho: units * greeks.rho,
            })
        }
    }
}

/// Value of one unit in the currency it is quoted in.
pub(crate) fn unit_price(market: &MarketSnapshot, instrument: &Instrument) -> Result<f64> {
    match instrument {
        Instrument::Cash { .. } => Ok(1.0),
        Instrument::Share { asset } => market.spot(asset).ok_or_else(|| missing("price", asset.as_str())),
        Instrument::Option(contract) => {
            let currency = market.quote_currency(contract.underlying());
            OptionQuotes::of(market, contract, currency)?.price(contract)
        }
    }
}

/// What an option's price is made from.
#[derive(Debug, Clone)]
pub(crate) struct OptionQuotes {
    pub(crate) spot: f64,
    volatility: f64,
    rate: f64,
    dividend_yield: f64,
    time: f64,
    schedule: DividendSchedule,
    dividend_model: DividendModel,
}

impl OptionQuotes {
    pub(crate) fn of(market: &MarketSnapshot, contract: &OptionContract, currency: &Currency) -> Result<Self> {
        let underlying = contract.underlying();
        let name = underlying.as_str();
        Ok(Self {
            spot: market.spot(underlying).ok_or_else(|| missing("price", name))?,
            volatility: market.volatility(contract).ok_or_else(|| missing("volatility", &contract.to_string()))?,
            rate: market.rate(currency).ok_or_else(|| missing("rate", currency.as_str()))?,
            dividend_yield: market.dividend_yield(underlying).ok_or_else(|| missing("dividend yield", name))?,
            time: year_fraction(market.as_of(), contract.expiry()),
            schedule: market.dividend_schedule(contract, market.as_of())?,
            dividend_model: market.dividend_model(),
        })
    }

    fn model(&self, contract: &OptionContract) -> Result<BlackScholes> {
        BlackScholes::new(BlackScholesInputs {
            spot: self.spot,
            strike: contract.strike(),
            time: self.time,
            volatility: self.volatility,
            rate: self.rate,
            dividend_yield: self.dividend_yield,
        })
    }

    /// The option with its dividends, if any.
    pub(crate) fn with_dividends(&self, contract: &OptionContract) -> Result<DividendOption> {
        let model = self.model(contract)?;
        DividendOption::new(contract.kind(), contract.style(), &model, &self.schedule, self.dividend_model)
    }

    pub(crate) fn price(&self, contract: &OptionContract) -> Result<f64> {
        if !self.schedule.is_empty() {
            return self.with_dividends(contract)?.price();
        }
        let model = self.model(contract)?;
        match contract.style() {
            ExerciseStyle::European => Ok(model.price(contract.kind())),
            ExerciseStyle::American => AmericanMethod::default().price(contract.kind(), &model),
        }
    }

    fn greeks(&self, contract: &OptionContract) -> Result<OptionGreeks> {
        if !self.schedule.is_empty() {
            let g = self.with_dividends(contract)?.greeks()?;
            return Ok(OptionGreeks { delta: g.delta, gamma: g.gamma, vega: g.vega, theta: g.theta, rho: g.rho });
        }
        let model = self.model(contract)?;
        // On its last day an American option has nothing to wait for either.
        let style = if self.time > 0.0 { contract.style() } else { ExerciseStyle::European };
        match style {
            ExerciseStyle::European => {
                let g = model.greeks(contract.kind())?;
                Ok(OptionGreeks { delta: g.delta, gamma: g.gamma, vega: g.vega, theta: g.theta, rho: g.rho })
            }
            ExerciseStyle::American => {
                let g = american_greeks(contract.kind(), &model, Precision::default())?;
                Ok(OptionGreeks { delta: g.delta, gamma: g.gamma, vega: g.vega, theta: g.theta, rho: g.rho })
            }
        }
    }
}

/// The greeks that an exposure needs, whatever the exercise style.
#[derive(Debug, Clone, Copy)]
struct OptionGreeks {
    delta: f64,
    gamma: f64,
    vega: f64,
    theta: f64,
    rho: f64,
}

pub(crate) fn missing(what: &'static str, name: &str) -> Error {
    Error::MissingQuote { what, name: name.to_owned() }
}
