//! The drawing surface that writes SVG.

use std::fmt::{Display, Write as _};

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::font::CAPITAL;
use super::theme::Ink;

/// Units of the drawing in a CSS pixel: the drawing library knows whole units only, and lines should be smoother.
pub(super) const GRID: f64 = 10.0;
/// Width of a column, in units, of which a line keeps at most four points.
const COLUMN: i32 = 20;

/// Writes shapes as SVG elements into a text.
///
/// Colours arrive as [`Ink`] and leave as classes; widths of lines belong to the classes. Neighbours of one class become
/// one path. Of the points of a path that follow one another in a column of two pixels, the first, the last, the lowest
/// and the highest are kept (Jugel et al. 2014, "M4"): what one sees stays the same.
pub(super) struct SvgBackend<'a> {
    out: &'a mut String,
    size: (u32, u32),
    open: Option<(Kind, Ink)>,
    points: Vec<BackendCoord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stroke,
    Fill,
}

/// What this surface refuses: single pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this surface has no pixels")]
pub(super) struct NoPixels;

type Outcome = Result<(), DrawingErrorKind<NoPixels>>;

impl<'a> SvgBackend<'a> {
    /// A surface of so many units.
    pub(super) fn new(out: &'a mut String, size: (u32, u32)) -> Self {
        Self { out, size, open: None, points: Vec::new() }
    }

    /// Goes on with the open path where it is of this kind and ink, and begins another where it is not.
    fn begin(&mut self, kind: Kind, ink: Ink) {
        if self.open != Some((kind, ink)) {
            self.close();
            self.write(format_args!("<path class=\"{}\" d=\"", ink.class()));
            self.open = Some((kind, ink));
        }
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.out.push_str("\"/>\n");
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a `String` cannot fail.
        let _ = self.out.write_fmt(text);
    }

    /// The collected points as a subpath, in steps.
    fn subpath(&mut self) {
        thin(&mut self.points);
        let mut points = self.points.iter();
        let Some(&(mut x, mut y)) = points.next() else { return };
        let _ = write!(self.out, "M{x} {y}");
        for (index, point) in points.enumerate() {
            let (dx, dy) = (point.0 - x, point.1 - y);
            let mark = if index == 0 {
                "l"
            } else if dx < 0 {
                ""
            } else {
                " "
            };
            let _ = write!(self.out, "{mark}{dx}{}{dy}", if dy < 0 { "" } else { " " });
            (x, y) = *point;
        }
    }
}

/// Keeps of each run of points in one column the first, the lowest, the highest and the last, and of a straight run its
/// ends.
fn thin(points: &mut Vec<BackendCoord>) {
    let mut kept: Vec<BackendCoord> = Vec::with_capacity(points.len().min(4_096));
    let mut start = 0;
    while start < points.len() {
        let column = points[start].0.div_euclid(COLUMN);
        let length = points[start..].iter().take_while(|point| point.0.div_euclid(COLUMN) == column).count();
        let run = &points[start..start + length];
        if length <= 4 {
            run.iter().for_each(|point| keep(&mut kept, *point));
        } else {
            let (mut low, mut high) = (0, 0);
            for (index, point) in run.iter().enumerate() {
                low = if point.1 < run[low].1 { index } else { low };
                high = if point.1 > run[high].1 { index } else { high };
            }
            for index in [0, low.min(high), low.max(high), length - 1] {
                keep(&mut kept, run[index]);
            }
        }
        start += length;
    }
    *points = kept;
}

fn keep(kept: &mut Vec<BackendCoord>, point: BackendCoord) {
    if kept.last() == Some(&point) {
        return;
    }
    if let [.., before, last] = kept.as_slice() {
        let level =
            before.1 == last.1 && last.1 == point.1 && (last.0 - before.0).signum() == (point.0 - last.0).signum();
        let upright =
            before.0 == last.0 && last.0 == point.0 && (last.1 - before.1).signum() == (point.1 - last.1).signum();
        if level || upright {
            kept.pop();
        }
    }
    kept.push(point);
}

impl DrawingBackend for SvgBackend<'_> {
    type ErrorType = NoPixels;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        self.close();
        Ok(())
    }

    fn draw_pixel(&mut self, _point: BackendCoord, _color: BackendColor) -> Outcome {
        Err(DrawingErrorKind::DrawingError(NoPixels))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Outcome {
        let kind = if fill { Kind::Fill } else { Kind::Stroke };
        self.begin(kind, Ink::of(style.color().rgb));
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        self.write(format_args!("M{left} {top}h{}v{}h{}z", right - left, bottom - top, left - right));
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        self.begin(Kind::Stroke, Ink::of(style.color().rgb));
        self.points.clear();
        self.points.extend(path);
        self.subpath();
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, _fill: bool) -> Outcome {
        self.close();
        let ((x, y), class) = (center, Ink::of(style.color().rgb).class());
        self.write(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>\n"));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        // Polygons that overlap could cut holes into one another, so each stays alone.
        self.close();
        self.begin(Kind::Fill, Ink::of(style.color().rgb));
        self.points.clear();
        self.points.extend(path);
        self.subpath();
        self.out.push('z');
        self.close();
        Ok(())
    }

    /// Writes text whose capitals stand on, hang from or are centred at the place, as the anchor says.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, place: BackendCoord) -> Outcome {
        self.close();
        let anchor = style.anchor();
        let rise = match anchor.v_pos {
            VPos::Top => CAPITAL,
            VPos::Center => CAPITAL / 2.0,
            VPos::Bottom => 0.0,
        };
        let baseline = place.1 + (rise * style.size()).round() as i32;
        let side = match anchor.h_pos {
            HPos::Left => "",
            HPos::Center => " m",
            HPos::Right => " e",
        };
        let class = Ink::of(style.color().rgb).class();
        self.write(format_args!("<text class=\"{class}{side}\" x=\"{}\" y=\"{baseline}\"", place.0));
        let size = style.size().round() as i32;
        // The sizes that classes give.
        if size != 110 && size != 150 {
            self.write(format_args!(" font-size=\"{size}\""));
        }
        self.write(format_args!(">{}</text>\n", Escaped(text)));
        Ok(())
    }

    fn blit_bitmap(&mut self, _at: BackendCoord, _size: (u32, u32), _pixels: &[u8]) -> Outcome {
        Err(DrawingErrorKind::DrawingError(NoPixels))
    }
}

/// Text as XML holds it: markup escaped, and characters that XML 1.0 forbids shown as `�`.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Ends, lowest and highest point stay, and no column keeps more than four.
        #[test]
        fn thinning_keeps_what_is_seen(ys in prop::collection::vec(-500_i32..500, 1..400), step in 1_i32..30) {
            let all: Vec<BackendCoord> = ys.iter().enumerate().map(|(index, y)| (index as i32 * step, *y)).collect();
            let mut kept = all.clone();
            thin(&mut kept);
            prop_assert_eq!(kept.first(), all.first());
            prop_assert_eq!(kept.last(), all.last());
            prop_assert_eq!(kept.iter().map(|point| point.1).max(), ys.iter().copied().max());
            prop_assert_eq!(kept.iter().map(|point| point.1).min(), ys.iter().copied().min());
            prop_assert!(kept.iter().all(|point| all.contains(point)));
            for column in 0..=all.len() as i32 * step / COLUMN {
                let within = kept.iter().filter(|point| point.0.div_euclid(COLUMN) == column).count();
                prop_assert!(within <= 4, "{} points in column {}", within, column);
            }
        }
    }

    #[test]
    fn a_spike_survives_and_a_straight_run_does_not() {
        let mut points: Vec<BackendCoord> = (0..1_000).map(|x| (x, if x == 507 { 90 } else { 10 })).collect();
        thin(&mut points);
        assert_eq!(points, [(0, 10), (500, 10), (507, 90), (519, 10), (999, 10)]);
    }

    #[test]
    fn markup_and_forbidden_characters_are_escaped() {
        assert_eq!(Escaped("a<b & \"c\">\u{1}\n").to_string(), "a&lt;b &amp; &quot;c&quot;&gt;\u{fffd} ");
    }
}
