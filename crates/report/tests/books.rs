//! Risk and allocation reports made from the crates that compute them.

#![cfg(all(feature = "risk", feature = "allocation"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

use alluse_instruments::{Book, HeldFixed, MarketSnapshot, Multiplier, OptionContract, Revaluation};
use alluse_optimizer::frontier::CriticalLine;
use alluse_optimizer::problem::{Constraint, Objective, Problem, RiskMeasure};
use alluse_optimizer::{RiskModel, Universe};
use alluse_report::allocation::AllocationReport;
use alluse_report::risk::RiskReport;
use alluse_report::{Block, Document, ReportKind};
use alluse_risk_core::labels::LabelSelector;
use alluse_risk_core::{
    AssetId, Bound, Confidence, Covariance, Currency, Factor, Frequency, Horizon, Limit, LossDistribution, Measure,
    ScenarioSet, ShockKind, Status, Verdict,
};
use alluse_stress::{Assets, Shock, Step, StressScenario, StressTest, Target};
use alluse_var_models::{Historical, VarAllocation, contributions};
use jiff::civil::date;
use ndarray::{Array2, array};

fn limit(name: &str, measure: Measure, most: f64) -> Limit {
    Limit { name: name.into(), measure, scope: LabelSelector::All, bound: Bound::AtMost { limit: most, warn_at: None } }
}

/// A share and `puts` short puts on it, with everything a report can hold.
fn report(puts: f64, most: f64) -> RiskReport {
    let market = MarketSnapshot::usd(date(2018, 12, 31))
        .with_spot("KO", 41.0)
        .unwrap()
        .with_volatility("KO", 0.2)
        .unwrap()
        .with_rate("USD", 0.02)
        .unwrap()
        .with_dividend_yield("KO", 0.0)
        .unwrap();
    let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap();
    let book = Book::builder()
        .share("KO", 100.0)
        .tagged("leg", "share")
        .option(put, -puts)
        .tagged("leg", "put")
        .build(&market)
        .unwrap();
    let shocks = Array2::from_shape_fn((200, 1), |(t, _)| 0.002 * (t % 41) as f64 - 0.045);
    let spot = vec![(Factor::Spot(AssetId::new("KO").unwrap()), ShockKind::Relative)];
    let scenarios = ScenarioSet::new(market.as_of(), Horizon::DAY, spot, shocks).unwrap();
    let pnl = Revaluation::default().with_held_fixed(HeldFixed::Volatility).revalue(&book, &scenarios).unwrap();
    let loss = Historical::default().on_cube(&pnl).unwrap();
    let shortfall = loss.expected_shortfall(Confidence::P95).unwrap();
    let measure = Measure::ExpectedShortfall { confidence: Confidence::P95 };
    let split = contributions(&pnl, &measure, Some("leg"), VarAllocation::default()).unwrap();
    let crash = StressScenario::new(
        "crash <1987>",
        vec![
            Step::new(Target::Spot(Assets::Every), Shock::Relative(-0.2)),
            Step::new(Target::volatility_of(Assets::Every), Shock::Absolute(0.25)),
        ],
    );
    let stress = StressTest::new(vec![crash.unwrap()])
        .unwrap()
        .with_limits(vec![limit("no crash costs 100", Measure::StressLoss { scenario: None }, 100.0)])
        .unwrap()
        .run(&book)
        .unwrap();
    let (exposure, coverage) = book.exposure();
    let unknown = Status::Unknown { kind: alluse_risk_core::ErrorKind::Unsupported, reason: "nobody asked".into() };
    RiskReport::new(market.as_of(), Currency::usd(), exposure, coverage)
        .with_estimate("historical simulation", shortfall.clone())
        .with_decomposition(split)
        .with_limit(limit("shortfall", measure.clone(), most), Status::Known(shortfall))
        .with_limit(limit("volatility", Measure::Volatility, 1.0), unknown)
        .with_stress(stress)
        .with_scenario_pnl("two hundred moves", pnl.total().to_vec())
        .with_exposures("leg", book.exposures_by("leg").unwrap())
        .with_assumptions(pnl.assumptions())
}

#[test]
fn the_worst_verdict_comes_first() {
    let report = report(2.0, 1.0);
    assert_eq!(report.verdict(), Some(Verdict::Breach));
    let page = report.document("Risk", ReportKind::Daily, None).unwrap().html().unwrap();
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}"));
    assert!(place("<th scope=\"row\">shortfall") < place("<th scope=\"row\">volatility"));
    assert!(page.contains("unknown: nobody asked") && page.contains("crash &lt;1987&gt;"));
    assert!(page.contains("no crash costs 100") && page.contains("the same verdict in 1 of 1 scenarios"));
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<RiskReport>(&text).unwrap(), report);
}

#[test]
fn a_report_says_what_changed() {
    let (before, now) = (report(1.0, 1e6), report(3.0, 1.0));
    let document = now.document("Risk", ReportKind::Daily, Some(&before)).unwrap();
    let changed = document.sections.iter().find(|section| section.heading.starts_with("What changed")).unwrap();
    let listed = changed.blocks.iter().find_map(|block| match block {
        Block::List(points) => Some(points.join(" ")),
        _ => None,
    });
    assert!(listed.unwrap().contains("\"shortfall\" was moved; it was pass, it is BREACH"));
    let chart = document.charts().find(|(_, chart)| chart.title().starts_with("Change of ES")).unwrap().1;
    let alluse_report::Chart::Bars(bars) = chart else { panic!("{chart:?}") };
    let change: f64 = bars.bars.iter().map(|bar| bar.value).sum();
    let whole = now.estimates[0].estimate.value - before.estimates[0].estimate.value;
    assert!((change - whole).abs() < 1e-9 * whole.abs(), "{change} {whole}");
    // Nothing moved: no picture of nothing.
    let same = now.document("Risk", ReportKind::Daily, Some(&now)).unwrap();
    assert!(same.charts().all(|(_, chart)| !chart.title().starts_with("Change")));
    let mut later = before;
    later.as_of = date(2019, 6, 1);
    assert!(now.document("Risk", ReportKind::Daily, Some(&later)).unwrap_err().to_string().contains("2019-06-01"));
}

#[test]
fn allocations_explain_themselves() {
    let assets = ["A", "B", "C"].map(|name| AssetId::new(name).unwrap()).to_vec();
    let covariance = array![[4e-4, 1e-4, 0.0], [1e-4, 2e-4, 5e-5], [0.0, 5e-5, 1e-4]];
    let mean = array![8e-4, 5e-4, 2e-4];
    let universe = Universe::new(assets).unwrap();
    let model = Covariance::new(covariance.clone()).unwrap();
    let problem = Problem::new(universe, Objective::MinimiseRisk(RiskMeasure::Variance))
        .with_covariance(model.clone())
        .unwrap()
        .with_mean(mean.clone())
        .unwrap()
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::long_only());
    let solution = problem.solve().unwrap();
    let risk = RiskModel::from(model);
    let line = CriticalLine::new(mean.view(), &risk).unwrap();
    let frontier = line.with_bounds(array![0.0, 0.0, 0.0], array![1.0, 1.0, 1.0]).unwrap().trace().unwrap();
    let report = AllocationReport::new(date(2024, 1, 2), Frequency::Daily, 750)
        .with_mandate("least risk", &solution, vec![("cap".into(), 12.5)])
        .with_frontier(&frontier)
        .with_assumption("three assets");
    let document = report.document("Weights", ReportKind::Monthly).unwrap();
    let titles: Vec<&str> = document.charts().map(|(_, chart)| chart.title()).collect();
    for wanted in ["Weights", "Who carries the volatility", "Weights along the frontier"] {
        assert!(titles.contains(&wanted), "{titles:?} lacks {wanted}");
    }
    let page = document.html().unwrap();
    assert!(page.contains("least risk") && page.contains("750 returns") && page.contains("three assets"));
    assert_eq!(Document::from_json(&document.json().unwrap()).unwrap(), document);
    let empty = AllocationReport::new(date(2024, 1, 2), Frequency::Daily, 0);
    assert!(empty.document("Weights", ReportKind::Monthly).unwrap_err().to_string().contains("neither"));
}
