//! The drawing with its colours written out, for programs that read no style sheets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use super::Theme;
use super::theme::{COLOURS, rules};

/// What stands in the element itself, and in the style sheet for other hosts.
const ROOT: &str = "font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"110\" fill=\"none\"";

/// Attributes by class, light and dark.
static LIGHT: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| attributes(Theme::Light));
static DARK: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| attributes(Theme::Dark));

/// `svg` with the attributes of one theme in place of its classes.
///
/// Text holds no quotation marks, so that ` class="` is found in tags only.
pub(super) fn flattened(svg: &str, theme: Theme) -> String {
    let classes = match theme {
        Theme::Light => &*LIGHT,
        Theme::Dark => &*DARK,
    };
    let mut out = String::with_capacity(svg.len() + svg.len() / 4);
    let mut parts = svg.split(" class=\"");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (names, rest) = part.split_once('"').unwrap_or((part, ""));
        for name in names.split(' ') {
            let attributes = if name == "chart" { Some(ROOT) } else { classes.get(name).map(String::as_str) };
            if let Some(attributes) = attributes {
                out.push(' ');
                out.push_str(attributes);
            }
        }
        out.push_str(rest);
    }
    out
}

fn attributes(theme: Theme) -> BTreeMap<String, String> {
    rules().into_iter().map(|(class, style)| (class, written(&style, theme))).collect()
}

/// Declarations as attributes. Every colour is declared twice, plainly and as a property; the second is resolved.
fn written(style: &str, theme: Theme) -> String {
    let mut values: Vec<(&str, &str)> = Vec::new();
    for declaration in style.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let value = value
            .strip_prefix("var(--chart-")
            .and_then(|name| COLOURS.iter().find(|colour| colour.0 == name.trim_end_matches(')')))
            .map_or_else(
                || value.trim_end_matches("px"),
                |(_, light, dark)| if theme == Theme::Dark { dark } else { light },
            );
        match values.iter_mut().find(|known| known.0 == property) {
            Some(known) => known.1 = value,
            None => values.push((property, value)),
        }
    }
    let mut out = String::new();
    for (property, value) in values {
        // Writing into a `String` cannot fail.
        let _ = write!(out, "{}{property}=\"{value}\"", if out.is_empty() { "" } else { " " });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_become_the_colours_of_one_theme() {
        let svg =
            "<svg class=\"chart\"><path class=\"l2\" d=\"M0 0\"/><text class=\"muted e\" x=\"1\">class=l2</text></svg>";
        let light = flattened(svg, Theme::Light);
        assert!(light.contains(
            "<path stroke=\"#bd4b00\" stroke-width=\"15\" stroke-linejoin=\"round\" stroke-dasharray=\"70 30\" d="
        ));
        assert!(light.contains("<text fill=\"#59626c\" text-anchor=\"end\" x=\"1\">class=l2</text>"));
        assert!(flattened(svg, Theme::Dark).contains("<text fill=\"#a4acb5\""));
    }

    #[test]
    fn no_class_keeps_a_property_or_a_unit() {
        for (class, attributes) in LIGHT.iter().chain(DARK.iter()) {
            assert!(!attributes.contains("var(") && !attributes.contains("px"), "{class}: {attributes}");
        }
    }
}
