//! Charts as data, each of which can be drawn as SVG and written as a table.

mod data;

pub use data::{
    Bar, Bars, Chart, Fan, FanBand, Heatmap, Histogram, Line, Lines, Marker, Scatter, ScatterPoint, Shade, Stack,
};
mod stub; pub use stub::{Frame,font_face_css};
