//! Tables that break between rows, with their headings on every page.

use std::rc::Rc;

use super::blocks::REMARK;
use super::cards::{colour, is_bold};
use super::columns::{GUTTER, Group, Need, fitted};
use super::piece::{Mark, Piece};
use super::style::{BODY, Colour, INK, RULE, SOFT, Style, WIDTH};
use super::words::{first_line, lines, width};
use crate::{Table, Value};

/// Above and below the text of a row.
const PAD: f64 = 2.2;
/// The part of a page up to which a table is not broken.
const SMALL: f64 = 0.35;
/// Line under the headings.
const HEAD_RULE: Colour = [0x98, 0xa1, 0xab];

/// Text of one look in a cell.
#[derive(Debug, Clone)]
struct Words {
    text: String,
    colour: Colour,
    bold: bool,
    /// Size relative to that of the table.
    scale: f64,
    /// Kept on one line where the column allows.
    whole: bool,
}

impl Words {
    fn style(&self, size: f64) -> Style {
        Style { size: size * self.scale, bold: self.bold, colour: self.colour }
    }

    fn need(&self) -> Need {
        let style = self.style(1.0);
        let line = width(&self.text.split_whitespace().collect::<Vec<_>>().join(" "), style);
        let word = self.text.split_whitespace().map(|word| width(word, style)).fold(0.0, f64::max);
        Need { word: if self.whole { line } else { word }, line }
    }
}

#[derive(Debug, Clone, Default)]
struct Cell {
    words: Vec<Words>,
    right: bool,
}

/// A cell in lines.
struct Laid {
    lines: Vec<(String, Style)>,
    right: bool,
}

pub(super) fn pieces(out: &mut Vec<Piece>, table: &Table) {
    let count = table.rows.iter().map(Vec::len).fold(table.columns.len(), usize::max);
    let mut rows: Vec<Vec<Cell>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let numeric: Vec<bool> =
        (0..count).map(|column| rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.right))).collect();
    for (row, values) in rows.iter_mut().zip(&table.rows) {
        for (column, cell) in row.iter_mut().enumerate() {
            cell.right |= numeric[column] && values.get(column) == Some(&Value::NotApplicable);
        }
    }
    let headings: Vec<Cell> = (0..count).map(|column| heading(table.columns.get(column), numeric[column])).collect();
    let mut needs = vec![Need::default(); count];
    for row in std::iter::once(&headings).chain(&rows) {
        for (need, cell) in needs.iter_mut().zip(row) {
            *need = cell.words.iter().fold(*need, |need, words| need.and(words.need()));
        }
    }
    let (size, groups) = fitted(&needs, WIDTH);
    for (index, group) in groups.iter().enumerate() {
        let caption = match groups.len() {
            0 | 1 => table.caption.clone(),
            of => format!("{} (part {} of {of})", table.caption, index + 1),
        };
        let part = Part { size, group, head: None };
        part.write(out, &caption, &headings, &rows);
    }
    if groups.iter().all(|group| group.columns.is_empty()) {
        push_caption(out, &table.caption);
    }
}

fn push_caption(out: &mut Vec<Piece>, caption: &str) {
    let broken = lines(caption, REMARK, WIDTH);
    for (index, line) in broken.iter().enumerate() {
        let mut piece = Piece::of_lines(std::slice::from_ref(line), REMARK, 0.0);
        piece.gap = if index == 0 { 11.0 } else { 0.0 };
        piece.sticks = index + 4 > broken.len();
        out.push(piece);
    }
}

/// One group of columns.
struct Part<'a> {
    size: f64,
    group: &'a Group,
    head: Option<Rc<Piece>>,
}

impl Part<'_> {
    fn write(mut self, out: &mut Vec<Piece>, caption: &str, headings: &[Cell], rows: &[Vec<Cell>]) {
        if self.group.columns.is_empty() {
            return;
        }
        push_caption(out, caption);
        let mut head = self.row(headings, HEAD_RULE, 0.9);
        if let [only] = head.as_slice()
            && only.height < BODY * 0.3
        {
            self.head = Some(Rc::new(repeated(caption, only)));
        }
        head.iter_mut().for_each(|piece| piece.sticks = true);
        out.append(&mut head);
        let last = rows.len().saturating_sub(1);
        let begin = out.len();
        for (index, row) in rows.iter().enumerate() {
            let mut pieces = self.row(row, RULE, 0.5);
            // Neither the first row stands alone at the end of a page nor the last at the top.
            if let [only] = pieces.as_mut_slice() {
                only.sticks = index < last && (index == 0 || index + 1 == last);
            }
            out.extend(pieces.into_iter().map(|piece| Piece { head: self.head.clone(), ..piece }));
        }
        if out[begin..].iter().map(|piece| piece.height).sum::<f64>() < BODY * SMALL
            && let Some((_, others)) = out[begin..].split_last_mut()
        {
            others.iter_mut().for_each(|piece| piece.sticks = true);
        }
    }

    /// A row over a line; a tall one in several pieces.
    fn row(&self, cells: &[Cell], rule: Colour, thick: f64) -> Vec<Piece> {
        let empty = Cell::default();
        let laid: Vec<Laid> = self
            .group
            .columns
            .iter()
            .zip(&self.group.widths)
            .map(|(column, width)| laid(cells.get(*column).unwrap_or(&empty), self.size, *width))
            .collect();
        let leading = Style::plain(self.size).leading();
        let most = ((BODY * 0.3 / leading) as usize).max(1);
        let count = laid.iter().map(|cell| cell.lines.len()).max().unwrap_or(0).max(1);
        let table_width = self.group.widths.iter().sum::<f64>() + GUTTER * (self.group.widths.len() as f64 - 1.0);
        let mut out = Vec::new();
        for from in (0..count).step_by(most) {
            let to = (from + most).min(count);
            let (above, below) = (if from == 0 { PAD } else { 0.0 }, if to == count { PAD } else { 0.0 });
            let mut piece = Piece { height: above + (to - from) as f64 * leading + below, ..Piece::default() };
            let mut left = 0.0;
            for (cell, wide) in laid.iter().zip(&self.group.widths) {
                for (index, (text, style)) in cell.lines.iter().enumerate().take(to).skip(from) {
                    let x = if cell.right { left + wide - width(text, *style) } else { left };
                    let y = above + (index - from) as f64 * leading + Style::plain(self.size).ascent();
                    piece.marks.push(Mark::Text { x, y, style: *style, text: text.clone() });
                }
                left += wide + GUTTER;
            }
            if to == count {
                let y = piece.height - thick;
                piece.marks.push(Mark::Rect {
                    x: 0.0,
                    y,
                    width: table_width,
                    height: thick,
                    radius: 0.0,
                    colour: rule,
                });
            }
            out.push(piece);
        }
        out
    }
}

/// The headings under a line that says which table goes on.
fn repeated(caption: &str, head: &Piece) -> Piece {
    let more = " (continued)";
    let line = first_line(caption, REMARK, WIDTH - width(more, REMARK)) + more;
    let mut piece = Piece::of_lines(&[line], REMARK, 0.0);
    let above = piece.height;
    piece.marks.extend(head.marks.iter().cloned().map(|mark| match mark {
        Mark::Text { x, y, style, text } => Mark::Text { x, y: y + above, style, text },
        Mark::Rect { x, y, width, height, radius, colour } => {
            Mark::Rect { x, y: y + above, width, height, radius, colour }
        }
        Mark::Picture { x, y, width, height, svg } => Mark::Picture { x, y: y + above, width, height, svg },
    }));
    piece.height += head.height;
    piece
}

fn laid(cell: &Cell, size: f64, room: f64) -> Laid {
    // Rounding must not break a line that is exactly as wide as its column.
    let room = room + 1e-6;
    let mut out = Vec::new();
    for words in &cell.words {
        let style = words.style(size);
        out.extend(lines(&words.text, style, room).into_iter().map(|line| (line, style)));
    }
    Laid { lines: out, right: cell.right }
}

fn heading(name: Option<&String>, right: bool) -> Cell {
    let text = name.cloned().unwrap_or_default();
    Cell { words: vec![Words { text, colour: INK, bold: true, scale: 1.0, whole: false }], right }
}

fn cell(value: &Value) -> Cell {
    let words =
        |text: String, whole: bool| Words { text, colour: colour(value), bold: is_bold(value), scale: 1.0, whole };
    match value {
        Value::Between { value, lower, upper, unit, .. } => {
            let range = format!("{} to {}", unit.format(*lower), unit.format(*upper));
            let range = Words { text: range, colour: SOFT, bold: false, scale: 0.88, whole: true };
            Cell { words: vec![words(unit.format(*value), true), range], right: true }
        }
        Value::Number { .. } => Cell { words: vec![words(value.to_string(), true)], right: true },
        Value::Date(_) | Value::Verdict(_) => Cell { words: vec![words(value.to_string(), true)], right: false },
        Value::Text(_) | Value::Unknown { .. } | Value::NotApplicable => {
            Cell { words: vec![words(value.to_string(), false)], right: false }
        }
    }
}
