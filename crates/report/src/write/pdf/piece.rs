//! What no page break cuts.

use std::rc::Rc;

use super::style::{Colour, Style};

/// Something to see. Places are relative to the left edge of the text and to the top of the piece.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// One line of text.
    Text {
        x: f64,
        /// What the letters stand on.
        y: f64,
        style: Style,
        text: String,
    },
    /// A filled rectangle.
    Rect { x: f64, y: f64, width: f64, height: f64, radius: f64, colour: Colour },
    /// A drawing, as SVG without style sheet, scaled to the width.
    Picture { x: f64, y: f64, width: f64, height: f64, svg: String },
}

/// Marks that stay on one page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Piece {
    /// Space above, but not at the top of a page.
    pub(super) gap: f64,
    pub(super) height: f64,
    pub(super) marks: Vec<Mark>,
    /// Stays on the page of the next piece.
    pub(super) sticks: bool,
    /// Repeated above it where it begins a page.
    pub(super) head: Option<Rc<Piece>>,
    /// Its name in the outline of the document.
    pub(super) bookmark: Option<String>,
}

impl Piece {
    /// Lines of text below one another.
    pub(super) fn of_lines(lines: &[String], style: Style, x: f64) -> Self {
        let mut piece = Self::default();
        piece.push_lines(lines, style, x);
        piece
    }

    /// More lines below what is there.
    pub(super) fn push_lines(&mut self, lines: &[String], style: Style, x: f64) {
        for line in lines {
            self.marks.push(Mark::Text { x, y: self.height + style.ascent(), style, text: line.clone() });
            self.height += style.leading();
        }
    }
}

/// Paragraphs as a piece a line: neither its first line stands alone at the end of a page nor its last at the top.
pub(super) fn paragraph(lines: &[String], style: Style, x: f64, gap: f64) -> Vec<Piece> {
    let count = lines.len();
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| Piece {
            gap: if index == 0 { gap } else { 0.0 },
            sticks: index + 1 < count && (index == 0 || index + 2 == count),
            ..Piece::of_lines(std::slice::from_ref(line), style, x)
        })
        .collect()
}
