//! A chart as SVG.

use std::fmt::Write as _;

use super::backend::{Escaped, GRID};
use super::canvas::{Canvas, Drawn, Rect, units};
use super::flat::flattened;
use super::head::{Entry, Head};
use super::theme::Ink;
use super::{Chart, Frame, Host, font_face_css, style_css};
use crate::{Error, Result};

/// What each kind of chart draws under its title.
pub(super) trait Picture {
    /// The legend.
    fn entries(&self) -> Vec<Entry>;

    /// The height it would have at this width, in pixels.
    fn height(&self, width: f64, narrow: bool) -> f64;

    /// Draws it within `body`.
    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn;
}

impl Chart {
    /// The chart as an SVG element, checked first.
    ///
    /// The title and the description are its `<title>` and `<desc>`, which name it for those who do not see it; text is
    /// text, so that it can be searched and copied. Series keep of each column of two pixels their first, lowest, highest
    /// and last value (Jugel et al. 2014, "M4"), so that long ones stay small and still show every extreme; the numbers
    /// themselves are all in [`table`](Self::table). The same chart in the same frame gives the same bytes.
    ///
    /// ```
    /// use alluse_report::chart::{Bar, Bars, Chart, Frame};
    /// use alluse_report::Unit;
    ///
    /// let chart = Chart::Bars(Bars {
    ///     title: "Contribution to return".into(),
    ///     description: "Equity earned more than bonds lost.".into(),
    ///     unit: Unit::PERCENT,
    ///     bars: vec![
    ///         Bar { name: "Equity".into(), value: 0.041, interval: Some((0.012, 0.07)) },
    ///         Bar { name: "Bonds".into(), value: -0.013, interval: None },
    ///     ],
    /// });
    /// let svg = chart.svg(&Frame::file())?;
    /// assert!(svg.starts_with("<svg") && svg.contains("\u{2212}1.30 %"));
    /// assert_eq!(chart.table()?.rows.len(), 2);
    /// # Ok::<(), alluse_report::Error>(())
    /// ```
    ///
    /// # Errors
    /// What [`check`](Self::check) refuses; [`Error::Drawing`] for a frame that cannot hold the chart.
    pub fn svg(&self, frame: &Frame) -> Result<String> {
        self.check()?;
        let failed = |reason: String| Error::Drawing { chart: self.title().to_owned(), reason };
        frame.obstacle().map_or(Ok(()), |reason| Err(failed(reason)))?;
        self.write_svg(frame, "").map_err(failed)
    }

    /// The chart twice for a page: 760 pixels wide in the class `chart-wide`, and 360 in `chart-narrow`. The style sheet
    /// of [`style_css`] shows one of the two, by the width of the screen. Ids begin with `prefix`.
    ///
    /// # Errors
    /// As [`svg`](Self::svg).
    pub fn responsive(&self, prefix: &str) -> Result<String> {
        self.check()?;
        let failed = |reason: String| Error::Drawing { chart: self.title().to_owned(), reason };
        let (wide, narrow) = (Frame::wide(prefix), Frame::phone(format!("{prefix}-narrow")));
        wide.obstacle().map_or(Ok(()), |reason| Err(failed(reason)))?;
        let mut svg = self.write_svg(&wide, " chart-wide").map_err(failed)?;
        svg.push_str(&self.write_svg(&narrow, " chart-narrow").map_err(failed)?);
        Ok(svg)
    }

    fn write_svg(&self, frame: &Frame, class: &str) -> Drawn<String> {
        let picture = self.picture();
        let (width, narrow) = (f64::from(frame.width), frame.is_narrow());
        let pad = if narrow { 12.0 } else { 16.0 };
        let head = Head::new(self.title(), picture.entries(), width, pad);
        let height = frame
            .height
            .map_or_else(|| head.height() + picture.height(width - 2.0 * pad, narrow) + pad, f64::from)
            .ceil();
        let body = Rect { left: pad, top: head.height(), right: width - pad, bottom: height - pad };
        if body.height() < 60.0 {
            let left = body.height().max(0.0);
            return Err(format!("a height of {height} pixels leaves {left:.0} under the title; 60 are needed"));
        }
        let mut svg = String::with_capacity(16_384);
        self.begin(&mut svg, frame, height, class);
        let canvas = Canvas::new(&mut svg, width, height, narrow);
        canvas.rect(Ink::SURFACE, Rect { left: 0.0, top: 0.0, right: width, bottom: height })?;
        head.draw(&canvas)?;
        picture.draw(&canvas, body)?;
        canvas.finish()?;
        drop(canvas);
        svg.push_str("</svg>\n");
        Ok(match frame.host {
            Host::File | Host::Page => svg,
            Host::Flat(theme) => flattened(&svg, theme),
        })
    }

    fn begin(&self, svg: &mut String, frame: &Frame, height: f64, class: &str) {
        let (prefix, width) = (&frame.prefix, f64::from(frame.width));
        let size = match frame.host {
            Host::File | Host::Flat(_) => format!("width=\"{width}\" height=\"{height}\""),
            Host::Page => "width=\"100%\"".to_owned(),
        };
        let (title, description) = (Escaped(self.title()), Escaped(self.description()));
        // Writing into a `String` cannot fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart{class}\" viewBox=\"0 0 {} {}\" {size} role=\"img\" \
             aria-labelledby=\"{prefix}-title {prefix}-desc\">\n<title id=\"{prefix}-title\">{title}</title>\n\
             <desc id=\"{prefix}-desc\">{description}</desc>\n",
            units(width),
            units(height),
        );
        if frame.host == Host::File {
            let _ = writeln!(svg, "<style>{}{}</style>", font_face_css(), style_css());
        }
    }

    fn picture(&self) -> &dyn Picture {
        match self {
            Self::Lines(chart) => chart,
            Self::Heatmap(chart) => chart,
            Self::Histogram(chart) => chart,
            Self::Bars(chart) => chart,
            Self::Scatter(chart) => chart,
            Self::Fan(chart) => chart,
            Self::Stack(chart) => chart,
        }
    }
}

const _: () = assert!(GRID == 10.0, "the style sheet gives widths in tenths of a pixel");
