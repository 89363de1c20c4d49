//! Golden values: Almgren, Thum, Hauptmann and Li (2005), table 3; statistics by NumPy 2.

use ndarray::{Array1, array};
use proptest::prelude::*;

use super::*;
use crate::measures::QuantileRule;
use crate::{Confidence, Error};

#[test]
fn quotes_become_relative_spreads() {
    assert_eq!(relative_spread(0.0, 3.0).unwrap(), 2.0);
    assert_eq!(relative_spread(5.0, 5.0).unwrap(), 0.0);
    assert!((relative_spread(f64::MAX / 2.0, f64::MAX).unwrap() - 2.0 / 3.0).abs() < 1e-15);
    for (bid, ask) in [(-1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::NAN), (0.0, 0.0), (2.0, 1.0), (1.0, f64::INFINITY)] {
        assert!(matches!(relative_spread(bid, ask), Err(Error::OutOfDomain { .. })), "{bid} {ask}");
    }
}

#[test]
fn spread_statistics_agree_with_numpy() {
    let spreads = array![0.010, 0.012, 0.008, 0.020, 0.011, 0.009, 0.050, 0.010];
    let statistics = spread_statistics(spreads.view(), Confidence::new(0.9).unwrap(), QuantileRule::Linear).unwrap();
    // mean(), std(ddof=1), quantile(0.9).
    assert!((statistics.mean - 0.016_25).abs() < 1e-16);
    assert!(
        (statistics.standard_deviation - 0.014_129_503_074_873_411).abs() < 1e-15,
        "{}",
        statistics.standard_deviation
    );
    assert!((statistics.quantile - 0.029).abs() < 1e-16);
    assert!((statistics.multiplier.unwrap() - (0.029 - 0.016_25) / 0.014_129_503_074_873_411).abs() < 1e-12);
    assert_eq!((statistics.observations, statistics.rule), (8, QuantileRule::Linear));
    assert!((statistics.tail_observations - 0.8).abs() < 1e-12);
    let model = statistics.model().unwrap();
    assert!((model.worst() - 0.029).abs() < 1e-15 && (model.cost() - 0.0145).abs() < 1e-15);
    let text = serde_json::to_string(&statistics).unwrap();
    assert_eq!(serde_json::from_str::<SpreadStatistics>(&text).unwrap(), statistics);
}

#[test]
fn a_spread_that_never_changes_costs_its_half() {
    let flat = spread_statistics(Array1::from_elem(10, 0.1).view(), Confidence::P99, QuantileRule::Linear).unwrap();
    assert_eq!((flat.standard_deviation, flat.multiplier), (0.0, None));
    assert!((flat.model().unwrap().cost() - 0.05).abs() < 1e-16);
}

#[test]
fn hostile_spreads_are_refused() {
    let run = |spreads: Array1<f64>| spread_statistics(spreads.view(), Confidence::P95, QuantileRule::Linear);
    assert!(matches!(run(array![]), Err(Error::Empty { .. })));
    assert!(matches!(run(array![0.01]), Err(Error::InsufficientData { required: 2, available: 1, .. })));
    assert!(matches!(run(array![0.01, f64::NAN]), Err(Error::ElementOutOfDomain { index: 1, .. })));
    assert!(matches!(run(array![0.01, 0.02, -0.01]), Err(Error::ElementOutOfDomain { index: 2, .. })));
    assert!(matches!(run(array![2.1, 0.02]), Err(Error::ElementOutOfDomain { index: 0, .. })));
    assert!(run(array![2.0, 0.0]).is_ok());
    // A quantile below the mean has a negative multiplier, which the model does not take.
    let low = spread_statistics(array![0.0, 0.0, 1.0].view(), Confidence::new(0.1).unwrap(), QuantileRule::Linear);
    assert!(matches!(low.unwrap().model(), Err(Error::OutOfDomain { name: "multiplier", .. })));
    for (mean, deviation, multiplier) in [(-0.1, 0.1, 1.0), (0.1, -0.1, 1.0), (0.1, 0.1, -1.0), (f64::NAN, 0.1, 1.0)] {
        assert!(matches!(SpreadModel::new(mean, deviation, multiplier), Err(Error::OutOfDomain { .. })));
    }
    assert!(matches!(SpreadModel::new(1.0, 0.5, 2.1), Err(Error::OutOfDomain { name: "worst spread", .. })));
    let widest = SpreadModel::new(1.0, 0.5, 2.0).unwrap();
    assert_eq!((widest.mean(), widest.standard_deviation(), widest.multiplier()), (1.0, 0.5, 2.0));
    let text = serde_json::to_string(&widest).unwrap();
    assert_eq!(serde_json::from_str::<SpreadModel>(&text).unwrap(), widest);
    assert!(serde_json::from_str::<SpreadModel>(&text.replace("0.5", "0.6")).is_err());
}

#[test]
fn volumes_and_shares_are_checked_by_every_door() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(AverageDailyVolume::new(bad), Err(Error::OutOfDomain { name: "average daily volume", .. })));
    }
    for bad in [0.0, -0.1, 1.000_1, f64::NAN] {
        assert!(matches!(Participation::new(bad), Err(Error::OutOfDomain { name: "participation", .. })), "{bad}");
    }
    assert_eq!(Participation::new(1.0).unwrap().share(), 1.0);
    assert!(serde_json::from_str::<Participation>("1.5").is_err());
    assert!(serde_json::from_str::<AverageDailyVolume>("0").is_err());
    assert_eq!(serde_json::to_string(&AverageDailyVolume::new(2.5).unwrap()).unwrap(), "2.5");
    assert_eq!(serde_json::to_string(&Participation::new(0.25).unwrap()).unwrap(), "0.25");
    assert_eq!(AverageDailyVolume::of(array![0.0, 30.0, 0.0].view()).unwrap().units(), 10.0);
    assert!(matches!(AverageDailyVolume::of(array![].view()), Err(Error::Empty { .. })));
    assert!(matches!(AverageDailyVolume::of(array![0.0, 0.0].view()), Err(Error::OutOfDomain { .. })));
    assert!(matches!(
        AverageDailyVolume::of(array![1.0, -1.0].view()),
        Err(Error::ElementOutOfDomain { index: 1, .. })
    ));
}

#[test]
fn days_to_liquidate_are_size_over_pace() {
    let (volume, share) = (AverageDailyVolume::new(200.0).unwrap(), Participation::new(0.25).unwrap());
    assert_eq!(days_to_liquidate(150.0, volume, share).unwrap(), 3.0);
    assert_eq!(days_to_liquidate(-150.0, volume, share).unwrap(), 3.0);
    assert_eq!(days_to_liquidate(0.0, volume, share).unwrap(), 0.0);
    assert!(matches!(days_to_liquidate(f64::NAN, volume, share), Err(Error::OutOfDomain { name: "units", .. })));
    let tiny = AverageDailyVolume::new(1e-300).unwrap();
    assert!(matches!(days_to_liquidate(1e300, tiny, share), Err(Error::Overflow { .. })));
}

#[test]
fn almgren_and_others_table_3() {
    // IBM and DRI: volume, outstanding, volatility; then duration, permanent, temporary, cost in basis points.
    let ibm = (6.561e6, 1.728e9, 0.0157);
    let dri = (1.929e6, 168e6, 0.0226);
    for ((volume, outstanding, volatility), rows) in [
        (ibm, [(0.1, 20.0, 22.0, 32.0), (0.2, 20.0, 15.0, 25.0), (0.5, 20.0, 8.0, 18.0)]),
        (dri, [(0.1, 22.0, 32.0, 43.0), (0.2, 22.0, 21.0, 32.0), (0.5, 22.0, 12.0, 23.0)]),
    ] {
        for (duration, permanent, temporary, total) in rows {
            let trade = Trade::new(0.1 * volume, AverageDailyVolume::new(volume).unwrap(), volatility);
            let trade = trade.with_duration(duration).with_outstanding(outstanding);
            let cost = ImpactModel::Almgren(AlmgrenImpact::default()).cost(&trade).unwrap();
            // Printed to whole basis points from coefficients with three digits.
            assert!((cost.permanent.unwrap() * 1e4 - permanent).abs() < 0.6, "{cost:?}");
            assert!((cost.temporary.unwrap() * 1e4 - temporary).abs() < 0.6, "{cost:?}");
            assert!((cost.cost * 1e4 - total).abs() < 0.6, "{cost:?}");
        }
    }
}

#[test]
fn power_laws_by_hand() {
    let trade = Trade::new(-16.0, AverageDailyVolume::new(64.0).unwrap(), 0.02);
    let cost = |model| ImpactModel::PowerLaw(model).cost(&trade).unwrap();
    assert_eq!(cost(PowerLawImpact::default()).cost, 0.01);
    assert!((cost(PowerLawImpact::new(3.0, 1.0).unwrap()).cost - 0.015).abs() < 1e-17);
    assert_eq!((cost(PowerLawImpact::default()).permanent, cost(PowerLawImpact::default()).temporary), (None, None));
    assert_eq!(ImpactModel::default(), ImpactModel::PowerLaw(PowerLawImpact::default()));
}

#[test]
fn impact_refuses_what_it_cannot_answer() {
    let volume = AverageDailyVolume::new(100.0).unwrap();
    let almgren = ImpactModel::Almgren(AlmgrenImpact::default());
    let trade = Trade::new(10.0, volume, 0.02);
    let reason = "the duration is unknown";
    assert_eq!(almgren.cost(&trade), Err(Error::Undefined { name: "impact cost", reason }));
    let reason = "the units outstanding are unknown";
    assert_eq!(almgren.cost(&trade.with_duration(1.0)), Err(Error::Undefined { name: "impact cost", reason }));
    let whole = trade.with_duration(1.0).with_outstanding(1e4);
    assert!(almgren.cost(&whole).is_ok());
    for bad in [0.0, -1.0, f64::NAN] {
        assert!(matches!(almgren.cost(&whole.with_duration(bad)), Err(Error::OutOfDomain { name: "duration", .. })));
        assert!(matches!(almgren.cost(&whole.with_outstanding(bad)), Err(Error::OutOfDomain { .. })));
        assert!(AlmgrenImpact::new(bad, 0.1).is_err() && AlmgrenImpact::new(0.1, bad).is_err());
        assert!(PowerLawImpact::new(bad, 0.5).is_err() && PowerLawImpact::new(1.0, bad).is_err());
    }
    assert!(PowerLawImpact::new(1.0, 1.1).is_err());
    for model in [almgren, ImpactModel::default()] {
        let odd = |units, volatility| {
            let trade = Trade::new(units, volume, volatility).with_duration(1.0).with_outstanding(1e4);
            model.cost(&trade)
        };
        assert!(matches!(odd(f64::NAN, 0.02), Err(Error::OutOfDomain { name: "units", .. })));
        assert!(matches!(odd(1.0, -0.02), Err(Error::OutOfDomain { name: "daily volatility", .. })));
        assert!(matches!(odd(1e300, 1e300), Err(Error::Overflow { .. })));
        assert_eq!(odd(0.0, 0.02).unwrap().cost, 0.0);
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<ImpactModel>(&text).unwrap(), model);
    }
    assert!(serde_json::from_str::<PowerLawImpact>("[1.0, 2.0]").is_err());
    assert!(serde_json::from_str::<AlmgrenImpact>("[0.3, 0.0]").is_err());
}

#[test]
fn daily_slices_are_the_sum_of_what_is_left() {
    // Held at the start of each of T days: T/T, (T−1)/T, …, 1/T.
    for days in [1_u32, 2, 5, 10] {
        let t = f64::from(days);
        let left: Vec<f64> = (1..=days).map(|k| f64::from(k) / t).collect();
        let (squares, sum): (f64, f64) = (left.iter().map(|x| x * x).sum(), left.iter().sum());
        assert!((LiquidationPath::DailySlices.variance_factor(t).unwrap() - squares).abs() < 1e-14);
        assert!((LiquidationPath::DailySlices.mean_factor(t).unwrap() - sum).abs() < 1e-14);
    }
    for (days, counted) in [(0.0, 1.0), (0.3, 1.0), (1.2, 2.0), (2.000_000_000_001, 2.0)] {
        let path = LiquidationPath::DailySlices;
        assert_eq!(path.variance_factor(days).unwrap(), path.variance_factor(counted).unwrap(), "{days}");
    }
    assert_eq!(LiquidationPath::Continuous.mean_factor(3.0).unwrap(), 1.5);
    assert_eq!(LiquidationPath::Continuous.variance_factor(1.5).unwrap(), 0.5);
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(LiquidationPath::DailySlices.variance_factor(bad).is_err(), "{bad}");
        assert!(LiquidationPath::Continuous.mean_factor(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn slices_approach_the_continuous_path(days in 1_u32..2_000) {
        let t = f64::from(days);
        let slices = LiquidationPath::DailySlices.variance_factor(t).unwrap();
        let continuous = LiquidationPath::Continuous.variance_factor(t).unwrap();
        // They differ by 1/2 + 1/(6T).
        prop_assert!(slices > continuous + 0.5 && slices < continuous + 0.67);
    }

    #[test]
    fn larger_trades_cost_more(units in 1.0..1e6_f64, factor in 1.01..10.0_f64) {
        let volume = AverageDailyVolume::new(1e5).unwrap();
        for model in [ImpactModel::default(), ImpactModel::Almgren(AlmgrenImpact::default())] {
            let cost = |units| {
                let trade = Trade::new(units, volume, 0.02).with_duration(1.0).with_outstanding(1e8);
                model.cost(&trade).unwrap().cost
            };
            prop_assert!(cost(units * factor) > cost(units));
        }
    }
}
