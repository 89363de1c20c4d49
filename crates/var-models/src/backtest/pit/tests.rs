use alluse_risk_core::ErrorKind;
use ndarray::{Array1, array};

use super::*;
use crate::backtest::simulate::{draw, scaled_pit};

#[test]
fn uniformity_against_other_software() {
    // SciPy 1.17.1, kstest(u, "uniform"), exact.
    let u = array![0.02, 0.11, 0.13, 0.35, 0.36, 0.52, 0.58, 0.61, 0.88, 0.97];
    for (pit, statistic, p_value) in [
        (u.clone(), 0.19, 0.799_459_980_796_607_2),
        (u.mapv(|v: f64| v.powf(1.8)), 0.389_234_743_312_321_44, 0.071_107_840_062_033_3),
    ] {
        let outcome = kolmogorov_smirnov(pit.view()).unwrap();
        assert!((outcome.statistic - statistic).abs() < 1e-12, "{}", outcome.statistic);
        assert!((outcome.exact_p_value.unwrap() - p_value).abs() < 1e-12, "{:?}", outcome.exact_p_value);
        // Ten observations are few for Stephens' correction.
        assert!((outcome.p_value - p_value).abs() < 0.03, "{}", outcome.p_value);
    }
}

/// Forty transforms of a slow oscillation; rounded, so that other software gets the same ones.
fn waves() -> Array1<f64> {
    array![
        0.49, 0.8659, 0.2848, 0.1219, 0.6057, 0.8693, 0.2318, 0.3068, 0.8834, 0.6036, 0.1239, 0.314, 0.8884, 0.3957,
        0.1416, 0.7059, 0.8614, 0.356, 0.1405, 0.8144, 0.6033, 0.0914, 0.3696, 0.8592, 0.6145, 0.0855, 0.6649, 0.8163,
        0.2758, 0.118, 0.6618, 0.7884, 0.119, 0.43, 0.8898, 0.6169, 0.1108, 0.4395, 0.8785, 0.2561
    ]
}

#[test]
fn berkowitz_against_other_software() {
    // SciPy 1.17.1, Nelder–Mead to 1e-13 on the exact autoregressive likelihood.
    let test = berkowitz(waves().view()).unwrap();
    assert!((test.mean + 0.024_678_578_8).abs() < 1e-6, "{}", test.mean);
    assert!((test.standard_deviation - 0.847_421_98).abs() < 1e-6, "{}", test.standard_deviation);
    assert!((test.autocorrelation.unwrap() + 0.138_524_296).abs() < 1e-6, "{:?}", test.autocorrelation);
    assert!((test.outcome.statistic - 2.561_109_435_481).abs() < 1e-8, "{}", test.outcome.statistic);
    assert_eq!(test.outcome.degrees_of_freedom, Some(3.0));
}

#[test]
fn the_tail_version_against_other_software() {
    // The same on the likelihood censored at 75 %, where ten transforms lie beyond.
    let test = berkowitz_tail(waves().view(), Confidence::new(0.75).unwrap()).unwrap();
    assert!((test.mean + 0.249_803_449).abs() < 1e-6, "{}", test.mean);
    assert!((test.standard_deviation - 0.674_238_358).abs() < 1e-6, "{}", test.standard_deviation);
    assert!((test.outcome.statistic - 1.802_051_132_06).abs() < 1e-8, "{}", test.outcome.statistic);
    assert_eq!((test.autocorrelation, test.outcome.degrees_of_freedom), (None, Some(2.0)));
}

#[test]
fn tests_keep_their_size() {
    // 5 % within four binomial standard errors of 1,000 samples: ±0.028.
    let size = |p_value: fn(ArrayView1<'_, f64>) -> f64| {
        let rejected = draw(11, 1_000, |stream| {
            let pit = Array1::from(scaled_pit(stream, 250, 1.0));
            f64::from(p_value(pit.view()) < 0.05)
        });
        rejected.iter().sum::<f64>() / 1_000.0
    };
    let sizes = [
        size(|pit| kolmogorov_smirnov(pit).unwrap().p_value),
        size(|pit| berkowitz(pit).unwrap().outcome.p_value),
        size(|pit| berkowitz_tail(pit, Confidence::new(0.8).unwrap()).unwrap().outcome.p_value),
    ];
    assert!(sizes.iter().all(|rate| (rate - 0.05).abs() < 0.028), "sizes {sizes:?}");
}

#[test]
fn a_wrong_scale_is_found() {
    let mut stream = alluse_risk_core::streams::Streams::new(3).block(0);
    let pit = Array1::from(scaled_pit(&mut stream, 500, 1.4));
    let test = berkowitz(pit.view()).unwrap();
    // σ̂ of 500 draws is within 1.4 (1 ± 4/√1000).
    assert!(test.outcome.p_value < 1e-6 && (test.standard_deviation - 1.4).abs() < 0.18);
    assert!(kolmogorov_smirnov(pit.view()).unwrap().p_value < 0.05);
    assert!(berkowitz_tail(pit.view(), Confidence::P95).unwrap().outcome.p_value < 0.01);
}

#[test]
fn calibration_by_hand() {
    let plot = calibration(array![0.1, 0.3, 0.9, 1.0].view(), 2).unwrap();
    assert_eq!((plot.edges, plot.shares), (vec![0.0, 0.5, 1.0], vec![0.5, 0.5]));
    assert_eq!((plot.nominal, plot.observed), (vec![0.25, 0.5, 0.75, 1.0], vec![0.1, 0.3, 0.9, 1.0]));
    assert!((plot.band - 1.959_963_984_540_054 * 0.25).abs() < 1e-12);
}

#[test]
fn hostile_inputs() {
    let bad: [Array1<f64>; 4] = [array![], array![0.5, f64::NAN], array![0.5, 1.5], array![-0.1]];
    for pit in &bad {
        assert_eq!(kolmogorov_smirnov(pit.view()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(calibration(pit.view(), 10).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(berkowitz(pit.view()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(berkowitz_tail(pit.view(), Confidence::P95).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert!([0, usize::MAX].iter().all(|bins| calibration(array![0.5].view(), *bins).is_err()));
    let kind = |pit: Array1<f64>| berkowitz(pit.view()).unwrap_err().kind();
    assert_eq!(kind(array![0.0, 0.5, 0.5, 0.5, 0.5]), ErrorKind::InvalidInput);
    assert_eq!(kind(array![1.0, 0.5, 0.5, 0.5, 0.5]), ErrorKind::InvalidInput);
    assert_eq!(kind(array![0.4, 0.5, 0.6, 0.2]), ErrorKind::InsufficientData);
    assert_eq!(kind(array![0.3, 0.3, 0.3, 0.3, 0.3]), ErrorKind::Undefined);
    let kind = |pit: Array1<f64>| berkowitz_tail(pit.view(), Confidence::P95).unwrap_err().kind();
    assert_eq!(kind(array![0.01, 0.02, 0.5, 0.9]), ErrorKind::InsufficientData);
    assert_eq!(kind(array![0.01, 0.01, 0.01, 0.9]), ErrorKind::Undefined);
    assert_eq!(kind(array![0.01, 0.02, 0.0, 0.9]), ErrorKind::InvalidInput);
}
