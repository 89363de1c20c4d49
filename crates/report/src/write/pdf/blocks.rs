//! Blocks as pieces.

use super::cards::cards;
use super::piece::{Mark, Piece, paragraph};
use super::style::{BODY, NOTE, NOTE_EDGE, RULE, Style, WIDTH};
use super::table;
use super::words::lines;
use crate::chart::{Frame, Host, Theme};
use crate::{Block, Chart, Document, Result};

/// Text of paragraphs.
pub(super) const TEXT: Style = Style::plain(9.5);
/// Remarks under charts and above tables.
pub(super) const REMARK: Style = Style::soft(8.0);
/// Space between blocks.
const GAP: f64 = 9.0;
/// CSS pixels in a point.
const PIXELS: f64 = 4.0 / 3.0;
/// How many pixels lower than on a screen a plot is.
const LOWERED: f64 = 64.0;
/// Lines of a caution that stay together.
const CAUTION_LINES: usize = 8;

/// A whole document.
pub(super) fn pieces(document: &Document) -> Result<Vec<Piece>> {
    let mut out = head(document);
    for section in &document.sections {
        heading(&mut out, &section.heading);
        for block in &section.blocks {
            push(&mut out, block)?;
        }
    }
    let note = format!(
        "alluse-quant {}. Losses and drawdowns as risk measures are positive numbers. What could not be computed says \
         why; it is never shown as zero.",
        env!("CARGO_PKG_VERSION")
    );
    out.extend(paragraph(&lines(&note, REMARK, WIDTH), REMARK, 0.0, 20.0));
    Ok(out)
}

fn head(document: &Document) -> Vec<Piece> {
    let as_of = format!("{} report as of {}", document.kind, document.as_of);
    let parts = [
        (document.title.as_str(), Style::bold(19.0), 0.0),
        (document.subtitle.as_str(), Style::soft(10.5), 3.0),
        (as_of.as_str(), REMARK, 3.0),
    ];
    parts.iter().flat_map(|(text, style, gap)| paragraph(&lines(text, *style, WIDTH), *style, 0.0, *gap)).collect()
}

fn heading(out: &mut Vec<Piece>, text: &str) {
    let style = Style::bold(13.0);
    let broken = lines(text, style, WIDTH);
    for (index, line) in broken.iter().enumerate() {
        let mut piece = Piece { sticks: true, ..Piece::default() };
        if index == 0 {
            piece.gap = 22.0;
            piece.bookmark = Some(text.split_whitespace().collect::<Vec<_>>().join(" "));
            piece.marks.push(Mark::Rect { x: 0.0, y: 0.0, width: WIDTH, height: 0.75, radius: 0.0, colour: RULE });
            piece.height = 9.0;
        }
        piece.push_lines(std::slice::from_ref(line), style, 0.0);
        // A heading longer than some lines may part from what follows, or it could fill pages that break nowhere.
        piece.sticks = index + 4 > broken.len();
        out.push(piece);
    }
}

fn push(out: &mut Vec<Piece>, block: &Block) -> Result<()> {
    match block {
        Block::Text(words) => out.extend(paragraph(&lines(words, TEXT, WIDTH), TEXT, 0.0, GAP)),
        Block::Caution(words) => caution(out, words),
        Block::List(points) => {
            for (index, point) in points.iter().enumerate() {
                list_point(out, point, if index == 0 { GAP } else { 3.0 });
            }
        }
        Block::Figures(figures) => cards(out, figures),
        Block::Table(table) => table::pieces(out, table),
        Block::Chart(chart) => picture(out, chart)?,
    }
    Ok(())
}

fn list_point(out: &mut Vec<Piece>, point: &str, gap: f64) {
    let indent = 12.0;
    let mut pieces = paragraph(&lines(point, TEXT, WIDTH - indent), TEXT, indent, gap);
    if let Some(first) = pieces.first_mut() {
        first.marks.push(Mark::Text { x: 2.0, y: TEXT.ascent(), style: TEXT, text: "•".into() });
    }
    out.append(&mut pieces);
}

/// A box with a coloured edge. A long one breaks between boxes that touch.
fn caution(out: &mut Vec<Piece>, words: &str) {
    let (pad, edge) = (7.0, 3.0);
    let broken = lines(words, TEXT, WIDTH - 2.0 * pad - edge);
    let count = broken.chunks(CAUTION_LINES).len();
    for (index, chunk) in broken.chunks(CAUTION_LINES).enumerate() {
        let (first, last) = (index == 0, index + 1 == count);
        let mut piece = Piece { gap: if first { GAP + 1.0 } else { 0.0 }, ..Piece::default() };
        piece.height = if first { pad } else { 0.0 };
        piece.push_lines(chunk, TEXT, edge + pad);
        piece.height += if last { pad } else { 0.0 };
        // Boxes overlap a little, or viewers show a seam between them.
        let over = if first { 0.0 } else { 0.5 };
        let rect =
            |width, colour| Mark::Rect { x: 0.0, y: -over, width, height: piece.height + over, radius: 0.0, colour };
        let marks = [rect(WIDTH, NOTE), rect(edge, NOTE_EDGE)];
        piece.marks.splice(0..0, marks);
        out.push(piece);
    }
}

/// A chart over its description.
fn picture(out: &mut Vec<Piece>, chart: &Chart) -> Result<()> {
    let frame = Frame { host: Host::Flat(Theme::Light), ..Frame::wide("chart") };
    let frame = frame.with_width((WIDTH * PIXELS).round() as u32);
    let mut svg = chart.svg(&frame)?;
    let (pixels_wide, mut pixels_high) = super::picture::size(&svg);
    // Plots that may be of any height are flatter than on a screen, so that pages hold more of them.
    if matches!(chart, Chart::Lines(_) | Chart::Fan(_) | Chart::Histogram(_)) && pixels_high > LOWERED + 220.0 {
        pixels_high -= LOWERED;
        svg = chart.svg(&frame.with_height(pixels_high as u32))?;
    }
    let remark = lines(chart.description(), REMARK, WIDTH);
    let below = remark.len().min(4) as f64 * REMARK.leading();
    // A chart of very many bars is scaled down to its page.
    let width = WIDTH.min((BODY - below - 40.0) / pixels_high * pixels_wide);
    let height = width * pixels_high / pixels_wide;
    out.push(Piece {
        gap: GAP,
        height: height + 2.0,
        marks: vec![Mark::Picture { x: 0.0, y: 0.0, width, height, svg }],
        sticks: !remark.is_empty(),
        ..Piece::default()
    });
    out.extend(paragraph(&remark, REMARK, 0.0, 0.0));
    Ok(())
}
