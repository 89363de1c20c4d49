//! Laws that every sample must satisfy, whatever its numbers.

#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests compare exactly representable numbers and may fail")]

use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{DrawdownKind, DrawdownPath, LossSample, QuantileRule, Spectrum, TailMean};
use alluse_risk_core::moments::{self, MomentEstimator, RunningMoments};
use ndarray::Array1;
use proptest::prelude::*;

const RULES: [QuantileRule; 8] = [
    QuantileRule::Linear,
    QuantileRule::LowerLoss,
    QuantileRule::UpperLoss,
    QuantileRule::Lower,
    QuantileRule::Higher,
    QuantileRule::Hazen,
    QuantileRule::Weibull,
    QuantileRule::MedianUnbiased,
];

/// Losses with frequent ties, on a grid that floating point represents exactly.
fn losses(size: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec((-40_i32..60).prop_map(|i| f64::from(i) / 8.0), size)
}

fn level() -> impl Strategy<Value = Confidence> {
    (0.01..0.995_f64).prop_map(|c| Confidence::new(c).unwrap())
}

type Number = fn(&LossSample, Confidence) -> f64;

/// Measures that are monotone, translation invariant and positively homogeneous.
const HOMOGENEOUS: [(&str, Number); 6] = [
    ("value at risk", |s, c| s.value_at_risk(c).unwrap().value),
    ("expected shortfall", |s, c| s.expected_shortfall(c).unwrap().value),
    ("entropic value at risk", |s, c| s.entropic_value_at_risk(c).unwrap().value),
    ("relativistic value at risk", |s, c| s.relativistic_value_at_risk(c, 0.4).unwrap()),
    ("spectral", |s, _| s.spectral(&Spectrum::exponential(5.0).unwrap()).unwrap().value),
    ("worst loss", |s, _| s.worst_loss().unwrap().value),
];

fn sample(losses: &[f64]) -> LossSample {
    LossSample::new(losses.to_vec()).unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn measures_are_ordered(x in losses(1..80), c in level()) {
        let s = sample(&x).with_quantile_rule(QuantileRule::LowerLoss);
        let chain = [
            s.value_at_risk(c).unwrap().value,
            s.expected_shortfall(c).unwrap().value,
            s.entropic_value_at_risk(c).unwrap().value,
            s.relativistic_value_at_risk(c, 0.3).unwrap(),
            s.worst_loss().unwrap().value,
        ];
        for pair in chain.windows(2) {
            prop_assert!(pair[0] <= pair[1] + 1e-7, "{chain:?}");
        }
        prop_assert!(s.mean().unwrap().value <= chain[1] + 1e-12);
    }

    #[test]
    fn scaling_and_shifting_pass_through(x in losses(1..60), c in level(), scale in 0.1..10.0_f64, shift in -5.0..5.0_f64) {
        let moved: Vec<f64> = x.iter().map(|l| scale * l + shift).collect();
        for (name, measure) in HOMOGENEOUS {
            let (before, after) = (measure(&sample(&x), c), measure(&sample(&moved), c));
            prop_assert!((after - (scale * before + shift)).abs() < 1e-6, "{name}: {before} {after}");
        }
    }

    #[test]
    fn coherent_measures_are_subadditive(pairs in proptest::collection::vec((-5.0..5.0_f64, -5.0..5.0_f64), 1..60), c in level()) {
        let a: Vec<f64> = pairs.iter().map(|p| p.0).collect();
        let b: Vec<f64> = pairs.iter().map(|p| p.1).collect();
        let sum: Vec<f64> = pairs.iter().map(|p| p.0 + p.1).collect();
        // Value at risk is not coherent and comes first in the list.
        for (name, measure) in &HOMOGENEOUS[1..] {
            let parts = measure(&sample(&a), c) + measure(&sample(&b), c);
            prop_assert!(measure(&sample(&sum), c) <= parts + 1e-6, "{name}");
        }
    }

    #[test]
    fn the_order_of_scenarios_does_not_matter(x in losses(2..60), c in level(), turn in 1_usize..50) {
        let mut turned = x.clone();
        turned.rotate_left(turn % x.len());
        for (name, measure) in HOMOGENEOUS {
            prop_assert!(near(measure(&sample(&x), c), measure(&sample(&turned), c)), "{name}");
        }
        let (straight, rotated) = (sample(&x).tail_weights(c), sample(&turned).tail_weights(c));
        for (i, weight) in straight {
            let j = (i + x.len() - turn % x.len()) % x.len();
            let other = rotated.iter().find(|(k, _)| *k == j).unwrap().1;
            prop_assert!((weight - other).abs() < 1e-14);
        }
    }

    #[test]
    fn equal_probabilities_change_nothing(x in losses(2..60), c in level()) {
        let plain = sample(&x);
        let weighted = plain.clone().with_probabilities(vec![1.0 / x.len() as f64; x.len()]).unwrap();
        for rule in RULES {
            let (p, w) = (plain.clone().with_quantile_rule(rule), weighted.clone().with_quantile_rule(rule));
            prop_assert!(near(p.value_at_risk(c).unwrap().value, w.value_at_risk(c).unwrap().value), "{rule:?}");
            for kind in [TailMean::StrictlyBeyond, TailMean::AtOrBeyond, TailMean::WholeCount] {
                match (p.tail_mean(c, kind), w.tail_mean(c, kind)) {
                    // Interpolation between equal losses may leave a bit that decides "beyond".
                    (Ok(a), Ok(b)) if kind == TailMean::WholeCount => prop_assert!(near(a.value, b.value), "{kind:?}"),
                    (a, b) => prop_assert!(a.is_ok() == b.is_ok() || rule != QuantileRule::LowerLoss, "{a:?} {b:?}"),
                }
            }
        }
        for (name, measure) in HOMOGENEOUS {
            prop_assert!(near(measure(&plain, c), measure(&weighted, c)), "{name}");
        }
        let (p, w) = (plain.expected_shortfall(c).unwrap(), weighted.expected_shortfall(c).unwrap());
        prop_assert!(near(p.tail_observations.unwrap(), w.tail_observations.unwrap()));
        prop_assert!(near(p.effective_observations, w.effective_observations));
        prop_assert!(near(plain.gini_mean_difference().unwrap(), weighted.gini_mean_difference().unwrap()));
        prop_assert!(near(plain.volatility(1).unwrap().value, weighted.volatility(1).unwrap().value));
        prop_assert!(near(plain.tail_gini(Confidence::P95, 20).unwrap(), weighted.tail_gini(Confidence::P95, 20).unwrap()));
    }

    #[test]
    fn a_probability_is_a_multiplicity(pairs in proptest::collection::vec((-40_i32..60, 0_usize..5), 1..30), c in level()) {
        let total: usize = pairs.iter().map(|p| p.1).sum();
        prop_assume!(total > 0);
        let x: Vec<f64> = pairs.iter().map(|p| f64::from(p.0) / 8.0).collect();
        let p: Vec<f64> = pairs.iter().map(|p| p.1 as f64 / total as f64).collect();
        let repeated: Vec<f64> = pairs.iter().zip(&x).flat_map(|(p, &l)| std::iter::repeat_n(l, p.1)).collect();
        let weighted = sample(&x).with_probabilities(p).unwrap();
        let repeated = sample(&repeated);
        for rule in [QuantileRule::LowerLoss, QuantileRule::UpperLoss] {
            let (w, r) = (weighted.clone().with_quantile_rule(rule), repeated.clone().with_quantile_rule(rule));
            prop_assert_eq!(w.value_at_risk(c).unwrap().value, r.value_at_risk(c).unwrap().value);
        }
        let numbers: [Number; 6] = [
            |s, c| s.expected_shortfall(c).unwrap().value,
            |s, c| s.entropic_value_at_risk(c).unwrap().value,
            |s, _| s.spectral(&Spectrum::exponential(5.0).unwrap()).unwrap().value,
            |s, _| s.worst_loss().unwrap().value,
            |s, _| s.mean_absolute_deviation().unwrap(),
            |s, _| s.range().unwrap(),
        ];
        for number in numbers {
            prop_assert!(near(number(&weighted, c), number(&repeated, c)));
        }
    }

    #[test]
    fn weights_of_scenarios_give_the_measure_back(x in losses(1..60), c in level(), skewed in proptest::bool::ANY) {
        let plain = sample(&x);
        let n = x.len();
        let s = if skewed {
            let total = (n * (n + 1) / 2) as f64;
            plain.with_probabilities((1..=n).map(|i| i as f64 / total).collect::<Vec<_>>()).unwrap()
        } else {
            plain
        };
        let dot = |weights: &[(usize, f64)]| weights.iter().map(|&(i, w)| w * x[i]).sum::<f64>();
        let total = |weights: &[(usize, f64)]| weights.iter().map(|w| w.1).sum::<f64>();
        let tail = s.tail_weights(c);
        prop_assert!(near(dot(&tail), s.expected_shortfall(c).unwrap().value));
        prop_assert!((total(&tail) - 1.0).abs() < 1e-12);
        let spectrum = Spectrum::exponential(3.0).unwrap();
        prop_assert!(near(dot(&s.spectral_weights(&spectrum)), s.spectral(&spectrum).unwrap().value));
        for rule in RULES {
            let s = s.clone().with_quantile_rule(rule);
            let picked = s.quantile_weights(c);
            prop_assert!(near(dot(&picked), s.value_at_risk(c).unwrap().value), "{rule:?}");
            prop_assert!((total(&picked) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn many_levels_at_once_are_one_level_each(x in losses(1..60), a in level(), b in level()) {
        let n = x.len();
        let total = (n * (n + 1) / 2) as f64;
        let weighted = sample(&x).with_probabilities((1..=n).map(|i| i as f64 / total).collect::<Vec<_>>()).unwrap();
        for s in [sample(&x), weighted] {
            let many = s.tail_risk(&[a, b]).unwrap();
            for (c, found) in [(a, many[0]), (b, many[1]), (b, s.tail_risk(&[b]).unwrap()[0])] {
                prop_assert_eq!(found.confidence, c);
                prop_assert!(near(found.value_at_risk, s.value_at_risk(c).unwrap().value));
                prop_assert!(near(found.expected_shortfall, s.expected_shortfall(c).unwrap().value));
            }
        }
    }

    #[test]
    fn the_spectrum_of_expected_shortfall_is_expected_shortfall(x in losses(2..80), c in level()) {
        let s = sample(&x);
        let (direct, spectral) = (s.expected_shortfall(c).unwrap(), s.spectral(&Spectrum::expected_shortfall(c)).unwrap());
        prop_assert!(near(direct.value, spectral.value));
        // The influence function and the closed form are two roads to one standard error; they divide by
        // n − 1 and n, and place the kink at most one order statistic apart.
        if let (Some(a), Some(b)) = (direct.standard_error, spectral.standard_error) {
            let n = x.len() as f64;
            let same_kink = (c.level() * n - (c.level() * n).round()).abs() > 1e-6;
            prop_assert!(!same_kink || near(a * a * n, b * b * (n - 1.0)), "{a} {b}");
        }
    }

    #[test]
    fn estimates_bracket_themselves(x in losses(30..120), c in level()) {
        let s = sample(&x);
        let var = s.clone().with_quantile_rule(QuantileRule::LowerLoss).value_at_risk(c).unwrap();
        if let Some(interval) = var.interval {
            prop_assert!(interval.lower <= var.value && var.value <= interval.upper);
        }
        let es = s.expected_shortfall(c).unwrap();
        if let (Some(error), Some(interval)) = (es.standard_error, es.interval) {
            prop_assert!(near(interval.upper - es.value, 1.959_963_984_540_054 * error));
            prop_assert!(near(es.value - interval.lower, 1.959_963_984_540_054 * error));
        }
    }

    #[test]
    fn drawdowns_are_ordered(r in proptest::collection::vec(-0.3..0.3_f64, 1..60), c in level()) {
        let returns = Array1::from(r);
        for kind in [DrawdownKind::Compounded, DrawdownKind::Uncompounded] {
            let path = DrawdownPath::from_returns(returns.view(), kind).unwrap();
            let conditional = path.conditional(c).unwrap();
            prop_assert!(path.average() <= conditional + 1e-12 && conditional <= path.max() + 1e-12);
            prop_assert!(path.average() <= path.ulcer_index(0).unwrap() + 1e-12);
            prop_assert!(conditional <= path.entropic(c).unwrap() + 1e-8);
            let below: usize = path.episodes().iter().map(|e| e.end() - e.start).sum();
            prop_assert_eq!(below, path.drawdowns().iter().filter(|d| **d > 0.0).count());
            let deepest = path.deepest(1).first().map_or(0.0, |e| e.depth);
            prop_assert_eq!(deepest, path.max());
        }
    }

    #[test]
    fn a_compounded_path_is_its_value_path(r in proptest::collection::vec(-0.3..0.3_f64, 1..60)) {
        let returns = Array1::from(r);
        let mut values = vec![250.0];
        values.extend(returns.iter().scan(250.0, |v, r| { *v *= 1.0 + r; Some(*v) }));
        let of_returns = DrawdownPath::from_returns(returns.view(), DrawdownKind::Compounded).unwrap();
        let of_values = DrawdownPath::from_values(Array1::from(values).view()).unwrap();
        for (a, b) in of_returns.drawdowns().iter().zip(of_values.drawdowns()) {
            prop_assert!((a - b).abs() < 1e-13);
        }
    }

    #[test]
    fn running_moments_merge_into_batch_moments(x in proptest::collection::vec(-1e3..1e3_f64, 8..60), cut in 1_usize..7) {
        let mut left = RunningMoments::new();
        let mut right = RunningMoments::new();
        for (i, &v) in x.iter().enumerate() {
            if i < cut { left.push(v).unwrap() } else { right.push(v).unwrap() }
        }
        left.merge(&right);
        let values = Array1::from(x.clone());
        prop_assert_eq!(left.count(), x.len() as u64);
        prop_assert!(near(left.mean().unwrap(), moments::mean(values.view()).unwrap()));
        prop_assert!(near(left.variance(1).unwrap(), moments::variance(values.view(), 1).unwrap()));
        for e in [MomentEstimator::Population, MomentEstimator::BiasCorrected, MomentEstimator::Sample] {
            prop_assert!(near(left.skewness(e).unwrap(), moments::skewness(values.view(), e).unwrap()));
            prop_assert!(near(left.kurtosis(e).unwrap(), moments::kurtosis(values.view(), e).unwrap()));
        }
    }

    #[test]
    fn standardised_moments_forget_location_and_scale(x in losses(8..60), scale in 0.1..10.0_f64, shift in -5.0..5.0_f64) {
        prop_assume!(x.iter().any(|v| *v != x[0]));
        let before = Array1::from(x);
        let after = before.mapv(|v| scale * v + shift);
        let e = MomentEstimator::BiasCorrected;
        let same = |a: f64, b: f64| (a - b).abs() < 1e-7;
        prop_assert!(same(moments::skewness(before.view(), e).unwrap(), moments::skewness(after.view(), e).unwrap()));
        prop_assert!(same(moments::kurtosis(before.view(), e).unwrap(), moments::kurtosis(after.view(), e).unwrap()));
        let (l, m) = (moments::l_moments(before.view()).unwrap(), moments::l_moments(after.view()).unwrap());
        prop_assert!(same(l.skewness().unwrap(), m.skewness().unwrap()));
        prop_assert!(near(2.0 * l.scale, LossSample::new(before).unwrap().gini_mean_difference().unwrap()));
    }
}
