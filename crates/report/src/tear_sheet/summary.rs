//! Page one.

use alluse_attribution::intervals::{MetricEstimate, Statistic};
use alluse_attribution::metrics::Compounding;
use alluse_risk_core::Confidence;

use super::charts;
use super::document::Sheet;
use crate::{Block, Figure, Result, Section, Unit, Value};

pub(super) fn section(page: &Sheet<'_>) -> Result<Section> {
    let mut section = Section::new("Summary");
    section.push(headline(page)?);
    section.push(charts::equity(page)?);
    section.push(Block::Caution(super::evidence::in_brief(page)));
    Ok(section)
}

fn headline(page: &Sheet<'_>) -> Result<Block> {
    let performance = &page.performance;
    let annual: &Statistic<'_> = &|of| of.annual_return(Compounding::Geometric);
    let deepest: &Statistic<'_> = &|of| of.maximum_drawdown();
    let shortfall: &Statistic<'_> = &|of| of.expected_shortfall(Confidence::P95);
    let drawn = page.sheet.bootstrap.estimates(performance, &[annual, deepest, shortfall]);
    let [annual, deepest, shortfall] = match drawn {
        Ok(found) => {
            let mut values =
                found.into_iter().zip([annual, deepest, shortfall]).map(|(found, statistic)| match found {
                    Ok(_) => estimate(&found, Unit::PERCENT),
                    // Without an interval the value itself may still be known.
                    Err(_) => Value::of(statistic(performance), Unit::PERCENT),
                });
            std::array::from_fn(|_| values.next().unwrap_or(Value::NotApplicable))
        }
        Err(_) => [annual, deepest, shortfall].map(|statistic| Value::of(statistic(performance), Unit::PERCENT)),
    };
    let mut figures = vec![
        Figure::new("Total return", Value::of(performance.total_return(Compounding::Geometric), Unit::PERCENT)),
        Figure::new("Annual return", annual).with_note("geometric"),
        Figure::new("Volatility a year", Value::of(performance.annual_volatility(1), Unit::PERCENT)),
        Figure::new("Sharpe ratio", estimate(&page.sharpe, Unit::RATIO)).with_note("a year, over cash"),
        Figure::new("Maximum drawdown", deepest),
        Figure::new("Expected shortfall 95 %", shortfall).with_note("loss of one period"),
    ];
    if let (Some(found), Some(benchmark)) = (page.alpha_betas.first(), page.sheet.benchmarks.first()) {
        let note = format!("to {}", benchmark.name());
        figures.push(Figure::new("Beta", super::relative::beta(found)).with_note(&note));
        figures.push(Figure::new("Alpha a year", super::relative::alpha(found)).with_note(&note));
    }
    Ok(Block::Figures(figures))
}

/// An estimate with its interval, or why there is none.
pub(super) fn estimate(found: &alluse_attribution::Result<MetricEstimate>, unit: Unit) -> Value {
    match found {
        Ok(found) => Value::between(found.value, &found.interval, unit),
        Err(error) => Value::Unknown { reason: error.to_string() },
    }
}
