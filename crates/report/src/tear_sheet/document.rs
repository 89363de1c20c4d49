use alluse_attribution::benchmark::Relative;
use alluse_attribution::metrics::Conventions;
use alluse_attribution::{Performance, ReturnKind};

use super::{
    TearSheet, calendar, charts, contributions, evidence, label_history, latest, metric_tables, relative, summary,
};
use crate::{Block, Document, Error, ReportKind, Result, Section};

/// What every part of the page is made from.
pub(super) struct Sheet<'a> {
    pub(super) sheet: &'a TearSheet,
    pub(super) performance: Performance<'a>,
    /// One for each benchmark.
    pub(super) relatives: Vec<Relative<'a>>,
    pub(super) conventions: Conventions,
}

pub(super) fn document(sheet: &TearSheet) -> Result<Document> {
    let series = &sheet.portfolio;
    sheet.risk_free.check(series.len())?;
    for benchmark in &sheet.benchmarks {
        if benchmark.dates() != series.dates() {
            let reason = format!("{:?} has other dates than {:?}; align them first", benchmark.name(), series.name());
            return Err(Error::invalid("benchmark", reason));
        }
    }
    let relatives = sheet
        .benchmarks
        .iter()
        // Whether total and price returns may meet was decided when they were aligned; the page says which is which.
        .map(|benchmark| {
            let annualisation = series.annualisation();
            Ok(Relative::new(series.returns(), benchmark.returns(), sheet.risk_free.clone(), annualisation)?)
        })
        .collect::<Result<Vec<_>>>()?;
    let conventions = Conventions::default().with_risk_free(sheet.risk_free.clone());
    let page = Sheet { sheet, performance: Performance::of(series), relatives, conventions };
    let last = series.dates()[series.len() - 1];
    let mut document = Document::new(&sheet.title, subtitle(sheet), sheet.kind, last);
    document.push(summary::section(&page)?);
    if sheet.kind != ReportKind::SinceInception {
        document.push(latest::section(&page)?);
    }
    document.push(evidence::section(&page)?);
    document.push(charts::path(&page)?);
    if let Some(section) = calendar::section(&page)? {
        document.push(section);
    }
    document.push(charts::rolling(&page)?);
    document.push(charts::distribution(&page)?);
    if !page.relatives.is_empty() {
        document.push(relative::section(&page)?);
    }
    for axis in &sheet.contributions {
        document.push(contributions::section(axis));
    }
    if let Some(labels) = &sheet.period_labels {
        document.push(label_history::section(&page, labels)?);
    }
    document.push(metric_tables::section(&page)?);
    document.push(conventions_section(sheet));
    Ok(document)
}

fn subtitle(sheet: &TearSheet) -> String {
    let series = &sheet.portfolio;
    let first = series.start().unwrap_or(series.dates()[0]);
    let names: Vec<&str> = sheet.benchmarks.iter().map(alluse_attribution::ReturnSeries::name).collect();
    let against = if names.is_empty() { String::new() } else { format!(", against {}", names.join(" and ")) };
    format!("{first} to {}{against}", series.dates()[series.len() - 1])
}

fn conventions_section(sheet: &TearSheet) -> Section {
    let kind = |kind: ReturnKind| match kind {
        ReturnKind::Total => "total returns, payments reinvested",
        ReturnKind::Price => "price returns, without dividends or coupons",
    };
    let mut points = vec![format!("{}: {}.", sheet.portfolio.name(), kind(sheet.portfolio.kind()))];
    points
        .extend(sheet.benchmarks.iter().map(|benchmark| format!("{}: {}.", benchmark.name(), kind(benchmark.kind()))));
    points.push(format!(
        "{} returns a year annualise growth geometrically and volatilities by the square root of time.",
        sheet.portfolio.frequency().periods_per_year()
    ));
    points.push(
        "Sharpe ratios: arithmetic mean of the returns in excess of cash over their standard deviation of divisor n − 1."
            .to_owned(),
    );
    points.push(format!(
        "Bootstrap intervals: {} resamples in stationary blocks, seed {}; other intervals: delta method on a long-run \
         variance.",
        sheet.bootstrap.bootstrap.replicates, sheet.bootstrap.bootstrap.seed
    ));
    points.extend(sheet.assumptions.iter().cloned());
    Section::new("Conventions and assumptions").with(Block::List(points))
}
