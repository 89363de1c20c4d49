//! Every metric of the portfolio, with its convention.

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
pub(super) fn unit(name: &str) -> Unit {
    match name {
        name if name.starts_with("fraction") => Unit::PERCENT,
        name if name.starts_with("periods") || name.starts_with("count") => Unit::Number { decimals: 0 },
        _ => Unit::Number { decimals: 3 },
    }
}
