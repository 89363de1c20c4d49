//! Charts on a page: what the drawing of a chart writes as SVG, and no other SVG, as lines, surfaces and text.

use krilla::geom::{Path, PathBuilder, Transform};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::Font;
use roxmltree::{Document, Node};

use super::draw::{ARC, Letters, paint, write};
use super::style::{Colour, INK, Style};
use super::words::{BOLD_STROKE, width};

/// Width and height of a drawing in pixels; one by one where it does not say.
pub(super) fn size(svg: &str) -> (f64, f64) {
    let of = |name: &str| -> Option<f64> {
        let (_, rest) = svg.split_once(&format!(" {name}=\""))?;
        rest.split_once('"')?.0.parse().ok().filter(|size: &f64| *size > 0.0)
    };
    (of("width").unwrap_or(1.0), of("height").unwrap_or(1.0))
}

/// Draws the SVG with its corner at `place` and so wide.
pub(super) fn draw(
    surface: &mut Surface<'_>,
    font: &Font,
    svg: &str,
    place: (f64, f64),
    wide: f64,
) -> Result<(), String> {
    let document = Document::parse(svg).map_err(|error| error.to_string())?;
    let root = document.root_element();
    let units: f64 = root
        .attribute("viewBox")
        .and_then(|view| view.split(' ').nth(2))
        .and_then(|width| width.parse().ok())
        .filter(|units| *units > 0.0)
        .ok_or("the drawing has no width")?;
    let scale = (wide / units) as f32;
    surface.push_transform(&Transform::from_row(scale, 0.0, 0.0, scale, place.0 as f32, place.1 as f32));
    let drawn = root.children().filter(Node::is_element).try_for_each(|node| element(surface, font, node));
    surface.pop();
    drawn
}

fn element(surface: &mut Surface<'_>, font: &Font, node: Node<'_, '_>) -> Result<(), String> {
    let path = match node.tag_name().name() {
        "title" | "desc" => return Ok(()),
        "text" => return text(surface, font, node),
        "path" => path(node.attribute("d").unwrap_or_default())?,
        "circle" => circle(number(node, "cx")?, number(node, "cy")?, number(node, "r")?),
        other => return Err(format!("a chart drew <{other}>")),
    };
    let (fill, stroke) = (filled(node)?, stroked(node)?);
    if let Some(path) = path
        && (fill.is_some() || stroke.is_some())
    {
        surface.set_fill(fill);
        surface.set_stroke(stroke);
        surface.draw_path(&path);
    }
    Ok(())
}

fn text(surface: &mut Surface<'_>, font: &Font, node: Node<'_, '_>) -> Result<(), String> {
    let words: String = node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect();
    if words.trim().is_empty() {
        return Ok(());
    }
    let size = if node.has_attribute("font-size") { f64::from(number(node, "font-size")?) } else { 110.0 };
    let style = Style { size, bold: node.has_attribute("font-weight"), colour: INK };
    let (x, y) = (f64::from(number(node, "x")?), f64::from(number(node, "y")?));
    let x = match node.attribute("text-anchor") {
        Some("end") => x - width(&words, style),
        Some("middle") => x - width(&words, style) / 2.0,
        _ => x,
    };
    let fill = filled(node)?.unwrap_or_default();
    // The halo lies under the letters and is no text of its own.
    if let Some(halo) = stroked(node)? {
        surface.set_fill(None);
        surface.set_stroke(Some(halo));
        write(surface, font, (x, y), size, &words, Letters::Shapes);
    }
    let outline = Stroke { paint: fill.paint.clone(), width: (size * BOLD_STROKE) as f32, ..Stroke::default() };
    surface.set_fill(Some(fill));
    surface.set_stroke(style.bold.then_some(outline));
    write(surface, font, (x, y), size, &words, Letters::Text);
    Ok(())
}

fn filled(node: Node<'_, '_>) -> Result<Option<Fill>, String> {
    let Some(colour) = node.attribute("fill") else { return Ok(None) };
    let opacity = if node.has_attribute("fill-opacity") { number(node, "fill-opacity")? } else { 1.0 };
    let opacity = NormalizedF32::new(opacity).ok_or_else(|| format!("an opacity of {opacity}"))?;
    Ok(Some(Fill { paint: paint(colour_of(colour)?), opacity, ..Fill::default() }))
}

fn stroked(node: Node<'_, '_>) -> Result<Option<Stroke>, String> {
    let Some(colour) = node.attribute("stroke") else { return Ok(None) };
    let dash = match node.attribute("stroke-dasharray") {
        Some(list) => {
            let array = list.split(' ').map(|length| length.parse::<f32>().map_err(|error| error.to_string()));
            Some(StrokeDash { array: array.collect::<Result<_, _>>()?, offset: 0.0 })
        }
        None => None,
    };
    let line_join = if node.has_attribute("stroke-linejoin") { LineJoin::Round } else { LineJoin::Miter };
    Ok(Some(Stroke {
        paint: paint(colour_of(colour)?),
        width: number(node, "stroke-width")?,
        // That of SVG.
        miter_limit: 4.0,
        line_join,
        dash,
        ..Stroke::default()
    }))
}

fn number(node: Node<'_, '_>, name: &str) -> Result<f32, String> {
    let text = node.attribute(name).ok_or_else(|| format!("<{}> without {name}", node.tag_name().name()))?;
    text.parse().map_err(|_| format!("{name} is {text:?}"))
}

/// `#rrggbb`.
fn colour_of(text: &str) -> Result<Colour, String> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
    let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let [_, red, green, blue] = value.ok_or_else(|| format!("the colour {text:?}"))?.to_be_bytes();
    Ok([red, green, blue])
}

/// Subpaths of `M`, `l`, `h`, `v` and `z`, as the charts write them.
fn path(data: &str) -> Result<Option<Path>, String> {
    let mut out = PathBuilder::new();
    let (mut x, mut y, mut command) = (0_i32, 0_i32, ' ');
    let mut tokens = Tokens(data);
    while let Some(token) = tokens.next() {
        let token = token?;
        let first = match token {
            Token::Command('z') => {
                out.close();
                continue;
            }
            Token::Command(letter) => {
                command = letter;
                match tokens.next() {
                    Some(Ok(Token::Number(first))) => first,
                    _ => return Err(format!("{letter} without a number")),
                }
            }
            Token::Number(first) => first,
        };
        let mut second = || match tokens.next() {
            Some(Ok(Token::Number(second))) => Ok(second),
            _ => Err(format!("{command} with one number")),
        };
        match command {
            'M' => (x, y) = (first, second()?),
            'l' => (x, y) = (x + first, y + second()?),
            'h' => x += first,
            'v' => y += first,
            other => return Err(format!("the path command {other:?}")),
        }
        if command == 'M' { out.move_to(x as f32, y as f32) } else { out.line_to(x as f32, y as f32) }
    }
    Ok(out.finish())
}

enum Token {
    Command(char),
    Number(i32),
}

/// The rest of a path.
struct Tokens<'a>(&'a str);

impl Iterator for Tokens<'_> {
    type Item = Result<Token, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_start();
        let first = rest.chars().next()?;
        if first.is_ascii_alphabetic() {
            self.0 = &rest[1..];
            return Some(Ok(Token::Command(first)));
        }
        let sign = usize::from(first == '-');
        let digits = rest[sign..].find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len() - sign);
        let (number, rest) = rest.split_at((sign + digits).max(first.len_utf8()));
        self.0 = rest;
        Some(number.parse().map(Token::Number).map_err(|_| format!("{number:?} in a path")))
    }
}

fn circle(x: f32, y: f32, r: f32) -> Option<Path> {
    let k = r * ARC;
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_other_drawings_are_refused() {
        assert!(path("M0 0l1-2 3 4z").unwrap().is_some());
        assert!(path("M0 0h5v5h-5z").unwrap().is_some());
        assert!(path("").unwrap().is_none());
        for wrong in ["M0", "M0 0c1 2 3 4 5 6", "M0 0l1", "M0 0l1.5 2", "M0 0l- 2", "M0 0l\u{e9}"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
    }
}
