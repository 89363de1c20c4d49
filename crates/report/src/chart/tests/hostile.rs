//! Data that must be refused, and data that must not.

use super::*;

#[test]
fn hostile_lines_are_named() {
    let broken = |change: fn(&mut Lines)| {
        let mut chart = growth();
        change(&mut chart);
        refused(Chart::Lines(chart))
    };
    assert!(broken(|chart| chart.lines.clear()).contains("no line"));
    assert!(broken(|chart| chart.lines[1].values[7] = f64::NAN).contains("line \"Benchmark\": value 7 is NaN"));
    assert!(broken(|chart| chart.lines[1].values[7] = f64::INFINITY).contains("value 7 is inf"));
    assert!(broken(|chart| chart.lines[0].values[3] = -1e301).contains("beyond 1e300"));
    assert!(broken(|chart| chart.lines[0].values.truncate(59)).contains("60 dates where 59 belong"));
    assert!(
        broken(|chart| chart.lines[0].dates[5] = date(2022, 1, 3))
            .contains("date 5 is 2022-01-03, not after 2022-01-31")
    );
    assert!(broken(|chart| chart.reference = Some(f64::NAN)).contains("reference"));
    assert!(broken(|chart| chart.shades[0].to = date(2021, 1, 1)).contains("shade"));
    assert!(
        broken(|chart| (chart.logarithmic, chart.lines[0].values[2]) = (true, 0.0))
            .contains("value 2 is 0, not positive")
    );
    assert!(
        broken(|chart| {
            (chart.logarithmic, chart.reference, chart.lines[0].filled) = (true, None, true);
        })
        .contains("zero")
    );
    let empty = lines(vec![line("Nothing", Vec::new())]);
    assert!(refused(Chart::Lines(empty)).contains("no value"));
}

#[test]
fn hostile_heatmaps_and_histograms_are_named() {
    let mut chart = heatmap();
    chart.cells[1][2] = Some(f64::NEG_INFINITY);
    assert!(refused(Chart::Heatmap(chart)).contains("row \"2022\": value 2 is -inf"));
    let mut chart = heatmap();
    chart.cells[1].pop();
    assert!(refused(Chart::Heatmap(chart)).contains("12 cells where 13 belong"));
    let mut chart = heatmap();
    chart.columns.clear();
    assert!(refused(Chart::Heatmap(chart)).contains("no column"));

    let mut chart = histogram();
    chart.edges.pop();
    assert!(refused(Chart::Histogram(chart)).contains("10 edges where 11 belong"));
    let mut chart = histogram();
    chart.edges[4] += 0.001;
    assert!(refused(Chart::Histogram(chart)).contains("bin 3"));
    let mut chart = histogram();
    chart.edges.swap(2, 3);
    assert!(refused(Chart::Histogram(chart)).contains("value 3"));
    let mut chart = histogram();
    chart.markers[1].value = f64::NAN;
    assert!(refused(Chart::Histogram(chart)).contains("marker \"ES 99 %\""));
}

#[test]
fn hostile_bars_scatters_fans_and_stacks_are_named() {
    let mut chart = bars();
    chart.bars[1].interval = Some((0.2, 0.1));
    assert!(refused(Chart::Bars(chart)).contains("bar \"Energy\": value 1: the lower end 0.2"));
    let mut chart = bars();
    chart.bars[0].interval = Some((f64::NAN, 0.1));
    assert!(refused(Chart::Bars(chart)).contains("interval of bar \"Technology\""));

    let mut chart = scatter();
    chart.points[1].y = f64::NAN;
    assert!(refused(Chart::Scatter(chart)).contains("point \"Bonds\": value 1 is NaN"));
    let mut chart = scatter();
    (chart.points, chart.curve) = (Vec::new(), Vec::new());
    assert!(refused(Chart::Scatter(chart)).contains("no point"));

    let broken = |change: fn(&mut Fan)| {
        let mut chart = fan();
        change(&mut chart);
        refused(Chart::Fan(chart))
    };
    assert!(broken(|chart| chart.dates[0] = date(2022, 1, 5)).contains("not after the history"));
    assert!(broken(|chart| chart.bands.swap(0, 1)).contains("the widest comes first"));
    assert!(broken(|chart| chart.bands[1].upper[3] = 500.0).contains("leaves the band around it"));
    assert!(broken(|chart| chart.bands[0].probability = 1.0).contains("between 0 and 1"));
    assert!(broken(|chart| chart.median[2] = 1.0).contains("value 2: the median 1"));
    assert!(broken(|chart| chart.history.swap(0, 1)).contains("history"));
    assert!(broken(|chart| chart.bands[0].lower.truncate(11)).contains("11 lower ends where 12 belong"));

    let mut chart = stack();
    chart.shares[2][1] = -0.1;
    assert!(refused(Chart::Stack(chart)).contains("layer \"Gold\": value 1 is -0.1"));
    let mut chart = stack();
    chart.xs[1] = 0.05;
    assert!(refused(Chart::Stack(chart)).contains("places"));
}

#[test]
fn frames_that_hold_nothing_are_refused() {
    let chart = Chart::Lines(growth());
    for frame in [
        Frame::wide("1st"),
        Frame::wide(""),
        Frame::wide("a\"b"),
        Frame::default().with_width(100),
        Frame::default().with_height(20),
        Frame::default().with_width(5_000),
    ] {
        assert!(matches!(chart.svg(&frame), Err(Error::Drawing { .. })), "{frame:?}");
    }
    let long = Chart::Lines(Lines { title: "word ".repeat(60), ..growth() });
    assert!(matches!(long.svg(&Frame::phone("p").with_height(160)), Err(Error::Drawing { .. })));
}

#[test]
fn extreme_data_are_drawn() {
    for values in [
        vec![1.0],
        vec![0.0],
        vec![0.0, 0.0, 0.0],
        vec![5.0; 40],
        vec![1e-12, 2e-12, 3e-12],
        vec![1e12, 3e12, 2e12],
        vec![1e12, 1e12 + 1.0],
        vec![-3.0, -2.0, -7.0],
        vec![-1e300, 1e300],
        vec![5e-324, 0.0],
        vec![1e-300, 1e300],
    ] {
        for unit in [Unit::PERCENT, Unit::RATIO, Unit::Money(Currency::usd())] {
            let series = line("Series with a name", values.clone());
            let chart = Lines { unit: unit.clone(), reference: None, ..lines(vec![series]) };
            drawn(Chart::Lines(chart.clone()));
            if values.iter().all(|value| *value >= f64::MIN_POSITIVE) {
                drawn(Chart::Lines(Lines { logarithmic: true, ..chart.clone() }));
            }
            let mut filled = chart;
            filled.lines[0].filled = true;
            drawn(Chart::Lines(filled));
            let bars = values.iter().map(|value| Bar { name: "Bar".into(), value: *value, interval: None }).collect();
            drawn(Chart::Bars(Bars { unit: unit.clone(), bars, ..self::bars() }));
            let point = |value: &f64| ScatterPoint { name: "Point".into(), x: *value, y: -value, emphasised: false };
            let points = values.iter().map(point).collect();
            drawn(Chart::Scatter(Scatter { x_unit: unit.clone(), points, curve: Vec::new(), ..scatter() }));
            let cells = vec![values.iter().copied().map(Some).collect::<Vec<_>>()];
            let columns = (0..values.len()).map(|index| format!("C{index}")).collect();
            drawn(Chart::Heatmap(Heatmap { unit, columns, rows: vec!["Row".into()], cells, ..heatmap() }));
        }
    }
}

#[test]
fn the_smallest_charts_are_drawn() {
    drawn(Chart::Histogram(Histogram { edges: vec![0.0, 1.0], counts: vec![0], markers: Vec::new(), ..histogram() }));
    drawn(Chart::Histogram(Histogram { edges: vec![0.0, 1.0], counts: vec![1], ..histogram() }));
    drawn(Chart::Stack(Stack { xs: vec![0.1], names: vec!["All".into()], shares: vec![vec![1.0]], ..stack() }));
    drawn(Chart::Stack(Stack { shares: vec![vec![0.0; 4], vec![0.0; 4], vec![0.0; 4]], ..stack() }));
    let (day, one) = (vec![date(2030, 1, 1)], vec![100.0]);
    let still = FanBand { probability: 0.9, lower: one.clone(), upper: one.clone() };
    drawn(Chart::Fan(Fan {
        history: Vec::new(),
        dates: day.clone(),
        median: one.clone(),
        bands: vec![still],
        ..fan()
    }));
    drawn(Chart::Fan(Fan { dates: day, median: one, bands: Vec::new(), ..fan() }));
    drawn(Chart::Heatmap(Heatmap {
        columns: vec!["Year".into()],
        rows: vec!["2022".into()],
        cells: vec![vec![None]],
        ..heatmap()
    }));
    drawn(Chart::Lines(Lines { title: String::new(), ..growth() }));
}

#[test]
fn many_of_everything_are_drawn() {
    let many =
        (0..20).map(|index| line(&format!("A line with the long name {index}"), jagged(30, f64::from(index), 1.0)));
    drawn(Chart::Lines(lines(many.collect())));
    let names: Vec<String> = (0..20).map(|index| format!("Layer {index}")).collect();
    drawn(Chart::Stack(Stack { names, shares: vec![vec![0.05; 4]; 20], ..stack() }));
    let points = (0..200).map(|index| ScatterPoint {
        name: format!("Point {index}"),
        x: f64::from(index % 17),
        y: f64::from(index % 23),
        emphasised: index % 50 == 0,
    });
    let crowded = drawn(Chart::Scatter(Scatter { points: points.collect(), ..scatter() }));
    // Labels touch neither one another nor a dot.
    let document = roxmltree::Document::parse(&crowded).unwrap();
    let labels: Vec<(f64, f64, f64)> = document
        .descendants()
        .filter(|node| node.text().is_some_and(|text| text.starts_with("Point ")) && node.has_tag_name("text"))
        .map(|node| extent_of(&node))
        .collect();
    assert!(labels.len() > 10);
    for (index, a) in labels.iter().enumerate() {
        for b in &labels[index + 1..] {
            assert!(a.1 <= b.0 || b.1 <= a.0 || (a.2 - b.2).abs() >= 8.0, "{a:?} {b:?}");
        }
    }
    let marks =
        (0..12).map(|index| Marker { name: format!("Marker {index}"), value: -0.05 + 0.008 * f64::from(index) });
    drawn(Chart::Histogram(Histogram { markers: marks.collect(), ..histogram() }));
    let columns = (0..40).map(|index| format!("Column {index}")).collect();
    drawn(Chart::Heatmap(Heatmap { columns, cells: vec![vec![Some(0.1); 40]; 2], ..heatmap() }));
}
