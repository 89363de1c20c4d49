use alluse_risk_core::streams::Streams;
use alluse_risk_core::volatility::EwmaVolatility;
use alluse_risk_core::{AssetId, Confidence, ErrorKind, normal};
use ndarray::{Array1, Array2, Array3, array};

use super::*;
use crate::innovations::Innovations;
use crate::volatility::Garch;

/// Daily returns whose volatility moves.
fn history(n: usize, seed: u64) -> Array1<f64> {
    let z = Streams::new(seed).standard_normals(n, 1);
    let mut variance = 1e-4_f64;
    let step = |z: &f64| {
        let e = variance.sqrt() * z;
        variance = 2e-6 + 0.08 * e * e + 0.9 * variance;
        4e-4 + e
    };
    z.column(0).iter().map(step).collect()
}

fn models() -> Vec<Box<dyn PathModel>> {
    vec![
        Box::new(UnconditionalBootstrap),
        Box::new(StationaryBootstrap::default()),
        Box::new(FilteredBootstrap::new(EwmaVolatility::default())),
        Box::new(FilteredBootstrap::new(Garch::gjr(1, 1, 1)).with_blocks(BlockLength::Mean(3.0))),
        Box::new(GarchPaths::new(Garch::new(1, 1).with_innovations(Innovations::StudentT))),
        Box::new(RandomWalk::new(Drift::None)),
        Box::new(RandomWalk::default()),
        Box::new(
            Mixture::new("both", vec![(1.0, Box::new(UnconditionalBootstrap)), (3.0, Box::new(RandomWalk::default()))])
                .unwrap(),
        ),
    ]
}

#[test]
fn every_model_keeps_the_contract() {
    let returns = history(400, 1);
    for model in models() {
        let fitted = model.fit(returns.view()).unwrap();
        let name = model.name();
        let paths = fitted.simulate(30, 3_000, 5).unwrap();
        assert_eq!((paths.len(), paths.steps()), (3_000, 30), "{name}");
        assert_eq!(fitted.simulate(30, 3_000, 5).unwrap(), paths, "{name}: same seed");
        assert_ne!(fitted.simulate(30, 3_000, 6).unwrap(), paths, "{name}: another seed");
        if name != "both" {
            // The first paths do not depend on how many follow.
            let few = fitted.simulate(30, 1_500, 5).unwrap();
            assert_eq!(few.values(), paths.values().split_at(ndarray::Axis(0), 1_500).0, "{name}");
        }
        assert_eq!(fitted.simulate(0, 1, 1).unwrap_err().kind(), ErrorKind::InvalidInput, "{name}");
        assert_eq!(fitted.simulate(1, 0, 1).unwrap_err().kind(), ErrorKind::InvalidInput, "{name}");
        assert!(fitted.simulate(usize::MAX, 2, 1).is_err(), "{name}");
        let short = returns.iter().take(1).copied().collect::<Array1<f64>>();
        assert!(model.fit(short.view()).is_err(), "{name}");
        let mut bad = returns.clone();
        bad[3] = f64::NAN;
        assert_eq!(model.fit(bad.view()).unwrap_err().kind(), ErrorKind::InvalidInput, "{name}");
        bad[3] = -1.5;
        assert!(model.fit(bad.view()).is_err(), "{name}");
    }
}

#[test]
fn a_random_walk_has_the_quantiles_of_the_normal() {
    let returns = history(500, 2);
    let paths = RandomWalk::default().fit(returns.view()).unwrap().simulate(1, 100_000, 3).unwrap();
    let day = paths.total_return(1).unwrap();
    let mean = returns.sum() / 500.0;
    let deviation = (returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 499.0).sqrt();
    for p in [0.01, 0.1, 0.5, 0.9, 0.99] {
        let z = normal::quantile(p).unwrap();
        // Five standard errors of a quantile: √(p(1−p)/n)/φ.
        let error = 5.0 * (p * (1.0 - p) / 1e5_f64).sqrt() / normal::density(z);
        assert!(((day.quantile(p).unwrap() - mean) / deviation - z).abs() < error, "{p}");
    }
}

#[test]
fn bootstraps_draw_what_was() {
    let returns: Array1<f64> = (0..50).map(|t| f64::from(t) / 1e4).collect();
    let paths = UnconditionalBootstrap.fit(returns.view()).unwrap().simulate(10, 5_000, 1).unwrap();
    assert!(paths.values().iter().all(|value| returns.iter().any(|r| r == value)));
    let mean = paths.values().sum() / 50_000.0;
    // Deviation 14.4e-4 over √50,000 draws: five errors.
    assert!((mean - 24.5e-4).abs() < 5.0 * 14.5e-4 / 50_000_f64.sqrt());
    let blocks = StationaryBootstrap::new(BlockLength::Mean(8.0)).fit(returns.view()).unwrap();
    let blocks = blocks.simulate(100, 1_000, 1).unwrap();
    let next = |a: f64, b: f64| ((b - a) * 1e4 - 1.0).abs() < 1e-9 || (a == 49e-4 && b == 0.0);
    let follows: usize = blocks
        .values()
        .rows()
        .into_iter()
        .map(|path| path.windows(2).into_iter().filter(|w| next(w[0], w[1])).count())
        .sum();
    // A stretch goes on with probability 7/8, and 1/8 · 1/50 of the new ones seem to: 99,000 steps, five errors.
    let expected = 7.0 / 8.0 + 1.0 / 400.0;
    assert!((follows as f64 / 99_000.0 - expected).abs() < 5.0 * (expected * (1.0 - expected) / 99_000.0).sqrt());
    assert!(StationaryBootstrap::new(BlockLength::Mean(0.5)).fit(returns.view()).is_err());
}

#[test]
fn a_filter_starts_at_todays_volatility() {
    let mut returns = history(600, 4);
    let calm =
        FilteredBootstrap::new(EwmaVolatility::default()).fit(returns.view()).unwrap().simulate(1, 20_000, 1).unwrap();
    for t in 590..600 {
        returns[t] *= 6.0;
    }
    let wild =
        FilteredBootstrap::new(EwmaVolatility::default()).fit(returns.view()).unwrap().simulate(1, 20_000, 1).unwrap();
    let spread = |paths: &ReturnPaths| {
        let (lower, upper) = paths.total_return(1).unwrap().interval(Confidence::P95);
        upper - lower
    };
    assert!(spread(&wild) > 2.5 * spread(&calm), "{} {}", spread(&wild), spread(&calm));
}

#[test]
fn filtered_variances_are_those_that_the_model_expects() {
    let returns = history(1_000, 8);
    let garch = Garch::new(1, 1);
    let expected = garch.estimate(returns.view()).unwrap().forecast(10).unwrap();
    let paths = FilteredBootstrap::new(garch).fit(returns.view()).unwrap().simulate(10, 60_000, 2).unwrap();
    for (step, expected) in paths.values().columns().into_iter().zip(&expected) {
        let mean = step.sum() / 60_000.0;
        let variance = step.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 60_000.0;
        // Kurtosis about 4: a relative error of √(3/60,000); five of them.
        assert!((variance / expected - 1.0).abs() < 5.0 * (3.0 / 6e4_f64).sqrt(), "{variance} {expected}");
    }
}

#[test]
fn events_by_hand() {
    let paths = ReturnPaths::new(array![[0.5, -0.5], [0.1, 0.1], [-0.2, 0.3], [-0.1, -0.1]]).unwrap();
    // Totals: 0.5, -0.25; 0.1, 0.21; -0.2, 0.04; -0.1, -0.19.
    let count = |event, steps| paths.probability(event, steps).unwrap().hits;
    assert_eq!(count(PathEvent::EndsAbove(0.0), 2), 2);
    assert_eq!(count(PathEvent::EndsAbove(0.0), 1), 2);
    assert_eq!(count(PathEvent::Reaches(0.2), 2), 2);
    assert_eq!(count(PathEvent::FallsTo(-0.195), 2), 2);
    assert_eq!(count(PathEvent::DrawdownBeyond(0.4), 2), 1);
    assert_eq!(count(PathEvent::DrawdownBeyond(0.15), 2), 3);
    let drawdowns = paths.max_drawdown(2).unwrap();
    for (got, want) in drawdowns.outcomes().iter().zip([0.0, 0.19, 0.2, 0.5]) {
        assert!((got - want).abs() < 1e-15);
    }
    let level = paths.levels(200.0).unwrap();
    assert!((level[(1, 1)] - 242.0).abs() < 1e-12);
    assert!((paths.profit(-100.0, 2).unwrap().outcomes()[0] + 21.0).abs() < 1e-12);
    let flat = ReturnPaths::new(Array2::zeros((4, 2))).unwrap();
    assert_eq!(paths.probability_of_beating(&flat, 2).unwrap().hits, 2);
    assert_eq!(paths.probability(PathEvent::Reaches(0.2), 2).unwrap().closes, 2);
    for bad in [PathEvent::EndsAbove(f64::NAN), PathEvent::DrawdownBeyond(1.0), PathEvent::DrawdownBeyond(-0.1)] {
        assert!(paths.probability(bad, 2).is_err());
    }
    assert!(paths.probability(PathEvent::EndsAbove(0.0), 3).is_err());
    let other = ReturnPaths::new(Array2::zeros((3, 2))).unwrap();
    assert!(paths.probability_of_beating(&other, 2).is_err());
    assert!(ReturnPaths::new(array![[-1.5]]).is_err());
}

#[test]
fn fans_and_scenarios_state_quantiles() {
    let paths = RandomWalk::default().fit(history(300, 3).view()).unwrap().simulate(21, 4_001, 9).unwrap();
    let half = Confidence::new(0.5).unwrap();
    let fan = paths.fan(&[half, Confidence::P95]).unwrap();
    assert_eq!((fan.median.len(), fan.bands.len()), (21, 2));
    for step in 0..21 {
        let inner = (fan.bands[0].lower[step], fan.bands[0].upper[step]);
        let outer = (fan.bands[1].lower[step], fan.bands[1].upper[step]);
        assert!(outer.0 < inner.0 && inner.0 < fan.median[step] && fan.median[step] < inner.1 && inner.1 < outer.1);
    }
    let all = paths.total_return(21).unwrap();
    assert_eq!(fan.median[20], all.median());
    let scenarios = paths.scenarios(&[0.1, 0.5, 0.9], 21).unwrap();
    for scenario in &scenarios {
        assert_eq!(scenario.total_return, all.quantile(scenario.probability).unwrap());
        assert_eq!(scenario.totals.len(), 21);
        // 4,001 paths: some path ends within a thousandth of every stated quantile.
        assert!((scenario.totals[20] - scenario.total_return).abs() < 1e-3);
    }
    assert!(
        scenarios[0].total_return < scenarios[1].total_return && scenarios[1].total_return < scenarios[2].total_return
    );
    assert!(paths.scenarios(&[], 21).is_err() && paths.scenarios(&[1.5], 21).is_err());
}

#[test]
fn joint_futures_keep_what_moves_together() {
    let z = Streams::new(4).standard_normals(500, 3);
    let returns = Array2::from_shape_fn((500, 2), |(t, k)| 0.01 * (0.8 * z[(t, 0)] + 0.6 * z[(t, k + 1)]));
    let assets = vec![AssetId::new("A").unwrap(), AssetId::new("B").unwrap()];
    let correlation = |x: Vec<f64>, y: Vec<f64>| {
        let n = x.len() as f64;
        let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(&y).map(|(a, b)| f(a - mx, b - my)).sum::<f64>();
        sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
    };
    let was = correlation(returns.column(0).to_vec(), returns.column(1).to_vec());
    let blocks = JointBootstrap::default().with_mean_block(5.0).unwrap();
    for bootstrap in [JointBootstrap::default(), blocks, JointBootstrap::filtered(EwmaVolatility::default())] {
        let joint = bootstrap.simulate(assets.clone(), returns.view(), 5, 8_000, 2).unwrap();
        let (a, b) = (joint.asset(&assets[0]).unwrap(), joint.asset(&assets[1]).unwrap());
        let is = correlation(a.values().column(0).to_vec(), b.values().column(0).to_vec());
        // Error of a correlation near 0.64 of 8,000 pairs: 0.007; standardising moves it a little.
        assert!((is - was).abs() < 0.05, "{is} {was}");
        let mix = joint.rebalanced(&[0.5, 0.5]).unwrap();
        assert!((mix.values()[(7, 3)] - 0.5 * (a.values()[(7, 3)] + b.values()[(7, 3)])).abs() < 1e-15);
        let again = bootstrap.simulate(assets.clone(), returns.view(), 5, 100, 2).unwrap();
        assert!(again.values().iter().zip(joint.values()).all(|(x, y)| x == y));
    }
    let joint = JointBootstrap::default();
    assert!(joint.simulate(vec![assets[0].clone()], returns.view(), 1, 1, 1).is_err());
    assert!(joint.simulate(assets.clone(), returns.view(), 0, 1, 1).is_err());
    assert!(JointBootstrap::default().with_mean_block(0.0).is_err());
    let flat = Array2::zeros((30, 2));
    let error = JointBootstrap::filtered(Garch::default()).simulate(assets.clone(), flat.view(), 1, 1, 1).unwrap_err();
    assert!(error.to_string().starts_with('A'), "{error}");
    assert!(JointPaths::new(assets.clone(), Array3::zeros((1, 1, 1))).is_err());
    assert!(JointPaths::new(assets.clone(), Array3::from_elem((1, 1, 2), f64::NAN)).is_err());
    let paths = JointPaths::new(assets, Array3::zeros((1, 1, 2))).unwrap();
    assert!(paths.asset(&AssetId::new("C").unwrap()).is_err() && paths.rebalanced(&[1.0]).is_err());
}

#[test]
fn mixtures_draw_by_their_weights() {
    let parts: Vec<(f64, Box<dyn PathModel>)> =
        vec![(1.0, Box::new(UnconditionalBootstrap)), (3.0, Box::new(RandomWalk::default()))];
    let returns: Array1<f64> = (0..40).map(|t| f64::from(t) / 1e4).collect();
    let mixture = Mixture::new("both", parts).unwrap().fit(returns.view()).unwrap().simulate(1, 20_000, 4).unwrap();
    let drawn = mixture.values().iter().filter(|value| returns.iter().any(|r| r == *value)).count();
    // A quarter of 20,000, five binomial errors.
    assert!((drawn as f64 - 5_000.0).abs() < 5.0 * (20_000.0 * 0.25 * 0.75_f64).sqrt(), "{drawn}");
    assert!(Mixture::new("none", vec![]).is_err());
    assert!(Mixture::new("zero", vec![(0.0, Box::new(UnconditionalBootstrap))]).is_err());
    assert!(Mixture::new("nan", vec![(f64::NAN, Box::new(UnconditionalBootstrap))]).is_err());
}
