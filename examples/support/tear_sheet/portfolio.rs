//! The portfolio: the user's file of values, or the weekly option programme with where its return came from.

use std::path::Path;

use alluse_quant::attribution::contribution::{Component, LabelAxis, LabelKnowledge, PnlPanel};
use alluse_quant::attribution::{Annualisation, ReturnKind, ReturnSeries};
use alluse_quant::risk_core::labels::LabelTable;
use alluse_quant::risk_core::panel::{Missing, SeriesPanel};
use alluse_quant::risk_core::{Confidence, Frequency};
use jiff::civil::Date;
use ndarray::{Array1, Array2};

use super::Settings;
use crate::wheel::inputs::Inputs;
use crate::wheel::programme::{GROUP, Run, run, state_name};
use crate::{Failure, Result};

/// Axis, parts with their names, and the return they add up to.
pub(super) type Parts = (String, Vec<(String, f64)>, f64);
/// The parts of the return between two of the portfolio's days.
pub(super) type PartsOver = Box<dyn Fn(Date, Date) -> Result<Parts>>;
/// Labels for given ends of weeks.
pub(super) type Labels = Box<dyn Fn(Option<Date>, &[Date]) -> Result<LabelAxis>>;

/// The portfolio and what is known about its periods.
pub(super) struct Portfolio {
    pub(super) series: ReturnSeries,
    pub(super) parts: Option<PartsOver>,
    pub(super) weekly_labels: Option<Labels>,
    pub(super) assumptions: Vec<String>,
}

pub(super) fn load(settings: &Settings) -> Result<Portfolio> {
    match &settings.portfolio {
        Some(path) => from_file(path, settings),
        None => programme(settings),
    }
}

fn from_file(path: &Path, settings: &Settings) -> Result<Portfolio> {
    let file = path.display().to_string();
    let in_file = |error: &dyn std::fmt::Display| Failure::in_file(&file, error);
    let panel = SeriesPanel::from_csv(path, Missing::Reject)?;
    let column = match (&settings.column, panel.columns()) {
        (Some(name), _) => name.clone(),
        (None, [only]) => only.clone(),
        (None, many) => return Err(in_file(&format!("choose one of its columns with --column: {}", many.join(", ")))),
    };
    let values = panel.column(&column)?;
    let dates = panel.dates().to_vec();
    let series = ReturnSeries::from_values(column, dates, values, settings.frequency, settings.returns)
        .map_err(|error| in_file(&error))?;
    Ok(Portfolio { series, parts: None, weekly_labels: None, assumptions: Vec::new() })
}

/// The wheel on the index: puts for one week, the index when they are assigned, calls on it until it is called away.
fn programme(settings: &Settings) -> Result<Portfolio> {
    let inputs = Inputs::load(&settings.market)?;
    let run = run(&inputs, &settings.market)?;
    let dates: Vec<Date> = inputs.days.iter().map(|day| day.date).collect();
    let values = Array1::from(run.values.clone());
    let name = format!("weekly wheel on {}", inputs.asset);
    let series = ReturnSeries::from_values(name, dates.clone(), values.view(), Frequency::Daily, ReturnKind::Total)?;
    let last = run.marks.last().ok_or_else(|| Failure("the programme has no days".to_owned()))?;
    let steps = run.ledger.wheel(GROUP, last)?.steps;
    let states: Vec<(Date, &'static str)> = steps.iter().map(|step| (step.date, state_name(step.state))).collect();
    let first = dates[0];
    let weekly_labels: Labels = Box::new(move |start, ends| held_at_the_start(&states, start.unwrap_or(first), ends));
    let assumptions = vec![
        "The programme's option prices are modelled: Black-Scholes at the volatility index, one number for all strikes; \
         in calm years that is more than one-week options near the money cost, so its return is flattered."
            .to_owned(),
        format!(
            "It sells options at a delta of {:.2} and pays half a spread of {:.0} % of the premium.",
            settings.market.delta,
            100.0 * settings.market.half_spread
        ),
    ];
    Ok(Portfolio {
        series,
        parts: Some(Box::new(move |from, to| parts(&run, &dates, from, to))),
        weekly_labels: Some(weekly_labels),
        assumptions,
    })
}

/// Where the return between two days came from.
fn parts(run: &Run, dates: &[Date], from: Date, to: Date) -> Result<Parts> {
    // Month by month: the parts of each month are exact, and chained they add up to the same total return.
    let day =
        |date: Date| dates.binary_search(&date).map_err(|_| Failure(format!("the programme has no day on {date}")));
    let (first, last) = (day(from)?, day(to)?);
    let mut ends: Vec<usize> = (first + 1..last).filter(|&day| last_of_month(dates, day)).collect();
    ends.insert(0, first);
    ends.push(last);
    let mut names: Vec<&str> = Vec::new();
    let mut pnl = Array2::zeros((0, 0));
    for (period, pair) in ends.windows(2).enumerate() {
        let parts = run.ledger.statement(&run.marks[pair[0]], &run.marks[pair[1]])?.total.mark_to_market.parts();
        if names.is_empty() {
            names = parts.iter().map(|(name, _)| *name).collect();
            pnl = Array2::zeros((names.len(), ends.len() - 1));
        }
        for (row, (_, amount)) in parts.iter().enumerate() {
            pnl[[row, period]] = *amount;
        }
    }
    let rows: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let labels = rows.iter().map(|row| Some(row.clone())).collect();
    let table = LabelTable::new(rows.len()).with_axis("source", labels)?;
    let starts: Vec<f64> = ends[..ends.len() - 1].iter().map(|&day| run.values[day]).collect();
    let months = ends[1..].iter().map(|&day| dates[day]).collect();
    let panel = PnlPanel::new(dates[first], months, rows, starts)?.with(Component::Price, pnl)?;
    let contributions = panel.contributions()?;
    let axis = LabelAxis::positions(&table, "source", LabelKnowledge::ExAnte)?;
    let report = contributions.by_label(&axis, Annualisation::Periods(Frequency::Monthly), Confidence::P95)?;
    let parts = report
        .labels
        .iter()
        .map(|label| (label.label.clone().unwrap_or_else(|| "unlabelled".to_owned()), label.contribution))
        .filter(|(_, contribution)| *contribution != 0.0)
        .collect();
    Ok(("source".to_owned(), parts, contributions.total_return()))
}

/// Whether the next day lies in another month, or there is none.
fn last_of_month(dates: &[Date], day: usize) -> bool {
    dates.get(day + 1).is_none_or(|next| next.month() != dates[day].month())
}

/// What the programme held when each week began: known then, so a decision could have used it.
fn held_at_the_start(states: &[(Date, &'static str)], first: Date, ends: &[Date]) -> Result<LabelAxis> {
    let mut start = first;
    let labels: Vec<Option<&str>> = ends
        .iter()
        .map(|end| {
            let known = states.partition_point(|(date, _)| *date <= start);
            start = *end;
            known.checked_sub(1).map(|place| states[place].1)
        })
        .collect();
    Ok(LabelAxis::periods("held at the start of the week", &labels, LabelKnowledge::ExAnte)?)
}
