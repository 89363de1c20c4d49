//! Measures and colours of the page.

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

pub(super) const INK: Colour = [0x1c, 0x20, 0x24];
pub(super) const SOFT: Colour = [0x5b, 0x64, 0x70];
pub(super) const RULE: Colour = [0xdf, 0xe3, 0xe6];
pub(super) const CARD: Colour = [0xf4, 0xf6, 0xf7];
pub(super) const GOOD: Colour = [0x1a, 0x7f, 0x4b];
pub(super) const WARN: Colour = [0x8a, 0x5a, 0x00];
pub(super) const BAD: Colour = [0xb3, 0x26, 0x1e];
pub(super) const NOTE: Colour = [0xff, 0xf6, 0xdd];
pub(super) const NOTE_EDGE: Colour = [0xd9, 0xa4, 0x00];

/// A4 portrait.
pub(super) const PAGE_WIDTH: f64 = 595.28;
pub(super) const PAGE_HEIGHT: f64 = 841.89;
/// Left and right of the text.
pub(super) const MARGIN: f64 = 48.64;
pub(super) const TOP: f64 = 48.0;
/// End of the text; page numbers stand below.
pub(super) const BOTTOM: f64 = PAGE_HEIGHT - 56.0;
/// Height at which page numbers stand.
pub(super) const FOOT: f64 = PAGE_HEIGHT - 30.0;
/// Width of the text: 664 CSS pixels, at which charts are drawn.
pub(super) const WIDTH: f64 = PAGE_WIDTH - 2.0 * MARGIN;
/// Height of the text of one page.
pub(super) const BODY: f64 = BOTTOM - TOP;

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) colour: Colour,
}

impl Style {
    pub(super) const fn plain(size: f64) -> Self {
        Self { size, bold: false, colour: INK }
    }

    pub(super) const fn bold(size: f64) -> Self {
        Self { size, bold: true, colour: INK }
    }

    pub(super) const fn soft(size: f64) -> Self {
        Self { size, bold: false, colour: SOFT }
    }

    /// From one line to the next.
    pub(super) fn leading(self) -> f64 {
        self.size * 1.38
    }

    /// From the top of a line to what its letters stand on.
    pub(super) fn ascent(self) -> f64 {
        self.size * 1.02
    }
}
