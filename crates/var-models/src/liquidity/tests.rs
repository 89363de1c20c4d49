//! Golden values: figures by hand and by NumPy from the formulas of the sources.

use alluse_risk_core::liquidity::{
    AlmgrenImpact, AverageDailyVolume, ImpactModel, LiquidationPath, Participation, PowerLawImpact, SpreadModel,
};
use alluse_risk_core::{Confidence, Error as CoreError, ErrorKind, Horizon, RowId, Status};
use ndarray::{Array2, array};
use proptest::prelude::*;

use super::*;
use crate::Error;

const Z95: f64 = 1.644_853_626_951_472_7;

fn row(name: &str) -> RowId {
    RowId::new(name).unwrap()
}

fn position(name: &str, value: f64, volatility: f64) -> LiquidPosition {
    LiquidPosition::new(row(name), value, volatility).unwrap()
}

fn volume(units: f64) -> AverageDailyVolume {
    AverageDailyVolume::new(units).unwrap()
}

fn quarter() -> EndogenousLiquidity {
    EndogenousLiquidity::new(Participation::new(0.25).unwrap())
}

fn model() -> LiquidityAdjusted {
    LiquidityAdjusted::new(Confidence::P95)
}

fn linear() -> LiquidityAdjusted {
    model().with_form(PriceRiskForm::Linear)
}

#[test]
fn the_exogenous_example_of_a_random_spread() {
    // σ 1.2 %, spread 2 % ± 0.5 %, three deviations: 1 − exp(−1.6449 · 1.2 %) = 1.95 % and 1.75 %.
    let spread = SpreadModel::new(0.02, 0.005, 3.0).unwrap();
    let adjusted = model().position(&position("A", 1.0, 0.012).with_spread(spread)).unwrap();
    assert!((adjusted.price_risk - 0.019_544_719_759_370_96).abs() < 1e-16, "{}", adjusted.price_risk);
    assert!((adjusted.spread_cost.known().unwrap() - 0.0175).abs() < 1e-16);
    assert!((adjusted.total.known().unwrap() - 0.0370).abs() < 5e-5);
    assert_eq!((adjusted.impact_cost, adjusted.horizon_cost, adjusted.days), (None, None, None));
}

#[test]
fn forms_and_sides_by_hand() {
    let with_mean = |value| position("A", value, 0.02).with_mean(0.001).unwrap();
    let risk = |model: LiquidityAdjusted, value| model.position(&with_mean(value)).unwrap().price_risk;
    let shock = Z95 * 0.02;
    assert!((risk(linear(), 200.0) - 200.0 * (shock - 0.001)).abs() < 1e-12);
    assert!((risk(linear(), -200.0) - 200.0 * (shock + 0.001)).abs() < 1e-12);
    assert!((risk(model(), 200.0) - 200.0 * (1.0 - (0.001 - shock).exp())).abs() < 1e-12);
    assert!((risk(model(), -200.0) - 200.0 * ((0.001 + shock).exp() - 1.0)).abs() < 1e-12);
    assert_eq!(model().confidence(), Confidence::P95);
}

#[test]
fn the_endogenous_parts_by_hand() {
    // 150 units against 200 a day at a quarter: three days; (1 + 4/9 + 1/9) of a day's variance, 2 of its mean.
    let held = position("A", 1_000.0, 0.02).with_mean(0.001).unwrap().with_volume(150.0, volume(200.0)).unwrap();
    let held = held.with_spread(SpreadModel::new(0.01, 0.0, 0.0).unwrap());
    let adjusted = linear().with_endogenous(quarter()).position(&held).unwrap();
    assert_eq!(adjusted.days, Some(Status::Known(3.0)));
    let day = 1_000.0 * (Z95 * 0.02 - 0.001);
    let sale = 1_000.0 * (Z95 * 0.02 * (14.0_f64 / 9.0).sqrt() - 0.002);
    assert!((adjusted.price_risk - day).abs() < 1e-11);
    assert!((adjusted.horizon_cost.as_ref().unwrap().known().unwrap() - (sale - day)).abs() < 1e-11);
    let impact = 1_000.0 * 0.02 * 0.75_f64.sqrt();
    assert!((adjusted.impact_cost.as_ref().unwrap().known().unwrap() - impact).abs() < 1e-11);
    assert!((adjusted.total.known().unwrap() - (sale + impact + 5.0)).abs() < 1e-11);
    let continuous = quarter().with_path(LiquidationPath::Continuous);
    let continuous = linear().with_endogenous(continuous).position(&held).unwrap();
    let want = 1_000.0 * (Z95 * 0.02 - 0.001 * 1.5) - day;
    assert!((continuous.horizon_cost.unwrap().known().unwrap() - want).abs() < 1e-11);
    let doubled = quarter().with_impact(ImpactModel::PowerLaw(PowerLawImpact::new(2.0, 0.5).unwrap()));
    let doubled = linear().with_endogenous(doubled).position(&held).unwrap();
    assert!((doubled.impact_cost.unwrap().known().unwrap() - 2.0 * impact).abs() < 1e-11);
}

#[test]
fn what_is_unknown_is_never_free() {
    let nothing = model().with_endogenous(quarter()).position(&position("A", 100.0, 0.02)).unwrap();
    for part in
        [Some(nothing.spread_cost), nothing.impact_cost, nothing.horizon_cost, nothing.days, Some(nothing.total)]
    {
        assert!(matches!(part, Some(Status::Unknown { kind: ErrorKind::InsufficientData, .. })), "{part:?}");
    }
    let spread = SpreadModel::new(0.01, 0.0, 0.0).unwrap();
    let no_volume =
        model().with_endogenous(quarter()).position(&position("A", 100.0, 0.02).with_spread(spread)).unwrap();
    assert_eq!(no_volume.spread_cost, Status::Known(0.5));
    assert!(matches!(&no_volume.total, Status::Unknown { reason, .. } if reason.contains("volume")));
    // A model that wants the units outstanding says so.
    let almgren = quarter().with_impact(ImpactModel::Almgren(AlmgrenImpact::default()));
    let traded = position("A", 100.0, 0.02).with_spread(spread).with_volume(10.0, volume(1e3)).unwrap();
    let undefined = model().with_endogenous(almgren).position(&traded).unwrap();
    assert!(
        matches!(&undefined.total, Status::Unknown { kind: ErrorKind::Undefined, reason } if reason.contains("outstanding"))
    );
    let defined = model().with_endogenous(almgren).position(&traded.with_outstanding(1e6).unwrap()).unwrap();
    // 0.314 σ 0.01 1000^¼ / 2 + 0.142 σ (0.01/0.04)^⅗.
    let want = 100.0 * 0.02 * (0.5 * 0.314 * 0.01 * 1_000_f64.powf(0.25) + 0.142 * 0.25_f64.powf(0.6));
    assert!((defined.impact_cost.unwrap().known().unwrap() - want).abs() < 1e-12);
}

fn book() -> [LiquidPosition; 3] {
    let spread = SpreadModel::new(0.01, 0.002, 2.0).unwrap();
    [
        position("A", 600.0, 0.02).with_spread(spread).with_volume(150.0, volume(200.0)).unwrap(),
        position("B", -300.0, 0.03).with_spread(spread).with_volume(10.0, volume(400.0)).unwrap(),
        position("C", 100.0, 0.01).with_spread(spread),
    ]
}

#[test]
fn a_book_adds_costs_and_diversifies_risk() {
    let correlation = array![[1.0, 0.5, 0.2], [0.5, 1.0, 0.0], [0.2, 0.0, 1.0]];
    let whole = linear().with_endogenous(quarter()).book(&book(), correlation.view()).unwrap();
    // 12, −9 and 1 standard deviations of money: 144 + 81 + 1 − 108 + 4.8.
    assert!((whole.price_risk - Z95 * 122.8_f64.sqrt()).abs() < 1e-11);
    assert!((whole.undiversified_price_risk - Z95 * 22.0).abs() < 1e-11);
    assert!((whole.spread_cost.known().unwrap() - 1_000.0 * 0.007).abs() < 1e-12);
    let impact = 12.0 * 0.75_f64.sqrt() + 9.0 * 0.025_f64.sqrt();
    let Some(Status::Partial { value, coverage }) = &whole.impact_cost else { panic!("C has no volume") };
    assert!((value - impact).abs() < 1e-11);
    assert_eq!((coverage.positions_valued, coverage.positions, coverage.notional_share()), (2, 3, Some(0.9)));
    // A takes three days, B one; C is held for one.
    let a = 12.0 * (14.0_f64 / 9.0).sqrt();
    let sale = Z95 * (a * a + 82.0 - 9.0 * a + 0.4 * a).sqrt();
    let Some(Status::Partial { value: horizon, .. }) = &whole.horizon_cost else { panic!("C has no volume") };
    assert!((horizon - (sale - whole.price_risk)).abs() < 1e-11);
    let Status::Partial { value: total, coverage } = &whole.total else { panic!("C has no volume") };
    assert!((total - (sale + 7.0 + impact)).abs() < 1e-11);
    assert_eq!((*coverage, whole.positions.len(), whole.confidence), (whole.coverage, 3, Confidence::P95));
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<BookLiquidity>(&text).unwrap(), whole);
}

#[test]
fn a_book_without_size_is_known_when_spreads_are() {
    let whole = linear().book(&book(), Array2::eye(3).view()).unwrap();
    assert!((whole.total.known().unwrap() - (Z95 * 226_f64.sqrt() + 7.0)).abs() < 1e-11);
    assert_eq!((&whole.impact_cost, &whole.horizon_cost), (&None, &None));
    assert!(whole.coverage.is_complete());
    let mut parts = book();
    parts[2].spread = None;
    let partial = linear().book(&parts, Array2::eye(3).view()).unwrap();
    assert!(matches!(partial.spread_cost, Status::Partial { value, .. } if (value - 6.3).abs() < 1e-12));
    assert_eq!(partial.total.known(), None);
    parts.iter_mut().for_each(|p| p.spread = None);
    let unknown = linear().book(&parts, Array2::eye(3).view()).unwrap();
    assert!(matches!(unknown.total, Status::Unknown { kind: ErrorKind::InsufficientData, .. }));
}

#[test]
fn hostile_books_are_refused() {
    let unit = Array2::eye(3);
    assert!(matches!(model().book(&[], unit.view()), Err(Error::Input(CoreError::Empty { .. }))));
    let mut twice = book();
    twice[2].row = row("A");
    let duplicate = model().book(&twice, unit.view());
    assert!(matches!(duplicate, Err(Error::Input(CoreError::Duplicate { first: 0, second: 2, .. }))));
    assert!(matches!(
        model().book(&book(), Array2::eye(2).view()),
        Err(Error::Input(CoreError::LengthMismatch { .. }))
    ));
    assert!(model().book(&book(), Array2::zeros((3, 3)).view()).is_err());
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(LiquidPosition::new(row("A"), bad, 0.1).is_err() && LiquidPosition::new(row("A"), 1.0, bad).is_err());
        assert!(position("A", 1.0, 0.1).with_mean(bad).is_err());
        assert!(position("A", 1.0, 0.1).with_volume(bad, volume(1.0)).is_err());
    }
    assert!(LiquidPosition::new(row("A"), 1.0, -0.1).is_err());
    assert!(position("A", 1.0, 0.1).with_volume(0.0, volume(1.0)).is_err());
    assert!(matches!(position("A", 1.0, 0.1).with_outstanding(1.0), Err(Error::Input(CoreError::Undefined { .. }))));
    assert!(position("A", 1.0, 0.1).with_volume(1.0, volume(1.0)).unwrap().with_outstanding(0.0).is_err());
    let wild = position("A", f64::MAX, 10.0);
    assert!(matches!(linear().position(&wild), Err(Error::Input(CoreError::Overflow { .. }))));
}

#[test]
fn stored_positions_come_back_checked() {
    let held = book()[0].clone().with_outstanding(5_000.0).unwrap().with_mean(0.125).unwrap();
    let text = serde_json::to_string(&held).unwrap();
    assert_eq!(serde_json::from_str::<LiquidPosition>(&text).unwrap(), held);
    for (from, to) in [("0.02", "-0.02"), ("150.0", "0.0"), ("200.0", "0.0"), ("5000.0", "-1.0")] {
        assert!(
            text.contains(from) && serde_json::from_str::<LiquidPosition>(&text.replace(from, to)).is_err(),
            "{from}"
        );
    }
    let settings = model().with_endogenous(quarter());
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<LiquidityAdjusted>(&text).unwrap(), settings);
}

#[test]
fn basel_horizons_by_hand() {
    let days = |n| Horizon::days(n).unwrap();
    let es = [(days(10), 10.0), (days(20), 6.0), (days(40), 3.0), (days(120), 1.0)];
    // 100 + 36 + 9·2 + 1·8.
    let got = liquidity_horizon_shortfall(Horizon::TEN_DAYS, &es).unwrap();
    assert!((got - 162_f64.sqrt()).abs() < 1e-13);
    let run = |es: &[(Horizon, f64)]| liquidity_horizon_shortfall(Horizon::TEN_DAYS, es).unwrap_err();
    assert!(matches!(run(&[]), Error::Input(CoreError::Empty { .. })));
    assert!(matches!(run(&[(days(5), 1.0)]), Error::Input(CoreError::OutOfDomain { value: 5.0, .. })));
    assert!(matches!(
        run(&[(days(10), 1.0), (days(10), 1.0)]),
        Error::Input(CoreError::NotIncreasing { index: 1, .. })
    ));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = run(&[(days(10), 1.0), (days(20), bad)]);
        assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })), "{bad}");
    }
    assert!(matches!(run(&[(days(10), 1e200)]), Error::Input(CoreError::Overflow { .. })));
    assert_eq!(liquidity_horizon_shortfall(Horizon::TEN_DAYS, &[(days(10), 0.0)]).unwrap(), 0.0);
}

proptest! {
    #[test]
    fn costs_grow_with_the_position_and_never_help(units in 1.0..1e4_f64, factor in 1.0..20.0_f64, mean in 0.0..0.02_f64) {
        let spread = SpreadModel::new(0.01, 0.002, 2.0).unwrap();
        let adjusted = |units: f64| {
            let held = position("A", units, 0.0 + 0.02 + mean).with_spread(spread);
            model().with_endogenous(quarter()).position(&held.with_volume(units, volume(1e3)).unwrap()).unwrap()
        };
        let (small, large) = (adjusted(units), adjusted(units * factor));
        let per_unit = |p: &PositionLiquidity, units: f64| p.total.known().unwrap() / units;
        prop_assert!(per_unit(&large, units * factor) >= per_unit(&small, units) - 1e-12);
        prop_assert!(*small.horizon_cost.unwrap().known().unwrap() >= 0.0);
        prop_assert!(*small.total.known().unwrap() >= small.price_risk);
    }
}
