//! The P&L of one position in each scenario.

use std::collections::BTreeMap;
use std::ops::Range;

use alluse_risk_core::Assumption;
use jiff::civil::Date;

use super::approximate::{self, Method};
use super::factors::{Factors, Path, VolatilityShock};
use crate::kernel::{self, Dispatch, European, Input, Scenarios};
use crate::pricing::{
    AmericanMethod, BlackScholes, BlackScholesInputs, DividendModel, DividendOption, DividendSchedule,
    ExerciseBoundary, ExerciseStyle, OptionKind, Precision,
};
use crate::{Book, Error, Instrument, OptionContract, Position, Result, calendar::year_fraction};

/// Buffers that a thread uses again for each row.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    volatility: Vec<f64>,
    spot: Vec<f64>,
}

/// How a row was made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    pub(super) approximated: bool,
    /// Largest error found, in base currency.
    pub(super) measured_error: f64,
    pub(super) sampled: usize,
}

impl Outcome {
    /// Joins what two blocks of scenarios say about one row.
    pub(super) fn merge(all: &mut Result<Self>, part: Result<Self>) {
        match (&mut *all, part) {
            (Ok(all), Ok(part)) => {
                all.approximated |= part.approximated;
                all.measured_error = all.measured_error.max(part.measured_error);
                all.sampled += part.sampled;
            }
            (Ok(_), Err(error)) => *all = Err(error),
            (Err(_), _) => {}
        }
    }
}

/// What is needed to revalue a position, looked up once.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Place in the book.
    pub(super) position: usize,
    units: f64,
    currency: &'a alluse_risk_core::Currency,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Cash,
    Share {
        asset: &'a alluse_risk_core::AssetId,
        /// Cash per share that goes ex inside the horizon.
        dividend: f64,
    },
    Option(OptionPlan<'a>),
}

#[derive(Debug)]
struct OptionPlan<'a> {
    contract: &'a OptionContract,
    volatility: f64,
    value_now: f64,
    /// Years to expiry at the end of the scenario; not positive once it has settled.
    time_then: f64,
    /// What goes ex between now and expiry, and what of it is left at the end of the scenario.
    dividends_now: usize,
    schedule_then: DividendSchedule,
    dividend_model: DividendModel,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// [`Error::MissingQuote`] or [`Error::NoScenarios`] for what the position lacks, and the refusals of
    /// the pricing model; they become the reason of an unvalued row.
    pub(super) fn new(book: &'a Book, factors: &Factors, position: usize, end: Date) -> Result<Self> {
        let held = &book.positions()[position];
        let currency = book.currency(held);
        if factors.fx(currency).is_none() {
            return Err(Error::MissingQuote { what: "price", name: currency.to_string() });
        }
        let kind = match &held.instrument {
            Instrument::Cash { .. } => Kind::Cash,
            Instrument::Share { asset } => {
                check_spot(book, factors, asset)?;
                let received = book.market().dividends_between(asset, book.market().as_of(), end);
                Kind::Share { asset, dividend: received.iter().map(|(_, amount)| amount).sum() }
            }
            Instrument::Option(contract) => {
                check_spot(book, factors, contract.underlying())?;
                let value_now = crate::valuation::unit_price(book.market(), &held.instrument)?;
                let missing = |what| Error::MissingQuote { what, name: contract.to_string() };
                let volatility = book.market().volatility(contract).ok_or_else(|| missing("volatility"))?;
                let time_then = year_fraction(end, contract.expiry());
                let now = book.market().dividend_schedule(contract, book.market().as_of())?;
                Kind::Option(OptionPlan {
                    contract,
                    volatility,
                    value_now,
                    time_then,
                    dividends_now: now.dividends().len(),
                    schedule_then: book.market().dividend_schedule(contract, end)?,
                    dividend_model: book.market().dividend_model(),
                })
            }
        };
        Ok(Self { position, units: held.units(), currency, kind })
    }

    /// What is taken for granted about this position.
    pub(super) fn assumptions(&self, held: &Position) -> Vec<Assumption> {
        let mut made = Vec::new();
        match &self.kind {
            Kind::Share { dividend, .. } if *dividend > 0.0 => made.push(note(format!(
                "{}: a cash dividend of {dividend} per share goes ex inside the horizon; scenario prices are without it, \
                 and it is received on top of them",
                held.id
            ))),
            Kind::Option(option) => {
                if option.time_then <= 0.0 {
                    made.push(Assumption::SettledInsideHorizon { row: held.id.clone() });
                }
                made.extend(option.dividend_note(held));
            }
            Kind::Cash | Kind::Share { .. } => {}
        }
        made
    }

    /// Writes the P&L of the scenarios in `range` to `out`.
    pub(super) fn fill(
        &self,
        factors: &Factors,
        method: Method,
        range: Range<usize>,
        scratch: &mut Scratch,
        out: &mut [f64],
    ) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        match &self.kind {
            Kind::Cash => out.fill(1.0),
            Kind::Share { asset, dividend } => {
                let path = spot_path(factors, asset)?;
                out.iter_mut().zip(range.clone()).for_each(|(out, s)| *out = path.at(s) + dividend);
            }
            Kind::Option(option) => {
                outcome = option.fill(factors, self.currency, method, range.clone(), scratch, out)?;
            }
        }
        outcome.measured_error *= self.units.abs() * factors.fx(self.currency).map_or(1.0, |path| path.now);
        self.unit_values_to_pnl(factors, range, out)?;
        Ok(outcome)
    }

    /// Turns the value of one unit in each scenario into the P&L of the position.
    fn unit_values_to_pnl(&self, factors: &Factors, range: Range<usize>, out: &mut [f64]) -> Result<()> {
        let value_now = match &self.kind {
            Kind::Cash => 1.0,
            Kind::Share { asset, .. } => spot_path(factors, asset)?.now,
            Kind::Option(option) => option.value_now,
        };
        match factors.fx(self.currency).filter(|path| path.then.is_some()) {
            None => {
                let fx = factors.fx(self.currency).map_or(1.0, |path| path.now);
                out.iter_mut().for_each(|out| *out = self.units * (*out - value_now) * fx);
            }
            Some(fx) => {
                let now = value_now * fx.now;
                out.iter_mut().zip(range).for_each(|(out, s)| *out = self.units * (*out * fx.at(s) - now));
            }
        }
        Ok(())
    }

    /// What decides the exercise boundary of an American option beside the scenarios; `None` for what has none.
    pub(super) fn boundary_key(&self, factors: &Factors) -> Option<BoundaryKey<'a>> {
        let Kind::Option(option) = &self.kind else { return None };
        let contract = option.contract;
        let shares = contract.style() == ExerciseStyle::American
            && option.time_then > 0.0
            && option.schedule_then.is_empty()
            && !factors.shocks_contract(contract);
        shares.then(|| {
            (contract.underlying(), contract.kind() == OptionKind::Call, contract.expiry(), option.volatility.to_bits())
        })
    }

    /// The P&L of American options that share their exercise boundaries: each is solved once for all of them.
    pub(super) fn fill_together(
        plans: &[&Self],
        factors: &Factors,
        range: Range<usize>,
        scratch: &mut Scratch,
        rows: &mut [&mut [f64]],
    ) -> Result<()> {
        let options: Vec<(&Self, &OptionPlan<'_>)> = plans
            .iter()
            .filter_map(|plan| match &plan.kind {
                Kind::Option(option) => Some((*plan, option)),
                _ => None,
            })
            .collect();
        let Some((first, option)) = options.first() else { return Ok(()) };
        let market = option.market(factors, first.currency, range.clone(), scratch)?;
        let mut solved: Option<ExerciseBoundary> = None;
        for scenario in 0..range.len() {
            let model = market.model(scenario)?;
            if model.inputs().volatility <= 0.0 {
                for ((_, option), row) in options.iter().zip(rows.iter_mut()) {
                    row[scenario] = ScenarioMarket { contract: option.contract, ..market }.price_one(scenario)?;
                }
                continue;
            }
            let boundary = match solved.take().filter(|_| market.is_still()) {
                Some(boundary) => boundary,
                None => ExerciseBoundary::new(option.contract.kind(), &model, Precision::default())?,
            };
            let boundary = &*solved.insert(boundary);
            for ((_, option), row) in options.iter().zip(rows.iter_mut()) {
                row[scenario] = boundary.price_with_strike(market.spot[scenario], option.contract.strike())?;
            }
        }
        for ((plan, _), row) in options.iter().zip(rows.iter_mut()) {
            plan.unit_values_to_pnl(factors, range.clone(), row)?;
        }
        Ok(())
    }
}

/// Underlying, whether a call, expiry, and today's volatility.
pub(super) type BoundaryKey<'a> = (&'a alluse_risk_core::AssetId, bool, Date, u64);

impl OptionPlan<'_> {
    /// Which model of cash dividends the row stands on, if on any.
    fn dividend_note(&self, held: &Position) -> Option<Assumption> {
        if self.dividends_now == 0 {
            return None;
        }
        let model = match self.dividend_model {
            DividendModel::Escrowed => "escrowed",
            DividendModel::Spot => "spot",
        };
        let passed = self.dividends_now - self.schedule_then.dividends().len();
        let crossed = match passed {
            0 => String::new(),
            passed => format!("; {passed} of them inside the horizon, through which the option is held"),
        };
        Some(note(format!(
            "{}: cash dividends before expiry: {}, by the {model} model; the amounts do not move with the spot{crossed}",
            held.id, self.dividends_now
        )))
    }

    /// Writes the price of one unit in each scenario to `out`.
    fn fill(
        &self,
        factors: &Factors,
        currency: &alluse_risk_core::Currency,
        method: Method,
        range: Range<usize>,
        scratch: &mut Scratch,
        out: &mut [f64],
    ) -> Result<Outcome> {
        if self.time_then <= 0.0 {
            let underlying = self.contract.underlying();
            let missing = |what| Error::MissingQuote { what, name: underlying.to_string() };
            let spot = spot_path(factors, underlying)?;
            let rate = factors.rate(currency).ok_or_else(|| missing("rate"))?;
            for (out, s) in out.iter_mut().zip(range) {
                // The cash of the settlement earns the rate until the scenario ends.
                *out = self.contract.intrinsic(spot.at(s)) * libm::exp(-rate.at(s) * self.time_then);
            }
            return Ok(Outcome::default());
        }
        approximate::fill(&self.market(factors, currency, range, scratch)?, method, out)
    }

    /// The inputs of its price in each scenario.
    fn market<'s>(
        &'s self,
        factors: &'s Factors,
        currency: &alluse_risk_core::Currency,
        range: Range<usize>,
        scratch: &'s mut Scratch,
    ) -> Result<ScenarioMarket<'s>> {
        let underlying = self.contract.underlying();
        let missing = |what| Error::MissingQuote { what, name: underlying.to_string() };
        let spot = spot_path(factors, underlying)?;
        let rate = factors.rate(currency).ok_or_else(|| missing("rate"))?;
        let dividend = factors.dividend(underlying).ok_or_else(|| missing("dividend yield"))?;
        let shock = factors.volatility(self.contract).ok_or_else(|| missing("volatility"))?;
        scratch.spot.clear();
        scratch.spot.extend(range.clone().map(|s| spot.at(s).max(f64::MIN_POSITIVE)));
        scratch.volatility.clear();
        match shock {
            VolatilityShock::Fixed => {}
            VolatilityShock::Multiply(by) => {
                scratch.volatility.extend(range.clone().map(|s| self.volatility * by[s]));
            }
            VolatilityShock::Add(by) => scratch.volatility.extend(range.clone().map(|s| self.volatility + by[s])),
        }
        let volatility = match shock {
            VolatilityShock::Fixed => Input::Constant(self.volatility),
            _ => Input::PerScenario(&scratch.volatility),
        };
        Ok(ScenarioMarket {
            contract: self.contract,
            time: self.time_then,
            spot: &scratch.spot,
            log_spot: spot.log_then.get(range.clone()),
            volatility,
            rate: input(rate, &range),
            dividend_yield: input(dividend, &range),
            schedule: &self.schedule_then,
            dividend_model: self.dividend_model,
        })
    }
}

/// One option in a run of scenarios.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScenarioMarket<'a> {
    pub(super) contract: &'a OptionContract,
    pub(super) time: f64,
    pub(super) spot: &'a [f64],
    /// Logarithms of `spot`, where they are at hand.
    pub(super) log_spot: Option<&'a [f64]>,
    pub(super) volatility: Input<'a>,
    pub(super) rate: Input<'a>,
    pub(super) dividend_yield: Input<'a>,
    /// From the end of the scenario on.
    pub(super) schedule: &'a DividendSchedule,
    pub(super) dividend_model: DividendModel,
}

/// The value of an input in a scenario.
pub(super) fn at(input: Input<'_>, scenario: usize) -> f64 {
    match input {
        Input::Constant(value) => value,
        Input::PerScenario(values) => values[scenario],
    }
}

impl ScenarioMarket<'_> {
    /// Whether one scenario costs no more than a formula.
    pub(super) fn is_cheap(&self) -> bool {
        let closed = self.schedule.is_empty() || self.dividend_model == DividendModel::Escrowed;
        self.contract.style() == ExerciseStyle::European && closed
    }

    /// Whether nothing but the spot moves.
    fn is_still(&self) -> bool {
        [self.volatility, self.rate, self.dividend_yield].iter().all(|input| matches!(input, Input::Constant(_)))
    }

    /// Exact prices of every scenario.
    pub(super) fn price_all(&self, out: &mut [f64]) -> Result<()> {
        if !self.schedule.is_empty() {
            return self.price_with_dividends(out);
        }
        match self.contract.style() {
            ExerciseStyle::European => {
                let option = European::new(self.contract.kind(), self.contract.strike(), self.time)?;
                let scenarios = Scenarios::new(self.spot, self.volatility, self.rate, self.dividend_yield);
                let scenarios = match self.log_spot {
                    Some(log_spot) => scenarios.with_log_spot(log_spot),
                    None => scenarios,
                };
                kernel::price_scenarios(Dispatch::detect(), &option, &scenarios, out)
            }
            ExerciseStyle::American => self.price_american(out),
        }
    }

    /// One solution for all spots that meet the same volatility, rate and yield.
    fn price_with_dividends(&self, out: &mut [f64]) -> Result<()> {
        let mut alike: BTreeMap<[u64; 3], Vec<usize>> = BTreeMap::new();
        for scenario in 0..out.len() {
            let inputs = [self.volatility, self.rate, self.dividend_yield].map(|input| at(input, scenario).to_bits());
            alike.entry(inputs).or_default().push(scenario);
        }
        for scenarios in alike.values() {
            let Some(first) = scenarios.first() else { continue };
            let spots: Vec<f64> = scenarios.iter().map(|scenario| self.spot[*scenario]).collect();
            let prices = self.option_with_dividends(*first)?.prices(&spots)?;
            scenarios.iter().zip(prices).for_each(|(scenario, price)| out[*scenario] = price);
        }
        Ok(())
    }

    /// The option in a scenario; its spot is one at which every model has something to say.
    fn option_with_dividends(&self, scenario: usize) -> Result<DividendOption> {
        let (rate, dividend_yield) = (at(self.rate, scenario), at(self.dividend_yield, scenario));
        let strike = self.contract.strike();
        let model = BlackScholes::new(BlackScholesInputs {
            spot: strike + self.schedule.escrow(rate, dividend_yield),
            strike,
            time: self.time,
            volatility: at(self.volatility, scenario),
            rate,
            dividend_yield,
        })?;
        DividendOption::new(self.contract.kind(), self.contract.style(), &model, self.schedule, self.dividend_model)
    }

    /// One boundary for all scenarios when nothing but the spot moves, one for each otherwise.
    fn price_american(&self, out: &mut [f64]) -> Result<()> {
        if self.is_still() && at(self.volatility, 0) > 0.0 {
            let boundary = ExerciseBoundary::new(self.contract.kind(), &self.model(0)?, Precision::default())?;
            for (out, spot) in out.iter_mut().zip(self.spot) {
                *out = boundary.price(*spot)?;
            }
            return Ok(());
        }
        for (scenario, out) in out.iter_mut().enumerate() {
            *out = self.price_one(scenario)?;
        }
        Ok(())
    }

    /// Exact price of one scenario.
    pub(super) fn price_one(&self, scenario: usize) -> Result<f64> {
        if !self.schedule.is_empty() {
            let prices = self.option_with_dividends(scenario)?.prices(&self.spot[scenario..=scenario])?;
            return prices.first().copied().ok_or_else(|| Error::NoScenarios { name: self.contract.to_string() });
        }
        match self.contract.style() {
            ExerciseStyle::American => AmericanMethod::default().price(self.contract.kind(), &self.model(scenario)?),
            ExerciseStyle::European => {
                let mut out = [0.0];
                let one = |input| Input::Constant(at(input, scenario));
                let option = European::new(self.contract.kind(), self.contract.strike(), self.time)?;
                let spot = &self.spot[scenario..=scenario];
                let scenarios = Scenarios::new(spot, one(self.volatility), one(self.rate), one(self.dividend_yield));
                kernel::price_scenarios(Dispatch::detect(), &option, &scenarios, &mut out)?;
                Ok(out[0])
            }
        }
    }

    fn model(&self, scenario: usize) -> Result<BlackScholes> {
        BlackScholes::new(BlackScholesInputs {
            spot: self.spot[scenario],
            strike: self.contract.strike(),
            time: self.time,
            volatility: at(self.volatility, scenario),
            rate: at(self.rate, scenario),
            dividend_yield: at(self.dividend_yield, scenario),
        })
    }
}

fn note(text: String) -> Assumption {
    Assumption::Note { text }
}

fn input<'a>(path: &'a Path, range: &Range<usize>) -> Input<'a> {
    match &path.then {
        Some(then) => Input::PerScenario(&then[range.clone()]),
        None => Input::Constant(path.now),
    }
}

fn check_spot(book: &Book, factors: &Factors, asset: &alluse_risk_core::AssetId) -> Result<()> {
    if book.market().spot(asset).is_none() {
        return Err(Error::MissingQuote { what: "price", name: asset.to_string() });
    }
    spot_path(factors, asset).map(|_| ())
}

fn spot_path<'a>(factors: &'a Factors, asset: &alluse_risk_core::AssetId) -> Result<&'a Path> {
    factors.spot(asset).ok_or_else(|| Error::NoScenarios { name: asset.to_string() })
}
