//! Series over time.

use jiff::civil::Date;

use super::calendar::{day_number, ticks};
use super::canvas::{Canvas, Drawn, Rect, SMALL, Side, TEXT_SIZE};
use super::draw::Picture;
use super::font;
use super::head::{Entry, Mark};
use super::plot::{Axis, CAPTION, FOOT, Plot, rows_for};
use super::scale::Scale;
use super::theme::{Ink, SERIES};
use super::tick_format::{TickFormat, short};
use super::{Line, Lines};

const STRIP: f64 = 16.0;

/// The last value of a line that runs to the end, or nearly.
struct End {
    index: usize,
    day: f64,
    value: f64,
    label: String,
}

impl Picture for Lines {
    fn entries(&self) -> Vec<Entry> {
        if self.lines.len() == 1 {
            return Vec::new();
        }
        let shown = self.lines.iter().take(SERIES).enumerate().map(|(index, line)| {
            let mark = if line.filled {
                Mark::FilledLine(Ink::area(index), Ink::line(index))
            } else {
                Mark::Line(Ink::line(index))
            };
            Entry::new(&line.name, mark)
        });
        let mut entries: Vec<Entry> = shown.collect();
        let more = self.lines.len().saturating_sub(SERIES);
        if more > 0 {
            entries.push(Entry::new(format!("{more} more"), Mark::Line(Ink::OTHER)));
        }
        entries
    }

    fn height(&self, _width: f64, narrow: bool) -> f64 {
        let all_filled = self.lines.iter().all(|line| line.filled);
        match (all_filled, narrow) {
            (true, false) => 210.0,
            (true, true) => 180.0,
            (false, false) => 300.0,
            (false, true) => 230.0,
        }
    }

    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn {
        let Some((first, last)) = span(&self.lines) else { return Ok(()) };
        let y = self.values_axis(body.height());
        let ends = self.ends(canvas.narrow, first, last);
        let end_room = ends.iter().map(|end| font::width(&end.label, TEXT_SIZE) + 8.0).fold(4.0, f64::max);
        let strip = if self.shades.is_empty() { 0.0 } else { STRIP };
        let caption = if y.caption.is_some() { CAPTION } else { 0.0 };
        let rect = Rect {
            left: body.left + y.room() + 7.0,
            top: body.top + 5.0 + strip + caption,
            right: body.right - end_room,
            bottom: body.bottom - FOOT,
        };
        let x = time_axis(first, last, rect.width(), canvas.narrow);
        let plot = Plot::bare(canvas, rect, x.scale.clone(), y.scale.clone());
        self.draw_shades(&plot, first, last)?;
        plot.draw_rows(&y)?;
        self.draw_lines(&plot, &y.scale)?;
        plot.draw_columns(&x, body)?;
        if let Some(level) = self.reference {
            plot.level(Ink::REFERENCE, level)?;
        }
        draw_ends(&plot, &ends)
    }
}

impl Lines {
    fn values_axis(&self, height: f64) -> Axis {
        let base = self.lines.iter().any(|line| line.filled).then(|| self.reference.unwrap_or(0.0));
        let all = self.lines.iter().flat_map(|line| line.values.iter().copied()).chain(self.reference).chain(base);
        let (low, high) = extent(all);
        let rows = rows_for(height);
        let scale = if self.logarithmic { Scale::logarithmic(low, high, rows) } else { Scale::linear(low, high, rows) };
        value_axis(&self.unit, scale)
    }

    /// What the last values are, where there is room to say so.
    fn ends(&self, narrow: bool, first: Date, last: Date) -> Vec<End> {
        if narrow || self.lines.len() > 6 {
            return Vec::new();
        }
        let near = day_number(last) - 0.02 * (day_number(last) - day_number(first));
        let ends = self.lines.iter().enumerate().filter_map(|(index, line)| {
            let (day, value) = (day_number(*line.dates.last()?), *line.values.last()?);
            (day >= near).then(|| End { index, day, value, label: short(&self.unit, value) })
        });
        ends.collect()
    }

    fn draw_lines(&self, plot: &Plot<'_, '_>, y: &Scale) -> Drawn {
        for (index, line) in self.lines.iter().enumerate().rev() {
            let points = || line.dates.iter().zip(&line.values).map(|(date, value)| (day_number(*date), *value));
            if line.filled && index < SERIES {
                let base = self.reference.unwrap_or(0.0).max(if y.is_logarithmic() { y.low() } else { f64::MIN });
                let mut outline: Vec<(f64, f64)> = points().collect();
                if let (Some(first), Some(last)) = (outline.first().copied(), outline.last().copied()) {
                    outline.extend([(last.0, base), (first.0, base)]);
                }
                plot.surface(Ink::area(index), outline)?;
            }
            let ink = if index < SERIES { Ink::line(index) } else { Ink::OTHER };
            plot.line(ink, Ink::point(index), points().collect())?;
        }
        Ok(())
    }

    /// Bands of time, with their names above the plot where they find room, in the order of the list.
    fn draw_shades(&self, plot: &Plot<'_, '_>, first: Date, last: Date) -> Drawn {
        let mut named: Vec<(f64, f64)> = Vec::new();
        for shade in self.shades.iter().filter(|shade| shade.from <= last && shade.to >= first) {
            let (from, to) = (plot.x(day_number(shade.from.max(first))), plot.x(day_number(shade.to.min(last))));
            let band = Rect { left: from, right: to.max(from + 1.0), ..plot.rect };
            plot.canvas.rect(Ink::SHADE, band)?;
        }
        for shade in self.shades.iter().filter(|shade| shade.from <= last && shade.to >= first) {
            let (from, to) = (plot.x(day_number(shade.from.max(first))), plot.x(day_number(shade.to.min(last))));
            let half = font::width(&shade.name, SMALL) / 2.0;
            let middle = ((from + to) / 2.0).max(plot.rect.left + half).min(plot.rect.right - half);
            let (left, right) = (middle - half, middle + half);
            let free = named.iter().all(|(start, end)| right + 8.0 < *start || left > end + 8.0);
            if free && left >= plot.rect.left - 0.5 {
                named.push((left, right));
                plot.canvas.text(Ink::MUTED, SMALL, Side::Middle, middle, plot.rect.top - 9.0, &shade.name)?;
            }
        }
        Ok(())
    }
}

/// The numbers at the right end of the lines, moved apart where they would touch.
fn draw_ends(plot: &Plot<'_, '_>, ends: &[End]) -> Drawn {
    let mut placed: Vec<(f64, &End)> = ends.iter().map(|end| (plot.y(end.value), end)).collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let gap = TEXT_SIZE + 3.0;
    for index in 1..placed.len() {
        placed[index].0 = placed[index].0.max(placed[index - 1].0 + gap);
    }
    let mut limit = plot.rect.bottom;
    for place in placed.iter_mut().rev() {
        place.0 = place.0.min(limit);
        limit = place.0 - gap;
    }
    for (y, end) in placed {
        let ink = Ink::point(end.index);
        plot.canvas.dot(ink, plot.x(end.day), plot.y(end.value), 2.5)?;
        plot.canvas.text(ink, TEXT_SIZE, Side::Left, plot.rect.right + 7.0, y, &end.label)?;
    }
    Ok(())
}

/// Lowest and highest of `values`.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// The vertical axis for values of `unit`.
pub(super) fn value_axis(unit: &crate::Unit, scale: Scale) -> Axis {
    let format = TickFormat::new(unit, &scale);
    Axis::new(scale, |tick| format.write(tick)).with_caption(format.caption())
}

/// The horizontal axis from `first` to `last` over `room` pixels.
pub(super) fn time_axis(first: Date, last: Date, room: f64, narrow: bool) -> Axis {
    let ticks = ticks(first, last, room, TEXT_SIZE, if narrow { 5 } else { 10 });
    let (low, high) = (day_number(first), day_number(last));
    let (low, high) = if low < high { (low, high) } else { (low - 1.0, high + 1.0) };
    Axis {
        scale: Scale::exact(low, high, ticks.iter().map(|tick| tick.day).collect()),
        labels: ticks.into_iter().map(|tick| (tick.day, tick.label)).collect(),
        caption: None,
    }
}

fn span(lines: &[Line]) -> Option<(Date, Date)> {
    let first = lines.iter().filter_map(|line| line.dates.first().copied()).min()?;
    let last = lines.iter().filter_map(|line| line.dates.last().copied()).max()?;
    Some((first, last))
}
