//! Charts as data, each of which can be drawn as SVG and written as a table.
//!
//! [`Chart::svg`] draws one for a [`Frame`]; [`Chart::responsive`] draws it twice for a page, for wide and for narrow
//! screens; [`Chart::table`] gives its numbers. A page holds [`style_css`] and [`font_face_css`] once; a file of its own,
//! [`Frame::file`], carries both, and [`Host::Flat`] is for programs that read no style sheets.

mod as_table;
mod backend;
mod bars;
mod calendar;
mod canvas;
mod check;
mod data;
mod draw;
mod fan;
mod flat;
pub(crate) mod font;
mod frame;
mod head;
mod heatmap;
mod histogram;
mod lines;
mod plot;
#[cfg(feature = "png")]
mod raster;
mod scale;
mod scatter;
mod stack;
#[cfg(test)]
mod tests;
mod theme;
mod tick_format;

pub use data::{
    Bar, Bars, Chart, Fan, FanBand, Heatmap, Histogram, Line, Lines, Marker, Scatter, ScatterPoint, Shade, Stack,
};
pub use font::font_face_css;
pub use frame::{Frame, Host};
pub use theme::{Theme, style_css};
