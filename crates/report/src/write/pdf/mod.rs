//! Documents on pages of A4, with text that can be searched and copied and charts made of lines.
//!
//! Blocks become pieces that no page break cuts ([`blocks`], [`cards`], [`table`]), pieces become pages ([`pages`]), and
//! pages become PDF ([`draw`], [`picture`]). Lengths are in points throughout; heights count downwards.

mod blocks;
mod cards;
mod columns;
mod draw;
mod pages;
mod picture;
mod piece;
mod style;
mod table;
#[cfg(test)]
mod tests;
mod words;

use crate::{Document, Result};

pub(super) fn write(document: &Document) -> Result<Vec<u8>> {
    let pieces = blocks::pieces(document)?;
    draw::written(document, &pages::paginated(document, pieces))
}
