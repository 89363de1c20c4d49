//! Tear sheets of every kind from one portfolio, and from returns that leave most questions without an answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

use alluse_attribution::benchmark::{Alignment, align};
use alluse_attribution::contribution::{LabelAxis, LabelKnowledge};
use alluse_attribution::intervals::BlockBootstrap;
use alluse_attribution::metrics::{Compounding, Sharpe};
use alluse_attribution::{Performance, ReturnKind, ReturnSeries, RiskFree};
use alluse_report::{Block, Document, ReportKind, TearSheet, Value};
use alluse_risk_core::Frequency;
use alluse_risk_core::measures::Bootstrap;
use alluse_risk_core::streams::Streams;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use ndarray::Array1;

const KINDS: [ReportKind; 5] =
    [ReportKind::Daily, ReportKind::Weekly, ReportKind::Monthly, ReportKind::Quarterly, ReportKind::SinceInception];

/// Weekdays from the second of January 2014 on.
fn weekdays(count: usize) -> Vec<Date> {
    let mut day = date(2014, 1, 2);
    let mut dates = Vec::with_capacity(count);
    while dates.len() < count {
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            dates.push(day);
        }
        day = day.tomorrow().unwrap();
    }
    dates
}

fn series(name: &str, returns: Vec<f64>) -> ReturnSeries {
    ReturnSeries::new(name, weekdays(returns.len()), returns, Frequency::Daily, ReturnKind::Total).unwrap()
}

/// A portfolio that shares half of its moves with a benchmark.
fn pair(days: usize) -> (ReturnSeries, ReturnSeries) {
    let z = Streams::new(20).standard_normals(days, 2);
    let market: Vec<f64> = z.column(0).iter().map(|z| 0.0003 + 0.01 * z).collect();
    let own = market.iter().zip(z.column(1)).map(|(market, z)| 0.0004 + 0.5 * market + 0.004 * z).collect();
    (series("income", own), series("market", market))
}

fn quick(sheet: TearSheet) -> TearSheet {
    sheet.with_bootstrap(BlockBootstrap::new(Bootstrap::new(1).with_replicates(200)))
}

fn golden(kind: ReportKind) -> TearSheet {
    let (own, market) = pair(1_260);
    let names: Vec<Option<&str>> = (0..own.len()).map(|t| [Some("calm"), Some("wild"), None][t % 3]).collect();
    let axis = LabelAxis::periods("regime", &names, LabelKnowledge::ExAnte).unwrap();
    let aligned = align(&own, &[&market], Alignment::default()).unwrap();
    quick(TearSheet::against(aligned))
        .with_kind(kind)
        .with_trials(20)
        .with_period_labels(axis)
        .unwrap()
        .with_contributions("source", vec![("premium".into(), 0.5), ("unlabelled".into(), -0.125)], 0.375)
        .unwrap()
        .with_assumption("the moon stands still")
}

fn figure(document: &Document, name: &str) -> Value {
    document
        .sections
        .iter()
        .flat_map(|section| &section.blocks)
        .find_map(|block| match block {
            Block::Figures(figures) => figures.iter().find(|figure| figure.name == name).map(|f| f.value.clone()),
            _ => None,
        })
        .unwrap_or_else(|| panic!("no figure {name:?}"))
}

#[test]
fn every_kind_is_whole_and_the_same_twice() {
    for kind in KINDS {
        let document = golden(kind).document().unwrap();
        let page = document.html().unwrap();
        assert_eq!(page, golden(kind).document().unwrap().html().unwrap(), "{kind}");
        assert!(page.contains("the moon stands still") && page.contains("regime"), "{kind}");
        assert!(!page.contains("NaN") && !page.contains("inf "), "{kind}");
        let charts = document.charts().count();
        assert_eq!(page.matches("role=\"img\"").count(), 2 * charts, "{kind}: each chart wide and narrow");
        assert!(charts >= 8, "{kind}: {charts}");
        assert_eq!(Document::from_json(&document.json().unwrap()).unwrap(), document);
        assert_eq!(page.contains("The last"), kind != ReportKind::SinceInception, "{kind}");
        // Page one carries what a reader must know before trusting the rest.
        let first = &document.sections[0];
        assert!(first.blocks.iter().any(|block| matches!(block, Block::Caution(words) if words.contains("variants"))));
    }
}

#[test]
fn figures_are_those_of_the_library() {
    let sheet = golden(ReportKind::SinceInception);
    let document = sheet.document().unwrap();
    let performance = Performance::of(&sheet.portfolio);
    let expect = |name: &str, value: f64| assert_eq!(figure(&document, name).number(), Some(value), "{name}");
    expect("Total return", performance.total_return(Compounding::Geometric).unwrap());
    expect("Annual return", performance.annual_return(Compounding::Geometric).unwrap());
    expect("Maximum drawdown", performance.drawdown_path().unwrap().max());
    expect("Volatility a year", performance.annual_volatility(1).unwrap());
    let sharpe = performance.sharpe_ratio(&RiskFree::Zero, Sharpe::default()).unwrap();
    assert!((figure(&document, "Sharpe ratio").number().unwrap() / sharpe - 1.0).abs() < 1e-12);
}

#[test]
fn what_cannot_be_computed_says_why() {
    let flat = |value: f64, days: usize| series("flat", vec![value; days]);
    let ruined = series("ruined", (0..40).map(|t| if t == 30 { -1.0 } else { 0.001 * f64::from(t % 5 - 2) }).collect());
    let gains = series("gains", (0..60).map(|t| 0.001 * f64::from(1 + t % 4)).collect());
    for (name, portfolio) in [
        ("one return", flat(0.01, 1)),
        ("two returns", flat(0.01, 2)),
        ("constant", flat(0.01, 300)),
        ("nothing ever", flat(0.0, 300)),
        ("only gains", gains),
        ("a total loss", ruined),
    ] {
        for kind in KINDS {
            let document = quick(TearSheet::of(portfolio.clone())).with_kind(kind).document();
            let document = document.unwrap_or_else(|error| panic!("{name}, {kind}: {error}"));
            let page = document.html().unwrap_or_else(|error| panic!("{name}, {kind}: {error}"));
            assert!(page.contains("unknown: "), "{name}, {kind}");
            assert!(!page.contains("NaN"), "{name}, {kind}");
            document.markdown().unwrap();
            document.csv().unwrap();
        }
    }
}

#[test]
fn inputs_that_contradict_each_other_are_refused() {
    let (own, market) = pair(100);
    let mut other = TearSheet::of(own.clone());
    let later = market.dates().iter().map(|day| *day + 1.day()).collect();
    let shifted = ReturnSeries::new("later", later, market.returns().to_owned(), Frequency::Daily, ReturnKind::Total);
    other.benchmarks.push(shifted.unwrap());
    assert!(other.document().unwrap_err().to_string().contains("align them first"));
    let cash = RiskFree::Series(Array1::zeros(7));
    assert!(TearSheet::of(own.clone()).with_risk_free(cash).document().unwrap_err().to_string().contains("100"));
    let wrong = TearSheet::of(own.clone()).with_contributions("source", vec![("a".into(), 0.1)], 0.2);
    assert!(wrong.unwrap_err().to_string().contains("add up to 0.1, not to 0.2"));
    let rows = vec![None, Some("a".to_owned())];
    let table = alluse_risk_core::labels::LabelTable::new(2).with_axis("leg", rows).unwrap();
    let rows = LabelAxis::positions(&table, "leg", LabelKnowledge::ExAnte).unwrap();
    assert!(TearSheet::of(own.clone()).with_period_labels(rows).is_err());
    let short = LabelAxis::periods("week", &[Some("a"); 9], LabelKnowledge::ExAnte).unwrap();
    let page = quick(TearSheet::of(own)).with_period_labels(short).unwrap().document();
    assert!(page.is_err() || page.unwrap().markdown().unwrap().contains("could not be tested"));
}
