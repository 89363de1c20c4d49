use alluse_risk_core::ErrorKind;
use alluse_risk_core::experts::AggregationRule;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, array};
use proptest::prelude::*;

use super::*;
use crate::Predictive;

/// Absolute errors of a naive forecast, and of one whose errors are `share` of those on average.
fn losses(n: usize, share: f64, seed: u64) -> (Array1<f64>, Array1<f64>) {
    let z = Streams::new(seed).standard_normals(n, 2);
    let model = z.column(0).mapv(|z| share * z.abs());
    (model, z.column(1).mapv(f64::abs))
}

#[test]
fn skill_earns_trust_and_noise_does_not() {
    let rule = TrustRule::default();
    let (model, naive) = losses(2_000, 0.7, 1);
    let earned = rule.assess(model.view(), naive.view(), 0, 2_000).unwrap();
    assert_eq!(earned.value(), Some(1.0)); // 30 % of skill, whose lower bound is above 10 %
    let mut trusted = 0;
    for seed in 0..400 {
        let (model, naive) = losses(120, 1.0, 100 + seed);
        let trust = rule.assess(model.view(), naive.view(), 0, 120).unwrap();
        trusted += usize::from(trust.value().unwrap() > 0.0);
    }
    // 2.5 % of 400 on this side of a two-sided interval; a binomial at 2.5 % stays below 20 with 99.8 %.
    assert!(trusted < 20, "{trusted}");
}

#[test]
fn too_little_evidence_is_unknown() {
    let rule = TrustRule::default();
    let (model, naive) = losses(300, 0.5, 2);
    // A record of 300 overlapping forecasts that is worth 14.
    let trust = rule.assess(model.view(), naive.view(), 20, 14).unwrap();
    assert!(matches!(trust, TrustLevel::Unknown { scored: 300, effective: 14, required: 30, .. }));
    // The very same forecasts have no skill to measure.
    let same = rule.assess(naive.view(), naive.view(), 0, 300).unwrap();
    assert!(matches!(same, TrustLevel::Unknown { kind: ErrorKind::Undefined, .. }));
    assert_eq!(same.value(), None);
    let none = rule.assess(array![].view(), array![].view(), 0, 0).unwrap();
    assert!(matches!(none, TrustLevel::Unknown { kind: ErrorKind::InsufficientData, .. }));
    let text = serde_json::to_string(&trust).unwrap();
    assert_eq!(serde_json::from_str::<TrustLevel>(&text).unwrap(), trust);
}

#[test]
fn a_limit_falls_at_once_and_rises_slowly() {
    let rule = TrustRule::default().with_full_skill(0.2);
    let (model, naive) = losses(2_000, 0.5, 3);
    let full = rule.assess(model.view(), naive.view(), 0, 2_000).unwrap();
    let none = rule.assess(naive.view(), model.view(), 0, 2_000).unwrap();
    assert_eq!((full.value(), none.value()), (Some(1.0), Some(0.0)));
    let mut limit = TrustLimit::new(0.5, 2.0, 0.5).unwrap();
    let path: Vec<f64> = [&full, &full, &full, &full, &none, &full].map(|t| limit.update(t).unwrap()).to_vec();
    assert_eq!(path, [1.0, 1.5, 2.0, 2.0, 0.5, 1.0]);
    let text = serde_json::to_string(&limit).unwrap();
    assert_eq!(serde_json::from_str::<TrustLimit>(&text).unwrap(), limit);
    assert!(serde_json::from_str::<TrustLimit>(&text.replace("\"multiplier\":1.0", "\"multiplier\":3.0")).is_err());
    let forged = serde_json::to_string(&full).unwrap().replace("\"value\":1.0,\"scored\"", "\"value\":7.0,\"scored\"");
    let forged: TrustLevel = serde_json::from_str(&forged).unwrap();
    assert!(limit.update(&forged).is_err());
    assert_eq!(limit.multiplier(), 0.5);
}

#[test]
fn mixtures_by_hand() {
    let pool = ForecastPool::new(["a", "b"], AggregationRule::Equal, PoolLoss::Crps).unwrap();
    let forecasts = [Predictive::new(vec![0.0, 2.0]).unwrap(), Predictive::new(vec![1.0]).unwrap()];
    // Weights ¼, ½, ¼ on 0, 1, 2.
    assert_eq!(pool.mixture(&forecasts, 4).unwrap().outcomes(), [0.0, 1.0, 1.0, 2.0]);
    assert_eq!(pool.mixture(&forecasts, 1).unwrap().outcomes(), [1.0]);
    let mut pool = pool;
    let round = pool.observe(&forecasts, 1.0).unwrap();
    // Of {0, 2}: 1 − ½; of {1}: 0; of the mixture: ½ − ½ · (mean distance ¾) = ⅛.
    assert_eq!((round.losses.as_slice(), round.weighted_loss), (&[0.5, 0.0][..], 0.25));
    assert!((round.mixture_loss - 0.125).abs() < 1e-12);
    assert!((pool.mixture_regret() - 0.125).abs() < 1e-12 && pool.regret() == 0.25);
}

#[test]
fn the_log_loss_of_a_mixture() {
    let loss = PoolLoss::Log { bandwidth: 2.0 };
    let mut pool = ForecastPool::new(["a", "b"], AggregationRule::Equal, loss).unwrap();
    let point = |x| Predictive::new(vec![x]).unwrap();
    let round = pool.observe(&[point(1.0), point(3.0)], 1.0).unwrap();
    // scipy 1.17: -norm(1, 2).logpdf(1), -norm(3, 2).logpdf(1), -log of the mean density.
    assert!((round.losses[0] - 1.612_085_713_764_618).abs() < 1e-14);
    assert!((round.losses[1] - 2.112_085_713_764_618).abs() < 1e-14);
    assert!((round.mixture_loss - 1.831_155_910_144_456_8).abs() < 1e-13, "{}", round.mixture_loss);
    // Forty kernels away it is large and not infinite.
    assert!((pool.observe(&[point(0.0), point(0.0)], 80.0).unwrap().losses[0] - 801.612).abs() < 1e-3);
}

/// The best model changes halfway; a fixed share follows it.
#[test]
fn the_pool_follows_the_better_model() {
    let z = Streams::new(4).standard_normals(400, 1);
    let spread =
        |scale: f64| Predictive::new((-10..=10).map(|k| 0.25 * scale * f64::from(k)).collect::<Vec<_>>()).unwrap();
    let forecasts = [spread(1.0), spread(5.0)];
    let rule = AggregationRule::FixedShare { rate: 2.0, share: 0.02 };
    for loss in [PoolLoss::Crps, PoolLoss::Pinball(vec![0.1, 0.5, 0.9]), PoolLoss::Log { bandwidth: 0.5 }] {
        let mut pool = ForecastPool::new(["calm", "wild"], rule, loss).unwrap();
        // Mean weight of the calm model late in either half: single rounds may favour the wrong one.
        let mut calm = [0.0; 2];
        for t in 0..400 {
            if t % 200 >= 100 {
                calm[t / 200] += pool.weights()[0] / 100.0;
            }
            pool.observe(&forecasts, if t < 200 { 1.0 } else { 8.0 } * z[[t, 0]]).unwrap();
        }
        assert!(calm[0] > 0.8 && calm[1] < 0.35, "{calm:?}");
        assert!(pool.mixture_regret() < 0.0 && pool.regret_bound().is_none());
        let text = serde_json::to_string(&pool).unwrap();
        assert_eq!(serde_json::from_str::<ForecastPool>(&text).unwrap(), pool);
    }
}

#[test]
fn hostile_input() {
    let rule = TrustRule::default();
    let a = Array1::from_elem(40, 1.0);
    assert!(rule.assess(a.view(), array![1.0].view(), 0, 1).is_err());
    assert!(rule.assess(a.view(), a.view(), 0, 41).is_err());
    assert!(rule.assess(array![f64::NAN].view(), array![1.0].view(), 0, 1).is_err());
    assert!(rule.with_min_effective(1).assess(a.view(), a.view(), 0, 40).is_err());
    for bad in [0.0, 1.1, f64::NAN] {
        assert!(rule.with_full_skill(bad).assess(a.view(), a.view(), 0, 40).is_err());
    }
    assert!(TrustLimit::new(-0.1, 1.0, 0.1).is_err() && TrustLimit::new(1.0, 0.5, 0.1).is_err());
    assert!(TrustLimit::new(0.1, f64::INFINITY, 0.1).is_err() && TrustLimit::new(0.1, 1.0, 0.0).is_err());
    let new = |names: &[&str], loss| ForecastPool::new(names.iter().copied(), AggregationRule::AdaHedge, loss);
    assert!(new(&[], PoolLoss::Crps).is_err() && new(&["a", "a"], PoolLoss::Crps).is_err());
    assert!(new(&["a"], PoolLoss::Pinball(vec![])).is_err() && new(&["a"], PoolLoss::Pinball(vec![1.0])).is_err());
    assert!(new(&["a"], PoolLoss::Log { bandwidth: 0.0 }).is_err());
    let mut pool = new(&["a", "b"], PoolLoss::Crps).unwrap();
    let before = pool.clone();
    let one = Predictive::new(vec![0.0]).unwrap();
    assert!(pool.observe(std::slice::from_ref(&one), 0.0).is_err());
    assert!(pool.observe(&[one.clone(), one.clone()], f64::NAN).is_err());
    assert!(pool.mixture(&[one.clone(), one], 0).is_err());
    assert_eq!(pool, before);
}

proptest! {
    /// By the convexity of the score the mixture loses no more than the weighted mean, up to its own resolution.
    #[test]
    fn mixing_does_not_lose(
        rounds in proptest::collection::vec(
            (proptest::collection::vec(-5.0_f64..5.0, 1..6), proptest::collection::vec(-5.0_f64..5.0, 1..6), -6.0_f64..6.0),
            1..20,
        ),
        log: bool,
    ) {
        let loss = if log { PoolLoss::Log { bandwidth: 1.0 } } else { PoolLoss::Crps };
        let mut pool = ForecastPool::new(["a", "b"], AggregationRule::AdaHedge, loss).unwrap();
        for (a, b, observed) in rounds {
            let forecasts = [Predictive::new(a).unwrap(), Predictive::new(b).unwrap()];
            let round = pool.observe(&forecasts, observed).unwrap();
            // A thousand members move at most 1/1,000 of the mass for each of ten outcomes, over a range of 11.
            prop_assert!(round.mixture_loss <= round.weighted_loss + 0.02);
            prop_assert!(pool.regret() <= pool.regret_bound().unwrap() + 1e-9);
        }
    }

    /// More trust never earns less, and the multiplier stays between floor and ceiling.
    #[test]
    fn the_map_is_monotone(shares in proptest::collection::vec(0.3_f64..1.5, 2..8), step in 0.01_f64..2.0) {
        let mut limit = TrustLimit::new(0.2, 1.0, step).unwrap();
        let mut seen: Vec<(f64, f64)> = Vec::new();
        for (k, share) in shares.iter().enumerate() {
            let (model, naive) = losses(60, *share, k as u64);
            let trust = TrustRule::default().assess(model.view(), naive.view(), 0, 60).unwrap();
            let before = limit.multiplier();
            let now = limit.update(&trust).unwrap();
            prop_assert!((0.2..=1.0).contains(&now) && now <= before + step && now <= limit.earned(&trust));
            seen.push((trust.value().unwrap(), limit.earned(&trust)));
        }
        seen.sort_by(|a, b| a.0.total_cmp(&b.0));
        prop_assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    }
}
