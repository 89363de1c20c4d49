use alluse_risk_core::streams::Streams;
use ndarray::{Array2, array};
use proptest::prelude::*;

use super::*;

const SHARE: AggregationRule = AggregationRule::FixedShare { rate: 2.0, share: 0.02 };

fn universe(n: usize) -> Universe {
    Universe::named((0..n).map(|i| format!("s{i}"))).unwrap()
}

fn settings(rule: AggregationRule) -> OnlineSettings {
    OnlineSettings::default().with_rule(rule)
}

#[test]
fn wealth_costs_and_turnover_by_hand() {
    // Equal weights for ever, a cost of 1 %: bought for 0.99, then +20 % and −10 % on halves.
    let settings = settings(AggregationRule::Equal).with_costs(0.01, 0.0);
    let mut online = ExperimentalOnlineAllocation::new(&universe(2), settings).unwrap();
    let step = online.observe(array![0.2, -0.1].view()).unwrap();
    assert!((step.portfolio_return - 0.05).abs() < 1e-15);
    // 0.6 and 0.45 of 1.05: 1/14 has to move from one to the other.
    assert!((step.turnover - 1.0 / 14.0).abs() < 1e-15 && (step.cost - 0.02 / 14.0).abs() < 1e-16);
    let report = online.report();
    assert!((report.net_log_wealth.exp() - 0.99 * 1.05 * (1.0 - 0.02 / 14.0)).abs() < 1e-14);
    assert!((report.log_wealth.exp() - 1.05).abs() < 1e-15);
    assert_eq!((report.best.as_str(), report.regret_bound, report.periods), ("s0", None, 1));
    assert!((report.best_log_wealth - 1.2_f64.ln()).abs() < 1e-15);
    // Inside a band of a tenth the drifted weights stay.
    let lazy = settings.with_costs(0.01, 0.1);
    let mut online = ExperimentalOnlineAllocation::new(&universe(2), lazy).unwrap();
    let step = online.observe(array![0.2, -0.1].view()).unwrap();
    assert_eq!((step.turnover, step.cost), (0.0, 0.0));
    assert!((step.weights[0] - 0.6 / 1.05).abs() < 1e-15);
}

#[test]
fn sequences_with_a_switch_are_found() {
    // The first is good for five periods, then the second: one switch earns all ten.
    let (up, down) = (0.1, -0.1);
    let rows = Array2::from_shape_fn((10, 2), |(t, i)| if (t < 5) == (i == 0) { up } else { down });
    let settings = settings(SHARE).with_max_switches(2);
    let report = ExperimentalOnlineAllocation::replay(&universe(2), settings, rows.view()).unwrap().report();
    let wealth: Vec<f64> = report.tracking.iter().map(|t| t.regret + report.log_wealth).collect();
    let even = 5.0 * (1.1_f64 * 0.9).ln();
    for (got, want) in wealth.iter().zip([even, 10.0 * 1.1_f64.ln(), 10.0 * 1.1_f64.ln()]) {
        assert!((got - want).abs() < 1e-12, "{wealth:?}");
    }
    assert!((report.tracking[0].regret - report.regret).abs() < 1e-12);
}

#[test]
fn fixed_share_follows_a_switch_that_exponential_weights_do_not() {
    let z = Streams::new(3).standard_normals(600, 2);
    let rows =
        Array2::from_shape_fn((600, 2), |(t, i)| 0.01 * z[[t, i]] + if (t < 300) == (i == 0) { 0.01 } else { -0.01 });
    let wealth = |rule| {
        ExperimentalOnlineAllocation::replay(&universe(2), settings(rule), rows.view()).unwrap().report().log_wealth
    };
    let rate = 20.0;
    let sharing = wealth(AggregationRule::FixedShare { rate, share: 0.01 });
    let stiff = wealth(AggregationRule::Hedge { rate, range: 0.5 });
    assert!(sharing > stiff + 1.0, "{sharing} {stiff}");
}

#[test]
fn a_stored_state_continues_where_it_stopped() {
    let z = Streams::new(9).standard_normals(60, 3).mapv(|x| 0.02 * x);
    let settings = settings(SHARE).with_costs(0.001, 0.02).with_max_switches(3);
    let (first, second) = z.view().split_at(ndarray::Axis(0), 30);
    let half = ExperimentalOnlineAllocation::replay(&universe(3), settings, first).unwrap();
    let text = serde_json::to_string(&half).unwrap();
    let mut resumed: ExperimentalOnlineAllocation = serde_json::from_str(&text).unwrap();
    second.rows().into_iter().for_each(|row| assert!(resumed.observe(row).is_ok()));
    assert_eq!(resumed, ExperimentalOnlineAllocation::replay(&universe(3), settings, z.view()).unwrap());
    for (from, to) in [
        ("\"band\":0.02", "\"band\":2.0"),
        ("\"s1\"", "\"s0\""),
        ("\"max_switches\":3", "\"max_switches\":2"),
        ("\"held\":[", "\"held\":[0.5,"),
        ("\"turnover\":", "\"turnover\":-"),
        (
            "\"settings\":{\"rule\":{\"fixed_share\":{\"rate\":2.0",
            "\"settings\":{\"rule\":{\"fixed_share\":{\"rate\":3.0",
        ),
    ] {
        let bad = text.replacen(from, to, 1);
        assert_ne!(bad, text, "{from}");
        assert!(serde_json::from_str::<ExperimentalOnlineAllocation>(&bad).is_err(), "{to}");
    }
}

#[test]
fn bad_returns_change_nothing() {
    let mut online = ExperimentalOnlineAllocation::new(&universe(2), OnlineSettings::default()).unwrap();
    let before = online.clone();
    for bad in [array![0.1], array![0.1, f64::NAN], array![-1.0, 0.1], array![f64::INFINITY, 0.1]] {
        assert!(online.observe(bad.view()).is_err(), "{bad}");
        assert_eq!(online, before);
    }
    let new = |settings| ExperimentalOnlineAllocation::new(&universe(2), settings);
    assert!(new(OnlineSettings::default().with_costs(-0.1, 0.0)).is_err());
    assert!(new(OnlineSettings::default().with_costs(0.0, f64::NAN)).is_err());
    assert!(new(OnlineSettings::default().with_max_switches(1_001)).is_err());
    assert!(new(settings(AggregationRule::FixedShare { rate: 1.0, share: 0.0 })).is_err());
}

proptest! {
    #[test]
    fn regret_stays_below_its_bounds_whatever_happens(
        rows in prop::collection::vec(prop::collection::vec(-0.5_f64..0.5, 4), 1..60), rate in 0.2_f64..10.0,
    ) {
        let data = Array2::from_shape_fn((rows.len(), 4), |(t, i)| rows[t][i]);
        let run = |rule| {
            let settings = settings(rule).with_max_switches(4);
            ExperimentalOnlineAllocation::replay(&universe(4), settings, data.view()).unwrap().report()
        };
        for rule in [AggregationRule::AdaHedge, AggregationRule::Hedge { rate, range: 1.1 }] {
            let report = run(rule);
            prop_assert!(report.regret <= report.regret_bound.unwrap() + 1e-12);
        }
        for tracking in run(AggregationRule::FixedShare { rate, share: 0.05 }).tracking {
            prop_assert!(tracking.regret <= tracking.bound.unwrap() + 1e-12, "{tracking:?}");
        }
    }
}
