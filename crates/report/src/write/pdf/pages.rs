//! Pieces on pages.

use std::rc::Rc;

use super::piece::{Mark, Piece};
use super::style::{BODY, BOTTOM, FOOT, RULE, Style, TOP, WIDTH};
use super::words::{first_line, width};
use crate::Document;

/// Pieces with the height at which each begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Page {
    pub(super) pieces: Vec<(f64, Rc<Piece>)>,
}

/// Puts pieces on pages, and page numbers below.
pub(super) fn paginated(document: &Document, pieces: Vec<Piece>) -> Vec<Page> {
    let mut flow = Flow { pages: vec![Page::default()], y: TOP };
    let pieces: Vec<Rc<Piece>> = pieces.into_iter().map(Rc::new).collect();
    let mut rest = pieces.as_slice();
    while !rest.is_empty() {
        let count = rest.iter().take_while(|piece| piece.sticks).count() + 1;
        let (group, after) = rest.split_at(count.min(rest.len()));
        flow.put(group);
        rest = after;
    }
    let count = flow.pages.len();
    for (index, page) in flow.pages.iter_mut().enumerate() {
        page.pieces.push((FOOT, Rc::new(foot(document, index + 1, count))));
    }
    flow.pages
}

struct Flow {
    pages: Vec<Page>,
    y: f64,
}

impl Flow {
    fn at_top(&self) -> bool {
        self.y <= TOP
    }

    /// Puts a group on one page where one page can hold it.
    fn put(&mut self, group: &[Rc<Piece>]) {
        let mut needed: f64 = group.iter().map(|piece| piece.gap + piece.height).sum();
        if self.at_top() {
            needed -= group.first().map_or(0.0, |piece| piece.gap);
        }
        if !self.at_top() && self.y + needed > BOTTOM && needed <= BODY {
            self.turn();
        }
        for piece in group {
            let gap = if self.at_top() { 0.0 } else { piece.gap };
            if !self.at_top() && self.y + gap + piece.height > BOTTOM {
                self.turn();
            }
            if self.at_top()
                && let Some(head) = &piece.head
            {
                self.place(0.0, Rc::clone(head));
            }
            let gap = if self.at_top() { 0.0 } else { piece.gap };
            self.place(gap, Rc::clone(piece));
        }
    }

    fn place(&mut self, gap: f64, piece: Rc<Piece>) {
        self.y += gap;
        let height = piece.height;
        if let Some(page) = self.pages.last_mut() {
            page.pieces.push((self.y, piece));
        }
        self.y += height;
    }

    fn turn(&mut self) {
        self.pages.push(Page::default());
        self.y = TOP;
    }
}

/// The title and the page number, under a line.
fn foot(document: &Document, number: usize, count: usize) -> Piece {
    let style = Style::soft(7.5);
    let place = format!("Page {number} of {count}");
    let x = WIDTH - width(&place, style);
    let title = first_line(&document.title, style, x - 24.0);
    let mark = |x: f64, text: String| Mark::Text { x, y: style.ascent(), style, text };
    let rule = Mark::Rect { x: 0.0, y: -6.0, width: WIDTH, height: 0.5, radius: 0.0, colour: RULE };
    Piece { height: style.leading(), marks: vec![rule, mark(0.0, title), mark(x, place)], ..Piece::default() }
}
