//! A plane with two axes.

use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::Ranged as _;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, PathElement, Polygon};

use super::backend::{GRID, SvgBackend};
use super::canvas::{Canvas, Drawn, Rect, SMALL, Side, TEXT_SIZE, fill, stroke, units};
use super::font;
use super::scale::Scale;
use super::theme::Ink;

/// Pixels under the plot for the labels of the horizontal axis.
pub(super) const FOOT: f64 = 22.0;
/// Pixels above or under the plot for the name of an axis.
pub(super) const CAPTION: f64 = 18.0;

/// An axis with what is written along it.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) scale: Scale,
    /// Values with their labels.
    pub(super) labels: Vec<(f64, String)>,
    /// What it measures, where the labels do not say it.
    pub(super) caption: Option<String>,
}

impl Axis {
    /// The axis whose ticks `write` writes.
    pub(super) fn new(scale: Scale, write: impl Fn(f64) -> String) -> Self {
        let labels = scale.ticks().iter().map(|tick| (*tick, write(*tick))).collect();
        Self { scale, labels, caption: None }
    }

    pub(super) fn with_caption(mut self, caption: Option<String>) -> Self {
        self.caption = caption.filter(|words| !words.is_empty());
        self
    }

    /// Pixels that the widest label takes.
    pub(super) fn room(&self) -> f64 {
        self.labels.iter().map(|(_, label)| font::width(label, TEXT_SIZE)).fold(0.0, f64::max)
    }
}

/// About how many ticks suit a vertical axis of so many pixels.
pub(super) fn rows_for(height: f64) -> usize {
    ((height / 52.0) as usize).clamp(3, 8)
}

/// About how many ticks suit a horizontal axis of so many pixels whose labels are about `label` pixels wide.
pub(super) fn columns_for(width: f64, label: f64) -> usize {
    ((width / (label + 34.0)) as usize).clamp(2, 10)
}

/// A plane with two axes on a canvas.
pub(super) struct Plot<'c, 'a> {
    pub(super) canvas: &'c Canvas<'a>,
    area: DrawingArea<SvgBackend<'a>, Cartesian2d<Scale, Scale>>,
    /// The plane without its axes.
    pub(super) rect: Rect,
}

impl<'c, 'a> Plot<'c, 'a> {
    /// The plane within `rect`, without anything on it.
    pub(super) fn bare(canvas: &'c Canvas<'a>, rect: Rect, x: Scale, y: Scale) -> Self {
        let across = units(rect.left)..units(rect.right);
        let upwards = units(rect.bottom)..units(rect.top);
        let area = canvas.root.apply_coord_spec(Cartesian2d::new(x, y, (across, upwards)));
        Self { canvas, area, rect }
    }

    /// Level grid lines with the labels of the vertical axis.
    pub(super) fn draw_rows(&self, axis: &Axis) -> Drawn {
        for (value, _) in &axis.labels {
            let y = self.y(*value);
            self.canvas.segment(Ink::GRID, (self.rect.left, y), (self.rect.right, y))?;
        }
        for (value, label) in &axis.labels {
            self.canvas.text(Ink::MUTED, TEXT_SIZE, Side::Right, self.rect.left - 7.0, self.y(*value), label)?;
        }
        axis.caption.as_ref().map_or(Ok(()), |caption| {
            let left = (self.rect.left - 7.0 - axis.room()).max(0.0);
            let caption = font::elided(caption, SMALL, self.rect.right - left);
            self.canvas.text(Ink::MUTED, SMALL, Side::Left, left, self.rect.top - 14.0, &caption)
        })
    }

    /// The line of the horizontal axis with its ticks and labels. A label that would leave `bounds` moves inwards, and
    /// goes where it would then touch its neighbour.
    pub(super) fn draw_columns(&self, axis: &Axis, bounds: Rect) -> Drawn {
        let bottom = self.rect.bottom;
        self.canvas.segment(Ink::AXIS, (self.rect.left, bottom), (self.rect.right, bottom))?;
        for (value, _) in &axis.labels {
            self.canvas.segment(Ink::AXIS, (self.x(*value), bottom), (self.x(*value), bottom + 4.0))?;
        }
        let mut used = f64::NEG_INFINITY;
        for (value, label) in &axis.labels {
            let half = font::width(label, TEXT_SIZE) / 2.0;
            let x = self.x(*value).max(bounds.left + half).min(bounds.right - half);
            if x - half >= used + 6.0 {
                used = x + half;
                self.canvas.text(Ink::MUTED, TEXT_SIZE, Side::Middle, x, bottom + 14.0, label)?;
            }
        }
        axis.caption.as_ref().map_or(Ok(()), |caption| {
            let caption = font::elided(caption, SMALL, self.rect.width());
            self.canvas.text(Ink::MUTED, SMALL, Side::Right, self.rect.right, bottom + 30.0, &caption)
        })
    }

    /// Where `value` is, in pixels from the left.
    pub(super) fn x(&self, value: f64) -> f64 {
        let limits = (units(self.rect.left), units(self.rect.right));
        f64::from(self.area.as_coord_spec().x_spec().map(&value, limits)) / GRID
    }

    /// Where `value` is, in pixels from the top.
    pub(super) fn y(&self, value: f64) -> f64 {
        let limits = (units(self.rect.bottom), units(self.rect.top));
        f64::from(self.area.as_coord_spec().y_spec().map(&value, limits)) / GRID
    }

    /// A line through these values; a dot where there is only one.
    pub(super) fn line(&self, ink: Ink, dot: Ink, points: Vec<(f64, f64)>) -> Drawn {
        if let [(x, y)] = points[..] {
            self.area.draw(&Circle::new((x, y), units(3.0), fill(dot))).map_err(|error| error.to_string())
        } else {
            self.area.draw(&PathElement::new(points, stroke(ink))).map_err(|error| error.to_string())
        }
    }

    /// The surface within these values.
    pub(super) fn surface(&self, ink: Ink, points: Vec<(f64, f64)>) -> Drawn {
        self.area.draw(&Polygon::new(points, fill(ink))).map_err(|error| error.to_string())
    }

    /// A level line across.
    pub(super) fn level(&self, ink: Ink, value: f64) -> Drawn {
        self.canvas.segment(ink, (self.rect.left, self.y(value)), (self.rect.right, self.y(value)))
    }
}
