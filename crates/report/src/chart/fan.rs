//! What was, and bands of what may come.

use super::Fan;
use super::calendar::day_number;
use super::canvas::{Canvas, Drawn, Rect};
use super::draw::Picture;
use super::head::{Entry, Mark};
use super::lines::{extent, time_axis, value_axis};
use super::plot::{CAPTION, FOOT, Plot, rows_for};
use super::scale::Scale;
use super::theme::{BANDS, Ink};
use crate::Unit;

impl Picture for Fan {
    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if !self.history.is_empty() {
            entries.push(Entry::new("History", Mark::Line(Ink::line(0))));
        }
        entries.push(Entry::new("Median", Mark::Line(Ink::MEDIAN)));
        for (index, band) in self.bands.iter().enumerate().rev() {
            let share = Unit::Percent { decimals: share_decimals(band.probability) }.format(band.probability);
            entries.push(Entry::new(format!("{share} of outcomes"), Mark::Bands(self.shade(0), self.shade(index))));
        }
        entries
    }

    fn height(&self, _width: f64, narrow: bool) -> f64 {
        if narrow { 240.0 } else { 300.0 }
    }

    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn {
        let (Some(&start), Some(&last)) = (self.dates.first(), self.dates.last()) else { return Ok(()) };
        let first = self.history.first().map_or(start, |(date, _)| *date);
        let bands = self.bands.iter().flat_map(|band| band.lower.iter().chain(&band.upper).copied());
        let (low, high) =
            extent(bands.chain(self.median.iter().copied()).chain(self.history.iter().map(|past| past.1)));
        let y = value_axis(&self.unit, Scale::linear(low, high, rows_for(body.height())));
        let caption = if y.caption.is_some() { CAPTION } else { 0.0 };
        let rect = Rect {
            left: body.left + y.room() + 7.0,
            top: body.top + 5.0 + caption,
            right: body.right - 6.0,
            bottom: body.bottom - FOOT,
        };
        let x = time_axis(first, last, rect.width(), canvas.narrow);
        let plot = Plot::bare(canvas, rect, x.scale.clone(), y.scale.clone());
        plot.draw_rows(&y)?;
        for (index, band) in self.bands.iter().enumerate() {
            let mut outline = self.future(&band.upper);
            outline.extend(self.future(&band.lower).into_iter().rev());
            plot.surface(Ink::band(self.shade(index)), outline)?;
        }
        plot.draw_columns(&x, body)?;
        if let Some((today, _)) = self.history.last() {
            let x = plot.x(day_number(*today));
            canvas.segment(Ink::REFERENCE, (x, rect.top), (x, rect.bottom))?;
        }
        plot.line(Ink::MEDIAN, Ink::point(0), self.future(&self.median))?;
        if self.history.is_empty() {
            return Ok(());
        }
        plot.line(Ink::line(0), Ink::point(0), self.history.iter().map(|past| (day_number(past.0), past.1)).collect())
    }
}

impl Fan {
    /// `values` over the future days, from the last known value on: today is certain.
    fn future(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let today = self.history.last().map(|past| (day_number(past.0), past.1));
        today.into_iter().chain(self.dates.iter().map(|date| day_number(*date)).zip(values.iter().copied())).collect()
    }

    /// The shade of the `index`th band: the innermost is the darkest.
    fn shade(&self, index: usize) -> usize {
        BANDS.saturating_sub(self.bands.len()) + index
    }
}

/// Decimals that show a probability in full, up to two.
pub(super) fn share_decimals(probability: f64) -> u8 {
    let share = probability * 100.0;
    (0..2)
        .find(|decimals| {
            let shifted = share * 10.0_f64.powi(i32::from(*decimals));
            (shifted - shifted.round()).abs() < 1e-6
        })
        .unwrap_or(2)
}
