use alluse_risk_core::Confidence;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, ArrayView1, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::Predictive;

fn zero() -> BaseInterval {
    BaseInterval::point(0.0).unwrap()
}

#[test]
fn one_rate_by_hand() {
    let mut state = AdaptiveConformal::new(Confidence::new(0.5).unwrap(), 0.1, 3).unwrap();
    // No score yet: rank ⌈1 · 0.5⌉ = 1 of none.
    assert_eq!(state.interval(zero()), ConformalInterval::WholeLine);
    assert!(state.observe(zero(), 2.0).unwrap());
    assert!((state.allowed_misses() - 0.55).abs() < 1e-15);
    // Rank ⌈2 · 0.45⌉ = 1 of {2}.
    assert_eq!(state.interval(zero()), ConformalInterval::Bounded { lower: -2.0, upper: 2.0 });
    assert!(!state.observe(zero(), -3.0).unwrap());
    assert!((state.allowed_misses() - 0.5).abs() < 1e-15);
    // Rank ⌈3 · 0.5⌉ = 2 of {2, 3}.
    assert!(state.observe(zero(), 3.0).unwrap());
    // Rank ⌈4 · 0.45⌉ = 2 of {2, 3, 3}; then the window forgets the 2.
    assert!(state.observe(BaseInterval::new(-1.0, 1.0).unwrap(), 1.5).unwrap());
    assert_eq!((state.rounds(), state.coverage()), (4, Some(0.75)));
    // αₜ = 0.6, rank ⌈4 · 0.4⌉ = 2 of {0.5, 3, 3}.
    assert_eq!(state.interval(zero()), ConformalInterval::Bounded { lower: -3.0, upper: 3.0 });
}

#[test]
fn a_wide_base_is_narrowed() {
    let scores = array![-0.5, -0.4, -0.3, -2.0];
    let split = SplitConformal::from_scores(scores.view(), Confidence::new(0.75).unwrap()).unwrap();
    let base = |half: f64| BaseInterval::new(-half, half).unwrap();
    // Rank ⌈5 · 0.75⌉ = 4.
    assert_eq!(split.interval(base(1.0)), ConformalInterval::Bounded { lower: -0.7, upper: 0.7 });
    assert_eq!(split.interval(base(0.2)), ConformalInterval::Empty);
    assert!(!ConformalInterval::Empty.contains(0.0) && ConformalInterval::WholeLine.contains(1e300));
    let law = Predictive::new(vec![0.0, 1.0, 2.0]).unwrap();
    assert_eq!(BaseInterval::of(&law, Confidence::new(0.5).unwrap()).unwrap(), BaseInterval::new(0.5, 1.5).unwrap());
}

/// With n exchangeable errors the coverage is that of rank ⌈(n + 1)c⌉ of n + 1: here 18/20.
#[test]
fn split_coverage_is_what_the_rank_says() {
    let (n, rounds) = (19, 4_000);
    let z = Streams::new(1).standard_normals(rounds, n + 1);
    let held = z.rows().into_iter().filter(|row| {
        let split = SplitConformal::from_errors(first(*row, n), Confidence::P90).unwrap();
        split.interval(zero()).contains(row[n])
    });
    // A binomial share of 4,000 at 90 % has a standard error of 0.5 %.
    let share = held.count() as f64 / rounds as f64;
    assert!((share - 0.9).abs() < 0.015, "{share}");
}

fn first(series: ArrayView1<'_, f64>, n: usize) -> ArrayView1<'_, f64> {
    series.split_at(Axis(0), n).0
}

/// The volatility of the errors doubles at a quarter of the way and falls to a half at three quarters.
fn drifting(rounds: usize) -> Array1<f64> {
    let z = Streams::new(8).standard_normals(rounds, 1);
    Array1::from_shape_fn(rounds, |t| {
        let scale = if t < rounds / 4 {
            1.0
        } else if t < 3 * rounds / 4 {
            2.0
        } else {
            0.5
        };
        scale * z[[t, 0]]
    })
}

#[test]
fn coverage_under_drift() {
    let errors = drifting(4_000);
    let split = SplitConformal::from_errors(first(errors.view(), 1_000), Confidence::P90).unwrap();
    let mut one = AdaptiveConformal::new(Confidence::P90, 0.02, 250).unwrap();
    let mut many = AdaptiveConformal::with_rates(Confidence::P90, DEFAULT_RATES, 250, 500).unwrap();
    let mut held = [0; 3];
    for (t, &error) in errors.iter().enumerate() {
        let inside = [
            split.interval(zero()).contains(error),
            one.observe(zero(), error).unwrap(),
            many.observe(zero(), error).unwrap(),
        ];
        // The stormy half alone.
        if (1_000..3_000).contains(&t) {
            held.iter_mut().zip(inside).for_each(|(count, inside)| *count += usize::from(inside));
        }
    }
    let share = held.map(|count| count as f64 / 2_000.0);
    // Calibrated on a calm year: P(|z| < 1.645/2) = 0.589, give or take the sample quantile.
    assert!(share[0] < 0.65, "{share:?}");
    // The binomial error of 2,000 is 0.7 %; learning the new spread costs a little coverage.
    assert!((share[1] - 0.9).abs() < 0.02 && (share[2] - 0.9).abs() < 0.03, "{share:?}");
    assert!((one.coverage().unwrap() - 0.9).abs() <= one.coverage_bound().unwrap());
    assert!((many.coverage().unwrap() - 0.9).abs() < 0.015 && many.coverage_bound().is_none());
    assert!((many.weights().sum() - 1.0).abs() < 1e-12);
}

#[test]
fn hostile_input() {
    assert!(BaseInterval::new(1.0, 0.0).is_err() && BaseInterval::point(f64::NAN).is_err());
    assert!(BaseInterval::point(-1e308).unwrap().score(1e308).is_err());
    for bad in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert!(AdaptiveConformal::new(Confidence::P90, bad, 10).is_err());
    }
    assert!(AdaptiveConformal::new(Confidence::P90, 0.1, 0).is_err());
    assert!(AdaptiveConformal::with_rates(Confidence::P90, [], 10, 10).is_err());
    assert!(AdaptiveConformal::with_rates(Confidence::P90, [0.1], 10, 0).is_err());
    // Nine scores bound nothing at 95 %, nineteen do.
    assert!(SplitConformal::from_errors(Array1::zeros(18).view(), Confidence::P95).is_err());
    assert!(SplitConformal::from_errors(Array1::zeros(19).view(), Confidence::P95).is_ok());
    assert!(SplitConformal::from_errors(array![0.0, f64::NAN].view(), Confidence::P90).is_err());
    let mut state = AdaptiveConformal::new(Confidence::P90, 0.1, 10).unwrap();
    let before = state.clone();
    assert!(state.observe(zero(), f64::NAN).is_err());
    assert_eq!(state, before);
    state.observe(zero(), 1.0).unwrap();
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<AdaptiveConformal>(&text).unwrap(), state);
    for (from, to) in [
        ("\"covered\":1", "\"covered\":2"),
        ("\"scores\":[1.0]", "\"scores\":[]"),
        ("\"window\":10", "\"window\":0"),
        ("\"rates\":[0.1]", "\"rates\":[-0.1]"),
        ("\"rates\":[0.1]", "\"rates\":[0.1,0.2]"),
        ("\"misses\":[0.", "\"misses\":[7."),
    ] {
        assert!(text.contains(from), "{text}");
        assert!(serde_json::from_str::<AdaptiveConformal>(&text.replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn split_intervals_are_saved_with_their_scores() {
    let split =
        SplitConformal::from_errors(array![0.5, -1.0, 2.0, -0.25].view(), Confidence::new(0.6).unwrap()).unwrap();
    assert_eq!((split.observations(), split.coverage().level()), (4, 0.6));
    let text = serde_json::to_string(&split).unwrap();
    assert_eq!(serde_json::from_str::<SplitConformal>(&text).unwrap(), split);
    // One score bounds nothing at 60 %.
    assert!(serde_json::from_str::<SplitConformal>(&text.replace("[0.25,0.5,1.0,2.0]", "[0.25]")).is_err());
    assert!(serde_json::from_str::<SplitConformal>(&text.replace("0.25", "null")).is_err());
}

proptest! {
    /// The bound of Gibbs and Candès holds on every sequence, and the verdict is that of the interval.
    #[test]
    fn the_share_of_misses_is_bounded(
        observed in proptest::collection::vec(-100.0_f64..100.0, 1..300),
        level in 0.05_f64..0.99,
        rate in 0.001_f64..0.5,
        window in 1_usize..50,
    ) {
        let mut state = AdaptiveConformal::new(Confidence::new(level).unwrap(), rate, window).unwrap();
        for value in observed {
            let held = state.interval(zero()).contains(value);
            prop_assert_eq!(state.observe(zero(), value).unwrap(), held);
        }
        let miss = (state.coverage().unwrap() - level).abs();
        prop_assert!(miss <= state.coverage_bound().unwrap() + 1e-9);
    }
}
