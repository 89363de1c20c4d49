//! Headline figures as a grid of cards.

use alluse_risk_core::Verdict;

use super::piece::{Mark, Piece, paragraph};
use super::style::{BAD, BODY, CARD, Colour, GOOD, INK, SOFT, Style, WARN, WIDTH};
use super::words::{lines, width};
use crate::{Figure, Value};

const GUTTER: f64 = 7.0;
const PAD: f64 = 8.0;
const NAME: Style = Style::soft(8.0);
const NOTE: Style = Style::soft(7.5);

/// Lines of one look.
type Run = (Vec<String>, Style);

/// Rows of cards. A figure whose words fill half a page becomes paragraphs.
pub(super) fn cards(out: &mut Vec<Piece>, figures: &[Figure]) {
    let across = columns(figures.len());
    let wide = (WIDTH - GUTTER * (across as f64 - 1.0)) / across as f64;
    for (index, row) in figures.chunks(across).enumerate() {
        let gap = if index == 0 { 10.0 } else { GUTTER };
        let runs: Vec<Vec<Run>> = row.iter().map(|figure| content(figure, wide - 2.0 * PAD)).collect();
        let tallest = runs.iter().map(|runs| height(runs)).fold(0.0, f64::max);
        if tallest <= BODY / 2.0 {
            out.push(card_row(&runs, wide, tallest, gap));
        } else {
            for figure in row {
                for (count, (lines, style)) in content(figure, WIDTH).iter().enumerate() {
                    out.extend(paragraph(lines, *style, 0.0, if count == 0 { gap } else { 0.0 }));
                }
            }
        }
    }
}

/// Three or four, whichever leaves fewer places empty.
fn columns(count: usize) -> usize {
    let empty = |across: usize| count.next_multiple_of(across) - count;
    if empty(3) < empty(4) || count < 3 { 3 } else { 4 }
}

fn card_row(cards: &[Vec<Run>], wide: f64, tallest: f64, gap: f64) -> Piece {
    let mut piece = Piece { gap, ..Piece::default() };
    let height = tallest + 2.0 * PAD;
    for (index, runs) in cards.iter().enumerate() {
        let x = index as f64 * (wide + GUTTER);
        piece.marks.push(Mark::Rect { x, y: 0.0, width: wide, height, radius: 5.0, colour: CARD });
        piece.height = PAD;
        for (lines, style) in runs {
            piece.push_lines(lines, *style, x + PAD);
        }
    }
    piece.height = height;
    piece
}

fn height(runs: &[Run]) -> f64 {
    runs.iter().map(|(lines, style)| lines.len() as f64 * style.leading()).sum()
}

fn content(figure: &Figure, room: f64) -> Vec<Run> {
    let mut out = vec![(lines(&figure.name, NAME, room), NAME)];
    match &figure.value {
        Value::Between { value, lower, upper, level, unit } => {
            out.push(headline(&unit.format(*value), room));
            let range = format!("{:.0} %: {} to {}", level * 100.0, unit.format(*lower), unit.format(*upper));
            out.push((lines(&range, NOTE, room), NOTE));
        }
        Value::Number { .. } | Value::Date(_) => out.push(headline(&figure.value.to_string(), room)),
        other => {
            let style = Style { colour: colour(other), bold: is_bold(other), size: 9.5 };
            out.push((lines(&other.to_string(), style, room), style));
        }
    }
    if let Some(note) = &figure.note {
        out.push((lines(note, NOTE, room), NOTE));
    }
    out
}

/// A number, as large as fits on one line.
fn headline(text: &str, room: f64) -> Run {
    let style = [14.0, 12.5, 11.0, 10.0]
        .map(Style::bold)
        .into_iter()
        .find(|style| width(text, *style) <= room)
        .unwrap_or(Style::bold(9.0));
    (lines(text, style, room), style)
}

/// The colour that says how a value is meant.
pub(super) fn colour(value: &Value) -> Colour {
    match value {
        Value::Unknown { .. } | Value::NotApplicable => SOFT,
        Value::Verdict(Verdict::Pass) => GOOD,
        Value::Verdict(Verdict::Warn) => WARN,
        Value::Verdict(Verdict::Breach | Verdict::Unknown) => BAD,
        _ => INK,
    }
}

/// Whether it must not be overlooked.
pub(super) fn is_bold(value: &Value) -> bool {
    matches!(value, Value::Verdict(Verdict::Warn | Verdict::Breach | Verdict::Unknown))
}
