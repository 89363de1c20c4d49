//! Named values side by side.

use super::Bars;
use super::canvas::{Canvas, Drawn, Rect, SMALL, Side, TEXT_SIZE};
use super::draw::Picture;
use super::font;
use super::head::Entry;
use super::lines::{extent, value_axis};
use super::plot::{FOOT, Plot, columns_for};
use super::scale::Scale;
use super::theme::Ink;
use super::tick_format::short;

const ROW: f64 = 26.0;
/// A row whose name stands above its bar.
const TALL_ROW: f64 = 38.0;
const THICKNESS: f64 = 14.0;

impl Picture for Bars {
    fn entries(&self) -> Vec<Entry> {
        Vec::new()
    }

    fn height(&self, width: f64, _narrow: bool) -> f64 {
        let row = if self.names_above(width) { TALL_ROW } else { ROW };
        (row * self.bars.len() as f64 + FOOT + 4.0).max(80.0)
    }

    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn {
        let above = self.names_above(body.width());
        let names = if above { 0.0 } else { self.widest_name() + 10.0 };
        // What is rounding beside the longest bar is written as nothing.
        let longest = self.bars.iter().map(|bar| bar.value.abs()).fold(0.0, f64::max);
        let seen = |value: f64| if value.abs() < 1e-9 * longest { 0.0 } else { value };
        let words: Vec<String> = self.bars.iter().map(|bar| short(&self.unit, seen(bar.value))).collect();
        let room = |negative: bool| {
            let these = self.bars.iter().zip(&words).filter(|(bar, _)| (bar.value < 0.0) == negative);
            these.map(|(_, words)| font::width(words, SMALL) + 8.0).fold(0.0, f64::max)
        };
        let rect = Rect {
            left: body.left + names + room(true),
            top: body.top,
            right: body.right - room(false).max(8.0),
            bottom: body.bottom - FOOT,
        };
        let ends = self.bars.iter().flat_map(|bar| {
            let (lower, upper) = bar.interval.unwrap_or((bar.value, bar.value));
            [0.0, bar.value, lower, upper]
        });
        let (low, high) = extent(ends);
        let values = value_axis(&self.unit, Scale::linear(low, high, columns_for(rect.width(), 40.0)));
        let row = rect.height() / self.bars.len() as f64;
        let across = Plot::bare(canvas, rect, values.scale.clone(), Scale::exact(0.0, 1.0, Vec::new()));
        for tick in values.scale.ticks() {
            canvas.segment(Ink::GRID, (across.x(*tick), rect.top), (across.x(*tick), rect.bottom))?;
        }
        self.draw_bars(&across, row, above)?;
        let zero = across.x(0.0);
        canvas.segment(Ink::AXIS, (zero, rect.top), (zero, rect.bottom))?;
        for (index, (bar, words)) in self.bars.iter().zip(&words).enumerate() {
            let top = rect.top + row * index as f64;
            let y = middle(top, row, above);
            let (lower, upper) = bar.interval.unwrap_or((bar.value, bar.value));
            let (side, x) = if bar.value < 0.0 {
                (Side::Right, across.x(lower.min(bar.value)) - 6.0)
            } else {
                (Side::Left, across.x(upper.max(bar.value)) + 6.0)
            };
            canvas.text(Ink::LABEL, SMALL, side, x, y, words)?;
            if above {
                let name = font::elided(&bar.name, TEXT_SIZE, body.width());
                canvas.text(Ink::LABEL, TEXT_SIZE, Side::Left, body.left, top + 9.0, &name)?;
            } else {
                canvas.text(Ink::TEXT, TEXT_SIZE, Side::Left, body.left, y, &bar.name)?;
            }
        }
        // Every bar says its unit.
        across.draw_columns(&values.with_caption(None), body)
    }
}

impl Bars {
    fn widest_name(&self) -> f64 {
        self.bars.iter().map(|bar| font::width(&bar.name, TEXT_SIZE)).fold(0.0, f64::max)
    }

    /// Whether names are too long to stand beside the bars.
    fn names_above(&self, width: f64) -> bool {
        self.widest_name() > 0.36 * width
    }

    fn draw_bars(&self, across: &Plot<'_, '_>, row: f64, above: bool) -> Drawn {
        let zero = across.x(0.0);
        let half = (THICKNESS / 2.0).min(row * 0.4);
        let mut whiskers: Vec<[(f64, f64); 2]> = Vec::new();
        let mut rects: Vec<(bool, Rect)> = Vec::new();
        for (index, bar) in self.bars.iter().enumerate() {
            let y = middle(across.rect.top + row * index as f64, row, above);
            let end = across.x(bar.value);
            let rect = Rect { left: zero.min(end), right: zero.max(end), top: y - half, bottom: y + half };
            rects.push((bar.value < 0.0, rect));
            if let Some((lower, upper)) = bar.interval {
                let (from, to) = (across.x(lower), across.x(upper));
                whiskers.push([(from, y), (to, y)]);
                whiskers.extend([from, to].map(|x| [(x, y - 3.5), (x, y + 3.5)]));
            }
        }
        // One path a colour.
        rects.sort_by_key(|(negative, _)| *negative);
        for (negative, rect) in rects {
            across.canvas.rect(if negative { Ink::LOSS } else { Ink::GAIN }, rect)?;
        }
        whiskers.iter().try_for_each(|[from, to]| across.canvas.segment(Ink::WHISKER, *from, *to))
    }
}

/// The height at which a bar lies in its row.
fn middle(top: f64, row: f64, above: bool) -> f64 {
    if above { top + row - THICKNESS / 2.0 - 4.0 } else { top + row / 2.0 }
}
