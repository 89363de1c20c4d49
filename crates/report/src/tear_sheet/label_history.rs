//! What the labels of the periods did, and whether chance would do it too.

use alluse_attribution::contribution::{LabelAxis, LabelKnowledge, Share};
use alluse_attribution::significance::{Evidence, LabelTest, SignificanceReport, TooFew};
use alluse_risk_core::Confidence;

use super::document::Sheet;
use crate::chart::{Bar, Bars};
use crate::{Block, Chart, Result, Section, Table, Unit, Value};

pub(super) fn section(page: &Sheet<'_>, axis: &LabelAxis) -> Result<Section> {
    let mut section = Section::new(format!("By {}", axis.name()));
    section.push(Block::Text(match axis.knowledge() {
        LabelKnowledge::ExAnte => "The labels were known when each period started.".to_owned(),
        LabelKnowledge::Hindsight => {
            "The labels were only known afterwards: they describe what happened, and no rule could have used them."
                .to_owned()
        }
    }));
    let report = match LabelTest::default().of_periods(&page.performance.returns().to_owned(), axis) {
        Ok(report) => report,
        Err(error) => return Ok(section.with(Block::Text(format!("The labels could not be tested: {error}.")))),
    };
    section.push(chart(&report));
    section.push(table(&report)?);
    Ok(section)
}

fn chart(report: &SignificanceReport) -> Chart {
    let bars = report
        .labels
        .iter()
        .map(|label| Bar {
            name: format!("{} ({})", label.label, label.periods),
            value: label.effect.as_ref().map_or(0.0, |effect| effect.value),
            interval: label.effect.as_ref().map(|effect| (effect.interval.lower, effect.interval.upper)),
        })
        .collect();
    Chart::Bars(Bars {
        title: "Mean return of the label less that of all other periods".to_owned(),
        description:
            "Periods in brackets; lines are 95 % intervals, each on its own, before allowing for the number of \
                      labels."
                .to_owned(),
        unit: Unit::PERCENT,
        bars,
    })
}

fn table(report: &SignificanceReport) -> Result<Table> {
    let columns = ["label", "periods", "mean", "less the rest", "contribution", "p adjusted", "verdict"];
    let caption = format!("{} labels tested over {} periods", report.tested, report.periods);
    let mut table = Table::new(caption, columns);
    let dash = || Value::NotApplicable;
    for label in &report.labels {
        let effect = label
            .effect
            .as_ref()
            .map_or_else(dash, |effect| Value::between(effect.value, &effect.interval, Unit::PERCENT));
        let contribution = label.contribution.as_ref().map_or_else(dash, |effect| Value::percent(effect.value));
        let p = label.benjamini_hochberg.map_or_else(dash, |p| Value::new(p, Unit::PValue));
        table.push(vec![
            Value::text(&label.label),
            Value::count(label.periods),
            Value::percent(label.mean),
            effect,
            contribution,
            p,
            Value::text(verdict(label.evidence)),
        ])?;
    }
    if let Some(rest) = &report.unlabelled {
        table.push(vec![
            Value::text("unlabelled"),
            Value::count(rest.periods),
            Value::percent(rest.mean),
            dash(),
            Value::percent(rest.contribution),
            dash(),
            dash(),
        ])?;
    }
    Ok(table)
}

/// A finding in words.
pub(super) fn verdict(evidence: Evidence) -> String {
    match evidence {
        Evidence::Distinguishable => "distinguishable from chance".to_owned(),
        Evidence::NotDistinguishable => "not distinguishable from chance".to_owned(),
        Evidence::TooFew(TooFew::Labelled { available, required }) => {
            format!("too few: {available} periods, at least {required} are needed to test")
        }
        Evidence::TooFew(TooFew::Rest { available, .. }) => format!("too few others: {available} periods"),
        Evidence::TooFew(TooFew::Record { available, required }) => format!(
            "nothing can be said: a record of {required} periods would show an effect that matters, there are {available}"
        ),
        Evidence::TooFew(TooFew::Variation) => "every period is the same".to_owned(),
        Evidence::TooFew(_) => "too few periods to test".to_owned(),
    }
}

/// The share of periods with a gain among those that carry the label of the last period, with its interval.
pub(super) fn like_the_last(page: &Sheet<'_>, axis: &LabelAxis) -> Option<(String, usize, Value)> {
    let returns = page.performance.returns();
    let label = axis.label(0, returns.len() - 1)?;
    let same: Vec<f64> = (0..returns.len()).filter(|t| axis.label(0, *t) == Some(label)).map(|t| returns[t]).collect();
    let gains = same.iter().filter(|r| **r > 0.0).count();
    let share = Share::new(gains, same.len(), Confidence::P95).ok()?;
    Some((label.to_owned(), same.len(), Value::between(share.share, &share.interval, Unit::Percent { decimals: 0 })))
}
