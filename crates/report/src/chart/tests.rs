//! Golden pictures, hostile data, and what must hold of every chart.

use std::path::Path;

use alluse_risk_core::{Currency, ErrorKind};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::{Error, Unit, Value};

mod hostile;

/// `count` days from 3 January 2022 on, each a week after the other.
fn weeks(count: usize) -> Vec<Date> {
    (0..count as i64).map(|week| date(2022, 1, 3).checked_add((7 * week).days()).unwrap()).collect()
}

/// Values without pattern from the fractional parts of multiples of the golden ratio.
fn jagged(count: usize, start: f64, size: f64) -> Vec<f64> {
    (1..=count).map(|index| start + size * ((index as f64 * 0.618_033_988_75).fract() - 0.5)).collect()
}

fn line(name: &str, values: Vec<f64>) -> Line {
    Line { name: name.into(), dates: weeks(values.len()), values, filled: false }
}

fn lines(lines: Vec<Line>) -> Lines {
    Lines {
        title: "Growth of 1".into(),
        description: "The portfolio and its benchmark, net of costs.".into(),
        unit: Unit::RATIO,
        logarithmic: false,
        lines,
        shades: Vec::new(),
        reference: Some(1.0),
    }
}

fn growth() -> Lines {
    let mut chart = lines(vec![line("Portfolio", jagged(60, 1.2, 0.5)), line("Benchmark", jagged(60, 1.1, 0.2))]);
    chart.shades.push(Shade { name: "\u{2212}12 %".into(), from: date(2022, 4, 1), to: date(2022, 6, 15) });
    chart
}

fn drawdown() -> Lines {
    let mut chart = lines(vec![line("Portfolio", jagged(60, -0.1, 0.2))]);
    (chart.title, chart.unit, chart.reference) = ("Drawdown".into(), Unit::PERCENT, None);
    chart.lines[0].filled = true;
    chart
}

fn heatmap() -> Heatmap {
    let mut cells: Vec<Vec<Option<f64>>> =
        jagged(26, 0.005, 0.1).chunks(13).map(|row| row.iter().copied().map(Some).collect()).collect();
    cells[0][3] = None;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year"];
    Heatmap {
        title: "Monthly returns".into(),
        description: "Two years by month.".into(),
        unit: Unit::Percent { decimals: 1 },
        columns: months.map(String::from).to_vec(),
        rows: vec!["2023".into(), "2022".into()],
        cells,
    }
}

fn histogram() -> Histogram {
    Histogram {
        title: "Daily returns".into(),
        description: "The left tail is longer.".into(),
        unit: Unit::PERCENT,
        edges: (0..=10).map(|index| -0.05 + 0.01 * f64::from(index)).collect(),
        counts: vec![1, 0, 4, 20, 90, 120, 60, 14, 2, 1],
        markers: vec![
            Marker { name: "VaR 99 %".into(), value: -0.031 },
            Marker { name: "ES 99 %".into(), value: -0.042 },
        ],
    }
}

fn bars() -> Bars {
    let bar = |name: &str, value, interval| Bar { name: name.into(), value, interval };
    Bars {
        title: "Contribution to return".into(),
        description: "With intervals of 95 %.".into(),
        unit: Unit::PERCENT,
        bars: vec![
            bar("Technology", 0.031, Some((0.012, 0.05))),
            bar("Energy", -0.014, Some((-0.039, 0.009))),
            bar("Utilities", 0.0, None),
        ],
    }
}

fn scatter() -> Scatter {
    let point = |name: &str, x, y, emphasised| ScatterPoint { name: name.into(), x, y, emphasised };
    Scatter {
        title: "Efficient frontier".into(),
        description: "Each point a portfolio.".into(),
        x_name: "Volatility, a year".into(),
        x_unit: Unit::PERCENT,
        y_name: "Expected return, a year".into(),
        y_unit: Unit::PERCENT,
        curve: (0..20).map(|step| f64::from(step) / 19.0).map(|t| (0.09 + 0.16 * t * t, 0.035 + 0.075 * t)).collect(),
        points: vec![point("Minimum variance", 0.09, 0.035, true), point("Bonds", 0.11, 0.03, false)],
    }
}

fn fan() -> Fan {
    let past = weeks(20);
    let future: Vec<Date> = (1..=12).map(|week| past[19].checked_add((7 * week).days()).unwrap()).collect();
    let spread = |size: f64| (1..=12).map(|week| 100.0 + size * f64::from(week).sqrt()).collect::<Vec<f64>>();
    Fan {
        title: "Value of the portfolio".into(),
        description: "Twelve weeks ahead.".into(),
        unit: Unit::Money(Currency::usd()),
        history: past.into_iter().zip(jagged(20, 100.0, 6.0)).collect(),
        dates: future,
        median: spread(0.5),
        bands: vec![
            FanBand { probability: 0.95, lower: spread(-4.0), upper: spread(5.0) },
            FanBand { probability: 0.5, lower: spread(-1.0), upper: spread(2.0) },
        ],
    }
}

fn stack() -> Stack {
    Stack {
        title: "Weights along the frontier".into(),
        description: "From careful to bold.".into(),
        x_name: "Volatility, a year".into(),
        x_unit: Unit::PERCENT,
        xs: vec![0.05, 0.1, 0.15, 0.2],
        names: vec!["Bonds".into(), "Equity".into(), "Gold".into()],
        shares: vec![vec![0.8, 0.5, 0.2, 0.0], vec![0.1, 0.4, 0.6, 1.0], vec![0.1, 0.1, 0.2, 0.0]],
    }
}

fn all() -> Vec<(&'static str, Chart)> {
    vec![
        ("growth", Chart::Lines(growth())),
        ("drawdown", Chart::Lines(drawdown())),
        ("heatmap", Chart::Heatmap(heatmap())),
        ("histogram", Chart::Histogram(histogram())),
        ("bars", Chart::Bars(bars())),
        ("scatter", Chart::Scatter(scatter())),
        ("fan", Chart::Fan(fan())),
        ("stack", Chart::Stack(stack())),
    ]
}

/// The reason why a chart is refused.
#[track_caller]
fn refused(chart: impl Into<Chart>) -> String {
    let chart = chart.into();
    let error = chart.check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(chart.svg(&Frame::default()).as_ref(), Err(&error));
    assert_eq!(chart.table().as_ref(), Err(&error));
    assert!(error.to_string().contains(chart.title()), "{error}");
    error.to_string()
}

/// Draws at both widths and parses what came.
#[track_caller]
fn drawn(chart: impl Into<Chart>) -> String {
    let chart = chart.into();
    for frame in [Frame::wide("w"), Frame::phone("p"), Frame::file()] {
        let svg = chart.svg(&frame).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let title = document.descendants().find(|node| node.has_tag_name("title")).and_then(|node| node.text());
        assert_eq!(title.unwrap_or(""), chart.title());
        let (width, height) = size(&document);
        for text in document.descendants().filter(|node| node.has_tag_name("text")) {
            let (left, right, y) = extent_of(&text);
            assert!(left >= -1.0 && right <= width + 1.0, "{:?} from {left} to {right} of {width}", text.text());
            assert!(y > 0.0 && y < height, "{:?} at {y} of {height}", text.text());
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
    chart.table().unwrap();
    chart.svg(&Frame::default()).unwrap()
}

fn size(document: &roxmltree::Document<'_>) -> (f64, f64) {
    let view: Vec<f64> =
        document.root_element().attribute("viewBox").unwrap().split(' ').map(|part| part.parse().unwrap()).collect();
    (view[2] / 10.0, view[3] / 10.0)
}

/// Left and right end and baseline of a text element, in pixels.
fn extent_of(node: &roxmltree::Node<'_, '_>) -> (f64, f64, f64) {
    let number = |name: &str| node.attribute(name).map(|value| value.parse::<f64>().unwrap() / 10.0);
    let class = node.attribute("class").unwrap();
    let usual = if class.starts_with("title") { 15.0 } else { 11.0 };
    let width = font::width(node.text().unwrap_or(""), number("font-size").unwrap_or(usual));
    let x = number("x").unwrap();
    let left = match class.rsplit(' ').next() {
        Some("e") => x - width,
        Some("m") => x - width / 2.0,
        _ => x,
    };
    (left, left + width, number("y").unwrap())
}

/// These are our own pictures, looked at once and then kept: a change of a picture must be meant. With
/// `ALLUSE_BLESS=1` in the environment the test writes them anew.
#[test]
fn pictures_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, chart) in all() {
        for (form, frame) in [("wide", Frame::wide("golden")), ("phone", Frame::phone("golden"))] {
            let svg = chart.svg(&frame).unwrap();
            assert_eq!(svg, chart.clone().svg(&frame).unwrap(), "twice the same chart");
            let path = folder.join(format!("{name}-{form}.svg"));
            if std::env::var_os("ALLUSE_BLESS").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &svg).unwrap();
            }
            let golden = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(svg == golden, "{name}-{form}.svg differs from the picture in tests/golden");
        }
    }
}

#[test]
fn every_chart_is_well_formed_and_keeps_its_text_within_it() {
    for (_, chart) in all() {
        drawn(chart);
    }
}

#[test]
fn a_chart_says_what_it_is_to_those_who_do_not_see_it() {
    for (_, chart) in all() {
        let svg = chart.svg(&Frame::wide("page-7")).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let named: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
        let text = |id: &str| document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap().text();
        assert_eq!(named, ["page-7-title", "page-7-desc"]);
        assert_eq!(text(named[0]), Some(chart.title()));
        assert_eq!(text(named[1]), Some(chart.description()));
    }
}

#[test]
fn a_page_holds_two_drawings_with_ids_of_their_own_and_no_style() {
    let svg = Chart::Lines(growth()).responsive("first").unwrap();
    let page = format!("<div>{svg}</div>");
    let document = roxmltree::Document::parse(&page).unwrap();
    let mut ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["first-desc", "first-narrow-desc", "first-narrow-title", "first-title"]);
    assert!(!svg.contains("<style") && svg.contains("chart chart-wide") && svg.contains("chart chart-narrow"));
}

#[test]
fn a_file_brings_its_style_and_font() {
    let svg = Chart::Bars(bars()).svg(&Frame::file()).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let style = document.descendants().find(|node| node.has_tag_name("style")).and_then(|node| node.text()).unwrap();
    assert!(style.contains("@font-face") && style.contains("prefers-color-scheme:dark"));
    assert_eq!(style.matches('{').count(), style.matches('}').count());
}

/// A class without a rule would be painted black.
#[test]
fn every_class_has_a_rule() {
    for (_, chart) in all() {
        let svg = chart.svg(&Frame::default()).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        for node in document.descendants().skip(2).filter(|node| node.tag_name().name() != "svg") {
            for class in node.attribute("class").unwrap_or("").split_whitespace() {
                assert!(style_css().contains(&format!(".chart .{class}{{")), "{class}");
            }
        }
    }
}

#[test]
fn markup_in_words_stays_words() {
    let words = "5 < 6 & \"7\" > 'x' </text><script>";
    let mut chart = growth();
    chart.title = words.into();
    chart.description = words.into();
    chart.lines[0].name = words.into();
    chart.shades[0].name = "<&>".into();
    let svg = drawn(Chart::Lines(chart));
    assert!(!svg.contains("<script"));
    let mut chart = bars();
    chart.bars[0].name = words.into();
    assert!(!drawn(Chart::Bars(chart)).contains("<script"));
}

#[test]
fn long_series_stay_small() {
    let dates: Vec<Date> = (0..7_000).map(|day| date(1998, 1, 1).checked_add(i64::from(day).days()).unwrap()).collect();
    let values = jagged(7_000, 1.0, 0.5);
    let series = Line { name: "Long".into(), dates, values, filled: true };
    let chart = Chart::Lines(lines(vec![series]));
    let svg = chart.svg(&Frame::default()).unwrap();
    assert!(svg.len() < 40_000, "{} bytes", svg.len());
    assert_eq!(chart.table().unwrap().rows.len(), 7_000);
}

#[test]
fn tables_hold_every_number() {
    let table = Chart::Lines(growth()).table().unwrap();
    assert_eq!(table.columns, ["Date", "Portfolio", "Benchmark"]);
    assert_eq!(table.rows.len(), 60);
    assert_eq!(table.rows[1][0], Value::Date(date(2022, 1, 10)));
    assert_eq!(table.rows[1][2].number(), Some(growth().lines[1].values[1]));
    assert!(table.caption.contains("reference 1.00") && table.caption.contains("2022-04-01 to 2022-06-15"));

    let mut uneven = growth();
    uneven.lines[1].dates.remove(1);
    uneven.lines[1].values.remove(1);
    let table = Chart::Lines(uneven).table().unwrap();
    assert!(matches!(table.rows[1][2], Value::Unknown { .. }));
    assert_eq!(table.rows[2][2].number(), Some(growth().lines[1].values[2]));

    let table = Chart::Heatmap(heatmap()).table().unwrap();
    assert!(matches!(table.rows[0][4], Value::Unknown { .. }));
    let table = Chart::Histogram(histogram()).table().unwrap();
    assert_eq!(table.rows.iter().map(|row| row[2].number().unwrap()).sum::<f64>(), 312.0);
    assert!(table.caption.contains("VaR 99 % \u{2212}3.10 %"), "{}", table.caption);
    let table = Chart::Bars(bars()).table().unwrap();
    assert_eq!(table.columns, ["Name", "Value", "Lower", "Upper"]);
    assert!(matches!(table.rows[2][2], Value::Unknown { .. }));
    let table = Chart::Scatter(scatter()).table().unwrap();
    assert_eq!(table.rows.len(), 22);
    let table = Chart::Fan(fan()).table().unwrap();
    assert_eq!((table.rows.len(), table.columns.len()), (32, 7));
    assert_eq!(table.columns[3], "95 % from");
    let table = Chart::Stack(stack()).table().unwrap();
    assert_eq!(table.rows[3][2].number(), Some(1.0));
}

/// Contrast of WCAG 2.2 (the ratio of relative luminances): 4.5 for text, 3 for lines and surfaces.
#[test]
fn colours_stand_out_in_both_themes() {
    let linear = |part: u32| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = |colour: &str| {
        let rgb = u32::from_str_radix(&colour[1..], 16).unwrap();
        0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8 & 255) + 0.0722 * linear(rgb & 255)
    };
    let contrast = |a: &str, b: &str| {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    };
    let find = |name: &str| *theme::COLOURS.iter().find(|colour| colour.0 == name).unwrap();
    let pairs = |front: &str, back: &str| {
        let (front, back) = (find(front), find(back));
        contrast(front.1, back.1).min(contrast(front.2, back.2))
    };
    for name in ["text", "muted", "1", "2", "3", "4", "5", "6", "7", "8"] {
        assert!(pairs(name, "surface") >= 4.5, "{name} {}", pairs(name, "surface"));
    }
    // Text stands on the strongest colours of a heat map, and on the layers of a stack.
    for back in ["gain", "loss", "empty", "y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8"] {
        assert!(pairs("text", back) >= 4.5, "{back} {}", pairs("text", back));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any finite series gives a well-formed picture whose text stays within it.
    #[test]
    fn any_series_is_drawn(values in prop::collection::vec(-1e9_f64..1e9, 1..60), scale in -200_i32..200) {
        let values: Vec<f64> = values.iter().map(|value| value * 10.0_f64.powi(scale)).collect();
        let chart = Lines { reference: None, ..lines(vec![line("Series", values)]) };
        drawn(Chart::Lines(chart));
    }

    #[test]
    fn any_words_are_escaped(words in "\\PC{0,80}") {
        let chart = Lines { title: words.clone(), description: words, ..growth() };
        drawn(Chart::Lines(chart));
    }
}
