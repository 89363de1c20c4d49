//! A chart as pixels.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::{Chart, Frame, Host, Theme, font};
use crate::{Error, Result};

/// Most pixels of a picture: 256 MiB while it is drawn.
const MOST_PIXELS: f64 = 67_108_864.0;

/// The font of the charts and no other, so that the pixels are the same on every machine.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(font::FILE.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

impl Chart {
    /// The chart as a PNG file of `scale` pixels to a pixel of the frame, in the colours of one theme; the frame's host
    /// does not matter. Characters that the embedded font lacks show as `?`. The same chart gives the same bytes.
    ///
    /// ```
    /// use alluse_report::chart::{Bar, Bars, Chart, Frame, Theme};
    /// use alluse_report::Unit;
    ///
    /// let chart = Chart::Bars(Bars {
    ///     title: "Contribution to return".into(),
    ///     description: "Equity earned it.".into(),
    ///     unit: Unit::PERCENT,
    ///     bars: vec![Bar { name: "Equity".into(), value: 0.041, interval: None }],
    /// });
    /// let file = chart.png(&Frame::wide("contribution"), Theme::Light, 2.0)?;
    /// assert_eq!(&file[1..4], b"PNG");
    /// assert_eq!(u32::from_be_bytes([file[16], file[17], file[18], file[19]]), 1520); // pixels across
    /// # Ok::<(), alluse_report::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`svg`](Self::svg); [`Error::Invalid`] for a scale outside 0.1 to 8; [`Error::Drawing`] for a picture of more
    /// than 67 million pixels.
    pub fn png(&self, frame: &Frame, theme: Theme, scale: f32) -> Result<Vec<u8>> {
        if !(0.1..=8.0).contains(&scale) {
            return Err(Error::invalid("scale", format!("{scale} is not within 0.1 to 8")));
        }
        let failed = |reason: String| Error::Drawing { chart: self.title().to_owned(), reason };
        let svg = self.svg(&Frame { host: Host::Flat(theme), ..frame.clone() })?;
        let svg = with_drawn_weight(&with_shown_letters(&svg));
        let options = Options { fontdb: Arc::clone(&FONTS), font_family: "DejaVu Sans".into(), ..Options::default() };
        let tree = Tree::from_str(&svg, &options).map_err(|error| failed(error.to_string()))?;
        let (width, height) = ((tree.size().width() * scale).ceil(), (tree.size().height() * scale).ceil());
        if f64::from(width) * f64::from(height) > MOST_PIXELS {
            return Err(failed(format!("{width} by {height} pixels are more than {MOST_PIXELS}")));
        }
        let mut pixels = Pixmap::new(width as u32, height as u32)
            .ok_or_else(|| failed(format!("no picture has {width} by {height} pixels")))?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| failed(error.to_string()))
    }
}

/// Letters that the font lacks as `?`. Markup is ASCII, all of which the font has.
fn with_shown_letters(svg: &str) -> Cow<'_, str> {
    let kept = |letter: char| letter.is_ascii() || font::shown(letter) == letter;
    if svg.chars().all(kept) {
        Cow::Borrowed(svg)
    } else {
        Cow::Owned(svg.chars().map(|letter| if letter.is_ascii() { letter } else { font::shown(letter) }).collect())
    }
}

/// Bold text with an outline of its own colour, since there is no bold font: what browsers do, and as wide as the layout
/// expects. Text with a halo keeps the halo instead.
fn with_drawn_weight(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len() + 512);
    for line in svg.split_inclusive('\n') {
        match line.strip_prefix("<text fill=\"").and_then(|rest| rest.split_once('"')) {
            Some((colour, rest)) if rest.starts_with(" font-weight=\"600\"") && !rest.contains("paint-order") => {
                let width = if rest.contains(" font-size=\"150\"") { 5 } else { 4 };
                out.push_str(&format!("<text fill=\"{colour}\" stroke=\"{colour}\" stroke-width=\"{width}\"{rest}"));
            }
            _ => out.push_str(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unit;
    use crate::chart::{Bar, Bars};

    fn bars(title: &str) -> Chart {
        Chart::Bars(Bars {
            title: title.into(),
            description: String::new(),
            unit: Unit::PERCENT,
            bars: vec![Bar { name: "Equity".into(), value: 0.04, interval: Some((0.01, 0.07)) }],
        })
    }

    fn pixels(chart: &Chart, theme: Theme) -> Pixmap {
        Pixmap::decode_png(&chart.png(&Frame::wide("c"), theme, 1.0).unwrap()).unwrap()
    }

    #[test]
    fn a_picture_has_the_size_of_its_frame_times_the_scale() {
        let frame = Frame::phone("c").with_height(240);
        for (scale, width, height) in [(1.0, 360, 240), (2.5, 900, 600), (0.5, 180, 120)] {
            let file = bars("Bars").png(&frame, Theme::Light, scale).unwrap();
            assert!(file.starts_with(b"\x89PNG\r\n\x1a\n"));
            let picture = Pixmap::decode_png(&file).unwrap();
            assert_eq!((picture.width(), picture.height()), (width, height));
            assert_eq!(file, bars("Bars").png(&frame, Theme::Light, scale).unwrap());
        }
    }

    #[test]
    fn themes_differ_in_their_surface_and_both_show_the_bar() {
        for (theme, surface, bar) in
            [(Theme::Light, [255, 255, 255], [0x37, 0x7c, 0xb5]), (Theme::Dark, [0x16, 0x19, 0x1d], [0x54, 0x93, 0xc5])]
        {
            let picture = pixels(&bars("Bars"), theme);
            let corner = picture.pixel(2, 2).unwrap();
            assert_eq!([corner.red(), corner.green(), corner.blue()], surface);
            // The series' colour at an opacity of 0.82 on the surface; rounding may differ by one.
            let near = |pixel: &resvg::tiny_skia::PremultipliedColorU8| {
                let got = [pixel.red(), pixel.green(), pixel.blue()];
                got.iter().zip(bar).all(|(got, wanted): (&u8, u8)| got.abs_diff(wanted) <= 1)
            };
            assert!(picture.pixels().iter().filter(|pixel| near(pixel)).count() > 500, "{theme:?}");
        }
    }

    #[test]
    fn text_is_drawn_without_fonts_of_the_system() {
        let ink = |title: &str| pixels(&bars(title), Theme::Light).pixels().iter().filter(|p| p.red() < 90).count();
        assert!(ink("WWWWWWWW") > ink("W") + 300);
        assert_eq!(pixels(&bars("字"), Theme::Light), pixels(&bars("?"), Theme::Light));
        assert_ne!(pixels(&bars("é"), Theme::Light), pixels(&bars("?"), Theme::Light));
        assert_eq!(pixels(&bars("<&\u{1}\n"), Theme::Light).width(), 760);
    }

    #[test]
    fn scales_and_sizes_out_of_bounds_are_refused() {
        for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 8.1] {
            let error = bars("Bars").png(&Frame::wide("c"), Theme::Light, scale).unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }), "{scale}: {error}");
        }
        let frame = Frame::wide("c").with_width(4_000).with_height(20_000);
        let error = bars("Bars").png(&frame, Theme::Light, 8.0).unwrap_err();
        assert!(error.to_string().contains("pixels are more than"), "{error}");
    }
}
