//! A risk report as a document.

use std::cmp::Reverse;

use alluse_instruments::{Exposure, LabelExposure};
use alluse_risk_core::{Coverage, Estimate, Status, Verdict};
use alluse_stress::{ScenarioResult, StressReport};
use alluse_var_models::Decomposition;

use super::names::{bound_name, horizon_name, measure_name, severity, used};
use super::{AxisExposures, LimitCheck, RiskReport, ScenarioOutcomes, changes};
use crate::bins::histogram;
use crate::chart::{Bar, Bars, Marker};
use crate::{Block, Chart, Document, Figure, ReportKind, Result, Section, Table, Unit, Value};

/// Scenarios shown in the picture of the worst.
const WORST: usize = 12;

pub(super) fn document(
    report: &RiskReport,
    title: &str,
    kind: ReportKind,
    previous: Option<&RiskReport>,
) -> Result<Document> {
    let unit = Unit::Money(report.currency.clone());
    let subtitle = format!("Close of {}, amounts in {}", report.as_of, report.currency.as_str());
    let mut document = Document::new(title, subtitle, kind, report.as_of);
    document.push(summary(report, &unit)?);
    if let Some(previous) = previous {
        document.push(changes::section(report, previous)?);
    }
    if !report.estimates.is_empty() {
        document.push(estimates(report, &unit)?);
    }
    for split in &report.decompositions {
        document.push(contributions(split, &unit)?);
    }
    if let Some(stress) = &report.stress {
        document.push(stressed(stress, &unit)?);
    }
    if !report.exposures.is_empty() {
        document.push(exposures(report, &unit)?);
    }
    document.push(provenance(report));
    Ok(document)
}

/// Page one: the verdict, the headline figures, every limit, and what to know before trusting them.
fn summary(report: &RiskReport, unit: &Unit) -> Result<Section> {
    let mut section = Section::new("Summary");
    section.push(headline(report, unit));
    let stressed = report.stress.as_ref().map(stress_limits).unwrap_or_default();
    if !report.limits.is_empty() || !stressed.is_empty() {
        section.push(limits(&report.limits, &stressed, unit)?);
    }
    section.push(Block::Caution(honesty(report)));
    Ok(section)
}

fn headline(report: &RiskReport, unit: &Unit) -> Block {
    let money = |value: f64| Value::new(value, unit.clone());
    let mut figures = Vec::new();
    let verdict = report.verdict().map_or_else(|| Value::text("no limits are set"), Value::Verdict);
    figures.push(Figure::new("Limits", verdict));
    figures.push(Figure::new("Market value", money(report.exposure.market_value)));
    for entry in report.estimates.iter().take(2) {
        let name = format!("{}, {}", measure_name(&entry.estimate.measure), horizon_name(entry.estimate.horizon));
        figures.push(Figure::new(name, estimate_value(&entry.estimate, unit)).with_note(entry.model.clone()));
    }
    if let Some(worst) = report.stress.as_ref().and_then(|stress| worst_first(stress).first().copied()) {
        let value = worst.pnl.value().map_or_else(|| Value::of_status(&worst.pnl, unit.clone()), |pnl| money(*pnl));
        figures.push(Figure::new("Worst stress scenario", value).with_note(worst.name.to_string()));
    }
    figures.push(Figure::new("Dollar delta", money(report.exposure.dollar_delta)));
    figures.push(Figure::new("Vega per point", money(report.exposure.vega_per_point())));
    figures.push(Figure::new("Theta per day", money(report.exposure.theta_per_day())));
    figures.push(Figure::new("Coverage", covered(&report.coverage)).with_note("of the positions, by count"));
    Block::Figures(figures)
}

/// What a reader has to know before trusting a number: how many observations, how sure, how much of the book.
fn honesty(report: &RiskReport) -> String {
    let mut words = vec![format!(
        "The figures cover {} of {} positions.",
        report.coverage.positions_valued, report.coverage.positions
    )];
    if let Some(entry) = report.estimates.first() {
        let estimate = &entry.estimate;
        let tail =
            estimate.tail_observations.map_or_else(String::new, |tail| format!(", {tail:.0} of them in the tail"));
        words.push(format!(
            "The first estimate rests on {} scenarios{tail}, worth {:.0} independent ones; intervals in brackets say how \
             far sampling alone can move an estimate, not how wrong the model may be.",
            estimate.observations, estimate.effective_observations
        ));
    }
    match report.assumptions.len() {
        0 => words.push("No assumption was recorded.".to_owned()),
        count => words.push(format!("{count} assumptions stand at the end.")),
    }
    if !report.unvalued.is_empty() {
        words.push(format!("{} positions could not be valued and are in no total.", report.unvalued.len()));
    }
    words.join(" ")
}

fn covered(coverage: &Coverage) -> Value {
    match coverage.position_share() {
        Some(share) => Value::new(share, Unit::Percent { decimals: 1 }),
        None => Value::Unknown { reason: "there are no positions".to_owned() },
    }
}

/// A limit that every stress scenario has to keep.
struct StressLimit<'a> {
    name: &'a str,
    /// The worst of its verdicts.
    verdict: Verdict,
    /// The scenarios that share it.
    scenarios: usize,
    /// Of so many.
    of: usize,
    /// The largest loss that is known.
    loss: Option<f64>,
}

fn stress_limits(stress: &StressReport) -> Vec<StressLimit<'_>> {
    let mut found: Vec<StressLimit<'_>> = Vec::new();
    for check in stress.scenarios.iter().flat_map(|scenario| &scenario.verdicts) {
        let loss = check.loss.value().copied();
        let Some(limit) = found.iter_mut().find(|limit| limit.name == check.limit) else {
            found.push(StressLimit { name: &check.limit, verdict: check.verdict, scenarios: 1, of: 1, loss });
            continue;
        };
        limit.of += 1;
        limit.loss = limit.loss.into_iter().chain(loss).reduce(f64::max);
        match severity(check.verdict).cmp(&severity(limit.verdict)) {
            std::cmp::Ordering::Greater => (limit.verdict, limit.scenarios) = (check.verdict, 1),
            std::cmp::Ordering::Equal => limit.scenarios += 1,
            std::cmp::Ordering::Less => {}
        }
    }
    found
}

fn limits(checks: &[LimitCheck], stressed: &[StressLimit<'_>], unit: &Unit) -> Result<Table> {
    let mut table = Table::new("Limits", ["limit", "measure", "bound", "now", "used", "verdict"]);
    let mut order: Vec<&LimitCheck> = checks.iter().collect();
    order.sort_by_key(|check| Reverse(severity(check.verdict())));
    for check in order {
        let now = match &check.status {
            Status::Known(estimate) => estimate_value(estimate, unit),
            Status::Partial { value, coverage } => {
                let share = coverage
                    .position_share()
                    .map_or_else(|| "part".to_owned(), |share| Unit::Percent { decimals: 1 }.format(share));
                Value::text(format!("{} on {share} of the positions", unit.format(value.value)))
            }
            Status::Unknown { reason, .. } => Value::Unknown { reason: reason.clone() },
        };
        let share = check.status.value().and_then(|estimate| used(&check.limit.bound, estimate.value));
        table.push(vec![
            Value::text(&check.limit.name),
            Value::text(measure_name(&check.limit.measure)),
            Value::text(bound_name(&check.limit.bound, unit)),
            now,
            share.map_or_else(|| Value::NotApplicable, |share| Value::new(share, Unit::Percent { decimals: 0 })),
            Value::Verdict(check.verdict()),
        ])?;
    }
    for limit in stressed {
        table.push(vec![
            Value::text(limit.name),
            Value::text("stress loss"),
            Value::text(format!("the same verdict in {} of {} scenarios", limit.scenarios, limit.of)),
            match limit.loss {
                Some(loss) => Value::new(loss, unit.clone()),
                None => Value::Unknown { reason: "no scenario has a number".to_owned() },
            },
            Value::NotApplicable,
            Value::Verdict(limit.verdict),
        ])?;
    }
    Ok(table)
}

/// The value with its interval where there is one.
fn estimate_value(estimate: &Estimate, unit: &Unit) -> Value {
    match &estimate.interval {
        Some(interval) => Value::between(estimate.value, interval, unit.clone()),
        None => Value::new(estimate.value, unit.clone()),
    }
}

fn estimates(report: &RiskReport, unit: &Unit) -> Result<Section> {
    let mut section = Section::new("Value at risk and expected shortfall");
    let columns = ["measure", "horizon", "model", "estimate", "standard error", "scenarios", "worth", "in the tail"];
    let mut table = Table::new("Losses are positive; intervals below the estimates", columns);
    let whole = |value: f64| Value::new(value, Unit::WHOLE);
    for entry in &report.estimates {
        let estimate = &entry.estimate;
        table.push(vec![
            Value::text(measure_name(&estimate.measure)),
            Value::text(horizon_name(estimate.horizon)),
            Value::text(&entry.model),
            estimate_value(estimate, unit),
            estimate.standard_error.map_or_else(|| Value::NotApplicable, |error| Value::new(error, unit.clone())),
            Value::count(estimate.observations),
            whole(estimate.effective_observations),
            estimate.tail_observations.map_or_else(|| Value::NotApplicable, whole),
        ])?;
    }
    section.push(table);
    if let Some(outcomes) = &report.scenario_pnl {
        section.push(distribution(report, outcomes, unit)?);
    }
    Ok(section)
}

fn distribution(report: &RiskReport, outcomes: &ScenarioOutcomes, unit: &Unit) -> Result<Chart> {
    let markers = report
        .estimates
        .iter()
        .take(2)
        .map(|entry| Marker { name: measure_name(&entry.estimate.measure), value: -entry.estimate.value })
        .collect();
    let (least, most) = outcomes
        .pnl
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let description = format!(
        "{}: {} outcomes between {} and {}; the marked losses are the first estimates of the table.",
        outcomes.what,
        outcomes.pnl.len(),
        unit.format(least),
        unit.format(most)
    );
    Ok(Chart::Histogram(histogram(
        "P&L of the book in the scenarios",
        description,
        unit.clone(),
        &outcomes.pnl,
        markers,
    )?))
}

fn contributions(split: &Decomposition, unit: &Unit) -> Result<Section> {
    let axis = split.axis.as_deref().unwrap_or("position");
    let measure = measure_name(&split.total.measure);
    let horizon = horizon_name(split.total.horizon);
    let mut section = Section::new(format!("{measure} over {horizon} by {axis}"));
    let mut parts: Vec<_> = split.contributions.iter().collect();
    parts.sort_by(|a, b| b.component.total_cmp(&a.component).then_with(|| a.row.cmp(&b.row)));
    let bars = parts
        .iter()
        .map(|part| Bar {
            name: part.row.to_string(),
            value: part.component,
            interval: part.standard_error.map(|error| (part.component - 1.96 * error, part.component + 1.96 * error)),
        })
        .collect();
    section.push(Chart::Bars(Bars {
        title: format!("Parts of {measure}"),
        description: format!(
            "The parts add up to {}; negative ones hedge. Lines are 95 % intervals where a standard error is known.",
            unit.format(split.total.value)
        ),
        unit: unit.clone(),
        bars,
    }));
    let columns = [axis, "component", "share", "stand-alone", "incremental", "covered"];
    let mut table = Table::new(format!("Parts of {measure} over {horizon}"), columns);
    let money = |value: f64| Value::new(value, unit.clone());
    for part in parts {
        table.push(vec![
            Value::text(part.row.as_str()),
            money(part.component),
            Value::new(part.component / split.total.value, Unit::Percent { decimals: 1 }),
            money(part.standalone),
            money(part.incremental),
            covered(&part.coverage),
        ])?;
    }
    for row in &split.unvalued {
        let unknown = || Value::Unknown { reason: row.reason.clone() };
        let mut cells = vec![Value::text(row.row.as_str())];
        cells.extend((0..5).map(|_| unknown()));
        table.push(cells)?;
    }
    section.push(table);
    Ok(section)
}

/// Scenarios by loss, the worst first; those without a number before all others.
fn worst_first(stress: &StressReport) -> Vec<&ScenarioResult> {
    let mut order: Vec<&ScenarioResult> = stress.scenarios.iter().collect();
    order.sort_by(|a, b| {
        let pnl = |scenario: &ScenarioResult| scenario.pnl.value().copied().unwrap_or(f64::NEG_INFINITY);
        pnl(a).total_cmp(&pnl(b))
    });
    order
}

fn stressed(stress: &StressReport, unit: &Unit) -> Result<Section> {
    let mut section = Section::new("Stress tests");
    let order = worst_first(stress);
    let bars: Vec<Bar> = order
        .iter()
        .filter_map(|scenario| scenario.pnl.value().map(|pnl| (scenario, *pnl)))
        .take(WORST)
        .map(|(scenario, value)| Bar { name: scenario.name.to_string(), value, interval: None })
        .collect();
    section.push(Chart::Bars(Bars {
        title: "P&L in the worst scenarios".to_owned(),
        description: format!("The worst {} of {} scenarios; every position is revalued.", bars.len(), order.len()),
        unit: unit.clone(),
        bars,
    }));
    let columns = ["scenario", "P&L", "of value", "loses most", "cash missing on assignment", "covered", "limits"];
    let mut table = Table::new("Every scenario, the worst first", columns);
    for scenario in order {
        let share = match scenario.pnl.value() {
            Some(pnl) if stress.value != 0.0 => Value::new(pnl / stress.value, Unit::Percent { decimals: 1 }),
            _ => Value::NotApplicable,
        };
        let shortfall = match &scenario.assignment {
            Status::Known(cash) => Value::new(cash.shortfall, unit.clone()),
            Status::Partial { value, .. } => Value::text(format!("at least {}", unit.format(value.shortfall))),
            Status::Unknown { reason, .. } => Value::Unknown { reason: reason.clone() },
        };
        let loser = scenario.worst_positions.first();
        let worst = scenario.verdicts.iter().map(|verdict| verdict.verdict).max_by_key(|verdict| severity(*verdict));
        table.push(vec![
            Value::text(scenario.name.to_string()),
            Value::of_status(&scenario.pnl, unit.clone()),
            share,
            loser
                .map_or_else(|| Value::NotApplicable, |(row, pnl)| Value::text(format!("{row} {}", unit.format(*pnl)))),
            shortfall,
            covered(&scenario.coverage),
            worst.map_or_else(|| Value::NotApplicable, Value::Verdict),
        ])?;
    }
    section.push(table);
    Ok(section)
}

fn exposures(report: &RiskReport, unit: &Unit) -> Result<Section> {
    let mut section = Section::new("Exposures and greeks");
    section.push(Block::Text(
        "Delta and gamma in money; gamma per 1 % move, vega per volatility point, theta per calendar day.".to_owned(),
    ));
    for AxisExposures { axis, labels } in &report.exposures {
        let columns =
            [axis.as_str(), "market value", "gross notional", "delta", "gamma per 1 %", "vega", "theta", "covered"];
        let mut table = Table::new(format!("By {axis}"), columns);
        for LabelExposure { label, exposure, coverage } in labels {
            table.push(exposure_row(label, exposure, coverage, unit))?;
        }
        table.push(exposure_row("total", &report.exposure, &report.coverage, unit))?;
        section.push(table);
    }
    Ok(section)
}

fn exposure_row(label: &str, exposure: &Exposure, coverage: &Coverage, unit: &Unit) -> Vec<Value> {
    let money = |value: f64| Value::new(value, unit.clone());
    vec![
        Value::text(label),
        money(exposure.market_value),
        money(exposure.gross_notional),
        money(exposure.dollar_delta),
        money(exposure.dollar_gamma_per_percent()),
        money(exposure.vega_per_point()),
        money(exposure.theta_per_day()),
        covered(coverage),
    ]
}

fn provenance(report: &RiskReport) -> Section {
    let mut section = Section::new("Assumptions and inputs");
    if !report.unvalued.is_empty() {
        let missing = report.unvalued.iter().map(|row| format!("Not valued: {}: {}", row.row, row.reason)).collect();
        section.push(Block::List(missing));
    }
    if !report.assumptions.is_empty() {
        section.push(Block::List(report.assumptions.clone()));
    }
    let hashes: Vec<String> =
        report.inputs.iter().map(|input| format!("{}: SHA-256 {}", input.name, input.sha256)).collect();
    if !hashes.is_empty() {
        section.push(Block::List(hashes));
    }
    section
}
