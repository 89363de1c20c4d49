use alluse_attribution::benchmark::{AlphaBeta, HacErrors, Relative};
use alluse_attribution::intervals::{MetricEstimate, smooth};
use alluse_attribution::metrics::Conventions;
use alluse_attribution::{Performance, ReturnKind};
use alluse_risk_core::Confidence;
use alluse_risk_core::inference::{BartlettLags, Difference};

use super::{
    TearSheet, calendar, charts, contributions, evidence, label_history, latest, metric_tables, relative, summary,
};
use crate::{Block, Document, Error, ReportKind, Result, Section};

/// What every part of the page is made from.
pub(super) struct Sheet<'a> {
    pub(super) sheet: &'a TearSheet,
    pub(super) performance: Performance<'a>,
    /// One for each benchmark, as are the next two.
    pub(super) relatives: Vec<Relative<'a>>,
    /// Alpha and beta with their errors.
    pub(super) alpha_betas: Vec<alluse_attribution::Result<AlphaBeta>>,
    /// Tests of the Sharpe ratio over cash against the benchmark's.
    pub(super) differences: Vec<Result<Difference>>,
    /// The Sharpe ratio a year with its interval.
    pub(super) sharpe: alluse_attribution::Result<MetricEstimate>,
    /// Share of positive months and how many whole months there are, for series that have months.
    pub(super) positive_months: Option<(f64, usize)>,
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
    let performance = Performance::of(series);
    let page = Sheet {
        sheet,
        alpha_betas: relatives.iter().map(|relative| relative.alpha_beta_hac(&HacErrors::default())).collect(),
        differences: evidence::differences(sheet),
        sharpe: smooth::sharpe_ratio(&performance, &sheet.risk_free, BartlettLags::CubeRoot, Confidence::P95),
        positive_months: evidence::positive_months(series),
        performance,
        relatives,
        conventions,
    };
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
