//! The figures of a risk report. Everything is a call of the library; what is printed and what is stored as
//! JSON are the same numbers.

use alluse_quant::instruments::{AssignmentObligation, Book, Exposure, HeldFixed, LabelExposure, Revaluation};
use alluse_quant::report::risk::LimitCheck;
use alluse_quant::risk_core::measures::LossSample;
use alluse_quant::risk_core::{
    Assumption, Confidence, Coverage, ErrorKind, Estimate, Factor, Horizon, Limit, LossDistribution, Measure, Receipt,
    ScenarioPnl, ScenarioSource, Status, Unvalued,
};
use alluse_quant::var_models::{
    Decomposition, Historical, ParametricStudentT, StudentTLoss, VarAllocation, contributions,
};
use serde::Serialize;

use crate::inputs::{Inputs, ModelledVolatility};
use crate::progress::Progress;
use crate::{Failure, Result};

/// Confidence levels of the table.
pub const LEVELS: [Confidence; 3] = [Confidence::P95, Confidence::P975, Confidence::P99];

/// Horizons of the table.
pub const HORIZONS: [Horizon; 2] = [Horizon::DAY, Horizon::TEN_DAYS];

/// Windows shown among the worst.
const WORST: usize = 5;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Valuation date.
    pub as_of: jiff::civil::Date,
    /// Base currency.
    pub base: String,
    /// Positions in the book.
    pub positions: usize,
    /// Exposure of the book.
    pub total: Exposure,
    /// What the exposures speak for.
    pub coverage: Coverage,
    /// Exposures by axis.
    pub exposures: Vec<(String, Vec<LabelExposure>)>,
    /// Cash that assignment of every short put would need, with the account that owes it.
    pub obligations: Vec<(String, AssignmentObligation)>,
    /// Cash by account.
    pub cash: Vec<(String, f64)>,
    /// Risk over each horizon.
    pub horizons: Vec<HorizonFigures>,
    /// One-day risk under a Student t fitted to the revalued P&L, beside the historical.
    pub student_t: Vec<LevelFigures>,
    /// Limits on the risk of one day.
    pub limits: Vec<LimitCheck>,
    /// P&L of the book in each one-day scenario.
    #[serde(skip)]
    pub day: Vec<f64>,
    /// Modelled volatilities.
    pub modelled: Vec<ModelledVolatility>,
    /// What was modelled or taken for granted, in words.
    pub notes: Vec<String>,
    /// Where it came from.
    pub receipt: Receipt,
}

/// Risk over one horizon.
#[derive(Debug, Serialize)]
pub struct HorizonFigures {
    /// The horizon.
    pub horizon: Horizon,
    /// Scenarios.
    pub scenarios: usize,
    /// First and last window.
    pub window: (String, String),
    /// VaR and ES at each level.
    pub levels: Vec<LevelFigures>,
    /// ES at 97.5 % by axis.
    pub contributions: Vec<Decomposition>,
    /// The worst windows: id, P&L, and the worst label of the first axis.
    pub worst: Vec<WorstWindow>,
    /// Positions without a value.
    pub unvalued: Vec<Unvalued>,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
    /// What the figures speak for.
    pub coverage: Coverage,
}

/// VaR and ES at one level.
#[derive(Debug, Serialize)]
pub struct LevelFigures {
    /// Value at risk.
    pub value_at_risk: Estimate,
    /// Expected shortfall.
    pub expected_shortfall: Estimate,
}

/// A historical window in which the book would have lost most.
#[derive(Debug, Serialize)]
pub struct WorstWindow {
    /// The date on which the window ends.
    pub window: String,
    /// P&L of the book.
    pub pnl: f64,
    /// The three rows that lost most in it.
    pub worst_rows: Vec<(String, f64)>,
}

/// Axes of the breakdowns: those of the positions file, and the underlying.
pub const AXES: [&str; 3] = ["account", "strategy", "underlying"];

/// Computes everything.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn figures(inputs: &Inputs, limits: &[Limit], progress: &mut Progress) -> Result<Figures> {
    let Inputs { book, history, calendar, hold_volatility, .. } = inputs;
    progress.step("exposures and greeks");
    let axes: Vec<&str> = AXES.into_iter().filter(|axis| book.labels().axes().any(|a| a == *axis)).collect();
    let (total, coverage) = book.exposure();
    let exposures =
        axes.iter().map(|axis| Ok(((*axis).to_owned(), book.exposures_by(axis)?))).collect::<Result<Vec<_>>>()?;
    let mut revaluation = Revaluation::default().with_calendar(calendar.clone());
    if *hold_volatility {
        revaluation = revaluation.with_held_fixed(HeldFixed::Volatility);
    }
    let factors = factors(book);
    let mut horizons = Vec::new();
    let mut student_t = Vec::new();
    let mut assumptions = Vec::new();
    let (mut checks, mut day) = (Vec::new(), Vec::new());
    for horizon in HORIZONS {
        progress.step(&format!("revaluation over {} day(s)", horizon.trading_days()));
        let scenarios = history.scenarios(&factors, horizon)?;
        let pnl = revaluation.revalue(book, &scenarios)?;
        assumptions.extend_from_slice(pnl.assumptions());
        progress.step(&format!("risk over {} day(s)", horizon.trading_days()));
        if horizon == Horizon::DAY {
            student_t = fitted_t(&pnl)?;
            checks = limit_checks(&pnl, limits);
            day = pnl.total().to_vec();
        }
        horizons.push(over(&pnl, &axes)?);
    }
    Ok(Figures {
        as_of: book.market().as_of(),
        base: book.market().base().to_string(),
        positions: book.positions().len(),
        total,
        coverage,
        exposures,
        obligations: obligations(book),
        cash: cash(book),
        horizons,
        student_t,
        limits: checks,
        day,
        modelled: inputs.modelled.clone(),
        notes: inputs.notes.clone(),
        receipt: inputs.receipt.clone().with_assumptions(&assumptions),
    })
}

/// The prices of every underlying, and the volatility of those with options.
pub(crate) fn factors(book: &Book) -> Vec<Factor> {
    let mut factors = Vec::new();
    for position in book.positions() {
        if let Some(asset) = position.instrument.underlying() {
            factors.push(Factor::Spot(asset.clone()));
            if position.option().is_some() {
                factors.push(Factor::Volatility(asset.clone()));
            }
        }
    }
    factors.sort();
    factors.dedup();
    factors
}

fn over(pnl: &ScenarioPnl, axes: &[&str]) -> Result<HorizonFigures> {
    let loss = Historical::default().on_cube(pnl)?;
    let ids = pnl.ids();
    let measure = Measure::ExpectedShortfall { confidence: Confidence::P975 };
    let split = |axis: &&str| Ok(contributions(pnl, &measure, Some(axis), VarAllocation::default())?);
    Ok(HorizonFigures {
        horizon: pnl.horizon(),
        scenarios: ids.len(),
        window: (ids[0].to_string(), ids[ids.len() - 1].to_string()),
        levels: LEVELS.iter().map(|level| level_figures(&loss, *level)).collect::<Result<_>>()?,
        contributions: axes.iter().map(split).collect::<Result<_>>()?,
        worst: worst(pnl, loss.sample()),
        unvalued: pnl.unvalued().to_vec(),
        assumptions: pnl.assumptions().to_vec(),
        coverage: pnl.coverage(),
    })
}

fn level_figures(loss: &dyn LossDistribution, confidence: Confidence) -> Result<LevelFigures> {
    Ok(LevelFigures {
        value_at_risk: loss.value_at_risk(confidence)?,
        expected_shortfall: loss.expected_shortfall(confidence)?,
    })
}

/// The revalued P&L of the book under a fitted Student t.
fn fitted_t(pnl: &ScenarioPnl) -> Result<Vec<LevelFigures>> {
    let fit = ParametricStudentT::default().fit(pnl.total().view())?;
    let loss = StudentTLoss::from_fit(&fit, pnl.horizon())?;
    LEVELS.iter().map(|level| level_figures(&loss, *level)).collect()
}

/// Limits on one-day risk, judged on the historical simulation of the part of the book they speak of. Those on stress
/// losses belong to the stress test.
fn limit_checks(pnl: &ScenarioPnl, limits: &[Limit]) -> Vec<LimitCheck> {
    let judged = limits.iter().filter(|limit| !matches!(limit.measure, Measure::StressLoss { .. }));
    judged.map(|limit| LimitCheck { limit: limit.clone(), status: status(pnl, limit) }).collect()
}

fn status(pnl: &ScenarioPnl, limit: &Limit) -> Status<Estimate> {
    let estimate = || -> Result<Estimate> {
        let loss = Historical::default().on_cube(&pnl.select(&limit.scope)?)?;
        match limit.measure {
            Measure::ValueAtRisk { confidence, .. } => Ok(loss.value_at_risk(confidence)?),
            Measure::ExpectedShortfall { confidence } => Ok(loss.expected_shortfall(confidence)?),
            _ => Err(Failure("this program judges VaR, expected shortfall and stress losses".to_owned())),
        }
    };
    match estimate() {
        Ok(estimate) => Status::with_coverage(estimate.clone(), estimate.coverage),
        Err(failure) => Status::Unknown { kind: ErrorKind::Unsupported, reason: failure.to_string() },
    }
}

/// The worst windows that do not overlap with a worse one.
fn worst(pnl: &ScenarioPnl, sample: &LossSample) -> Vec<WorstWindow> {
    let losses = sample.losses();
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by(|a, b| losses[*b].total_cmp(&losses[*a]));
    let apart = pnl.overlap() as usize;
    let mut chosen: Vec<usize> = Vec::new();
    for scenario in order {
        if chosen.len() == WORST {
            break;
        }
        if chosen.iter().all(|other| other.abs_diff(scenario) >= apart) {
            chosen.push(scenario);
        }
    }
    let window = |scenario: usize| {
        let column = pnl.values().column(scenario).to_owned();
        let mut rows: Vec<(String, f64)> = pnl.rows().iter().map(ToString::to_string).zip(column).collect();
        rows.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        rows.truncate(3);
        WorstWindow { window: pnl.ids()[scenario].to_string(), pnl: 0.0 - losses[scenario], worst_rows: rows }
    };
    chosen.into_iter().map(window).collect()
}

fn account_of(book: &Book, row: usize) -> String {
    book.labels().label(row, "account").ok().flatten().unwrap_or("unlabelled").to_owned()
}

fn obligations(book: &Book) -> Vec<(String, AssignmentObligation)> {
    let owner = |obligation: &AssignmentObligation| {
        let row = book.positions().iter().position(|p| p.id == obligation.position).unwrap_or_default();
        account_of(book, row)
    };
    book.assignment_obligations().into_iter().map(|o| (owner(&o), o)).collect()
}

fn cash(book: &Book) -> Vec<(String, f64)> {
    let mut accounts: Vec<(String, f64)> = Vec::new();
    for (row, position) in book.positions().iter().enumerate() {
        if position.instrument.underlying().is_some() {
            continue;
        }
        let account = account_of(book, row);
        match accounts.iter_mut().find(|(name, _)| *name == account) {
            Some((_, amount)) => *amount += position.quantity,
            None => accounts.push((account, position.quantity)),
        }
    }
    accounts
}
