//! Pages as PDF.

use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};

use super::pages::Page;
use super::picture;
use super::piece::Mark;
use super::style::{Colour, MARGIN, PAGE_HEIGHT, PAGE_WIDTH};
use super::words::BOLD_STROKE;
use crate::chart::font;
use crate::{Document, Error, Result};

/// Distance of the control points of a quarter circle, in radii.
pub(super) const ARC: f32 = 0.552_284_8;

/// The file. It tells of no time, so that the same document gives the same bytes.
pub(super) fn written(document: &Document, pages: &[Page]) -> Result<Vec<u8>> {
    let failed = |reason: String| Error::Writing { form: "PDF", reason };
    let font = Font::new(font::FILE.into(), 0).ok_or_else(|| failed("the font cannot be read".into()))?;
    let mut file = krilla::Document::new();
    let mut outline = Outline::new();
    for (number, page) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(PAGE_WIDTH as f32, PAGE_HEIGHT as f32)
            .ok_or_else(|| failed("the page has no size".into()))?;
        let mut sheet = file.start_page_with(settings);
        let mut surface = sheet.surface();
        for (top, piece) in &page.pieces {
            if let Some(name) = &piece.bookmark {
                let place = Point::from_xy(0.0, *top as f32);
                outline.push_child(OutlineNode::new(name.clone(), XyzDestination::new(number, place)));
            }
            for mark in &piece.marks {
                draw(&mut surface, &font, *top, mark).map_err(failed)?;
            }
        }
        surface.finish();
        sheet.finish();
    }
    file.set_outline(outline);
    file.set_metadata(
        Metadata::new()
            .title(document.title.clone())
            .description(document.subtitle.clone())
            .creator(concat!("alluse-quant ", env!("CARGO_PKG_VERSION")).into())
            .language("en".into()),
    );
    file.finish().map_err(|error| failed(format!("{error:?}")))
}

fn draw(surface: &mut Surface<'_>, font: &Font, top: f64, mark: &Mark) -> std::result::Result<(), String> {
    match mark {
        Mark::Text { x, y, style, text } => {
            let outline = if style.bold { BOLD_STROKE * style.size } else { 0.0 };
            surface.set_fill(Some(fill(style.colour)));
            surface.set_stroke((outline > 0.0).then(|| Stroke {
                paint: paint(style.colour),
                width: outline as f32,
                ..Stroke::default()
            }));
            let place = (MARGIN + x + outline / 2.0, top + y);
            write(surface, font, place, style.size, text, Letters::Text);
        }
        Mark::Rect { x, y, width, height, radius, colour } => {
            if let Some(path) = rectangle(MARGIN + x, top + y, *width, *height, *radius) {
                surface.set_fill(Some(fill(*colour)));
                surface.set_stroke(None);
                surface.draw_path(&path);
            }
        }
        Mark::Picture { x, y, width, svg, .. } => picture::draw(surface, font, svg, (MARGIN + x, top + y), *width)?,
    }
    Ok(())
}

/// What letters are to a reader of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// Text.
    Text,
    /// Shapes that are not read.
    Shapes,
}

/// A line of text in the fill and stroke of the surface. Letters that the font lacks are drawn as `?` and copied as
/// what they are.
pub(super) fn write(
    surface: &mut Surface<'_>,
    font: &Font,
    place: (f64, f64),
    size: f64,
    text: &str,
    letters: Letters,
) {
    let glyphs: Vec<KrillaGlyph> = text
        .char_indices()
        .map(|(at, letter)| {
            let (glyph, advance) = font::glyph(letter);
            let range = at..at + letter.len_utf8();
            KrillaGlyph::new(GlyphId::new(u32::from(glyph)), advance as f32, 0.0, 0.0, 0.0, range, None)
        })
        .collect();
    let place = Point::from_xy(place.0 as f32, place.1 as f32);
    surface.draw_glyphs(place, &glyphs, font.clone(), text, size as f32, letters == Letters::Shapes);
}

pub(super) fn paint(colour: Colour) -> krilla::paint::Paint {
    let [red, green, blue] = colour;
    rgb::Color::new(red, green, blue).into()
}

fn fill(colour: Colour) -> Fill {
    Fill { paint: paint(colour), ..Fill::default() }
}

fn rectangle(x: f64, y: f64, width: f64, height: f64, radius: f64) -> Option<Path> {
    let (left, top, right, bottom) = (x as f32, y as f32, (x + width) as f32, (y + height) as f32);
    let mut path = PathBuilder::new();
    if radius > 0.0 {
        let r = radius.min(width / 2.0).min(height / 2.0) as f32;
        let k = r * (1.0 - ARC);
        path.move_to(left + r, top);
        path.line_to(right - r, top);
        path.cubic_to(right - k, top, right, top + k, right, top + r);
        path.line_to(right, bottom - r);
        path.cubic_to(right, bottom - k, right - k, bottom, right - r, bottom);
        path.line_to(left + r, bottom);
        path.cubic_to(left + k, bottom, left, bottom - k, left, bottom - r);
        path.line_to(left, top + r);
        path.cubic_to(left, top + k, left + k, top, left + r, top);
        path.close();
    } else {
        path.push_rect(Rect::from_ltrb(left, top, right, bottom)?);
    }
    path.finish()
}
