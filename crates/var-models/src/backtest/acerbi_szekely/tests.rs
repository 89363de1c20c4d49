use alluse_risk_core::ErrorKind;
use ndarray::{Array1, array};

use super::*;

fn record(returns: Array1<f64>) -> LevelRecord {
    let n = returns.len();
    LevelRecord::new(returns.view(), Array1::from_elem(n, 2.0).view(), Confidence::new(0.9).unwrap())
        .unwrap()
        .with_expected_shortfall(Array1::from_elem(n, 2.5).view())
        .unwrap()
}

#[test]
fn statistics_by_hand() {
    // Losses of 3 and 5 beyond 2, shortfall 2.5, ten days at 90 %: one breach was due.
    let record = record(array![-3.0, 0.0, 0.0, 0.0, -5.0, 0.0, 1.0, -2.0, 0.0, 0.0]);
    let z = |which: AcerbiSzekely| which.statistic(&record, PredictiveLaw::Normal).unwrap();
    assert!((z(AcerbiSzekely::Z1) - (1.0 - (1.2 + 2.0) / 2.0)).abs() < 1e-12);
    assert!((z(AcerbiSzekely::Z2) - (1.0 - 3.2)).abs() < 1e-12);
}

#[test]
fn ranks_against_other_software() {
    // SciPy 1.17.1: order statistics of 40 normals integrated by quad; transforms are fractional parts of multiples
    // of 0.6180339887.
    let pit: Array1<f64> = (1..=40).map(|t| (f64::from(t) * 0.618_033_988_7).fract()).collect();
    let record = LevelRecord::new(Array1::zeros(40).view(), Array1::ones(40).view(), Confidence::P95)
        .unwrap()
        .with_pit(pit.view())
        .unwrap();
    let z = AcerbiSzekely::Z3.statistic(&record, PredictiveLaw::Normal).unwrap();
    assert!((z - Z3).abs() < 1e-9, "{z}");
}

const Z3: f64 = -0.032_416_614_039_675_995;

#[test]
fn expected_tails_against_other_software() {
    // SciPy 1.17.1: sum of quad integrals of the order statistics' densities.
    let t = PredictiveLaw::StudentT { degrees_of_freedom: 3.0 };
    for (law, n, worst, want) in [
        (PredictiveLaw::Normal, 250, 6, -13.917_501_879_157_783),
        (PredictiveLaw::Normal, 40, 1, -2.160_777_178_175_021_4),
        (t, 250, 6, -30.065_441_469_854_527),
        (t, 40, 1, -4.484_861_577_064_754),
    ] {
        let got = expected_tail_sum(&law.at(Confidence::P975).unwrap(), n, worst).unwrap();
        assert!((got / want - 1.0).abs() < 1e-7, "{got} against {want}");
    }
}

#[test]
fn published_critical_values() {
    // Acerbi and Szekely (2014), T = 250 at 97.5 %: −0.70 at 5 %, −1.8 at 0.01 % for thin tails. 40,000 samples leave an
    // error of about 0.006 at 5 % and 0.1 at 0.01 %.
    let draws = MonteCarlo::new(3).with_replicates(40_000);
    let critical = |significance| {
        AcerbiSzekely::Z2.critical(250, Confidence::P975, significance, PredictiveLaw::Normal, draws).unwrap()
    };
    assert!((critical(0.05) + 0.70).abs() < 0.02, "{}", critical(0.05));
    assert!((critical(0.000_1) + 1.8).abs() < 0.2, "{}", critical(0.000_1));
}

#[test]
fn simulated_statistics_have_mean_zero() {
    let draws = MonteCarlo::new(5).with_replicates(4_000);
    for which in [AcerbiSzekely::Z1, AcerbiSzekely::Z2, AcerbiSzekely::Z3] {
        for law in [PredictiveLaw::Normal, PredictiveLaw::StudentT { degrees_of_freedom: 6.0 }] {
            let z: Vec<f64> = which
                .simulated(250, Confidence::P975, law, draws)
                .unwrap()
                .into_iter()
                .filter(|z| !z.is_nan())
                .collect();
            let n = z.len() as f64;
            let mean = z.iter().sum::<f64>() / n;
            let error = (z.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n / n).sqrt();
            assert!(mean.abs() < 4.5 * error, "{which:?} {law:?}: {mean} ± {error}");
        }
    }
}

#[test]
fn p_values_rank_the_statistic() {
    let calm = record(Array1::zeros(250));
    let draws = MonteCarlo::new(5);
    let outcome = AcerbiSzekely::Z2.test(&calm, PredictiveLaw::Normal, draws).unwrap();
    assert_eq!((outcome.statistic, outcome.p_value, outcome.exact_p_value), (1.0, 1.0, Some(1.0)));
    let bad = record(Array1::from_shape_fn(250, |t| if t % 4 == 0 { -4.0 } else { 0.0 }));
    for which in [AcerbiSzekely::Z1, AcerbiSzekely::Z2] {
        let outcome = which.test(&bad, PredictiveLaw::Normal, draws).unwrap();
        assert_eq!(outcome.p_value, 0.001, "{which:?}");
    }
    let pit = Array1::from_shape_fn(250, |t| (t as f64 + 0.5) / 2_500.0);
    let outcome = AcerbiSzekely::Z3.test(&bad.with_pit(pit.view()).unwrap(), PredictiveLaw::Normal, draws).unwrap();
    assert!(outcome.statistic < 0.0 && outcome.p_value == 0.001);
}

#[test]
fn supplied_quantiles_agree_with_the_family() {
    // Normal forecasts with a scale that changes from day to day: Z₁ and Z₂ do not depend on it.
    let n = 250;
    let scale = |t: usize| 1.0 + 0.5 * (t as f64).sin();
    let model = PredictiveLaw::Normal.at(Confidence::P95).unwrap();
    let returns = Array1::from_shape_fn(n, |t| if t % 12 == 0 { -2.2 * scale(t) } else { 0.0 });
    let record = LevelRecord::new(
        returns.view(),
        Array1::from_shape_fn(n, |t| model.value_at_risk * scale(t)).view(),
        Confidence::P95,
    )
    .unwrap()
    .with_expected_shortfall(Array1::from_shape_fn(n, |t| model.expected_shortfall * scale(t)).view())
    .unwrap();
    let quantile = |t: usize, u: f64| scale(t) * alluse_risk_core::normal::quantile(u).unwrap();
    let draws = MonteCarlo::new(5).with_replicates(4_000);
    for which in [AcerbiSzekely::Z1, AcerbiSzekely::Z2] {
        let family = which.test(&record, PredictiveLaw::Normal, draws).unwrap();
        let supplied = which.test_with_quantiles(&record, &quantile, draws.with_replicates(2_000)).unwrap();
        assert_eq!(family.statistic, supplied.statistic);
        // Two independent simulations of 4,000 and 2,000: four standard errors are at most 0.055.
        assert!((family.p_value - supplied.p_value).abs() < 0.055, "{which:?}");
    }
    let nan = AcerbiSzekely::Z2.test_with_quantiles(&record, &|_, _| f64::NAN, draws.with_replicates(99));
    assert_eq!(nan.unwrap_err().kind(), ErrorKind::Undefined);
    let ranks = AcerbiSzekely::Z3.test_with_quantiles(&record, &quantile, draws);
    assert_eq!(ranks.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn lower_quantiles_by_hand() {
    let values: Vec<f64> = (1..=19).map(f64::from).rev().collect();
    assert_eq!(lower_quantile(values.clone(), 0.05).unwrap(), 1.0);
    assert_eq!(lower_quantile(values.clone(), 0.5).unwrap(), 10.0);
    assert_eq!(lower_quantile(values, 0.999).unwrap(), 19.0);
    assert!(lower_quantile(vec![], 0.5).is_err());
}

#[test]
fn hostile_inputs() {
    let calm = record(Array1::zeros(50));
    let draws = MonteCarlo::new(1);
    let law = PredictiveLaw::Normal;
    let kind = |result: Result<TestOutcome>| result.unwrap_err().kind();
    assert_eq!(kind(AcerbiSzekely::Z1.test(&calm, law, draws)), ErrorKind::Undefined);
    assert_eq!(kind(AcerbiSzekely::Z3.test(&calm, law, draws)), ErrorKind::InvalidInput);
    assert_eq!(kind(AcerbiSzekely::Z2.test(&calm, law, draws.with_replicates(3))), ErrorKind::InvalidInput);
    let heavy = PredictiveLaw::StudentT { degrees_of_freedom: 1.0 };
    assert_eq!(kind(AcerbiSzekely::Z2.test(&calm, heavy, draws)), ErrorKind::InvalidInput);
    let bare = LevelRecord::new(array![0.0].view(), array![1.0].view(), Confidence::P99).unwrap();
    assert_eq!(kind(AcerbiSzekely::Z2.test(&bare, law, draws)), ErrorKind::InvalidInput);
    let short = bare.with_pit(array![0.5].view()).unwrap();
    assert_eq!(kind(AcerbiSzekely::Z3.test(&short, law, draws)), ErrorKind::InsufficientData);
    let impossible = calm.clone().with_pit(Array1::zeros(50).view()).unwrap();
    assert_eq!(kind(AcerbiSzekely::Z3.test(&impossible, law, draws)), ErrorKind::InvalidInput);
    let critical = |n, significance| AcerbiSzekely::Z2.critical(n, Confidence::P99, significance, law, draws);
    assert_eq!(critical(0, 0.05).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(critical(10, 0.0).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(critical(10, f64::NAN).unwrap_err().kind(), ErrorKind::InvalidInput);
    // No sample of a single day at 1 − 1e-12 has a breach, so Z₁ has no law there.
    let never = Confidence::new(1.0 - 1e-12).unwrap();
    assert_eq!(AcerbiSzekely::Z1.critical(1, never, 0.05, law, draws).unwrap_err().kind(), ErrorKind::Undefined);
}
