//! One small book per option strategy.

use alluse_quant::instruments::margin::{MarginRates, PortfolioMarginRules, StrategyMarginRules};
use alluse_quant::instruments::pricing::{ExerciseStyle, OptionKind};
use alluse_quant::instruments::strategy::{StrategyTemplate, StrategyTerms};
use alluse_quant::instruments::{Book, Delta, Instrument, MarketSnapshot, Multiplier, StrikeRequest, strike_for_delta};
use alluse_quant::risk_core::Status;
use alluse_quant::stress::{Assets, Shock, Step, StressScenario, StressTest, Target};
use jiff::civil::{Date, date};
use serde::Serialize;

use crate::{Failure, Result};

const NEAR: Date = date(2019, 1, 18);
const FAR: Date = date(2019, 2, 15);
/// Units of each strategy.
const UNITS: i32 = 10;

/// A strategy, its legs and what it does in each scenario.
#[derive(Debug, Serialize)]
pub struct StrategyFigures {
    /// Its name.
    pub strategy: String,
    /// Its legs, one unit of them.
    pub legs: Vec<String>,
    /// Value of ten units today; negative where premium was received.
    pub value: f64,
    /// Margin requirement, strategy based.
    pub margin: Status<f64>,
    /// Portfolio margin.
    pub portfolio_margin: Status<f64>,
    /// P&L in each scenario, in the order of [`scenarios`].
    pub pnl: Vec<Status<f64>>,
}

/// A strike: by delta, or at steps from the one nearest the money.
#[derive(Clone, Copy)]
enum Place {
    Put(f64),
    Call(f64),
    Money(f64),
}

/// Which strikes and expiries stand in the slots of a strategy's first form.
fn slots(name: &str) -> Option<(Vec<Place>, Vec<Date>)> {
    use Place::{Call, Money, Put};
    Some(match name {
        "put_selling" => (vec![Put(-0.30)], vec![NEAR]),
        "call_selling" => (vec![Call(0.30)], vec![NEAR]),
        "put_spread" => (vec![Put(-0.15), Put(-0.35)], vec![NEAR]),
        "call_spread" => (vec![Call(0.35), Call(0.15)], vec![NEAR]),
        "iron_condor" => (vec![Put(-0.10), Put(-0.25), Call(0.25), Call(0.10)], vec![NEAR]),
        "straddle" => (vec![Money(0.0)], vec![NEAR]),
        "strangle" => (vec![Put(-0.25), Call(0.25)], vec![NEAR]),
        "butterfly" => (vec![Money(-2.0), Money(0.0), Money(2.0)], vec![NEAR]),
        "calendar" => (vec![Money(0.0)], vec![NEAR, FAR]),
        "diagonal" => (vec![Money(0.0), Call(0.30)], vec![NEAR, FAR]),
        "covered_call" => (vec![Call(0.30)], vec![NEAR]),
        _ => return None,
    })
}

/// The scenarios of the strategy table.
///
/// # Errors
/// Never for these numbers.
pub fn scenarios() -> Result<Vec<StressScenario>> {
    let shock = |name: &str, spot: f64, volatility: f64, days: u32| -> Result<StressScenario> {
        let steps = vec![
            Step::new(Target::Spot(Assets::Every), Shock::Relative(spot)),
            Step::new(Target::volatility_of(Assets::Every), Shock::Absolute(volatility)),
        ];
        Ok(StressScenario::new(name, steps)?.with_days(days)?)
    };
    Ok(vec![
        shock("-25 %, +30 pts", -0.25, 0.30, 0)?,
        shock("-10 %, +10 pts", -0.10, 0.10, 0)?,
        shock("+10 %, -5 pts", 0.10, -0.05, 0)?,
        shock("+15 pts alone", 0.0, 0.15, 0)?,
        shock("-15 % in 14 days", -0.15, 0.05, 14)?,
        shock("14 quiet days", 0.0, 0.0, 14)?,
    ])
}

/// Every standard strategy that the table knows, on one underlying.
///
/// # Errors
/// One sentence when the market lacks a quote of the underlying.
pub fn figures(market: &MarketSnapshot, underlying: &str) -> Result<Vec<StrategyFigures>> {
    let test = StressTest::new(scenarios()?)?;
    let rates = MarginRates::maintenance();
    let (strategy_rules, portfolio_rules) = (StrategyMarginRules::new(rates.clone()), PortfolioMarginRules::new(rates));
    let mut all = Vec::new();
    for template in StrategyTemplate::standard() {
        let Some((places, expiries)) = slots(template.name()) else { continue };
        let terms = StrategyTerms {
            underlying: underlying.to_owned().try_into()?,
            strikes: places.iter().map(|place| strike(market, underlying, *place)).collect::<Result<_>>()?,
            expiries,
            multiplier: Multiplier::EQUITY,
            style: ExerciseStyle::American,
        };
        let book = book(market, &template.legs(0, &terms, UNITS)?)?;
        let report = test.run(&book)?;
        let legs = template.legs(0, &terms, 1)?;
        all.push(StrategyFigures {
            strategy: template.name().to_owned(),
            legs: legs.iter().map(|(what, quantity)| format!("{quantity:+} {what}")).collect(),
            value: report.value,
            margin: strategy_rules.requirement(&book)?.requirement,
            portfolio_margin: portfolio_rules.requirement(&book)?.requirement,
            pnl: report.scenarios.into_iter().map(|scenario| scenario.pnl).collect(),
        });
    }
    Ok(all)
}

fn book(market: &MarketSnapshot, legs: &[(Instrument, f64)]) -> Result<Book> {
    let mut builder = Book::builder();
    for (instrument, quantity) in legs {
        builder = match instrument {
            Instrument::Option(contract) => builder.option(contract.clone(), *quantity),
            Instrument::Share { asset } => builder.share(asset.as_str(), *quantity),
            Instrument::Cash { currency } => builder.cash(currency.as_str(), *quantity),
        };
    }
    Ok(builder.build(market)?)
}

/// A listed strike, on a grid of half a dollar.
fn strike(market: &MarketSnapshot, underlying: &str, place: Place) -> Result<f64> {
    let asset = underlying.to_owned().try_into()?;
    let spot = market.spot(&asset).ok_or_else(|| Failure(format!("{underlying} has no price")))?;
    let (kind, delta) = match place {
        Place::Put(delta) => (OptionKind::Put, delta),
        Place::Call(delta) => (OptionKind::Call, delta),
        Place::Money(steps) => return Ok((2.0 * spot).round() / 2.0 + 0.5 * steps),
    };
    let listed: Vec<f64> = (1..=(4.0 * spot) as u32).map(|half| 0.5 * f64::from(half)).collect();
    let request = StrikeRequest::new(market, underlying, kind, ExerciseStyle::American, NEAR)?;
    Ok(strike_for_delta(&request.with_listed_strikes(listed)?, Delta::new(delta)?)?.chosen.strike)
}
