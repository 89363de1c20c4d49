//! What the last day, week, month or quarter brought.

use alluse_attribution::benchmark::{PeriodEnd, resample};
use alluse_attribution::{Performance, ReturnSeries};
use jiff::civil::Weekday;

use super::document::Sheet;
use super::label_history;
use crate::bins::histogram;
use crate::chart::Marker;
use crate::{Block, Chart, Error, Figure, ReportKind, Result, Section, Unit, Value};

pub(super) fn section(page: &Sheet<'_>) -> Result<Section> {
    let (name, period) = match page.sheet.kind {
        ReportKind::Daily => ("day", None),
        ReportKind::Weekly => ("week", Some(PeriodEnd::WeekEnding(Weekday::Friday))),
        ReportKind::Monthly => ("month", Some(PeriodEnd::MonthEnd)),
        ReportKind::Quarterly => ("quarter", Some(PeriodEnd::QuarterEnd)),
        ReportKind::SinceInception => {
            return Err(Error::invalid("report kind", "the whole history has no last period"));
        }
    };
    let series = &page.sheet.portfolio;
    let in_periods = |series: &ReturnSeries| match period {
        None => Ok(series.clone()),
        Some(period) => resample(series, period).map(|found| found.series),
    };
    let periods = match in_periods(series) {
        Ok(periods) => periods,
        Err(error) => {
            let words = format!("There is no last {name} to report: {error}.");
            return Ok(Section::new(format!("The last {name}")).with(Block::Text(words)));
        }
    };
    let mut section = Section::new(format!("The last {name}"));
    let last = periods.len() - 1;
    let value = periods.returns()[last];
    let mut figures = vec![
        Figure::new(format!("Return of the {name}"), Value::percent(value))
            .with_note(format!("to {}", periods.dates()[last])),
    ];
    for benchmark in &page.sheet.benchmarks {
        let other = in_periods(benchmark)?;
        figures.push(Figure::new(benchmark.name(), Value::percent(other.returns()[last])));
    }
    let performance = Performance::of(&periods);
    let below = performance.sorted().iter().filter(|r| **r < value).count();
    if periods.len() > 1 {
        figures.push(
            Figure::new("Better than", Value::new(below as f64 / last as f64, Unit::Percent { decimals: 0 }))
                .with_note(format!("of the {last} others")),
        );
    }
    if let Ok(path) = page.performance.drawdown_path() {
        let now = path.drawdowns()[page.performance.len() - 1];
        figures.push(Figure::new("Below the peak", Value::percent(now)).with_note("now"));
    }
    if let Some(axis) = &page.sheet.period_labels {
        figures.extend(label_figures(page, axis));
    }
    section.push(figures);
    if periods.len() >= 12 {
        let description = format!("All {} values; the last is marked.", periods.len());
        let marker = Marker { name: format!("last {name}"), value };
        let unit = Unit::Percent { decimals: 1 };
        let title = format!("Where the last {name} stands among all");
        let chart = histogram(title, description, unit, &periods.returns().to_vec(), vec![marker])?;
        section.push(Chart::Histogram(chart));
    }
    Ok(section)
}

/// The label of the last period and what its like did before.
fn label_figures(page: &Sheet<'_>, axis: &alluse_attribution::contribution::LabelAxis) -> Vec<Figure> {
    match label_history::like_the_last(page, axis) {
        Some((label, count, gains)) => vec![
            Figure::new(axis.name(), Value::text(&label)).with_note("label of the last period"),
            Figure::new(format!("Gains among {count} such periods"), gains),
        ],
        None => vec![Figure::new(axis.name(), Value::text("unlabelled"))],
    }
}
