//! Every layer of a book, assessed.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::panic,
    reason = "a test may fail by panicking; exact numbers are compared"
)]

use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract, Revaluation};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{
    AssetId, Confidence, Error as CoreError, ErrorKind, Factor, Horizon, Ordering, RowId, ScenarioId, ScenarioSet,
    ShockKind, Status,
};
use alluse_var_models::{AssessmentNode, CompositeScale, Error, Historical, RiskAssessment, RiskKind, RiskUnit};
use jiff::ToSpan;
use jiff::civil::date;
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

fn market() -> MarketSnapshot {
    MarketSnapshot::usd(date(2024, 3, 1))
        .with_spot("A", 100.0)
        .and_then(|m| m.with_spot("B", 50.0))
        .and_then(|m| m.with_volatility("A", 0.25))
        .and_then(|m| m.with_rate("USD", 0.0))
        .and_then(|m| m.with_dividend_yield("A", 0.0))
        .unwrap()
}

/// Two accounts: one with a share of each, one with a short put and cash.
fn book() -> Book {
    let put = OptionContract::put("A", 95.0, date(2024, 4, 19), Multiplier::EQUITY).unwrap().european();
    Book::builder()
        .share("A", 10.0)
        .named("shares A")
        .tagged("account", "long")
        .share("B", 20.0)
        .named("shares B")
        .tagged("account", "long")
        .option(put, -1.0)
        .named("put")
        .tagged("account", "income")
        .cash("USD", 500.0)
        .named("cash")
        .tagged("account", "income")
        .build(&market())
        .unwrap()
}

fn scenarios(days: usize) -> ScenarioSet {
    let z = Streams::new(5).standard_normals(days, 3);
    let shocks = Array2::from_shape_fn((days, 3), |(t, i)| match i {
        0 => 0.012 * z[[t, 0]],
        1 => 0.015 * (0.5 * z[[t, 0]] + 0.8 * z[[t, 1]]),
        _ => 0.05 * (z[[t, 2]] - 0.7 * z[[t, 0]]).clamp(-3.0, 3.0),
    });
    let factors = vec![
        (Factor::Spot(asset("A")), ShockKind::Relative),
        (Factor::Spot(asset("B")), ShockKind::Relative),
        (Factor::Volatility(asset("A")), ShockKind::Relative),
    ];
    let dates: Vec<_> = date(2023, 1, 2).series(1.day()).take(days).collect();
    ScenarioSet::new(date(2024, 3, 1), Horizon::DAY, factors, shocks).unwrap().with_dates(&dates).unwrap()
}

fn complete() -> RiskAssessment {
    RiskAssessment::default()
        .with_capital(2_000.0)
        .and_then(|a| a.with_liquidation_cost(asset("A"), 0.001))
        .and_then(|a| a.with_liquidation_cost(asset("B"), 0.004))
        .unwrap()
}

fn value(node: &AssessmentNode, kind: RiskKind) -> f64 {
    *node.figure(kind).unwrap().value.known().unwrap_or_else(|| panic!("{kind:?}: {:?}", node.figure(kind)))
}

fn child<'a>(node: &'a AssessmentNode, label: &str) -> &'a AssessmentNode {
    node.children.iter().find(|child| child.label.as_deref() == Some(label)).unwrap()
}

#[test]
fn the_layers_are_the_whole_the_labels_and_the_positions() {
    let tree = complete().assess(&book(), &scenarios(250), &["account"]).unwrap();
    assert_eq!((tree.axis.as_deref(), tree.label.as_deref()), (None, None));
    let labels: Vec<_> = tree.children.iter().map(|c| (c.axis.as_deref(), c.label.as_deref())).collect();
    assert_eq!(labels, [(Some("account"), Some("long")), (Some("account"), Some("income"))]); // as they first occur
    let long: Vec<_> = child(&tree, "long").children.iter().map(|c| (c.axis.as_deref(), c.label.as_deref())).collect();
    assert_eq!(long, [(Some("position"), Some("shares A")), (Some("position"), Some("shares B"))]);
    assert_eq!(tree.coverage.positions, 4);
    assert_eq!(child(&tree, "long").coverage.positions, 2);
    let kinds: Vec<_> = tree.figures.iter().map(|figure| figure.kind).collect();
    assert_eq!(kinds, RiskKind::ALL);
    assert!(tree.figures.iter().all(|figure| !figure.method.is_empty() && figure.coverage == tree.coverage));
    let stored = serde_json::to_string(&tree).unwrap();
    assert_eq!(serde_json::from_str::<AssessmentNode>(&stored).unwrap(), tree);
}

#[test]
fn market_risk_is_that_of_the_cube() {
    let scenarios = scenarios(250);
    let tree = complete().assess(&book(), &scenarios, &["account"]).unwrap();
    let cube = Revaluation::default().revalue(&book(), &scenarios).unwrap();
    let law = Historical::default().on_cube(&cube).unwrap();
    let whole = law.sample().expected_shortfall(Confidence::P975).unwrap();
    let figure = tree.figure(RiskKind::Market).unwrap();
    assert!((value(&tree, RiskKind::Market) - whole.value).abs() < 1e-9);
    assert_eq!((figure.unit, figure.standard_error), (RiskUnit::Money, whole.standard_error));
    let income = cube.group_by("account").unwrap().row_losses(&RowId::new("income").unwrap()).unwrap();
    let income = income.expected_shortfall(Confidence::P975).unwrap().value;
    assert!((value(child(&tree, "income"), RiskKind::Market) - income).abs() < 1e-9);
    let at_90 = complete().with_confidence(Confidence::new(0.9).unwrap());
    assert!(value(&at_90.assess(&book(), &scenarios, &[]).unwrap(), RiskKind::Market) < whole.value);
}

#[test]
fn volatility_risk_is_what_options_lose_when_nothing_else_moves() {
    let scenarios = scenarios(250);
    let tree = complete().assess(&book(), &scenarios, &["account"]).unwrap();
    assert_eq!(value(child(&tree, "long"), RiskKind::Volatility), 0.0);
    let income = child(&tree, "income");
    assert_eq!(value(child(income, "cash"), RiskKind::Volatility), 0.0);
    let vega = book().exposure().0.vega;
    // The tail of the volatility moves, times vega, to first order: a put 5 % away has little volga.
    let mut moves: Vec<f64> = scenarios.shocks().column(2).iter().map(|shock| 0.25 * shock).collect();
    moves.sort_by(|a, b| b.total_cmp(a));
    let tail = (moves[..6].iter().sum::<f64>() + 0.25 * moves[6]) / 6.25;
    let volatility = value(&tree, RiskKind::Volatility);
    assert!((volatility / (-vega * tail) - 1.0).abs() < 0.05, "{volatility} {}", -vega * tail);
}

#[test]
fn liquidity_and_leverage_count_dollar_deltas() {
    let tree = complete().assess(&book(), &scenarios(250), &["account"]).unwrap();
    let put = book().exposures().into_iter().find(|(id, _)| id.as_str() == "put").unwrap().1;
    let put = put.known().unwrap().dollar_delta;
    assert!(put > 0.0); // a short put gains when its share rises
    let cost = 0.001 * (1_000.0 + put) + 0.004 * 1_000.0;
    assert!((value(&tree, RiskKind::Liquidity) - cost).abs() < 1e-9);
    assert!((value(&tree, RiskKind::Leverage) - (2_000.0 + put) / 2_000.0).abs() < 1e-12);
    assert_eq!(value(child(child(&tree, "income"), "cash"), RiskKind::Liquidity), 0.0);
    assert_eq!(value(child(&tree, "long"), RiskKind::Leverage), 1.0);
    assert_eq!(tree.figure(RiskKind::Leverage).unwrap().unit, RiskUnit::Multiple);
}

#[test]
fn drawdown_is_that_of_the_summed_path() {
    let scenarios = scenarios(250);
    let tree = complete().assess(&book(), &scenarios, &[]).unwrap();
    let total = Revaluation::default().revalue(&book(), &scenarios).unwrap().total();
    // The other road: the worst of all stretches of days.
    let stretches = (0..250).flat_map(|from| (from + 1..=250).map(move |to| (from, to)));
    let worst = stretches.map(|(from, to)| -total.iter().skip(from).take(to - from).sum::<f64>()).fold(0.0, f64::max);
    assert!((value(&tree, RiskKind::Drawdown) - worst).abs() < 1e-9);
}

fn two_shares(moves: Array2<f64>, b: f64) -> AssessmentNode {
    let book = Book::builder().share("A", 1.0).share("B", b).build(&market()).unwrap();
    let factors =
        vec![(Factor::Spot(asset("A")), ShockKind::Relative), (Factor::Spot(asset("B")), ShockKind::Relative)];
    let set = ScenarioSet::new(date(2024, 3, 1), Horizon::DAY, factors, moves).unwrap();
    RiskAssessment::default().assess(&book, &set, &[]).unwrap()
}

#[test]
fn concentration_and_correlation_by_hand() {
    // B moves as A does and the same money is in both.
    let same = two_shares(array![[0.01, 0.01], [-0.02, -0.02], [0.03, 0.03]], 2.0);
    assert!((value(&same, RiskKind::Concentration) - 0.5).abs() < 1e-12);
    assert!((value(&same, RiskKind::Correlation) - 1.0).abs() < 1e-12);
    // B hedges A exactly: one long, one short.
    let hedge = two_shares(array![[0.01, 0.01], [-0.02, -0.02], [0.03, 0.03]], -2.0);
    assert!(value(&hedge, RiskKind::Correlation).abs() < 1e-12);
    // Uncorrelated with equal spread: 1/√2 of the sum.
    let apart = two_shares(array![[0.02, 0.02], [0.02, -0.02], [-0.02, 0.02], [-0.02, -0.02]], 2.0);
    assert!((value(&apart, RiskKind::Correlation) - 0.5_f64.sqrt()).abs() < 1e-12);
    // Three quarters of the tail in one of two: 9/16 + 1/16.
    let uneven = two_shares(array![[-0.03, -0.03], [0.01, 0.01]], 2.0 / 3.0);
    assert!((value(&uneven, RiskKind::Concentration) - 0.625).abs() < 1e-12);
    assert_eq!(value(&uneven.children[0], RiskKind::Concentration), 1.0);
    assert_eq!(value(&uneven.children[0], RiskKind::Correlation), 1.0);
}

#[test]
fn what_is_not_given_is_unknown_and_says_why() {
    let tree = RiskAssessment::default().assess(&book(), &scenarios(250), &[]).unwrap();
    let reason = |node: &AssessmentNode, kind: RiskKind| match &node.figure(kind).unwrap().value {
        Status::Unknown { kind, reason } => (*kind, reason.clone()),
        known => panic!("{known:?}"),
    };
    assert_eq!(reason(&tree, RiskKind::Leverage), (ErrorKind::InsufficientData, "no capital was given".to_owned()));
    assert!(reason(&tree, RiskKind::Liquidity).1.contains("liquidation cost of"));
    // Draws have no path; a still market has neither tail nor spread.
    let still = two_shares(Array2::zeros((3, 2)), 1.0);
    assert_eq!(reason(&still, RiskKind::Drawdown).0, ErrorKind::Undefined);
    assert_eq!(reason(&still, RiskKind::Concentration).0, ErrorKind::Undefined);
    assert_eq!(reason(&still, RiskKind::Correlation).0, ErrorKind::Undefined);
    // Scenarios without volatility say nothing about volatility risk, unless there is no option.
    let spots = |set: ScenarioSet| {
        let (factors, shocks) = (set.factors()[..2].to_vec(), set.shocks().split_at(ndarray::Axis(1), 2).0.to_owned());
        ScenarioSet::new(set.as_of(), Horizon::DAY, factors, shocks).unwrap()
    };
    let held = Revaluation::default().with_held_fixed(alluse_instruments::HeldFixed::Volatility);
    let tree = RiskAssessment::default().with_revaluation(held).assess(&book(), &spots(scenarios(50)), &[]).unwrap();
    assert_eq!(reason(&tree, RiskKind::Volatility).0, ErrorKind::InsufficientData);
    assert_eq!(value(&still, RiskKind::Volatility), 0.0);
    let named = spots(scenarios(2)).with_ids(vec![id("up"), id("down")], Ordering::Named).unwrap();
    let shares = Book::builder().share("A", 1.0).build(&market()).unwrap();
    let tree = RiskAssessment::default().assess(&shares, &named, &[]).unwrap();
    assert_eq!(reason(&tree, RiskKind::Market).0, ErrorKind::Undefined);
}

fn id(name: &str) -> ScenarioId {
    ScenarioId::new(name).unwrap()
}

#[test]
fn a_position_without_a_price_makes_figures_partial() {
    let book = Book::builder().share("A", 1.0).share("C", 3.0).build(&market()).unwrap();
    let scale = CompositeScale::new(RiskKind::Market, 1.0, 1.0).unwrap();
    let tree = complete().with_scale(scale).assess(&book, &scenarios(250), &[]).unwrap();
    assert!(matches!(tree.figure(RiskKind::Market).unwrap().value, Status::Partial { .. }));
    assert!(matches!(tree.composite, Some(Status::Partial { .. })));
    assert_eq!((tree.coverage.positions_valued, tree.coverage.positions), (1, 2));
    let missing = tree.children.iter().find(|c| !c.coverage.is_complete()).unwrap();
    assert!(matches!(missing.figure(RiskKind::Market).unwrap().value, Status::Unknown { .. }));
    assert!(matches!(missing.composite, Some(Status::Unknown { .. })));
}

#[test]
fn weighted_scenarios_weigh() {
    let set = ScenarioSet::new(
        date(2024, 3, 1),
        Horizon::DAY,
        vec![(Factor::Spot(asset("A")), ShockKind::Relative)],
        array![[0.03], [-0.01]],
    );
    let set = set.unwrap().with_probabilities(array![0.25, 0.75]).unwrap();
    let book = Book::builder().share("A", 1.0).share("A", 1.0).named("again").build(&market()).unwrap();
    let assessment = RiskAssessment::default().with_confidence(Confidence::new(0.5).unwrap());
    let tree = assessment.assess(&book, &set, &[]).unwrap();
    assert!((value(&tree, RiskKind::Market) - 2.0).abs() < 1e-12);
    assert!((value(&tree, RiskKind::Correlation) - 1.0).abs() < 1e-12);
}

#[test]
fn the_composite_shows_its_parts() {
    let plain = complete().assess(&book(), &scenarios(250), &[]).unwrap();
    let market = value(&plain, RiskKind::Market);
    // A figure at its reference scores 50; leverage at three times its own scores 25.
    let scale = CompositeScale::new(RiskKind::Market, market, 3.0)
        .and_then(|s| s.and(RiskKind::Leverage, 3.0 * value(&plain, RiskKind::Leverage), 1.0))
        .unwrap();
    let tree = complete().with_scale(scale.clone()).assess(&book(), &scenarios(250), &[]).unwrap();
    let composite = tree.composite.unwrap();
    let composite = composite.known().unwrap();
    assert!((composite.parts[0].score - 50.0).abs() < 1e-9 && (composite.parts[1].score - 25.0).abs() < 1e-9);
    assert!((composite.score - 43.75).abs() < 1e-9);
    // A part that is unknown makes it unknown.
    let blind = RiskAssessment::default().with_scale(scale.clone()).assess(&book(), &scenarios(250), &[]).unwrap();
    let Some(Status::Unknown { kind, reason }) = blind.composite else { panic!() };
    assert_eq!(kind, ErrorKind::InsufficientData);
    assert!(reason.starts_with("leverage: "), "{reason}");
    assert_eq!(plain.composite, None);
    let text = serde_json::to_string(&scale).unwrap();
    assert_eq!(serde_json::from_str::<CompositeScale>(&text).unwrap(), scale);
    assert!(serde_json::from_str::<CompositeScale>("[]").is_err());
    assert!(serde_json::from_str::<CompositeScale>(&text.replace("3.0", "-3.0")).is_err());
}

#[test]
fn bad_settings_are_refused() {
    let kind = |r: Result<RiskAssessment, Error>| r.unwrap_err().kind();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(kind(RiskAssessment::default().with_capital(bad)), ErrorKind::InvalidInput);
        assert!(CompositeScale::new(RiskKind::Market, bad, 1.0).is_err());
        assert!(CompositeScale::new(RiskKind::Market, 1.0, bad).is_err());
    }
    for bad in [-0.1, 1.0, f64::NAN] {
        assert_eq!(kind(RiskAssessment::default().with_liquidation_cost(asset("A"), bad)), ErrorKind::InvalidInput);
    }
    let twice = CompositeScale::new(RiskKind::Market, 1.0, 1.0).and_then(|s| s.and(RiskKind::Market, 2.0, 1.0));
    assert!(matches!(twice, Err(Error::Input(CoreError::Duplicate { first: 0, second: 1, .. }))));
    assert!(complete().assess(&book(), &scenarios(20), &["desk"]).is_err());
}

proptest! {
    /// More risk never scores less.
    #[test]
    fn the_composite_is_monotone(moves in proptest::collection::vec(-0.2_f64..0.2, 8), factor in 1.0_f64..5.0) {
        let scale = CompositeScale::new(RiskKind::Market, 10.0, 1.0)
            .and_then(|s| s.and(RiskKind::Leverage, 1.0, 2.0))
            .unwrap();
        let score = |units: f64| {
            let book = Book::builder().share("A", units).build(&market()).unwrap();
            let set = ScenarioSet::new(
                date(2024, 3, 1),
                Horizon::DAY,
                vec![(Factor::Spot(asset("A")), ShockKind::Relative)],
                Array1::from(moves.clone()).insert_axis(ndarray::Axis(1)),
            );
            let assessment = RiskAssessment::default().with_capital(100.0).unwrap().with_scale(scale.clone());
            assessment.assess(&book, &set.unwrap(), &[]).unwrap().composite.unwrap().known().unwrap().score
        };
        let (small, large) = (score(1.0), score(factor));
        prop_assert!(small <= large + 1e-12 && (0.0..=100.0).contains(&small) && large <= 100.0);
    }
}
