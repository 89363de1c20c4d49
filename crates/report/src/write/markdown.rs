use std::fmt::Write;

use super::SHOWN_ROWS;
use crate::{Block, Document, Result, Table, Value};

pub(super) fn write(document: &Document) -> Result<String> {
    let mut out = format!("# {}\n\n{}\n", line(&document.title), line(&document.subtitle));
    for section in &document.sections {
        let _ = write!(out, "\n## {}\n", line(&section.heading));
        for block in &section.blocks {
            out.push('\n');
            push(&mut out, block)?;
        }
    }
    Ok(out)
}

/// Writing into a string cannot fail, so what `write!` returns is dropped.
fn push(out: &mut String, block: &Block) -> Result<()> {
    match block {
        Block::Text(words) => {
            let _ = writeln!(out, "{}", line(words));
        }
        Block::Caution(words) => {
            let _ = writeln!(out, "> **Note** {}", line(words));
        }
        Block::List(points) => {
            for point in points {
                let _ = writeln!(out, "- {}", line(point));
            }
        }
        Block::Figures(figures) => {
            out.push_str("| figure | value | note |\n|---|---:|---|\n");
            for figure in figures {
                let note = figure.note.as_deref().unwrap_or_default();
                let _ =
                    writeln!(out, "| {} | {} | {} |", cell(&figure.name), cell(&figure.value.to_string()), cell(note));
            }
        }
        Block::Table(table) => push_table(out, table),
        Block::Chart(chart) => {
            let _ = writeln!(out, "**{}.** {}", line(chart.title()), line(chart.description()));
            let table = chart.table()?;
            if table.rows.len() <= SHOWN_ROWS {
                out.push('\n');
                push_table(out, &table);
            }
        }
    }
    Ok(())
}

fn push_table(out: &mut String, table: &Table) {
    let _ = writeln!(out, "**{}**\n", line(&table.caption));
    let headings: Vec<String> = table.columns.iter().map(|name| cell(name)).collect();
    let _ = writeln!(out, "| {} |", headings.join(" | "));
    let rules: Vec<&str> = (0..table.columns.len())
        .map(|column| if table.rows.iter().any(|row| row[column].is_numeric()) { "---:" } else { "---" })
        .collect();
    let _ = writeln!(out, "|{}|", rules.join("|"));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|value: &Value| cell(&value.to_string())).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

/// Text that stays on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('<', "&lt;")
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}
