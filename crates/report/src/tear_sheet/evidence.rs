//! The honesty panel: how large the sample is, how sure its figures are, what the base rates are, and what cannot be
//! told from chance.

use alluse_attribution::ReturnSeries;
use alluse_attribution::benchmark::{AlignmentReport, PeriodEnd, resample};
use alluse_attribution::honesty::{HonestyCheck, HonestyReport};
use alluse_attribution::intervals::smooth;
use alluse_risk_core::Confidence;
use alluse_risk_core::inference::{BartlettLags, Difference, DifferenceTest, SharpeRatio};
use alluse_risk_core::moments::MomentEstimator;
use ndarray::Array1;

use super::TearSheet;
use super::document::Sheet;
use super::summary::estimate;
use crate::sentence::sentence;
use crate::{Block, Result, Section, Table, Unit, Value};

/// What a reader must know before trusting the headline figures, in a few sentences.
pub(super) fn in_brief(page: &Sheet<'_>) -> String {
    let series = &page.sheet.portfolio;
    let mut words = vec![sample(series)];
    if let Ok(sharpe) = &page.sharpe {
        let range =
            format!("{} to {}", Unit::RATIO.format(sharpe.interval.lower), Unit::RATIO.format(sharpe.interval.upper));
        words.push(if sharpe.differs_from(0.0) {
            format!("The 95 % interval of the Sharpe ratio, {range}, does not hold zero.")
        } else {
            format!(
                "The 95 % interval of the Sharpe ratio, {range}, holds zero: the sample cannot tell the return over cash \
                 from chance."
            )
        });
    }
    if let Some((share, months)) = page.positive_months {
        let share = Unit::Percent { decimals: 0 }.format(share);
        words.push(format!(
            "{share} of {months} whole months were positive; that is the base rate of any claim of direction."
        ));
    }
    if let (Some(benchmark), Some(difference)) = (page.sheet.benchmarks.first(), page.differences.first()) {
        words.push(match difference {
            Ok(difference) => format!(
                "Its Sharpe ratio {} that of {} ({}).",
                if difference.p_value < 0.05 { "differs from" } else { "is not distinguishable from" },
                benchmark.name(),
                if difference.p_value < 0.001 {
                    "p < 0.001".to_owned()
                } else {
                    format!("p = {:.3}", difference.p_value)
                }
            ),
            Err(_) => format!("Its Sharpe ratio could not be compared with that of {}.", benchmark.name()),
        });
    }
    match page.sheet.trials {
        None => words.push("How many variants were tried before this one is not stated.".to_owned()),
        Some(1) => words.push("It is the only variant that was tried.".to_owned()),
        Some(trials) => words.push(format!("It was chosen among {trials} variants.")),
    }
    if !page.sheet.assumptions.is_empty() {
        let count = page.sheet.assumptions.len();
        words.push(format!("{count} assumption{} at the end.", if count == 1 { " stands" } else { "s stand" }));
    }
    words.join(" ")
}

fn sample(series: &ReturnSeries) -> String {
    let years = series.annualisation().years(series.len());
    let years = years.map_or_else(|_| String::new(), |years| format!(", {years:.1} years"));
    format!("{} returns{years}.", Unit::WHOLE.format(series.len() as f64))
}

/// Share of positive months and how many whole months there are, for series that have months.
pub(super) fn positive_months(series: &ReturnSeries) -> Option<(f64, usize)> {
    let months = resample(series, PeriodEnd::MonthEnd).and_then(|months| months.whole()).ok()?;
    let positive = months.returns().iter().filter(|r| **r > 0.0).count();
    Some((positive as f64 / months.len() as f64, months.len()))
}

/// Test of the Sharpe ratio over cash against that of each benchmark.
pub(super) fn differences(sheet: &TearSheet) -> Vec<Result<Difference>> {
    let compare = |benchmark: &ReturnSeries| {
        let own = sheet.risk_free.excess(sheet.portfolio.returns())?;
        let other = sheet.risk_free.excess(benchmark.returns())?;
        Ok(DifferenceTest::of_sharpe_ratios().compare(own.view(), other.view())?)
    };
    sheet.benchmarks.iter().map(compare).collect()
}

pub(super) fn section(page: &Sheet<'_>) -> Result<Section> {
    let mut section = Section::new("How sure is this?");
    section.push(track_record(page)?);
    if !page.sheet.benchmarks.is_empty() {
        section.push(outperformance(page)?);
    }
    match HonestyCheck::default().with_risk_free(page.sheet.risk_free.clone()).examine(&page.sheet.portfolio) {
        Ok(report) => findings(&mut section, &report),
        Err(error) => section.push(Block::Text(format!("The checks for figures that mislead could not run: {error}."))),
    }
    if let Some(report) = &page.sheet.alignment {
        section.push(Block::List(alignment(report)));
    }
    Ok(section)
}

fn track_record(page: &Sheet<'_>) -> Result<Table> {
    let performance = &page.performance;
    let mut table = Table::new("The track record", ["question", "answer"]);
    let mut row = |question: &str, answer: Value| table.push(vec![Value::text(question), answer]);
    let periods = performance.periods_per_year().unwrap_or(1.0);
    row("returns", Value::count(performance.len()))?;
    row("years", Value::of(performance.years(), Unit::Number { decimals: 1 }))?;
    let lags = BartlettLags::CubeRoot;
    row("arithmetic mean a year", estimate(&smooth::annual_mean(performance, lags, Confidence::P95), Unit::PERCENT))?;
    row("volatility a year", estimate(&smooth::annual_volatility(performance, lags, Confidence::P95), Unit::PERCENT))?;
    row("Sharpe ratio a year", estimate(&page.sharpe, Unit::RATIO))?;
    row(
        "Sortino ratio a year",
        estimate(&smooth::sortino_ratio(performance, 0.0, lags, Confidence::P95), Unit::RATIO),
    )?;
    row("share of positive periods", estimate(&smooth::win_rate(performance, lags, Confidence::P95), Unit::PERCENT))?;
    if let Some((share, months)) = page.positive_months {
        row(&format!("share of positive months, of {months}"), Value::percent(share))?;
    }
    let excess: Array1<f64> = page.sheet.risk_free.excess(performance.returns())?;
    let ratio = SharpeRatio::of(excess.view(), MomentEstimator::Population);
    let percent = Unit::Percent { decimals: 1 };
    row(
        "probability that the true Sharpe ratio is above zero",
        Value::of(ratio.clone().and_then(|ratio| ratio.probability_above(0.0)), percent.clone()),
    )?;
    let needed = ratio.clone().and_then(|ratio| ratio.minimum_track_record(0.0, Confidence::P95));
    row(
        "years of such returns needed to show that with 95 % confidence",
        Value::of(needed.map(|periods_needed| periods_needed / periods), Unit::Number { decimals: 1 }),
    )?;
    if let Some(trials) = page.sheet.trials.filter(|trials| *trials > 1) {
        // Without the other trials' ratios, they are taken to spread as ratios without skill do: with variance 1/(n − 1).
        let variance = 1.0 / (performance.len() as f64 - 1.0);
        let deflated = ratio.and_then(|ratio| ratio.deflated(trials as f64, variance)).map(|found| found.probability);
        row(&format!("the same against the luckiest of {trials} trials without skill"), Value::of(deflated, percent))?;
    }
    Ok(table)
}

fn outperformance(page: &Sheet<'_>) -> Result<Table> {
    let columns =
        ["benchmark", "Sharpe ratio less its own, a year", "p-value", "alpha a year", "t of alpha", "verdict"];
    let mut table = Table::new("Is the difference from the benchmarks more than chance? 95 % intervals", columns);
    let root = page.performance.periods_per_year().unwrap_or(1.0).sqrt();
    let compared = page.sheet.benchmarks.iter().zip(&page.alpha_betas).zip(&page.differences);
    for ((benchmark, alpha_beta), difference) in compared {
        let alpha = alpha_beta.as_ref().map(|found| found.annual_alpha);
        let verdict = match (difference, &alpha) {
            (Ok(difference), Ok(alpha)) => {
                let sharpe = difference.p_value < 0.05;
                let alpha = alpha.interval.lower > 0.0 || alpha.interval.upper < 0.0;
                match (sharpe, alpha) {
                    (false, false) => "not distinguishable",
                    (true, false) => "Sharpe ratios differ, alpha does not show it",
                    (false, true) => "alpha differs from zero, Sharpe ratios do not show it",
                    (true, true) => "both differ",
                }
            }
            _ => "could not be tested",
        };
        let unknown = |error: &dyn std::fmt::Display| Value::Unknown { reason: error.to_string() };
        let (gap, p) = match difference {
            Ok(found) => {
                let mut interval = found.interval;
                (interval.lower, interval.upper) = (interval.lower * root, interval.upper * root);
                (
                    Value::between(found.difference * root, &interval, Unit::RATIO),
                    Value::new(found.p_value, Unit::PValue),
                )
            }
            Err(error) => (unknown(error), unknown(error)),
        };
        let (alpha, t) = match &alpha {
            Ok(found) => {
                (Value::between(found.estimate, &found.interval, Unit::PERCENT), Value::ratio(found.t_statistic))
            }
            Err(error) => (unknown(error), unknown(error)),
        };
        table.push(vec![Value::text(benchmark.name()), gap, p, alpha, t, Value::text(verdict)])?;
    }
    Ok(table)
}

/// What misleads, and what could not be checked.
fn findings(section: &mut Section, report: &HonestyReport) {
    let mut points: Vec<String> = report.warnings.iter().map(|warning| sentence(&warning.sentence)).collect();
    points.extend(report.unchecked.iter().map(|check| format!("Not checked: {}: {}.", check.check, check.reason)));
    if points.is_empty() {
        section.push(Block::Text(
            "None of the checks for figures that mislead raised a warning: win rate against payoff, moments, tail events, \
             smoothing, length of the record."
                .to_owned(),
        ));
    } else {
        section.push(Block::List(points));
    }
}

fn alignment(report: &AlignmentReport) -> Vec<String> {
    let mut points: Vec<String> = report
        .counts
        .iter()
        .map(|count| {
            format!(
                "{}: {} of {} observations are used, {} were dropped.",
                count.series, count.used, count.observations, count.dropped
            )
        })
        .collect();
    if !report.bridged.is_empty() {
        points.push(format!("{} gaps were bridged.", report.bridged.len()));
    }
    if !report.mixed_kinds.is_empty() {
        points.push(format!("Total and price returns are compared: {}.", report.mixed_kinds.join(", ")));
    }
    points
}
