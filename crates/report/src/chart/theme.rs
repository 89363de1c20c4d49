//! Inks, the classes that stand for them in the SVG, and the style sheet that gives each class its light and dark colour.

use std::fmt::Write as _;
use std::sync::LazyLock;

use plotters::style::RGBColor;

/// Which of its two sets of colours a chart shows where it cannot follow the reader's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark on white, as on paper.
    Light,
    /// Light on black.
    Dark,
}

/// Number of colours before they repeat.
pub(super) const SERIES: usize = 8;
/// Steps of colour on either side of zero in a heat map.
pub(super) const HEAT_STEPS: usize = 8;
/// Shades of a fan.
pub(super) const BANDS: usize = 4;

/// What a shape is drawn with. The drawing library sees it as a colour whose blue part is its number; the SVG shows the
/// class of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink(u8);

impl Ink {
    pub(super) const SURFACE: Self = Self(0);
    pub(super) const TITLE: Self = Self(1);
    pub(super) const TEXT: Self = Self(2);
    pub(super) const MUTED: Self = Self(3);
    pub(super) const GRID: Self = Self(4);
    pub(super) const AXIS: Self = Self(5);
    pub(super) const REFERENCE: Self = Self(6);
    pub(super) const SHADE: Self = Self(7);
    pub(super) const MARKER: Self = Self(8);
    pub(super) const WHISKER: Self = Self(9);
    pub(super) const GAIN: Self = Self(10);
    pub(super) const LOSS: Self = Self(11);
    pub(super) const BIN: Self = Self(12);
    pub(super) const LABEL: Self = Self(13);
    pub(super) const STRONG: Self = Self(14);
    pub(super) const DOT: Self = Self(15);
    pub(super) const EMPTY: Self = Self(16);
    pub(super) const MEDIAN: Self = Self(17);
    pub(super) const OTHER: Self = Self(18);
    pub(super) const EDGE: Self = Self(19);
    pub(super) const NAME: Self = Self(20);

    /// The line of the `index`th series.
    pub(super) fn line(index: usize) -> Self {
        Self(32 + (index % SERIES) as u8)
    }

    /// The filled surface of the `index`th series.
    pub(super) fn area(index: usize) -> Self {
        Self(40 + (index % SERIES) as u8)
    }

    /// The `index`th layer of a stack.
    pub(super) fn layer(index: usize) -> Self {
        Self(48 + (index % SERIES) as u8)
    }

    /// The dot at the end of the `index`th series.
    pub(super) fn point(index: usize) -> Self {
        Self(56 + (index % SERIES) as u8)
    }

    /// The `index`th band of a fan, the widest first.
    pub(super) fn band(index: usize) -> Self {
        Self(64 + index.min(BANDS - 1) as u8)
    }

    /// A cell of a heat map, `step` of [`HEAT_STEPS`] away from zero.
    pub(super) fn heat(gain: bool, step: usize) -> Self {
        Self(if gain { 80 } else { 96 } + step.min(HEAT_STEPS) as u8)
    }

    /// As the drawing library carries it.
    pub(super) fn color(self) -> RGBColor {
        RGBColor(0, 0, self.0)
    }

    /// From what the drawing library carried.
    pub(super) fn of(rgb: (u8, u8, u8)) -> Self {
        Self(rgb.2)
    }

    /// The class in the SVG.
    pub(super) fn class(self) -> Class {
        const NAMED: [&str; 21] = [
            "surface", "title", "text", "muted", "grid", "axis", "ref", "shade", "marker", "whisker", "gain", "loss",
            "bin", "label", "strong", "dot", "empty", "median", "other", "edge", "name",
        ];
        let numbered = |stem, first: u8| Class { stem, number: Some(self.0 - first) };
        match self.0 {
            number @ 0..32 => Class { stem: NAMED.get(usize::from(number)).unwrap_or(&"text"), number: None },
            32..40 => numbered("l", 31),
            40..48 => numbered("a", 39),
            48..56 => numbered("y", 47),
            56..64 => numbered("p", 55),
            64..80 => numbered("b", 63),
            80..96 => numbered("g", 80),
            _ => numbered("h", 96),
        }
    }
}

/// The name of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    stem: &'static str,
    number: Option<u8>,
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.stem)?;
        self.number.map_or(Ok(()), |number| write!(f, "{number}"))
    }
}

/// Names, light and dark colours. The series follow the order of Okabe and Ito (2008), darkened for white and lightened
/// for black until each stands out by at least 4.5 to 1, so that a name may be written in its colour; the
/// layers of a stack are the same colours, strong and weak by turns, on which text can be read.
pub(super) const COLOURS: [(&str, &str, &str); 24] = [
    ("surface", "#ffffff", "#16191d"),
    ("text", "#1b1f24", "#e8eaed"),
    ("muted", "#59626c", "#a4acb5"),
    ("grid", "#e6e9ed", "#2b3037"),
    ("axis", "#98a1ab", "#5d6670"),
    ("empty", "#f3f4f6", "#1f2328"),
    ("gain", "#62a9d6", "#1d5c94"),
    ("loss", "#f0a25c", "#934613"),
    ("1", "#0b5fa5", "#62aeea"),
    ("2", "#bd4b00", "#f2935a"),
    ("3", "#007a5c", "#3cc49a"),
    ("4", "#96478f", "#d998d0"),
    ("5", "#7d6100", "#d8b64c"),
    ("6", "#0f7286", "#59c3d6"),
    ("7", "#a5344b", "#ee8797"),
    ("8", "#5b6470", "#abb4be"),
    ("y1", "#4f8cbe", "#3a617f"),
    ("y2", "#e1ac8a", "#5c4031"),
    ("y3", "#479f8a", "#286b59"),
    ("y4", "#cfaacb", "#544256"),
    ("y5", "#a18d47", "#736434"),
    ("y6", "#91bec7", "#2b4f58"),
    ("y7", "#c57a89", "#784a54"),
    ("y8", "#b4b8bd", "#464b51"),
];

/// Dashes of the lines, in tenths of a pixel: what tells the series apart without colour.
const DASHES: [&str; SERIES] = ["", "70 30", "20 22", "90 30 20 30", "120 40", "40 25", "60 25 20 25 20 25", "15 15"];

static STYLE: LazyLock<String> = LazyLock::new(write_style);

/// The style sheet of the charts, for a page to hold once. It gives every class its colour, and nothing outside the class
/// `chart` changes.
///
/// Each colour is a custom property `--chart-…` of `.chart` with a light and a dark value. Which of them holds follows
/// the CSS property `color-scheme` of the surrounding page, and `data-theme="light"` or `"dark"` on any element around
/// the chart. Browsers without `light-dark()` follow `data-theme` and `prefers-color-scheme`. Print is always light.
/// Of the two drawings that [`Chart::responsive`](crate::Chart::responsive) makes, the style shows `.chart-narrow` on
/// screens up to 520 pixels wide and `.chart-wide` elsewhere, paper included.
#[must_use]
pub fn style_css() -> &'static str {
    &STYLE
}

fn write_style() -> String {
    let mut css = String::with_capacity(6_000);
    let list = |dark: bool| -> String {
        let pick =
            |(name, light, night): &(&str, &str, &str)| format!("--chart-{name}:{};", if dark { night } else { light });
        COLOURS.iter().map(pick).collect()
    };
    let pairs: String =
        COLOURS.iter().map(|(name, light, dark)| format!("--chart-{name}:light-dark({light},{dark});")).collect();
    let (light, dark) = (list(false), list(true));
    let _ = write!(
        css,
        ".chart{{{light}display:block;width:100%;height:auto;font:110px \"DejaVu Sans Subset\",\"DejaVu Sans\",Verdana,\
         sans-serif;fill:none}}.chart:root{{color-scheme:light dark}}[data-theme=light] .chart{{color-scheme:light}}\
         [data-theme=dark] .chart{{color-scheme:dark}}@supports (color:light-dark(#000,#fff)){{.chart{{{pairs}}}}}\
         @supports not (color:light-dark(#000,#fff)){{@media screen{{[data-theme=dark] .chart{{{dark}}}}}\
         @media screen and (prefers-color-scheme:dark){{.chart:not([data-theme=light] *){{{dark}}}}}}}\
         @media print{{.chart{{color-scheme:light!important}}}}.chart-narrow{{display:none}}\
         @media screen and (max-width:520px){{.chart-narrow{{display:block}}.chart-wide{{display:none}}}}"
    );
    for (class, paint) in rules() {
        let _ = write!(css, ".chart .{class}{{{paint}}}");
    }
    css
}

/// Classes with what they paint. A colour is given plainly before it is given as a property, for programs that know no
/// properties.
pub(super) fn rules() -> Vec<(String, String)> {
    let fill = |name: &str, more: &str| paint("fill", name, more);
    let stroke = |name: &str, more: &str| paint("stroke", name, more);
    let halo = format!("paint-order:stroke;{};stroke-linejoin:round", stroke("surface", "stroke-width:30"));
    let mut rules: Vec<(String, String)> = vec![
        ("surface".into(), fill("surface", "")),
        ("title".into(), fill("text", "font-weight:600;font-size:150px")),
        ("text".into(), fill("text", "")),
        ("strong".into(), fill("text", "font-weight:600")),
        ("muted".into(), fill("muted", "")),
        ("label".into(), fill("text", &halo)),
        ("name".into(), fill("text", &format!("font-weight:600;{halo}"))),
        ("e".into(), "text-anchor:end".into()),
        ("m".into(), "text-anchor:middle".into()),
        ("grid".into(), stroke("grid", "stroke-width:10")),
        ("axis".into(), stroke("axis", "stroke-width:10")),
        ("ref".into(), stroke("muted", "stroke-width:10;stroke-dasharray:40 30")),
        ("shade".into(), fill("muted", "fill-opacity:.12")),
        ("marker".into(), stroke("text", "stroke-width:13;stroke-dasharray:50 25")),
        ("whisker".into(), stroke("text", "stroke-width:12")),
        ("gain".into(), fill("1", "fill-opacity:.82")),
        ("loss".into(), fill("2", "fill-opacity:.82")),
        ("bin".into(), fill("1", "fill-opacity:.72")),
        ("dot".into(), fill("1", &stroke("surface", "stroke-width:12"))),
        ("empty".into(), fill("empty", "")),
        ("median".into(), stroke("1", "stroke-width:17;stroke-linejoin:round;stroke-dasharray:70 35")),
        ("other".into(), stroke("axis", "stroke-width:10;stroke-linejoin:round")),
        ("edge".into(), stroke("surface", "stroke-width:12;stroke-linejoin:round")),
    ];
    for (index, dash) in DASHES.iter().enumerate() {
        let number = index + 1;
        let colour = number.to_string();
        let width = if index == 0 { 18 } else { 15 };
        let dash = if dash.is_empty() { String::new() } else { format!(";stroke-dasharray:{dash}") };
        rules.push((
            format!("l{number}"),
            stroke(&colour, &format!("stroke-width:{width};stroke-linejoin:round{dash}")),
        ));
        rules.push((format!("a{number}"), fill(&colour, "fill-opacity:.16")));
        rules.push((format!("y{number}"), fill(&format!("y{number}"), "")));
        rules.push((format!("p{number}"), fill(&colour, "")));
    }
    for index in 0..BANDS {
        rules.push((format!("b{}", index + 1), fill("1", &format!("fill-opacity:.{}", [13, 16, 20, 24][index]))));
    }
    for step in 0..=HEAT_STEPS {
        let opacity = format!("fill-opacity:{:.2}", step as f64 / HEAT_STEPS as f64);
        rules.push((format!("g{step}"), fill("gain", &opacity)));
        rules.push((format!("h{step}"), fill("loss", &opacity)));
    }
    rules
}

fn paint(property: &str, name: &str, more: &str) -> String {
    let light = COLOURS.iter().find(|(known, _, _)| *known == name).map_or("#000", |(_, light, _)| light);
    let more = if more.is_empty() { String::new() } else { format!(";{more}") };
    format!("{property}:{light};{property}:var(--chart-{name}){more}")
}
