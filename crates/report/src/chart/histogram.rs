//! A distribution.

use super::Histogram;
use super::canvas::{Canvas, Drawn, Rect, SMALL, Side};
use super::draw::Picture;
use super::font;
use super::head::Entry;
use super::lines::{extent, value_axis};
use super::plot::{Axis, FOOT, Plot, columns_for, rows_for};
use super::scale::Scale;
use super::theme::Ink;
use super::tick_format::short;
use crate::Unit;

const ROW: f64 = 15.0;

impl Picture for Histogram {
    fn entries(&self) -> Vec<Entry> {
        Vec::new()
    }

    fn height(&self, _width: f64, narrow: bool) -> f64 {
        if narrow { 220.0 } else { 260.0 }
    }

    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn {
        let (low, high) = extent(self.edges.iter().copied().chain(self.markers.iter().map(|marker| marker.value)));
        let most = self.counts.iter().copied().max().unwrap_or(0).max(1);
        let counts = Scale::linear(0.0, most as f64, rows_for(body.height()).min(most));
        let counts = value_axis(&Unit::WHOLE, counts);
        let left = body.left + counts.room() + 7.0;
        let scale = Scale::tight(low, high, columns_for(body.right - left, 34.0));
        // The plane is needed to place the labels, and the labels to know its height: its width is the same in both.
        let flat = Rect { left, top: body.top, right: body.right - 4.0, bottom: body.bottom - FOOT };
        let draft = Plot::bare(canvas, flat, scale.clone(), counts.scale.clone());
        let labels = self.place_markers(&draft);
        let rows = labels.iter().map(|label| label.row + 1).max().unwrap_or(0);
        let top = body.top + 5.0 + ROW * rows as f64;
        let plot = Plot::bare(canvas, Rect { top, ..flat }, scale.clone(), counts.scale.clone());
        plot.draw_rows(&counts)?;
        self.draw_bins(&plot)?;
        let values = value_axis(&self.unit, scale);
        let caption = values.caption.clone();
        plot.draw_columns(&Axis { caption: None, ..values }, body)?;
        if let Some(caption) = caption {
            canvas.text(Ink::MUTED, SMALL, Side::Right, plot.rect.right, plot.rect.bottom - 8.0, &caption)?;
        }
        for label in labels {
            let y = top - 3.0 - ROW * (label.row as f64 + 0.5);
            canvas.segment(Ink::MARKER, (label.x, plot.rect.bottom), (label.x, y - 5.0))?;
            canvas.text(Ink::TEXT, SMALL, label.side, label.start, y, &label.words)?;
        }
        Ok(())
    }
}

/// Where the words of a marker stand above the plot.
struct Placed {
    words: String,
    x: f64,
    start: f64,
    side: Side,
    left: f64,
    right: f64,
    row: usize,
}

impl Histogram {
    fn draw_bins(&self, plot: &Plot<'_, '_>) -> Drawn {
        for (edge, count) in self.edges.windows(2).zip(&self.counts).filter(|(_, count)| **count > 0) {
            let (left, right) = (plot.x(edge[0]), plot.x(edge[1]));
            let gap = if right - left > 4.0 { 0.5 } else { 0.0 };
            let rect =
                Rect { left: left + gap, right: right - gap, top: plot.y(*count as f64), bottom: plot.rect.bottom };
            plot.canvas.rect(Ink::BIN, rect)?;
        }
        Ok(())
    }

    /// Gives each marker, from right to left, the lowest row above the plot where its words touch neither other words
    /// nor another marker's line.
    fn place_markers(&self, plot: &Plot<'_, '_>) -> Vec<Placed> {
        let mut markers: Vec<(f64, String)> = self
            .markers
            .iter()
            .map(|marker| (plot.x(marker.value), format!("{} {}", marker.name, short(&self.unit, marker.value))))
            .collect();
        markers.sort_by(|a, b| b.0.total_cmp(&a.0));
        let count = markers.len();
        let mut placed: Vec<Placed> = Vec::new();
        for index in 0..count {
            let (x, words) = &markers[index];
            let words = font::elided(words, SMALL, plot.rect.width() / 2.0 - 6.0);
            let width = font::width(&words, SMALL);
            let (right, left) = (x + 5.0 + width, x - 5.0 - width);
            let covers_next = markers[index + 1..].iter().any(|(next, _)| *next >= left - 3.0);
            let free = |left, right, row| placed.iter().all(|other| !other.meets(left, right, *x, row));
            // Words over lines that are still to come must stay above them, beyond the rows those can reach.
            let above = if covers_next { 3 * count - index } else { 0 };
            let rightwards = (0..3 * count).find(|row| right <= plot.rect.right + 4.0 && free(x + 5.0, right, *row));
            let leftwards = (above..7 * count).find(|row| left >= plot.rect.left && free(left, x - 5.0, *row));
            let (row, side) = match (rightwards, leftwards) {
                (Some(right), Some(left)) if left < right => (left, Side::Right),
                (Some(right), _) => (right, Side::Left),
                (None, Some(left)) => (left, Side::Right),
                (None, None) => (7 * count + index, if right <= plot.rect.right { Side::Left } else { Side::Right }),
            };
            let (start, left, right) =
                if side == Side::Left { (x + 5.0, x + 5.0, right) } else { (x - 5.0, left, x - 5.0) };
            placed.push(Placed { words, x: *x, start, side, left, right, row });
        }
        let mut rows: Vec<usize> = placed.iter().map(|label| label.row).collect();
        rows.sort_unstable();
        rows.dedup();
        for label in &mut placed {
            label.row = rows.partition_point(|row| *row < label.row);
        }
        placed
    }
}

impl Placed {
    /// Whether words from `left` to `right` in `row`, with a line at `x`, would touch these words or this line.
    fn meets(&self, left: f64, right: f64, x: f64, row: usize) -> bool {
        let words = self.row == row && left < self.right + 6.0 && self.left < right + 6.0;
        let its_line = self.row >= row && (left - 3.0..=right + 3.0).contains(&self.x);
        let own_line = row >= self.row && (self.left - 3.0..=self.right + 3.0).contains(&x);
        words || its_line || own_line
    }
}
