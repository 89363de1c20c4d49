//! The option programme: its greeks day by day, its premiums, and what misleads in its record.

use std::collections::BTreeMap;

use alluse_quant::attribution::explain::{
    ExplainMethod, ExplainSummary, Explained, MoveSize, PnlExplain, PnlExplainer, ledger_days,
};
use alluse_quant::attribution::honesty::{BaseRate, HonestyCheck, HonestyReport, Target};
use alluse_quant::attribution::option_income::{IncomeParts, Materiality, OptionIncome, PremiumGap};
use alluse_quant::attribution::{ReturnKind, ReturnSeries, RiskFree};
use alluse_quant::instruments::ledger::Marks;
use alluse_quant::instruments::pricing::OptionKind;
use alluse_quant::instruments::{Instrument, MarketSnapshot, year_fraction};
use alluse_quant::risk_core::Frequency;
use jiff::civil::Date;
use ndarray::{Array1, ArrayView1};
use serde::Serialize;

use super::inputs::Settings;
use super::weeks::{WeekFigures, weeks};
use crate::progress::Progress;
use crate::wheel::figures::week_ends;
use crate::wheel::inputs::Inputs;
use crate::wheel::programme::{Run, market, run};
use crate::{Failure, Result};

/// The legs of the programme.
pub const LEGS: [&str; 4] = ["short put", "index held", "covered call", "cash"];

/// Days that are listed.
const WORST: usize = 6;

/// A view misleads when it is off by so much of the capital.
const MATERIAL: f64 = 0.01;

/// A promise to hold against the record: 1 % a week.
pub const PROMISE: f64 = 0.01;

/// What the programme earned, and why.
#[derive(Debug, Clone, Serialize)]
pub struct ProgrammeFigures {
    /// The index.
    pub index: String,
    /// The close from which on it is explained.
    pub from: Date,
    /// The last close.
    pub to: Date,
    /// Value at the first close.
    pub start_value: f64,
    /// Value at the last.
    pub end_value: f64,
    /// Days of the index without a volatility.
    pub left_out: usize,
    /// Effects along the path, residuals of common and tail days apart.
    pub path: ExplainSummary,
    /// The same by greeks of the opening.
    pub taylor: ExplainSummary,
    /// Days on which an option ends, and the others, by greeks of the opening.
    pub taylor_by_expiry: [DaySums; 2],
    /// The effects by leg.
    pub legs: Vec<LegEffects>,
    /// Days with the largest residuals by greeks of the opening, the largest first.
    pub worst: Vec<WorstDay>,
    /// Sum of `|P&L|` over positions and days, which residuals are rounding of.
    pub scale: f64,
    /// Premiums, intrinsic value, assignment and shares.
    pub income: Income,
    /// What misleads in the weekly record.
    pub honesty: HonestyReport,
    /// By week.
    pub weeks: WeekFigures,
}

/// Absolute amounts of some days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct DaySums {
    /// How many.
    pub days: usize,
    /// `Σ |P&L|`.
    pub pnl: f64,
    /// `Σ |residual|`.
    pub residual: f64,
}

/// What a leg earned, both ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LegEffects {
    /// The leg.
    pub leg: &'static str,
    /// Along the path.
    pub path: Explained,
    /// By greeks of the opening.
    pub taylor: Explained,
}

/// A day that is hard to explain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorstDay {
    /// Its close.
    pub date: Date,
    /// Size of the index's move in standard deviations, and whether that is a tail.
    pub size: MoveSize,
    /// P&L.
    pub pnl: f64,
    /// Unexplained along the path.
    pub path: f64,
    /// Unexplained by greeks of the opening.
    pub taylor: f64,
}

/// Income of the option seller, part by part.
#[derive(Debug, Clone, Serialize)]
pub struct Income {
    /// By leg, in the order of [`LEGS`].
    pub legs: Vec<(&'static str, IncomeParts)>,
    /// All legs.
    pub total: IncomeParts,
    /// P&L by the ledger's own statement.
    pub mark_to_market: f64,
    /// What was realised against cost.
    pub realised: f64,
    /// Mark-to-market P&L less the parts.
    pub residual: f64,
    /// Sum of the absolute amounts of the period, which the residual is rounding of.
    pub turnover: f64,
    /// Where premiums alone are materially above the market, over the whole time.
    pub gaps: Vec<PremiumGap>,
    /// By calendar year.
    pub years: Vec<IncomeYear>,
}

/// Income of a calendar year.
#[derive(Debug, Clone, Serialize)]
pub struct IncomeYear {
    /// Its number.
    pub year: i16,
    /// What was earned.
    pub parts: IncomeParts,
    /// Marked to market.
    pub mark_to_market: f64,
    /// Premiums less fees, and nothing else.
    pub premium_only: f64,
    /// What was realised against cost.
    pub realised: f64,
    /// Where premiums alone mislead.
    pub gap: Option<PremiumGap>,
}

/// Runs and explains the programme.
///
/// # Errors
/// One sentence about whatever is wrong with the data.
pub fn programme(settings: &Settings, progress: &mut Progress) -> Result<ProgrammeFigures> {
    let inputs = Inputs::load(&settings.wheel)?;
    let run = run(&inputs, &settings.wheel)?;
    let [first, .., last] = &inputs.days[..] else { return Err(Failure("too few days".to_owned())) };
    progress.step("greeks of the option programme");
    let markets: Vec<MarketSnapshot> =
        inputs.days.iter().map(|day| market(&inputs.asset, day)).collect::<Result<_>>()?;
    let (opening, days) = ledger_days(&run.ledger, &markets)?;
    let path = PnlExplainer::default().explain(&opening, &days)?;
    let taylor = PnlExplainer::default().with_method(ExplainMethod::Taylor).explain(&opening, &days)?;
    let mut held: BTreeMap<String, Instrument> = BTreeMap::new();
    for position in std::iter::once(&opening).chain(days.iter().map(|day| &day.book)).flat_map(|book| book.positions())
    {
        held.insert(position.id.to_string(), position.instrument.clone());
    }
    let legs = Legs { held };
    progress.step("premiums of the option programme");
    let income = income(&inputs, &run)?;
    let honesty = honesty(&inputs, &run)?;
    progress.step("labels of weeks");
    let weeks = weeks(settings, &inputs, &run, &path, &legs)?;
    let (by_path, by_taylor) = (legs.sums(&path)?, legs.sums(&taylor)?);
    Ok(ProgrammeFigures {
        index: inputs.asset.to_string(),
        from: first.date,
        to: last.date,
        start_value: run.values[0],
        end_value: run.values[run.values.len() - 1],
        left_out: inputs.left_out,
        taylor_by_expiry: by_expiry(&inputs, &taylor),
        legs: (0..LEGS.len()).map(|k| LegEffects { leg: LEGS[k], path: by_path[k], taylor: by_taylor[k] }).collect(),
        worst: worst(&path, &taylor),
        scale: path.days.iter().map(|day| day.position_pnl).sum(),
        path: path.summary(),
        taylor: taylor.summary(),
        income,
        honesty,
        weeks,
    })
}

/// The leg that an instrument is.
fn leg(instrument: &Instrument) -> usize {
    match instrument {
        Instrument::Option(contract) if contract.kind() == OptionKind::Put => 0,
        Instrument::Share { .. } => 1,
        Instrument::Option(_) => 2,
        Instrument::Cash { .. } => 3,
    }
}

/// Which leg each position is.
#[derive(Debug)]
pub struct Legs {
    held: BTreeMap<String, Instrument>,
}

impl Legs {
    /// The place of a position's leg.
    ///
    /// # Errors
    /// For a position that no book has.
    pub fn of(&self, position: &str) -> Result<usize> {
        let unknown = || Failure(format!("position {position:?} is in no book"));
        self.held.get(position).map(leg).ok_or_else(unknown)
    }

    /// Sums over positions and days.
    fn sums(&self, explain: &PnlExplain) -> Result<[Explained; LEGS.len()]> {
        let mut sums = [Explained::default(); LEGS.len()];
        for row in &explain.rows {
            if let Some(explained) = row.outcome.known() {
                sums[self.of(row.position.as_str())?] += *explained;
            }
        }
        Ok(sums)
    }
}

/// Every last day of a week ends an option, but the first.
fn by_expiry(inputs: &Inputs, taylor: &PnlExplain) -> [DaySums; 2] {
    let mut sums = [DaySums::default(); 2];
    for (day, close) in taylor.days.iter().zip(inputs.days.iter().skip(1)) {
        let of = &mut sums[usize::from(close.sells_until.is_none())];
        of.days += 1;
        of.pnl += day.sums.actual.abs();
        of.residual += day.sums.residual.abs();
    }
    sums
}

fn worst(path: &PnlExplain, taylor: &PnlExplain) -> Vec<WorstDay> {
    let day = |(path, taylor): (&alluse_quant::attribution::explain::DayExplain, &_)| {
        let taylor: &alluse_quant::attribution::explain::DayExplain = taylor;
        WorstDay {
            date: path.to,
            size: path.size.clone(),
            pnl: path.sums.actual,
            path: path.sums.residual,
            taylor: taylor.sums.residual,
        }
    };
    let mut all: Vec<WorstDay> = path.days.iter().zip(&taylor.days).map(day).collect();
    all.sort_by(|a, b| b.taylor.abs().total_cmp(&a.taylor.abs()));
    all.truncate(WORST);
    all
}

/// The marks of a day, with the index among them even when it is not held: the intrinsic value of an option needs it.
fn marks(inputs: &Inputs, run: &Run, place: usize) -> Result<Marks> {
    let share = Instrument::Share { asset: inputs.asset.clone() };
    Ok(run.marks[place].clone().with_price(share, inputs.days[place].spot)?)
}

fn income(inputs: &Inputs, run: &Run) -> Result<Income> {
    let days = &inputs.days;
    let over = |from: usize, to: usize| -> Result<(OptionIncome, Vec<PremiumGap>)> {
        let income = OptionIncome::of(&run.ledger, &marks(inputs, run, from)?, &marks(inputs, run, to)?)?;
        let gaps = income.premium_view_misleads(None, Materiality::new(run.values[from], MATERIAL)?)?;
        Ok((income, gaps))
    };
    let (mut years, mut from) = (Vec::new(), 0);
    let ends = (1..days.len())
        .filter(|place| days.get(place + 1).is_none_or(|next| next.date.year() != days[*place].date.year()));
    for to in ends {
        let (income, gaps) = over(from, to)?;
        years.push(IncomeYear {
            year: days[to].date.year(),
            parts: income.total,
            mark_to_market: income.mark_to_market,
            premium_only: income.total.premium_only(),
            realised: income.realised,
            gap: gaps.into_iter().next(),
        });
        from = to;
    }
    let (all, gaps) = over(0, days.len() - 1)?;
    let mut legs = LEGS.map(|leg| (leg, IncomeParts::default()));
    for line in &all.lines {
        // Income without a position is interest on the cash.
        let place = line.instrument.as_ref().map_or(LEGS.len() - 1, leg);
        legs[place].1 += line.parts;
    }
    Ok(Income {
        legs: legs.to_vec(),
        total: all.total,
        mark_to_market: all.mark_to_market,
        realised: all.realised,
        residual: all.residual,
        turnover: all.turnover,
        gaps,
        years,
    })
}

fn honesty(inputs: &Inputs, run: &Run) -> Result<HonestyReport> {
    let days = &inputs.days;
    let ends = week_ends(days);
    let dates: Vec<Date> = ends.iter().map(|place| days[*place].date).collect();
    let values: Vec<f64> = ends.iter().map(|place| run.values[*place]).collect();
    let values = ArrayView1::from(&values);
    let record = ReturnSeries::from_values("weekly programme", dates, values, Frequency::Weekly, ReturnKind::Total)?;
    let bill = |pair: &[usize]| (days[pair[0]].rate * year_fraction(days[pair[0]].date, days[pair[1]].date)).exp_m1();
    let bills: Array1<f64> = ends.windows(2).map(bill).collect();
    let check = HonestyCheck::default()
        .with_risk_free(RiskFree::Series(bills))
        .with_target(Target::PerPeriod(PROMISE), BaseRate::of(&record)?);
    Ok(check.examine(&record)?)
}
