use csv::Writer;

use crate::{Block, Document, Error, Result, Table, Unit, Value};

const HEADER: [&str; 10] = ["section", "item", "row", "column", "value", "lower", "upper", "level", "unit", "text"];

pub(super) fn write(document: &Document) -> Result<String> {
    let mut lines = Lines { writer: Writer::from_writer(Vec::new()) };
    lines.line(HEADER.map(str::to_owned))?;
    for section in &document.sections {
        for block in &section.blocks {
            lines.block(&section.heading, block)?;
        }
    }
    let bytes = lines.writer.into_inner().map_err(|error| fault(&error))?;
    String::from_utf8(bytes).map_err(|error| fault(&error))
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::Writing { form: "CSV", reason: error.to_string() }
}

struct Lines {
    writer: Writer<Vec<u8>>,
}

impl Lines {
    fn block(&mut self, section: &str, block: &Block) -> Result<()> {
        match block {
            Block::Text(words) | Block::Caution(words) => self.value(section, "text", "", "", &Value::text(words)),
            Block::List(points) => {
                points.iter().try_for_each(|point| self.value(section, "list", "", "", &Value::text(point)))
            }
            Block::Figures(figures) => {
                figures.iter().try_for_each(|figure| self.value(section, "figures", &figure.name, "", &figure.value))
            }
            Block::Table(table) => self.table(section, &table.caption, table),
            Block::Chart(chart) => self.table(section, chart.title(), &chart.table()?),
        }
    }

    /// The first column names the row and is not repeated as a value.
    fn table(&mut self, section: &str, item: &str, table: &Table) -> Result<()> {
        for row in &table.rows {
            let Some((name, values)) = row.split_first() else { continue };
            let name = name.to_string();
            for (column, value) in table.columns.iter().skip(1).zip(values) {
                self.value(section, item, &name, column, value)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, section: &str, item: &str, row: &str, column: &str, value: &Value) -> Result<()> {
        let [number, lower, upper, level] = numbers(value).map(|n| n.map_or_else(String::new, |n| n.to_string()));
        let text = match value {
            Value::Number { .. } | Value::Between { .. } => String::new(),
            other => other.to_string(),
        };
        let place = [section, item, row, column].map(str::to_owned);
        let [section, item, row, column] = place;
        self.line([section, item, row, column, number, lower, upper, level, unit(value), text])
    }

    fn line(&mut self, fields: [String; 10]) -> Result<()> {
        self.writer.write_record(&fields).map_err(|error| fault(&error))
    }
}

/// Value, ends of the interval and its level.
fn numbers(value: &Value) -> [Option<f64>; 4] {
    match value {
        Value::Number { value, .. } => [Some(*value), None, None, None],
        Value::Between { value, lower, upper, level, .. } => [Some(*value), Some(*lower), Some(*upper), Some(*level)],
        _ => [None; 4],
    }
}

/// Numbers are written as they are, so per cent stands as a fraction.
fn unit(value: &Value) -> String {
    match value {
        Value::Number { unit, .. } | Value::Between { unit, .. } => match unit {
            Unit::Percent { .. } => "fraction".to_owned(),
            Unit::Number { .. } | Unit::PValue => "number".to_owned(),
            Unit::Money(currency) => currency.as_str().to_owned(),
        },
        _ => String::new(),
    }
}
