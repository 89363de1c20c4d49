//! Places on the chart in CSS pixels, and shapes put there.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, ShapeStyle, TextStyle};

use super::backend::{GRID, SvgBackend};
use super::theme::Ink;

/// What drawing gives, or why it failed.
pub(super) type Drawn<T = ()> = std::result::Result<T, String>;

/// Size of ordinary text, in pixels.
pub(super) const TEXT_SIZE: f64 = 11.0;
/// Size of remarks, in pixels.
pub(super) const SMALL: f64 = 10.0;

/// A rectangle in pixels; `bottom` is below `top`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    pub(super) fn holds(&self, other: &Self) -> bool {
        self.left <= other.left && other.right <= self.right && self.top <= other.top && other.bottom <= self.bottom
    }
}

/// Where text stands relative to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It begins there.
    Left,
    /// Its middle is there.
    Middle,
    /// It ends there.
    Right,
}

/// The whole surface of a chart.
pub(super) struct Canvas<'a> {
    pub(super) root: DrawingArea<SvgBackend<'a>, Shift>,
    /// Whether there is room for a few words only.
    pub(super) narrow: bool,
}

/// Pixels in units of the drawing.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * GRID).round() as i32
}

pub(super) fn stroke(ink: Ink) -> ShapeStyle {
    ShapeStyle { color: ink.color().to_rgba(), filled: false, stroke_width: 1 }
}

pub(super) fn fill(ink: Ink) -> ShapeStyle {
    ShapeStyle { color: ink.color().to_rgba(), filled: true, stroke_width: 0 }
}

impl<'a> Canvas<'a> {
    /// A surface of so many pixels that writes into `out`.
    pub(super) fn new(out: &'a mut String, width: f64, height: f64, narrow: bool) -> Self {
        let size = (units(width).unsigned_abs(), units(height).unsigned_abs());
        Self { root: SvgBackend::new(out, size).into_drawing_area(), narrow }
    }

    /// Text whose capitals are centred at the height `y`.
    pub(super) fn text(&self, ink: Ink, size: f64, side: Side, x: f64, y: f64, text: &str) -> Drawn {
        let across = match side {
            Side::Left => HPos::Left,
            Side::Middle => HPos::Center,
            Side::Right => HPos::Right,
        };
        let style = TextStyle {
            font: FontDesc::new(FontFamily::SansSerif, size * GRID, FontStyle::Normal),
            color: ink.color().to_backend_color(),
            pos: Pos::new(across, VPos::Center),
        };
        self.root.draw(&Text::new(text, (units(x), units(y)), style)).map_err(|error| error.to_string())
    }

    pub(super) fn segment(&self, ink: Ink, from: (f64, f64), to: (f64, f64)) -> Drawn {
        self.path(ink, &[from, to])
    }

    pub(super) fn path(&self, ink: Ink, points: &[(f64, f64)]) -> Drawn {
        let points: Vec<(i32, i32)> = points.iter().map(|(x, y)| (units(*x), units(*y))).collect();
        self.put(&PathElement::new(points, stroke(ink)))
    }

    pub(super) fn rect(&self, ink: Ink, rect: Rect) -> Drawn {
        let corners = [(units(rect.left), units(rect.top)), (units(rect.right), units(rect.bottom))];
        self.put(&Rectangle::new(corners, fill(ink)))
    }

    pub(super) fn dot(&self, ink: Ink, x: f64, y: f64, radius: f64) -> Drawn {
        self.put(&Circle::new((units(x), units(y)), units(radius), fill(ink)))
    }

    /// Ends the drawing.
    pub(super) fn finish(&self) -> Drawn {
        self.root.present().map_err(|error| error.to_string())
    }

    fn put<E>(&self, element: &E) -> Drawn
    where
        E: plotters::element::Drawable<SvgBackend<'a>>,
        for<'e> &'e E: plotters::element::PointCollection<'e, (i32, i32)>,
    {
        self.root.draw(element).map_err(|error| error.to_string())
    }
}
