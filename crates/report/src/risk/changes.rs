//! What changed since the last report.

use alluse_risk_core::Verdict;
use alluse_var_models::Decomposition;

use super::names::{horizon_name, measure_name};
use super::{LimitCheck, RiskReport};
use crate::chart::{Bar, Bars};
use crate::{Block, Chart, Error, Result, Section, Table, Unit, Value};

/// Labels shown among those that changed most.
const MOVERS: usize = 10;

pub(super) fn section(now: &RiskReport, before: &RiskReport) -> Result<Section> {
    if before.as_of > now.as_of || before.currency != now.currency {
        let reason = format!(
            "it is of {} in {}, the report of {} in {}",
            before.as_of,
            before.currency.as_str(),
            now.as_of,
            now.currency.as_str()
        );
        return Err(Error::invalid("the report before", reason));
    }
    let unit = Unit::Money(now.currency.clone());
    let mut section = Section::new(format!("What changed since {}", before.as_of));
    verdicts(&mut section, now, before);
    section.push(figures(now, before, &unit)?);
    for split in &now.decompositions {
        if let Some(old) = before.decompositions.iter().find(|old| same_figure(old, split)) {
            section.blocks.extend(movers(split, old, &unit).map(Block::Chart));
        }
    }
    coverage(&mut section, now, before);
    Ok(section)
}

fn same_figure(a: &Decomposition, b: &Decomposition) -> bool {
    a.axis == b.axis
        && a.total.horizon == b.total.horizon
        && measure_name(&a.total.measure) == measure_name(&b.total.measure)
}

/// Limits whose verdict is another one, and limits that came or went.
fn verdicts(section: &mut Section, now: &RiskReport, before: &RiskReport) {
    let name = |check: &LimitCheck| check.limit.name.clone();
    let mut points = Vec::new();
    for check in &now.limits {
        let verdict = check.verdict();
        match before.limits.iter().find(|old| old.limit.name == check.limit.name) {
            None => points.push(format!("New limit {:?}: {}.", name(check), Value::Verdict(verdict))),
            Some(old) if old.limit.bound != check.limit.bound => points.push(format!(
                "Limit {:?} was moved; it was {}, it is {}.",
                name(check),
                Value::Verdict(old.verdict()),
                Value::Verdict(verdict)
            )),
            Some(old) if old.verdict() != verdict => points.push(format!(
                "Limit {:?} went from {} to {}.",
                name(check),
                Value::Verdict(old.verdict()),
                Value::Verdict(verdict)
            )),
            Some(_) => {}
        }
    }
    let gone = before.limits.iter().filter(|old| now.limits.iter().all(|check| check.limit.name != old.limit.name));
    points.extend(gone.map(|old| format!("Limit {:?} is no longer checked.", name(old))));
    if points.is_empty() {
        let failing = now.limits.iter().filter(|check| check.verdict() != Verdict::Pass).count();
        let words = match (now.limits.len(), failing) {
            (0, _) => "No limits are checked, neither now nor then.".to_owned(),
            (_, 0) => "No limit changed its verdict; all pass.".to_owned(),
            (_, failing) => format!("No limit changed its verdict; {failing} did not pass then and do not pass now."),
        };
        section.push(Block::Text(words));
    } else {
        section.push(Block::List(points));
    }
}

fn figures(now: &RiskReport, before: &RiskReport, unit: &Unit) -> Result<Table> {
    let mut table = Table::new("Figures then and now", ["figure", "then", "now", "change"]);
    let mut row = |name: &str, then: f64, today: f64| {
        table.push(vec![
            Value::text(name),
            Value::new(then, unit.clone()),
            Value::new(today, unit.clone()),
            Value::new(today - then, unit.clone()),
        ])
    };
    let (new, old) = (&now.exposure, &before.exposure);
    row("market value", old.market_value, new.market_value)?;
    row("gross notional", old.gross_notional, new.gross_notional)?;
    row("dollar delta", old.dollar_delta, new.dollar_delta)?;
    row("dollar gamma per 1 %", old.dollar_gamma_per_percent(), new.dollar_gamma_per_percent())?;
    row("vega per point", old.vega_per_point(), new.vega_per_point())?;
    row("theta per day", old.theta_per_day(), new.theta_per_day())?;
    for entry in &now.estimates {
        let key = (&entry.model, measure_name(&entry.estimate.measure), entry.estimate.horizon);
        let then = before
            .estimates
            .iter()
            .find(|old| (&old.model, measure_name(&old.estimate.measure), old.estimate.horizon) == key);
        if let Some(then) = then {
            let name = format!("{}, {}, {}", key.1, horizon_name(key.2), key.0);
            row(&name, then.estimate.value, entry.estimate.value)?;
        }
    }
    Ok(table)
}

/// Where the change of a split figure comes from: the labels whose part moved most, labels that came and went included;
/// `None` when no part moved.
fn movers(now: &Decomposition, before: &Decomposition, unit: &Unit) -> Option<Chart> {
    let part = |split: &Decomposition, row: &str| {
        split.contributions.iter().find(|part| part.row.as_str() == row).map_or(0.0, |part| part.component)
    };
    let mut rows: Vec<&str> =
        now.contributions.iter().chain(&before.contributions).map(|part| part.row.as_str()).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut bars: Vec<Bar> = rows
        .into_iter()
        .map(|row| Bar { name: row.to_owned(), value: part(now, row) - part(before, row), interval: None })
        .collect();
    let size = now.total.value.abs().max(before.total.value.abs());
    if bars.iter().all(|bar| bar.value.abs() <= 1e-9 * size) {
        return None;
    }
    bars.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then_with(|| a.name.cmp(&b.name)));
    let rest: f64 = bars.iter().skip(MOVERS).map(|bar| bar.value).sum();
    if bars.len() > MOVERS {
        bars.truncate(MOVERS);
        bars.push(Bar { name: "all others".to_owned(), value: rest, interval: None });
    }
    let axis = now.axis.as_deref().unwrap_or("position");
    let measure = measure_name(&now.total.measure);
    Some(Chart::Bars(Bars {
        title: format!("Change of {measure} over {} by {axis}", horizon_name(now.total.horizon)),
        description: format!(
            "The parts add up to the change of the whole, from {} to {}.",
            unit.format(before.total.value),
            unit.format(now.total.value)
        ),
        unit: unit.clone(),
        bars,
    }))
}

fn coverage(section: &mut Section, now: &RiskReport, before: &RiskReport) {
    let known = |report: &RiskReport, row: &str| report.unvalued.iter().any(|other| other.row.as_str() == row);
    let new = now.unvalued.iter().filter(|row| !known(before, row.row.as_str()));
    let points: Vec<String> = new.map(|row| format!("{} can no longer be valued: {}", row.row, row.reason)).collect();
    if !points.is_empty() {
        section.push(Block::List(points));
    }
}
