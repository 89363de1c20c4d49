//! Returns by calendar month and year.

use alluse_attribution::ReturnSeries;
use alluse_attribution::benchmark::{PeriodEnd, resample};

use super::document::Sheet;
use crate::chart::Heatmap;
use crate::{Block, Chart, Result, Section, Table, Unit, Value};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `None` for series that are coarser than months.
pub(super) fn section(page: &Sheet<'_>) -> Result<Option<Section>> {
    let series = &page.sheet.portfolio;
    if series.frequency().periods_per_year() < 12.0 {
        return Ok(None);
    }
    let months = resample(series, PeriodEnd::MonthEnd)?;
    let years = resample(series, PeriodEnd::YearEnd)?;
    let mut section = Section::new("By month and year");
    section.push(heatmap(&months.series, &years.series, months.partial.len()));
    section.push(yearly(page, &years.series)?);
    if !months.empty.is_empty() {
        let dates: Vec<String> = months.empty.iter().map(ToString::to_string).collect();
        section.push(Block::Text(format!("Without any return: the months that end on {}.", dates.join(", "))));
    }
    Ok(Some(section))
}

fn heatmap(months: &ReturnSeries, years: &ReturnSeries, partial: usize) -> Chart {
    let (first, last) = (months.dates()[0].year(), months.dates()[months.len() - 1].year());
    let rows: Vec<i16> = (first..=last).rev().collect();
    let mut cells = vec![vec![None; 13]; rows.len()];
    for (date, value) in months.dates().iter().zip(months.returns()) {
        cells[usize::from((last - date.year()).unsigned_abs())][usize::from((date.month() - 1).unsigned_abs())] =
            Some(*value);
    }
    for (date, value) in years.dates().iter().zip(years.returns()) {
        cells[usize::from((last - date.year()).unsigned_abs())][12] = Some(*value);
    }
    let best = months.returns().iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let worst = months.returns().iter().copied().fold(f64::INFINITY, f64::min);
    Chart::Heatmap(Heatmap {
        title: "Return by month".to_owned(),
        description: format!(
            "Months run from {} to {}; the last column is the year.{}",
            Unit::PERCENT.format(worst),
            Unit::PERCENT.format(best),
            match partial {
                0 => "",
                1 => " One month at an end is not whole.",
                _ => " The first and the last month are not whole.",
            }
        ),
        unit: Unit::Percent { decimals: 1 },
        columns: MONTHS.iter().map(ToString::to_string).chain(["Year".to_owned()]).collect(),
        rows: rows.iter().map(ToString::to_string).collect(),
        cells,
    })
}

fn yearly(page: &Sheet<'_>, years: &ReturnSeries) -> Result<Table> {
    let names = page.sheet.benchmarks.iter().map(|benchmark| benchmark.name().to_owned());
    let columns: Vec<String> =
        ["year".to_owned(), page.sheet.portfolio.name().to_owned()].into_iter().chain(names).collect();
    let mut table = Table::new("Return by year", columns);
    let others = page
        .sheet
        .benchmarks
        .iter()
        .map(|benchmark| Ok(resample(benchmark, PeriodEnd::YearEnd)?.series))
        .collect::<Result<Vec<_>>>()?;
    for (place, (date, value)) in years.dates().iter().zip(years.returns()).enumerate() {
        let mut row = vec![Value::text(date.year().to_string()), Value::percent(*value)];
        // Benchmarks stand on the same dates, so their years are the same.
        row.extend(others.iter().map(|other| Value::percent(other.returns()[place])));
        table.push(row)?;
    }
    Ok(table)
}
