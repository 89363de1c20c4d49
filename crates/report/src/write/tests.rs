use alluse_risk_core::{Confidence, Interval, IntervalMethod, Verdict};
use jiff::civil::date;

use crate::chart::{Bar, Bars};
use crate::{Block, Chart, Document, Figure, ReportKind, Section, Table, Unit, Value};

/// One of everything, with characters that mean something in each form.
pub(super) fn everything() -> Document {
    let interval = Interval { lower: 0.1, upper: 0.3, level: Confidence::P95, method: IntervalMethod::Bootstrap };
    let between = Value::between(1.0 / 3.0, &interval, Unit::PERCENT);
    let mut table = Table::new("A \"table\" <of> all", ["name | here", "value", "word"]);
    let row = |name: &str, value: Value, word: Value| vec![Value::text(name), value, word];
    table.push(row("R&D <b>", between.clone(), Value::Verdict(Verdict::Breach))).unwrap();
    table.push(row("two\nlines", Value::ratio(-2.0), Value::Unknown { reason: "no, \"data\"".into() })).unwrap();
    table.push(row("day", Value::count(1_000), Value::Date(date(2024, 2, 29)))).unwrap();
    let bars = Bars {
        title: "Bars & more".into(),
        description: "A picture.".into(),
        unit: Unit::RATIO,
        bars: vec![Bar { name: "a<b".into(), value: 1.5, interval: Some((1.0, 2.0)) }],
    };
    let mut document = Document::new("Title <&>", "Sub", ReportKind::Weekly, date(2024, 3, 1));
    let figures = vec![Figure::new("Sharpe", between).with_note("a year"), Figure::new("Word", Value::text("<none>"))];
    document.push(
        Section::new("One")
            .with(Block::Text("Text <script>alert(1)</script>".into()))
            .with(Block::Caution("Careful".into()))
            .with(Block::List(vec!["point".into()]))
            .with(figures)
            .with(table)
            .with(Chart::Bars(bars)),
    );
    document
}

#[test]
fn json_comes_back_as_it_was() {
    let document = everything();
    let text = document.json().unwrap();
    assert!(text.starts_with("{\n  \"schema\": \"alluse-quant/report/1\""));
    assert_eq!(Document::from_json(&text).unwrap(), document);
    let other = text.replace("report/1", "report/9");
    assert!(Document::from_json(&other).unwrap_err().to_string().contains("unknown schema"));
    assert!(Document::from_json("{}").is_err());
}

#[test]
fn html_is_one_page_without_scripts_or_addresses() {
    let page = everything().html().unwrap();
    assert!(page.contains("Text &lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("@import"));
    // Namespaces are names, not addresses that anything is fetched from.
    let fetched = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!fetched.contains("http://") && !fetched.contains("https://"));
    assert!(page.contains("Weekly report as of 2024-03-01"));
    assert!(page.contains("<td class=\"breach\">BREACH</td>"));
    assert!(page.contains("unknown: no, &quot;data&quot;"));
    for attribute in ["lang=\"en\"", "name=\"viewport\"", "scope=\"col\"", "scope=\"row\"", "role=\"img\"", "<caption>"]
    {
        assert!(page.contains(attribute), "{attribute}");
    }
    assert_eq!(page, everything().html().unwrap());
}

#[test]
fn csv_holds_every_number_unrounded() {
    let text = everything().csv().unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let lines: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    let of = |row: &str, column: &str| {
        lines.iter().find(|line| &line[2] == row && &line[3] == column).unwrap_or_else(|| panic!("{row} {column}"))
    };
    assert_eq!(of("R&D <b>", "value")[4].parse::<f64>().unwrap(), 1.0 / 3.0);
    assert_eq!(&of("R&D <b>", "value")[8], "fraction");
    assert_eq!((&of("Sharpe", "")[5], &of("Sharpe", "")[7]), ("0.1", "0.95"));
    assert_eq!(&of("two\nlines", "word")[9], "unknown: no, \"data\"");
    assert_eq!(of("a<b", "Value")[4].parse::<f64>().unwrap(), 1.5);
}

#[test]
fn markdown_keeps_cells_in_their_table() {
    let text = everything().markdown().unwrap();
    assert!(text.starts_with("# Title &lt;&>\n"));
    assert!(text.contains("| name \\| here | value | word |"));
    assert!(text.contains("| two lines | \u{2212}2.00 | unknown: no, \"data\" |"));
    assert!(text.contains("> **Note** Careful"));
    let widths: Vec<usize> = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("R&D"))
        .map(|line| line.replace("\\|", "").matches('|').count())
        .collect();
    assert_eq!(widths, [4]);
}
