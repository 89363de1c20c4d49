//! Price and greeks of one option anywhere on a path.

use alluse_instruments::pricing::{
    AmericanMethod, BlackScholes, BlackScholesInputs, CashDividend, DividendModel, DividendOption, DividendSchedule,
    ExerciseBoundary, ExerciseStyle, Precision, american_greeks,
};
use alluse_instruments::{Error as Priced, MarketSnapshot, OptionContract, year_fraction};
use jiff::civil::Date;

use crate::{Error, Result};

/// Steps of differences: a fraction of the volatility, and an absolute change of a yield.
const VOLATILITY_STEP: f64 = 0.01;
const YIELD_STEP: f64 = 1e-3;

/// Residual, as a fraction of the spot, that prices from a grid cannot be pushed below.
const GRID_ERROR: f64 = 2e-5;

/// The same of American options, whose rho and epsilon are differences across the exercise boundary.
const AMERICAN_ERROR: f64 = 1e-6;

/// The factors of an option, or their changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Factors {
    pub(super) spot: f64,
    pub(super) volatility: f64,
    pub(super) rate: f64,
    pub(super) dividend_yield: f64,
    /// Years left.
    pub(super) time: f64,
    pub(super) fx: f64,
}

impl Factors {
    /// The line from `self` with the direction `change`, at `s`.
    pub(super) fn along(&self, change: &Self, s: f64) -> Self {
        Self {
            spot: self.spot + s * change.spot,
            volatility: self.volatility + s * change.volatility,
            rate: self.rate + s * change.rate,
            dividend_yield: self.dividend_yield + s * change.dividend_yield,
            time: (self.time + s * change.time).max(0.0),
            fx: self.fx + s * change.fx,
        }
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        Self {
            spot: self.spot - other.spot,
            volatility: self.volatility - other.volatility,
            rate: self.rate - other.rate,
            dividend_yield: self.dividend_yield - other.dividend_yield,
            time: self.time - other.time,
            fx: self.fx - other.fx,
        }
    }
}

/// First derivatives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slopes {
    pub(super) delta: f64,
    /// Per year that passes.
    pub(super) theta: f64,
    pub(super) vega: f64,
    pub(super) rho: f64,
    pub(super) epsilon: f64,
}

/// Second derivatives that a Taylor series uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bends {
    pub(super) gamma: f64,
    pub(super) vanna: f64,
    pub(super) volga: f64,
}

/// One option between two closes.
#[derive(Debug)]
pub(super) struct Pricer<'a> {
    contract: &'a OptionContract,
    /// From the opening.
    dividends: Vec<CashDividend>,
    dividend_model: DividendModel,
    pub(super) start: Factors,
    pub(super) change: Factors,
    /// Whether rates and volatility move: what does not need not be differentiated.
    only_spot_and_time: bool,
}

impl<'a> Pricer<'a> {
    /// The path of the option from one market to the next, or to its expiry on the way.
    pub(super) fn new(contract: &'a OptionContract, open: &MarketSnapshot, close: &MarketSnapshot) -> Result<Self> {
        let whole = year_fraction(open.as_of(), close.as_of());
        let start = factors(contract, open, None)?;
        // An option that is gone has no volatility any more.
        let end = factors(contract, close, (contract.expiry() <= close.as_of()).then_some(start.volatility))?;
        let straight = end.minus(&start);
        let reached = (start.time / whole).min(1.0);
        let mut change = start.along(&straight, reached).minus(&start);
        change.time = -whole.min(start.time);
        // What has expired still has its currency.
        change.fx = straight.fx;
        let stop = contract.expiry().min(close.as_of());
        let dividends = dividends(contract, open, close, stop)?;
        let only_spot_and_time = change.volatility == 0.0 && change.rate == 0.0 && change.dividend_yield == 0.0;
        Ok(Self { contract, dividends, dividend_model: open.dividend_model(), start, change, only_spot_and_time })
    }

    /// The option at one close.
    pub(super) fn standing(contract: &'a OptionContract, market: &MarketSnapshot) -> Result<Self> {
        let start = factors(contract, market, None)?;
        let change = start.minus(&start);
        let left = life(contract, market);
        let dividends = DividendSchedule::from_dates(market.as_of(), &left)?.dividends().to_vec();
        Ok(Self {
            contract,
            dividends,
            dividend_model: market.dividend_model(),
            start,
            change,
            only_spot_and_time: true,
        })
    }

    pub(super) fn at(&self, s: f64) -> Factors {
        self.start.along(&self.change, s)
    }

    /// Whether the path ends at expiry.
    pub(super) fn expires(&self) -> bool {
        self.start.time + self.change.time <= 0.0
    }

    /// The residual per unit below which more panels do not help.
    pub(super) fn price_error(&self) -> f64 {
        let american = self.contract.style() == ExerciseStyle::American;
        let share = match (self.dividends.is_empty(), american) {
            (false, _) => GRID_ERROR,
            (true, true) if !self.only_spot_and_time => AMERICAN_ERROR,
            (true, _) => 0.0,
        };
        share * self.start.spot
    }

    pub(super) fn value(&self, at: &Factors) -> Result<f64> {
        if at.time <= 0.0 {
            return Ok(self.contract.intrinsic(at.spot));
        }
        let model = self.model(at)?;
        let kind = self.contract.kind();
        if !self.dividends.is_empty() {
            return Ok(self.with_dividends(&model, at)?.price()?);
        }
        Ok(match self.contract.style() {
            ExerciseStyle::European => model.price(kind),
            ExerciseStyle::American => AmericanMethod::default().price(kind, &model)?,
        })
    }

    pub(super) fn slopes(&self, at: &Factors) -> Result<Slopes> {
        let model = self.model(at)?;
        let kind = self.contract.kind();
        if !self.dividends.is_empty() {
            let g = self.with_dividends(&model, at)?.greeks()?;
            let epsilon = match self.change.dividend_yield == 0.0 {
                true => 0.0,
                false => central(YIELD_STEP, |step| {
                    self.value(&Factors { dividend_yield: at.dividend_yield + step, ..*at })
                })?,
            };
            return Ok(Slopes { delta: g.delta, theta: g.theta, vega: g.vega, rho: g.rho, epsilon });
        }
        match self.contract.style() {
            ExerciseStyle::European => {
                let g = model.greeks(kind)?;
                let (delta, theta, vega, rho) = (g.delta, g.theta, g.vega, g.rho);
                Ok(Slopes { delta, theta, vega, rho, epsilon: g.dividend_rho })
            }
            ExerciseStyle::American if self.only_spot_and_time => {
                let g = ExerciseBoundary::new(kind, &model, Precision::Standard)?.greeks(at.spot)?;
                Ok(Slopes { delta: g.delta, theta: g.theta, vega: 0.0, rho: 0.0, epsilon: 0.0 })
            }
            ExerciseStyle::American => {
                let g = american_greeks(kind, &model, Precision::Standard)?;
                let (delta, theta, vega, rho) = (g.delta, g.theta, g.vega, g.rho);
                Ok(Slopes { delta, theta, vega, rho, epsilon: g.dividend_rho })
            }
        }
    }

    pub(super) fn bends(&self, at: &Factors) -> Result<Bends> {
        let model = self.model(at)?;
        let kind = self.contract.kind();
        if self.dividends.is_empty() && self.contract.style() == ExerciseStyle::European {
            let g = model.greeks(kind)?;
            return Ok(Bends { gamma: g.gamma, vanna: g.vanna, volga: g.volga });
        }
        let (_, gamma) = self.delta_gamma(at)?;
        if self.change.volatility == 0.0 {
            return Ok(Bends { gamma, vanna: 0.0, volga: 0.0 });
        }
        let step = VOLATILITY_STEP * at.volatility;
        let moved = |change: f64| Factors { volatility: at.volatility + change, ..*at };
        let vanna = central(step, |change| Ok(self.delta_gamma(&moved(change))?.0))?;
        let values = [self.value(&moved(-step))?, self.value(at)?, self.value(&moved(step))?];
        Ok(Bends { gamma, vanna, volga: (values[0] - 2.0 * values[1] + values[2]) / (step * step) })
    }

    fn delta_gamma(&self, at: &Factors) -> Result<(f64, f64)> {
        let model = self.model(at)?;
        if !self.dividends.is_empty() {
            let g = self.with_dividends(&model, at)?.greeks()?;
            return Ok((g.delta, g.gamma));
        }
        let g = ExerciseBoundary::new(self.contract.kind(), &model, Precision::Standard)?.greeks(at.spot)?;
        Ok((g.delta, g.gamma))
    }

    fn model(&self, at: &Factors) -> Result<BlackScholes> {
        let Factors { spot, volatility, rate, dividend_yield, time, .. } = *at;
        let strike = self.contract.strike();
        Ok(BlackScholes::new(BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield })?)
    }

    fn with_dividends(&self, model: &BlackScholes, at: &Factors) -> Result<DividendOption> {
        let passed = self.start.time - at.time;
        let left = self.dividends.iter().map(|d| CashDividend { ex_time: d.ex_time - passed, ..*d }).collect();
        let schedule = DividendSchedule::new(left)?;
        let (kind, style) = (self.contract.kind(), self.contract.style());
        Ok(DividendOption::new(kind, style, model, &schedule, self.dividend_model)?)
    }
}

fn central(step: f64, at: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    Ok((at(step)? - at(-step)?) / (2.0 * step))
}

/// What an option's price is made from at a close; `expired` is the volatility of one that no longer has any.
fn factors(contract: &OptionContract, market: &MarketSnapshot, expired: Option<f64>) -> Result<Factors> {
    let asset = contract.underlying();
    let currency = market.quote_currency(asset);
    let needed = |value: Option<f64>, what, name: String| value.ok_or(Priced::MissingQuote { what, name });
    let volatility = market.volatility(contract).or(expired);
    Ok(Factors {
        spot: needed(market.spot(asset), "price", asset.to_string())?,
        volatility: needed(volatility, "volatility", contract.to_string())?,
        rate: needed(market.rate(currency), "rate", currency.to_string())?,
        dividend_yield: needed(market.dividend_yield(asset), "dividend yield", asset.to_string())?,
        time: year_fraction(market.as_of(), contract.expiry()).max(0.0),
        fx: needed(market.fx(currency), "price", currency.to_string())?,
    })
}

/// The cash dividends of the option's life, which must be the same at both closes and not go ex on the way.
fn dividends(
    contract: &OptionContract,
    open: &MarketSnapshot,
    close: &MarketSnapshot,
    stop: Date,
) -> Result<Vec<CashDividend>> {
    let asset = contract.underlying();
    let left = life(contract, open);
    if let Some((ex_date, _)) = left.iter().find(|(ex_date, amount)| *ex_date <= stop && *amount > 0.0) {
        let what = format!("a path of {contract} across the ex date {ex_date} of {asset}");
        return Err(Error::Unsupported { what });
    }
    let left: Vec<_> = left.into_iter().filter(|(ex_date, _)| *ex_date > stop).collect();
    if contract.expiry() > close.as_of() && left != life(contract, close) {
        return Err(Error::Unsupported {
            what: format!("a path of {contract} on which the dividends of {asset} change"),
        });
    }
    Ok(DividendSchedule::from_dates(open.as_of(), &left)?.dividends().to_vec())
}

/// Dividends of the life that an option has left.
fn life(contract: &OptionContract, market: &MarketSnapshot) -> Vec<(Date, f64)> {
    let alive = |(ex_date, _): &(Date, f64)| *ex_date > market.as_of() && *ex_date <= contract.expiry();
    market.dividends(contract.underlying()).iter().copied().filter(alive).collect()
}
