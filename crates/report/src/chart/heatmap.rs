//! Values by row and column.

use super::Heatmap;
use super::canvas::{Canvas, Drawn, Rect, SMALL, Side};
use super::draw::Picture;
use super::font;
use super::head::{Entry, Mark};
use super::theme::{HEAT_STEPS, Ink};
use super::tick_format::short;
use crate::Unit;

const HEADINGS: f64 = 20.0;
/// Headings of a last column that sums up its row.
const TOTALS: [&str; 3] = ["Year", "Total", "YTD"];
const TOTAL_GAP: f64 = 6.0;
/// Space that digits leave on either side of a cell.
const CELL_MARGIN: f64 = 2.0;

impl Picture for Heatmap {
    fn entries(&self) -> Vec<Entry> {
        let limit = self.limit();
        if limit == 0.0 {
            return Vec::new();
        }
        let beyond = |sign: f64| self.inner_cells().any(|value| value * sign > limit);
        let name = |value: f64, words: &str| {
            let words = if beyond(value.signum()) { words } else { "" };
            format!("{}{words}", short(&self.unit, value))
        };
        vec![
            Entry::new(name(-limit, " or less"), Mark::Fill(Ink::heat(false, HEAT_STEPS))),
            Entry::new(name(limit, " or more"), Mark::Fill(Ink::heat(true, HEAT_STEPS))),
        ]
    }

    fn height(&self, _width: f64, narrow: bool) -> f64 {
        let row = if narrow { 22.0 } else { 24.0 };
        (HEADINGS + row * self.rows.len() as f64).max(60.0)
    }

    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn {
        let grid = Grid::new(self, body);
        let limit = self.limit();
        let mut cells: Vec<(bool, usize, Rect)> = Vec::new();
        for (row, values) in self.cells.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                match value {
                    Some(value) if !(self.has_total() && column + 1 == self.columns.len()) => {
                        cells.push((*value >= 0.0, step(*value, limit), grid.cell(row, column)));
                    }
                    Some(_) => canvas.rect(Ink::EMPTY, grid.cell(row, column))?,
                    None => {}
                }
            }
        }
        // One path a colour.
        cells.sort_by_key(|(gain, step, _)| (*gain, *step));
        for (gain, step, rect) in cells {
            canvas.rect(Ink::heat(gain, step), rect)?;
        }
        self.draw_words(canvas, &grid)
    }
}

impl Heatmap {
    fn has_total(&self) -> bool {
        self.columns.len() > 1 && self.columns.last().is_some_and(|name| TOTALS.contains(&name.as_str()))
    }

    /// The values without totals.
    fn inner_cells(&self) -> impl Iterator<Item = f64> {
        let columns = self.columns.len() - usize::from(self.has_total());
        self.cells.iter().flat_map(move |row| row.iter().take(columns)).filter_map(|cell| *cell)
    }

    /// The size at which colour is full: that which one value in twenty exceeds, totals left out.
    fn limit(&self) -> f64 {
        let mut sizes: Vec<f64> = self.inner_cells().map(f64::abs).collect();
        sizes.sort_by(f64::total_cmp);
        let rank = (sizes.len() * 19).div_ceil(20).saturating_sub(1);
        let usual = sizes.get(rank).copied().unwrap_or(0.0);
        if usual > 0.0 { usual } else { sizes.last().copied().unwrap_or(0.0) }
    }

    fn draw_words(&self, canvas: &Canvas<'_>, grid: &Grid) -> Drawn {
        let size = if canvas.narrow { 9.0 } else { SMALL };
        for (column, name) in self.columns.iter().enumerate() {
            let cell = grid.cell(0, column);
            let name = font::elided(name, size, cell.width() + 1.0);
            let middle = (cell.left + cell.right) / 2.0;
            canvas.text(Ink::MUTED, size, Side::Middle, middle, cell.top - 9.0, &name)?;
        }
        for (row, name) in self.rows.iter().enumerate() {
            let cell = grid.cell(row, 0);
            let name = font::elided(name, SMALL, grid.names);
            canvas.text(Ink::MUTED, SMALL, Side::Right, cell.left - 6.0, (cell.top + cell.bottom) / 2.0, &name)?;
        }
        let Some((size, written)) = self.written(grid.cell(0, 0).width() - CELL_MARGIN) else { return Ok(()) };
        let total = self.has_total().then(|| self.columns.len() - 1);
        for (row, words) in written.iter().enumerate() {
            for (column, word) in words.iter().enumerate().filter(|(_, word)| !word.is_empty()) {
                let cell = grid.cell(row, column);
                let ink = if total == Some(column) { Ink::STRONG } else { Ink::TEXT };
                let (x, y) = ((cell.left + cell.right) / 2.0, (cell.top + cell.bottom) / 2.0);
                canvas.text(ink, size, Side::Middle, x, y, word)?;
            }
        }
        Ok(())
    }

    /// The numbers as they fit `room` pixels, in a size that fits, with as many decimals as fit; `None` where not even
    /// whole numbers would.
    fn written(&self, room: f64) -> Option<(f64, Vec<Vec<String>>)> {
        let (most, scale) = match self.unit {
            Unit::Percent { decimals } => (decimals.min(2), 100.0),
            Unit::Number { decimals } => (decimals.min(4), 1.0),
            Unit::PValue => (3, 1.0),
            Unit::Money(_) => (0, 1.0),
        };
        let fewest = if matches!(self.unit, Unit::Percent { .. }) { 0 } else { most.min(1) };
        for decimals in (fewest..=most).rev() {
            let unit = Unit::Number { decimals };
            let write = |value: &Option<f64>| value.map_or(String::new(), |value| unit.format(value * scale));
            let words: Vec<Vec<String>> = self.cells.iter().map(|row| row.iter().map(write).collect()).collect();
            let widest = words.iter().flatten().map(|word| font::width(word, 1.0)).fold(0.0, f64::max);
            let size = if widest > 0.0 { (room / widest).min(10.5) } else { SMALL };
            if size >= if decimals == fewest { 7.5 } else { 8.5 } {
                return Some(((size * 10.0).floor() / 10.0, words));
            }
        }
        None
    }
}

/// How many of [`HEAT_STEPS`] `value` is away from zero; a value that is not zero is at least one.
fn step(value: f64, limit: f64) -> usize {
    if value == 0.0 || limit == 0.0 {
        return 0;
    }
    let part = (value.abs() / limit).min(1.0) * HEAT_STEPS as f64;
    (part.round() as usize).clamp(1, HEAT_STEPS)
}

/// Where the cells are.
struct Grid {
    left: f64,
    top: f64,
    names: f64,
    across: f64,
    down: f64,
    columns: usize,
    total: bool,
}

impl Grid {
    fn new(chart: &Heatmap, body: Rect) -> Self {
        let widest = chart.rows.iter().map(|name| font::width(name, SMALL)).fold(0.0, f64::max);
        let names = widest.min(body.width() * 0.35);
        let left = body.left + names + 6.0;
        let total = chart.has_total();
        let gap = if total { TOTAL_GAP } else { 0.0 };
        let across = (body.right - left - gap) / chart.columns.len() as f64;
        let down = (body.height() - HEADINGS) / chart.rows.len() as f64;
        Self { left, top: body.top + HEADINGS, names, across, down, columns: chart.columns.len(), total }
    }

    fn cell(&self, row: usize, column: usize) -> Rect {
        let gap = if self.total && column + 1 == self.columns { TOTAL_GAP } else { 0.0 };
        let left = self.left + self.across * column as f64 + gap;
        let top = self.top + self.down * row as f64;
        Rect { left: left + 0.5, top: top + 0.5, right: left + self.across - 0.5, bottom: top + self.down - 0.5 }
    }
}
