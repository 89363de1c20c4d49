use std::collections::BTreeMap;

use alluse_risk_core::{Confidence, Currency, Interval, IntervalMethod, Verdict};
use jiff::civil::date;
use proptest::prelude::*;

use super::pages::{Page, paginated};
use super::piece::Mark;
use super::style::{BOTTOM, FOOT, TOP, WIDTH};
use super::{blocks, words};
use crate::chart::{Bar, Bars};
use crate::write::tests::everything;
use crate::{Block, Chart, Document, Figure, ReportKind, Section, Table, Unit, Value};

fn empty() -> Document {
    Document::new("Long tables", "of many things", ReportKind::Daily, date(2024, 5, 31))
}

fn with(block: impl Into<Block>) -> Document {
    let mut document = empty();
    document.push(Section::new("Section").with(block));
    document
}

fn laid_out(document: &Document) -> Vec<Page> {
    paginated(document, blocks::pieces(document).unwrap())
}

/// Text with the place where it begins and what it stands on, page by page; page numbers left out.
fn texts(page: &Page) -> Vec<(f64, f64, &str)> {
    let body = page.pieces.iter().filter(|(top, _)| *top < FOOT);
    body.flat_map(|(top, piece)| {
        piece.marks.iter().filter_map(move |mark| match mark {
            Mark::Text { x, y, text, .. } => Some((*x, top + y, text.as_str())),
            _ => None,
        })
    })
    .collect()
}

/// How often each letter is shown, spaces aside.
fn letters(pages: &[Page]) -> BTreeMap<char, usize> {
    let mut out = BTreeMap::new();
    for (_, _, text) in pages.iter().flat_map(texts) {
        text.chars().filter(|letter| !letter.is_whitespace()).for_each(|letter| *out.entry(letter).or_default() += 1);
    }
    out
}

/// Nothing stands outside the margins, and the file has as many pages as the layout.
fn assert_sound(document: &Document) -> Vec<Page> {
    let pages = laid_out(document);
    for page in &pages {
        for (top, piece) in &page.pieces {
            assert!(*top >= TOP && (*top == FOOT || top + piece.height <= BOTTOM + 1e-6), "{top} {}", piece.height);
            for mark in &piece.marks {
                let (left, right, bottom) = match mark {
                    Mark::Text { x, y, style, text } => (*x, x + words::width(text, *style), *y),
                    Mark::Rect { x, y, width, height, .. } | Mark::Picture { x, y, width, height, .. } => {
                        (*x, x + width, y + height)
                    }
                };
                assert!(left >= -1e-6 && right <= WIDTH + 1e-5 && bottom <= piece.height + 1e-6, "{mark:?}");
            }
        }
    }
    let file = document.pdf().unwrap();
    assert!(file.starts_with(b"%PDF-") && file.ends_with(b"%%EOF"));
    let text = String::from_utf8_lossy(&file);
    assert_eq!(text.matches("/Type/Page\n").count() + text.matches("/Type /Page\n").count(), pages.len());
    assert!(!text.contains("CreationDate"));
    assert_eq!(file, document.pdf().unwrap());
    pages
}

#[test]
fn everything_is_on_the_page() {
    let pages = assert_sound(&everything());
    let all: Vec<&str> = pages.iter().flat_map(texts).map(|(_, _, text)| text).collect();
    for text in [
        "Title <&>",
        "Weekly report as of 2024-03-01",
        "One",
        "33.33 %",
        "95 %: 10.00 % to 30.00 %",
        "10.00 % to 30.00 %",
        "a year",
        "BREACH",
        "unknown: no, \"data\"",
        "two lines",
        "\u{2022}",
        "A picture.",
    ] {
        assert!(all.contains(&text), "{text}: {all:?}");
    }
    let pictures = pages.iter().flat_map(|page| &page.pieces).flat_map(|(_, piece)| &piece.marks);
    assert_eq!(pictures.filter(|mark| matches!(mark, Mark::Picture { .. })).count(), 1);
}

#[test]
fn a_long_table_repeats_its_headings_and_loses_no_row() {
    let mut table = Table::new("Events of the year", ["Day", "Event", "Effect"]);
    for row in 0..500 {
        let words = format!("Event number {row}");
        table.push(vec![Value::Date(date(2024, 1, 1)), Value::text(words), Value::percent(0.01)]).unwrap();
    }
    let pages = assert_sound(&with(table));
    assert!(pages.len() > 5);
    let mut next = 0;
    for (index, page) in pages.iter().enumerate() {
        let texts = texts(page);
        let rows: Vec<_> = texts.iter().filter(|(_, _, text)| text.starts_with("Event number")).collect();
        for (_, _, text) in &rows {
            assert_eq!(*text, format!("Event number {next}"));
            next += 1;
        }
        if !rows.is_empty() {
            assert!(texts.iter().any(|(_, _, text)| *text == "Effect"), "page {index} has no headings");
            let caption = if index == 0 { "Events of the year" } else { "Events of the year (continued)" };
            assert!(texts.iter().any(|(_, _, text)| *text == caption), "page {index}");
        }
    }
    assert_eq!(next, 500);
}

#[test]
fn wide_tables_shrink_and_very_wide_ones_come_in_parts() {
    let wide = |columns: usize| {
        let mut table = Table::new("Wide", (0..columns).map(|column| format!("Heading {column}")));
        let money = |row: usize| Value::new(1e6 * row as f64 + 123_456.0, Unit::Money(Currency::usd()));
        for row in 0..3 {
            let name = std::iter::once(Value::text(format!("Name {row}")));
            table.push(name.chain((1..columns).map(|_| money(row))).collect()).unwrap();
        }
        table
    };
    let captions = |columns: usize| -> Vec<String> {
        let pages = assert_sound(&with(wide(columns)));
        let amounts = pages.iter().flat_map(texts).filter(|(_, _, text)| *text == "1,123,456 USD").count();
        assert_eq!(amounts, columns - 1, "amounts of one row stay whole");
        let texts = pages.iter().flat_map(texts).filter(|(_, _, text)| text.starts_with("Wide"));
        texts.map(|(_, _, text)| text.to_owned()).collect()
    };
    assert_eq!(captions(6), ["Wide"]);
    let parts = captions(30);
    assert!(parts.len() > 2 && parts[0] == format!("Wide (part 1 of {})", parts.len()), "{parts:?}");
}

#[test]
fn headings_stay_with_what_follows() {
    for count in 20..60 {
        let mut document = empty();
        let mut section = Section::new("First");
        (0..count).for_each(|line| section.push(Block::Text(format!("Line {line}"))));
        document.push(section);
        document.push(Section::new("Second heading").with(Block::Text("What follows.".into())));
        let pages = laid_out(&document);
        let page_of =
            |wanted: &str| pages.iter().position(|page| texts(page).iter().any(|(_, _, text)| *text == wanted));
        assert_eq!(page_of("Second heading"), page_of("What follows."), "{count}");
    }
}

#[test]
fn letters_that_the_font_lacks_are_measured_as_what_is_shown() {
    let style = super::style::Style::plain(10.0);
    assert_eq!(words::width("字", style), words::width("?", style));
    assert!(words::width("é", style) != words::width("?", style));
    let pages = assert_sound(&with(Block::Text("字 \u{1} \u{200d} 👩 \u{202e}abc \u{fffd} ﷽".into())));
    assert!(letters(&pages).contains_key(&'字'));
}

#[test]
fn hostile_documents_lose_nothing() {
    let interval = Interval { lower: -1e300, upper: 1e300, level: Confidence::P95, method: IntervalMethod::Bootstrap };
    let huge = "word ".repeat(4_000);
    let endless = "x".repeat(6_000);
    let mut ragged = Table::new(endless.clone(), ["one", ""]);
    ragged.rows = vec![
        vec![],
        vec![Value::text(huge.clone()), Value::text(endless.clone()), Value::between(1e300, &interval, Unit::PERCENT)],
        vec![Value::Verdict(Verdict::Unknown)],
    ];
    let mut tall = Table::new("", [endless.as_str(), huge.as_str()]);
    (0..80).for_each(|row| tall.push(vec![Value::count(row), Value::text("")]).unwrap());
    let mut document = Document::new(huge.clone(), endless.clone(), ReportKind::Weekly, date(2024, 1, 1));
    let figures = vec![
        Figure::new(huge.clone(), Value::text(endless.clone())).with_note(huge.clone()),
        Figure::new("", Value::ratio(1e300)),
        Figure::new("Rate", Value::between(1e100, &interval, Unit::PERCENT)),
    ];
    document.push(Section::new(""));
    document.push(
        Section::new(huge.clone())
            .with(Block::Text(endless.clone()))
            .with(Block::Text(String::new()))
            .with(Block::List(vec![huge.clone(), String::new()]))
            .with(Block::List(vec![]))
            .with(Block::Caution(huge.clone()))
            .with(Block::Caution(String::new()))
            .with(figures)
            .with(Vec::<Figure>::new())
            .with(Table::new("nothing", Vec::<String>::new()))
            .with(ragged)
            .with(tall),
    );
    document.push(Section::new(endless.clone()));
    let seen = letters(&assert_sound(&document));
    // Title, heading, list, caution, name and note of a figure, cell, heading of a column.
    assert!(seen[&'w'] >= 8 * 4_000, "{}", seen[&'w']);
    // Subtitle, text, figure, caption, cell, heading of a column, heading.
    assert!(seen[&'x'] >= 7 * 6_000, "{}", seen[&'x']);
    assert_sound(&empty());
}

#[test]
fn a_chart_of_very_many_bars_stays_on_one_page() {
    let bars = (0..150).map(|bar| Bar { name: format!("Bar {bar}"), value: f64::from(bar), interval: None }).collect();
    let chart = Bars { title: "Many".into(), description: "So many.".into(), unit: Unit::RATIO, bars };
    assert_sound(&with(Chart::Bars(chart)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Lines are no wider than their room where it holds a letter, and give all words in order.
    #[test]
    fn lines_hold_the_words(text in "[a-zé字 \n]{0,200}", room in 15.0_f64..200.0, bold in any::<bool>()) {
        let style = super::style::Style { bold, ..super::style::Style::plain(9.0) };
        let lines = words::lines(&text, style, room);
        let squeezed = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
        prop_assert_eq!(squeezed(&lines.concat()), squeezed(&text));
        for line in &lines {
            prop_assert!(words::width(line, style) <= room + 1e-9, "{:?} in {}", line, room);
        }
    }
}
