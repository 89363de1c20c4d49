//! The portfolio beside its benchmarks.

use alluse_attribution::benchmark::{AlphaBeta, BenchmarkConventions, HacErrors, MarketTiming, Relative, TimingModel};

use super::document::Sheet;
use crate::{Result, Section, Table, Unit, Value};

pub(super) fn beta(found: &alluse_attribution::Result<AlphaBeta>) -> Value {
    match found {
        Ok(found) => Value::between(found.beta.estimate, &found.beta.interval, Unit::RATIO),
        Err(error) => Value::Unknown { reason: error.to_string() },
    }
}

pub(super) fn alpha(found: &alluse_attribution::Result<AlphaBeta>) -> Value {
    match found {
        Ok(found) => Value::between(found.annual_alpha.estimate, &found.annual_alpha.interval, Unit::PERCENT),
        Err(error) => Value::Unknown { reason: error.to_string() },
    }
}

pub(super) fn section(page: &Sheet<'_>) -> Result<Section> {
    let mut section = Section::new("Against the benchmarks");
    let names = page.sheet.benchmarks.iter().map(|benchmark| benchmark.name().to_owned());
    let mut table = Table::new("Relative figures", ["figure".to_owned()].into_iter().chain(names));
    let mut row = |name: &str, values: Vec<Value>| {
        let mut cells = vec![Value::text(name)];
        cells.extend(values);
        table.push(cells)
    };
    row("beta", page.alpha_betas.iter().map(beta).collect())?;
    row("alpha a year", page.alpha_betas.iter().map(alpha).collect())?;
    let timing = |model: TimingModel| {
        move |relative: &Relative<'_>| match relative.market_timing(model, &HacErrors::default()) {
            Ok(MarketTiming { gamma, .. }) => Value::between(gamma.estimate, &gamma.interval, Unit::RATIO),
            Err(error) => Value::Unknown { reason: error.to_string() },
        }
    };
    row("timing, Treynor and Mazuy", page.relatives.iter().map(timing(TimingModel::TreynorMazuy)).collect())?;
    row("timing, Henriksson and Merton", page.relatives.iter().map(timing(TimingModel::HenrikssonMerton)).collect())?;
    section.push(table);
    section.push(all(page)?);
    Ok(section)
}

/// The whole table of metrics against each benchmark.
fn all(page: &Sheet<'_>) -> Result<Table> {
    let names = page.sheet.benchmarks.iter().map(|benchmark| benchmark.name().to_owned());
    let mut table = Table::new("Every metric with a benchmark", ["metric".to_owned()].into_iter().chain(names));
    let conventions = BenchmarkConventions::default();
    let columns: Vec<_> = page.relatives.iter().map(|relative| relative.table(&conventions)).collect();
    let Some(first) = columns.first() else { return Ok(table) };
    for (place, entry) in first.iter().enumerate() {
        let definition = entry.metric.definition();
        let mut row = vec![Value::text(definition.name)];
        row.extend(
            columns
                .iter()
                .map(|column| Value::of_status(&column[place].value, super::metric_tables::unit(definition.unit))),
        );
        table.push(row)?;
    }
    Ok(table)
}
