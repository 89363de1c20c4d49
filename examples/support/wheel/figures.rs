//! Everything that the page prints.

use alluse_quant::instruments::ledger::{Action, Marks, Pnl, Statement, WheelCycle, WheelState};
use alluse_quant::instruments::pricing::OptionKind;
use alluse_quant::instruments::year_fraction;
use alluse_quant::risk_core::Frequency;
use alluse_quant::risk_core::measures::DrawdownPath;
use alluse_quant::risk_core::moments::{MomentEstimator, kurtosis, mean, skewness, standard_deviation};
use jiff::civil::Date;
use ndarray::{Array1, ArrayView1};
use serde::Serialize;

use super::benchmark::{self, Compared};
use super::inputs::{Day, Inputs, Settings};
use super::programme::{GROUP, Run, run, state_name};
use crate::{Failure, Result};

/// All figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// What was sold.
    pub settings: Settings,
    /// The index.
    pub index: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// The programme.
    pub programme: Performance,
    /// The index, bought on the first day and held.
    pub buy_and_hold: Performance,
    /// Over the whole time.
    pub statement: Statement,
    /// By calendar year.
    pub years: Vec<Year>,
    /// Puts sold.
    pub puts: Sold,
    /// Calls sold.
    pub calls: Sold,
    /// Puts that brought the index.
    pub assignments: Vec<Assigned>,
    /// Puts that expired worthless, each a cycle of its own.
    pub expired_puts: usize,
    /// What those puts earned.
    pub expired_puts_pnl: Pnl,
    /// Cycles that held the index.
    pub cycles: Vec<WheelCycle>,
    /// P&L of all cycles and of the group at once.
    pub wheel: Pnl,
    /// What the cycles leave unexplained.
    pub wheel_residual: f64,
    /// Worst weeks, the worst first.
    pub worst_weeks: Vec<Week>,
    /// Events in the ledger.
    pub events: usize,
    /// Against published programmes, if a file was given.
    pub benchmarks: Option<Vec<Compared>>,
    /// What was modelled or taken for granted.
    pub notes: Vec<String>,
}

/// How a value path did; weekly returns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Performance {
    /// Weeks.
    pub weeks: usize,
    /// Compounded.
    pub annual_return: f64,
    /// Annualised.
    pub volatility: f64,
    /// Of returns above the bill, annualised.
    pub sharpe: f64,
    /// Its standard error, for returns that are not normal.
    pub sharpe_error: f64,
    /// Of weekly returns.
    pub skewness: f64,
    /// Of daily values, positive.
    pub max_drawdown: f64,
    /// Share of weeks with a gain.
    pub winning: f64,
    /// The worst week's return.
    pub worst_week: f64,
}

/// A calendar year in both views.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Year {
    /// Its number.
    pub year: i16,
    /// Marked to market.
    pub mark_to_market: Pnl,
    /// Only what was realised against cost.
    pub premium_view: Pnl,
    /// What the premium view hides.
    pub difference: f64,
    /// Mark-to-market P&L over the value at the start.
    pub programme_return: f64,
    /// Of the index.
    pub index_return: f64,
}

/// Options sold of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sold {
    /// How many times.
    pub count: usize,
    /// Premium received at mid, in total.
    pub premium: f64,
    /// Mean of strike over index; `None` when nothing was sold.
    pub moneyness: Option<f64>,
}

/// A put that brought the index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Assigned {
    /// When.
    pub date: Date,
    /// Price paid.
    pub strike: f64,
    /// Price in the market.
    pub spot: f64,
    /// What the difference cost, negative.
    pub intrinsic: f64,
}

/// A week.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Week {
    /// Its last day.
    pub date: Date,
    /// Of the programme.
    pub programme: f64,
    /// Of the index.
    pub index: f64,
    /// What was held in it.
    pub held: &'static str,
}

/// Weeks that are listed.
const WORST: usize = 8;

/// Runs the programme and measures it.
///
/// # Errors
/// One sentence about whatever is wrong with the data.
pub fn figures(settings: &Settings) -> Result<Figures> {
    let inputs = Inputs::load(settings)?;
    let run = run(&inputs, settings)?;
    let days = &inputs.days;
    let (first, last) = match &days[..] {
        [first, .., last] => (*first, *last),
        _ => return Err(Failure("too few days".to_owned())),
    };
    let spots: Vec<f64> = days.iter().map(|day| day.spot).collect();
    let weeks = week_ends(days);
    let end = run.marks.last().cloned().unwrap_or_else(|| Marks::new(last.date));
    let wheel = run.ledger.wheel(GROUP, &end)?;
    let (cycles, puts): (Vec<_>, Vec<_>) = wheel.cycles.into_iter().partition(|cycle| cycle.assignments > 0);
    let expired_puts = puts.iter().filter(|cycle| cycle.closed.is_some()).count();
    let mut expired_puts_pnl = Pnl::default();
    puts.iter().for_each(|cycle| expired_puts_pnl += cycle.mark_to_market);
    let dates: Vec<Date> = days.iter().map(|day| day.date).collect();
    let benchmarks = match &settings.benchmark {
        Some(path) => Some(benchmark::compare(path, &dates, &run.values)?),
        None => None,
    };
    let states: Vec<(Date, WheelState)> = wheel.steps.iter().map(|step| (step.date, step.state)).collect();
    Ok(Figures {
        settings: settings.clone(),
        index: inputs.asset.to_string(),
        from: first.date,
        to: last.date,
        programme: performance(days, &weeks, &run.values)?,
        buy_and_hold: performance(days, &weeks, &spots)?,
        statement: run.ledger.statement(&Marks::new(first.date.saturating_sub(jiff::Span::new().days(1))), &end)?,
        years: years(&inputs, &run)?,
        puts: sold(&run, OptionKind::Put),
        calls: sold(&run, OptionKind::Call),
        assignments: assignments(&run),
        expired_puts,
        expired_puts_pnl,
        cycles,
        wheel: wheel.total,
        wheel_residual: wheel.residual,
        worst_weeks: worst(days, &weeks, &run.values, &states),
        events: run.ledger.events().len(),
        benchmarks,
        notes: notes(&inputs, settings),
    })
}

/// Places of the last days of the weeks.
#[must_use]
pub fn week_ends(days: &[Day]) -> Vec<usize> {
    (0..days.len()).filter(|place| days[*place].sells_until.is_some()).collect()
}

fn changes(weeks: &[usize], values: &[f64]) -> Array1<f64> {
    weeks.windows(2).map(|pair| values[pair[1]] / values[pair[0]] - 1.0).collect()
}

fn performance(days: &[Day], weeks: &[usize], values: &[f64]) -> Result<Performance> {
    let returns = changes(weeks, values);
    let bill = |pair: &[usize]| (days[pair[0]].rate * year_fraction(days[pair[0]].date, days[pair[1]].date)).exp_m1();
    let excess = &returns - &weeks.windows(2).map(bill).collect::<Array1<f64>>();
    let year = Frequency::Weekly.periods_per_year();
    let (sharpe, sharpe_error) = sharpe(excess.view())?;
    let (first, last) = (0, days.len() - 1);
    let time = year_fraction(days[first].date, days[last].date);
    Ok(Performance {
        weeks: returns.len(),
        annual_return: (values[last] / values[first]).powf(1.0 / time) - 1.0,
        volatility: standard_deviation(returns.view(), 1)? * year.sqrt(),
        sharpe: sharpe * year.sqrt(),
        sharpe_error: sharpe_error * year.sqrt(),
        skewness: skewness(returns.view(), MomentEstimator::Population)?,
        max_drawdown: DrawdownPath::from_values(ArrayView1::from(values))?.max(),
        winning: returns.iter().filter(|r| **r > 0.0).count() as f64 / returns.len() as f64,
        worst_week: returns.iter().copied().fold(f64::INFINITY, f64::min),
    })
}

/// Sharpe ratio per period and its standard error, `√((1 − γ₃S + (γ₄ − 1)S²/4) / n)` (Mertens 2002).
fn sharpe(excess: ArrayView1<'_, f64>) -> Result<(f64, f64)> {
    let deviation = standard_deviation(excess, 1)?;
    if deviation <= 0.0 {
        return Err(Failure("the weekly returns do not vary: no Sharpe ratio".to_owned()));
    }
    let ratio = mean(excess)? / deviation;
    let (skew, kurt) = (skewness(excess, MomentEstimator::Population)?, kurtosis(excess, MomentEstimator::Population)?);
    let variance = (1.0 - skew * ratio + (kurt - 1.0) / 4.0 * ratio * ratio) / excess.len() as f64;
    Ok((ratio, variance.sqrt()))
}

fn years(inputs: &Inputs, run: &Run) -> Result<Vec<Year>> {
    let days = &inputs.days;
    let ends = (0..days.len())
        .filter(|place| days.get(place + 1).is_none_or(|next| next.date.year() != days[*place].date.year()));
    let (mut years, mut from) = (Vec::new(), 0);
    for to in ends.filter(|to| *to > 0) {
        let statement = run.ledger.statement(&run.marks[from], &run.marks[to])?;
        let total = statement.total;
        years.push(Year {
            year: days[to].date.year(),
            mark_to_market: total.mark_to_market,
            premium_view: total.premium_view,
            difference: total.difference,
            programme_return: total.mark_to_market.total() / total.start_value,
            index_return: days[to].spot / days[from].spot - 1.0,
        });
        from = to;
    }
    Ok(years)
}

fn sold(run: &Run, kind: OptionKind) -> Sold {
    let sales: Vec<_> = run.sales.iter().filter(|sale| sale.kind == kind).collect();
    let moneyness: f64 = sales.iter().map(|sale| sale.moneyness).sum();
    Sold {
        count: sales.len(),
        premium: sales.iter().map(|sale| sale.premium).sum(),
        moneyness: (!sales.is_empty()).then(|| moneyness / sales.len() as f64),
    }
}

fn assignments(run: &Run) -> Vec<Assigned> {
    let assigned = |event: &alluse_quant::instruments::ledger::Event| match &event.action {
        Action::Assignment { contract, contracts, spot, .. } => {
            let units = contracts * contract.multiplier().units();
            let intrinsic = -units * contract.intrinsic(*spot);
            Some(Assigned { date: event.date, strike: contract.strike(), spot: *spot, intrinsic })
        }
        _ => None,
    };
    run.ledger.events().iter().filter_map(assigned).collect()
}

fn worst(days: &[Day], weeks: &[usize], values: &[f64], states: &[(Date, WheelState)]) -> Vec<Week> {
    let week = |pair: &[usize]| {
        let (from, to) = (pair[0], pair[1]);
        let known = states.partition_point(|(date, _)| *date <= days[from].date);
        let held = known.checked_sub(1).map_or(WheelState::Flat, |place| states[place].1);
        Week {
            date: days[to].date,
            programme: values[to] / values[from] - 1.0,
            index: days[to].spot / days[from].spot - 1.0,
            held: state_name(held),
        }
    };
    let mut all: Vec<Week> = weeks.windows(2).map(week).collect();
    all.sort_by(|a, b| a.programme.total_cmp(&b.programme));
    all.truncate(WORST);
    all
}

fn notes(inputs: &Inputs, settings: &Settings) -> Vec<String> {
    let mut notes = vec![
        "option prices are modelled: Black-Scholes at the volatility index, one number for all strikes; in truth puts out \
         of the money are dearer and calls out of the money cheaper than any one volatility says"
            .to_owned(),
        "the volatility index speaks of thirty days and of all strikes, the options live for one week: in calm years it \
         stands above what one-week options near the money cost, and modelled premiums are then too high"
            .to_owned(),
        "the index trades as if it were a fund, and options on it deliver it; strikes are not rounded".to_owned(),
        "a price index: neither the programme nor buy-and-hold earns dividends, and options are priced without".to_owned(),
        format!(
            "every sale costs half the spread, {:.1} % of the premium; assignment and delivery cost nothing",
            100.0 * settings.half_spread
        ),
        "cash earns the last published one-month bill return; puts are sold on as many units as the cash secures, \
         fractions included"
            .to_owned(),
    ];
    if inputs.left_out > 0 {
        notes.push(format!("{} days of the index have no volatility and are left out", inputs.left_out));
    }
    notes
}
