//! What stands above every chart: its title and its legend.

use super::canvas::{Canvas, Drawn, Rect, Side, TEXT_SIZE};
use super::font;
use super::theme::Ink;

const TITLE_SIZE: f64 = 15.0;
const TITLE_LINE: f64 = 20.0;
const LEGEND_LINE: f64 = 18.0;
const SWATCH: f64 = 20.0;
const GAP: f64 = 6.0;
const BETWEEN: f64 = 18.0;

/// A name in the legend with what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) mark: Mark,
}

/// What the legend shows beside a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mark {
    Line(Ink),
    Fill(Ink),
    FilledLine(Ink, Ink),
    /// Bands of a fan over one another, from the first to the last of these shades.
    Bands(usize, usize),
}

impl Entry {
    pub(super) fn new(name: impl Into<String>, mark: Mark) -> Self {
        Self { name: name.into(), mark }
    }
}

/// Title and legend, laid out.
#[derive(Debug)]
pub(super) struct Head {
    title: Vec<String>,
    /// Entries with their places: left end, row.
    entries: Vec<(Entry, f64, usize)>,
    rows: usize,
    pad: f64,
}

impl Head {
    /// Lays out `title` and `entries` for a chart of this width with `pad` pixels around.
    pub(super) fn new(title: &str, entries: Vec<Entry>, width: f64, pad: f64) -> Self {
        let room = width - 2.0 * pad;
        // The strokes of synthetic bold reach a little further than those the font tells of.
        let title = font::wrapped(title, TITLE_SIZE * 1.03, room, 3);
        let (mut placed, mut x, mut row) = (Vec::with_capacity(entries.len()), 0.0, 0);
        for mut entry in entries {
            entry.name = font::elided(&entry.name, TEXT_SIZE, room - SWATCH - GAP);
            let needed = SWATCH + GAP + font::width(&entry.name, TEXT_SIZE);
            if x > 0.0 && x + needed > room {
                (x, row) = (0.0, row + 1);
            }
            placed.push((entry, pad + x, row));
            x += needed + BETWEEN;
        }
        let rows = if placed.is_empty() { 0 } else { row + 1 };
        Self { title, entries: placed, rows, pad }
    }

    /// Where the chart itself may begin.
    pub(super) fn height(&self) -> f64 {
        let legend = if self.rows == 0 { 0.0 } else { 4.0 + LEGEND_LINE * self.rows as f64 };
        self.pad + TITLE_LINE * self.title.len() as f64 + legend + 8.0
    }

    pub(super) fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        for (index, line) in self.title.iter().enumerate() {
            let y = self.pad + TITLE_LINE * (index as f64 + 0.5) - 2.0;
            canvas.text(Ink::TITLE, TITLE_SIZE, Side::Left, self.pad, y, line)?;
        }
        let top = self.pad + TITLE_LINE * self.title.len() as f64 + 4.0;
        for (entry, x, row) in &self.entries {
            let y = top + LEGEND_LINE * (*row as f64 + 0.5);
            let swatch = Rect { left: *x, top: y - 5.0, right: x + SWATCH, bottom: y + 5.0 };
            match entry.mark {
                Mark::Line(line) => canvas.segment(line, (*x, y), (x + SWATCH, y))?,
                Mark::Fill(area) => canvas.rect(area, swatch)?,
                Mark::Bands(first, last) => {
                    (first..=last).try_for_each(|shade| canvas.rect(Ink::band(shade), swatch))?;
                }
                Mark::FilledLine(area, line) => {
                    canvas.rect(area, Rect { top: y, ..swatch })?;
                    canvas.segment(line, (*x, y), (x + SWATCH, y))?;
                }
            }
            canvas.text(Ink::TEXT, TEXT_SIZE, Side::Left, x + SWATCH + GAP, y, &entry.name)?;
        }
        Ok(())
    }
}
