//! The forecast of the index from its last day: fan, scenarios, events and the regime of the day.

use alluse_quant::forecast::regimes::HiddenMarkov;
use alluse_quant::forecast::simulation::{EventProbability, Fan, FilteredBootstrap, PathEvent, PathModel, Scenario};
use alluse_quant::forecast::volatility::{Garch, TermStructure};
use alluse_quant::report::{Unit, forecast::ForecastReport};
use alluse_quant::risk_core::{Confidence, Frequency};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use serde::Serialize;

use super::figures::Settings;
use super::series::Series;
use crate::Result;
use crate::save::save;

/// The model of the forecast: the one that the tables call so.
pub const MODEL: &str = "filtered bootstrap, GARCH";

/// Exchange days ahead.
const STEPS: usize = 252;

/// Futures.
const PATHS: usize = 10_000;

/// The forecast of one series.
#[derive(Debug, Clone, Serialize)]
pub struct Today {
    /// The series.
    pub series: String,
    /// The last day seen.
    pub as_of: Date,
    /// The model.
    pub model: &'static str,
    /// What the table says of it over a month.
    pub track_record: Option<String>,
    /// Total returns, day by day.
    pub fan: Fan,
    /// Bear, base and bull after a year, as stated quantiles.
    pub scenarios: Vec<Scenario>,
    /// What may happen, with its probability.
    pub events: Vec<(String, EventProbability)>,
    /// Horizons in days and annual volatilities over them.
    pub volatility: Vec<(usize, f64)>,
    /// Filtered probability of the calm and of the wild regime, with their annual volatilities.
    pub regimes: Vec<(f64, f64)>,
}

/// Makes the forecast, and its page when one is asked for.
///
/// # Errors
/// When a model cannot be fitted or a file cannot be written.
pub fn today(series: &Series, settings: &Settings, track_record: Option<String>) -> Result<Today> {
    let returns = series.returns.view();
    let as_of = series.dates.last().copied().unwrap_or_default();
    let paths = FilteredBootstrap::new(Garch::new(1, 1)).fit(returns)?.simulate(STEPS, PATHS, settings.seed)?;
    let fan = paths.fan(&[Confidence::new(0.8)?, Confidence::new(0.95)?])?;
    let events = [
        ("a gain after a day", PathEvent::EndsAbove(0.0), 1),
        ("a gain after a month", PathEvent::EndsAbove(0.0), 21),
        ("a gain after a year", PathEvent::EndsAbove(0.0), 252),
        ("more than 10 % after a year", PathEvent::EndsAbove(0.10), 252),
        ("a close 10 % below today within a quarter", PathEvent::FallsTo(-0.10), 63),
        ("a drawdown of more than 20 % within a year", PathEvent::DrawdownBeyond(0.20), 252),
    ];
    let probability = |(words, event, steps): (&str, PathEvent, usize)| -> Result<(String, EventProbability)> {
        Ok((words.to_owned(), paths.probability(event, steps)?))
    };
    let fitted = Garch::new(1, 1).estimate(returns)?;
    let term = TermStructure::forecast(&fitted, STEPS, Frequency::Daily)?;
    let at = |days: usize| -> Result<(usize, f64)> { Ok((days, term.annualised_volatility(days)?)) };
    let regimes = HiddenMarkov::new(2).fit(returns)?;
    let now = regimes.filter().probabilities();
    let annual = |variance: f64| (252.0 * variance).sqrt();
    let today = Today {
        series: series.name.clone(),
        as_of,
        model: MODEL,
        track_record,
        scenarios: paths.scenarios(&[0.1, 0.5, 0.9], STEPS)?,
        events: events.into_iter().map(probability).collect::<Result<_>>()?,
        volatility: [1, 5, 21, 63, 252].into_iter().map(at).collect::<Result<_>>()?,
        regimes: now.iter().zip(regimes.parameters().states()).map(|(p, law)| (*p, annual(law.variance()))).collect(),
        fan,
    };
    if let Some(html) = &settings.html {
        let history: Vec<(Date, f64)> = levels(series);
        save(html, &report(&today, history)?.document(&format!("Forecast of the {}", series.name), as_of)?.html()?)?;
    }
    Ok(today)
}

/// Levels of the last year, the last one being 1.
fn levels(series: &Series) -> Vec<(Date, f64)> {
    let mut level = 1.0;
    let mut back: Vec<(Date, f64)> = Vec::new();
    for (&date, r) in series.dates.iter().zip(&series.returns).rev().take(STEPS) {
        back.push((date, level));
        level /= 1.0 + r;
    }
    back.reverse();
    back
}

fn report(today: &Today, history: Vec<(Date, f64)>) -> Result<ForecastReport> {
    let mut dates = Vec::with_capacity(STEPS);
    let mut date = today.as_of;
    while dates.len() < STEPS {
        date = date.saturating_add(1.day());
        if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            dates.push(date);
        }
    }
    let one = |values: &[f64]| values.iter().map(|total| 1.0 + total).collect::<Vec<f64>>();
    let mut report = ForecastReport::new(today.model, Unit::RATIO, dates, one(&today.fan.median)).with_history(history);
    for band in &today.fan.bands {
        report = report.with_band(band.coverage, one(&band.lower), one(&band.upper));
    }
    for (words, event) in &today.events {
        report = report.with_event(words.clone(), event.probability);
    }
    if let Some(words) = &today.track_record {
        report = report.with_track_record(words.clone());
    }
    Ok(report.with_assumption("Days to come are weekdays; exchange holidays are not taken out."))
}
