//! Every metric of the portfolio, with its convention.

use alluse_attribution::metrics;

use super::document::Sheet;
use crate::{Result, Section, Table, Unit, Value};

pub(super) fn section(page: &Sheet<'_>) -> Result<Section> {
    let mut table = Table::new("Every metric of the portfolio", ["metric", "value", "formula"]);
    for entry in page.performance.table(&page.conventions) {
        let definition = entry.metric.definition();
        table.push(vec![
            Value::text(definition.name),
            Value::of_status(&entry.value, unit(definition.unit)),
            Value::text(definition.formula),
        ])?;
    }
    Ok(Section::new("Every metric").with(table))
}

/// How a unit of the catalogue is written.
pub(super) fn unit(unit: metrics::Unit) -> Unit {
    match unit {
        metrics::Unit::Return
        | metrics::Unit::ReturnPerPeriod
        | metrics::Unit::ReturnPerYear
        | metrics::Unit::FractionOfPeak
        | metrics::Unit::Share => Unit::PERCENT,
        metrics::Unit::Periods => Unit::Number { decimals: 1 },
        _ => Unit::Number { decimals: 3 },
    }
}
