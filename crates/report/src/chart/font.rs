//! The font that charts and pages are laid out with.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ttf_parser::Face;

/// The font file.
pub(crate) const FILE: &[u8] = include_bytes!("../../assets/DejaVuSans-subset.ttf");

/// Height of a capital letter in units of the font size; DejaVu Sans, table OS/2.
pub(super) const CAPITAL: f64 = 0.729;

static FACE_CSS: LazyLock<String> = LazyLock::new(|| {
    let data = STANDARD.encode(FILE);
    format!(
        "@font-face{{font-family:\"DejaVu Sans Subset\";src:url(data:font/ttf;base64,{data}) format(\"truetype\");\
         font-display:block}}"
    )
});

static WIDTHS: LazyLock<Widths> = LazyLock::new(Widths::read);

/// The `@font-face` rule of the charts with the font in it, about 40 kB, for a page to hold once.
#[must_use]
pub fn font_face_css() -> &'static str {
    &FACE_CSS
}

/// A character of the font.
struct Letter {
    letter: char,
    #[cfg(feature = "pdf")]
    glyph: u16,
    /// In units of the font size.
    advance: f64,
}

/// The characters, in their order.
struct Widths {
    known: Vec<Letter>,
    unknown: f64,
}

impl Widths {
    fn read() -> Self {
        let mut known = Vec::new();
        if let Ok(face) = Face::parse(FILE, 0) {
            let em = f64::from(face.units_per_em());
            for letter in ('\u{20}'..='\u{23ff}').chain(['\u{fffd}']) {
                let Some(glyph) = face.glyph_index(letter) else { continue };
                if let Some(advance) = face.glyph_hor_advance(glyph) {
                    known.push(Letter {
                        letter,
                        #[cfg(feature = "pdf")]
                        glyph: glyph.0,
                        advance: f64::from(advance) / em,
                    });
                }
            }
        }
        let unknown = known.iter().find(|known| known.letter == 'x').map_or(0.6, |known| known.advance);
        Self { known, unknown }
    }

    fn find(&self, letter: char) -> Option<&Letter> {
        let place = self.known.binary_search_by_key(&letter, |known| known.letter).ok()?;
        self.known.get(place)
    }

    fn of(&self, letter: char) -> f64 {
        self.find(letter).map_or(self.unknown, |known| known.advance)
    }
}

/// Width of `text` at `size`, in the unit of `size`. A character that the font lacks counts as an `x`.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| WIDTHS.of(letter)).sum::<f64>() * size
}

/// What is drawn where the font has no glyph.
#[cfg(any(feature = "png", feature = "pdf"))]
pub(crate) const SUBSTITUTE: char = '?';

/// `letter` where the font has it, and `?` where it does not.
#[cfg(feature = "png")]
pub(crate) fn shown(letter: char) -> char {
    if WIDTHS.find(letter).is_some() { letter } else { SUBSTITUTE }
}

/// Glyph and advance, in units of the font size, of `letter` or of `?` in its place.
#[cfg(feature = "pdf")]
pub(crate) fn glyph(letter: char) -> (u16, f64) {
    WIDTHS
        .find(letter)
        .or_else(|| WIDTHS.find(SUBSTITUTE))
        .map_or((0, WIDTHS.unknown), |known| (known.glyph, known.advance))
}

/// `text` cut to `room` with an ellipsis where it is longer.
pub(super) fn elided(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let room = room - width("…", size);
    let mut used = 0.0;
    let kept = text.chars().take_while(|letter| {
        used += WIDTHS.of(*letter) * size;
        used <= room
    });
    let kept: String = kept.collect();
    format!("{}…", kept.trim_end())
}

/// `text` broken at spaces into lines of at most `room`, at most `lines` of them; what does not fit is elided.
pub(super) fn wrapped(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = out.len() == lines;
        match out.last_mut() {
            Some(line) if full || width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(word.to_owned()),
        }
    }
    out.iter().map(|line| elided(line, size, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Advances of DejaVu Sans 2.37 in 1/2048 em: 0 is 1303, space 651, W 2025, minus 1716, x 1212.
        assert_eq!(width("0", 2048.0), 1303.0);
        assert_eq!(width("W 0", 2048.0), 2025.0 + 651.0 + 1303.0);
        assert_eq!(width("\u{2212}", 2048.0), 1716.0);
        assert_eq!(width("字", 2048.0), 1212.0);
        assert_eq!(width("", 11.0), 0.0);
    }

    #[test]
    fn text_is_cut_and_broken_to_the_room_it_has() {
        assert_eq!(elided("abc", 10.0, 100.0), "abc");
        let cut = elided("a long name of something", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0, "{cut}");
        let lines = wrapped("one two three four five six seven", 10.0, 70.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| width(line, 10.0) <= 70.0), "{lines:?}");
        assert_eq!(wrapped("", 10.0, 70.0, 2), Vec::<String>::new());
        assert_eq!(elided("wide", 10.0, 0.0), "…");
    }
}
