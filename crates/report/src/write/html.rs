use std::fmt::Write;

use alluse_risk_core::Verdict;

use super::SHOWN_ROWS;
use crate::chart::{font_face_css, style_css};
use crate::{Block, Chart, Document, Figure, Result, Table, Value};

const STYLE: &str = include_str!("page.css");

/// Writing into a string cannot fail, so what `write!` returns is dropped throughout.
pub(super) fn write(document: &Document) -> Result<String> {
    let mut page = Page { out: String::with_capacity(1 << 18), charts: 0 };
    page.head(document);
    for (index, section) in document.sections.iter().enumerate() {
        let _ = write!(page.out, "<section aria-labelledby=\"s{index}\">\n<h2 id=\"s{index}\">");
        page.text(&section.heading);
        page.out.push_str("</h2>\n");
        for block in &section.blocks {
            page.block(block)?;
        }
        page.out.push_str("</section>\n");
    }
    page.out.push_str("</main>\n<footer><p>");
    let _ = write!(page.out, "alluse-quant {}. ", env!("CARGO_PKG_VERSION"));
    page.out.push_str(
        "Losses and drawdowns as risk measures are positive numbers. What could not be computed says why; it is never \
         shown as zero.</p></footer>\n</body>\n</html>\n",
    );
    Ok(page.out)
}

struct Page {
    out: String,
    charts: usize,
}

impl Page {
    fn head(&mut self, document: &Document) {
        self.out.push_str(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>",
        );
        self.text(&document.title);
        let _ = write!(
            self.out,
            "</title>\n<style>\n{}\n{}\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>",
            font_face_css(),
            style_css()
        );
        self.text(&document.title);
        self.out.push_str("</h1>\n<p class=\"subtitle\">");
        self.text(&document.subtitle);
        let _ = write!(self.out, "</p>\n<p class=\"as-of\">{} report as of {}", document.kind, document.as_of);
        self.out.push_str("</p>\n</header>\n<main>\n");
    }

    fn block(&mut self, block: &Block) -> Result<()> {
        match block {
            Block::Text(words) => self.wrapped("<p>", words, "</p>\n"),
            Block::Caution(words) => self.wrapped("<p class=\"caution\" role=\"note\">", words, "</p>\n"),
            Block::List(points) => {
                self.out.push_str("<ul>\n");
                for point in points {
                    self.wrapped("<li>", point, "</li>\n");
                }
                self.out.push_str("</ul>\n");
            }
            Block::Figures(figures) => {
                self.out.push_str("<dl class=\"figures\">\n");
                for figure in figures {
                    self.figure(figure);
                }
                self.out.push_str("</dl>\n");
            }
            Block::Table(table) => self.table(table),
            Block::Chart(chart) => self.chart(chart)?,
        }
        Ok(())
    }

    fn figure(&mut self, figure: &Figure) {
        self.wrapped("<div><dt>", &figure.name, "</dt>");
        match &figure.value {
            Value::Between { value, lower, upper, level, unit } => {
                self.wrapped("<dd>", &unit.format(*value), "</dd><dd class=\"range\">");
                let range = format!("{:.0} %: {} to {}", level * 100.0, unit.format(*lower), unit.format(*upper));
                self.wrapped("", &range, "</dd>");
            }
            Value::Number { .. } | Value::Date(_) => self.wrapped("<dd>", &figure.value.to_string(), "</dd>"),
            other => {
                let _ = write!(self.out, "<dd class=\"words {}\">", class(other));
                self.wrapped("", &other.to_string(), "</dd>");
            }
        }
        if let Some(note) = &figure.note {
            self.wrapped("<dd class=\"note\">", note, "</dd>");
        }
        self.out.push_str("</div>\n");
    }

    fn table(&mut self, table: &Table) {
        // A table wider than the screen scrolls by itself; the keyboard must reach it.
        self.out.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
        self.text(&table.caption);
        self.wrapped("\">\n<table>\n<caption>", &table.caption, "</caption>\n<thead><tr>");
        let numeric: Vec<bool> = (0..table.columns.len())
            .map(|column| table.rows.iter().any(|row| row.get(column).is_some_and(Value::is_numeric)))
            .collect();
        for (name, numeric) in table.columns.iter().zip(&numeric) {
            self.out.push_str(if *numeric { "<th scope=\"col\" class=\"number\">" } else { "<th scope=\"col\">" });
            self.wrapped("", name, "</th>");
        }
        self.out.push_str("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.out.push_str("<tr>");
            for (column, value) in row.iter().enumerate() {
                self.cell(value, column == 0);
            }
            self.out.push_str("</tr>\n");
        }
        self.out.push_str("</tbody>\n</table>\n</div>\n");
    }

    fn cell(&mut self, value: &Value, names_the_row: bool) {
        if names_the_row {
            self.wrapped("<th scope=\"row\">", &value.to_string(), "</th>");
            return;
        }
        if let Value::Between { value, lower, upper, unit, .. } = value {
            self.wrapped("<td class=\"number\">", &unit.format(*value), " <span class=\"range\">");
            let range = format!("{} to {}", unit.format(*lower), unit.format(*upper));
            self.wrapped("", &range, "</span></td>");
            return;
        }
        let _ = write!(self.out, "<td class=\"{}\">", class(value));
        self.wrapped("", &value.to_string(), "</td>");
    }

    fn chart(&mut self, chart: &Chart) -> Result<()> {
        self.charts += 1;
        let drawn = chart.responsive(&format!("c{}", self.charts))?;
        self.out.push_str("<figure>\n");
        self.out.push_str(&drawn);
        self.wrapped("\n<figcaption>", chart.description(), "</figcaption>\n");
        let table = chart.table()?;
        if table.rows.len() <= SHOWN_ROWS {
            self.out.push_str("<details><summary>The figures of this chart</summary>\n");
            self.table(&table);
            self.out.push_str("</details>\n");
        }
        self.out.push_str("</figure>\n");
        Ok(())
    }

    fn wrapped(&mut self, before: &str, text: &str, after: &str) {
        self.out.push_str(before);
        self.text(text);
        self.out.push_str(after);
    }

    /// Text with the characters escaped that mean something in HTML.
    fn text(&mut self, text: &str) {
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                // A number and its unit stay on one line.
                ' ' if characters.peek() == Some(&'%') => self.out.push('\u{a0}'),
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                other => self.out.push(other),
            }
        }
    }
}

fn class(value: &Value) -> &'static str {
    match value {
        Value::Number { .. } | Value::Between { .. } | Value::NotApplicable => "number",
        Value::Unknown { .. } => "unknown",
        Value::Verdict(Verdict::Pass) => "pass",
        Value::Verdict(Verdict::Warn) => "warn",
        Value::Verdict(Verdict::Breach) => "breach",
        Value::Verdict(Verdict::Unknown) => "unchecked",
        Value::Date(_) | Value::Text(_) => "words",
    }
}
