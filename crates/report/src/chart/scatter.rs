//! Points in a plane.

use super::Scatter;
use super::canvas::{Canvas, Drawn, Rect, Side, TEXT_SIZE};
use super::draw::Picture;
use super::font;
use super::head::Entry;
use super::lines::{extent, value_axis};
use super::plot::{Axis, CAPTION, FOOT, Plot, columns_for, rows_for};
use super::scale::Scale;
use super::theme::Ink;
use super::tick_format::TickFormat;

const RADIUS: f64 = 4.0;
const STRONG_RADIUS: f64 = 6.0;

impl Picture for Scatter {
    fn entries(&self) -> Vec<Entry> {
        Vec::new()
    }

    fn height(&self, _width: f64, narrow: bool) -> f64 {
        if narrow { 290.0 } else { 360.0 }
    }

    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn {
        let xs = roomy(self.curve.iter().map(|point| point.0).chain(self.points.iter().map(|point| point.x)));
        let ys = roomy(self.curve.iter().map(|point| point.1).chain(self.points.iter().map(|point| point.y)));
        let y = value_axis(&self.y_unit, Scale::linear(ys.0, ys.1, rows_for(body.height())));
        let y = y.clone().with_caption(named(&self.y_name, y.caption));
        let rect = Rect {
            left: body.left + y.room() + 7.0,
            top: body.top + CAPTION + 5.0,
            right: body.right - 8.0,
            bottom: body.bottom - FOOT - CAPTION,
        };
        let scale = Scale::linear(xs.0, xs.1, columns_for(rect.width(), 34.0));
        let x = measured_axis(&self.x_name, &self.x_unit, scale);
        let plot = Plot::bare(canvas, rect, x.scale.clone(), y.scale.clone());
        plot.draw_rows(&y)?;
        plot.draw_columns(&x, body)?;
        for axis in [(&x.scale, true), (&y.scale, false)] {
            self.draw_zero(&plot, axis.0, axis.1)?;
        }
        if !self.curve.is_empty() {
            plot.line(Ink::line(0), Ink::point(0), self.curve.clone())?;
        }
        self.draw_points(&plot, body)
    }
}

impl Scatter {
    /// A line at zero, where zero is within the plane and not at its edge.
    fn draw_zero(&self, plot: &Plot<'_, '_>, scale: &Scale, upright: bool) -> Drawn {
        if !(scale.low() < 0.0 && scale.high() > 0.0) {
            return Ok(());
        }
        if upright {
            let x = plot.x(0.0);
            plot.canvas.segment(Ink::AXIS, (x, plot.rect.top), (x, plot.rect.bottom))
        } else {
            plot.level(Ink::AXIS, 0.0)
        }
    }

    /// Dots, and beside each its name where that touches nothing; the emphasised first. A name that finds no free place
    /// is left to the table.
    fn draw_points(&self, plot: &Plot<'_, '_>, body: Rect) -> Drawn {
        let place = |index: usize| {
            let point = &self.points[index];
            let radius = if point.emphasised { STRONG_RADIUS } else { RADIUS };
            (plot.x(point.x), plot.y(point.y), radius)
        };
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        order.sort_by_key(|index| !self.points[*index].emphasised);
        for &index in order.iter().rev() {
            let (x, y, radius) = place(index);
            let ink = if self.points[index].emphasised { Ink::point(1) } else { Ink::DOT };
            plot.canvas.dot(ink, x, y, radius)?;
        }
        let dots = order.iter().map(|index| {
            let (x, y, r) = place(*index);
            Rect { left: x - r, top: y - r, right: x + r, bottom: y + r }
        });
        let mut taken: Vec<Rect> = dots.collect();
        let curve: Vec<(f64, f64)> = self.curve.iter().map(|(x, y)| (plot.x(*x), plot.y(*y))).collect();
        let bounds = Rect { left: plot.rect.left, right: body.right, ..plot.rect };
        for index in order {
            let (x, y, radius) = place(index);
            let name = &self.points[index].name;
            let width = font::width(name, TEXT_SIZE);
            let free = |clear_of_curve: bool| {
                spots(x, y, radius, width).into_iter().find(|spot| {
                    bounds.holds(spot)
                        && !taken.iter().any(|other| other.overlaps(spot))
                        && !(clear_of_curve && crosses(&curve, spot))
                })
            };
            if let Some(spot) = free(true).or_else(|| free(false)) {
                let ink = if self.points[index].emphasised { Ink::NAME } else { Ink::LABEL };
                let middle = (spot.top + spot.bottom) / 2.0;
                plot.canvas.text(ink, TEXT_SIZE, Side::Left, spot.left, middle, name)?;
                taken.push(spot);
            }
        }
        Ok(())
    }
}

/// Places for words of this width about a dot, the best first: beside it, above, under, and across its corners, then
/// further out.
fn spots(x: f64, y: f64, radius: f64, width: f64) -> Vec<Rect> {
    let half = TEXT_SIZE * 0.5;
    let mut out = Vec::with_capacity(16);
    for far in [0.0, 8.0] {
        let (dx, dy) = (radius + 4.0 + far, radius + 3.0 + half + far);
        let slant = radius * 0.7 + 3.0 + far;
        for (left, middle) in [
            (x + dx, y),
            (x - dx - width, y),
            (x - width / 2.0, y - dy),
            (x - width / 2.0, y + dy),
            (x + slant, y - slant - half),
            (x + slant, y + slant + half),
            (x - slant - width, y - slant - half),
            (x - slant - width, y + slant + half),
        ] {
            out.push(Rect { left, top: middle - half - 1.0, right: left + width, bottom: middle + half + 1.0 });
        }
    }
    out
}

/// Whether a line through `points` enters `rect`, seen at steps of two pixels.
fn crosses(points: &[(f64, f64)], rect: &Rect) -> bool {
    let inside = |x: f64, y: f64| {
        let spot = Rect { left: x - 1.0, top: y - 1.0, right: x + 1.0, bottom: y + 1.0 };
        rect.overlaps(&spot)
    };
    points.windows(2).any(|pair| {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let beside =
            x0.max(x1) < rect.left || x0.min(x1) > rect.right || y0.max(y1) < rect.top || y0.min(y1) > rect.bottom;
        if beside {
            return false;
        }
        let steps = ((x1 - x0).abs().max((y1 - y0).abs()) / 2.0).ceil().clamp(1.0, 4_000.0);
        (0..=steps as usize).any(|step| {
            let part = step as f64 / steps;
            inside(x0 + (x1 - x0) * part, y0 + (y1 - y0) * part)
        })
    })
}

/// Lowest and highest of `values` with room for a dot at either end.
fn roomy(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = extent(values);
    // Halves first, so that no difference overflows.
    let room = (high / 2.0 - low / 2.0) * 0.06;
    (low - room, high + room)
}

/// A horizontal axis with its name under it.
pub(super) fn measured_axis(name: &str, unit: &crate::Unit, scale: Scale) -> Axis {
    let format = TickFormat::new(unit, &scale);
    Axis::new(scale, |tick| format.write(tick)).with_caption(named(name, format.caption()))
}

fn named(name: &str, unit: Option<String>) -> Option<String> {
    Some(match unit {
        Some(unit) if name.is_empty() => unit,
        Some(unit) => format!("{name}, {unit}"),
        None => name.to_owned(),
    })
}
