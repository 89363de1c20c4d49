//! The tear sheet: a portfolio beside an index and a put-write benchmark made from it.

mod benchmarks;
mod portfolio;
mod settings;

pub use settings::Settings;

use alluse_quant::attribution::RiskFree;
use alluse_quant::attribution::benchmark::{Aligned, Alignment, KindPolicy, PeriodEnd, align, resample};
use alluse_quant::attribution::intervals::BlockBootstrap;
use alluse_quant::attribution::{ReturnKind, ReturnSeries};
use alluse_quant::report::{Document, ReportKind, TearSheet};
use alluse_quant::risk_core::measures::Bootstrap;
use jiff::civil::Weekday;

use crate::Result;
use crate::progress::Progress;

/// The tear sheet as a document.
///
/// # Errors
/// One sentence about a file, or about returns that no tear sheet can be made of.
pub fn document(settings: &Settings, progress: &mut Progress) -> Result<Document> {
    progress.step("portfolio");
    let portfolio = portfolio::load(settings)?;
    progress.step("benchmarks");
    let built = benchmarks::load(settings)?;
    progress.step("alignment");
    let weekly = settings.kind == ReportKind::Weekly;
    let week = |series: &ReturnSeries| -> Result<ReturnSeries> {
        let coarser = series.frequency().periods_per_year() <= 52.0;
        Ok(if !weekly || coarser { series.clone() } else { in_weeks(series)? })
    };
    let own = week(&portfolio.series)?;
    let others = built.series.iter().map(week).collect::<Result<Vec<_>>>()?;
    let references: Vec<&ReturnSeries> = others.iter().collect();
    // The index file holds prices; the page says of each series what its returns contain.
    let alignment = Alignment { kinds: KindPolicy::Mixed, ..Alignment::default() };
    let aligned: Aligned = align(&own, &references, alignment)?;
    let cash = built.cash_over(aligned.portfolio.start(), aligned.portfolio.dates())?;
    progress.step("tear sheet");
    let mut sheet = TearSheet::against(aligned)
        .with_title(settings.title.clone().unwrap_or_else(|| portfolio.series.name().to_owned()))
        .with_kind(settings.kind)
        .with_risk_free(RiskFree::Series(cash))
        .with_bootstrap(BlockBootstrap::new(Bootstrap::new(settings.seed).with_replicates(settings.replicates)));
    if let Some(trials) = settings.trials {
        sheet = sheet.with_trials(trials);
    }
    if let (Some(parts), Some(start)) = (portfolio.parts, sheet.portfolio.start()) {
        let end = sheet.portfolio.dates()[sheet.portfolio.len() - 1];
        let (axis, parts, total) = parts(start, end)?;
        sheet = sheet.with_contributions(axis, parts, total)?;
    }
    if let Some(labels) = portfolio.weekly_labels.filter(|_| weekly) {
        let axis = labels(sheet.portfolio.start(), sheet.portfolio.dates())?;
        sheet = sheet.with_period_labels(axis)?;
    }
    for words in portfolio.assumptions.iter().chain(&built.assumptions) {
        sheet = sheet.with_assumption(words);
    }
    Ok(sheet.document()?)
}

/// Weeks that end on Fridays, the first and the last only when they are whole.
fn in_weeks(series: &ReturnSeries) -> Result<ReturnSeries> {
    Ok(resample(series, PeriodEnd::WeekEnding(Weekday::Friday))?.whole()?)
}

/// Price or total, as the user says.
fn kind(word: Option<&str>) -> Result<ReturnKind> {
    match word {
        None | Some("total") => Ok(ReturnKind::Total),
        Some("price") => Ok(ReturnKind::Price),
        Some(other) => Err(crate::Failure(format!("--returns is total or price, not {other:?}"))),
    }
}
