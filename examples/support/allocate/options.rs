//! The strategies of a book with options, weighted anew by their real payoff in every scenario.

use alluse_quant::instruments::Revaluation;
use alluse_quant::optimizer::problem::{Constraint, Objective, Problem, RiskMeasure, Scenarios};
use alluse_quant::optimizer::{Solution, Universe};
use alluse_quant::risk_core::{Confidence, Horizon, ScenarioSource};
use ndarray::Array1;
use serde::Serialize;

use crate::Result;
use crate::figures::factors;
use crate::inputs::Inputs;

/// The book's strategies before and after.
#[derive(Debug, Serialize)]
pub struct OptionFigures {
    /// Strategies, in the order of the weights.
    pub strategies: Vec<String>,
    /// Gross notional of each, which a weight of 1 is counted in.
    pub notional: Vec<f64>,
    /// Share of the gross notional today.
    pub today: Vec<f64>,
    /// Expected shortfall of a day at 97.5 % today, per unit of gross notional.
    pub shortfall_today: f64,
    /// Mean P&L of a day today, per unit of gross notional.
    pub mean_today: f64,
    /// Scenarios.
    pub scenarios: usize,
    /// The weights of least shortfall at no less mean P&L.
    pub solution: Solution,
}

/// Each strategy may be halved or doubled; the mean P&L may not fall.
///
/// # Errors
/// When the book cannot be revalued or the problem not solved.
pub fn strategies(inputs: &Inputs) -> Result<OptionFigures> {
    let book = &inputs.book;
    let scenarios = inputs.history.scenarios(&factors(book), Horizon::DAY)?;
    let revaluation = Revaluation::default().with_calendar(inputs.calendar.clone());
    let by_strategy = revaluation.revalue(book, &scenarios)?.group_by("strategy")?;
    // Cash does not move and is no strategy to weight.
    let moving: Vec<usize> =
        (0..by_strategy.rows().len()).filter(|&row| by_strategy.values().row(row).iter().any(|v| *v != 0.0)).collect();
    let names: Vec<String> = moving.iter().map(|&row| by_strategy.rows()[row].to_string()).collect();
    let notional: Vec<f64> = moving.iter().map(|&row| by_strategy.row_coverage()[row].notional_valued).collect();
    let returns = by_strategy.values().select(ndarray::Axis(0), &moving).reversed_axes();
    let per_notional = &returns / &Array1::from(notional.clone());
    let total: f64 = notional.iter().sum();
    let today: Vec<f64> = notional.iter().map(|n| n / total).collect();
    let cube = Scenarios::new(per_notional)?;
    let measure = RiskMeasure::ExpectedShortfall(Confidence::P975);
    let start = Problem::new(Universe::named(names.clone())?, Objective::MinimiseRisk(measure))
        .with_scenarios(cube)?
        .subject_to(Constraint::budget(1.0));
    // Held where it is, the problem measures today's weights.
    let mut fixed = start.clone();
    let mut free = start;
    for (name, weight) in names.iter().zip(&today) {
        fixed = fixed.subject_to(Constraint::asset(name, *weight..=*weight));
        free = free.subject_to(Constraint::asset(name, 0.5 * weight..=2.0 * weight));
    }
    let now = fixed.without("budget").solve()?;
    let mean_today = now.expected_return.unwrap_or(f64::NAN);
    let solution = free.subject_to(Constraint::target_return(mean_today)).solve()?;
    Ok(OptionFigures {
        strategies: names,
        notional,
        today,
        shortfall_today: now.objective,
        mean_today,
        scenarios: scenarios.len(),
        solution,
    })
}
