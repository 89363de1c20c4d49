//! Text in lines.

use super::style::Style;
use crate::chart::font;

/// How far the outline of bold letters reaches beyond them, in units of the font size.
pub(super) const BOLD_STROKE: f64 = 0.034;

/// Width of `text`; letters that the font lacks are as wide as the `?` in their place.
pub(super) fn width(text: &str, style: Style) -> f64 {
    let bold = if style.bold && !text.is_empty() { BOLD_STROKE } else { 0.0 };
    (text.chars().map(|letter| font::glyph(letter).1).sum::<f64>() + bold) * style.size
}

/// `text` in lines of at most `room`, broken at spaces, and within words that are longer than a line. Nothing is lost
/// but white space; empty text gives no lines.
pub(super) fn lines(text: &str, style: Style, room: f64) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut line, mut used) = (String::new(), 0.0);
    // A line has its bold edge once, not once a word.
    let edge = width("i", style) - width("i", Style { bold: false, ..style });
    let space = width(" ", style) - 2.0 * edge;
    for word in text.split_whitespace() {
        let wide = width(word, style);
        if !line.is_empty() && used + space + wide <= room {
            line.push(' ');
            line.push_str(word);
            used += space + wide;
            continue;
        }
        if !line.is_empty() {
            out.push(std::mem::take(&mut line));
        }
        if wide <= room {
            line.push_str(word);
            used = wide;
        } else {
            (line, used) = cut(word, style, room, &mut out);
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    out
}

/// Pushes the full lines of a word that is longer than one, and gives its end with its width.
fn cut(word: &str, style: Style, room: f64, out: &mut Vec<String>) -> (String, f64) {
    let edge = if style.bold { BOLD_STROKE * style.size } else { 0.0 };
    let (mut line, mut used) = (String::new(), edge);
    for letter in word.chars() {
        let wide = font::glyph(letter).1 * style.size;
        if !line.is_empty() && used + wide > room {
            out.push(std::mem::take(&mut line));
            used = edge;
        }
        line.push(letter);
        used += wide;
    }
    (line, used)
}

/// The first line of `text`, with an ellipsis where there is more.
pub(super) fn first_line(text: &str, style: Style, room: f64) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if width(&text, style) <= room {
        return text;
    }
    let room = room - width("…", style);
    let mut used = 0.0;
    let kept: String = text
        .chars()
        .take_while(|letter| {
            used += font::glyph(*letter).1 * style.size;
            used <= room
        })
        .collect();
    format!("{}…", kept.trim_end())
}
